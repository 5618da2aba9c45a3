//! `GET /api/users`: lists users, newest first.

mod handler;

use std::process::ExitCode;

use api::endpoints::UsersList;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        UsersList,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::list,
    )
}
