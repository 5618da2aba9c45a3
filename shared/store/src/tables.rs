//! The tables of one deployment: the connection to them, their names and their known state.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::tables::{API_KEYS, SESSIONS, THROTTLE, USERS};
use api::{Deployment, Timestamp};
use auth::{Fresh, Keys, TokenTerms};
use aws_sdk_dynamodb::Client;
use tokio::sync::OnceCell;

use crate::client;

/// The tables of one deployment, and its keys.
pub struct Store {
    pub(crate) client: Client,
    pub(crate) prefix: String,
    /// The signing secret of the settings, if there is one.
    pub(crate) secret: Option<String>,
    /// The action of this function where the table has no secret yet.
    pub(crate) first: FirstSecret,
    pub(crate) keys: OnceCell<Arc<Keys>>,
    /// The terms of tokens that others can verify.
    pub(crate) tokens: Option<TokenTerms>,
    /// After how long the keys are old.
    pub(crate) keys_age: Duration,
    pub(crate) look_times: Mutex<LookTimes>,
    /// Held by the look that is under way.
    pub(crate) looking: tokio::sync::Mutex<()>,
    /// The indexes that are known to hold every record, by collection.
    pub(crate) ready: Mutex<BTreeSet<(String, String)>>,
    /// The collections whose kept names agree with their definitions.
    pub(crate) keeping: Mutex<BTreeSet<String>>,
}

/// When the keys were read.
#[derive(Clone, Copy)]
pub(crate) struct LookTimes {
    /// When they were read.
    pub(crate) read_at: Timestamp,
    /// Since when they are to be read again, if they are.
    pub(crate) due: Option<Timestamp>,
    /// How many looks have failed.
    pub(crate) failures: u64,
    /// When a key was last looked for that they lack.
    pub(crate) asked_at: Option<Timestamp>,
}

impl LookTimes {
    /// They are read at this time.
    pub(crate) fn read(read_at: Timestamp) -> Self {
        Self {
            read_at,
            due: None,
            failures: 0,
            asked_at: None,
        }
    }
}

/// The action of a function where the table has no signing secret yet.
pub(crate) enum FirstSecret {
    /// Store these keys where they are missing, and the others that are.
    Keep(Fresh),
    /// Use keys that have signed nothing, so that every token is refused, until another function has stored a secret.
    Await(Box<Keys>),
    /// Do nothing: an operator's tool does not use keys.
    Never,
}

impl Store {
    /// Connects to the tables alone, for an operator: tokens are neither signed nor checked.
    #[must_use]
    pub fn connect(deployment: &Deployment) -> Self {
        Self::with(deployment, client::FUNCTION)
    }

    /// Connects likewise, to be measured: a request may take minutes, as it does in a build that is not optimised.
    #[must_use]
    pub fn connect_patiently(deployment: &Deployment) -> Self {
        let minutes = Duration::from_secs(300);
        Self::with(deployment, (minutes, minutes))
    }

    fn with(deployment: &Deployment, patience: client::Patience) -> Self {
        let (client, prefix) = (
            client::connect(&deployment.aws, patience),
            deployment.table_prefix.clone(),
        );
        Self {
            client,
            prefix,
            secret: None,
            first: FirstSecret::Never,
            keys: OnceCell::new(),
            tokens: None,
            keys_age: deployment.keys_age,
            look_times: Mutex::new(LookTimes::read(Timestamp::from_millis(0))),
            looking: tokio::sync::Mutex::default(),
            ready: Mutex::default(),
            keeping: Mutex::default(),
        }
    }

    /// The deployment's name, such as `bakend`: the prefix of its tables without its end.
    #[must_use]
    pub fn name(&self) -> &str {
        self.prefix.strip_suffix('-').unwrap_or(&self.prefix)
    }

    pub(crate) fn table(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub(crate) fn users(&self) -> String {
        self.table(USERS.name)
    }

    pub(crate) fn sessions(&self) -> String {
        self.table(SESSIONS.name)
    }

    pub(crate) fn throttle(&self) -> String {
        self.table(THROTTLE.name)
    }

    pub(crate) fn api_keys(&self) -> String {
        self.table(API_KEYS.name)
    }
}
