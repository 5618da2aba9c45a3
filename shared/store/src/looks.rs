//! Looks at the keys after the first one: an instance that lives long learns of a rotation.
//!
//! The doorway begins a look beside a request where the keys are old. It marks them as old first. Until they are read again,
//! everything that depends on them waits: the session check, the judgement of an API key, and so every reply.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use api::{Code, Error, Timestamp};
use auth::{Credentials, Keys};
use tokio::time::timeout;

use crate::tables::{LookTimes, Store};

/// The longest that a look may take: a request waits for it.
const LONGEST: Duration = Duration::from_secs(3);

/// How often an instance looks for a key that it lacks.
const UNKNOWN: Duration = Duration::from_secs(60);

impl Store {
    /// Looks again at the keys where they are older than they may be. It marks them at once, before anything waits.
    pub(crate) fn look_at_old_keys(&self, now: Timestamp) -> impl Future<Output = ()> {
        let is_old = self.keys.initialized() && {
            let mut times = self.look_times();
            let is_old = times.read_at.after(self.keys_age) <= now;
            if is_old {
                times.due = Some(now);
            }
            is_old
        };
        async move {
            if is_old {
                // Those that need the keys find them old, and look themselves.
                let _ = self.await_look().await;
            }
        }
    }

    /// Looks at once for a key that a token names and these lack, at most once a minute.
    pub(crate) async fn look_for_unknown_key(&self, now: Timestamp) -> Result<(), Error> {
        {
            let mut times = self.look_times();
            let may_ask = times.asked_at.is_none_or(|at| at.after(UNKNOWN) <= now);
            if !may_ask {
                return Ok(());
            }
            times.asked_at = Some(now);
            times.due = Some(now);
        }
        self.await_look().await
    }

    /// Shows the keys no older than `age`.
    ///
    /// # Errors
    /// `common/unavailable` while they cannot be read.
    pub async fn keys_within(&self, age: Duration, now: Timestamp) -> Result<&Keys, Error> {
        let keys = self.keys().await?;
        {
            let mut times = self.look_times();
            if times.read_at.after(age.min(self.keys_age)) <= now {
                times.due = Some(now);
            }
        }
        self.await_look().await?;
        Ok(keys)
    }

    /// Waits for the look that is under way, or looks where the keys are old.
    pub(crate) async fn await_look(&self) -> Result<(), Error> {
        match self.keys.get() {
            Some(keys) => self.look(keys).await,
            None => Ok(()),
        }
    }

    /// Refuses credentials by a key that was dropped while the request was under way.
    pub(crate) async fn confirm_signer(&self, credentials: &Credentials) -> Result<(), Error> {
        let Some(claims) = &credentials.claims else {
            return Ok(());
        };
        self.await_look().await?;
        match self.keys.get() {
            Some(keys) if !keys.verify_by(&claims.kid) => Err(Code::InvalidToken.into()),
            _ => Ok(()),
        }
    }

    /// Reads the keys once more, if they are marked as old.
    async fn look(&self, keys: &Keys) -> Result<(), Error> {
        let before = *self.look_times();
        if before.due.is_none() {
            return Ok(());
        }
        let _one_at_a_time = self.looking.lock().await;
        let found = *self.look_times();
        let Some(due) = found.due else {
            return Ok(());
        };
        if found.failures != before.failures {
            return Err(Error::unavailable("the keys could not be read"));
        }
        let read = timeout(LONGEST, self.read_keys()).await;
        let read =
            read.unwrap_or_else(|_| Err(Error::unavailable("reading the keys took too long")));
        let Some(read) = read.inspect_err(|_| self.look_times().failures += 1)? else {
            return Err(Error::unavailable("the signing keys are gone"));
        };
        keys.renew(&read);
        let mut times = self.look_times();
        *times = LookTimes {
            read_at: due,
            due: None,
            ..*times
        };
        Ok(())
    }

    /// When this process has started.
    pub(crate) fn opened_at(&self) -> Timestamp {
        self.look_times().read_at
    }

    fn look_times(&self) -> MutexGuard<'_, LookTimes> {
        self.look_times
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
