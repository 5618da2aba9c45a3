//! `POST /api/auth/login`: trades an email and a password for tokens.

mod handler;

use std::process::ExitCode;

use api::endpoints::Login;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        Login,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), true, boot.random()?).await,
        handler::login,
    )
}
