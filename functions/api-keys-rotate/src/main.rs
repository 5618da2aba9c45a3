//! `POST /api/admin/api-keys/{id}/rotate`: replaces the secret of an API key.

mod handler;

use std::process::ExitCode;

use api::endpoints::ApiKeysRotate;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        ApiKeysRotate,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::rotate,
    )
}
