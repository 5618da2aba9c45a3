//! Delivers events to webhooks; once a minute, looks for deliveries that are due.

mod receiver;

use std::process::ExitCode;

use api::Error;
use api::consumers::{Turn, Wake, WebhooksDeliver};
use api::event::Consumer;
use auth::webhook::lease::SHIFT;
use runtime::{Done, Task};
use worker::State;

use crate::receiver::Webhooks;

fn main() -> ExitCode {
    runtime::consume(WebhooksDeliver, run)
}

/// Serves the consumer that the invocation names, or looks which of them need a worker.
async fn run(state: &State, task: Task<WebhooksDeliver>) -> Result<Done, Error> {
    match &task.input {
        Turn::Wake(Wake { consumer }) => deliver(state, &task, consumer).await,
        Turn::Sweep { .. } => sweep(state, &task).await,
    }
}

/// Delivers to one webhook for the length of a shift; another invocation goes on with the rest.
async fn deliver(
    state: &State,
    task: &Task<WebhooksDeliver>,
    consumer: &Consumer,
) -> Result<Done, Error> {
    let events = &task.settings().events;
    let client = worker::client(events.allow_private_addresses);
    let webhooks = Webhooks {
        store: &state.store,
        client: &client,
        log: events.delivery_log.duration(),
    };
    worker::work(state, task, consumer, SHIFT, &webhooks).await
}

/// Wakes the worker of each webhook and trigger that needs one.
async fn sweep(state: &State, task: &Task<WebhooksDeliver>) -> Result<Done, Error> {
    let triggers = collections::triggers().iter();
    let triggers: Vec<Consumer> = triggers
        .map(|trigger| Consumer::Trigger(trigger.name.clone()))
        .collect();
    let swept = worker::sweep(&state.store, &triggers, task.now()).await?;
    let prefix = &task.deployment().table_prefix;
    let asleep = state.wake_all(&swept.due, prefix, task.now()).await;
    Ok(Done::default()
        .count("woken", swept.due.len() - asleep.len())
        .count("failing", swept.failing)
        .warn(asleep))
}
