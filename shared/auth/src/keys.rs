//! The keys of a deployment: those that are stored, and those that follow from the signing secret.

use std::collections::BTreeMap;
use std::sync::Once;

use api::Error;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error as JwtError, ErrorKind};
use jsonwebtoken::signature::{self, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use ring::{aead, hkdf, hmac};

/// The bytes of every key but the signing secret.
pub type KeyBytes = [u8; 32];

/// The keys as a table has them. The missing ones follow from the signing secret, but for the sealing keys.
#[derive(Clone, Default)]
pub struct Stored {
    /// The secret that signs.
    pub current: Vec<u8>,
    /// The secret that signed before, or will sign next: it verifies.
    pub previous: Option<Vec<u8>>,
    /// The keys of refresh-token tags: the first makes tags, all verify.
    pub tags: Vec<KeyBytes>,
    /// The keys of list cursors: the first seals, all open.
    pub cursors: Vec<KeyBytes>,
    /// The keys of pseudonyms; the first alone is used.
    pub pseudonyms: Vec<KeyBytes>,
    /// The sealing keys by number; the highest number seals, all open. They follow from no other secret.
    pub sealing: BTreeMap<u32, KeyBytes>,
}

/// Every key of a deployment. No key serves two purposes (NIST SP 800-57 part 1, section 5.2).
pub struct Keys {
    /// The signer: `bakend:` and the table prefix. Part of every token and of every derived key.
    pub(crate) issuer: String,
    /// The keys of JWTs: the first signs, all verify.
    pub(crate) signers: Vec<Signing>,
    pub(crate) tags: Vec<hmac::Key>,
    pub(crate) cursors: Vec<aead::LessSafeKey>,
    pseudonyms: hmac::Key,
    pub(crate) sealing: BTreeMap<u32, KeyBytes>,
}

/// A signing secret, which signs JWTs and nothing else.
pub(crate) struct Signing {
    pub(crate) encoding: EncodingKey,
    pub(crate) decoding: DecodingKey,
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
        install_provider();
        let stored = stored.complete(table_prefix)?;
        let secrets = std::iter::once(&stored.current).chain(&stored.previous);
        let [pseudonyms, ..] = &stored.pseudonyms[..] else {
            return Err(Error::internal("no key of pseudonyms"));
        };
        Ok(Self {
            issuer: issuer(table_prefix),
            signers: secrets.map(|secret| Signing::new(secret)).collect(),
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

    /// The pseudonym of an address, in a table that need not know it. It is the same for the same address and cannot be
    /// reversed. `kind` keeps an account's from a source's.
    #[must_use]
    pub fn pseudonym(&self, kind: &str, value: &str) -> String {
        let tag = hmac::sign(&self.pseudonyms, format!("{kind}:{value}").as_bytes());
        URL_SAFE_NO_PAD.encode(tag.as_ref().get(..16).unwrap_or_default())
    }

    /// The secret that signs.
    pub(crate) fn signer(&self) -> Result<&Signing, Error> {
        self.signers.first().ok_or_else(no_key)
    }
}

pub(crate) fn no_key() -> Error {
    Error::internal("no signing key")
}

impl Signing {
    fn new(secret: &[u8]) -> Self {
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
        }
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

/// HMAC-SHA256 on ring, the only algorithm: jsonwebtoken's own backends bring RSA and elliptic curves.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hs256(hmac::Key::new(
            hmac::HMAC_SHA256,
            key.as_bytes(),
        )))),
        _ => Err(JwtError::from(ErrorKind::InvalidAlgorithm)),
    },
    verifier_factory: |algorithm, key| match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hs256(hmac::Key::new(
            hmac::HMAC_SHA256,
            key.try_get_as_bytes()?,
        )))),
        _ => Err(JwtError::from(ErrorKind::InvalidAlgorithm)),
    },
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes [`PROVIDER`] jsonwebtoken's, once per process.
fn install_provider() {
    static ONCE: Once = Once::new();
    // An error means that another thread installed the same provider first.
    ONCE.call_once(|| {
        let _ = PROVIDER.install_default();
    });
}

struct Hs256(hmac::Key);

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], tag: &Vec<u8>) -> Result<(), signature::Error> {
        hmac::verify(&self.0, message, tag).map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
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
        for (at, tag) in before.tags.iter().enumerate() {
            let tag = hmac::sign(tag, b"body");
            assert!(
                hmac::verify(&after.tags[at], b"body", tag.as_ref()).is_ok(),
                "{at}"
            );
        }
        assert_eq!((before.tags.len(), after.tags.len()), (2, 2));
        assert_eq!((kept.cursors.len(), after.signers.len()), (2, 1));
        let other = Keys::new("a-", &[9; 32], None).expect("keys");
        assert_ne!(pseudonym(&other), pseudonym(&after));
    }
}
