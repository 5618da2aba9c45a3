//! `DELETE /api/admin/api-keys/{id}`: deletes an API key.

mod handler;

use std::process::ExitCode;

use api::endpoints::ApiKeysDelete;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        ApiKeysDelete,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::delete,
    )
}
