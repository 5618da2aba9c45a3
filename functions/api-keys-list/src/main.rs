//! `GET /api/admin/api-keys`: lists the API keys.

use std::process::ExitCode;

use api::Error;
use api::endpoints::ApiKeysList;
use api::wire::ApiKeys;
use auth::ApiKey;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(ApiKeysList, list)
}

/// Shows every key but the key itself, or those of one maker; of no maker where the id is none.
async fn list(store: &Store, call: Call<ApiKeysList>) -> Result<Reply<ApiKeysList>, Error> {
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now).await?;
    let parameters = call.query(&["createdBy"])?;
    let maker = parameters.get("createdBy");
    let keys = store.list_api_keys().await?;
    let asked = |key: &ApiKey| maker.is_none_or(|maker| key.created_by.to_string() == **maker);
    let items = keys.into_iter().filter(asked).map(ApiKey::wire).collect();
    Ok(Reply::to(&admin, ApiKeys { items }))
}
