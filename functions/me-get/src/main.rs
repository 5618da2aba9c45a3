//! `GET /api/auth/me`: reads one's own account.

mod handler;

use std::process::ExitCode;

use api::endpoints::MeGet;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        MeGet,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::get,
    )
}
