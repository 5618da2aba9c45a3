//! Makes events of the changes of the tables: for the audit log, for consumers and for the event bus.

mod bus;
mod consumers;
mod notices;

use std::collections::BTreeSet;
use std::process::ExitCode;

use api::Error;
use api::consumers::Events;
use runtime::{Done, Task};
use store::{Derived, World, is_audited, read_batch};

use worker::State;

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
    let mut items: Vec<(usize, Derived<'_>)> = audited
        .map(|(place, event)| (*place, Derived::Audit(event)))
        .collect();
    let audited = items.len();
    let wanted = consumers::wanted(state, &task, &batch.events).await?;
    items.extend(wanted.items);
    let mut failed: BTreeSet<usize> = state.store.write_derived(&items, task.settings()).await;
    // A consumer is woken for what was written; the rest comes again, and wakes it again.
    let prefix = &task.deployment().table_prefix;
    let asleep = state.wake_all(&wanted.consumers, prefix, task.now()).await;
    failed.extend(bus::send(state, &task, &batch.events).await);
    let (notices, unkept) = notices::keep(state, &task, &batch.events).await;
    failed.extend(unkept);
    let first = failed.first().and_then(|place| batch.numbers.get(*place));
    Ok(Done::default()
        .failed_at(first.cloned())
        .count("events", batch.events.len())
        .count("audited", audited)
        .count("deliveries", wanted.deliveries)
        .count("notices", notices)
        .warn(batch.unfit)
        .warn(asleep))
}
