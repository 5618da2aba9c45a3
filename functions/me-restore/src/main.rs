//! `POST /api/auth/me/restore`: brings a deleted account back.

mod handler;

use std::process::ExitCode;

use api::endpoints::MeRestore;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        MeRestore,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::restore,
    )
}
