use api::endpoints::ApiKeysRotate;
use api::wire::ShownApiKey;
use api::{Code, Error};
use auth::api_key;
use runtime::{Call, Reply};
use store::Store;

/// Reads the key, for its type, and keeps the hash of a new secret in the place of the old one.
pub(crate) async fn rotate(store: &Store, call: Call<ApiKeysRotate>) -> Result<Reply<ApiKeysRotate>, Error> {
    let credentials = call.credentials(store.keys().await?)?;
    store.admin(&credentials, call.now).await?;
    let id = call.id().parse().map_err(|_| Code::ApiKeyNotFound)?;
    let old = store.api_key(id).await?.ok_or(Code::ApiKeyNotFound)?;
    let key = api_key::text(old.kind, id, call.random()?);
    let rotated = store.rotate_api_key(&old, &api_key::hash(&key), call.now).await?;
    let api_key = rotated.ok_or(Code::ApiKeyNotFound)?.wire();
    Ok(Reply::of(ShownApiKey { api_key, key }))
}
