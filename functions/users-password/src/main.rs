//! `POST /api/users/{id}/password`: sets a password.

mod handler;

use std::process::ExitCode;

use api::endpoints::UsersPassword;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        UsersPassword,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::set_password,
    )
}
