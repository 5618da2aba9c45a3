use api::endpoints::RecordsCreate;
use api::record::{self, Write};
use api::{Code, Error, Id, Operation};
use auth::permission::{may_create, need_token, owner_of_new};
use runtime::{Call, Reply};
use store::{NewRecord, Store, Writer};

/// Checks the caller and the body, fills in the owner, and writes.
pub(crate) async fn create(store: &Store, call: Call<RecordsCreate>) -> Result<Reply<RecordsCreate>, Error> {
    let definition = collections::get(call.collection()).ok_or(Code::NotFound)?;
    need_token(definition.rule(Operation::Create), call.has_token())?;
    let claims = if call.has_token() { call.claims(store.keys().await?)? } else { None };

    // Whoever may not create hears that first; the users that the body names are read beside the session.
    let input = record::check(definition, call.body.0.clone(), Write::Create);
    let related = input.as_ref().map(|input| input.related_users(definition)).unwrap_or_default();
    let ids: Vec<Id> = related.iter().map(|(_, id)| *id).collect();
    let check = call.settings.auth.session_check;
    let (caller, missing) =
        tokio::try_join!(store.caller(claims.as_ref(), check, call.now), store.missing_users(&ids))?;
    may_create(definition, &caller)?;
    let input = input?;
    let owner = owner_of_new(definition, &caller, input.owner.clone())?;
    record::all_exist(&related, &missing)?;

    let random: [u8; 10] = call.random()?;
    let id = Id::in_shard(call.now, random, random[9] % definition.shards);
    let record = NewRecord { id, owner, created_by: caller.id(), fields: input.fields };
    let writer = Writer::new(caller.id(), call.request_id.clone(), call.now, call.random()?);
    let record = store.create(definition, record, &writer).await?;
    Ok(Reply::of(record.wire(definition)).at(format!("/api/{}/{id}", definition.name)))
}
