//! A person's device with passkeys: an authenticator, and a browser that may misbehave.
//!
//! It speaks WebAuthn's JSON forms (Level 3, section 5.1). A test may ask it for what a browser would refuse, by [`Manners`].
//! It is written by hand: the crate that there is makes every object of the workspace's JSON keep its order.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has to stop"
)]

mod key;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};

use crate::key::Key;

/// The model of the device.
const AAGUID: [u8; 16] = [7; 16];

/// The flags of a passkey that is copied elsewhere: it may be, and it is (WebAuthn Level 3, section 6.1.3).
const BACKED_UP: u8 = 0x18;

/// The flag of attested credential data.
const ATTESTED: u8 = 0x40;

/// The conduct of browser and person in one ceremony; by default that of a good browser on the page `origin`.
#[derive(Clone, Debug)]
pub struct Manners {
    /// The page's origin, as the browser signs it.
    pub origin: String,
    /// The relying party that the authenticator is told of; that of the options where there is none.
    pub rp_id: Option<String>,
    /// Whether the page is in a frame of another site.
    pub cross_origin: bool,
    /// Whether somebody touches the device.
    pub present: bool,
    /// Whether that person is verified, as by a finger.
    pub verified: bool,
    /// The type of the ceremony as the browser signs it; the right one where there is none.
    pub kind: Option<&'static str>,
    /// The credential that signs; the newest where there is none.
    pub credential: Option<Vec<u8>>,
}

impl Manners {
    /// Those of a good browser on this page.
    #[must_use]
    pub fn on(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            rp_id: None,
            cross_origin: false,
            present: true,
            verified: true,
            kind: None,
            credential: None,
        }
    }

    /// Those that no ceremony on this page may take, each with its name.
    #[must_use]
    pub fn ill(page: &str) -> Vec<(&'static str, Self)> {
        let good = || Self::on(page);
        vec![
            ("a foreign origin", Self::on("https://evil.example")),
            (
                "a foreign relying party",
                Self {
                    rp_id: Some("evil.example".into()),
                    ..good()
                },
            ),
            (
                "a frame",
                Self {
                    cross_origin: true,
                    ..good()
                },
            ),
            (
                "nobody there",
                Self {
                    present: false,
                    ..good()
                },
            ),
            (
                "nobody known",
                Self {
                    verified: false,
                    ..good()
                },
            ),
        ]
    }

    fn flags(&self) -> u8 {
        u8::from(self.present) | u8::from(self.verified) << 2 | BACKED_UP
    }
}

/// A passkey on a device.
struct Passkey {
    id: Vec<u8>,
    key: Key,
    handle: Vec<u8>,
    count: u32,
}

/// A device, with the passkeys that were made on it, oldest first.
#[derive(Default)]
pub struct Device {
    passkeys: Vec<Passkey>,
    counts: bool,
}

impl Device {
    /// A device without passkeys, whose counter stays at zero as those of copied passkeys do.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A device that counts its signatures.
    #[must_use]
    pub fn counting() -> Self {
        Self {
            counts: true,
            ..Self::default()
        }
    }

    /// The newest credential's id.
    #[must_use]
    pub fn newest(&self) -> Vec<u8> {
        self.passkeys.last().expect("a passkey").id.clone()
    }

    /// Sets the counter of every passkey.
    pub fn count_from(&mut self, count: u32) {
        for passkey in &mut self.passkeys {
            passkey.count = count;
        }
    }

    /// Gives every passkey another user handle.
    pub fn hand_to(&mut self, handle: &[u8]) {
        for passkey in &mut self.passkeys {
            passkey.handle = handle.to_vec();
        }
    }

    /// Makes a passkey by these creation options: `RegistrationResponseJSON`.
    pub fn register(&mut self, options: &Value, manners: &Manners) -> Value {
        self.register_by(options, manners, -7)
    }

    /// Makes a passkey of this COSE algorithm, which the options need not offer.
    pub fn register_by(&mut self, options: &Value, manners: &Manners, algorithm: i64) -> Value {
        let mut id = vec![0; 32];
        SystemRandom::new().fill(&mut id).expect("random bytes");
        let passkey = Passkey {
            id: id.clone(),
            key: Key::new(algorithm),
            handle: decode(&options["user"]["id"]),
            count: 0,
        };
        let rp_id = rp_id(&options["rp"]["id"], manners);
        let head = head(&rp_id, manners.flags() | ATTESTED, 0);
        let key = passkey.key.cose();
        let data = [&head[..], &AAGUID, &[0, 32], &id, &key].concat();
        let length = u16::try_from(data.len()).expect("short").to_be_bytes();
        let start = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59";
        let object = [&start[..], &length, &data].concat();
        self.passkeys.push(passkey);
        json!({
            "id": encode(&id),
            "rawId": encode(&id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": { "credProps": { "rk": true } },
            "response": {
                "clientDataJSON": encode(client_data("webauthn.create", options, manners).as_bytes()),
                "attestationObject": encode(&object),
                "transports": ["internal", "hybrid"],
            },
        })
    }

    /// Signs in by these request options: `AuthenticationResponseJSON`.
    pub fn sign(&mut self, options: &Value, manners: &Manners) -> Value {
        let wanted = manners.credential.clone().unwrap_or_else(|| self.newest());
        let mut passkeys = self.passkeys.iter_mut();
        let passkey = passkeys.find(|it| it.id == wanted).expect("the passkey");
        passkey.count += u32::from(self.counts);
        let rp_id = rp_id(&options["rpId"], manners);
        let data = head(&rp_id, manners.flags(), passkey.count);
        let client = client_data("webauthn.get", options, manners);
        let signature = [&data[..], &sha256(client.as_bytes())].concat();
        json!({
            "id": encode(&passkey.id),
            "rawId": encode(&passkey.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encode(client.as_bytes()),
                "authenticatorData": encode(&data),
                "signature": encode(&passkey.key.sign(&signature)),
                "userHandle": encode(&passkey.handle),
            },
        })
    }
}

/// The start of an authenticator's data (WebAuthn Level 3, section 6.1).
fn head(rp_id: &str, flags: u8, count: u32) -> Vec<u8> {
    [
        &sha256(rp_id.as_bytes())[..],
        &[flags],
        &count.to_be_bytes(),
    ]
    .concat()
}

/// The text that a browser signs (WebAuthn Level 3, section 5.8.1).
fn client_data(kind: &str, options: &Value, manners: &Manners) -> String {
    json!({
        "type": manners.kind.unwrap_or(kind),
        "challenge": options["challenge"],
        "origin": manners.origin,
        "crossOrigin": manners.cross_origin,
    })
    .to_string()
}

fn rp_id(options: &Value, manners: &Manners) -> String {
    manners.rp_id.clone().unwrap_or_else(|| text(options))
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Bytes as WebAuthn's JSON has them.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of a value of WebAuthn's JSON.
#[must_use]
pub fn decode(value: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text(value)).expect("base64url")
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().to_vec()
}
