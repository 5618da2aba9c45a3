//! The keys by which a provider signs ID tokens, and Apple's key of a team.

use std::fs;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use serde_json::{Value, json};

/// The keys of a provider, one of each kind, with its number.
pub(super) struct Keys {
    number: u32,
    ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
    rsa: RsaKeyPair,
}

impl Keys {
    /// New keys. That of RSA is always the same, since nothing here makes one.
    pub(super) fn new(number: u32) -> Self {
        let system = SystemRandom::new();
        let ed = Ed25519KeyPair::generate_pkcs8(&system).unwrap();
        let rsa = local::root().join("shared/auth/src/token_key/rsa-2048.pk8");
        Self {
            number,
            ec: ec(&ec_document(), &system),
            ed: Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap(),
            rsa: RsaKeyPair::from_pkcs8(&fs::read(rsa).unwrap()).unwrap(),
        }
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// The id of the key of an algorithm.
    pub(super) fn kid(&self, algorithm: &str) -> String {
        let kind = match algorithm {
            "RS256" => "rsa",
            "ES256" => "ec",
            _ => "ed",
        };
        format!("{kind}-{}", self.number)
    }

    /// The public keys, and some that sign nothing.
    pub(super) fn set(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let point = &self.ec.public_key().as_ref()[1..];
        let (x, y) = point.split_at(32);
        let rsa: PublicKeyComponents<Vec<u8>> = self.rsa.public().into();
        json!({ "keys": [
            { "kty": "RSA", "kid": self.kid("RS256"), "use": "sig", "alg": "RS256", "n": text(&rsa.n), "e": text(&rsa.e), "x5c": ["-"] },
            { "kty": "EC", "kid": self.kid("ES256"), "use": "sig", "crv": "P-256", "x": text(x), "y": text(y) },
            { "kty": "OKP", "kid": self.kid("EdDSA"), "crv": "Ed25519", "x": text(self.ed.public_key().as_ref()) },
            { "kty": "RSA", "kid": "encrypts", "use": "enc", "n": text(&rsa.n), "e": text(&rsa.e) },
            { "kty": "oct", "kid": "secret", "k": "AAAA" },
        ] })
    }

    /// Signs a token by the algorithm of its header. One that no key here has is an HMAC with the public key of RSA.
    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let (bytes, system) = (signed.as_bytes(), SystemRandom::new());
        let signature = match header["alg"].as_str() {
            Some("RS256") => {
                let mut signature = vec![0; self.rsa.public().modulus_len()];
                self.rsa
                    .sign(&RSA_PKCS1_SHA256, &system, bytes, &mut signature)
                    .unwrap();
                signature
            }
            Some("ES256") => self.ec.sign(&system, bytes).unwrap().as_ref().to_vec(),
            Some("EdDSA" | "Ed25519") => self.ed.sign(bytes).as_ref().to_vec(),
            Some("none") => Vec::new(),
            _ => {
                let secret = self.rsa.public().as_ref();
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                hmac::sign(&key, bytes).as_ref().to_vec()
            }
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn ec_document() -> Vec<u8> {
    let system = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &system);
    document.unwrap().as_ref().to_vec()
}

fn ec(document: &[u8], system: &SystemRandom) -> EcdsaKeyPair {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document, system).unwrap()
}

fn team_key() -> &'static [u8] {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    KEY.get_or_init(ec_document)
}

/// The key of a team at Apple, as the text of its file.
#[must_use]
pub fn apple_key() -> String {
    let text = STANDARD.encode(team_key());
    let lines: Vec<&str> = [&text[..64], &text[64..128], &text[128..]].to_vec();
    format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        lines.join("\n")
    )
}

/// The header and the claims of a client secret that the team's key has signed.
///
/// # Panics
/// Another key has, or nothing.
#[must_use]
pub fn apple_secret(secret: &str) -> [Value; 2] {
    let (signed, signature) = secret.rsplit_once('.').unwrap();
    let key = ec(team_key(), &SystemRandom::new());
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key().as_ref());
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    public.verify(signed.as_bytes(), &signature).unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    [header, claims]
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
}
