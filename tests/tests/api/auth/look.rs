//! Whole replies: only ids, times and tokens are masked, after a check of their form.

use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use blackbox::{Reply, fresh_email};
use serde_json::{Map, Value, json};

/// The value with every id, time and token replaced by its kind.
///
/// # Panics
/// One of them has another form.
#[track_caller]
pub(crate) fn masked(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut all = Map::new();
            for (name, value) in fields {
                let text = value.as_str().unwrap_or_default();
                let (kind, fits): (&str, fn(&str) -> bool) = match name.as_str() {
                    "id" => ("<id>", is_id),
                    "createdAt" => ("<time>", is_time),
                    "accessToken" => ("<access token>", is_jwt),
                    "refreshToken" => ("<refresh token>", is_opaque),
                    "requestId" => ("<request id>", |text| !text.is_empty()),
                    _ => {
                        all.insert(name.clone(), masked(value));
                        continue;
                    }
                };
                assert!(fits(text), "{name} is no {kind}: {value}");
                all.insert(name.clone(), json!(kind));
            }
            Value::Object(all)
        }
        Value::Array(items) => items.iter().map(masked).collect(),
        other => other.clone(),
    }
}

/// A username that nobody has.
pub(crate) fn fresh_username() -> String {
    fresh_email()
        .split('@')
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// A whole number that nobody has.
pub(crate) fn fresh_number() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    now * 1_000_000_000
        + u64::from(process::id() % 100_000) * 10_000
        + COUNT.fetch_add(1, Ordering::Relaxed)
}

/// A UUIDv7 in lower case (RFC 9562, section 5.7).
pub(crate) fn is_id(text: &str) -> bool {
    let form = "xxxxxxxx-xxxx-7xxx-vxxx-xxxxxxxxxxxx";
    text.len() == form.len()
        && text
            .chars()
            .zip(form.chars())
            .all(|(there, expected)| match expected {
                'x' => matches!(there, '0'..='9' | 'a'..='f'),
                'v' => matches!(there, '8' | '9' | 'a' | 'b'),
                other => there == other,
            })
}

/// RFC 3339 in UTC with milliseconds.
pub(crate) fn is_time(text: &str) -> bool {
    let form = "dddd-dd-ddTdd:dd:dd.dddZ";
    text.len() == form.len()
        && text
            .chars()
            .zip(form.chars())
            .all(|(there, expected)| match expected {
                'd' => there.is_ascii_digit(),
                other => there == other,
            })
}

fn is_jwt(text: &str) -> bool {
    text.split('.').count() == 3 && text.split('.').all(is_base64url)
}

fn is_opaque(text: &str) -> bool {
    text.len() > 43 && is_base64url(text)
}

fn is_base64url(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// The whole body of a registration or a login.
pub(crate) fn signed_in(email: &str, role: &str) -> Value {
    let mut body = pair();
    body["user"] = json!({ "id": "<id>", "email": email, "emailVerifiedAt": null, "mfa": false, "role": role,
        "createdAt": "<time>" });
    body
}

/// The whole body of a refresh.
pub(crate) fn pair() -> Value {
    json!({ "accessToken": "<access token>", "refreshToken": "<refresh token>", "tokenType": "Bearer",
        "expiresIn": 900 })
}

/// A text of a body.
pub(crate) fn text(reply: &Reply, name: &str) -> String {
    reply.json()[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {}", reply.text()))
        .to_owned()
}

/// The reply is this refusal, in the error shape, with nothing else in it.
#[track_caller]
pub(crate) fn refused(reply: &Reply, status: u16, code: &str, message: &str) {
    assert_eq!(reply.status, status, "{}", reply.text());
    let body = reply.json();
    let expected =
        json!({ "error": { "code": code, "message": message, "requestId": "<request id>" } });
    assert_eq!(masked(&body), expected);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(
        reply.header("x-request-id"),
        body["error"]["requestId"].as_str(),
        "the id of the body"
    );
    if status == 401 {
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    }
}

/// The reply is a 400 with exactly these details, as field and code.
#[track_caller]
pub(crate) fn invalid(reply: &Reply, details: &[(&str, &str)]) {
    assert_eq!(reply.status, 400, "{}", reply.text());
    let mut body = reply.json();
    let found = body["error"]
        .as_object_mut()
        .and_then(|error| error.remove("details"))
        .unwrap_or_default();
    let expected = json!({ "error": { "code": "common/validation-failed",
        "message": "Some fields are not valid; see details.", "requestId": "<request id>" } });
    assert_eq!(masked(&body), expected);
    let expected: Vec<Value> = details
        .iter()
        .map(|(field, code)| json!({ "field": field, "code": code }))
        .collect();
    let mut found = found.as_array().cloned().unwrap_or_default();
    for detail in &mut found {
        let message = detail
            .as_object_mut()
            .and_then(|detail| detail.remove("message"))
            .unwrap_or_default();
        let named = message
            .as_str()
            .is_some_and(|text| text.contains(detail["field"].as_str().unwrap_or_default()));
        assert!(
            named,
            "the sentence {message} does not name the field of {detail}"
        );
    }
    assert_eq!(found, expected);
}

/// 401 `auth/invalid-credentials`.
#[track_caller]
pub(crate) fn wrong_credentials(reply: &Reply) {
    refused(
        reply,
        401,
        "auth/invalid-credentials",
        "Email or password is wrong.",
    );
}

/// 401 `auth/invalid-refresh-token`.
#[track_caller]
pub(crate) fn wrong_refresh_token(reply: &Reply) {
    refused(
        reply,
        401,
        "auth/invalid-refresh-token",
        "The refresh token is not valid; log in again.",
    );
}

/// 401 `auth/invalid-token`.
#[track_caller]
pub(crate) fn wrong_token(reply: &Reply) {
    refused(
        reply,
        401,
        "auth/invalid-token",
        "The access token is not valid.",
    );
}

/// 401 `auth/token-expired`.
#[track_caller]
pub(crate) fn expired(reply: &Reply) {
    refused(
        reply,
        401,
        "auth/token-expired",
        "The access token has expired; refresh it.",
    );
}

/// 401 `auth/session-revoked`.
#[track_caller]
pub(crate) fn revoked(reply: &Reply) {
    refused(
        reply,
        401,
        "auth/session-revoked",
        "This session has ended; log in again.",
    );
}

/// The reply may not be kept by any cache.
#[track_caller]
pub(crate) fn not_kept(reply: &Reply) {
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert!(
        reply
            .header("x-request-id")
            .is_some_and(|id| !id.is_empty())
    );
}
