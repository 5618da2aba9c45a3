//! Keys of passkeys, and how they are written in COSE (RFC 9053).

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
};

/// A private key.
pub(crate) enum Key {
    Ecdsa(i64, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Key {
    /// A new key of this COSE algorithm.
    pub(crate) fn new(algorithm: i64) -> Self {
        let ecdsa = |by: &'static EcdsaSigningAlgorithm| {
            let random = SystemRandom::new();
            let document = EcdsaKeyPair::generate_pkcs8(by, &random).expect("a key");
            let pair = EcdsaKeyPair::from_pkcs8(by, document.as_ref(), &random);
            Self::Ecdsa(algorithm, pair.expect("its own key"))
        };
        match algorithm {
            -7 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING),
            -35 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING),
            -8 => {
                let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
                let document = document.expect("a key");
                let pair = Ed25519KeyPair::from_pkcs8(document.as_ref());
                Self::Ed25519(pair.expect("its own key"))
            }
            other => panic!("no device has algorithm {other}"),
        }
    }

    pub(crate) fn sign(&self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::Ecdsa(_, pair) => {
                let signature = pair.sign(&SystemRandom::new(), text);
                signature.expect("a signature").as_ref().to_vec()
            }
            Self::Ed25519(pair) => pair.sign(text).as_ref().to_vec(),
        }
    }

    /// The public key as COSE has it.
    pub(crate) fn cose(&self) -> Vec<u8> {
        match self {
            // kty 2, alg, crv, x, y
            Self::Ecdsa(algorithm, pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let (algorithm, curve): (&[u8], u8) = match algorithm {
                    -7 => (&[0x26], 1),
                    _ => (&[0x38, 34], 2),
                };
                let length = u8::try_from(x.len()).expect("short");
                let head = [&[0xa5, 1, 2, 3], algorithm, &[0x20, curve]].concat();
                [
                    &head[..],
                    &[0x21, 0x58, length],
                    x,
                    &[0x22, 0x58, length],
                    y,
                ]
                .concat()
            }
            // kty 1, alg -8, crv 6, x
            Self::Ed25519(pair) => {
                let head = [0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 32];
                [&head[..], pair.public_key().as_ref()].concat()
            }
        }
    }
}
