//! The log: one JSON line a request on standard output, where Lambda picks it up.
//!
//! Never writes a body, a header, a query string or a token: it writes only the parts named here (ASVS 5.0, 16.2.5).

use std::time::{Duration, Instant};

use api::{Error, Id};
use serde_json::{Map, Value, json};

use crate::event::Head;

/// The most characters of a line of a trigger's own code.
const MAX_NOTE: usize = 4096;

/// The parties of a request, by their ids (ASVS 5.0, 16.2.1).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Parties {
    /// The user who asks, and the session: those of a token that this deployment signed, whether or not it still
    /// stands.
    pub(crate) caller: Option<(Id, Id)>,
    /// The API key that the request shows.
    pub(crate) key: Option<Id>,
    /// The user whom the request is about.
    pub(crate) target: Option<Id>,
}

/// Writes the line of a request; it contains the cause of a fault, once.
pub(crate) fn request(
    endpoint: &str,
    head: &Head,
    request_id: &str,
    started: Instant,
    parties: Parties,
    error: Option<&Error>,
) {
    let mut line = Map::new();
    let status = error.map(|error| error.code.status());
    let level = match status {
        Some(500) => "ERROR",
        Some(503) => "WARN",
        // A refusal that says why, such as of a passkey whose counter went back.
        Some(401) if error.is_some_and(|error| error.cause.is_some()) => "WARN",
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
        without_addresses(&head.path)
            .chars()
            .take(256)
            .collect::<String>()
            .into(),
    );
    line.insert("ip".into(), head.source.as_str().into());
    line.insert("ms".into(), json!(started.elapsed().as_millis()));
    let (user, session) = parties.caller.unzip();
    for (name, id) in [
        ("user", user),
        ("session", session),
        ("apiKey", parties.key),
        ("target", parties.target),
    ] {
        line.extend(id.map(|id| (name.to_owned(), id.to_string().into())));
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

/// Writes the line of a worker's invocation, with the cause of a fault.
pub(crate) fn invocation(mut line: Map<String, Value>, failed: bool, error: Option<&Error>) {
    let level = match error.map(|error| error.code.status()) {
        Some(500) => "ERROR",
        None if !failed => "INFO",
        _ => "WARN",
    };
    line.insert("level".into(), level.into());
    if let Some(error) = error {
        line.insert("code".into(), error.code.as_str().into());
        line.extend(error.cause.clone().map(|it| ("cause".into(), it.into())));
    }
    println!("{}", Value::Object(line));
}

/// The path, without segments that could be an email address: people ask for users by what they know of them.
fn without_addresses(path: &str) -> String {
    let shown = |segment: &str| {
        let is_address = segment.contains('@') || segment.contains("%40");
        if is_address {
            "*".to_owned()
        } else {
            segment.to_owned()
        }
    };
    path.split('/').map(shown).collect::<Vec<_>>().join("/")
}

/// Writes that the successor of a refresh token was given once more. A client has lost a reply, or somebody else has both
/// its token and its key.
pub(crate) fn repeated_refresh(request_id: &str, session: Id, age: Duration) {
    println!(
        "{}",
        json!({ "level": "INFO", "requestId": request_id, "message": "refresh repeated", "session": session.to_string(),
            "ageMs": age.as_millis() })
    );
}

/// Writes why the function did not start.
pub(crate) fn start_failed(endpoint: &str, reason: &str) {
    println!(
        "{}",
        json!({ "level": "FATAL", "endpoint": endpoint, "message": reason })
    );
}

/// Writes a line of a trigger's own code, cut to 4,096 characters.
pub fn note(trigger: &str, event: Id, message: &str) {
    let message: String = message.chars().take(MAX_NOTE).collect();
    println!(
        "{}",
        json!({ "level": "INFO", "trigger": trigger, "event": event.to_string(), "message": message })
    );
}

/// Writes a warning.
pub(crate) fn warn(message: &str) {
    println!("{}", json!({ "level": "WARN", "message": message }));
}

#[cfg(test)]
mod tests {
    use super::without_addresses;

    #[test]
    fn a_path_is_logged_without_addresses() {
        for (path, logged) in [
            ("/api/users/ada@example.com", "/api/users/*"),
            (
                "/api/users/ada%40example.com/sessions",
                "/api/users/*/sessions",
            ),
            ("/api/posts/x", "/api/posts/x"),
            ("", ""),
        ] {
            assert_eq!(without_addresses(path), logged);
        }
    }
}
