//! Leases: which worker serves a consumer, and what it may do there.

use std::time::Duration;

use api::Timestamp;

use super::breaker::Breaker;

/// How long a lease holds unless it is renewed, which every round does.
pub const TERM: Duration = Duration::from_secs(30);

/// How long a worker serves a consumer before another invocation goes on.
pub const SHIFT: Duration = Duration::from_secs(20);

/// The lease of a consumer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    /// When it runs out, while a worker holds it.
    pub until: Option<Timestamp>,
    /// The keys of the waiting items that the holder tries.
    pub running: Vec<String>,
    /// The consumer's breaker.
    pub breaker: Breaker,
}

/// The work that a holder may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Everything that is due.
    All,
    /// One item: somebody asked for it, or a failing consumer is probed.
    One,
    /// Nothing, until it is due or the consumer is probed.
    Nothing,
}

impl Lease {
    /// Whether a worker holds it now.
    #[must_use]
    pub fn is_held(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// Whether its holder has died: nobody gave it back, and it has run out.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// The first waiting item of a consumer's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct First {
    /// When it is due.
    pub due: Timestamp,
    /// Whether somebody asked for it: then it does not wait for a probe.
    pub asked: bool,
}

/// The work that there is for a consumer with this breaker.
#[must_use]
pub fn turn(breaker: &Breaker, first: Option<First>, now: Timestamp) -> Turn {
    match (first.filter(|first| first.due <= now), breaker.probe_at) {
        (None, _) => Turn::Nothing,
        (Some(_), None) => Turn::All,
        (Some(first), Some(probe_at)) if first.asked || probe_at <= now => Turn::One,
        (Some(_), Some(_)) => Turn::Nothing,
    }
}

/// Whether the sweep wakes a worker for a consumer.
#[must_use]
pub fn needs_worker(lease: &Lease, first: Option<First>, now: Timestamp) -> bool {
    !lease.is_held(now)
        && (lease.is_stale(now) || turn(&lease.breaker, first, now) != Turn::Nothing)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn at(millis: i64) -> Timestamp {
        let now = i64::try_from(NOW.millis()).expect("small");
        Timestamp::from_millis(u64::try_from(now + millis).expect("positive"))
    }

    fn first(due: i64, asked: bool) -> Option<First> {
        let due = at(due);
        Some(First { due, asked })
    }

    fn lease(until: Option<i64>, probe_at: Option<i64>) -> Lease {
        Lease {
            until: until.map(at),
            running: Vec::new(),
            breaker: Breaker {
                probe_at: probe_at.map(at),
                ..Breaker::default()
            },
        }
    }

    #[test]
    fn a_lease_is_held_free_or_stale() {
        for (until, held, stale) in [
            (None, false, false),
            (Some(1), true, false),
            (Some(0), false, true),
            (Some(-1), false, true),
        ] {
            let lease = lease(until, None);
            assert_eq!((lease.is_held(NOW), lease.is_stale(NOW)), (held, stale));
        }
    }

    #[test]
    fn the_sweep_wakes_where_something_is_due_or_a_worker_has_died() {
        for (until, probe_at, item, wakes) in [
            (None, None, None, false),
            (None, None, first(0, false), true),
            (None, None, first(1, false), false),
            (Some(1), None, first(0, false), false),
            (Some(0), None, None, true),
            (Some(0), Some(5), first(0, false), true),
            (None, Some(0), first(-9, false), true),
            (None, Some(1), first(-9, false), false),
            (None, Some(1), first(-9, true), true),
            (None, Some(0), first(1, false), false),
        ] {
            let lease = lease(until, probe_at);
            assert_eq!(needs_worker(&lease, item, NOW), wakes, "{lease:?} {item:?}");
        }
    }

    #[test]
    fn a_failing_consumer_gets_one_item_at_its_time() {
        let failing = lease(None, Some(0)).breaker;
        let later = lease(None, Some(1)).breaker;
        let fine = Breaker::default();
        assert_eq!(turn(&fine, first(0, false), NOW), Turn::All);
        assert_eq!(turn(&failing, first(0, false), NOW), Turn::One);
        assert_eq!(turn(&later, first(0, false), NOW), Turn::Nothing);
        assert_eq!(turn(&later, first(0, true), NOW), Turn::One);
        assert_eq!(turn(&fine, None, NOW), Turn::Nothing);
    }
}
