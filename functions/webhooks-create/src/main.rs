//! `POST /api/admin/webhooks`: makes a webhook.

use std::process::ExitCode;

use api::endpoints::WebhooksCreate;
use api::wire::ShownWebhook;
use api::{Error, Id};
use auth::webhook::{Secret, Webhook, hook};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(WebhooksCreate, create)
}

/// Judges where deliveries would go, keeps the webhook with its secret sealed, and shows the secret.
async fn create(store: &Store, call: Call<WebhooksCreate>) -> Result<Reply<WebhooksCreate>, Error> {
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now).await?;
    let id = Id::new(call.now, call.random()?);
    let secret = Secret::new(call.random()?);
    let keys = store.sealing_keys(std::iter::empty()).await?;
    let sealed = hook::seal(&keys, id, &secret, call.random()?)?;
    let webhook = Webhook::new(call.body.read()?, id, sealed, collections::exists)?;
    let client = worker::client(call.settings.events.allow_private_addresses);
    worker::admit(&client, &webhook.url).await?;
    store
        .create_webhook(&webhook, &call.writer(&admin)?)
        .await?;
    let shown = ShownWebhook {
        webhook: webhook.to_wire(),
        secret: secret.text(),
    };
    let location = format!("/api/admin/webhooks/{id}");
    Ok(Reply::to(&admin, shown).at(location))
}
