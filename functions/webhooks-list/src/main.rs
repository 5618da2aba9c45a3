//! `GET /api/admin/webhooks`: lists the webhooks.

use std::process::ExitCode;

use api::Error;
use api::endpoints::WebhooksList;
use api::wire::Webhooks;
use auth::webhook::Webhook;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(WebhooksList, list)
}

/// Shows every webhook but its secret.
async fn list(store: &Store, call: Call<WebhooksList>) -> Result<Reply<WebhooksList>, Error> {
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now).await?;
    call.query(&[])?;
    let webhooks = store.webhooks().await?;
    let items = webhooks.iter().map(Webhook::to_wire).collect();
    Ok(Reply::to(&admin, Webhooks { items }))
}
