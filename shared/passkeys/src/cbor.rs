//! CBOR (RFC 8949) as authenticators write it (CTAP 2, section 8): of definite length, without tags, without a key twice.
//!
//! It copies nothing. A length that is longer than the text ends the reading, so its time is bounded by the text's length.

use std::collections::BTreeSet;

/// The deepest nesting, which CTAP 2 says.
const MAX_DEPTH: u8 = 4;

const BYTES: u8 = 2;
const TEXT: u8 = 3;
const LIST: u8 = 4;
const MAP: u8 = 5;
const SIMPLE: u8 = 7;

/// Whether the bytes are one item and nothing else.
pub(crate) fn is_one(bytes: &[u8]) -> bool {
    after(bytes, MAX_DEPTH).is_some_and(<[u8]>::is_empty)
}

/// The rest after the first item.
pub(crate) fn rest(bytes: &[u8]) -> Option<&[u8]> {
    after(bytes, MAX_DEPTH)
}

/// The byte string under this name in a map that is all of the bytes.
pub(crate) fn bytes_under<'a>(map: &'a [u8], name: &str) -> Option<&'a [u8]> {
    if !is_one(map) {
        return None;
    }
    let (MAP, count, mut at) = head(map)? else {
        return None;
    };
    for _ in 0..count {
        let value = rest(at)?;
        let (kind, length, key) = head(at)?;
        let is_it =
            kind == TEXT && key.get(..usize::try_from(length).ok()?) == Some(name.as_bytes());
        if is_it {
            let (BYTES, length, content) = head(value)? else {
                return None;
            };
            return content.get(..usize::try_from(length).ok()?);
        }
        at = rest(value)?;
    }
    None
}

/// The rest after an item that nests at most so deep.
fn after(bytes: &[u8], depth: u8) -> Option<&[u8]> {
    let (kind, value, rest) = head(bytes)?;
    match kind {
        0 | 1 => Some(rest),
        BYTES => rest.get(usize::try_from(value).ok()?..),
        TEXT => {
            let (text, rest) = rest.split_at_checked(usize::try_from(value).ok()?)?;
            std::str::from_utf8(text).ok().map(|_| rest)
        }
        LIST => {
            let depth = depth.checked_sub(1)?;
            (0..value).try_fold(rest, |rest, _| after(rest, depth))
        }
        MAP => {
            let depth = depth.checked_sub(1)?;
            let mut keys = BTreeSet::new();
            (0..value).try_fold(rest, |key, _| {
                let value = after(key, depth)?;
                let key = key.get(..key.len().checked_sub(value.len())?)?;
                keys.insert(key).then(|| after(value, depth))?
            })
        }
        SIMPLE => Some(rest),
        _ => None,
    }
}

/// The kind of an item, its number, and the rest after these.
fn head(bytes: &[u8]) -> Option<(u8, u64, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (kind, short) = (first >> 5, first & 31);
    let width = match short {
        0..24 => return Some((kind, short.into(), rest)),
        24..28 => 1 << (short - 24),
        _ => return None,
    };
    let (number, rest) = rest.split_at_checked(width)?;
    let number = number
        .iter()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    Some((kind, number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_item_without_ambiguity_is_read() {
        for (bytes, expected) in [
            (&b"\x01"[..], true),
            (b"\x18\xff", true),
            (b"\x20", true),
            (b"\x43abc", true),
            (b"\x63abc", true),
            (b"\x82\x01\x02", true),
            (b"\xa2\x01\x02\x03\x04", true),
            (b"\xa1\x61a\xa1\x01\x82\x01\xf5", true),
            (b"\xfa\0\0\0\0", true),
            (b"", false),
            (b"\x01\x02", false),
            (b"\x43ab", false),
            (b"\x61\xff", false),
            (b"\x82\x01", false),
            (b"\xa2\x01\x02\x01\x04", false),
            (b"\xa1\x01", false),
            (b"\x5f\x41a\xff", false),
            (b"\xbf\xff", false),
            (b"\xc0\x01", false),
            (b"\x1c", false),
            (b"\x81\x81\x81\x81\x01", true),
            (b"\x81\x81\x81\x81\x81\x01", false),
        ] {
            assert_eq!(is_one(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn lengths_beyond_the_text_end_the_reading_at_once() {
        for start in [0x5b, 0x7b, 0x9b, 0xbb] {
            let mut bytes = vec![start];
            bytes.extend([0xff; 8]);
            bytes.extend([0; 16_384]);
            assert!(!is_one(&bytes), "{start}");
        }
        assert!(!is_one(&vec![0x81; 16_384]));
    }

    #[test]
    fn a_byte_string_is_found_by_its_name() {
        let map = b"\xa2\x61a\x01\x61b\x42xy";
        assert_eq!(bytes_under(map, "b"), Some(&b"xy"[..]));
        assert_eq!(bytes_under(map, "a"), None);
        assert_eq!(bytes_under(map, "c"), None);
        assert_eq!(bytes_under(b"\x01", "a"), None);
        assert_eq!(bytes_under(b"\xa1\x61b\x42xy\0", "b"), None);
    }
}
