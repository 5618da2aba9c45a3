//! `POST /api/{collection}`: creates a record.

use std::process::ExitCode;

use api::endpoints::RecordsCreate;
use api::{Code, Error};
use auth::{Visibility, prepare};
use runtime::{Call, Reply};
use store::{IdempotencyKey, Store};

fn main() -> ExitCode {
    runtime::serve(RecordsCreate, create)
}

/// Checks the caller and the body, fills in the owner, and writes; or shows what the same request has written before.
async fn create(store: &Store, call: Call<RecordsCreate>) -> Result<Reply<RecordsCreate>, Error> {
    let definition = call.definition;
    let credentials = call.credentials(store).await?;
    let caller = store
        .caller(&credentials, call.settings.auth.session_check, call.now)
        .await?;
    let visibility = Visibility::new(definition, &caller);
    let id = prepare::new_id(definition, call.now, call.random()?);
    let creation = prepare::create(&visibility, id, call.body.0.clone(), collections::get)?;
    let key = IdempotencyKey::of(&caller, call.idempotency_key(), &creation, call.now)?;
    let writer = call.writer(&caller)?;

    let created = store
        .create(definition, creation, key.as_ref(), &writer)
        .await?;
    let record = created.shown(&visibility).ok_or(Code::RecordNotFound)?;
    let location = format!("/api/{}/{}", definition.name, record.id);
    let rev = record.rev.clone();
    let reply = Reply::to(&caller, visibility.of(record.wire(definition)));
    Ok(reply.at(location).tagged(&rev))
}
