//! API keys: what names an app or a server beside, or instead of, a user.
//!
//! A key is `pk_live_` or `sk_live_` and base64url of its id and 256 random bits. The table keeps the SHA-256 of the
//! whole text: a secret of that length needs no slower hash (ASVS 5.0, 11.4.1), and a key of one type is none of the
//! other.

use std::fmt;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use api::definition::USERS;
use api::wire::{self, KeyType, NewApiKey};
use api::{Code, Detail, Error, Id, Operation, Timestamp};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

/// The bytes behind the prefix: the id and the secret.
const BYTES: usize = 16 + 32;

/// What stands for every collection or every operation in a scope.
const ANY: &str = "*";

/// How many characters of a caller's scope or origin are told back.
const SHOWN: usize = 64;

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

/// What the table keeps of a key: the SHA-256 of its text, in base64url.
#[must_use]
pub fn hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

/// A key as it was sent: well formed, and not yet known to be anybody's.
#[derive(Clone)]
pub struct PresentedKey {
    /// The type that it says it has.
    pub kind: KeyType,
    /// The id that it says it has.
    pub id: Id,
    hash: String,
    /// Whether a publishable key binds its callers: `auth.requireApiKey`.
    binds: bool,
    /// Where the browser says that it is used.
    origin: Option<String>,
    /// Whether somebody has asked if it is good; all copies know.
    judged: Arc<AtomicBool>,
}

impl fmt::Debug for PresentedKey {
    /// The id alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PresentedKey({})", self.id)
    }
}

/// What a good key makes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAccess {
    /// The key's id.
    pub id: Id,
    /// What the request is bound to; `None` where a publishable key changes nothing.
    pub scopes: Option<Scopes>,
}

impl PresentedKey {
    /// Reads a header. What has not the form of a key is refused before anything is read.
    ///
    /// # Errors
    /// `auth/invalid-api-key`, the one answer for whatever is wrong with a key.
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

    /// Whether it says that a server shows it: then nothing else that is shown counts.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.kind == KeyType::Secret
    }

    /// Whether somebody has asked if it is good.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        self.judged.load(Ordering::Relaxed)
    }

    /// Judges the key by what the table has under its id.
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
    /// What people call it.
    pub name: String,
    /// Whom it is for.
    pub kind: KeyType,
    /// What it may be used for.
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
            Scopes(Vec::new())
        });
        details.extend(origins.iter().enumerate().filter(|(_, origin)| !is_origin(origin)).map(|(at, origin)| {
            let (place, origin) = (format!("origins[{at}]"), shown(origin));
            let message = format!("`{place}`: `{origin}` is no origin such as https://app.example.com, in lower case.");
            Detail::new(place, "format", message)
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
            },
            text,
        ))
    }

    /// Whether it is the one that was presented, and good now. An unknown id and a wrong secret are one answer.
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
            || origin.is_some_and(|origin| self.origins.iter().any(|own| own == origin))
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

/// Compares without telling by its time how much is equal.
fn is_equal(a: &[u8], b: &[u8]) -> bool {
    let difference = a
        .iter()
        .zip(b)
        .fold(0, |difference, (a, b)| black_box(difference | (a ^ b)));
    a.len() == b.len() && difference == 0
}

/// Whether a text is an origin as browsers send it (RFC 6454, section 6.2).
fn is_origin(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .unwrap_or_default();
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => {
            (name, port.parse::<u16>().ok().map(|_| port))
        }
        _ => (host, Some("1")),
    };
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._[]:".contains(&byte);
    let port = port.is_some_and(|port| !port.starts_with(['0', '+']));
    text.len() <= 253 && !name.is_empty() && name.bytes().all(fits) && port
}

/// What a key may be used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scopes(Vec<KeyScope>);

/// An operation on a collection, or any.
#[derive(Clone, Debug, PartialEq, Eq)]
struct KeyScope {
    /// A collection, [`USERS`] for the accounts, or `None` for any.
    collection: Option<String>,
    /// `None` for any.
    operation: Option<Operation>,
}

impl KeyScope {
    fn parse(text: &str) -> Option<Self> {
        let (collection, operation) = text.split_once(':')?;
        let collection = Some(collection.to_owned()).filter(|collection| collection != ANY);
        let operation = match operation {
            ANY => None,
            name => Some(
                Operation::ALL
                    .into_iter()
                    .find(|operation| operation.as_str() == name)?,
            ),
        };
        Some(Self {
            collection,
            operation,
        })
    }

    fn text(&self) -> String {
        let operation = self.operation.map_or(ANY, Operation::as_str);
        format!("{}:{operation}", self.collection.as_deref().unwrap_or(ANY))
    }
}

impl Scopes {
    /// Reads scopes of declared collections, of [`USERS`] or of `*`.
    ///
    /// # Errors
    /// A detail for each that is none.
    pub fn parse(
        texts: &[String],
        is_collection: impl Fn(&str) -> bool,
    ) -> Result<Self, Vec<Detail>> {
        let mut scopes = Vec::with_capacity(texts.len());
        let mut details = Vec::new();
        for (at, text) in texts.iter().enumerate() {
            let known = |name: &String| name == USERS || is_collection(name);
            match KeyScope::parse(text).filter(|scope| scope.collection.as_ref().is_none_or(known))
            {
                Some(scope) if !scopes.contains(&scope) => scopes.push(scope),
                Some(_) => {}
                None => {
                    let (place, text) = (format!("scopes[{at}]"), shown(text));
                    let message = format!(
                        "`{place}`: `{text}` is no scope; write collection:operation, the collection a declared one, \
                         `users` or `*`, the operation create, read, list, update, delete or `*`."
                    );
                    details.push(Detail::new(place, "format", message));
                }
            }
        }
        if details.is_empty() {
            Ok(Self(scopes))
        } else {
            Err(details)
        }
    }

    /// The scopes that were kept as [`Scopes::texts`]. What cannot be read grants nothing.
    #[must_use]
    pub fn kept(texts: &[String]) -> Self {
        Self(
            texts
                .iter()
                .filter_map(|text| KeyScope::parse(text))
                .collect(),
        )
    }

    /// The scopes as they are written.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(KeyScope::text).collect()
    }

    /// Whether they hold an operation on a collection.
    #[must_use]
    pub fn hold(&self, collection: &str, operation: Operation) -> bool {
        self.0.iter().any(|scope| {
            scope
                .collection
                .as_deref()
                .is_none_or(|own| own == collection)
                && scope.operation.is_none_or(|own| own == operation)
        })
    }
}

/// A caller's text, cut to a decent length.
fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn id(n: u8) -> Id {
        Id::new(NOW, [n; 10])
    }

    fn asked(kind: KeyType, scopes: &[&str]) -> NewApiKey {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        NewApiKey {
            name: "a key".into(),
            kind,
            scopes,
            origins: None,
            expires_at: None,
        }
    }

    fn make(asked: NewApiKey) -> Result<(ApiKey, String), Vec<(String, String)>> {
        let details = |error: Error| {
            error
                .details
                .into_iter()
                .map(|detail| (detail.field, detail.code))
                .collect()
        };
        ApiKey::new(asked, id(1), [7; 32], id(2), NOW, |name| name == "posts").map_err(details)
    }

    fn key(kind: KeyType) -> (ApiKey, String) {
        make(asked(kind, &["*:*"])).expect("a key")
    }

    #[test]
    fn a_key_is_known_by_its_whole_text() {
        for (kind, prefix) in [
            (KeyType::Publishable, "pk_live_"),
            (KeyType::Secret, "sk_live_"),
        ] {
            let (key, text) = key(kind);
            assert!(text.starts_with(prefix) && text.len() == 8 + 64, "{text}");
            let presented = PresentedKey::parse(&text).expect("a key");
            assert_eq!((presented.id, presented.kind), (key.id, kind));
            assert!(key.is(&presented, NOW));
            assert!(!text.contains(&key.hash) && !format!("{key:?}").contains(&text[8..]));
        }
    }

    #[test]
    fn another_secret_id_or_type_is_another_key() {
        let (key, own) = key(KeyType::Secret);
        for other in [
            text(KeyType::Secret, key.id, [8; 32]),
            text(KeyType::Secret, id(3), [7; 32]),
            text(KeyType::Publishable, key.id, [7; 32]),
        ] {
            assert!(
                !key.is(&PresentedKey::parse(&other).expect("a key"), NOW),
                "{other}"
            );
        }
        let presented = PresentedKey::parse(&own).expect("a key");
        for wrong in [
            ApiKey {
                kind: KeyType::Publishable,
                ..key.clone()
            },
            ApiKey {
                id: id(3),
                ..key.clone()
            },
            ApiKey {
                hash: String::new(),
                ..key.clone()
            },
            ApiKey {
                hash: key.hash[..42].to_owned(),
                ..key.clone()
            },
        ] {
            assert!(!wrong.is(&presented, NOW), "{wrong:?}");
        }
    }

    #[test]
    fn every_character_of_the_text_counts() {
        let (key, text) = key(KeyType::Publishable);
        for at in 8..text.len() {
            let mut other = text.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            let presented = PresentedKey::parse(std::str::from_utf8(&other).expect("ASCII"));
            assert!(
                presented.is_err() || presented.is_ok_and(|other| !key.is(&other, NOW)),
                "{at}"
            );
        }
    }

    #[test]
    fn a_publishable_key_binds_where_keys_are_required_and_a_secret_one_always() {
        let origins = vec!["https://a".to_owned()];
        let (bound, text) = key(KeyType::Publishable);
        let bound = ApiKey { origins, ..bound };
        let presented = || PresentedKey::parse(&text).expect("a key");
        let scopes = |presented: PresentedKey| {
            assert!(!presented.is_judged());
            let access = presented
                .clone()
                .admit(Some(bound.clone()), NOW)
                .map_err(|error| error.code);
            assert!(presented.is_judged());
            access.map(|access| access.scopes)
        };
        assert_eq!(scopes(presented()), Ok(None));
        assert_eq!(
            scopes(presented().binding(Some("https://a"))),
            Ok(Some(bound.scopes.clone()))
        );
        assert_eq!(
            scopes(presented().binding(Some("https://b"))),
            Err(Code::OriginNotAllowed)
        );
        assert_eq!(
            scopes(presented().binding(None)),
            Err(Code::OriginNotAllowed)
        );
        let (secret, text) = key(KeyType::Secret);
        let presented = PresentedKey::parse(&text).expect("a key");
        let access = KeyAccess {
            id: secret.id,
            scopes: Some(secret.scopes.clone()),
        };
        assert_eq!(presented.admit(Some(secret), NOW), Ok(access));
        assert_eq!(
            presented.admit(Some(bound), NOW),
            Err(Code::InvalidApiKey.into())
        );
        assert_eq!(presented.admit(None, NOW), Err(Code::InvalidApiKey.into()));
    }

    #[test]
    fn it_expires_to_the_millisecond() {
        let end = NOW.after(std::time::Duration::from_millis(1));
        let (key, text) = key(KeyType::Secret);
        let key = ApiKey {
            expires_at: Some(end),
            ..key
        };
        let presented = PresentedKey::parse(&text).expect("a key");
        assert!(key.is(&presented, NOW) && !key.is(&presented, end));
    }

    #[test]
    fn what_has_not_the_form_of_a_key_is_none() {
        let (_, text) = key(KeyType::Secret);
        for header in [
            String::new(),
            " ".to_owned(),
            "sk_live_".to_owned(),
            format!(" {text}"),
            format!("{text} "),
            format!("{text}\t"),
            format!("{text},{text}"),
            format!("{text}, {text}"),
            format!("{text}="),
            format!("{text}AA"),
            text[..text.len() - 1].to_owned(),
            text[8..].to_owned(),
            text.to_uppercase(),
            text.replace("sk_live_", "sk_test_"),
            text.replace("sk_live_", "SK_LIVE_"),
            text.replace("sk_live_", "sk_live_sk_live_"),
            format!("Bearer {text}"),
            // No UUIDv7.
            format!("sk_live_{}", URL_SAFE_NO_PAD.encode([0; BYTES])),
        ] {
            let refused = PresentedKey::parse(&header)
                .map(|_| ())
                .map_err(|error| error.code);
            assert_eq!(refused, Err(Code::InvalidApiKey), "{header:?}");
        }
    }

    #[test]
    fn scopes_hold_what_they_say() {
        let holds = |scopes: &[&str], collection: &str, operation: Operation| {
            Scopes::kept(
                &scopes
                    .iter()
                    .map(|scope| (*scope).to_owned())
                    .collect::<Vec<_>>(),
            )
            .hold(collection, operation)
        };
        for (scopes, collection, operation, expected) in [
            (&["*:*"][..], "posts", Operation::Delete, true),
            (&["*:*"], "users", Operation::Delete, true),
            (&["posts:*"], "posts", Operation::Create, true),
            (&["posts:*"], "notes", Operation::Create, false),
            (&["*:read"], "notes", Operation::Read, true),
            (&["*:read"], "notes", Operation::List, false),
            (&["posts:read"], "posts", Operation::List, false),
            (
                &["posts:read", "posts:list"],
                "posts",
                Operation::List,
                true,
            ),
            (&["post:read"], "posts", Operation::Read, false),
            (&["Posts:read"], "posts", Operation::Read, false),
            (&["users:update"], "users", Operation::Update, true),
            (&["users:update"], "posts", Operation::Update, false),
            (&[], "posts", Operation::Read, false),
            // What a later version wrote, or somebody by hand.
            (
                &["posts:export", "*", "", ":", "posts:"],
                "posts",
                Operation::Read,
                false,
            ),
        ] {
            assert_eq!(
                holds(scopes, collection, operation),
                expected,
                "{scopes:?} {collection} {operation:?}"
            );
        }
    }

    #[test]
    fn scopes_are_written_as_they_were_read() {
        let all = ["*:*", "posts:*", "*:list", "users:create", "posts:update"];
        let (key, _) = make(asked(KeyType::Secret, &all)).expect("a key");
        assert_eq!(key.scopes.texts(), all);
        assert_eq!(Scopes::kept(&key.scopes.texts()), key.scopes);
        let (key, _) = make(asked(KeyType::Secret, &["posts:read", "posts:read"])).expect("a key");
        assert_eq!(key.scopes.texts(), ["posts:read"]);
    }

    #[test]
    fn what_is_no_scope_is_named() {
        for wrong in [
            "",
            "*",
            ":",
            "posts",
            "posts:",
            ":read",
            "posts:write",
            "posts:READ",
            "posts:read:x",
            " posts:read",
            "posts: read",
            "notes:read",
            "_users:read",
            "*:**",
            "posts,notes:read",
        ] {
            let refused = make(asked(KeyType::Secret, &["posts:read", wrong]));
            assert_eq!(
                refused.err(),
                Some(vec![("scopes[1]".to_owned(), "format".to_owned())]),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_publishable_key_may_be_bound_to_origins() {
        let bound = |origins: &[&str], kind| {
            let origins = Some(origins.iter().map(|origin| (*origin).to_owned()).collect());
            make(NewApiKey {
                origins,
                ..asked(kind, &["*:*"])
            })
        };
        let good = [
            "https://app.example.com",
            "http://localhost:3000",
            "http://[::1]:80",
            "https://a",
        ];
        let (key, _) = bound(&good, KeyType::Publishable).expect("a key");
        assert!(good.iter().all(|origin| key.admits_origin(Some(origin))));
        for other in [
            None,
            Some(""),
            Some("null"),
            Some("https://app.example.com.evil.example"),
            Some("https://app.example.com:443"),
            Some("http://app.example.com"),
            Some("HTTPS://APP.EXAMPLE.COM"),
            Some("https://app.example.com, https://app.example.com"),
        ] {
            assert!(!key.admits_origin(other), "{other:?}");
        }
        assert!(key_without_origins().admits_origin(None));
        for wrong in [
            "",
            "*",
            "null",
            "app.example.com",
            "https://",
            "https://*.example.com",
            "https://a/",
            "https://a/b",
            "https://a:",
            "https://a:x",
            "https://a:99999",
            "https://a:080",
            "https://a:+80",
            "https://A",
            "ftp://a",
            "https://a b",
            "https://u@a",
        ] {
            let refused = bound(&[good[0], wrong], KeyType::Publishable);
            assert_eq!(
                refused.err(),
                Some(vec![("origins[1]".to_owned(), "format".to_owned())]),
                "{wrong}"
            );
        }
        let refused = bound(&[good[0]], KeyType::Secret);
        assert_eq!(
            refused.err(),
            Some(vec![("origins".to_owned(), "not-allowed".to_owned())])
        );
        assert!(bound(&[], KeyType::Secret).is_ok());
    }

    fn key_without_origins() -> ApiKey {
        key(KeyType::Publishable).0
    }

    #[test]
    fn name_and_expiry_are_checked() {
        let name = |name: &str| {
            make(NewApiKey {
                name: name.to_owned(),
                ..asked(KeyType::Secret, &["*:*"])
            })
        };
        assert!(name("é").is_ok() && name(&"x".repeat(100)).is_ok());
        for wrong in [
            String::new(),
            " ".to_owned(),
            "x".repeat(101),
            "a\nb".to_owned(),
            "a\0".to_owned(),
        ] {
            assert_eq!(
                name(&wrong).err(),
                Some(vec![("name".to_owned(), "format".to_owned())]),
                "{wrong:?}"
            );
        }
        let until = |at: &str| {
            make(NewApiKey {
                expires_at: Some(at.to_owned()),
                ..asked(KeyType::Secret, &["*:*"])
            })
        };
        let (key, _) = until("2999-01-01T00:00:00+01:00").expect("a key");
        assert_eq!(
            key.wire().expires_at.map(|at| at.to_string()).as_deref(),
            Some("2998-12-31T23:00:00.000Z")
        );
        for wrong in [
            "",
            "2999-01-01",
            "1999-01-01T00:00:00Z",
            "tomorrow",
            &NOW.to_string(),
        ] {
            assert_eq!(
                until(wrong).err(),
                Some(vec![("expiresAt".to_owned(), "format".to_owned())]),
                "{wrong}"
            );
        }
    }
}
