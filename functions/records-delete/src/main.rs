//! `DELETE /api/{collection}/{id}`: deletes a record.

use std::process::ExitCode;

use api::endpoints::RecordsDelete;
use api::wire::NoContent;
use api::{Code, Error, Operation};
use auth::Visibility;
use auth::permission::may_change;
use auth::precondition::Precondition;
use auth::terms::{OwnerChange, Terms};
use runtime::{Call, Reply};
use store::{Store, Writer};

fn main() -> ExitCode {
    runtime::serve(RecordsDelete, delete)
}

/// Deletes on condition that the record is the caller's to delete. Where it may have unique values, which are freed
/// with it, or row filters say who sees it, it is read beside the session.
async fn delete(store: &Store, call: Call<RecordsDelete>) -> Result<Reply<RecordsDelete>, Error> {
    let definition = call.definition;
    let credentials = call.credentials(store).await?;
    let id = call.id().parse().ok();
    let needed =
        definition.fields.iter().any(|field| field.unique) || !definition.row_filters.is_empty();
    let caller = store.caller(&credentials, call.settings.auth.session_check, call.now);
    let (caller, before) = tokio::try_join!(caller, store.before(definition, id, needed))?;
    let requirement = may_change(definition, Operation::Delete, &caller)?;
    let precondition = Precondition::if_match(call.if_match())?;
    let id = id.ok_or(Code::RecordNotFound)?;

    let visibility = Visibility::new(definition, &caller);
    let owner = OwnerChange::Keep;
    let terms = Terms {
        visibility: &visibility,
        requirement,
        fields: Vec::new(),
        owner,
        precondition,
    };
    let writer = Writer::new(
        caller.id(),
        call.request_id.clone(),
        call.now,
        call.random()?,
    )
    .with_key(caller.key());
    store.delete(id, terms, before, &writer).await?;
    Ok(Reply::of(NoContent))
}
