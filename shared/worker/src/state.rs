//! The state of a worker: the tables and the other services.

use api::consumers::serving;
use api::event::Consumer;
use api::{Error, Timestamp};
use auth::{Admitted, Backing, Opening, PresentedKey};
use invoke::Services;
use serde_json::json;
use store::Store;

/// The tables and the other services.
pub struct State {
    /// The tables.
    pub store: Store,
    /// The other services.
    pub services: Services,
}

impl State {
    /// Wakes the worker of a consumer and does not wait for it; returns why it sleeps on, if it does. The sweep makes up for
    /// it.
    pub async fn wake(
        &self,
        consumer: &Consumer,
        table_prefix: &str,
        now: Timestamp,
    ) -> Option<String> {
        let worker = serving(consumer)?;
        let function = format!("{table_prefix}{}", worker.name);
        let payload = json!({ "consumer": consumer.to_string() });
        let woken = self.services.invoke(&function, &payload, now).await;
        woken.err().and_then(|error| error.cause)
    }

    /// Wakes the worker of each consumer; returns why some sleep on.
    pub async fn wake_all(
        &self,
        consumers: &[Consumer],
        table_prefix: &str,
        now: Timestamp,
    ) -> Vec<String> {
        let mut asleep = Vec::new();
        for consumer in consumers {
            asleep.extend(self.wake(consumer, table_prefix, now).await);
        }
        asleep
    }
}

impl Backing for State {
    async fn open(opening: Opening<'_>) -> Result<Self, Error> {
        let services = Services::new(&opening.deployment.aws, store::connector());
        let store = Store::open(opening).await?;
        Ok(Self { store, services })
    }

    fn look_again(&self, now: Timestamp) -> impl Future<Output = ()> {
        self.store.look_again(now)
    }

    async fn judge(&self, key: Option<&PresentedKey>, now: Timestamp) -> Result<Admitted, Error> {
        self.store.judge(key, now).await
    }
}
