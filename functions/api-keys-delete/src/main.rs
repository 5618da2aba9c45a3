//! `DELETE /api/admin/api-keys/{id}`: deletes an API key.

use std::process::ExitCode;

use api::endpoints::ApiKeysDelete;
use api::wire::NoContent;
use api::{Code, Error};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(ApiKeysDelete, delete)
}

/// Deletes a key; the next request with it is refused.
async fn delete(store: &Store, call: Call<ApiKeysDelete>) -> Result<Reply<ApiKeysDelete>, Error> {
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now).await?;
    let id = call.id().parse().map_err(|_| Code::ApiKeyNotFound)?;
    let writer = call.writer(&admin)?;
    if store.delete_api_key(id, &writer).await? {
        Ok(Reply::to(&admin, NoContent))
    } else {
        Err(Code::ApiKeyNotFound.into())
    }
}
