//! `GET /api/users/{id}`: reads a user.

mod handler;

use std::process::ExitCode;

use api::endpoints::UsersGet;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        UsersGet,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::get,
    )
}
