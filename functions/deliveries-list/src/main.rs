//! `GET /api/admin/consumers/{id}/deliveries`: lists the deliveries to a webhook or a trigger.

use std::process::ExitCode;

use api::endpoints::DeliveriesList;
use api::query::{delivery_state, listing};
use api::wire::DeliveryPage;
use api::{Code, Error};
use auth::cursor::{Binding, Pager};
use auth::webhook::consumer;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(DeliveriesList, list)
}

/// Shows deliveries, a page at a time: one query, beside which the consumer is looked up.
async fn list(store: &Store, call: Call<DeliveriesList>) -> Result<Reply<DeliveriesList>, Error> {
    let keys = store.keys().await?;
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now).await?;
    let mut parameters = call.query(&["limit", "cursor", "state"])?;
    let state = delivery_state(parameters.remove("state").as_deref())?;
    let asked = listing(parameters, &["limit", "cursor"])?;
    let consumer = consumer::parse(call.id())?;
    let pager = Pager::new(keys, Binding::of_deliveries(&consumer, state), call.now);
    let after = pager.open(asked.cursor.as_deref())?;
    let after = after.map(String::from_utf8).transpose();
    let from = (asked.limit, after.map_err(|_| Code::InvalidCursor)?);
    let (page, ()) = tokio::try_join!(
        store.list_deliveries(&consumer, state, from, call.now),
        store.need_consumer(&consumer, collections::is_trigger)
    )?;
    let position = page.next.as_deref().map(str::as_bytes);
    let next_cursor = pager.seal(position, call.random()?)?;
    let items = page.items;
    Ok(Reply::to(&admin, DeliveryPage { items, next_cursor }))
}
