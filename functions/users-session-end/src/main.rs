//! `DELETE /api/users/{id}/sessions/{sid}`: ends one session of a user.

mod handler;

use std::process::ExitCode;

use api::endpoints::UsersSessionEnd;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        UsersSessionEnd,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::end_session,
    )
}
