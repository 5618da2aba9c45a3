//! The state behind an endpoint, as the doorway knows it: opened during init, asked for the signing keys and about API
//! keys. It keeps the doorway and the tables apart: neither knows the other.

use api::{Deployment, Error, Timestamp};

use crate::api_key::PresentedKey;
use crate::caller::Admitted;
use crate::keys::{KeyBytes, Keys, TokenTerms};

/// The facts that a state is opened with.
pub struct Opening<'a> {
    /// Where the process runs.
    pub deployment: &'a Deployment,
    /// The signing secret of the settings, if they have one.
    pub secret: Option<&'a str>,
    /// The terms of tokens, where others are to verify them.
    pub tokens: Option<TokenTerms>,
    /// The time.
    pub now: Timestamp,
    /// Whether the state needs the signing keys: a worker may have to do without.
    pub reads_keys: bool,
    /// Whether the endpoint may keep the keys that are missing: its grants decide.
    pub keeps_first_secret: bool,
    /// Random bytes: the keys to keep where there are none yet and the endpoint may keep them.
    pub fresh: Fresh,
}

/// New keys, from the random source.
#[derive(Clone, Copy)]
pub struct Fresh {
    /// The first signing secret.
    pub signing: KeyBytes,
    /// The sealing key of number 1.
    pub sealing: KeyBytes,
}

/// The state that every request of an endpoint shares.
pub trait Backing: Sized {
    /// Opens the state before the first request.
    ///
    /// # Errors
    /// `common/internal` when no key can be derived, which no input makes happen.
    fn open(opening: Opening<'_>) -> impl Future<Output = Result<Self, Error>>;

    /// Looks again at keys that were read a while ago. The call marks them as old; the future goes on beside the request, and
    /// whatever needs the keys as they are waits for it.
    fn look_again(&self, now: Timestamp) -> impl Future<Output = ()>;

    /// Admits the caller by the API key that the request shows, if it shows one.
    ///
    /// # Errors
    /// The refusals of [`PresentedKey::admit`], `common/unavailable`, `common/internal`.
    fn judge(
        &self,
        key: Option<&PresentedKey>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Admitted, Error>>;
}

/// A state that has the signing keys.
pub trait Keyring: Backing {
    /// The signing keys.
    ///
    /// # Errors
    /// `common/unavailable` while they cannot be read.
    fn keys(&self) -> impl Future<Output = Result<&Keys, Error>>;

    /// Waits for the look at the keys that is under way, if one is.
    ///
    /// # Errors
    /// `common/unavailable` while they cannot be read.
    fn await_look(&self) -> impl Future<Output = Result<(), Error>>;

    /// Looks at once for a key that these lack, unless it has done so within the last minute.
    ///
    /// # Errors
    /// `common/unavailable` while they cannot be read.
    fn look_for_key(&self, now: Timestamp) -> impl Future<Output = Result<(), Error>>;
}

/// Without tables there is nothing to open and no API key to judge.
impl Backing for () {
    async fn open(_: Opening<'_>) -> Result<Self, Error> {
        Ok(())
    }

    async fn look_again(&self, _: Timestamp) {}

    async fn judge(&self, key: Option<&PresentedKey>, now: Timestamp) -> Result<Admitted, Error> {
        Admitted::by_key(key, None, now)
    }
}
