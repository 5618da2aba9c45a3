//! Keys of access tokens that others can verify: ES256 (RFC 7518, section 3.4), EdDSA (RFC 8037) and RS256 (RFC 7518,
//! section 3.3), on ring.

use std::sync::{Arc, OnceLock};

use api::settings::TokenAlgorithm;
use api::wire::PublicKey;
use api::{Error, Timestamp};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey,
};

/// The bytes of a coordinate of P-256.
const COORDINATE: usize = 32;

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
    stored: StoredPair,
    public: Vec<Vec<u8>>,
    /// Opened by the first signature.
    private: OnceLock<Private>,
}

enum Private {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
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
        Self::import(algorithm, pkcs8.as_ref(), random)
    }

    /// Takes a private key (PKCS #8, DER).
    ///
    /// # Errors
    /// The reason why it is none of this algorithm.
    pub fn import(
        algorithm: TokenAlgorithm,
        pkcs8: &[u8],
        random: &SystemRandom,
    ) -> Result<Self, String> {
        let private = Private::read(algorithm, pkcs8, random)?;
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
        let decode = |part: &String| URL_SAFE_NO_PAD.decode(part).ok();
        let public: Option<Vec<_>> = stored.public.iter().map(decode).collect();
        let broken = || Error::internal(format!("the key {} has no public part", stored.kid));
        let public = public.ok_or_else(broken)?;
        let public = match (stored.algorithm, &public[..]) {
            // An uncompressed point (SEC 1, section 2.3.3).
            (TokenAlgorithm::ES256, [x, y]) => vec![[&[4][..], x, y].concat()],
            (TokenAlgorithm::EdDsa, [_]) | (TokenAlgorithm::RS256, [_, _]) => public,
            _ => return Err(broken()),
        };
        Ok(Self {
            kid: stored.kid.as_str().into(),
            header: header(stored.algorithm, &stored.kid),
            public,
            private: OnceLock::new(),
            stored,
        })
    }

    pub(crate) fn shown(&self) -> PublicKey {
        self.stored.shown()
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match (self.stored.algorithm, &self.public[..]) {
            (TokenAlgorithm::ES256, [point]) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                    .verify(message, signature)
                    .is_ok()
            }
            (TokenAlgorithm::EdDsa, [key]) => UnparsedPublicKey::new(&ED25519, key)
                .verify(message, signature)
                .is_ok(),
            (TokenAlgorithm::RS256, [n, e]) => {
                let key = signature::RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                    .is_ok()
            }
            _ => false,
        }
    }

    /// Signs; the first time `open` opens the private part.
    pub(crate) fn sign(
        &self,
        open: impl FnOnce(&StoredPair) -> Option<Vec<u8>>,
        message: &[u8],
        random: &SystemRandom,
    ) -> Result<Vec<u8>, Error> {
        let private = match self.private.get() {
            Some(private) => private,
            None => {
                let opened = self.read(open(&self.stored), random)?;
                self.private.get_or_init(|| opened)
            }
        };
        private
            .sign(message, random)
            .ok_or_else(|| Error::internal("signing failed"))
    }

    fn read(&self, pkcs8: Option<Vec<u8>>, random: &SystemRandom) -> Result<Private, Error> {
        let kid = &self.stored.kid;
        let pkcs8 = pkcs8.ok_or_else(|| Error::internal(format!("the key {kid} does not open")))?;
        Private::read(self.stored.algorithm, &pkcs8, random)
            .map_err(|reason| Error::internal(format!("the key {kid}: {reason}")))
    }
}

impl Private {
    fn read(
        algorithm: TokenAlgorithm,
        pkcs8: &[u8],
        random: &SystemRandom,
    ) -> Result<Self, String> {
        let refused =
            |error: ring::error::KeyRejected| format!("no {} key: {error}", algorithm.as_str());
        match algorithm {
            TokenAlgorithm::ES256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, random)
                    .map(Self::Ec)
                    .map_err(refused)
            }
            TokenAlgorithm::EdDsa => Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8)
                .map(Self::Ed)
                .map_err(refused),
            TokenAlgorithm::RS256 => RsaKeyPair::from_pkcs8(pkcs8)
                .map(|key| Self::Rsa(Box::new(key)))
                .map_err(refused),
            TokenAlgorithm::HS256 => Err("HS256 has no key pair".to_owned()),
        }
    }

    /// The members of the public key's JWK.
    fn public(&self) -> Vec<Vec<u8>> {
        match self {
            Self::Ec(key) => {
                let point = key.public_key().as_ref().get(1..).unwrap_or_default();
                point.chunks(COORDINATE).map(<[u8]>::to_vec).collect()
            }
            Self::Ed(key) => vec![key.public_key().as_ref().to_vec()],
            Self::Rsa(key) => {
                let parts: PublicKeyComponents<Vec<u8>> = key.public().into();
                vec![parts.n, parts.e]
            }
        }
    }

    fn sign(&self, message: &[u8], random: &SystemRandom) -> Option<Vec<u8>> {
        match self {
            Self::Ec(key) => key
                .sign(random, message)
                .ok()
                .map(|it| it.as_ref().to_vec()),
            Self::Ed(key) => Some(key.sign(message).as_ref().to_vec()),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(
                    &signature::RSA_PKCS1_SHA256,
                    random,
                    message,
                    &mut signature,
                )
                .ok()?;
                Some(signature)
            }
        }
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
