//! Keys of access tokens that others can verify: ES256 (RFC 7518, section 3.4), EdDSA (RFC 8037) and RS256 (RFC 7518,
//! section 3.3).

use std::sync::{Arc, OnceLock};

use api::settings::TokenAlgorithm;
use api::wire::PublicKey;
use api::{Error, Timestamp};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};

use crate::jwt::Private;

/// A key pair as a table has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPair {
    /// The id: the thumbprint of the public key.
    pub kid: String,
    /// The algorithm.
    pub algorithm: TokenAlgorithm,
    /// The public key: the members of its JWK, in base64url, in the order `x`, `y` or `n`, `e`.
    pub public: Vec<String>,
    /// The private key (PKCS #8), sealed at the place `kid`.
    pub sealed: String,
    /// Since when it is in its state.
    pub since: Timestamp,
}

/// A new key pair, not yet sealed.
pub struct NewPair {
    /// The id: the thumbprint of the public key.
    pub kid: String,
    algorithm: TokenAlgorithm,
    public: Vec<String>,
    pkcs8: Vec<u8>,
}

/// A key pair that verifies, and signs where it is asked to.
pub(crate) struct Pair {
    pub(crate) kid: Arc<str>,
    /// The header of its tokens, encoded.
    pub(crate) header: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) decoding: DecodingKey,
    stored: StoredPair,
    /// Opened by the first signature.
    encoding: OnceLock<EncodingKey>,
}

/// The algorithm as the crate jsonwebtoken names it.
const fn named(algorithm: TokenAlgorithm) -> Algorithm {
    match algorithm {
        TokenAlgorithm::HS256 => Algorithm::HS256,
        TokenAlgorithm::ES256 => Algorithm::ES256,
        TokenAlgorithm::EdDsa => Algorithm::EdDSA,
        TokenAlgorithm::RS256 => Algorithm::RS256,
    }
}

/// The header of tokens that the key `kid` signs. It holds nothing else, and is compared whole.
pub(crate) fn header(algorithm: TokenAlgorithm, kid: &str) -> String {
    let alg = algorithm.as_str();
    URL_SAFE_NO_PAD.encode(format!(r#"{{"typ":"at+jwt","alg":"{alg}","kid":"{kid}"}}"#))
}

/// Whether an encoded header is such a one, of whichever key.
pub(crate) fn is_header(encoded: &str) -> bool {
    let read = || {
        let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let rest = text.strip_prefix(r#"{"typ":"at+jwt","alg":""#)?;
        let (alg, rest) = rest.split_once(r#"","kid":""#)?;
        let kid = rest.strip_suffix(r#""}"#)?;
        let algorithm = TokenAlgorithm::parse(alg)?;
        Some(algorithm.has_public_keys() && is_kid(kid))
    };
    read().unwrap_or_default()
}

/// Whether a text has the form of a thumbprint.
fn is_kid(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.len() == 43 && text.bytes().all(fits)
}

impl NewPair {
    /// Makes a key pair.
    ///
    /// # Errors
    /// The reason: RSA keys are not made here, nor are those of HS256, and the system may have no random bytes.
    pub fn generate(algorithm: TokenAlgorithm, random: &SystemRandom) -> Result<Self, String> {
        let failed = |_| "the system has no random bytes".to_owned();
        let pkcs8 = match algorithm {
            TokenAlgorithm::ES256 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, random)
                    .map_err(failed)?
            }
            TokenAlgorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(random).map_err(failed)?,
            TokenAlgorithm::HS256 | TokenAlgorithm::RS256 => {
                return Err(format!("no {} key is made here", algorithm.as_str()));
            }
        };
        Self::import(algorithm, pkcs8.as_ref())
    }

    /// Takes a private key (PKCS #8, DER).
    ///
    /// # Errors
    /// The reason why it is none of this algorithm.
    pub fn import(algorithm: TokenAlgorithm, pkcs8: &[u8]) -> Result<Self, String> {
        if !algorithm.has_public_keys() {
            return Err(format!("{} has no key pair", algorithm.as_str()));
        }
        let private = Private::read(named(algorithm), pkcs8)?;
        let public: Vec<String> = private
            .public()
            .iter()
            .map(|part| URL_SAFE_NO_PAD.encode(part))
            .collect();
        let kid = thumbprint(&jwk(algorithm, &public, ""));
        Ok(Self {
            kid,
            algorithm,
            public,
            pkcs8: pkcs8.to_vec(),
        })
    }

    /// The pair as a table has it, with its private part sealed by `seal`.
    ///
    /// # Errors
    /// Those of `seal`.
    pub(crate) fn stored(
        &self,
        seal: impl FnOnce(&[u8]) -> Result<String, Error>,
        now: Timestamp,
    ) -> Result<StoredPair, Error> {
        Ok(StoredPair {
            kid: self.kid.clone(),
            algorithm: self.algorithm,
            public: self.public.clone(),
            sealed: seal(&self.pkcs8)?,
            since: now,
        })
    }
}

impl StoredPair {
    /// The public key.
    #[must_use]
    pub fn shown(&self) -> PublicKey {
        jwk(self.algorithm, &self.public, &self.kid)
    }
}

impl Pair {
    /// The key pair as stored; the private part is not yet opened.
    ///
    /// # Errors
    /// `common/internal` where the public part is none.
    pub(crate) fn of(stored: StoredPair) -> Result<Self, Error> {
        let decoding = match (stored.algorithm, &stored.public[..]) {
            (TokenAlgorithm::ES256, [x, y]) => DecodingKey::from_ec_components(x, y).ok(),
            (TokenAlgorithm::EdDsa, [x]) => DecodingKey::from_ed_components(x).ok(),
            (TokenAlgorithm::RS256, [n, e]) => DecodingKey::from_rsa_components(n, e).ok(),
            _ => None,
        };
        let broken = || Error::internal(format!("the key {} has no public part", stored.kid));
        Ok(Self {
            kid: stored.kid.as_str().into(),
            header: header(stored.algorithm, &stored.kid),
            algorithm: named(stored.algorithm),
            decoding: decoding.ok_or_else(broken)?,
            encoding: OnceLock::new(),
            stored,
        })
    }

    pub(crate) fn shown(&self) -> PublicKey {
        self.stored.shown()
    }

    /// The header of its tokens; encoded it is [`Self::header`].
    pub(crate) fn jwt_header(&self) -> Header {
        Header {
            typ: Some("at+jwt".to_owned()),
            kid: Some(self.stored.kid.clone()),
            ..Header::new(self.algorithm)
        }
    }

    /// The key that signs; the first time `open` opens the private part.
    pub(crate) fn encoding(
        &self,
        open: impl FnOnce(&StoredPair) -> Option<Vec<u8>>,
    ) -> Result<&EncodingKey, Error> {
        if let Some(key) = self.encoding.get() {
            return Ok(key);
        }
        let kid = &self.stored.kid;
        let pkcs8 = open(&self.stored);
        let pkcs8 = pkcs8.ok_or_else(|| Error::internal(format!("the key {kid} does not open")))?;
        let key = match self.stored.algorithm {
            TokenAlgorithm::EdDsa => EncodingKey::from_ed_der(&pkcs8),
            TokenAlgorithm::RS256 => EncodingKey::from_rsa_der(&pkcs8),
            TokenAlgorithm::ES256 | TokenAlgorithm::HS256 => EncodingKey::from_ec_der(&pkcs8),
        };
        Ok(self.encoding.get_or_init(|| key))
    }
}

/// The public key as others read it.
fn jwk(algorithm: TokenAlgorithm, public: &[String], kid: &str) -> PublicKey {
    let part = |at: usize| public.get(at).cloned();
    let (kty, crv) = match algorithm {
        TokenAlgorithm::ES256 => ("EC", Some("P-256")),
        TokenAlgorithm::EdDsa => ("OKP", Some("Ed25519")),
        TokenAlgorithm::RS256 | TokenAlgorithm::HS256 => ("RSA", None),
    };
    let (curve, rsa) = match crv {
        Some(_) => ([part(0), part(1)], [None, None]),
        None => ([None, None], [part(0), part(1)]),
    };
    let ([x, y], [n, e]) = (curve, rsa);
    PublicKey {
        kty,
        r#use: "sig",
        alg: algorithm.as_str(),
        kid: kid.to_owned(),
        crv,
        x,
        y,
        n,
        e,
    }
}

/// The thumbprint of a public key: the hash of its required members, in the order of their names (RFC 7638).
fn thumbprint(key: &PublicKey) -> String {
    let members = [
        ("crv", key.crv),
        ("e", key.e.as_deref()),
        ("kty", Some(key.kty)),
        ("n", key.n.as_deref()),
        ("x", key.x.as_deref()),
        ("y", key.y.as_deref()),
    ];
    let there = members
        .iter()
        .filter_map(|(name, value)| value.map(|value| format!(r#""{name}":"{value}""#)));
    let text = format!("{{{}}}", there.collect::<Vec<_>>().join(","));
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

#[cfg(test)]
mod tests;
