//! Items in DynamoDB's own JSON.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::item::Item;

/// An item in DynamoDB's JSON.
pub(crate) fn to_typed(item: Item) -> Map<String, Value> {
    let attributes = item.into_iter();
    attributes
        .map(|(name, value)| (name, typed(value)))
        .collect()
}

fn typed(value: AttributeValue) -> Value {
    let encoded = |bytes: Blob| STANDARD.encode(bytes.into_inner());
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::B(bytes) => json!({ "B": encoded(bytes) }),
        AttributeValue::Bool(value) => json!({ "BOOL": value }),
        AttributeValue::L(values) => {
            json!({ "L": values.into_iter().map(typed).collect::<Vec<_>>() })
        }
        AttributeValue::M(entries) => json!({ "M": to_typed(entries) }),
        AttributeValue::Ss(texts) => json!({ "SS": texts }),
        AttributeValue::Ns(numbers) => json!({ "NS": numbers }),
        AttributeValue::Bs(values) => {
            json!({ "BS": values.into_iter().map(encoded).collect::<Vec<_>>() })
        }
        _ => json!({ "NULL": true }),
    }
}

/// Reads an item; `None` unless every attribute has exactly one type and a value of it.
pub(crate) fn from_typed(raw: &Map<String, Value>) -> Option<Item> {
    raw.iter()
        .map(|(name, value)| Some((name.clone(), attribute(value)?)))
        .collect()
}

fn attribute(value: &Value) -> Option<AttributeValue> {
    let mut members = value.as_object()?.iter();
    let (kind, value) = members.next().filter(|_| members.len() == 0)?;
    Some(match kind.as_str() {
        "S" => AttributeValue::S(text(value)?),
        "N" => AttributeValue::N(text(value)?),
        "BOOL" => AttributeValue::Bool(value.as_bool()?),
        "NULL" => AttributeValue::Null(value.as_bool()?),
        "B" => AttributeValue::B(bytes(value)?),
        "SS" => AttributeValue::Ss(list(value, text)?),
        "NS" => AttributeValue::Ns(list(value, text)?),
        "BS" => AttributeValue::Bs(list(value, bytes)?),
        "L" => AttributeValue::L(list(value, attribute)?),
        "M" => AttributeValue::M(from_typed(value.as_object()?)?),
        _ => return None,
    })
}

fn list<T>(value: &Value, of: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    value.as_array()?.iter().map(of).collect()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn bytes(value: &Value) -> Option<Blob> {
    STANDARD.decode(value.as_str()?).ok().map(Blob::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_written_and_read_again() {
        let raw = json!({ "a": { "S": "x" }, "b": { "N": "1.50" }, "c": { "B": "AQI=" }, "d": { "BOOL": true },
            "e": { "NULL": true }, "f": { "SS": ["x"] }, "g": { "NS": ["1"] }, "h": { "BS": ["AQI="] },
            "i": { "L": [{ "S": "" }, { "M": { "z": { "N": "1" } } }] } });
        let Value::Object(raw) = raw else {
            panic!("an object")
        };
        let item = from_typed(&raw).expect("an item");
        assert_eq!(to_typed(item), raw);
        for broken in [
            json!("x"),
            json!({}),
            json!({ "S": 1 }),
            json!({ "S": "x", "N": "1" }),
            json!({ "B": "!" }),
        ] {
            let raw = Map::from_iter([("a".to_owned(), broken.clone())]);
            assert_eq!(from_typed(&raw), None, "{broken}");
        }
    }
}
