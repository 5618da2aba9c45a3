//! API keys: credentials of an app or a server, beside a user's or instead of them.
//!
//! A key is `pk_live_` or `sk_live_` and base64url of its id and 256 random bits. The table keeps the SHA-256 of the
//! whole text: a secret of that length needs no slower hash (ASVS 5.0, 11.4.1). A key of one type is not a key of the
//! other.

use std::fmt;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use api::wire::{self, KeyType, NewApiKey};
use api::{Code, Detail, Error, Id, Timestamp, origin};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use crate::scope::{Scopes, shown};

/// The bytes behind the prefix: the id and the secret.
const BYTES: usize = 16 + 32;

fn prefix(kind: KeyType) -> &'static str {
    match kind {
        KeyType::Publishable => "pk_live_",
        KeyType::Secret => "sk_live_",
    }
}

/// The text of a new key, or of one that is rotated.
#[must_use]
pub fn text(kind: KeyType, id: Id, secret: [u8; 32]) -> String {
    let bytes = [id.bytes().as_slice(), secret.as_slice()].concat();
    format!("{}{}", prefix(kind), URL_SAFE_NO_PAD.encode(bytes))
}

/// The hash of a key that the table keeps: the SHA-256 of its text, in base64url.
#[must_use]
pub fn hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

/// A key as it was sent: well formed, not yet found in the table.
#[derive(Clone)]
pub struct PresentedKey {
    /// The type that its text claims.
    pub kind: KeyType,
    /// The id that its text claims.
    pub id: Id,
    hash: String,
    /// Whether a publishable key binds its callers: `auth.requireApiKey`.
    binds: bool,
    /// The origin that the browser reports.
    origin: Option<String>,
    /// Whether a handler has checked it; all copies share the flag.
    judged: Arc<AtomicBool>,
}

impl fmt::Debug for PresentedKey {
    /// The id alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PresentedKey({})", self.id)
    }
}

/// The access that a valid key gives a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAccess {
    /// The key's id.
    pub id: Id,
    /// The scopes that bind the request; `None` where a publishable key changes nothing.
    pub scopes: Option<Scopes>,
}

impl PresentedKey {
    /// Reads a header. Refuses a malformed key before any read of a table.
    ///
    /// # Errors
    /// `auth/invalid-api-key`, the one answer to every problem of a key.
    pub fn parse(header: &str) -> Result<Self, Error> {
        let read = |kind: KeyType| {
            let bytes = URL_SAFE_NO_PAD
                .decode(header.strip_prefix(prefix(kind))?)
                .ok()?;
            let (id, secret) = bytes.split_first_chunk::<16>()?;
            let id = Id::from_bytes(*id).filter(|_| secret.len() == BYTES - 16)?;
            let judged = Arc::default();
            Some(Self {
                kind,
                id,
                hash: hash(header),
                binds: false,
                origin: None,
                judged,
            })
        };
        KeyType::ALL
            .into_iter()
            .find_map(read)
            .ok_or_else(|| Code::InvalidApiKey.into())
    }

    /// The same where `auth.requireApiKey` makes a publishable key bind its callers, used from this origin.
    #[must_use]
    pub fn binding(mut self, origin: Option<&str>) -> Self {
        (self.binds, self.origin) = (true, origin.map(ToOwned::to_owned));
        self
    }

    /// Whether it is a server's key by its text: then no other credential of the request counts.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.kind == KeyType::Secret
    }

    /// Whether a handler has checked it.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        self.judged.load(Ordering::Relaxed)
    }

    /// Judges the key by the table's entry under its id.
    ///
    /// # Errors
    /// `auth/invalid-api-key` for an unknown, wrong or expired one, all alike; `auth/origin-not-allowed`.
    pub fn admit(&self, found: Option<ApiKey>, now: Timestamp) -> Result<KeyAccess, Error> {
        self.judged.store(true, Ordering::Relaxed);
        let key = found
            .filter(|key| key.is(self, now))
            .ok_or(Code::InvalidApiKey)?;
        let binds = self.is_secret() || self.binds;
        if binds && !key.admits_origin(self.origin.as_deref()) {
            return Err(Code::OriginNotAllowed.into());
        }
        Ok(KeyAccess {
            id: key.id,
            scopes: binds.then_some(key.scopes),
        })
    }
}

/// A key as the `_api_keys` table keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The key's id.
    pub id: Id,
    /// Its name, for people.
    pub name: String,
    /// Its type: for an app or for a server.
    pub kind: KeyType,
    /// The operations that it may be used for.
    pub scopes: Scopes,
    /// Where a browser may use it; anywhere when empty.
    pub origins: Vec<String>,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// The hash of its text.
    pub hash: String,
    /// The admin who made it.
    pub created_by: Id,
    /// When its secret was last replaced.
    pub rotated_at: Option<Timestamp>,
    /// The admin who replaced it, and so knows the secret.
    pub rotated_by: Option<Id>,
}

impl ApiKey {
    /// A new key, and its text.
    ///
    /// # Errors
    /// `common/validation-failed` naming every part that is not valid.
    pub fn new(
        asked: NewApiKey,
        id: Id,
        secret: [u8; 32],
        created_by: Id,
        now: Timestamp,
        is_collection: impl Fn(&str) -> bool,
    ) -> Result<(Self, String), Error> {
        let NewApiKey {
            name,
            kind,
            scopes,
            origins,
            expires_at,
        } = asked;
        let origins = origins.unwrap_or_default();
        let mut details = Vec::new();
        let fits = |c: char| !c.is_control();
        if !(1..=100).contains(&name.chars().count())
            || name.trim().is_empty()
            || !name.chars().all(fits)
        {
            details.push(Detail::new(
                "name",
                "format",
                "`name` must have 1 to 100 characters, none of them a control.",
            ));
        }
        let scopes = Scopes::parse(&scopes, is_collection).unwrap_or_else(|problems| {
            details.extend(problems);
            Scopes::default()
        });
        details.extend(origins.iter().enumerate().filter_map(|(at, text)| {
            let fault = origin::fault(text)?;
            let (place, text) = (format!("origins[{at}]"), shown(text));
            let message = format!("`{place}`: `{text}` is no origin: {fault}.");
            Some(Detail::new(place, "format", message))
        }));
        if kind == KeyType::Secret && !origins.is_empty() {
            let message =
                "`origins` are for publishable keys: a secret key must never reach a browser.";
            details.push(Detail::new("origins", "not-allowed", message));
        }
        let expires_at = expires_at.and_then(|text| {
            let time = Timestamp::parse(&text).filter(|time| text.len() > 10 && *time > now);
            if time.is_none() {
                let message = "`expiresAt` must be an RFC 3339 date-time in the future.";
                details.push(Detail::new("expiresAt", "format", message));
            }
            time
        });
        if !details.is_empty() {
            return Err(Error::invalid(details));
        }
        let text = text(kind, id, secret);
        let hash = hash(&text);
        Ok((
            Self {
                id,
                name,
                kind,
                scopes,
                origins,
                expires_at,
                hash,
                created_by,
                rotated_at: None,
                rotated_by: None,
            },
            text,
        ))
    }

    /// Whether a user made it, or was the last to replace its secret: one who may know it.
    #[must_use]
    pub fn is_known_to(&self, user: Id) -> bool {
        self.created_by == user || self.rotated_by == Some(user)
    }

    /// Whether it is the presented key, and valid now. An unknown id and a wrong secret get the same answer.
    #[must_use]
    pub fn is(&self, presented: &PresentedKey, now: Timestamp) -> bool {
        let same = is_equal(self.hash.as_bytes(), presented.hash.as_bytes());
        same && self.id == presented.id
            && self.kind == presented.kind
            && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether it may be used from this origin.
    #[must_use]
    pub fn admits_origin(&self, origin: Option<&str>) -> bool {
        self.origins.is_empty()
            || origin
                .is_some_and(|origin| self.origins.iter().any(|own| origin::matches(own, origin)))
    }

    /// The key as an admin sees it.
    #[must_use]
    pub fn wire(self) -> wire::ApiKey {
        wire::ApiKey {
            id: self.id,
            name: self.name,
            kind: self.kind,
            scopes: self.scopes.texts(),
            origins: self.origins,
            expires_at: self.expires_at,
            created_at: self.id.created_at(),
            created_by: self.created_by,
            rotated_at: self.rotated_at,
        }
    }
}

/// Compares in a time that does not depend on how much is equal.
pub(crate) fn is_equal(a: &[u8], b: &[u8]) -> bool {
    let difference = a
        .iter()
        .zip(b)
        .fold(0, |difference, (a, b)| black_box(difference | (a ^ b)));
    a.len() == b.len() && difference == 0
}

#[cfg(test)]
mod tests;
