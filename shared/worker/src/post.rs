//! One attempt of a webhook: a signed POST (Standard Webhooks).

use std::time::Duration;

use api::wire::Attempt;
use api::{Code, Error, Timestamp};
use auth::webhook::secret::signatures;
use auth::webhook::{Secret, Webhook, schedule};
use outbound::{Call, Client, Fault, Method, Reach, Resolve, Target};
use tokio::time::Instant;

use crate::receiver::{Outcome, Tried};

/// The most bytes of a reply that are read, and that the log keeps.
const MAX_REPLY: usize = 4096;
const KEPT: usize = 1024;

/// Sends a body under an id, signed with these secrets. A success is a status of 200 to 299 within the webhook's time.
pub async fn post<R: Resolve>(
    client: &Client<R>,
    webhook: &Webhook,
    secrets: &[Secret],
    (id, body): (&str, &str),
    now: Timestamp,
) -> Tried {
    let begun = Instant::now();
    let sent = send(client, webhook, secrets, (id, body), now).await;
    let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let attempt = Attempt {
        at: now,
        status: None,
        ms,
        error: None,
        reply: None,
    };
    match sent {
        Err(error) => Tried {
            attempt: Attempt {
                error: Some(error),
                ..attempt
            },
            outcome: Outcome::Failed(None),
        },
        Ok(reply) => {
            let asked = schedule::retry_after(reply.status, reply.header("retry-after"), now);
            let (outcome, error) = match reply.status {
                200..300 => (Outcome::Arrived, None),
                300..400 => (Outcome::Failed(None), Some("redirect-not-followed")),
                410 => (Outcome::Closed, None),
                _ => (Outcome::Failed(asked), None),
            };
            let kept = reply.body.get(..KEPT).unwrap_or(&reply.body);
            Tried {
                attempt: Attempt {
                    status: Some(reply.status),
                    error: error.map(ToOwned::to_owned),
                    reply: Some(String::from_utf8_lossy(kept).into_owned()),
                    ..attempt
                },
                outcome,
            }
        }
    }
}

async fn send<R: Resolve>(
    client: &Client<R>,
    webhook: &Webhook,
    secrets: &[Secret],
    (id, body): (&str, &str),
    now: Timestamp,
) -> Result<outbound::Reply, String> {
    // The rules may have become stricter since the URL was set.
    let target =
        Target::parse(&webhook.url, client.reach()).map_err(|_| Fault::NotAllowed.to_string())?;
    let signature = signatures(secrets, id, now, body);
    let timestamp = now.seconds().to_string();
    let headers = [
        ("content-type", "application/json"),
        ("user-agent", "Bakend-Webhooks"),
        ("webhook-id", id),
        ("webhook-timestamp", &timestamp),
        ("webhook-signature", &signature),
    ];
    let call = Call {
        method: Method::POST,
        headers: &headers,
        body: body.as_bytes().to_vec(),
        timeout: Duration::from_secs(webhook.timeout),
        limit: MAX_REPLY,
    };
    let sent = client.send(&target, call).await;
    sent.map_err(|fault| fault.to_string())
}

/// Judges the URL of a webhook, by its text and by all addresses of its name.
///
/// # Errors
/// `webhooks/address-not-allowed` with the reason.
pub async fn admit<R: Resolve>(client: &Client<R>, url: &str) -> Result<(), Error> {
    let refuse = |reason: String| {
        let message = format!("Deliveries cannot go to this address: `url` {reason}.");
        Error::new(Code::AddressNotAllowed).with_message(message)
    };
    let target = Target::parse(url, client.reach()).map_err(|unfit| refuse(unfit.to_string()))?;
    match client.judge(&target).await {
        Ok(_) => Ok(()),
        Err(Fault::NotAllowed) => Err(refuse("has an address that is not public".to_owned())),
        Err(_) => Err(refuse("has a name that cannot be resolved".to_owned())),
    }
}

/// A client for deliveries; `allows_private` is the setting `events.allowPrivateAddresses`.
#[must_use]
pub fn client(allows_private: bool) -> Client {
    Client::new(if allows_private {
        Reach::Anywhere
    } else {
        Reach::Public
    })
}
