//! `POST /api/auth/logout`: ends a session.

mod handler;

use std::process::ExitCode;

use api::endpoints::Logout;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        Logout,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::logout,
    )
}
