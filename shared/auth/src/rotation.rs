//! The rotation of the keys of access tokens: which step is due, and when.
//!
//! A key is published, so that everybody who verifies has it before it signs. It signs after a quarter of an hour, and the
//! key before it verifies until its last token has expired.

use std::time::Duration;

use api::Timestamp;
use api::event::KeyStep;

/// For how long a key is published before it signs. It is three times the age at which a function looks again at its keys,
/// and longer than anybody may keep the public keys.
const PUBLISHED: Duration = Duration::from_secs(15 * 60);

/// For how long after a promotion the key before may still sign, twice the age at which a function looks again.
const SLACK: Duration = Duration::from_secs(10 * 60);

/// The keys of one kind, each by its id and the time since when it is in its state. A time that nobody has kept is long past.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shelf {
    /// The key that will sign next: it verifies already.
    pub next: Option<(String, Option<Timestamp>)>,
    /// The key that signs.
    pub current: Option<(String, Option<Timestamp>)>,
    /// The key that has signed before: it verifies.
    pub previous: Option<(String, Option<Timestamp>)>,
}

impl Shelf {
    /// Whether the key of this id is among them.
    #[must_use]
    pub fn holds(&self, kid: &str) -> bool {
        let mut all = [&self.next, &self.current, &self.previous]
            .into_iter()
            .flatten();
        all.any(|(held, _)| held == kid)
    }
}

/// The step is due later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooEarly {
    /// The step.
    pub step: KeyStep,
    /// The key.
    pub kid: String,
    /// From when on it may be taken.
    pub at: Timestamp,
}

/// The next step, and the key that it concerns; none for a publication, whose key is not yet made. `longest` is the longest
/// lifetime of a token.
///
/// # Errors
/// The step that is due later.
pub fn next(
    shelf: &Shelf,
    longest: Duration,
    now: Timestamp,
) -> Result<(KeyStep, Option<&str>), TooEarly> {
    let since = |at: Option<Timestamp>| at.unwrap_or(Timestamp::from_millis(0));
    let (step, kid, at) = if let Some((kid, at)) = &shelf.next {
        (KeyStep::Promoted, kid, since(*at).after(PUBLISHED))
    } else if let Some((kid, _)) = &shelf.previous {
        let promoted = shelf.current.as_ref().and_then(|(_, at)| *at);
        let at = since(promoted).after(longest).after(SLACK);
        (KeyStep::Dropped, kid, at)
    } else {
        return Ok((KeyStep::Published, None));
    };
    if at <= now {
        Ok((step, Some(kid)))
    } else {
        Err(TooEarly {
            step,
            kid: kid.clone(),
            at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);
    const HOUR: Duration = Duration::from_secs(3600);

    fn key(kid: &str, minutes: u64) -> Option<(String, Option<Timestamp>)> {
        let since = Timestamp::from_millis(NOW.millis() - minutes * 60_000);
        Some((kid.to_owned(), Some(since)))
    }

    #[test]
    fn each_step_waits_for_everybody_who_verifies() {
        let of = |next, current, previous| Shelf {
            next,
            current,
            previous,
        };
        let early = |step, kid: &str, minutes: u64| {
            Err(TooEarly {
                step,
                kid: kid.to_owned(),
                at: NOW.after(Duration::from_secs(minutes * 60)),
            })
        };
        let unknown = |kid: &str| Some((kid.to_owned(), None));
        for (shelf, expected) in [
            (of(None, None, None), Ok((KeyStep::Published, None))),
            (of(None, key("a", 0), None), Ok((KeyStep::Published, None))),
            (
                of(key("b", 14), key("a", 999), None),
                early(KeyStep::Promoted, "b", 1),
            ),
            (
                of(key("b", 15), key("a", 999), None),
                Ok((KeyStep::Promoted, Some("b"))),
            ),
            (
                of(key("b", 15), None, None),
                Ok((KeyStep::Promoted, Some("b"))),
            ),
            (
                of(None, key("b", 69), key("a", 999)),
                early(KeyStep::Dropped, "a", 1),
            ),
            (
                of(None, key("b", 70), key("a", 0)),
                Ok((KeyStep::Dropped, Some("a"))),
            ),
            (
                of(None, unknown("b"), unknown("a")),
                Ok((KeyStep::Dropped, Some("a"))),
            ),
        ] {
            assert_eq!(next(&shelf, HOUR, NOW), expected, "{shelf:?}");
        }
    }

    #[test]
    fn a_key_is_published_for_longer_than_anybody_keeps_the_keys() {
        use api::endpoints::PAGE;

        let kept = PAGE.iter().filter_map(|entry| entry.kept).max();
        let kept = Duration::from_secs(kept.map_or(0, u64::from));
        let age = Duration::from_secs(5 * 60);
        // The list may be as old as an instance's own keys when it is kept.
        assert!(kept + age < PUBLISHED && age < SLACK);
    }
}
