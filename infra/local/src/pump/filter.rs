//! Filter patterns of event source mappings, as Lambda judges them: a list of values or of `exists` at each leaf.

use serde_json::Value;

/// Whether a record fits one of the patterns; without any, every record does.
pub(super) fn fits(patterns: &[Value], record: &Value) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| holds(pattern, record))
}

/// Whether every leaf of a pattern holds of a value; `Null` stands for what is absent.
fn holds(pattern: &Value, value: &Value) -> bool {
    match pattern {
        Value::Object(parts) => parts
            .iter()
            .all(|(name, part)| holds(part, value.get(name).unwrap_or(&Value::Null))),
        Value::Array(choices) => choices.iter().any(|choice| is(choice, value)),
        _ => false,
    }
}

/// Whether a leaf is one of the choices. An object or a list is no leaf, so it neither exists nor equals.
fn is(choice: &Value, value: &Value) -> bool {
    let leaf = !matches!(value, Value::Object(_) | Value::Array(_) | Value::Null);
    match choice.get("exists").and_then(Value::as_bool) {
        Some(exists) => leaf == exists,
        None => leaf && choice == value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pattern_holds_where_each_of_its_leaves_does() {
        let record = json!({ "dynamodb": { "Keys": { "shard": { "N": "3" } },
            "NewImage": { "role": { "S": "admin" }, "list": { "L": [] } } } });
        for (pattern, expected) in [
            (
                json!({ "dynamodb": { "Keys": { "shard": { "N": ["2", "3"] } } } }),
                true,
            ),
            (
                json!({ "dynamodb": { "Keys": { "shard": { "N": ["2"] } } } }),
                false,
            ),
            (
                json!({ "dynamodb": { "Keys": { "shard": { "N": [3] } } } }),
                false,
            ),
            (
                json!({ "dynamodb": { "NewImage": { "role": { "S": [{ "exists": true }] } } } }),
                true,
            ),
            (
                json!({ "dynamodb": { "NewImage": { "role": [{ "exists": true }] } } }),
                false,
            ),
            (
                json!({ "dynamodb": { "OldImage": { "role": { "S": [{ "exists": true }] } } } }),
                false,
            ),
            (
                json!({ "dynamodb": { "OldImage": { "role": { "S": [{ "exists": false }] } } } }),
                true,
            ),
            (
                json!({ "dynamodb": { "Keys": { "shard": { "N": ["3"] } }, "OldImage": { "x": ["y"] } } }),
                false,
            ),
        ] {
            assert_eq!(
                fits(std::slice::from_ref(&pattern), &record),
                expected,
                "{pattern}"
            );
        }
        let either = [
            json!({ "a": ["b"] }),
            json!({ "dynamodb": { "Keys": { "shard": { "N": ["3"] } } } }),
        ];
        assert!(fits(&either, &record));
        assert!(fits(&[], &record));
    }
}
