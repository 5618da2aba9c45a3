//! Providers: how a service tells who somebody is, and which account here is that user's.
//!
//! A provider's address is a hint. Issuer and subject are the identity (ASVS 5.0, 10.5.2).

mod account;
mod answer;
mod apple;
mod claims;
mod connection;
mod decision;
mod discovery;
mod form;
mod github;
mod id_token;
mod kept;
mod key_set;
mod native;
mod start;
mod state;
mod ticket;

use api::settings::PROVIDER;
use api::{Code, Error, Id, Timestamp, wire};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::account::{check_newcomer, newcomer};
pub use self::answer::{Answer, Unanswerable};
pub use self::apple::{apple_secret, check_apple_key};
pub use self::claims::read_claims;
pub use self::connection::{Connection, Issuers, Tenants};
pub use self::decision::{Decision, Entrance, decide};
pub use self::discovery::Discovery;
pub use self::form::{query, with_query};
pub use self::github::read_github;
pub use self::id_token::{Expected, claims};
pub use self::kept::{KeptProvider, redirect_uri};
pub use self::key_set::{KeySet, PAUSE};
pub use self::native::{NativeToken, native_client, nonces};
pub use self::start::{Wish, authorization, is_challenge};
pub use self::state::{Begun, Browser, LIFETIME, State, cookie_part};
pub use self::ticket::{Proven, ProviderTicket};
use crate::passkey::MAX_METHODS;
use crate::user::{SignInMethod, User};

/// The most bytes of a subject (OpenID Connect Core, section 2, `sub`).
const MAX_SUBJECT: usize = 255;

/// The most bytes of a method's label.
const MAX_LABEL: usize = 64;

/// An account at a provider, as the provider tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The name of the provider.
    #[serde(rename = "p")]
    pub provider: String,
    /// The issuer.
    #[serde(rename = "i")]
    pub issuer: String,
    /// The id that never changes.
    #[serde(rename = "s")]
    pub subject: String,
    /// The normalised address, if it tells one.
    #[serde(rename = "e")]
    pub email: Option<String>,
    /// Whether the provider has proven that the address is the user's.
    #[serde(rename = "v")]
    pub verified: bool,
    /// Whether it is the one that decides whose the address is.
    #[serde(rename = "a")]
    pub authoritative: bool,
    /// The profile fields that it fills.
    #[serde(rename = "f")]
    pub profile: Map<String, Value>,
    /// When its user has authenticated, in seconds, where it says so.
    #[serde(rename = "t")]
    pub auth_time: Option<u64>,
}

/// The identity of an account at a provider as `_users` keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Federated {
    /// The key of its item, and of the method of signing in that it is.
    pub key: String,
    /// The user.
    pub user: Id,
    /// The issuer.
    pub issuer: String,
    /// The address that the provider told when it was linked.
    pub email: Option<String>,
    /// When it was linked.
    pub linked_at: Timestamp,
}

/// The key of an identity of a provider.
#[must_use]
pub fn key_of(provider: &str, subject: &str) -> String {
    format!("{PROVIDER}{provider}#{subject}")
}

/// The name of the provider that a key is of.
#[must_use]
pub fn provider_of(key: &str) -> Option<&str> {
    split_key(key).map(|(name, _)| name)
}

/// The name of the provider that a key is of, and the id of the account there.
#[must_use]
pub fn split_key(key: &str) -> Option<(&str, &str)> {
    key.strip_prefix(PROVIDER)?.split_once('#')
}

/// Whether a text can be the id of an account at a provider.
#[must_use]
pub fn is_subject(text: &str) -> bool {
    (1..=MAX_SUBJECT).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl Found {
    /// The key of its identity.
    #[must_use]
    pub fn key(&self) -> String {
        key_of(&self.provider, &self.subject)
    }

    /// The identity, linked to a user now.
    #[must_use]
    pub fn linked(&self, user: Id, at: Timestamp) -> Federated {
        Federated {
            key: self.key(),
            user,
            issuer: self.issuer.clone(),
            email: self.email.clone(),
            linked_at: at,
        }
    }

    /// The way to sign in, as its user sees it.
    #[must_use]
    pub fn account(&self, at: Timestamp) -> wire::Account {
        wire::Account {
            id: self.provider.clone(),
            kind: wire::AccountKind::Provider,
            label: Some(self.method(at).label),
            connected_at: Some(at),
        }
    }

    /// The method of signing in that it is.
    #[must_use]
    pub fn method(&self, at: Timestamp) -> SignInMethod {
        let label = self.email.as_deref().unwrap_or(&self.provider);
        let mut end = label.len().min(MAX_LABEL);
        while !label.is_char_boundary(end) {
            end -= 1;
        }
        SignInMethod {
            added_at: at,
            label: label.get(..end).unwrap_or_default().to_owned(),
        }
    }
}

impl User {
    /// The keys of the providers that sign in.
    pub fn providers(&self) -> impl Iterator<Item = &String> {
        self.methods.keys().filter(|key| key.starts_with(PROVIDER))
    }

    /// The user with a provider more. An anonymous account is an ordinary one from then on.
    ///
    /// # Errors
    /// `auth/account-already-linked` for another account of a provider that is linked; `auth/method-limit`.
    pub fn with_provider(&self, found: &Found, at: Timestamp) -> Result<Self, Error> {
        let is_linked = self
            .providers()
            .any(|key| provider_of(key) == Some(found.provider.as_str()));
        if is_linked {
            return Err(Code::AccountAlreadyLinked.into());
        }
        if self.methods.len() >= MAX_METHODS {
            return Err(Code::MethodLimit.into());
        }
        let mut with = self.clone().staying();
        with.methods.insert(found.key(), found.method(at));
        Ok(with)
    }
}

#[cfg(test)]
mod tests;
