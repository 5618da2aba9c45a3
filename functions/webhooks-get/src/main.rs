//! `GET /api/admin/webhooks/{id}`: reads a webhook.

use std::process::ExitCode;

use api::endpoints::WebhooksGet;
use api::event::Consumer;
use api::wire::WatchedWebhook;
use api::{Code, Error, Id};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(WebhooksGet, get)
}

/// Shows a webhook but its secret, and how its deliveries go.
async fn get(store: &Store, call: Call<WebhooksGet>) -> Result<Reply<WebhooksGet>, Error> {
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now).await?;
    call.query(&[])?;
    let id: Id = call.id().parse().map_err(|_| Code::WebhookNotFound)?;
    let consumer = Consumer::Webhook(id);
    let (webhook, lease, waiting) = tokio::try_join!(
        store.webhook(id),
        store.lease(&consumer),
        store.count_waiting(&consumer)
    )?;
    let webhook = webhook.ok_or(Code::WebhookNotFound)?.to_wire();
    let watched = WatchedWebhook {
        webhook,
        failures: lease.breaker.failures,
        last_success_at: lease.breaker.last_success,
        waiting,
    };
    Ok(Reply::to(&admin, watched))
}
