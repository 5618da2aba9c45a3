//! `DELETE /api/admin/webhooks/{id}`: removes a webhook.

use std::process::ExitCode;

use api::endpoints::WebhooksDelete;
use api::wire::NoContent;
use api::{Code, Error};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(WebhooksDelete, delete)
}

/// Removes a webhook; the sweep finds its queue, and a worker removes that.
async fn delete(store: &Store, call: Call<WebhooksDelete>) -> Result<Reply<WebhooksDelete>, Error> {
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now).await?;
    let id = call.id().parse().map_err(|_| Code::WebhookNotFound)?;
    if store.delete_webhook(id, &call.writer(&admin)?).await? {
        Ok(Reply::to(&admin, NoContent))
    } else {
        Err(Code::WebhookNotFound.into())
    }
}
