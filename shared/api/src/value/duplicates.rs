//! Names that occur twice in an object of a JSON text.

use serde_json::Value;

/// The number of members in all objects of a JSON value.
pub(crate) fn count_members(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(count_members).sum(),
        Value::Object(members) => members.values().map(|value| count_members(value) + 1).sum(),
        _ => 0,
    }
}

/// The number of members in all objects of a JSON text: one for each colon outside of strings. The value has fewer
/// where a name occurs twice, and a condition would be lost.
pub(crate) fn count_colons(json: &str) -> usize {
    let (mut colons, mut in_string, mut escaped) = (0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b':' if !in_string => colons += 1,
            _ => {}
        }
    }
    colons
}
