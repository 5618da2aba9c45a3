//! The times of attempts.

use std::time::Duration;

use api::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// The delays after a failure, in seconds; after one more failure the delivery is parked.
const DELAYS: [u64; 7] = [
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    HOUR,
    4 * HOUR,
    12 * HOUR,
    24 * HOUR,
];

/// The most attempts of a delivery, until somebody redelivers it.
pub const MAX_ATTEMPTS: u32 = 8;

/// The longest delay that a receiver may ask for, in seconds.
const MAX_RETRY_AFTER: u64 = 24 * HOUR;

/// The longest time between two probes of a failing consumer, in seconds.
const MAX_PROBE: u64 = HOUR;

/// The time of the next attempt after `attempts` failures, `None` after the last: the schedule's, or the later one that
/// the receiver asked for. `random` spreads the schedule by a tenth to both sides.
#[must_use]
pub fn next(
    attempts: u32,
    asked: Option<Duration>,
    now: Timestamp,
    random: u32,
) -> Option<Timestamp> {
    if attempts >= MAX_ATTEMPTS {
        return None;
    }
    Some(now.after(spread(delay(attempts), random).max(asked.unwrap_or_default())))
}

/// The time of the next probe after `failures` failed ones: by the same schedule, and at most an hour away.
#[must_use]
pub fn probe(failures: u32, asked: Option<Duration>, now: Timestamp, random: u32) -> Timestamp {
    let hour = Duration::from_secs(MAX_PROBE);
    let by_schedule = spread(delay(failures.saturating_add(1)), random);
    now.after(by_schedule.max(asked.unwrap_or_default()).min(hour))
}

/// The delay that a receiver asks for by `Retry-After` (RFC 9110, section 10.2.3), with 429 or 503, at most a day.
#[must_use]
pub fn retry_after(status: u16, header: Option<&str>, now: Timestamp) -> Option<Duration> {
    let header = header.filter(|_| matches!(status, 429 | 503))?.trim();
    let most = Duration::from_secs(MAX_RETRY_AFTER);
    if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = header.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(most));
    }
    let until = date(header)?.millis().saturating_sub(now.millis());
    Some(Duration::from_millis(until).min(most))
}

/// Reads the preferred form of an HTTP date (RFC 9110, section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
fn date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_, rest) = text.split_once(", ")?;
    let parts: Vec<&str> = rest.split(' ').collect();
    let [day, month, year, time, "GMT"] = parts[..] else {
        return None;
    };
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    Timestamp::parse(&format!("{year}-{month:02}-{day}T{time}Z"))
}

fn delay(attempts: u32) -> u64 {
    let at = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    DELAYS.get(at).or(DELAYS.last()).copied().unwrap_or(MINUTE)
}

/// A delay, a tenth shorter to a tenth longer.
fn spread(seconds: u64, random: u32) -> Duration {
    let millis = seconds.saturating_mul(1000);
    let fifth = (millis / 5).saturating_mul(u64::from(random)) / u64::from(u32::MAX);
    Duration::from_millis(millis - millis / 10 + fifth)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);
    const HALF: u32 = u32::MAX / 2;

    fn seconds(time: Timestamp) -> f64 {
        let millis = time.millis() - NOW.millis();
        f64::from(u32::try_from(millis / 100).expect("small")) / 10.0
    }

    #[test]
    fn eight_attempts_in_about_41_hours_then_none() {
        let mut whole = 0.0;
        let expected = [60, 300, 900, 3600, 14_400, 43_200, 86_400];
        for (attempts, expected) in (1..).zip(expected) {
            let by = |random| next(attempts, None, NOW, random).map(seconds).expect("one");
            let expected = f64::from(expected);
            assert!((by(0) - expected * 0.9).abs() < 0.2, "{attempts}");
            assert!((by(u32::MAX) - expected * 1.1).abs() < 0.2, "{attempts}");
            assert!((by(HALF) - expected).abs() < 0.2, "{attempts}");
            whole += by(HALF);
        }
        assert!((whole / 3600.0 - 41.35).abs() < 0.01, "{whole}");
        assert_eq!(next(8, None, NOW, HALF), None);
        assert_eq!(next(9, Some(Duration::from_secs(1)), NOW, HALF), None);
    }

    #[test]
    fn a_receiver_may_ask_for_a_later_attempt_and_for_no_earlier() {
        let by = |asked| next(1, Some(Duration::from_secs(asked)), NOW, HALF).map(seconds);
        assert_eq!(by(1), Some(59.9));
        assert_eq!(by(600), Some(600.0));
    }

    #[test]
    fn probes_follow_the_schedule_up_to_an_hour() {
        let expected = [59.9, 299.9, 899.9, 3599.9, 3600.0, 3600.0];
        for (failures, expected) in (0..).zip(expected) {
            assert_eq!(
                seconds(probe(failures, None, NOW, HALF)),
                expected,
                "{failures}"
            );
        }
        assert_eq!(seconds(probe(9, None, NOW, u32::MAX)), 3600.0);
        let asked = Some(Duration::from_secs(1200));
        assert_eq!(seconds(probe(0, asked, NOW, HALF)), 1200.0);
        let day = Some(Duration::from_secs(86_400));
        assert_eq!(seconds(probe(0, day, NOW, HALF)), 3600.0);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_with_429_or_503() {
        let at = |status, header| retry_after(status, Some(header), NOW);
        let some = |seconds| Some(Duration::from_secs(seconds));
        for (status, header, expected) in [
            (429, "7", some(7)),
            (503, " 120 ", some(120)),
            (500, "7", None),
            (200, "7", None),
            (301, "7", None),
            (429, "0", some(0)),
            (429, "86401", some(86_400)),
            (429, "99999999999999999999999", some(86_400)),
            (429, "-1", None),
            (429, "1.5", None),
            (429, "", None),
            (429, "soon", None),
            // A minute after NOW, before it, and long after it.
            (503, "Mon, 21 Sep 2026 14:14:20 GMT", some(60)),
            (503, "Mon, 21 Sep 2026 14:12:20 GMT", some(0)),
            (503, "Mon, 21 Sep 2099 14:14:20 GMT", some(86_400)),
            (503, "Mon, 21 Sep 2026 14:14:20", None),
            (503, "Mon, 21 Foo 2026 14:14:20 GMT", None),
            (503, "Monday, 21-Sep-26 14:14:20 GMT", None),
        ] {
            assert_eq!(at(status, header), expected, "{status} {header}");
        }
        assert_eq!(retry_after(429, None, NOW), None);
    }
}
