//! `DELETE /api/users/{id}/sessions`: ends all sessions of a user.

mod handler;

use std::process::ExitCode;

use api::endpoints::UsersSessionsEnd;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        UsersSessionsEnd,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::end_sessions,
    )
}
