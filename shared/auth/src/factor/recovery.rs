//! Recovery codes: ten of 80 bits, each good once. They are derived, so none is stored.

use api::{Error, Id, Timestamp};
use ring::hmac;

use super::Numbers;
use crate::keys::{Keys, derive, no_key};

/// How many there are.
pub const COUNT: u8 = 10;

/// The bytes of a code.
const LENGTH: usize = 10;

/// Crockford's alphabet: digits and capitals without I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The recovery codes of a user, as they are kept: none of them follows from it without the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// When they were made, in milliseconds. No two generations of a user are the same, also where a factor was removed between:
    /// codes of an earlier one never come back.
    pub generation: u64,
    /// The number of the sealing key that they are derived from; it stays with them.
    pub key: u32,
    /// The numbers of those that were used.
    pub used: Numbers,
}

impl Recovery {
    /// New ones at this time, or after others; the newest sealing key makes them.
    pub(super) fn next(keys: &Keys, before: Option<&Self>, now: Timestamp) -> Result<Self, Error> {
        let held = keys.held();
        let (key, _) = held.sealing.last_key_value().ok_or_else(no_key)?;
        Ok(Self {
            generation: before.map_or(0, |it| it.generation + 1).max(now.millis()),
            key: *key,
            used: Numbers::new(),
        })
    }

    /// How many were not used.
    #[must_use]
    pub fn left(&self) -> usize {
        usize::from(COUNT).saturating_sub(self.used.len())
    }

    /// All of them, as they are shown.
    pub(super) fn codes(&self, keys: &Keys, user: Id) -> Result<Vec<String>, Error> {
        let mac = self.mac(keys).ok_or_else(no_key)?;
        Ok((0..COUNT)
            .map(|number| shown(self.code(&mac, user, number)))
            .collect())
    }

    /// The number of a code that was typed and not used before, whatever its case and hyphens.
    pub(super) fn find(&self, keys: &Keys, user: Id, typed: &str) -> Option<u8> {
        let typed = read(typed)?;
        let mac = self.mac(keys)?;
        // Each is compared, and each as a whole: the time tells nothing.
        let mut found = None;
        for number in (0..COUNT).filter(|number| !self.used.contains(number)) {
            let code = self.code(&mac, user, number);
            let differing = code.iter().zip(typed).fold(0, |all, (a, b)| all | (a ^ b));
            if differing == 0 {
                found = Some(number);
            }
        }
        found
    }

    fn mac(&self, keys: &Keys) -> Option<hmac::Key> {
        let held = keys.held();
        let key = held.sealing.get(&self.key)?;
        let key = derive(&keys.issuer, key, b"recovery-code").ok()?;
        Some(hmac::Key::new(hmac::HMAC_SHA256, &key))
    }

    fn code(&self, mac: &hmac::Key, user: Id, number: u8) -> [u8; LENGTH] {
        let text = format!("{user}\0{}\0{number}", self.generation);
        let tag = hmac::sign(mac, text.as_bytes());
        tag.as_ref().first_chunk().copied().unwrap_or_default()
    }
}

/// A code in groups of four.
fn shown(code: [u8; LENGTH]) -> String {
    let (mut bits, mut count, mut text) = (0_u32, 0, String::new());
    for byte in code {
        bits = (bits << 8) | u32::from(byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            let digit = usize::try_from((bits >> count) & 31).unwrap_or_default();
            if matches!(text.len(), 4 | 9 | 14) {
                text.push('-');
            }
            text.push(char::from(ALPHABET.get(digit).copied().unwrap_or_default()));
        }
    }
    text
}

/// The bytes of a typed code. Letters that look like digits are read as these, as Crockford's alphabet has it.
fn read(typed: &str) -> Option<[u8; LENGTH]> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for typed in typed.trim_matches(' ').bytes().filter(|byte| *byte != b'-') {
        let letter = match typed.to_ascii_uppercase() {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            letter => letter,
        };
        let digit = ALPHABET.iter().position(|known| *known == letter)?;
        bits = (bits << 5) | u32::try_from(digit).ok()?;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 255).ok()?);
        }
    }
    (count == 0).then(|| bytes.try_into().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_it_was_shown_or_typed() {
        let code = [0, 1, 2, 3, 250, 251, 252, 253, 254, 255];
        let text = shown(code);
        assert_eq!((text.len(), &text[..5]), (19, "000G-"));
        for typed in [
            text.clone(),
            text.to_lowercase(),
            text.replace('-', ""),
            text.replace('0', "o"),
            format!(" {text} "),
        ] {
            assert_eq!(read(&typed), Some(code), "{typed}");
        }
        for typed in [
            "",
            "000G",
            &text[..18],
            &format!("{text}0"),
            &text.replace('0', "U"),
        ] {
            assert_eq!(read(typed), None, "{typed}");
        }
    }
}
