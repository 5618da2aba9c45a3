//! `PATCH /api/admin/webhooks/{id}`: changes a webhook.

use std::process::ExitCode;

use api::endpoints::WebhooksUpdate;
use api::{Code, Error};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(WebhooksUpdate, update)
}

/// Reads the webhook beside the session, judges a new URL, and writes the settings that differ.
async fn update(store: &Store, call: Call<WebhooksUpdate>) -> Result<Reply<WebhooksUpdate>, Error> {
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now);
    let (admin, before) = tokio::try_join!(admin, store.webhook_at(call.id()))?;
    let asked = call.body.read()?;
    let before = before.ok_or(Code::WebhookNotFound)?;
    let after = before.clone().changed(asked, collections::exists)?;
    if after.url != before.url {
        let client = worker::client(call.settings.events.allow_private_addresses);
        worker::admit(&client, &after.url).await?;
    }
    let writer = call.writer(&admin)?;
    let webhook = store.update_webhook(&before, &after, &writer).await?;
    let webhook = webhook.ok_or(Code::WebhookNotFound)?;
    Ok(Reply::to(&admin, webhook.to_wire()))
}
