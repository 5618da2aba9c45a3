//! Conversions between DynamoDB's attribute values and the values of Rust and JSON.

use std::collections::HashMap;

use api::{Error, Id, Timestamp};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Number, Value};

/// An item of DynamoDB.
pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn id(value: Id) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

pub(crate) fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn time(value: Timestamp) -> AttributeValue {
    number(value.millis())
}

/// A JSON value as an attribute. Numbers are in the form that `api::record` gave them.
pub(crate) fn from_json(value: Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(value) => AttributeValue::Bool(value),
        Value::Number(value) => AttributeValue::N(value.to_string()),
        Value::String(value) => AttributeValue::S(value),
        Value::Array(values) => AttributeValue::L(values.into_iter().map(from_json).collect()),
        Value::Object(entries) => from_object(entries),
    }
}

/// A JSON object as a map attribute.
pub(crate) fn from_object(entries: Map<String, Value>) -> AttributeValue {
    AttributeValue::M(
        entries
            .into_iter()
            .map(|(key, value)| (key, from_json(value)))
            .collect(),
    )
}

/// An attribute as a JSON value; `None` for a type that the store never writes.
fn to_json(value: AttributeValue) -> Option<Value> {
    Some(match value {
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::Bool(value) => Value::Bool(value),
        AttributeValue::N(text) => {
            Value::Number(serde_json::from_str::<Number>(&api::value::canonical(&text)?).ok()?)
        }
        AttributeValue::S(value) => Value::String(value),
        AttributeValue::L(values) => {
            Value::Array(values.into_iter().map(to_json).collect::<Option<_>>()?)
        }
        AttributeValue::M(entries) => Value::Object(to_object(entries)?),
        _ => return None,
    })
}

fn to_object(entries: Item) -> Option<Map<String, Value>> {
    entries
        .into_iter()
        .map(|(key, value)| Some((key, to_json(value)?)))
        .collect()
}

/// Reads the attributes of an item, each with the type it must have.
pub(crate) struct Reader<'a> {
    table: &'static str,
    item: &'a mut Item,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(table: &'static str, item: &'a mut Item) -> Self {
        Self { table, item }
    }

    /// The error for an attribute that is missing or of the wrong type: another program has written to the table.
    fn broken(&self, name: &str) -> Error {
        Error::internal(format!("{} item without a proper `{name}`", self.table))
    }

    pub(crate) fn optional_text(&mut self, name: &str) -> Option<String> {
        match self.item.remove(name) {
            Some(AttributeValue::S(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<String, Error> {
        self.optional_text(name).ok_or_else(|| self.broken(name))
    }

    pub(crate) fn id(&mut self, name: &str) -> Result<Id, Error> {
        self.text(name)?.parse().map_err(|_| self.broken(name))
    }

    /// An id that may be absent. A text that is no id is broken, and not absent.
    pub(crate) fn optional_id(&mut self, name: &str) -> Result<Option<Id>, Error> {
        let text = self.optional_text(name);
        let id = text.map(|text| text.parse()).transpose();
        id.map_err(|_| self.broken(name))
    }

    /// The texts of a list; none when the attribute is absent.
    pub(crate) fn texts(&mut self, name: &str) -> Vec<String> {
        let values = match self.item.remove(name) {
            Some(AttributeValue::L(values)) => values,
            _ => Vec::new(),
        };
        let texts = values.into_iter().filter_map(|value| match value {
            AttributeValue::S(text) => Some(text),
            _ => None,
        });
        texts.collect()
    }

    pub(crate) fn optional_number(&mut self, name: &str) -> Option<u64> {
        match self.item.remove(name) {
            Some(AttributeValue::N(text)) => text.parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn number(&mut self, name: &str) -> Result<u64, Error> {
        self.optional_number(name).ok_or_else(|| self.broken(name))
    }

    pub(crate) fn time(&mut self, name: &str) -> Result<Timestamp, Error> {
        self.number(name).map(Timestamp::from_millis)
    }

    pub(crate) fn flag(&mut self, name: &str) -> bool {
        matches!(self.item.remove(name), Some(AttributeValue::Bool(true)))
    }

    /// The attributes of a map, if it is there.
    pub(crate) fn optional_map(&mut self, name: &str) -> Option<Item> {
        match self.item.remove(name) {
            Some(AttributeValue::M(entries)) => Some(entries),
            _ => None,
        }
    }

    /// The entries of a map; none when the attribute is absent.
    pub(crate) fn optional_object(&mut self, name: &str) -> Result<Map<String, Value>, Error> {
        if self.item.contains_key(name) {
            self.object(name)
        } else {
            Ok(Map::new())
        }
    }

    pub(crate) fn object(&mut self, name: &str) -> Result<Map<String, Value>, Error> {
        match self.item.remove(name) {
            Some(AttributeValue::M(entries)) => to_object(entries).ok_or_else(|| self.broken(name)),
            _ => Err(self.broken(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_comes_back_as_it_went() {
        let big: Value =
            serde_json::from_str("12345678901234567890123456789012345678").expect("a number");
        let all = json!({ "null": null, "yes": true, "n": -1.25, "big": big,
            "text": "", "list": [1, "a", [], {}], "map": { "#a": 1, ":b": { "size": "x" } } });
        let Value::Object(object) = all.clone() else {
            panic!("an object")
        };
        assert_eq!(to_json(from_object(object)), Some(all));
    }
}
