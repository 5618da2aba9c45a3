//! `POST /api/admin/webhooks/{id}/test`: sends a webhook one `webhook.test` now.

use std::process::ExitCode;

use api::endpoints::WebhooksTest;
use api::wire::TestResult;
use api::{Code, Error, Id};
use auth::webhook::hook;
use runtime::{Call, Reply};
use store::Store;
use worker::Outcome;

fn main() -> ExitCode {
    runtime::serve(WebhooksTest, test)
}

/// Sends a test, signed as every delivery is; a success tells that a failing receiver answers again.
async fn test(store: &Store, call: Call<WebhooksTest>) -> Result<Reply<WebhooksTest>, Error> {
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now);
    let (admin, webhook) = tokio::try_join!(admin, store.webhook_at(call.id()))?;
    let webhook = webhook.ok_or(Code::WebhookNotFound)?;
    let keys = store.sealing_keys(webhook.sealed()).await?;
    let secrets = webhook.secrets(&keys, call.now)?;
    let id = Id::new(call.now, call.random()?);
    let body = hook::test_body(id, store.name(), call.now);
    let client = worker::client(call.settings.events.allow_private_addresses);
    let letter = (&*id.to_string(), &*body);
    let tried = worker::post(&client, &webhook, &secrets, letter, call.now).await;
    if tried.outcome == Outcome::Arrived && webhook.failing_since.is_some() {
        store.recover_webhook(&webhook, call.now).await?;
    }
    let result = TestResult {
        status: tried.attempt.status,
        ms: tried.attempt.ms,
        error: tried.attempt.error,
    };
    Ok(Reply::to(&admin, result))
}
