//! Apple's client secret: a token that is made for each call from the key of the team.

use std::time::Duration;

use api::{Code, Error, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

use super::Connection;
use crate::jwt::{Private, encode};

/// The audience of the secret.
const AUDIENCE: &str = "https://appleid.apple.com";

/// The lifetime of a secret: that of the call.
const LIFETIME: Duration = Duration::from_secs(300);

/// The frame of a key in PEM.
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// Refuses a secret of Apple that is no key of its `.p8` files.
///
/// # Errors
/// `common/validation-failed` naming `clientSecret`, with the way to make one of a key without its public part.
pub fn check_apple_key(pem: &str) -> Result<(), Error> {
    let key = der(pem).map(|key| Private::read(Algorithm::ES256, &key));
    match key {
        Some(Ok(_)) => Ok(()),
        _ => {
            let message = "`clientSecret` must be the text of Apple's .p8 file: a P-256 key (PKCS #8, PEM) with its public part. \
                `openssl pkcs8 -topk8 -nocrypt` writes one.";
            Err(api::Detail::new("clientSecret", "format", message).into())
        }
    }
}

/// The secret of a client of Apple for one call: a JWT, signed by ES256.
///
/// # Errors
/// `common/internal` where the key is none; it was checked when it was set.
pub fn apple_secret(
    pem: &str,
    connection: &Connection,
    client: &str,
    now: Timestamp,
) -> Result<String, Error> {
    let broken = || Error::from(Code::Internal);
    let key = der(pem).ok_or_else(broken)?;
    let (team, id) = connection.key.clone().ok_or_else(broken)?;
    let header = Header {
        typ: None,
        kid: Some(id),
        ..Header::new(Algorithm::ES256)
    };
    let claims = json!({ "iss": team, "iat": now.seconds(), "exp": now.after(LIFETIME).seconds(),
        "aud": AUDIENCE, "sub": client });
    encode(&header, &claims, &EncodingKey::from_ec_der(&key))
}

/// The bytes in a PEM.
fn der(pem: &str) -> Option<Vec<u8>> {
    let inner = pem.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let text: String = inner.split_ascii_whitespace().collect();
    STANDARD.decode(text).ok()
}
