//! The sealing keys: their numbers, the next key, one that goes, and values sealed anew (`cargo admin reseal`).

use std::time::Duration;

use api::settings::{Settings, Span};
use api::{Error, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};
use store::{Nonces, SealingNumber, SealingNumbers, Store};

use crate::{now, words};

/// How long functions go on to seal with the highest number that they know, after another was made.
const KNOWN_LATER: Duration = Duration::from_secs(5 * 60);

/// For how long a notice is sent that names a number: a day.
const NOTICES: Duration = Duration::from_secs(86_400);

/// The sealing keys, a line each.
pub(crate) async fn listed(store: &Store) -> Result<String, String> {
    let numbers = store.sealing_numbers().await;
    list(&numbers.map_err(|error| words(&error))?)
}

/// Makes the next sealing key, and reports its number.
pub(crate) async fn add(store: &Store) -> Result<String, String> {
    let key = random().map_err(|error| words(&error))?;
    let number = store.add_sealing_key(key, now()).await;
    let number = number.map_err(|error| words(&error))?;
    Ok(format!(
        "The sealing key {number} is made. Functions seal with it within five minutes; then run `cargo admin reseal`."
    ))
}

/// Removes a sealing key that nothing needs, and reports it.
pub(crate) async fn remove(
    store: &Store,
    settings: &Settings,
    number: u32,
) -> Result<String, String> {
    let numbers = store.sealing_numbers().await;
    let numbers = numbers.map_err(|error| words(&error))?;
    let (highest, removable) = (numbers.highest(), removable_from(&numbers, settings));
    let Some(found) = numbers.all.iter().find(|it| it.number == number) else {
        return Err(format!("there is no sealing key {number}"));
    };
    let highest = match highest {
        Some(highest) if highest == number => {
            return Err(format!(
                "the sealing key {number} seals; make another with `cargo admin keys add`"
            ));
        }
        Some(highest) if found.has_key => highest,
        _ => return Err(format!("there is no sealing key {number}")),
    };
    if found.items > 0 {
        return Err(format!(
            "{}; run `cargo admin reseal`, and wait until users whose recovery codes name it have new ones",
            naming(found)
        ));
    }
    refuse_early(number, removable, now())?;
    match store.drop_sealing_key(number, highest).await {
        Ok(true) => Ok(format!("The sealing key {number} is dropped.")),
        Ok(false) => {
            Err("another command has changed the sealing keys at the same time".to_owned())
        }
        Err(error) => Err(words(&error)),
    }
}

/// Refuses to drop a number that mails may name, also where nobody knows since when another one seals.
fn refuse_early(number: u32, removable: Option<Timestamp>, now: Timestamp) -> Result<(), String> {
    match removable {
        Some(removable) if removable <= now => Ok(()),
        Some(removable) => Err(format!(
            "the sealing key {number} may be dropped from {removable} on: mails of before name it"
        )),
        None => Err(UNKNOWN.to_owned()),
    }
}

/// The remedy where the table does not say since when the highest number is there.
pub(crate) const UNKNOWN: &str = "the table does not say since when the highest number seals; run `cargo admin keys add` once \
                                  more, which notes it";

/// From when on no function seals with a number below the highest. It is `None` where the table does not say since when the
/// highest of several is there.
pub(crate) fn settled_at(numbers: &SealingNumbers) -> Option<Timestamp> {
    let is_only = numbers.all.iter().filter(|it| it.has_key).count() < 2;
    // The first number has no time, and none before it.
    let since = numbers.since.or(is_only.then(Timestamp::default))?;
    Some(since.after(KNOWN_LATER))
}

/// From when on no mail names a number below the highest, by a code, a link or a notice; `None` as [`settled_at`].
pub(crate) fn removable_from(numbers: &SealingNumbers, settings: &Settings) -> Option<Timestamp> {
    let auth = &settings.auth;
    let longest = [
        auth.verification_ttl,
        auth.reset_ttl,
        auth.magic_link_ttl,
        auth.code_ttl,
        auth.invitations.ttl,
    ];
    let longest = longest.map(Span::duration).into_iter().max();
    let longest = longest.unwrap_or_default().max(NOTICES);
    Some(settled_at(numbers)?.after(longest))
}

/// Seals anew what is stored under older numbers, and reports the result in a sentence.
pub(crate) async fn reseal(store: &Store) -> Result<String, String> {
    let nonces = || Ok::<Nonces, Error>([random()?, random()?]);
    let done = store.reseal(nonces).await.map_err(|error| words(&error))?;
    let counts = format!("{} items read, {} sealed anew", done.items, done.anew);
    let webhooks = done.closed.iter().map(|id| {
        format!("the secret of webhook {id} does not open: rotate it, or bring its key back")
    });
    let factors = done.closed_factors.iter().map(|user| {
        format!("the second factor of user {user} does not open: remove it, or bring its key back")
    });
    let providers = done.closed_providers.iter().map(|name| {
        format!("the secret of provider {name} does not open: set it again, or bring its key back")
    });
    let pairs = done.closed_pairs.iter().map(|kid| {
        format!("the key {kid} of access tokens does not open: replace it with `cargo admin keys rotate --compromised`, or \
                 bring its sealing key back")
    });
    let closed: Vec<String> = webhooks
        .chain(factors)
        .chain(providers)
        .chain(pairs)
        .collect();
    if closed.is_empty() {
        return Ok(format!("{counts}."));
    }
    Err(format!("{}\n{counts}.", closed.join("\n")))
}

/// A line for each number.
pub(crate) fn list(numbers: &SealingNumbers) -> Result<String, String> {
    let Some(highest) = numbers.highest() else {
        return Err(
            "there is no sealing key yet; the first function that needs one makes it".to_owned(),
        );
    };
    let lines = numbers.all.iter().map(|it| {
        let note = match it {
            SealingNumber { has_key: false, .. } => "; its key is missing, so they do not open",
            SealingNumber { number, .. } if *number == highest => "; it seals",
            SealingNumber { .. } => "",
        };
        format!("{}: {}{note}", it.number, naming(it))
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

fn naming(number: &SealingNumber) -> String {
    match number.items {
        0 => "no item names it".to_owned(),
        1 => "1 item names it".to_owned(),
        items => format!("{items} items name it"),
    }
}

pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::internal("the system has no random bytes"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_line_and_the_highest_key_seals() {
        let number = |number, items, has_key| SealingNumber {
            number,
            items,
            codes: 0,
            has_key,
        };
        let numbers = vec![
            number(1, 2, true),
            number(2, 0, true),
            number(3, 1, true),
            number(9, 1, false),
        ];
        let of = |all: &[SealingNumber]| {
            list(&SealingNumbers {
                all: all.to_vec(),
                since: None,
            })
        };
        assert_eq!(
            of(&numbers).expect("keys"),
            "1: 2 items name it\n2: no item names it\n3: 1 item names it; it seals\n\
             9: 1 item names it; its key is missing, so they do not open"
        );
        assert!(of(&[]).is_err() && of(&numbers[3..]).is_err());
    }

    #[test]
    fn a_number_is_dropped_when_no_mail_names_it_and_never_without_a_time() {
        const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);
        let number = |number| SealingNumber {
            number,
            items: 0,
            codes: 0,
            has_key: true,
        };
        let of = |all: &[u32], since| SealingNumbers {
            all: all.iter().copied().map(number).collect(),
            since,
        };
        assert_eq!(settled_at(&of(&[1, 2], None)), None);
        assert!(settled_at(&of(&[1], None)).is_some_and(|at| at < NOW));
        let settled = Some(NOW.after(KNOWN_LATER));
        assert_eq!(settled_at(&of(&[1, 2], Some(NOW))), settled);

        let mut settings = Settings::default();
        let auth = &mut settings.auth;
        for span in [
            &mut auth.verification_ttl,
            &mut auth.reset_ttl,
            &mut auth.magic_link_ttl,
            &mut auth.code_ttl,
            &mut auth.invitations.ttl,
        ] {
            *span = Span::seconds(600);
        }
        assert_eq!(removable_from(&of(&[1, 2], None), &settings), None);
        // Notices outlive short codes and links.
        let removable = NOW.after(KNOWN_LATER + NOTICES);
        let from = removable_from(&of(&[1, 2], Some(NOW)), &settings);
        assert_eq!(from, Some(removable));

        assert_eq!(refuse_early(1, Some(NOW), NOW), Ok(()));
        let early = refuse_early(1, Some(removable), NOW).expect_err("a refusal");
        assert!(early.contains("may be dropped from 2"), "{early}");
        assert_eq!(refuse_early(1, None, NOW), Err(UNKNOWN.to_owned()));
    }
}
