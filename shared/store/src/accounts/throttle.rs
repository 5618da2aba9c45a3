//! `_throttle`: attempts that were counted and not given back, for as long as they count.

use std::time::Duration;

use api::{Error, Timestamp};
use auth::throttle::{Entry, Refused, account, place, registrations, source};
use auth::{Guess, Identity};

use super::tally::{Counter, Found, Written};
use crate::tables::Store;

/// How often a write is tried that others get in the way of: so many attempts under way at once do not fail for it.
const ROUNDS: u64 = 40;

/// A login that was counted before its password was looked at. One that failed stays counted.
#[must_use]
pub struct Attempt<'a> {
    store: &'a Store,
    account: Counted,
    source: Counted,
    now: Timestamp,
}

/// The state of a counter after an attempt was counted.
struct Counted {
    counter: Counter,
    mine: Found,
}

impl Store {
    /// Counts a login of this address from this source, whether or not the address has an account, and reads the identity.
    /// That takes two writes and a read of 1 RRU at the same time.
    /// A write takes 1 WRU, and as much again and a hop for an address or a source that has failed of late.
    ///
    /// # Errors
    /// `auth/too-many-requests` with the time to wait, for which nothing is counted; `common/unavailable`,
    /// `common/internal`.
    pub(super) async fn attempt_login(
        &self,
        guess: &Guess<'_>,
    ) -> Result<(Attempt<'_>, Option<Identity>), Error> {
        let (attempt, identity) = tokio::join!(self.count_login(guess), self.identity(guess.email));
        Ok((attempt?, identity?))
    }

    async fn count_login(&self, guess: &Guess<'_>) -> Result<Attempt<'_>, Error> {
        let (settings, mark, now) = (&guess.settings.throttle, guess.mark, guess.now);
        let keys = self.keys().await?;
        let place = keys.pseudonym("source", &place(guess.source))?;
        let key = format!("login#{}", keys.pseudonym("account", guess.email)?);
        let account = Counter {
            key,
            source: place.clone(),
            limits: account(settings),
            mark,
        };
        let key = format!("source#{place}");
        let source = Counter {
            key,
            source: String::new(),
            limits: source(settings),
            mark,
        };
        match tokio::join!(
            self.count_attempt(account, now),
            self.count_attempt(source, now)
        ) {
            (Ok(Ok(account)), Ok(Ok(source))) => Ok(Attempt {
                store: self,
                account,
                source,
                now,
            }),
            (Ok(Err(one)), Ok(Err(other))) => Err(Refused {
                until: one.until.max(other.until),
            }
            .error(now)),
            // An attempt that one counter refuses does not count for the other.
            (Ok(Ok(counted)), Ok(Err(refused))) | (Ok(Err(refused)), Ok(Ok(counted))) => {
                self.give_back(counted, now).await;
                Err(refused.error(now))
            }
            (Ok(Ok(counted)), Err(fault)) | (Err(fault), Ok(Ok(counted))) => {
                self.give_back(counted, now).await;
                Err(fault)
            }
            (Err(fault), _) | (_, Err(fault)) => Err(fault),
        }
    }

    /// Counts a registration from this source. 1 WRU, and as much again and a hop for a source that has registered of
    /// late.
    ///
    /// # Errors
    /// As for a login.
    pub async fn attempt_registration(&self, guess: &Guess<'_>) -> Result<(), Error> {
        let (settings, mark, now) = (&guess.settings.throttle, guess.mark, guess.now);
        let key = format!(
            "register#{}",
            self.keys()
                .await?
                .pseudonym("source", &place(guess.source))?
        );
        let counter = Counter {
            key,
            source: String::new(),
            limits: registrations(settings),
            mark,
        };
        self.count_attempt(counter, now)
            .await?
            .map(|_| ())
            .map_err(|refused| refused.error(now))
    }

    async fn count_attempt(
        &self,
        counter: Counter,
        now: Timestamp,
    ) -> Result<Result<Counted, Refused>, Error> {
        let mut found: Option<Found> = None;
        for round in 0..ROUNDS {
            let entry = found.as_ref().map(|found| &found.entry);
            let next = match Entry::attempt(entry, &counter.limits, &counter.source, now) {
                Ok(next) => next,
                Err(refused) => return Ok(Err(refused)),
            };
            let next = Found {
                entry: next,
                rev: format!("{}.{round}", counter.mark),
            };
            match self
                .replace(&counter, found.as_ref(), Some(&next), now)
                .await?
            {
                Written::Done => {
                    return Ok(Ok(Counted {
                        counter,
                        mine: next,
                    }));
                }
                Written::Not(other) => found = other,
            }
            pause(round).await;
        }
        Err(Error::unavailable("too many attempts at once"))
    }

    /// Undoes a count. A count that cannot be undone stays, which only refuses the more.
    async fn give_back(&self, counted: Counted, now: Timestamp) {
        let Counted { counter, mine } = counted;
        let mut found = mine.clone();
        for round in 0..ROUNDS {
            let rev = format!("{}.{round}.back", counter.mark);
            let next = found
                .entry
                .without(&mine.entry, &counter.source, now)
                .map(|entry| Found { entry, rev });
            if next.as_ref().is_some_and(|next| next.entry == found.entry) {
                return;
            }
            match self
                .replace(&counter, Some(&found), next.as_ref(), now)
                .await
            {
                Ok(Written::Not(Some(other))) => found = other,
                _ => return,
            }
            pause(round).await;
        }
    }
}

impl Attempt<'_> {
    /// Gives the attempt back after a success, while the handler acts on it.
    pub async fn give_back_beside<T>(self, act: impl Future<Output = T>) -> T {
        tokio::join!(act, self.give_back()).0
    }

    /// Gives back what was counted, after a success: two writes at the same time. 1 WRU each. It never fails: what cannot
    /// be given back stays counted.
    pub async fn give_back(self) {
        let Self {
            store,
            account,
            source,
            now,
        } = self;
        tokio::join!(store.give_back(account, now), store.give_back(source, now));
    }
}

/// Lets others go first who are at the same entry, ever longer.
async fn pause(round: u64) {
    if round > 1 {
        tokio::time::sleep(Duration::from_millis(round.min(20))).await;
    }
}
