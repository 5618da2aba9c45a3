//! The state of a worker: the tables and the other services.

use api::{Error, Timestamp};
use auth::{Admitted, Backing, Opening, PresentedKey};
use invoke::Services;
use store::Store;

/// The tables and the other services.
pub struct State {
    /// The tables.
    pub store: Store,
    /// The other services.
    pub services: Services,
}

impl Backing for State {
    async fn open(opening: Opening<'_>) -> Result<Self, Error> {
        let services = Services::new(&opening.deployment.aws, store::connector());
        let store = Store::open(opening).await?;
        Ok(Self { store, services })
    }

    async fn judge(&self, key: Option<&PresentedKey>, now: Timestamp) -> Result<Admitted, Error> {
        self.store.judge(key, now).await
    }
}
