//! `GET /api/admin/triggers`: lists the triggers.

use std::process::ExitCode;

use api::Error;
use api::endpoints::TriggersList;
use api::event::Consumer;
use api::trigger::Trigger;
use api::wire::{Triggers, WatchedTrigger};
use futures_util::future::try_join_all;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(TriggersList, list)
}

/// Shows every trigger, and how its deliveries go: one query a trigger, all at once.
async fn list(store: &Store, call: Call<TriggersList>) -> Result<Reply<TriggersList>, Error> {
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now).await?;
    call.query(&[])?;
    let triggers = collections::triggers().iter();
    let items = try_join_all(triggers.map(|trigger| watch(store, trigger))).await?;
    Ok(Reply::to(&admin, Triggers { items }))
}

/// Looks how the deliveries to a trigger go.
async fn watch(store: &Store, trigger: &Trigger) -> Result<WatchedTrigger, Error> {
    let consumer = Consumer::Trigger(trigger.name.clone());
    let backlog = store.backlog(&consumer).await?;
    Ok(WatchedTrigger {
        name: trigger.name.clone(),
        on: trigger.on.clone(),
        collections: trigger.collections.clone(),
        waiting: backlog.waiting,
        failures: backlog.failed,
    })
}
