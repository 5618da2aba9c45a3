use api::Error;
use api::endpoints::ApiKeysList;
use api::wire::ApiKeys;
use auth::ApiKey;
use runtime::{Call, Reply};
use store::Store;

/// Shows every key but the key itself.
pub(crate) async fn list(
    store: &Store,
    call: Call<ApiKeysList>,
) -> Result<Reply<ApiKeysList>, Error> {
    let credentials = call.credentials(store.keys().await?)?;
    store.admin(&credentials, call.now).await?;
    call.query(&[])?;
    let keys = store.list_api_keys().await?;
    Ok(Reply::of(ApiKeys {
        items: keys.into_iter().map(ApiKey::wire).collect(),
    }))
}
