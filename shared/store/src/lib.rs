//! The tables: items in, nouns out. One file per table.
//!
//! The only room that names `aws-sdk-dynamodb`. Names of attributes always go through `#placeholders`, values through
//! `:placeholders`: no caller's text is ever part of an expression.

mod accounts;
mod api_keys;
pub mod backfill;
mod client;
mod directory;
pub mod expand;
mod fault;
pub mod index;
mod item;
mod list;
pub mod plan;
mod records;
mod seed;
mod sessions;
mod settings;
mod throttle;
mod transaction;
mod transfer;
mod unique;
mod users;
mod write;

use std::collections::BTreeSet;
use std::sync::Mutex;

use api::{Deployment, Error, Timestamp};
use auth::{Backing, Keyring, Keys, Opening, PresentedKey};
use aws_sdk_dynamodb::Client;
use tokio::sync::OnceCell;

pub use accounts::Along;
pub use api_keys::MAX_API_KEYS;
pub use auth::Writer;
pub use directory::UserPage;
pub use list::{Cost, Count, Page};
pub use plan::{Plan, plan};
pub use records::{Before, Created, NewRecord, StoredRecord};
pub use seed::new_items;
pub use sessions::{Rotation, SessionPage};
pub use throttle::Attempt;
pub use transfer::{Exported, Imported, Position};
pub use unique::IdempotencyKey;
pub use write::{Act, Change, Operation};

/// The tables of one deployment, and its keys.
pub struct Store {
    client: Client,
    prefix: String,
    /// The signing secret of the settings, if they have one.
    secret: Option<String>,
    /// What this function does where the table has no secret yet.
    first: FirstSecret,
    keys: OnceCell<Keys>,
    /// The indexes that are known to hold every record, by collection.
    ready: Mutex<BTreeSet<(String, String)>>,
}

/// What a function does where the table has no signing secret yet.
enum FirstSecret {
    /// Keep this one.
    Keep([u8; 32]),
    /// Go on with keys that have signed nothing, so that every token is refused, until somebody has kept one.
    Await(Keys),
    /// Nothing: an operator's tool has no use for keys.
    Never,
}

impl Store {
    /// The tables alone, for an operator: tokens are neither signed nor checked.
    #[must_use]
    pub fn connect(deployment: &Deployment) -> Self {
        let (client, prefix) = (
            client::connect(&deployment.aws),
            deployment.table_prefix.clone(),
        );
        Self {
            client,
            prefix,
            secret: None,
            first: FirstSecret::Never,
            keys: OnceCell::new(),
            ready: Mutex::default(),
        }
    }

    /// The signing keys.
    ///
    /// # Errors
    /// `common/unavailable` while they cannot be read.
    pub async fn keys(&self) -> Result<&Keys, Error> {
        if let Some(keys) = self.keys.get() {
            return Ok(keys);
        }
        match (self.read_keys().await?, &self.first) {
            (Some(keys), _) => Ok(self.keys.get_or_init(async || keys).await),
            (None, FirstSecret::Await(keys)) => Ok(keys),
            (None, _) => Err(Error::internal("there is no signing key")),
        }
    }

    fn table(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn users(&self) -> String {
        self.table("_users")
    }

    fn sessions(&self) -> String {
        self.table("_sessions")
    }

    fn throttle(&self) -> String {
        self.table("_throttle")
    }
}

impl Backing for Store {
    /// Opens the connection and reads the signing keys, both before the first request. What fails here is tried again
    /// by the first request that needs it.
    async fn open(opening: Opening<'_>) -> Result<Self, Error> {
        let Opening {
            deployment, random, ..
        } = opening;
        let first = if opening.keeps_first_secret {
            FirstSecret::Keep(random)
        } else {
            FirstSecret::Await(Keys::new(&deployment.table_prefix, &random, None)?)
        };
        let store = Self {
            secret: opening.secret.map(ToOwned::to_owned),
            first,
            ..Self::connect(deployment)
        };
        store.warm().await;
        Ok(store)
    }

    async fn judge(&self, key: &PresentedKey, now: Timestamp) -> Result<(), Error> {
        self.admit_key(Some(key), now).await
    }
}

impl Keyring for Store {
    async fn keys(&self) -> Result<&Keys, Error> {
        Self::keys(self).await
    }
}

/// A request that lacks a part: a bug.
fn built(error: aws_sdk_dynamodb::error::BuildError) -> Error {
    Error::internal(error.to_string())
}
