//! `GET /api/auth/sessions`: lists one's own sessions.

mod handler;

use std::process::ExitCode;

use api::endpoints::SessionsList;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        SessionsList,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::list,
    )
}
