//! The event bus, where the deployment names one.

use std::collections::BTreeSet;

use api::consumers::Events;
use api::event::Envelope;
use invoke::Entry;
use runtime::Task;

use worker::State;

/// Sends the events to the bus; returns the places of the records whose events it has not taken.
pub(crate) async fn send(
    state: &State,
    task: &Task<Events>,
    events: &[(usize, Envelope)],
) -> BTreeSet<usize> {
    let Some(bus) = &task.deployment().event_bus else {
        return BTreeSet::new();
    };
    let (places, entries): (Vec<usize>, Vec<Entry>) = events
        .iter()
        .map(|(place, event)| (*place, entry(event)))
        .unzip();
    let failed = state.services.put_events(bus, &entries, task.now()).await;
    let places = failed.into_iter().filter_map(|at| places.get(at));
    places.copied().collect()
}

fn entry(event: &Envelope) -> Entry {
    Entry {
        source: format!("bakend.{}", event.stack),
        detail_type: event.event.kind().as_str().to_owned(),
        detail: serde_json::to_string(event).unwrap_or_default(),
        time: event.at,
    }
}
