//! The store behind a doorway: opened before the first request, and asked about API keys.

use std::sync::Mutex;

use api::{Error, Timestamp};
use auth::{Admitted, Backing, Keys, Opening, PresentedKey};

use crate::tables::{FirstSecret, LookTimes, Store};

impl Backing for Store {
    /// Opens the connection and reads the signing keys, both before the first request. A part that fails here is tried
    /// again by the first request that needs it.
    async fn open(opening: Opening<'_>) -> Result<Self, Error> {
        let Opening {
            deployment, fresh, ..
        } = opening;
        if !opening.reads_keys {
            return Ok(Self::connect(deployment));
        }
        let first = if opening.keeps_first_secret {
            FirstSecret::Keep(fresh)
        } else {
            FirstSecret::Await(Box::new(Keys::new(
                &deployment.table_prefix,
                &fresh.signing,
                None,
            )?))
        };
        let store = Self {
            secret: opening.secret.map(ToOwned::to_owned),
            first,
            tokens: opening.tokens,
            look_times: Mutex::new(LookTimes::read(opening.now)),
            ..Self::connect(deployment)
        };
        store.warm().await;
        Ok(store)
    }

    fn look_again(&self, now: Timestamp) -> impl Future<Output = ()> {
        self.look_at_old_keys(now)
    }

    async fn judge(&self, key: Option<&PresentedKey>, now: Timestamp) -> Result<Admitted, Error> {
        self.admit_key(key, now).await
    }
}
