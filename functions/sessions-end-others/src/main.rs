//! `DELETE /api/auth/sessions`: ends one's own sessions but for the one that asks.

mod handler;

use std::process::ExitCode;

use api::endpoints::SessionsEndOthers;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        SessionsEndOthers,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::end_others,
    )
}
