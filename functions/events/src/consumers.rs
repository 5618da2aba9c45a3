//! The consumers of events: webhooks and triggers.

use std::collections::BTreeSet;

use api::Error;
use api::consumers::Events;
use api::event::{Consumer, Envelope};
use runtime::Task;
use store::{Derived, Waiting};

use worker::State;

/// The wishes of the consumers for the events of a batch.
#[derive(Default)]
pub(crate) struct Wanted<'a> {
    /// The events that a consumer wants, and their deliveries, each with the place of its record.
    pub(crate) items: Vec<(usize, Derived<'a>)>,
    /// How many deliveries these are.
    pub(crate) deliveries: usize,
    /// The consumers that want one of them.
    pub(crate) consumers: Vec<Consumer>,
}

/// Reads the consumers, with one query, and finds the events that they want.
pub(crate) async fn wanted<'a>(
    state: &State,
    task: &Task<Events>,
    events: &'a [(usize, Envelope)],
) -> Result<Wanted<'a>, Error> {
    let mut wanted = Wanted::default();
    let settings = &task.settings().events;
    if events.is_empty() || !settings.consumers {
        return Ok(wanted);
    }
    let webhooks = state.store.webhooks().await?;
    let mut named = BTreeSet::new();
    for (place, event) in events {
        let until = event.at.after(settings.retention.duration()).seconds();
        let before = wanted.items.len();
        let hooks = webhooks.iter().filter(|webhook| webhook.wants(event));
        let triggers = collections::triggers().iter();
        let triggers = triggers.filter(|trigger| trigger.wants(event));
        let consumers = hooks
            .map(|webhook| Consumer::Webhook(webhook.id))
            .chain(triggers.map(|trigger| Consumer::Trigger(trigger.name.clone())));
        for consumer in consumers {
            let kind = event.event.kind().as_str();
            let waiting = Waiting::new(consumer.clone(), (event.id, kind), event.at, until);
            wanted.items.push((*place, Derived::Delivery(waiting)));
            if named.insert(consumer.clone()) {
                wanted.consumers.push(consumer);
            }
        }
        wanted.deliveries += wanted.items.len() - before;
        if wanted.items.len() > before {
            // Before its deliveries: a worker never finds one without its event.
            wanted.items.insert(before, (*place, Derived::Event(event)));
        }
    }
    Ok(wanted)
}
