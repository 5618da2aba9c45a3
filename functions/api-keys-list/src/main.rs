//! `GET /api/admin/api-keys`: lists the API keys.

mod handler;

use std::process::ExitCode;

use api::endpoints::ApiKeysList;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        ApiKeysList,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::list,
    )
}
