//! Webhooks as consumers of events.

use std::time::Duration;

use api::event::Consumer;
use api::{Error, Timestamp};
use auth::webhook::{Secret, Webhook};
use outbound::Client;
use store::{KeptEvent, Store, Waiting};
use worker::{Opened, Receiver, Receivers, Terms, Tried};

/// The webhooks of the table.
#[derive(Clone, Copy)]
pub(crate) struct Webhooks<'a> {
    pub(crate) store: &'a Store,
    pub(crate) client: &'a Client,
    /// For how long the log has a delivery.
    pub(crate) log: Duration,
}

/// A webhook that takes events.
pub(crate) struct Open<'a> {
    of: Webhooks<'a>,
    webhook: Webhook,
    secrets: Vec<Secret>,
}

impl<'a> Receivers for Webhooks<'a> {
    type One = Open<'a>;

    async fn open(&self, consumer: &Consumer, now: Timestamp) -> Result<Opened<Open<'a>>, Error> {
        let Consumer::Webhook(id) = consumer else {
            return Ok(Opened::Paused);
        };
        let Some(webhook) = self.store.webhook(*id).await? else {
            return Ok(Opened::Gone);
        };
        if webhook.disabled {
            return Ok(Opened::Paused);
        }
        let keys = self.store.sealing_keys(webhook.sealed()).await?;
        let secrets = webhook.secrets(&keys, now)?;
        Ok(Opened::Ready(Open {
            of: *self,
            webhook,
            secrets,
        }))
    }
}

impl Open<'_> {
    /// Writes a change of the webhook's state.
    async fn write(&mut self, after: Webhook, now: Timestamp) -> Result<(), Error> {
        let store = self.of.store;
        store.turn_webhook(&self.webhook, &after, now).await?;
        self.webhook = after;
        Ok(())
    }
}

impl Receiver for Open<'_> {
    fn terms(&self) -> Terms {
        Terms {
            concurrency: usize::try_from(self.webhook.concurrency)
                .unwrap_or(1)
                .max(1),
            timeout: Duration::from_secs(self.webhook.timeout),
            has_breaker: true,
            log: self.of.log,
        }
    }

    fn is_failing(&self) -> bool {
        self.webhook.failing_since.is_some()
    }

    async fn attempt(&self, waiting: &Waiting, event: &KeptEvent, now: Timestamp) -> Tried {
        let letter = (&*waiting.event.to_string(), &*event.body);
        worker::post(self.of.client, &self.webhook, &self.secrets, letter, now).await
    }

    async fn turn(&mut self, is_failing: bool, now: Timestamp) -> Result<(), Error> {
        let after = Webhook {
            failing_since: is_failing.then_some(now),
            ..self.webhook.clone()
        };
        self.write(after, now).await
    }

    async fn close(&mut self, now: Timestamp) -> Result<(), Error> {
        let after = Webhook {
            disabled: true,
            ..self.webhook.clone()
        };
        self.write(after, now).await
    }
}
