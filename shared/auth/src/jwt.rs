//! JWTs by the crate jsonwebtoken, with its signatures on ring. The crate's own backends bring a second library of
//! cryptography each.

use std::sync::Once;

use api::Error;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error as JwtError, ErrorKind};
use jsonwebtoken::signature::{self, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey, Header, Validation};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A signed JWT.
///
/// # Errors
/// `common/internal` for a key of another algorithm, or without random bytes; no input makes either happen.
pub(crate) fn encode(
    header: &Header,
    claims: &impl Serialize,
    key: &EncodingKey,
) -> Result<String, Error> {
    install_provider();
    jsonwebtoken::encode(header, claims, key)
        .map_err(|error| Error::internal(format!("signing: {error}")))
}

/// The claims of a JWT with a signature of this algorithm by this key. The caller judges the claims.
pub(crate) fn decode<T: DeserializeOwned>(
    token: &str,
    algorithm: Algorithm,
    key: &DecodingKey,
) -> Option<T> {
    install_provider();
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let read = jsonwebtoken::decode(token, key, &validation);
    read.ok().map(|token| token.claims)
}

/// Whether a signature, in base64url, is one of this algorithm by this key. The crate reads no header of the token: it knows
/// some names of algorithms under which others sign no longer.
pub(crate) fn is_signed(
    signature: &str,
    signed: &str,
    algorithm: Algorithm,
    key: &DecodingKey,
) -> bool {
    install_provider();
    let verified = jsonwebtoken::crypto::verify(signature, signed.as_bytes(), key, algorithm);
    verified.unwrap_or(false)
}

/// Makes [`PROVIDER`] jsonwebtoken's, once per process.
fn install_provider() {
    static ONCE: Once = Once::new();
    // An error means that another thread installed the same provider first.
    ONCE.call_once(|| {
        let _ = PROVIDER.install_default();
    });
}

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| {
        let private = Private::read(*algorithm, key.as_bytes());
        let private = private.map_err(|_| JwtError::from(ErrorKind::InvalidKeyFormat))?;
        Ok(Box::new(Signature {
            algorithm: *algorithm,
            key: private,
        }))
    },
    verifier_factory: |algorithm, key| {
        Ok(Box::new(Signature {
            algorithm: *algorithm,
            key: key.kind().clone(),
        }))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct Signature<K> {
    algorithm: Algorithm,
    key: K,
}

impl Signer<Vec<u8>> for Signature<Private> {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        self.key.sign(message).ok_or_else(signature::Error::new)
    }
}

impl JwtSigner for Signature<Private> {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for Signature<DecodingKeyKind> {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let verified = match (self.algorithm, &self.key) {
            (Algorithm::HS256, DecodingKeyKind::SecretOrDer(secret)) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                hmac::verify(&key, message, signature)
            }
            (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point)) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            (Algorithm::EdDSA, DecodingKeyKind::SecretOrDer(key)) => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature)
            }
            (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(
                    &RSA_PKCS1_2048_8192_SHA256,
                    message,
                    signature,
                )
            }
            _ => Err(ring::error::Unspecified),
        };
        verified.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Signature<DecodingKeyKind> {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

/// A key that signs.
pub(crate) enum Private {
    Hmac(hmac::Key),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl Private {
    /// A secret (HS256) or a private key (PKCS #8, DER).
    ///
    /// # Errors
    /// The reason why it is no key of this algorithm.
    pub(crate) fn read(algorithm: Algorithm, key: &[u8]) -> Result<Self, String> {
        let read = match algorithm {
            Algorithm::HS256 => Ok(Self::Hmac(hmac::Key::new(hmac::HMAC_SHA256, key))),
            Algorithm::ES256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key, &random())
                    .map(Self::Ec)
            }
            Algorithm::EdDSA => Ed25519KeyPair::from_pkcs8_maybe_unchecked(key).map(Self::Ed),
            Algorithm::RS256 => RsaKeyPair::from_pkcs8(key).map(|key| Self::Rsa(Box::new(key))),
            _ => return Err(format!("{algorithm:?} is not signed here")),
        };
        read.map_err(|error| format!("no {algorithm:?} key: {error}"))
    }

    /// The members of the public key's JWK: `x`, `y` or `n`, `e`. A secret has none.
    pub(crate) fn public(&self) -> Vec<Vec<u8>> {
        match self {
            Self::Hmac(_) => Vec::new(),
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

    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = random();
        match self {
            Self::Hmac(key) => Some(hmac::sign(key, message).as_ref().to_vec()),
            Self::Ec(key) => Some(key.sign(&random, message).ok()?.as_ref().to_vec()),
            Self::Ed(key) => Some(key.sign(message).as_ref().to_vec()),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .ok()?;
                Some(signature)
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a signature's random part must not be chosen by a caller"
)]
fn random() -> SystemRandom {
    SystemRandom::new()
}

/// The bytes of a coordinate of P-256.
const COORDINATE: usize = 32;
