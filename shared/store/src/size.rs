//! The number of bytes of values: as attributes of an item, and as JSON in a reply.

use serde_json::{Map, Value};

/// The most bytes that a transaction may write.
pub(crate) const MAX_BYTES: usize = 4 * 1024 * 1024;

/// About how many bytes an item has beside the fields of its record.
pub(crate) const ENVELOPE: usize = 512;

/// The most bytes of a record's fields as attributes.
pub(crate) fn in_item(fields: &Map<String, Value>) -> usize {
    fields
        .iter()
        .map(|(name, value)| name.len() + value_in_item(value))
        .sum()
}

/// The most bytes of a value as an attribute.
fn value_in_item(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Number(number) => number.as_str().len() + 1,
        Value::String(text) => text.len(),
        Value::Array(items) => {
            items
                .iter()
                .map(|item| value_in_item(item) + 1)
                .sum::<usize>()
                + 3
        }
        Value::Object(entries) => {
            entries
                .iter()
                .map(|(key, value)| key.len() + value_in_item(value) + 1)
                .sum::<usize>()
                + 3
        }
    }
}

/// About how many bytes of memory the fields of a record take: a list of numbers takes far more than its text.
pub(crate) fn in_memory(fields: &Map<String, Value>) -> usize {
    fields
        .iter()
        .map(|(name, value)| 2 * VALUE + name.len() + value_in_memory(value))
        .sum()
}

/// The bytes of a value itself, and of a small piece of memory beside it.
const VALUE: usize = 32;

/// The bytes of a block of an object's entries, which holds 5 to 11 of them.
const BLOCK: usize = 632;

fn value_in_memory(value: &Value) -> usize {
    let beside = match value {
        Value::Null | Value::Bool(_) => 0,
        Value::Number(number) => VALUE.max(number.as_str().len()),
        Value::String(text) => VALUE.max(text.len()),
        Value::Array(items) => items.iter().map(value_in_memory).sum(),
        Value::Object(entries) => in_memory(entries) + BLOCK * entries.len().div_ceil(6),
    };
    VALUE + beside
}

/// About how many bytes an object has as JSON, within the string that a Lambda reply makes of its body.
pub(crate) fn in_reply(fields: &Map<String, Value>) -> usize {
    fields
        .iter()
        .map(|(key, value)| text_in_reply(key) + value_in_reply(value) + 2)
        .sum::<usize>()
        + 2
}

/// About how many bytes a value has as JSON, within the string that a Lambda reply makes of its body.
fn value_in_reply(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(number) => number.as_str().len(),
        Value::String(text) => text_in_reply(text),
        Value::Array(items) => {
            items
                .iter()
                .map(|item| value_in_reply(item) + 1)
                .sum::<usize>()
                + 2
        }
        Value::Object(entries) => in_reply(entries),
    }
}

/// The number of bytes of a text there: a control character becomes `\\u0001`, a quote `\\\"`.
fn text_in_reply(text: &str) -> usize {
    let escaped = |byte| match byte {
        0..0x20 => 7,
        b'"' | b'\\' => 4,
        _ => 1,
    };
    text.bytes().map(escaped).sum::<usize>() + 4
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries lie in blocks of the same size, however few they are.
    #[test]
    fn an_object_weighs_its_block_of_memory() {
        let nested = |depth: usize| {
            (0..depth).fold(
                serde_json::json!({}),
                |inner, _| serde_json::json!({ "a": inner }),
            )
        };
        let weight = |value: &Value| value_in_memory(value);
        let one = weight(&nested(2)) - weight(&nested(1));
        let leaf = std::mem::size_of::<(String, Value)>() * 11;
        assert!((leaf..2 * leaf).contains(&one), "{one} {leaf}");
    }

    #[test]
    fn a_text_weighs_what_lambda_makes_of_it() {
        for text in ["", "plain", "\u{1}\u{1f}", "\"\\", "\u{7f}é😀", "a\nb"] {
            let body = serde_json::to_string(text).expect("json");
            let sent = serde_json::to_string(&body).expect("json").len() - 2;
            // A few control characters have a shorter form.
            assert!(
                (sent..=sent + 4).contains(&text_in_reply(text)),
                "{text:?}: {} for {sent}",
                text_in_reply(text)
            );
        }
    }
}
