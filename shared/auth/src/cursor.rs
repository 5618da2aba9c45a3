//! Cursors: where a list goes on, encrypted, since it may name a record that the caller must not know.

use api::{Code, Error, Id, Timestamp};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{Aad, NONCE_LEN, Nonce};

use crate::keys::Keys;
use crate::permission::Scope;

/// How long a cursor may be used, in seconds.
const LIFETIME: u64 = 86_400;

/// Seals the id that the next page comes after, for this collection and scope alone.
///
/// # Errors
/// `common/internal` when sealing fails, which no input makes happen.
pub fn seal(
    keys: &Keys,
    collection: &str,
    scope: &Scope,
    after: Id,
    now: Timestamp,
    nonce: [u8; NONCE_LEN],
) -> Result<String, Error> {
    let mut content = [now.seconds().to_be_bytes().as_slice(), after.bytes().as_slice()].concat();
    keys.current()?
        .cursor
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), binding(collection, scope), &mut content)
        .map_err(|_| Error::internal("sealing a cursor failed"))?;
    Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), content.as_slice()].concat()))
}

/// Opens a cursor that was sealed for this collection and scope within the last 24 hours.
///
/// # Errors
/// `data/invalid-cursor`.
pub fn open(keys: &Keys, collection: &str, scope: &Scope, cursor: &str, now: Timestamp) -> Result<Id, Error> {
    parse(keys, collection, scope, cursor, now).ok_or_else(|| Code::InvalidCursor.into())
}

fn parse(keys: &Keys, collection: &str, scope: &Scope, cursor: &str, now: Timestamp) -> Option<Id> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
    keys.generations.iter().find_map(|key| {
        let mut content = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let content = key.cursor.open_in_place(nonce, binding(collection, scope), &mut content).ok()?;
        let (made, after) = content.split_first_chunk::<8>()?;
        let age = now.seconds().saturating_sub(u64::from_be_bytes(*made));
        (age < LIFETIME).then_some(Id::from_bytes(after.try_into().ok()?)?)
    })
}

/// What a cursor is good for. A collection's name has no colon, so no two bindings are spelled alike.
fn binding(collection: &str, scope: &Scope) -> Aad<String> {
    Aad::from(match scope {
        Scope::All => format!("{collection}:all"),
        Scope::OwnedBy(id) => format!("{collection}:owner:{id}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    #[test]
    fn a_cursor_is_good_for_its_list_and_a_day() {
        let keys = Keys::new("local-", b"a-secret-for-tests-of-32-bytes-or-more", None).expect("keys");
        let id = |n| Id::new(NOW, [n; 10]);
        let at = |seconds: u64| Timestamp::from_millis(NOW.millis() + seconds * 1000);
        let cursor = seal(&keys, "posts", &Scope::All, id(1), NOW, [5; NONCE_LEN]).expect("sealed");
        let open = |collection, scope, cursor: &str, now| super::open(&keys, collection, scope, cursor, now).ok();
        assert_eq!(open("posts", &Scope::All, &cursor, NOW), Some(id(1)));
        assert_eq!(open("posts", &Scope::All, &cursor, at(LIFETIME - 1)), Some(id(1)));
        assert_eq!(open("posts", &Scope::All, &cursor, at(LIFETIME)), None, "a day old");
        assert_eq!(open("notes", &Scope::All, &cursor, NOW), None, "another collection");
        let own = Scope::OwnedBy(id(2));
        assert_eq!(open("posts", &own, &cursor, NOW), None, "another scope");
        for at in 0..cursor.len() {
            let other = if cursor.as_bytes()[at] == b'A' { "B" } else { "A" };
            let mut forged = cursor.clone();
            forged.replace_range(at..=at, other);
            assert_eq!(open("posts", &Scope::All, &forged, NOW), None, "at {at}");
        }
        for forged in ["", "x", &cursor[4..], &format!("{cursor}AAAA")] {
            assert_eq!(open("posts", &Scope::All, forged, NOW), None, "{forged}");
        }
    }
}
