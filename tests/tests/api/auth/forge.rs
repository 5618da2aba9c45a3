//! Access tokens as an attacker would make them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::Value;

/// A part of a JWT, encoded.
pub(crate) fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The claims of a token.
pub(crate) fn claims(token: &str) -> Value {
    decoded(token, 1)
}

/// The header of a token.
pub(crate) fn header(token: &str) -> Value {
    decoded(token, 0)
}

fn decoded(token: &str, part: usize) -> Value {
    let part = token.split('.').nth(part).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// Header and claims, both encoded, with their signature.
pub(crate) fn sign(header: &str, claims: &str, secret: &str) -> String {
    sign_with(hmac::HMAC_SHA256, header, claims, secret)
}

/// The same with another HMAC.
pub(crate) fn sign_with(
    algorithm: hmac::Algorithm,
    header: &str,
    claims: &str,
    secret: &str,
) -> String {
    let message = format!("{header}.{claims}");
    let tag = hmac::sign(
        &hmac::Key::new(algorithm, secret.as_bytes()),
        message.as_bytes(),
    );
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// A token with the header of `token`, the given claims and a right signature.
pub(crate) fn resign(token: &str, claims: &Value, secret: &str) -> String {
    sign(token.split('.').next().unwrap(), &part(claims), secret)
}

/// Whether this secret signed a token.
pub(crate) fn is_signed_by(token: &str, secret: &str) -> bool {
    let parts: Vec<&str> = token.split('.').collect();
    sign(parts[0], parts[1], secret) == token
}

/// A part of a JWT whose text is given, so that its members have their order.
pub(crate) fn encoded(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// Header and claims, both encoded, with their HMAC by a secret that is no text.
pub(crate) fn sign_bytes(header: &str, claims: &str, secret: &[u8]) -> String {
    let message = format!("{header}.{claims}");
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}
