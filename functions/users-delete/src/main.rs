//! `DELETE /api/users/{id}`: removes a user.

mod handler;

use std::process::ExitCode;

use api::endpoints::UsersDelete;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        UsersDelete,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::delete,
    )
}
