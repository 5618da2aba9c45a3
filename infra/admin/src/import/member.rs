//! Members of a line that may be left out.

use api::Timestamp;
use serde_json::{Map, Value};

/// Takes a text that may be left out or null.
pub(super) fn text(
    fields: &mut Map<String, Value>,
    name: &str,
    problems: &mut Vec<String>,
) -> Option<String> {
    match fields.remove(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text),
        Some(_) => {
            problems.push(format!("`{name}` must be a string."));
            None
        }
    }
}

/// Takes a time that has been and may be left out or null.
pub(super) fn time(
    fields: &mut Map<String, Value>,
    name: &str,
    now: Timestamp,
    problems: &mut Vec<String>,
) -> Option<Timestamp> {
    let text = text(fields, name, problems)?;
    let time = Timestamp::parse(&text).filter(|time| *time <= now);
    if time.is_none() {
        problems.push(format!(
            "`{name}` must be a time that has been, such as 2026-01-31T12:00:00.000Z."
        ));
    }
    time
}
