//! `POST /api/admin/consumers/{id}/deliveries/{eventId}/redeliver`: delivers an event again.

use std::process::ExitCode;

use api::endpoints::DeliveriesRedeliver;
use api::{Code, Error, Id};
use auth::webhook::consumer;
use runtime::{Call, Reply};
use store::Waiting;
use worker::State;

fn main() -> ExitCode {
    runtime::serve(DeliveriesRedeliver, redeliver)
}

/// Puts the delivery in front of its queue and wakes the worker. Where that fails, the sweep wakes it within a minute.
async fn redeliver(
    state: &State,
    call: Call<DeliveriesRedeliver>,
) -> Result<Reply<DeliveriesRedeliver>, Error> {
    let store = &state.store;
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now).await?;
    let consumer = consumer::parse(call.id())?;
    let id = call.segment("{eventId}").parse::<Id>().ok();
    let event = async {
        match id {
            Some(id) => store.event(id, call.now).await,
            None => Ok(None),
        }
    };
    let (event, ()) = tokio::try_join!(
        event,
        store.need_consumer(&consumer, collections::is_trigger)
    )?;
    let (id, event) = id.zip(event).ok_or(Code::EventGone)?;
    let waiting = Waiting::new(consumer, (id, &event.kind), call.now, event.expires_at);
    let waiting = waiting.asked();
    store.redeliver(&waiting).await?;
    let prefix = &call.deployment.table_prefix;
    if let Some(reason) = state.wake(&waiting.consumer, prefix, call.now).await {
        call.warn(&reason);
    }
    Ok(Reply::to(&admin, waiting.to_wire()))
}
