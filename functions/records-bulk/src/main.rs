//! `POST /api/{collection}/bulk`: writes several records, all or nothing.

use std::process::ExitCode;

use api::endpoints::RecordsBulk;
use api::wire::{BulkItems, BulkOperation, RecordView};
use api::{Error, Id};
use auth::{Visibility, prepare};
use runtime::{Call, Reply};
use store::{Store, StoredRecord};

fn main() -> ExitCode {
    runtime::serve(RecordsBulk, bulk)
}

/// Checks the caller and every operation as its own endpoint would, and writes everything in one transaction. The
/// records are read beside the session, but for a server after its key: an invented key must not cause reads.
async fn bulk(store: &Store, mut call: Call<RecordsBulk>) -> Result<Reply<RecordsBulk>, Error> {
    let definition = call.definition;
    let credentials = call.credentials(store).await?;
    let operations = std::mem::take(&mut call.body).operations();
    let named = operations.iter().flatten().filter_map(BulkOperation::id);
    let ids = named.collect();
    let caller = store.caller(&credentials, call.settings.auth.session_check, call.now);
    let found = store.records(definition, &ids);
    let (caller, found) = if credentials.is_server() {
        (caller.await?, found.await?)
    } else {
        tokio::try_join!(caller, found)?
    };

    let visibility = Visibility::new(definition, &caller);
    let new_id = || Ok(prepare::new_id(definition, call.now, call.random()?));
    let prepared = prepare::bulk(&visibility, operations?, new_id, collections::get)?;
    let writer = call.writer(&caller)?;
    let written = store.bulk(definition, prepared, found, &writer).await?;
    let view = |(id, record): (Id, Option<StoredRecord>)| match record {
        Some(record) => visibility.of(record.wire(definition)).view(None),
        None => RecordView::deleted(id),
    };
    let items = written.into_iter().map(view).collect();
    Ok(Reply::to(&caller, BulkItems { items }))
}
