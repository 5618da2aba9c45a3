//! `_throttle`: attempts that were counted and not given back, for as long as they count.

use std::time::Duration;

use api::settings::Auth;
use api::{Error, Id, Timestamp};
use auth::proof::Asking;
use auth::throttle::{Entry, Limits, Refused, account, anonymous, place, registrations, source};
use auth::{Guess, Identity};
use tokio::time::timeout;

use super::tally::{Counter, Found, Written, emptied};
use crate::fault;
use crate::item::text;
use crate::tables::Store;

/// How often a write is tried that others get in the way of: so many attempts under way at once do not fail for it.
const ROUNDS: u64 = 40;

/// The longest that a fault waits for what was counted to be given back: the caller's answer waits for it.
pub(super) const PATIENCE: Duration = Duration::from_millis(1500);

/// A login that was counted before its password was looked at. It has to be resolved: it stays counted where a verdict
/// came against it, and is given back in every other case.
#[must_use = "an attempt is given back unless a verdict came"]
pub(super) struct Attempt<'a> {
    store: &'a Store,
    account: Counted,
    source: Source,
    now: Timestamp,
}

/// The source of an attempt. One that has failed of late is counted before the password is looked at, like the account.
/// Any other is counted after a verdict against it: the account's own count bounds a burst, and a success writes nothing.
enum Source {
    Counted(Counted),
    /// With the entry that was found, which counts nothing.
    Uncounted(Counter, Option<Found>),
}

/// The state of a counter after an attempt was counted.
pub(super) struct Counted {
    counter: Counter,
    mine: Found,
}

impl Store {
    /// Counts a login of this address, whether or not it has an account, and reads the identity and the source's entry.
    /// That takes a write of 1 WRU and two reads of 1 RRU at the same time. An address that has failed of late takes 1 WRU
    /// and a hop more, and so does a source.
    ///
    /// # Errors
    /// `auth/too-many-requests` with the time to wait, for which nothing is counted; `common/unavailable`,
    /// `common/internal`.
    pub(super) async fn attempt_login(
        &self,
        guess: &Guess<'_>,
    ) -> Result<(Attempt<'_>, Option<Identity>), Error> {
        let (attempt, identity) = tokio::join!(self.count_login(guess), self.identity(guess.email));
        let attempt = attempt?;
        match identity {
            Ok(identity) => Ok((attempt, identity)),
            Err(fault) => attempt.fails(fault).await,
        }
    }

    async fn count_login(&self, guess: &Guess<'_>) -> Result<Attempt<'_>, Error> {
        let keys = self.keys().await?;
        let account = Counter {
            key: format!("login#{}", keys.pseudonym("account", guess.email)),
            source: keys.pseudonym("source", &place(guess.source)),
            limits: account(&guess.settings.throttle),
            mark: guess.mark,
            note: None,
        };
        self.count_guess(account, guess.settings, guess.now).await
    }

    /// Counts a guess at an account's secret, by the account and by the source.
    pub(super) async fn count_guess(
        &self,
        account: Counter,
        settings: &Auth,
        now: Timestamp,
    ) -> Result<Attempt<'_>, Error> {
        let source = Counter {
            key: format!("source#{}", account.source),
            source: String::new(),
            limits: source(&settings.throttle),
            mark: account.mark,
            note: None,
        };
        match tokio::join!(
            self.count_attempt(account, None, now),
            self.count_source(source, now)
        ) {
            (Ok(Ok(account)), Ok(Ok(source))) => Ok(Attempt {
                store: self,
                account,
                source,
                now,
            }),
            (Ok(Err(one)), Ok(Err(other))) => Err(Refused {
                until: one.until.max(other.until),
                by_total: one.by_total && other.by_total,
            }
            .error(now)),
            // An attempt that one counter refuses does not count for the other.
            (Ok(Ok(account)), Ok(Err(refused))) => {
                self.give_back(account, now).await;
                Err(refused.error(now))
            }
            (Ok(Err(refused)), Ok(Ok(source))) => {
                self.give_source_back(source, now).await;
                Err(refused.error(now))
            }
            (Ok(Ok(account)), Err(fault)) => {
                let _ = timeout(PATIENCE, self.give_back(account, now)).await;
                Err(fault)
            }
            (Err(fault), Ok(Ok(source))) => {
                let _ = timeout(PATIENCE, self.give_source_back(source, now)).await;
                Err(fault)
            }
            (Err(fault), _) | (_, Err(fault)) => Err(fault),
        }
    }

    /// Reads the entry of a source, and counts the attempt in it where it counts failures already: 1 RRU, and then 1 WRU.
    async fn count_source(
        &self,
        counter: Counter,
        now: Timestamp,
    ) -> Result<Result<Source, Refused>, Error> {
        let found = self.entry(&counter).await?;
        let counting = |found: &Found| found.entry.counts(&counter.limits, now);
        if !found.as_ref().is_some_and(counting) {
            return Ok(Ok(Source::Uncounted(counter, found)));
        }
        let counted = self.count_attempt(counter, found, now).await?;
        Ok(counted.map(Source::Counted))
    }

    async fn give_source_back(&self, source: Source, now: Timestamp) {
        if let Source::Counted(counted) = source {
            self.give_back(counted, now).await;
        }
    }

    /// Forgets the failed logins of an address, from every source: its reader has proven to be the user. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn forget_logins(&self, email: &str) -> Result<(), Error> {
        let key = format!("login#{}", self.keys().await?.pseudonym("account", email));
        let delete = self.client.delete_item().table_name(self.throttle());
        let delete = delete.key("id", text(key)).send().await;
        delete.map(|_| ()).map_err(|error| fault::of(&error))
    }

    /// Counts a registration from this source, and registers. A fault of ours gives the attempt back. 1 WRU, and as much
    /// again and a hop for a source that has registered of late.
    ///
    /// # Errors
    /// As for a login, and those of `register`.
    pub async fn registering<T>(
        &self,
        guess: &Guess<'_>,
        register: impl AsyncFnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let limits = registrations(&guess.settings.throttle);
        let by = (guess.source, guess.mark, guess.now);
        self.counting_source(("register", limits), by, register)
            .await
    }

    /// Counts an anonymous account of this source, and makes it, as [`Store::registering`] does.
    ///
    /// # Errors
    /// Those of [`Store::registering`].
    pub async fn making_anonymous<T>(
        &self,
        asking: &Asking<'_>,
        make: impl AsyncFnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let limits = anonymous(&asking.settings.throttle);
        let by = (asking.source, asking.mark, asking.now);
        self.counting_source(("anonymous", limits), by, make).await
    }

    async fn counting_source<T>(
        &self,
        (kind, limits): (&str, Limits),
        (from, mark, now): (&str, Id, Timestamp),
        register: impl AsyncFnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let from = self.keys().await?.pseudonym("source", &place(from));
        let counter = Counter {
            key: format!("{kind}#{from}"),
            source: String::new(),
            limits,
            mark,
            note: None,
        };
        let counted = self.count_attempt(counter, None, now).await?;
        let counted = counted.map_err(|refused| refused.error(now))?;
        let registered = register().await;
        if registered
            .as_ref()
            .is_err_and(|error| error.code.status() >= 500)
        {
            let _ = timeout(PATIENCE, self.empty(counted, now)).await;
        }
        registered
    }

    /// Undoes the count of a registration. The entry stays, also without a count: the function deletes none.
    pub(super) async fn empty(&self, counted: Counted, now: Timestamp) {
        self.undo(counted, now, |entry| Some(emptied(entry))).await;
    }

    /// Counts an attempt; `found` is the entry, where it is known.
    pub(super) async fn count_attempt(
        &self,
        counter: Counter,
        found: Option<Found>,
        now: Timestamp,
    ) -> Result<Result<Counted, Refused>, Error> {
        let counted = self.count_or_find(counter, found, now).await?;
        Ok(counted.map_err(|(refused, _)| refused))
    }

    /// The same; a refusal comes with the note of the last attempt that was counted.
    pub(super) async fn count_or_find(
        &self,
        counter: Counter,
        mut found: Option<Found>,
        now: Timestamp,
    ) -> Result<Result<Counted, (Refused, Option<Id>)>, Error> {
        for round in 0..ROUNDS {
            let entry = found.as_ref().map(|found| &found.entry);
            let next = match Entry::attempt(entry, &counter.limits, &counter.source, now) {
                Ok(next) => next,
                Err(refused) => {
                    let note = found.and_then(|found| found.note);
                    return Ok(Err((refused, note)));
                }
            };
            let next = Found {
                entry: next,
                rev: format!("{}.{round}", counter.mark),
                note: counter.note,
            };
            match self
                .replace(&counter, found.as_ref(), Some(&next), now)
                .await
            {
                Ok(Written::Done) => {
                    return Ok(Ok(Counted {
                        counter,
                        mine: next,
                    }));
                }
                Ok(Written::Not(other)) => found = other,
                Err(fault) => {
                    let back = self.take_back(&counter, found, &next, now);
                    let _ = timeout(PATIENCE, back).await;
                    return Err(fault);
                }
            }
            pause(round).await;
        }
        Err(Error::unavailable("too many attempts at once"))
    }

    /// Undoes a count. A count that cannot be undone stays, which only refuses the more.
    async fn give_back(&self, counted: Counted, now: Timestamp) {
        self.undo(counted, now, |_| None).await;
    }

    /// Undoes a count; `last` is what is written where no count is left.
    async fn undo(&self, counted: Counted, now: Timestamp, last: impl Fn(&Entry) -> Option<Entry>) {
        let Counted { counter, mine } = counted;
        let mut found = mine.clone();
        for round in 0..ROUNDS {
            let rev = format!("{}.{round}.back", counter.mark);
            let next = found
                .entry
                .without(&mine.entry, &counter.source, now)
                .or_else(|| last(&found.entry))
                .map(|entry| Found {
                    entry,
                    rev,
                    note: found.note,
                });
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

/// The judgement of a password.
pub(super) enum Judged<T> {
    /// The password is right.
    For(T),
    /// It is wrong, or opens nothing: the refusal.
    Against(Error),
}

impl<'a> Attempt<'a> {
    /// Resolves the attempt. A verdict against it lets it count, and counts for a source that was not counted yet: 1 WRU.
    /// A fault gives it back. With a verdict for it, it is given back while the caller acts.
    pub(super) async fn resolve<T, R>(
        self,
        judged: Result<Judged<T>, Error>,
        act: impl AsyncFnOnce(T) -> Result<R, Error>,
    ) -> Result<R, Error> {
        match judged {
            Ok(Judged::For(proven)) => tokio::join!(act(proven), self.give_back()).0,
            Ok(Judged::Against(refusal)) => Err(self.counts(refusal).await),
            Err(fault) => self.fails(fault).await,
        }
    }

    /// Whether it is the last attempt of the account over all sources, which locks for everybody if it fails.
    pub(super) fn locks_all(&self, most: u32) -> bool {
        self.account.mine.entry.total.count >= most
    }

    /// Lets the attempt count. The verdict is not told where the source cannot be counted, or is locked by others that were
    /// under way at the same time.
    async fn counts(self, refusal: Error) -> Error {
        let Source::Uncounted(counter, found) = self.source else {
            return refusal;
        };
        match self.store.count_attempt(counter, found, self.now).await {
            Ok(Ok(_)) => refusal,
            Ok(Err(refused)) => refused.error(self.now),
            Err(fault) => fault,
        }
    }

    /// Gives the attempt back because of a fault, for as long as the caller's answer may wait.
    pub(super) async fn fails<T>(self, fault: Error) -> Result<T, Error> {
        let _ = timeout(PATIENCE, self.give_back()).await;
        Err(fault)
    }

    /// Gives back what was counted, by one write or two at the same time. 1 WRU each. It never fails: what cannot be given
    /// back stays counted.
    async fn give_back(self) {
        let Self {
            store,
            account,
            source,
            now,
        } = self;
        tokio::join!(
            store.give_back(account, now),
            store.give_source_back(source, now)
        );
    }
}

/// Lets others go first who are at the same entry, ever longer.
async fn pause(round: u64) {
    if round > 1 {
        tokio::time::sleep(Duration::from_millis(round.min(20))).await;
    }
}
