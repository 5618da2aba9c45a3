//! Callers, definitions and records for the unit tests of this crate.

use api::definition::Permissions;
use api::settings::{Auth, SessionCheck};
use api::wire::{KeyType, NewApiKey, Record};
use api::{Definition, Error, Id, Rule, Timestamp};
use serde_json::Map;

use crate::access_token::Claims;
use crate::api_key::{ApiKey, PresentedKey};
use crate::caller::{Caller, Credentials, Found, admit, admit_all};
use crate::keys::{Keys, Stored};
use crate::session::Session;
use crate::user::User;

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

pub(crate) fn caller(n: u8, admin: bool) -> Caller {
    signed_in(&User::new(Id::new(NOW, [n; 10]), "a@b".into(), admin, NOW))
}

pub(crate) fn signed_in(user: &User) -> Caller {
    let (session, _) = Session::begin(
        user.id,
        Id::new(NOW, [9; 10]),
        1,
        [0; 32],
        &Auth::default(),
        crate::authentication::Authentication::by(crate::authentication::Method::Password, NOW),
    );
    let claims = Claims {
        iss: String::new(),
        aud: None,
        sub: user.id,
        role: String::new(),
        sid: session.id,
        iat: 0,
        exp: u64::MAX,
        auth_time: None,
        amr: Vec::new(),
        act: None,
        client_id: None,
        kid: "".into(),
    };
    admit(&claims, Some(&session), Some(user), NOW).expect("admitted")
}

/// A caller with a key of these scopes, which binds.
pub(crate) fn with_key(kind: KeyType, scopes: &[&str]) -> Caller {
    let id = Id::new(NOW, [5; 10]);
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    let asked = NewApiKey {
        name: "a".into(),
        kind,
        scopes,
        origins: None,
        expires_at: None,
    };
    let (key, text) = ApiKey::new(asked, id, [6; 32], id, NOW, |_| true).expect("a key");
    let presented = PresentedKey::parse(&text).expect("a key").binding(None);
    let credentials = Credentials {
        key: Some(presented),
        ..Credentials::default()
    };
    let found = Found {
        key: Some(key),
        ..Found::default()
    };
    let admitted = admit_all(&credentials, found, SessionCheck::Immediate, NOW);
    Caller::clone(&admitted.expect("admitted"))
}

pub(crate) fn definition(rule: &Rule) -> Definition {
    Definition {
        schema: None,
        name: "things".into(),
        fields: Vec::new(),
        permissions: Permissions {
            create: rule.clone(),
            read: rule.clone(),
            list: None,
            update: rule.clone(),
            delete: rule.clone(),
            declared: true,
        },
        owner_field: None,
        shards: 1,
        indexes: Vec::new(),
        row_filters: Vec::new(),
        events: true,
        audit: false,
    }
}

pub(crate) fn record(owner: Option<&str>) -> Record {
    Record {
        id: Id::new(NOW, [3; 10]),
        created_at: NOW,
        updated_at: NOW,
        created_by: None,
        owner: owner.map(str::to_owned),
        fields: Map::new(),
    }
}

pub(crate) fn status<T>(result: Result<T, Error>) -> u16 {
    result.map_or_else(|error| error.code.status(), |_| 200)
}

/// Keys with sealing keys of these numbers.
pub(crate) fn sealing_keys(numbers: &[u8]) -> Keys {
    deployment_keys("a-", numbers)
}

/// The same of the deployment with this table prefix.
pub(crate) fn deployment_keys(prefix: &str, numbers: &[u8]) -> Keys {
    let sealing = numbers
        .iter()
        .map(|number| (u32::from(*number), [*number; 32]));
    let stored = Stored {
        current: vec![7; 32],
        sealing: sealing.collect(),
        ..Stored::default()
    };
    Keys::of(prefix, stored).expect("keys")
}

/// The source of random bytes.
#[expect(clippy::disallowed_methods, reason = "a test is its own runtime")]
pub(crate) fn random() -> ring::rand::SystemRandom {
    ring::rand::SystemRandom::new()
}
