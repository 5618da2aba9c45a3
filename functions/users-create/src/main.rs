//! `POST /api/users`: makes a user.

mod handler;

use std::process::ExitCode;

use api::endpoints::UsersCreate;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        UsersCreate,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::create,
    )
}
