//! `cargo admin keys status`: which keys there are, and from when on the next step may be taken.

use std::time::Duration;

use api::Timestamp;
use api::event::KeyStep;
use api::settings::{Settings, TokenAlgorithm};
use auth::rotation::{self, Shelf};
use store::{SealingNumbers, Store};

use crate::sealing::{UNKNOWN, list, removable_from, settled_at};
use crate::{now, words};

/// The keys of access tokens and those of sealed values, each kind with its next step.
pub(crate) async fn run(store: &Store, settings: &Settings) -> Result<String, String> {
    let auth = &settings.auth;
    let algorithm = auth.tokens.algorithm;
    let tokens = match (algorithm, &auth.jwt_secret) {
        (TokenAlgorithm::HS256, Some(_)) => {
            "Access tokens (HS256): auth.jwtSecret signs.\nNext: replace it there and deploy; clients refresh.".to_owned()
        }
        _ => {
            let shelf = store.key_shelf(algorithm).await;
            let shelf = shelf.map_err(|error| words(&error))?;
            let missing = "there are no keys yet; the first registration or login makes them";
            let shelf = shelf.ok_or_else(|| missing.to_owned())?;
            let lines = of_tokens(&shelf, auth.longest_token(), now());
            format!("Access tokens ({}):\n{lines}", algorithm.as_str())
        }
    };
    let numbers = store.sealing_numbers().await;
    let numbers = numbers.map_err(|error| words(&error))?;
    let sealed = of_sealing(&numbers, removable_from(&numbers, settings), now())?;
    Ok(format!("{tokens}\n\nSealed values:\n{sealed}"))
}

/// The keys of access tokens by their states, and the next step of their rotation.
fn of_tokens(shelf: &Shelf, longest: Duration, now: Timestamp) -> String {
    let line = |key: &Option<(String, Option<Timestamp>)>, state: &str| {
        let (kid, since) = key.as_ref()?;
        let since = since.map(|at| format!(" since {at}"));
        Some(format!("{kid} {state}{}", since.unwrap_or_default()))
    };
    let lines = [
        line(&shelf.current, "signs"),
        line(&shelf.next, "is published"),
        // The time of a key before is that of its own promotion.
        shelf
            .previous
            .as_ref()
            .map(|(kid, _)| format!("{kid} verifies the tokens of before")),
    ];
    let deed = |step: KeyStep, kid: &str| match step {
        KeyStep::Promoted => format!("lets {kid} sign"),
        KeyStep::Dropped => format!("drops {kid}"),
        KeyStep::Published | KeyStep::Revoked => "publishes another key".to_owned(),
    };
    let next = match rotation::next(shelf, longest, now) {
        Ok((step, kid)) => {
            let deed = deed(step, kid.unwrap_or_default());
            format!("Next: `cargo admin keys rotate` {deed}; it may run now.")
        }
        Err(early) => format!(
            "Next: `cargo admin keys rotate` {}; it may run from {} on.",
            deed(early.step, &early.kid),
            early.at
        ),
    };
    let lines = lines.into_iter().flatten().chain([next]);
    lines.collect::<Vec<_>>().join("\n")
}

/// The sealing keys by their numbers, and the next step.
fn of_sealing(
    numbers: &SealingNumbers,
    removable: Option<Timestamp>,
    now: Timestamp,
) -> Result<String, String> {
    let lines = list(numbers)?;
    let highest = numbers.highest().unwrap_or_default();
    let from = |at: Option<Timestamp>| match at {
        Some(at) if at <= now => "it may run now".to_owned(),
        Some(at) => format!("it may run from {at} on"),
        None => UNKNOWN.to_owned(),
    };
    let older = || {
        numbers
            .all
            .iter()
            .filter(|it| it.has_key && it.number < highest)
    };
    // Reseal leaves recovery codes as they are, so they keep no step from its turn.
    let waiting: Vec<String> = older()
        .filter(|it| it.codes > 0 && it.items == it.codes)
        .map(|it| {
            format!(
                "\n{} waits until {} users have new recovery codes.",
                it.number, it.codes
            )
        })
        .collect();
    let next = if older().any(|it| it.items > it.codes) {
        format!(
            "Next: `cargo admin reseal` seals anew what names an older number; {}.",
            from(settled_at(numbers))
        )
    } else if let Some(oldest) = older().find(|it| it.items == 0) {
        format!(
            "Next: `cargo admin keys drop {}`; {}.",
            oldest.number,
            from(removable)
        )
    } else {
        "Next: `cargo admin keys add` makes another number; it may run now.".to_owned()
    };
    Ok(format!("{lines}{}\n{next}", waiting.concat()))
}

#[cfg(test)]
mod tests {
    use store::SealingNumber;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);
    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn each_state_of_a_rotation_tells_its_next_step_and_when() {
        let key = |kid: &str, ago: u32| Some((kid.to_owned(), Some(NOW.before(MINUTE * ago))));
        let next = |shelf: &Shelf| {
            let lines = of_tokens(shelf, MINUTE * 15, NOW);
            lines.lines().next_back().unwrap_or_default().to_owned()
        };
        let mut shelf = Shelf {
            current: key("a", 999),
            ..Shelf::default()
        };
        let told = "Next: `cargo admin keys rotate` publishes another key; it may run now.";
        assert_eq!(next(&shelf), told);
        shelf.next = key("b", 5);
        let at = NOW.after(MINUTE * 10);
        let told = format!("Next: `cargo admin keys rotate` lets b sign; it may run from {at} on.");
        assert_eq!(next(&shelf), told);
        let lines = of_tokens(&shelf, MINUTE * 15, NOW);
        assert!(lines.starts_with("a signs since 2") && lines.contains("\nb is published since 2"));
        let shelf = Shelf {
            current: key("b", 30),
            previous: key("a", 999),
            ..Shelf::default()
        };
        let told = "Next: `cargo admin keys rotate` drops a; it may run now.";
        assert_eq!(next(&shelf), told);
        let lines = of_tokens(&shelf, MINUTE * 15, NOW);
        assert!(
            lines.contains("\na verifies the tokens of before\n"),
            "{lines}"
        );
    }

    #[test]
    fn sealed_values_go_from_a_new_number_by_way_of_sealing_anew_to_the_end_of_the_old_one() {
        let number = |number, items| SealingNumber {
            number,
            items,
            codes: 0,
            has_key: true,
        };
        let next = |all: &[SealingNumber], ago: u32| {
            let numbers = SealingNumbers {
                all: all.to_vec(),
                since: Some(NOW.before(MINUTE * ago)),
            };
            let removable = settled_at(&numbers).map(|at| at.after(MINUTE * 60));
            let lines = of_sealing(&numbers, removable, NOW).expect("keys");
            lines.lines().next_back().unwrap_or_default().to_owned()
        };
        let add = "Next: `cargo admin keys add` makes another number; it may run now.";
        assert_eq!(next(&[number(1, 7)], 999), add);
        let reseal = "Next: `cargo admin reseal` seals anew what names an older number; ";
        let both = [number(1, 7), number(2, 0)];
        let later = NOW.after(MINUTE * 4);
        assert_eq!(
            next(&both, 1),
            format!("{reseal}it may run from {later} on.")
        );
        assert_eq!(next(&both, 5), format!("{reseal}it may run now."));
        let sealed = [number(1, 0), number(2, 7)];
        let later = NOW.after(MINUTE * 60);
        let drop = "Next: `cargo admin keys drop 1`; ";
        assert_eq!(
            next(&sealed, 5),
            format!("{drop}it may run from {later} on.")
        );
        assert_eq!(next(&sealed, 65), format!("{drop}it may run now."));
        // Recovery codes are not sealed anew: what is left of them keeps no other step from its turn.
        let codes = |items| SealingNumber {
            codes: 3,
            ..number(1, items)
        };
        assert_eq!(
            next(&[codes(4), number(2, 7)], 5),
            format!("{reseal}it may run now.")
        );
        assert_eq!(next(&[codes(3), number(2, 7)], 65), add);
        let drop_other = "Next: `cargo admin keys drop 2`; it may run now.";
        assert_eq!(
            next(&[codes(3), number(2, 0), number(3, 7)], 65),
            drop_other
        );
        let left = SealingNumbers {
            all: vec![codes(3), number(2, 7)],
            since: Some(NOW),
        };
        let lines = of_sealing(&left, None, NOW).expect("keys");
        let waits = "\n1 waits until 3 users have new recovery codes.\n";
        assert!(lines.contains(waits), "{lines}");
        let unknown = SealingNumbers {
            all: sealed.to_vec(),
            since: None,
        };
        let lines = of_sealing(&unknown, None, NOW).expect("keys");
        assert!(lines.ends_with(&format!("{drop}{UNKNOWN}.")), "{lines}");
    }
}
