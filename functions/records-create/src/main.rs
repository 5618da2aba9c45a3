//! `POST /api/{collection}`: creates a record.

use std::process::ExitCode;

use api::endpoints::RecordsCreate;
use api::record::{self, Write};
use api::{Code, Error, Id};
use auth::Visibility;
use auth::permission::may_create;
use auth::precondition::idempotency_key;
use auth::terms::{may_set, owner_of_new, related};
use runtime::{Call, Reply};
use store::{Created, IdempotencyKey, NewRecord, Store, Writer};

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
    may_create(definition, &caller)?;
    may_set(definition, &caller, &call.body.0)?;
    let input = record::check(definition, call.body.0.clone(), Write::Create)?;
    let owner = owner_of_new(definition, &caller, input.owner.clone())?;
    let related = related(definition, &input, &caller, collections::get);
    let key = match caller.identity() {
        Some(user) => idempotency_key(call.idempotency_key())?
            .map(|key| IdempotencyKey::new(user, key, &input.fields, owner.as_deref(), call.now)),
        None => None,
    };

    let random: [u8; 10] = call.random()?;
    let id = Id::in_shard(call.now, random, random[9] % definition.shards);
    let record = NewRecord {
        id,
        owner,
        created_by: caller.id(),
        fields: input.fields,
    };
    let writer = Writer::new(
        caller.id(),
        call.request_id.clone(),
        call.now,
        call.random()?,
    )
    .with_key(caller.key());
    let visibility = Visibility::new(definition, &caller);
    let record = match store
        .create(definition, record, related, key.as_ref(), &writer)
        .await?
    {
        Created::New(record) => Some(record),
        Created::Before(record) => {
            record.filter(|record| visibility.shows(&record.clone().wire(definition)))
        }
    };
    let record = record.ok_or(Code::RecordNotFound)?;
    let (rev, location) = (
        record.rev.clone(),
        format!("/api/{}/{}", definition.name, record.id),
    );
    Ok(Reply::of(visibility.of(record.wire(definition)))
        .at(location)
        .tagged(&rev))
}
