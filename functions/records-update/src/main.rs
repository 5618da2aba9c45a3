//! `PATCH and PUT /api/{collection}/{id}`: changes a record.

use std::process::ExitCode;

use api::Error;
use api::endpoints::RecordsUpdate;
use auth::Visibility;
use auth::prepare::{self, Draft};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(RecordsUpdate, update)
}

/// Checks the caller and the body, and writes on condition that the record is the caller's to change. Where the record
/// has to be read for that, it is read beside the session.
async fn update(store: &Store, call: Call<RecordsUpdate>) -> Result<Reply<RecordsUpdate>, Error> {
    let definition = call.definition;
    let credentials = call.credentials(store).await?;
    let draft = Draft::new(definition, call.body.0.clone(), call.write());
    let caller = store.caller(&credentials, call.settings.auth.session_check, call.now);
    let before = store.before_update(&draft, call.id());
    let (caller, before) = tokio::try_join!(caller, before)?;

    let visibility = Visibility::new(definition, &caller);
    let update = prepare::update(&visibility, call.target(), draft, collections::get)?;
    let writer = call.writer(&caller)?;
    let record = store.update(update, before, &writer).await?;
    let rev = record.rev.clone();
    Ok(Reply::to(&caller, visibility.of(record.wire(definition))).tagged(&rev))
}
