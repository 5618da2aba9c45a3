use api::endpoints::RecordsUpdate;
use api::record::{self, Write};
use api::{Code, Error, Id, Operation};
use auth::permission::{may_change, need_token, owner_change, refusal};
use runtime::{Call, Reply};
use store::{Change, Store, Writer, Written};

/// Checks the caller and the body, and writes on condition that the record is the caller's to change.
pub(crate) async fn update(store: &Store, call: Call<RecordsUpdate>) -> Result<Reply<RecordsUpdate>, Error> {
    let definition = collections::get(call.collection()).ok_or(Code::NotFound)?;
    need_token(definition.rule(Operation::Update), call.has_token())?;
    let claims = if call.has_token() { call.claims(store.keys().await?)? } else { None };
    let write = if call.is_put() { Write::Replace } else { Write::Merge };

    // Whoever may not update hears that first; the users that the body names are read beside the session.
    let input = record::check(definition, call.body.0.clone(), write);
    let related = input.as_ref().map(|input| input.related_users(definition)).unwrap_or_default();
    let ids: Vec<Id> = related.iter().map(|(_, id)| *id).collect();
    let check = call.settings.auth.session_check;
    let (caller, missing) =
        tokio::try_join!(store.caller(claims.as_ref(), check, call.now), store.missing_users(&ids))?;
    let requirement = may_change(definition, Operation::Update, &caller)?;
    let input = input?;
    let owner = owner_change(definition, &caller, input.owner)?;
    record::all_exist(&related, &missing)?;
    let id: Id = call.id().parse().map_err(|_| Code::RecordNotFound)?;

    let change = Change { fields: input.fields, removed: input.removed, replace: call.is_put(), owner };
    let writer = Writer::new(caller.id(), call.request_id.clone(), call.now, call.random()?);
    match store.update(definition, id, &requirement, change, &writer).await? {
        Written::Done(Some(record)) => Ok(Reply::of(record.wire(definition))),
        Written::Done(None) | Written::Missing => Err(Code::RecordNotFound.into()),
        Written::Refused(owner) => Err(refusal(definition, &caller, &requirement, owner.as_deref())),
    }
}
