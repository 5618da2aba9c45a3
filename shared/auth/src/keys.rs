//! The keys of a deployment: those that are stored, and those that follow from the signing secret.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use api::settings::TokenAlgorithm;
use api::{Error, Timestamp};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, EncodingKey};
use ring::rand::SystemRandom;
use ring::{aead, hkdf, hmac};

use crate::token_key::{Pair, StoredPair};

/// The bytes of every key but the signing secret.
pub type KeyBytes = [u8; 32];

/// The keys as a table has them. The missing ones follow from the signing secret, but for the sealing keys and the pairs.
#[derive(Clone, Default)]
pub struct Stored {
    /// The secret that signs, where no key pair does.
    pub current: Vec<u8>,
    /// The secret that signed before: it verifies.
    pub previous: Option<Vec<u8>>,
    /// The secret that will sign next: it verifies.
    pub next: Option<Vec<u8>>,
    /// The keys of refresh-token tags: the first makes tags, all verify.
    pub tags: Vec<KeyBytes>,
    /// The keys of list cursors: the first seals, all open.
    pub cursors: Vec<KeyBytes>,
    /// The keys of pseudonyms; the first alone is used.
    pub pseudonyms: Vec<KeyBytes>,
    /// The sealing keys by number; the highest number seals, all open. They follow from no other secret.
    pub sealing: BTreeMap<u32, KeyBytes>,
    /// The key pairs, where others can verify tokens.
    pub pairs: Option<StoredPairs>,
}

/// The key pairs of access tokens as a table has them.
#[derive(Clone)]
pub struct StoredPairs {
    /// The terms of the tokens that they sign.
    pub terms: TokenTerms,
    /// The pair that signs; before there is one, the secret signs.
    pub current: Option<StoredPair>,
    /// The pair that signed before: it verifies.
    pub previous: Option<StoredPair>,
    /// The pair that will sign next: it verifies, and others see it.
    pub next: Option<StoredPair>,
    /// Since when a pair signs.
    pub since: Option<Timestamp>,
}

/// The terms of tokens that others can verify.
#[derive(Clone)]
pub struct TokenTerms {
    /// The algorithm of new key pairs.
    pub algorithm: TokenAlgorithm,
    /// The claim `iss`.
    pub issuer: String,
    /// The claim `aud`.
    pub audience: String,
    /// The longest lifetime of a token.
    pub longest: Duration,
    /// The source of random bytes, which new keys need.
    pub random: SystemRandom,
}

/// The time since when pairs sign where no secret's token is taken, since somebody else may have the secret.
pub const SECRETS_NEVER: Timestamp = Timestamp::from_millis(0);

/// Every key of a deployment. No key serves two purposes (NIST SP 800-57 part 1, section 5.2).
pub struct Keys {
    /// The deployment: `bakend:` and the table prefix. Part of every derived key, and the issuer of tokens that a secret
    /// signs.
    pub(crate) issuer: String,
    held: RwLock<Arc<KeySet>>,
}

/// The keys as they were last read.
pub(crate) struct KeySet {
    /// The secrets of access tokens: the first signs where no pair does, all verify.
    pub(crate) secrets: Vec<TokenSecret>,
    pub(crate) pairs: Option<Pairs>,
    pub(crate) tags: Vec<hmac::Key>,
    pub(crate) cursors: Vec<aead::LessSafeKey>,
    pseudonyms: hmac::Key,
    pub(crate) sealing: BTreeMap<u32, KeyBytes>,
}

/// A signing secret, which signs access tokens and nothing else.
pub(crate) struct TokenSecret {
    pub(crate) kid: Arc<str>,
    pub(crate) encoding: EncodingKey,
    pub(crate) decoding: DecodingKey,
}

/// The key pairs of access tokens.
pub(crate) struct Pairs {
    pub(crate) terms: TokenTerms,
    /// Whether the first of `all` signs.
    pub(crate) signs: bool,
    /// All that verify.
    pub(crate) all: Vec<Pair>,
    /// Since when a pair signs.
    pub(crate) since: Option<Timestamp>,
}

impl Stored {
    /// Adds the keys of tags, cursors and pseudonyms that are missing. They follow from the signing secrets (HKDF, RFC
    /// 5869) as they did when no table kept them, so what these made stays good.
    ///
    /// # Errors
    /// `common/internal` if a key cannot be derived, which no secret makes happen.
    pub fn complete(mut self, table_prefix: &str) -> Result<Self, Error> {
        let issuer = issuer(table_prefix);
        let secrets: Vec<_> = std::iter::once(self.current.clone())
            .chain(self.previous.clone())
            .collect();
        let purposes: [(&mut Vec<KeyBytes>, &[u8]); 3] = [
            (&mut self.tags, b"refresh-token-tag"),
            (&mut self.cursors, b"cursor"),
            (&mut self.pseudonyms, b"throttle"),
        ];
        for (keys, purpose) in purposes {
            if keys.is_empty() {
                let derived = secrets
                    .iter()
                    .map(|secret| derive(&issuer, secret, purpose));
                *keys = derived.collect::<Result<_, _>>()?;
            }
        }
        Ok(self)
    }
}

impl Keys {
    /// The keys of the deployment with this table prefix, all of them from signing secrets.
    ///
    /// # Errors
    /// `common/internal` if a key cannot be derived, which no secret makes happen.
    pub fn new(table_prefix: &str, current: &[u8], previous: Option<&[u8]>) -> Result<Self, Error> {
        let stored = Stored {
            current: current.to_vec(),
            previous: previous.map(<[u8]>::to_vec),
            ..Stored::default()
        };
        Self::of(table_prefix, stored)
    }

    /// The keys of the deployment with this table prefix, as stored; the missing ones are derived.
    ///
    /// # Errors
    /// `common/internal` if a key cannot be derived, which no secret makes happen.
    pub fn of(table_prefix: &str, stored: Stored) -> Result<Self, Error> {
        let held = KeySet::of(stored.complete(table_prefix)?)?;
        Ok(Self {
            issuer: issuer(table_prefix),
            held: RwLock::new(Arc::new(held)),
        })
    }

    /// Takes the place of what was read before, for everybody who has these keys.
    pub fn renew(&self, read: &Self) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = read.held();
    }

    /// The keys as they were last read.
    pub(crate) fn held(&self) -> Arc<KeySet> {
        Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The pseudonym of an address, in a table that need not know it. It is the same for the same address and cannot be
    /// reversed. `kind` keeps an account's from a source's.
    #[must_use]
    pub fn pseudonym(&self, kind: &str, value: &str) -> String {
        let tag = hmac::sign(
            &self.held().pseudonyms,
            format!("{kind}:{value}").as_bytes(),
        );
        URL_SAFE_NO_PAD.encode(tag.as_ref().get(..16).unwrap_or_default())
    }
}

impl KeySet {
    fn of(stored: Stored) -> Result<Self, Error> {
        let secrets = std::iter::once(&stored.current)
            .chain(&stored.previous)
            .chain(&stored.next);
        let [pseudonyms, ..] = &stored.pseudonyms[..] else {
            return Err(Error::internal("no key of pseudonyms"));
        };
        Ok(Self {
            secrets: secrets.map(|secret| TokenSecret::new(secret)).collect(),
            pairs: stored.pairs.map(Pairs::of).transpose()?,
            tags: stored.tags.iter().map(mac).collect(),
            cursors: stored
                .cursors
                .iter()
                .map(cipher)
                .collect::<Result<_, _>>()?,
            pseudonyms: mac(pseudonyms),
            sealing: stored.sealing,
        })
    }
}

pub(crate) fn no_key() -> Error {
    Error::internal("no signing key")
}

impl TokenSecret {
    fn new(secret: &[u8]) -> Self {
        Self {
            kid: fingerprint(secret).into(),
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
        }
    }
}

/// The name of a signing secret that may be told: it follows from the secret, which cannot be found by it.
#[must_use]
pub fn fingerprint(secret: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"kid");
    URL_SAFE_NO_PAD.encode(tag.as_ref().get(..12).unwrap_or_default())
}

impl Pairs {
    fn of(stored: StoredPairs) -> Result<Self, Error> {
        let signs = stored.current.is_some();
        let all = [stored.current, stored.previous, stored.next];
        Ok(Self {
            terms: stored.terms,
            signs,
            all: all
                .into_iter()
                .flatten()
                .map(Pair::of)
                .collect::<Result<_, _>>()?,
            since: stored.since,
        })
    }

    /// The pair that signs.
    pub(crate) fn signer(&self) -> Option<&Pair> {
        self.all.first().filter(|_| self.signs)
    }
}

fn issuer(table_prefix: &str) -> String {
    format!("bakend:{table_prefix}")
}

/// A key for one purpose, from a secret (HKDF, RFC 5869).
pub(crate) fn derive(issuer: &str, secret: &[u8], purpose: &[u8]) -> Result<KeyBytes, Error> {
    let root = hkdf::Salt::new(hkdf::HKDF_SHA256, issuer.as_bytes()).extract(secret);
    let mut key = [0; 32];
    root.expand(&[purpose], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut key))
        .map_err(|_| Error::internal("key derivation failed"))?;
    Ok(key)
}

fn mac(key: &KeyBytes) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, key)
}

pub(crate) fn cipher(key: &KeyBytes) -> Result<aead::LessSafeKey, Error> {
    aead::UnboundKey::new(&aead::AES_256_GCM, key)
        .map(aead::LessSafeKey::new)
        .map_err(|_| Error::internal("a key of another length"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_of_its_kind_and_its_deployment() {
        let keys = |prefix: &str| Keys::new(prefix, &[1; 32], None).expect("keys");
        let of = |prefix: &str, kind: &str, value: &str| keys(prefix).pseudonym(kind, value);
        let one = of("a-", "account", "ada@example.com");
        assert_eq!(
            (one.len(), &one),
            (22, &of("a-", "account", "ada@example.com"))
        );
        let others = [
            ("b-", "account", "ada@example.com"),
            ("a-", "source", "ada@example.com"),
            ("a-", "account", "ada"),
        ];
        for (prefix, kind, value) in others {
            assert_ne!(one, of(prefix, kind, value), "{prefix} {kind} {value}");
        }
    }

    #[test]
    fn stored_keys_outlive_the_signing_secret_that_they_came_from() {
        let first = || Stored {
            current: vec![1; 32],
            previous: Some(vec![2; 32]),
            ..Stored::default()
        };
        let kept = first().complete("a-").expect("complete");
        let rotated = Stored {
            current: vec![9; 32],
            previous: None,
            ..kept.clone()
        };
        let before = Keys::of("a-", first()).expect("keys");
        let after = Keys::of("a-", rotated).expect("keys");
        let pseudonym = |keys: &Keys| keys.pseudonym("account", "ada@example.com");
        assert_eq!(pseudonym(&before), pseudonym(&after));
        let (was, is) = (before.held(), after.held());
        for (at, tag) in was.tags.iter().enumerate() {
            let tag = hmac::sign(tag, b"body");
            assert!(
                hmac::verify(&is.tags[at], b"body", tag.as_ref()).is_ok(),
                "{at}"
            );
        }
        assert_eq!((was.tags.len(), is.tags.len()), (2, 2));
        assert_eq!((kept.cursors.len(), is.secrets.len()), (2, 1));
        let other = Keys::new("a-", &[9; 32], None).expect("keys");
        assert_ne!(pseudonym(&other), pseudonym(&after));
        after.renew(&other);
        assert_eq!(pseudonym(&other), pseudonym(&after));
    }
}
