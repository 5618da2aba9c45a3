//! `POST /api/admin/webhooks/{id}/rotate`: replaces the secret of a webhook.

use std::process::ExitCode;

use api::endpoints::WebhooksRotate;
use api::wire::ShownWebhook;
use api::{Code, Error};
use auth::webhook::{Secret, hook};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(WebhooksRotate, rotate)
}

/// Keeps a new secret beside the old one, which signs as well for a day, and shows the new one.
async fn rotate(store: &Store, call: Call<WebhooksRotate>) -> Result<Reply<WebhooksRotate>, Error> {
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now);
    let (admin, before) = tokio::try_join!(admin, store.webhook_at(call.id()))?;
    let before = before.ok_or(Code::WebhookNotFound)?;
    let secret = Secret::new(call.random()?);
    let keys = store.sealing_keys(before.sealed()).await?;
    let sealed = hook::seal(&keys, before.id, &secret, call.random()?)?;
    let after = before.clone().rotated(sealed, call.now);
    let writer = call.writer(&admin)?;
    let webhook = store.rotate_webhook(&before, &after, &writer).await?;
    let shown = ShownWebhook {
        webhook: webhook.ok_or(Code::WebhookNotFound)?.to_wire(),
        secret: secret.text(),
    };
    Ok(Reply::to(&admin, shown))
}
