//! `DELETE /api/{collection}/{id}`: deletes a record.

use std::process::ExitCode;

use api::Error;
use api::endpoints::RecordsDelete;
use api::wire::NoContent;
use auth::{Visibility, prepare};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(RecordsDelete, delete)
}

/// Deletes on condition that the record is the caller's to delete. Where it may have unique values, which are freed
/// with it, or row filters say who sees it, it is read beside the session.
async fn delete(store: &Store, call: Call<RecordsDelete>) -> Result<Reply<RecordsDelete>, Error> {
    let definition = call.definition;
    let credentials = call.credentials(store).await?;
    let caller = store.caller(&credentials, call.settings.auth.session_check, call.now);
    let before = store.before_delete(definition, call.id());
    let (caller, before) = tokio::try_join!(caller, before)?;

    let visibility = Visibility::new(definition, &caller);
    let removal = prepare::delete(&visibility, call.target())?;
    let writer = call.writer(&caller)?;
    store.delete(removal, before, &writer).await?;
    Ok(Reply::to(&caller, NoContent))
}
