//! `DELETE /api/auth/sessions/{id}`: ends one of one's own sessions.

mod handler;

use std::process::ExitCode;

use api::endpoints::SessionsEnd;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        SessionsEnd,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::end,
    )
}
