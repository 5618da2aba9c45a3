use api::endpoints::RecordsDelete;
use api::wire::NoContent;
use api::{Code, Error, Id, Operation};
use auth::permission::{may_change, need_token, refusal};
use runtime::{Call, Reply};
use store::{Store, Writer, Written};

/// Deletes on condition that the record is the caller's to delete.
pub(crate) async fn delete(store: &Store, call: Call<RecordsDelete>) -> Result<Reply<RecordsDelete>, Error> {
    let definition = collections::get(call.collection()).ok_or(Code::NotFound)?;
    need_token(definition.rule(Operation::Delete), call.has_token())?;
    let claims = if call.has_token() { call.claims(store.keys().await?)? } else { None };
    let check = call.settings.auth.session_check;
    let caller = store.caller(claims.as_ref(), check, call.now).await?;
    let requirement = may_change(definition, Operation::Delete, &caller)?;
    let id: Id = call.id().parse().map_err(|_| Code::RecordNotFound)?;

    let writer = Writer::new(caller.id(), call.request_id.clone(), call.now, call.random()?);
    match store.delete(definition, id, &requirement, &writer).await? {
        Written::Done(_) => Ok(Reply::of(NoContent)),
        Written::Missing => Err(Code::RecordNotFound.into()),
        Written::Refused(owner) => Err(refusal(definition, &caller, &requirement, owner.as_deref())),
    }
}
