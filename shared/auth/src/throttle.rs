//! Limits of attempts: passwords of an account, logins and registrations of a source, refreshes of a session (ASVS 5.0,
//! 6.3.1).
//!
//! An attempt is counted before its password is looked at, so that guesses sent together do not slip through, and given
//! back when it succeeds. A source without a failure of late is counted after its first one: until then its guesses are
//! bounded by the counts of the accounts. A refused attempt neither counts nor prolongs a lock.

mod limits;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use api::{Code, Error, Timestamp};

pub use self::limits::{
    account, anonymous, factor, invitations, mails, registrations, source, source_mails,
};

/// How many sources an account's entry remembers; more of them are an attack that the account's own limit meets.
const MOST_SOURCES: usize = 100;

/// How many attempts are allowed within a time, and the lock that the last of them causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The attempt that locks.
    pub most: u32,
    /// Within how long, from the first one counted.
    pub window: Duration,
    /// For how long it locks.
    pub lock: Lock,
}

/// For how long attempts are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Until the window is over.
    Window,
    /// For this duration; then the count starts again.
    Fixed(Duration),
    /// For `interval` after every attempt, and until the window is over after the attempt number `most`.
    Paced {
        /// The time between two attempts.
        interval: Duration,
        /// The last attempt of a window.
        most: u32,
    },
    /// For `first`, and after each further attempt for twice as long as before, at most `longest`. It is forgotten when
    /// no attempt was counted for a window.
    Doubling {
        /// The first lock.
        first: Duration,
        /// The longest lock.
        longest: Duration,
    },
}

/// The count under one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// When the first attempt was counted.
    pub since: Timestamp,
    /// How many are counted, including those under way.
    pub count: u32,
    /// Until when the last of them locks; 0 where it does not.
    pub until: Timestamp,
}

/// The counts that the table keeps under one key: one over all, and one for each source where the limits have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Over all sources.
    pub total: Tally,
    /// By source.
    pub sources: BTreeMap<String, Tally>,
}

/// The limits of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Over all sources.
    pub total: Limit,
    /// Of each source, where sources are counted apart.
    pub source: Option<Limit>,
}

/// An attempt that may not be made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// When to try again.
    pub until: Timestamp,
    /// Whether the count over all sources alone refuses.
    pub by_total: bool,
}

/// The attempts of an entry that still count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// How many.
    pub attempts: u32,
    /// Until when the longest lock refuses further ones; of an account it may refuse one source alone.
    pub until: Option<Timestamp>,
}

impl Limit {
    /// Until when a tally refuses attempts, if it does.
    fn locked(&self, tally: &Tally, now: Timestamp) -> Option<Timestamp> {
        (tally.count >= self.most && now < tally.until).then_some(tally.until)
    }

    /// When a tally is over, so that the next attempt is the first again.
    fn end(&self, tally: &Tally) -> Timestamp {
        let window = tally.since.after(self.window);
        match self.lock {
            _ if tally.count < self.most => window,
            Lock::Window | Lock::Fixed(_) => tally.until,
            Lock::Paced { .. } => window.max(tally.until),
            Lock::Doubling { .. } => window.max(tally.until.after(self.window)),
        }
    }

    /// The tally with one more attempt.
    fn counted(&self, tally: Option<&Tally>, now: Timestamp) -> Tally {
        let tally = tally.filter(|tally| now < self.end(tally));
        let (since, before) = tally.map_or((now, 0), |tally| (tally.since, tally.count));
        let count = before.saturating_add(1);
        let until = match (count.checked_sub(self.most), self.lock) {
            (None, _) => Timestamp::default(),
            (_, Lock::Window) => since.after(self.window),
            (_, Lock::Fixed(lock)) => now.after(lock),
            (_, Lock::Paced { most, .. }) if count >= most => since.after(self.window),
            (_, Lock::Paced { interval, .. }) => now.after(interval),
            (Some(beyond), Lock::Doubling { first, longest }) => now.after(
                first
                    .saturating_mul(2_u32.saturating_pow(beyond))
                    .min(longest),
            ),
        };
        Tally {
            since,
            count,
            until,
        }
    }
}

impl Tally {
    /// The tally without the attempt that made it `mine`; a lock that this attempt caused ends now.
    fn without(&self, mine: &Self, now: Timestamp) -> Self {
        if self.since != mine.since || self.count == 0 {
            return *self;
        }
        let own = mine.until != Timestamp::default() && self.until == mine.until;
        let until = if own { now } else { self.until };
        Self {
            count: self.count - 1,
            until,
            ..*self
        }
    }

    /// Whether it differs from `other` by its count alone.
    #[must_use]
    pub fn continues(&self, other: &Self) -> bool {
        self.since == other.since && self.until == other.until
    }
}

impl Entry {
    /// The entry with one more attempt from `source`.
    ///
    /// # Errors
    /// The refusal while it is locked.
    pub fn attempt(
        found: Option<&Self>,
        limits: &Limits,
        source: &str,
        now: Timestamp,
    ) -> Result<Self, Refused> {
        let by_source = found.and_then(|entry| entry.sources.get(source));
        let locked = |limit: Option<&Limit>, tally: Option<&Tally>| limit?.locked(tally?, now);
        let total = found.map(|entry| &entry.total);
        let by_all = locked(Some(&limits.total), total);
        let by_own = locked(limits.source.as_ref(), by_source);
        if let Some(until) = by_all.max(by_own) {
            let by_total = by_own.is_none();
            return Err(Refused { until, by_total });
        }
        let mut sources = found.map(|entry| entry.sources.clone()).unwrap_or_default();
        if let Some(limit) = &limits.source {
            sources.insert(source.to_owned(), limit.counted(by_source, now));
        }
        Ok(Self {
            total: limits.total.counted(total, now),
            sources,
        })
    }

    /// Whether it counts attempts over all sources now.
    #[must_use]
    pub fn counts(&self, limits: &Limits, now: Timestamp) -> bool {
        self.total.count > 0 && now < limits.total.end(&self.total)
    }

    /// The attempts that count now; `None` where none does.
    #[must_use]
    pub fn held(&self, limits: &Limits, now: Timestamp) -> Option<Held> {
        let of_sources = limits.source.iter().flat_map(|limit| {
            let tallies = self.sources.values();
            tallies.map(move |tally| (limit, tally))
        });
        let all = std::iter::once((&limits.total, &self.total)).chain(of_sources);
        let standing: Vec<_> = all
            .filter(|(limit, tally)| tally.count > 0 && now < limit.end(tally))
            .collect();
        let attempts = standing.iter().map(|(_, tally)| tally.count).max()?;
        let locks = standing.iter();
        let until = locks
            .filter_map(|(limit, tally)| limit.locked(tally, now))
            .max();
        Some(Held { attempts, until })
    }

    /// The entry without the attempt from `source` that made it `mine`, which has just succeeded; `None` when no count
    /// is left.
    #[must_use]
    pub fn without(&self, mine: &Self, source: &str, now: Timestamp) -> Option<Self> {
        let mut sources = self.sources.clone();
        if let (Some(tally), Some(mine)) = (sources.get_mut(source), mine.sources.get(source)) {
            *tally = tally.without(mine, now);
        }
        sources.retain(|_, tally| tally.count > 0);
        let total = self.total.without(&mine.total, now);
        (total.count > 0 || !sources.is_empty()).then_some(Self { total, sources })
    }

    /// The entry without expired sources, and without those that expire first where there are too many.
    #[must_use]
    pub fn pruned(mut self, limits: &Limits, source: &str, now: Timestamp) -> Self {
        let Some(limit) = limits.source else {
            return self;
        };
        self.sources.retain(|_, tally| now < limit.end(tally));
        while self.sources.len() > MOST_SOURCES {
            let others = self.sources.iter().filter(|(name, _)| *name != source);
            let Some((first, _)) = others.min_by_key(|(_, tally)| limit.end(tally)) else {
                break;
            };
            let first = first.clone();
            self.sources.remove(&first);
        }
        self
    }

    /// When all its tallies are over.
    #[must_use]
    pub fn end(&self, limits: &Limits) -> Timestamp {
        let sources = self
            .sources
            .values()
            .filter_map(|tally| Some(limits.source?.end(tally)));
        sources.fold(limits.total.end(&self.total), Timestamp::max)
    }
}

impl Refused {
    /// The refusal as the caller gets it: the same for every lock, and for accounts that do not exist.
    #[must_use]
    pub fn error(self, now: Timestamp) -> Error {
        let seconds = self
            .until
            .millis()
            .saturating_sub(now.millis())
            .div_ceil(1000)
            .max(1);
        Error {
            retry_after: Some(u32::try_from(seconds).unwrap_or(u32::MAX)),
            ..Code::TooManyRequests.into()
        }
    }
}

/// The text that represents a source address: an IPv4 address, or the /64 of an IPv6 one, which is what one customer
/// has.
#[must_use]
pub fn place(address: &str) -> String {
    match address
        .parse::<IpAddr>()
        .map(|address| address.to_canonical())
    {
        Ok(IpAddr::V4(address)) => address.to_string(),
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        Err(_) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use api::settings::Throttle;

    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);
    const MINUTE: u64 = 60;

    fn at(seconds: u64) -> Timestamp {
        START.after(Duration::from_secs(seconds))
    }

    fn limits() -> Limits {
        account(&Throttle::default())
    }

    /// Attempts that fail, at these seconds from this source; those that were refused, with the seconds to wait.
    fn fail(
        entry: &mut Option<Entry>,
        limits: &Limits,
        source: &str,
        times: &[u64],
    ) -> Vec<(u64, u64)> {
        let mut refused = Vec::new();
        for &time in times {
            match Entry::attempt(entry.as_ref(), limits, source, at(time)) {
                Ok(next) => *entry = Some(next.pruned(limits, source, at(time))),
                Err(it) => refused.push((
                    time,
                    u64::from(it.error(at(time)).retry_after.unwrap_or_default()),
                )),
            }
        }
        refused
    }

    #[test]
    fn the_fifth_failure_locks_for_a_second_and_each_further_one_for_twice_as_long() {
        let mut entry = None;
        assert_eq!(
            fail(&mut entry, &limits(), "a", &[0, 1, 2, 3, 4, 4]),
            [(4, 1)]
        );
        let mut now = 5;
        for lock in [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900] {
            assert_eq!(
                fail(&mut entry, &limits(), "a", &[now, now, now + lock - 1]),
                [(now, lock), (now + lock - 1, 1)]
            );
            now += lock;
        }
        // Forgotten when nothing was counted for a window after the last lock.
        assert_eq!(
            fail(
                &mut entry.clone(),
                &limits(),
                "a",
                &[now + 15 * MINUTE - 1, now + 15 * MINUTE - 1]
            )
            .len(),
            1
        );
        assert_eq!(
            fail(&mut entry, &limits(), "a", &[now + 15 * MINUTE; 5]),
            []
        );
    }

    #[test]
    fn failures_of_more_than_a_window_do_not_add_up() {
        let mut entry = None;
        let apart: Vec<u64> = (0..40).map(|n| n * 4 * MINUTE).collect();
        assert_eq!(fail(&mut entry, &limits(), "a", &apart), []);
    }

    #[test]
    fn what_is_refused_neither_counts_nor_extends() {
        let mut entry = None;
        fail(&mut entry, &limits(), "a", &[0; 5]);
        let before = entry.clone();
        assert_eq!(fail(&mut entry, &limits(), "a", &[0; 1000]).len(), 1000);
        assert_eq!(entry, before);
    }

    #[test]
    fn another_source_is_not_locked_until_all_of_them_have_failed_too_often() {
        let mut entry = None;
        for source in 0..10 {
            assert_eq!(
                fail(&mut entry, &limits(), &format!("s{source}"), &[source; 5]),
                []
            );
        }
        // The fiftieth, at second 9.
        assert_eq!(
            fail(&mut entry, &limits(), "user", &[9, 40, 68]),
            [(9, 60), (40, 29), (68, 1)]
        );
        // Refused attempts extend nothing, and afterwards the count starts again.
        assert_eq!(fail(&mut entry, &limits(), "user", &[69]), []);
        assert_eq!(entry.map(|entry| entry.total.count), Some(1));
    }

    #[test]
    fn a_lock_lasts_beyond_the_window_it_began_in() {
        let mut entry = None;
        let last = 15 * MINUTE - 1;
        let sources: Vec<String> = (0..50).map(|n| format!("s{n}")).collect();
        for source in &sources {
            fail(
                &mut entry,
                &limits(),
                source,
                &[if source == "s0" { 0 } else { last }],
            );
        }
        assert_eq!(
            fail(&mut entry, &limits(), "user", &[last + 59, last + 60]),
            [(last + 59, 1)]
        );
        let total = Limits {
            source: None,
            ..limits()
        };
        let mut entry = None;
        let times: Vec<u64> = (0..50).map(|n| if n == 0 { 0 } else { last }).collect();
        fail(&mut entry, &total, "", &times);
        assert_eq!(entry.map(|entry| entry.end(&total)), Some(at(last + 60)));
    }

    #[test]
    fn whoever_keeps_failing_from_everywhere_locks_a_user_out_for_a_minute_at_a_time() {
        let mut entry = None;
        let (mut out, mut longest) = (0, 0);
        for second in 0..2 * 60 * MINUTE {
            // The user comes first each second, always with the right password.
            match Entry::attempt(entry.as_ref(), &limits(), "user", at(second)) {
                Ok(mine) => {
                    entry = mine.without(&mine, "user", at(second));
                    out = 0;
                }
                Err(_) => out += 1,
            }
            longest = longest.max(out);
            for guess in 0..100 {
                fail(
                    &mut entry,
                    &limits(),
                    &format!("s{second}-{guess}"),
                    &[second],
                );
            }
            assert!(
                entry
                    .as_ref()
                    .is_some_and(|entry| entry.sources.len() <= MOST_SOURCES)
            );
        }
        assert!((50..60).contains(&longest), "{longest}");
    }

    #[test]
    fn a_success_leaves_everything_as_it_was() {
        for failures in 0..8 {
            let mut before = None;
            let times: Vec<u64> = (0..failures).map(|n| n * 40).collect();
            assert_eq!(fail(&mut before, &limits(), "a", &times), []);
            let now = at(failures * 40);
            let mine = Entry::attempt(before.as_ref(), &limits(), "a", now).expect("allowed");
            let after = mine.without(&mine, "a", now);
            let counts = |entry: &Option<Entry>| {
                entry
                    .as_ref()
                    .map(|it| (it.total.count, it.sources["a"].count))
            };
            assert_eq!(counts(&after), counts(&before), "{failures}");
            let mut again = after;
            assert_eq!(
                fail(&mut again, &limits(), "a", &[failures * 40]),
                [],
                "{failures}: the lock is lifted"
            );
            // The failures before it still count.
            let beyond = failures.checked_sub(4);
            let locks = beyond.map(|beyond| (failures * 40, 1 << beyond));
            let refused = fail(&mut again, &limits(), "a", &[failures * 40]);
            assert_eq!(refused, locks.into_iter().collect::<Vec<_>>(), "{failures}");
        }
    }

    #[test]
    fn a_success_gives_back_its_own_attempt_and_no_other() {
        let mut entry = None;
        fail(&mut entry, &limits(), "a", &[0]);
        let mine = Entry::attempt(entry.as_ref(), &limits(), "a", at(1)).expect("allowed");
        let mut entry = Some(mine.clone());
        fail(&mut entry, &limits(), "a", &[1, 1, 1]);
        fail(&mut entry, &limits(), "b", &[1]);
        let after = entry
            .clone()
            .expect("an entry")
            .without(&mine, "a", at(1))
            .expect("something left");
        assert_eq!(
            (
                after.total.count,
                after.sources["a"].count,
                after.sources["b"].count
            ),
            (5, 4, 1)
        );
        // A lock that another attempt's failure caused stays; one failure fewer than the limit locks nothing.
        assert_eq!(fail(&mut Some(after), &limits(), "a", &[1, 1]), [(1, 1)]);
        // After the window it no longer counts.
        let mut later = None;
        fail(&mut later, &limits(), "a", &[16 * MINUTE]);
        assert_eq!(
            later
                .as_ref()
                .and_then(|later| later.without(&mine, "a", at(1))),
            later
        );
    }

    #[test]
    fn guesses_sent_together_are_counted_one_by_one() {
        let mut entry = None;
        let refused = fail(&mut entry, &limits(), "a", &[0; 20]);
        assert_eq!(refused.len(), 15);
    }

    #[test]
    fn a_source_is_locked_until_its_window_is_over() {
        for (limits, most, window) in [
            (source(&Throttle::default()), 20, 15 * MINUTE),
            (registrations(&Throttle::default()), 10, 60 * MINUTE),
        ] {
            let mut entry = None;
            assert_eq!(fail(&mut entry, &limits, "", &vec![0; most]), []);
            assert_eq!(
                fail(&mut entry, &limits, "", &[1, window - 1]),
                [(1, window - 1), (window - 1, 1)]
            );
            assert_eq!(fail(&mut entry, &limits, "", &vec![window; most]), []);
            assert_eq!(fail(&mut entry, &limits, "", &[window]), [(window, window)]);
        }
    }

    #[test]
    fn an_entry_is_kept_for_as_long_as_anything_in_it_counts() {
        let mut entry = None;
        fail(&mut entry, &limits(), "a", &[0; 5]);
        fail(&mut entry, &limits(), "b", &[10]);
        let end = |entry: &Option<Entry>| entry.as_ref().map(|entry| entry.end(&limits()));
        assert_eq!(end(&entry), Some(at(10 + 15 * MINUTE)));
        fail(&mut entry, &limits(), "a", &[15]);
        assert_eq!(end(&entry), Some(at(17 + 15 * MINUTE)));
    }

    #[test]
    fn an_entry_tells_the_attempts_that_count_and_the_longest_lock() {
        let held = |entry: &Option<Entry>, limits: &Limits, seconds: u64| {
            let held = entry
                .as_ref()
                .and_then(|entry| entry.held(limits, at(seconds)));
            held.map(|held| (held.attempts, held.until))
        };
        let mut entry = None;
        fail(&mut entry, &limits(), "a", &[0; 4]);
        assert_eq!(held(&entry, &limits(), 1), Some((4, None)));
        fail(&mut entry, &limits(), "a", &[1]);
        fail(&mut entry, &limits(), "b", &[1]);
        assert_eq!(held(&entry, &limits(), 1), Some((6, Some(at(2)))));
        assert_eq!(held(&entry, &limits(), 2), Some((6, None)));
        // The count over all is over; that of the source was prolonged by its lock.
        assert_eq!(held(&entry, &limits(), 15 * MINUTE), Some((5, None)));
        assert_eq!(held(&entry, &limits(), 15 * MINUTE + 2), None);
        let (mut entry, limits) = (None, source(&Throttle::default()));
        fail(&mut entry, &limits, "", &[0; 20]);
        let window = Some((20, Some(at(15 * MINUTE))));
        assert_eq!(held(&entry, &limits, 60), window);
        assert_eq!(held(&entry, &limits, 15 * MINUTE), None);
    }

    #[test]
    fn a_place_is_an_address_or_its_64() {
        for (address, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
            ("2001:DB8:1:3::1", "2001:db8:1:3::/64"),
            ("::1", "::/64"),
            ("", ""),
            ("192.0.2.1:80", "192.0.2.1:80"),
        ] {
            assert_eq!(place(address), expected, "{address}");
        }
    }
}
