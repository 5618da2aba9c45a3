//! `PATCH /api/auth/me`: changes one's own profile.

mod handler;

use std::process::ExitCode;

use api::endpoints::MeUpdate;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        MeUpdate,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::update,
    )
}
