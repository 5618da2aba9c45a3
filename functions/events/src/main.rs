//! Makes events of the changes of the tables: for the audit log and for the event bus.

mod bus;
mod state;

use std::collections::BTreeSet;
use std::process::ExitCode;

use api::Error;
use api::consumers::Events;
use runtime::{Done, Task};
use store::events::batch::read_batch;
use store::events::derived::{Derived, is_audited};
use store::events::stream::World;

use crate::state::State;

fn main() -> ExitCode {
    runtime::consume(Events, make)
}

/// Reads the events of a batch, writes what follows from them, and names the first record that has to come again. A record
/// that no rule fits is passed over: no content can stop a stream.
async fn make(state: &State, task: Task<Events>) -> Result<Done, Error> {
    let world = World {
        prefix: &task.deployment().table_prefix,
        collection: &collections::get,
        profile: &task.settings().users.fields,
    };
    let batch = read_batch(&task.input.records, &world);
    let audited = batch
        .events
        .iter()
        .filter(|(_, event)| is_audited(event, &collections::get));
    let items: Vec<(usize, Derived<'_>)> = audited
        .map(|(place, event)| (*place, Derived::Audit(event)))
        .collect();
    let mut failed: BTreeSet<usize> = state.store.write_derived(&items, task.settings()).await;
    failed.extend(bus::send(state, &task, &batch.events).await);
    let first = failed.first().and_then(|place| batch.numbers.get(*place));
    Ok(Done::default()
        .failed_at(first.cloned())
        .count("events", batch.events.len())
        .count("audited", items.len())
        .warn(batch.unfit))
}
