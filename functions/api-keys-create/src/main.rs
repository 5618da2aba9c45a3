//! `POST /api/admin/api-keys`: makes an API key.

use std::process::ExitCode;

use api::endpoints::ApiKeysCreate;
use api::wire::ShownApiKey;
use api::{Code, Error, Id};
use auth::ApiKey;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(ApiKeysCreate, create)
}

/// Makes a key, keeps its hash and shows the key.
async fn create(store: &Store, call: Call<ApiKeysCreate>) -> Result<Reply<ApiKeysCreate>, Error> {
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now).await?;
    let maker = admin.id().ok_or(Code::AuthenticationRequired)?;
    let id = Id::new(call.now, call.random()?);
    let asked = call.body.read()?;
    let (api_key, key) = ApiKey::new(
        asked,
        id,
        call.random()?,
        maker,
        call.now,
        collections::exists,
    )?;
    let writer = call.writer(&admin)?;
    store.create_api_key(&api_key, &writer).await?;
    let api_key = api_key.wire();
    Ok(Reply::to(&admin, ShownApiKey { api_key, key }))
}
