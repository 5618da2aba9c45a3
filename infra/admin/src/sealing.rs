//! `cargo admin keys` and `cargo admin reseal`: the numbers of the sealing keys, the next key, and values sealed anew.

use api::Error;
use ring::rand::{SecureRandom, SystemRandom};
use store::{Nonces, SealingNumber, Store};

use crate::words;

/// Lists the sealing keys, or makes the next one, and reports the result.
pub(crate) async fn keys(store: &Store, adds: bool) -> Result<String, String> {
    if !adds {
        let numbers = store.sealing_numbers().await;
        return list(&numbers.map_err(|error| words(&error))?);
    }
    let key = random().map_err(|error| words(&error))?;
    let number = store.add_sealing_key(key).await;
    let number = number.map_err(|error| words(&error))?;
    Ok(format!(
        "The sealing key {number} is made. Functions seal with it within five minutes; then run `cargo admin reseal`."
    ))
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
fn list(numbers: &[SealingNumber]) -> Result<String, String> {
    let highest = numbers.iter().filter(|it| it.has_key);
    let Some(highest) = highest.map(|it| it.number).max() else {
        return Err(
            "there is no sealing key yet; the first function that needs one makes it".to_owned(),
        );
    };
    let lines = numbers.iter().map(|it| {
        let note = match it {
            SealingNumber { has_key: false, .. } => "; its key is missing, so they do not open",
            SealingNumber { number, .. } if *number == highest => "; it seals",
            SealingNumber { .. } => "",
        };
        let items = match it.items {
            0 => "no item names it".to_owned(),
            1 => "1 item names it".to_owned(),
            items => format!("{items} items name it"),
        };
        format!("{}: {items}{note}", it.number)
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
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
            has_key,
        };
        let numbers = [
            number(1, 2, true),
            number(2, 0, true),
            number(3, 1, true),
            number(9, 1, false),
        ];
        assert_eq!(
            list(&numbers).expect("keys"),
            "1: 2 items name it\n2: no item names it\n3: 1 item names it; it seals\n\
             9: 1 item names it; its key is missing, so they do not open"
        );
        assert!(list(&[]).is_err() && list(&numbers[3..]).is_err());
    }
}
