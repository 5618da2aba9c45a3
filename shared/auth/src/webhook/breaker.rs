//! The breaker: consecutive failures of different events say that the receiver is dead, not an event poisonous.

use std::time::Duration;

use api::{Id, Timestamp};

use super::schedule;

/// The failures of different events, without a success between them, that make a consumer failing.
pub const THRESHOLD: usize = 5;

/// The state of a consumer's breaker, as the lease item keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    /// The different events that failed since the last success, at most [`THRESHOLD`].
    pub failed: Vec<Id>,
    /// The failures since the last success.
    pub failures: u32,
    /// The failed probes since the consumer is failing.
    pub probes: u32,
    /// While the consumer is failing, when the next attempt is.
    pub probe_at: Option<Timestamp>,
    /// The time of the last success.
    pub last_success: Option<Timestamp>,
}

/// A change of a consumer's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    /// The consumer has begun to fail.
    Failing,
    /// The consumer answers again.
    Recovered,
}

impl Breaker {
    /// Whether the consumer is failing: then one item is tried at a time.
    #[must_use]
    pub const fn is_failing(&self) -> bool {
        self.probe_at.is_some()
    }

    /// Counts a failed attempt; `asked` is the delay that the receiver asked for.
    pub fn fail(
        &mut self,
        event: Id,
        asked: Option<Duration>,
        now: Timestamp,
        random: u32,
    ) -> Option<Turned> {
        self.failures = self.failures.saturating_add(1);
        if let Some(probe_at) = self.probe_at {
            // Before its time it is no probe: it was under way when the breaker opened, or somebody asked for it.
            if probe_at <= now {
                self.probes = self.probes.saturating_add(1);
                self.probe_at = Some(schedule::probe(self.probes, asked, now, random));
            }
            return None;
        }
        if !self.failed.contains(&event) {
            self.failed.push(event);
        }
        if self.failed.len() < THRESHOLD {
            return None;
        }
        self.probe_at = Some(schedule::probe(0, asked, now, random));
        Some(Turned::Failing)
    }

    /// Counts a success: the count of failures begins anew.
    pub fn succeed(&mut self, now: Timestamp) -> Option<Turned> {
        let turned = self.is_failing().then_some(Turned::Recovered);
        *self = Self {
            last_success: Some(now),
            ..Self::default()
        };
        turned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn event(number: u8) -> Id {
        Id::new(NOW, [number; 10])
    }

    fn fail(breaker: &mut Breaker, number: u8) -> Option<Turned> {
        breaker.fail(event(number), None, NOW, 0)
    }

    #[test]
    fn five_different_events_make_a_consumer_failing() {
        let mut breaker = Breaker::default();
        for number in 1..5 {
            assert_eq!(fail(&mut breaker, number), None);
        }
        assert!(!breaker.is_failing());
        assert_eq!(fail(&mut breaker, 5), Some(Turned::Failing));
        assert_eq!(breaker.probe_at, Some(NOW.after(Duration::from_secs(54))));
        assert_eq!(breaker.failures, 5);
    }

    #[test]
    fn a_poisonous_event_alone_never_does() {
        let mut breaker = Breaker::default();
        for _ in 0..100 {
            assert_eq!(fail(&mut breaker, 1), None);
        }
        assert_eq!((breaker.failures, breaker.failed.len()), (100, 1));
        assert!(!breaker.is_failing());
    }

    #[test]
    fn a_success_between_them_begins_the_count_anew() {
        let mut breaker = Breaker::default();
        for number in 1..5 {
            assert_eq!(fail(&mut breaker, number), None);
        }
        assert_eq!(breaker.succeed(NOW), None);
        assert_eq!((breaker.failures, breaker.last_success), (0, Some(NOW)));
        for number in 5..9 {
            assert_eq!(fail(&mut breaker, number), None);
        }
        assert!(!breaker.is_failing());
    }

    #[test]
    fn failed_probes_move_the_next_one_and_the_first_success_recovers() {
        let mut breaker = Breaker::default();
        for number in 1..=5 {
            let _ = fail(&mut breaker, number);
        }
        let probe = |breaker: &mut Breaker, asked| {
            let now = breaker.probe_at.expect("failing");
            let turned = breaker.fail(event(6), asked, now, 0);
            assert_eq!(turned, None, "already failing");
            let next = breaker.probe_at.expect("failing");
            (next.millis() - now.millis()) / 1000
        };
        let times: Vec<u64> = (0..4).map(|_| probe(&mut breaker, None)).collect();
        assert_eq!(times, [270, 810, 3240, 3600]);
        let asked = Some(Duration::from_secs(7200));
        assert_eq!(probe(&mut breaker, asked), 3600, "at most an hour");
        let probe_at = breaker.probe_at;
        assert_eq!(fail(&mut breaker, 7), None);
        assert_eq!(
            breaker.probe_at, probe_at,
            "an attempt before its time is no probe"
        );
        assert_eq!(breaker.succeed(NOW), Some(Turned::Recovered));
        let clean = Breaker {
            last_success: Some(NOW),
            ..Breaker::default()
        };
        assert_eq!(breaker, clean);
    }
}
