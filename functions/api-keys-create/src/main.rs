//! `POST /api/admin/api-keys`: makes an API key.

mod handler;

use std::process::ExitCode;

use api::endpoints::ApiKeysCreate;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        ApiKeysCreate,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::create,
    )
}
