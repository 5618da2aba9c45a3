//! `GET /api/users/{id}/sessions`: lists a user's sessions.

mod handler;

use std::process::ExitCode;

use api::endpoints::UsersSessionsList;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        UsersSessionsList,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::list_sessions,
    )
}
