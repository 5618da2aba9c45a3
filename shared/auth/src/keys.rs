//! The signing secret and the keys derived from it.

use std::sync::Once;

use api::Error;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error as JwtError, ErrorKind};
use jsonwebtoken::signature::{self, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use ring::{aead, hkdf, hmac};

/// Every key of a deployment: the current ones sign, the previous ones still verify.
pub struct Keys {
    /// The signer: `bakend:` and the table prefix. Part of every token and of every derived key.
    pub(crate) issuer: String,
    pub(crate) generations: Vec<Derived>,
}

/// The keys of one signing secret. The secret itself signs JWTs. Every other key is derived from it (HKDF, RFC 5869),
/// so that no key serves two purposes (NIST SP 800-57 part 1, section 5.2).
pub(crate) struct Derived {
    pub(crate) encoding: EncodingKey,
    pub(crate) decoding: DecodingKey,
    pub(crate) refresh_tag: hmac::Key,
    pub(crate) cursor: aead::LessSafeKey,
    throttle: hmac::Key,
}

impl Keys {
    /// The keys of the deployment with this table prefix.
    ///
    /// # Errors
    /// `common/internal` if a key cannot be derived, which no secret makes happen.
    pub fn new(table_prefix: &str, current: &[u8], previous: Option<&[u8]>) -> Result<Self, Error> {
        install_provider();
        let issuer = format!("bakend:{table_prefix}");
        let generations = std::iter::once(current)
            .chain(previous)
            .map(|secret| Derived::new(&issuer, secret))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            issuer,
            generations,
        })
    }

    /// The pseudonym of an address, in a table that need not know it. It is the same for the same address and cannot be
    /// reversed. `kind` keeps an account's from a source's.
    ///
    /// # Errors
    /// `common/internal` without a signing key.
    pub fn pseudonym(&self, kind: &str, value: &str) -> Result<String, Error> {
        let tag = hmac::sign(
            &self.current()?.throttle,
            format!("{kind}:{value}").as_bytes(),
        );
        Ok(URL_SAFE_NO_PAD.encode(tag.as_ref().get(..16).unwrap_or_default()))
    }

    /// The generation that signs.
    pub(crate) fn current(&self) -> Result<&Derived, Error> {
        self.generations
            .first()
            .ok_or_else(|| Error::internal("no signing key"))
    }
}

impl Derived {
    fn new(issuer: &str, secret: &[u8]) -> Result<Self, Error> {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, issuer.as_bytes()).extract(secret);
        let derive = |purpose: &[u8]| -> Result<[u8; 32], Error> {
            let mut key = [0; 32];
            root.expand(&[purpose], hkdf::HKDF_SHA256)
                .and_then(|okm| okm.fill(&mut key))
                .map_err(|_| Error::internal("key derivation failed"))?;
            Ok(key)
        };
        let cursor = aead::UnboundKey::new(&aead::AES_256_GCM, &derive(b"cursor")?)
            .map_err(|_| Error::internal("key derivation failed"))?;
        Ok(Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            refresh_tag: hmac::Key::new(hmac::HMAC_SHA256, &derive(b"refresh-token-tag")?),
            cursor: aead::LessSafeKey::new(cursor),
            throttle: hmac::Key::new(hmac::HMAC_SHA256, &derive(b"throttle")?),
        })
    }
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
        let of = |prefix: &str, kind: &str, value: &str| {
            keys(prefix).pseudonym(kind, value).expect("a pseudonym")
        };
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
}
