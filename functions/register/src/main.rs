//! `POST /api/auth/register`: creates an account and signs it in.

mod handler;

use std::process::ExitCode;

use api::endpoints::Register;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        Register,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), true, boot.random()?).await,
        handler::register,
    )
}
