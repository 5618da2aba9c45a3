//! `POST /api/auth/password/change`: changes one's own password.

mod handler;

use std::process::ExitCode;

use api::endpoints::PasswordChange;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        PasswordChange,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::change,
    )
}
