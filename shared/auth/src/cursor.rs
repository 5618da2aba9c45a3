//! Cursors: where a list goes on, encrypted, since it may name values that the caller must not know.

use api::event::Consumer;
use api::query::{AuditQuery, Filter, Listing};
use api::wire::{DeliveryState, InvitationStatus};
use api::{Code, Error, Id, Timestamp};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{Aad, NONCE_LEN, Nonce};
use ring::digest::{SHA256, digest};

use crate::grant::Scope;
use crate::keys::{Keys, no_key};

/// How long a cursor may be used, in seconds.
const LIFETIME: u64 = 86_400;

/// The one list that a cursor is valid for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding(String);

impl Binding {
    /// The list of a collection in a scope, read in an order, through a filter.
    #[must_use]
    pub fn new(collection: &str, scope: &Scope, order: &str, filter: &Filter) -> Self {
        // Neither the name of a collection nor that of an index has a colon, so no two bindings have the same text.
        let scope = match scope {
            Scope::All => "all".to_owned(),
            Scope::OwnedBy(id) => id.to_string(),
        };
        let filter = URL_SAFE_NO_PAD.encode(digest(&SHA256, filter.canonical().as_bytes()));
        Self(format!("{collection}:{scope}:{order}:{filter}"))
    }

    /// The list of a user's sessions.
    #[must_use]
    pub fn of_sessions(user: Id) -> Self {
        Self(format!("#sessions:{user}"))
    }

    /// The part of the audit log that `query` asks for, without the page.
    #[must_use]
    pub fn of_audit(query: &AuditQuery) -> Self {
        Self(format!("#audit:{}", query.canonical()))
    }

    /// The deliveries to a consumer, those of a state or all.
    #[must_use]
    pub fn of_deliveries(consumer: &Consumer, state: Option<DeliveryState>) -> Self {
        let state = state.map_or("all", DeliveryState::as_str);
        Self(format!("#deliveries:{consumer}:{state}"))
    }

    /// The list of an inviter's invitations or all of them, in this status and for this thing.
    #[must_use]
    pub fn of_invitations(
        (inviter, status, resource): (Option<Id>, Option<InvitationStatus>, [&Option<String>; 2]),
    ) -> Self {
        let inviter = inviter.map_or_else(|| "all".to_owned(), |id| id.to_string());
        let status = status.map_or("all", InvitationStatus::as_str);
        // Lengths keep the type apart from the id that follows it.
        let part = |text: &Option<String>| {
            text.as_ref()
                .map_or_else(String::new, |text| format!("{}.{text}", text.len()))
        };
        let resource = resource.map(part).join(":");
        let hash = digest(&SHA256, resource.as_bytes());
        let hash = URL_SAFE_NO_PAD.encode(hash);
        Self(format!("#invitations:{inviter}:{status}:{hash}"))
    }

    /// The list of service accounts.
    #[must_use]
    pub fn of_service_accounts() -> Self {
        Self("#service-accounts".to_owned())
    }

    /// The list of users that `listing` asks for, without the page.
    #[must_use]
    pub fn of_users(listing: &Listing) -> Self {
        // No collection has this name. Lengths keep a role apart from a search that follows it.
        let part = |text: &Option<String>| {
            text.as_ref()
                .map_or_else(String::new, |text| format!("{}.{text}", text.len()))
        };
        let asked = format!("{}:{}", part(&listing.role), part(&listing.search));
        Self(format!(
            "#users:{}",
            URL_SAFE_NO_PAD.encode(digest(&SHA256, asked.as_bytes()))
        ))
    }
}

/// The cursors of one list at one moment: opens the cursor that a request brings, seals the next.
///
/// A handler makes a pager as soon as it knows the list:
///
/// ```text
/// let pager = Pager::new(keys, Binding::of_sessions(user.id), call.now);
/// let after = pager.open_id(asked.cursor.as_deref())?;
/// let page = store.list_sessions(&user, asked.limit, after, call.now).await?;
/// let next_cursor = pager.seal_id(page.next, call.random()?)?;
/// ```
///
/// A list of records, whose positions are keys and not ids, uses [`Pager::open`] and [`Pager::seal`].
#[derive(Clone)]
pub struct Pager<'a> {
    keys: &'a Keys,
    binding: Binding,
    now: Timestamp,
}

impl<'a> Pager<'a> {
    /// The cursors of this list, opened and sealed now.
    #[must_use]
    pub fn new(keys: &'a Keys, binding: Binding, now: Timestamp) -> Self {
        Self { keys, binding, now }
    }

    /// Seals the key that the next page comes after, for this list alone; `None` stays `None`. A key of 1,024 bytes
    /// becomes about 1,400 characters, which a query string has room for.
    ///
    /// # Errors
    /// `common/internal` when sealing fails, which no input makes happen.
    pub fn seal(
        &self,
        position: Option<&[u8]>,
        nonce: [u8; NONCE_LEN],
    ) -> Result<Option<String>, Error> {
        position
            .map(|position| self.seal_bytes(position, nonce))
            .transpose()
    }

    /// Seals the id that the next page comes after; `None` stays `None`.
    ///
    /// # Errors
    /// Those of [`Pager::seal`].
    pub fn seal_id(
        &self,
        position: Option<Id>,
        nonce: [u8; NONCE_LEN],
    ) -> Result<Option<String>, Error> {
        self.seal(
            position.map(|id| id.bytes()).as_ref().map(|id| &id[..]),
            nonce,
        )
    }

    /// Opens a cursor that was sealed for this list within the last 24 hours; `None` stays `None`.
    ///
    /// # Errors
    /// `data/invalid-cursor`.
    pub fn open(&self, cursor: Option<&str>) -> Result<Option<Vec<u8>>, Error> {
        cursor
            .map(|cursor| self.parse(cursor).ok_or_else(|| Code::InvalidCursor.into()))
            .transpose()
    }

    /// Opens a cursor of a list whose positions are ids; `None` stays `None`.
    ///
    /// # Errors
    /// `data/invalid-cursor`.
    pub fn open_id(&self, cursor: Option<&str>) -> Result<Option<Id>, Error> {
        let id = |position: Vec<u8>| {
            let bytes = position.try_into().ok();
            bytes
                .and_then(Id::from_bytes)
                .ok_or_else(|| Code::InvalidCursor.into())
        };
        self.open(cursor)?.map(id).transpose()
    }

    fn seal_bytes(&self, position: &[u8], nonce: [u8; NONCE_LEN]) -> Result<String, Error> {
        let mut content = [self.now.seconds().to_be_bytes().as_slice(), position].concat();
        self.keys
            .held()
            .cursors
            .first()
            .ok_or_else(no_key)?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(&self.binding.0),
                &mut content,
            )
            .map_err(|_| Error::internal("sealing a cursor failed"))?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), content.as_slice()].concat()))
    }

    fn parse(&self, cursor: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
        self.keys.held().cursors.iter().find_map(|key| {
            let mut content = sealed.to_vec();
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let content = key
                .open_in_place(nonce, Aad::from(&self.binding.0), &mut content)
                .ok()?;
            let (made, position) = content.split_first_chunk::<8>()?;
            let age = self.now.seconds().saturating_sub(u64::from_be_bytes(*made));
            (age < LIFETIME).then(|| position.to_vec())
        })
    }
}

#[cfg(test)]
mod tests {
    use api::query::Test;
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    #[test]
    fn a_cursor_of_users_is_good_for_its_search_and_role() {
        let listing = |role: Option<&str>, search: Option<&str>| {
            let (role, search) = (role.map(str::to_owned), search.map(str::to_owned));
            Binding::of_users(&Listing {
                limit: 1,
                cursor: None,
                search,
                role,
            })
        };
        let lists = [
            (None, None),
            (Some("a"), None),
            (None, Some("a")),
            (Some("a"), Some("b")),
            (Some("a:1.b"), None),
        ];
        let bindings = lists.map(|(role, search)| listing(role, search));
        for (at, one) in bindings.iter().enumerate() {
            assert!(
                bindings.iter().skip(at + 1).all(|other| one != other),
                "{one:?}"
            );
        }
        let further = Listing {
            limit: 7,
            cursor: Some("x".into()),
            search: None,
            role: None,
        };
        assert_eq!(Binding::of_users(&further), listing(None, None));
    }

    #[test]
    fn a_cursor_is_good_for_its_list_and_a_day() {
        let keys =
            Keys::new("local-", b"a-secret-for-tests-of-32-bytes-or-more", None).expect("keys");
        let at = |seconds: u64| Timestamp::from_millis(NOW.millis() + seconds * 1000);
        let equals = |value: &str| Filter::Field("status".to_owned(), Test::Eq(Some(json!(value))));
        let list = Binding::new("posts", &Scope::All, "-table", &equals("draft"));
        let pager = |binding: &Binding, now| Pager::new(&keys, binding.clone(), now);
        let seal = |position: &[u8]| {
            let sealed = pager(&list, NOW).seal(Some(position), [5; NONCE_LEN]);
            sealed.expect("sealed").expect("a cursor")
        };
        let open = |binding: &Binding, text: &str, now| pager(binding, now).open(Some(text));
        for position in [&[][..], &[1; 16], &[0xff; 1024]] {
            let cursor = seal(position);
            assert!(cursor.len() < 1500, "{} characters", cursor.len());
            assert_eq!(open(&list, &cursor, NOW), Ok(Some(position.to_vec())));
        }
        let cursor = seal(&[1; 16]);
        assert!(open(&list, &cursor, at(LIFETIME - 1)).is_ok());
        assert!(open(&list, &cursor, at(LIFETIME)).is_err(), "a day old");
        let own = Scope::OwnedBy(Id::new(NOW, [2; 10]));
        for other in [
            Binding::new("notes", &Scope::All, "-table", &equals("draft")),
            Binding::new("posts", &own, "-table", &equals("draft")),
            Binding::new("posts", &Scope::All, "+table", &equals("draft")),
            Binding::new("posts", &Scope::All, "-by.status", &equals("draft")),
            Binding::new("posts", &Scope::All, "-table", &equals("drafts")),
            Binding::new("posts", &Scope::All, "-table", &Filter::everything()),
        ] {
            assert_eq!(
                open(&other, &cursor, NOW),
                Err(Code::InvalidCursor.into()),
                "{other:?}"
            );
        }
        for at in 0..cursor.len() {
            let other = if cursor.as_bytes()[at] == b'A' {
                "B"
            } else {
                "A"
            };
            let mut forged = cursor.clone();
            forged.replace_range(at..=at, other);
            assert!(open(&list, &forged, NOW).is_err(), "at {at}");
        }
        for forged in ["", "x", &cursor[4..], &format!("{cursor}AAAA")] {
            assert!(open(&list, forged, NOW).is_err(), "{forged}");
        }
    }

    #[test]
    fn a_position_that_is_no_id_is_no_cursor_of_a_list_by_id() {
        let keys =
            Keys::new("local-", b"a-secret-for-tests-of-32-bytes-or-more", None).expect("keys");
        let id = Id::new(NOW, [2; 10]);
        let pager = Pager::new(&keys, Binding::of_sessions(id), NOW);
        let nonce = [5; NONCE_LEN];
        let cursor = pager.seal_id(Some(id), nonce).expect("sealed");
        assert_eq!(pager.open_id(cursor.as_deref()), Ok(Some(id)));
        assert_eq!(pager.seal_id(None, nonce), Ok(None));
        assert_eq!(pager.open_id(None), Ok(None));
        for wrong in [&[][..], &[0; 16], &[1; 17]] {
            let cursor = pager.seal(Some(wrong), nonce).expect("sealed");
            assert_eq!(
                pager.open_id(cursor.as_deref()),
                Err(Code::InvalidCursor.into()),
                "{wrong:?}"
            );
        }
    }
}
