//! `GET /api/users/public/{username}`: reads what is public of a user.

mod handler;

use std::process::ExitCode;

use api::endpoints::UsersPublic;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        UsersPublic,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::get,
    )
}
