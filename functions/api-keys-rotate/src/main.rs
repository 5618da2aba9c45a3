//! `POST /api/admin/api-keys/{id}/rotate`: replaces the secret of an API key.

use std::process::ExitCode;

use api::endpoints::ApiKeysRotate;
use api::wire::ShownApiKey;
use api::{Code, Error, Id};
use auth::api_key;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(ApiKeysRotate, rotate)
}

/// Reads the key, for its type, beside the session, and keeps the hash of a new secret in the place of the old one.
async fn rotate(store: &Store, call: Call<ApiKeysRotate>) -> Result<Reply<ApiKeysRotate>, Error> {
    let credentials = call.credentials(store).await?;
    let id = call.id().parse::<Id>().ok();
    let old = async {
        match id {
            Some(id) => store.api_key(id).await,
            None => Ok(None),
        }
    };
    let (admin, old) = tokio::try_join!(store.admin(&credentials, call.now), old)?;
    let by = admin.id().ok_or(Code::AuthenticationRequired)?;
    let old = old.ok_or(Code::ApiKeyNotFound)?;
    let key = api_key::text(old.kind, old.id, call.random()?);
    let (hash, writer) = (api_key::hash(&key), call.writer(&admin)?);
    let rotated = store.rotate_api_key(old, &hash, by, &writer).await?;
    let api_key = rotated.ok_or(Code::ApiKeyNotFound)?.wire();
    Ok(Reply::to(&admin, ShownApiKey { api_key, key }))
}
