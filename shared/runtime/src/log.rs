//! The log: one JSON line a request on standard output, where Lambda picks it up.
//!
//! Never writes a body, a header, a query string or a token: it writes only the parts named here (ASVS 5.0, 16.2.5).

use std::time::Instant;

use api::{Error, Id};
use serde_json::{Map, Value, json};

use crate::event::Head;

/// Writes the line of a request, with the id of the API key that it shows; it contains the cause of a fault, once.
pub(crate) fn request(
    endpoint: &str,
    head: &Head,
    request_id: &str,
    started: Instant,
    key: Option<Id>,
    error: Option<&Error>,
) {
    let mut line = Map::new();
    let status = error.map(|error| error.code.status());
    let level = match status {
        Some(500) => "ERROR",
        Some(503) => "WARN",
        _ => "INFO",
    };
    line.insert("level".into(), level.into());
    line.insert("requestId".into(), request_id.into());
    line.insert("endpoint".into(), endpoint.into());
    line.insert(
        "method".into(),
        head.method.chars().take(16).collect::<String>().into(),
    );
    line.insert(
        "path".into(),
        head.path.chars().take(256).collect::<String>().into(),
    );
    line.insert("ms".into(), json!(started.elapsed().as_millis()));
    if let Some(key) = key {
        line.insert("apiKey".into(), key.to_string().into());
    }
    if let Some(error) = error {
        line.insert("status".into(), error.code.status().into());
        line.insert("code".into(), error.code.as_str().into());
        if let Some(cause) = &error.cause {
            line.insert("cause".into(), cause.clone().into());
        }
    }
    println!("{}", Value::Object(line));
}

/// Writes why the function did not start.
pub(crate) fn start_failed(endpoint: &str, reason: &str) {
    println!(
        "{}",
        json!({ "level": "FATAL", "endpoint": endpoint, "message": reason })
    );
}

/// Writes a warning.
pub(crate) fn warn(message: &str) {
    println!("{}", json!({ "level": "WARN", "message": message }));
}
