//! `PATCH /api/users/{id}`: changes a user.

mod handler;

use std::process::ExitCode;

use api::endpoints::UsersUpdate;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        UsersUpdate,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::update,
    )
}
