//! The secret of a webhook, and the signatures made with it (Standard Webhooks, "Signature scheme").

use std::fmt;

use api::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// The beginning of a secret's text.
const PREFIX: &str = "whsec_";

/// How long an old secret signs beside its successor, in milliseconds: a day.
pub const ROTATION: u64 = 24 * 60 * 60 * 1000;

/// A secret that signs deliveries.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl fmt::Debug for Secret {
    /// Nothing of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// The secret of these random bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The secret that was sealed as its bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes, to be sealed.
    #[must_use]
    pub const fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text that is shown once: `whsec_` and base64 of the bytes.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(self.0))
    }

    /// The signature of a body: `v1,` and base64 of the HMAC-SHA256 of `id.timestamp.body`.
    #[must_use]
    pub fn sign(&self, id: &str, at: Timestamp, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let signed = format!("{id}.{}.{body}", at.seconds());
        let tag = hmac::sign(&key, signed.as_bytes());
        format!("v1,{}", STANDARD.encode(tag.as_ref()))
    }
}

/// The value of `webhook-signature`: the newest secret's first, then that of an old one, with a blank between.
#[must_use]
pub fn signatures(secrets: &[Secret], id: &str, at: Timestamp, body: &str) -> String {
    let all: Vec<String> = secrets
        .iter()
        .map(|secret| secret.sign(id, at, body))
        .collect();
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a4b";
    const BODY: &str = r#"{"type":"webhook.test","at":"2026-09-21T14:13:20.000Z","data":{}}"#;
    const AT: Timestamp = Timestamp::from_millis(1_790_000_000_999);

    fn counting() -> Secret {
        let bytes: Vec<u8> = (0..32).collect();
        Secret::from_bytes(&bytes).expect("32 bytes")
    }

    /// The reference library of the standard (npm `standardwebhooks` 1.1.1) agrees.
    #[test]
    fn the_vector_of_the_documentation_holds() {
        let secret = counting();
        let text = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        assert_eq!(secret.text(), text);
        assert_eq!(
            secret.sign(ID, AT, BODY),
            "v1,nv3PlhtpLXyJdXsx+1zPeN3Ep1zHpwt5X0OpHttClvo="
        );
    }

    #[test]
    fn two_secrets_sign_with_a_blank_between() {
        let (new, old) = (Secret::new([9; 32]), counting());
        let both = signatures(&[new.clone(), old.clone()], ID, AT, BODY);
        let parts: Vec<&str> = both.split(' ').collect();
        assert_eq!(parts, [new.sign(ID, AT, BODY), old.sign(ID, AT, BODY)]);
        assert_ne!(parts[0], parts[1]);
    }

    #[test]
    fn every_part_is_signed() {
        let secret = counting();
        let base = secret.sign(ID, AT, BODY);
        let later = Timestamp::from_millis(AT.millis() + 1000);
        assert_ne!(secret.sign(ID, later, BODY), base);
        assert_ne!(secret.sign(&ID[1..], AT, BODY), base);
        assert_ne!(secret.sign(ID, AT, &BODY[1..]), base);
        assert_ne!(Secret::new([0; 32]).sign(ID, AT, BODY), base);
    }

    #[test]
    fn a_secret_has_32_bytes_and_shows_none_of_them() {
        assert_eq!(Secret::from_bytes(&[1; 31]), None);
        assert_eq!(Secret::from_bytes(&[1; 33]), None);
        assert_eq!(format!("{:?}", Secret::new([1; 32])), "Secret");
    }
}
