//! The requests of the measured cases.

use serde_json::{Value, json};

const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// A browser's request, with the headers that API Gateway adds; `path` may have a query string after `?`.
pub(crate) fn event(method: &str, path: &str) -> Value {
    let mut event = local::event(method, path, AGENT, "AAAAAAAAAAAAAAA=");
    for (name, value) in [
        ("accept", "application/json"),
        ("accept-encoding", "gzip, br"),
        ("content-length", "0"),
        (
            "x-amzn-trace-id",
            "Root=1-69000000-000000000000000000000000",
        ),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-port", "443"),
        ("x-forwarded-proto", "https"),
    ] {
        event["headers"][name] = json!(value);
    }
    event
}

/// The request with an access token.
pub(crate) fn with_token(mut event: Value, token: &str) -> Value {
    event["headers"]["authorization"] = json!(format!("Bearer {token}"));
    event
}

/// The request with a JSON body.
pub(crate) fn with_body(mut event: Value, body: &Value) -> Value {
    let body = body.to_string();
    event["headers"]["content-type"] = json!("application/json");
    event["headers"]["content-length"] = json!(body.len().to_string());
    event["body"] = json!(body);
    event
}
