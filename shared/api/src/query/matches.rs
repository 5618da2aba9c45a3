//! The one evaluator of filters, independent of the index that a record was read by.

use std::cmp::Ordering;

use serde_json::{Value, json};

use crate::query::filter::{Filter, Test};
use crate::value::compare_alike;
use crate::wire::Record;

impl Filter {
    /// Whether a record passes.
    #[must_use]
    pub fn matches(&self, record: &Record) -> bool {
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.matches(record)),
            Self::Any(filters) => filters.iter().any(|filter| filter.matches(record)),
            Self::Not(filter) => !filter.matches(record),
            Self::Field(field, test) => test.matches(record.value(field).as_deref()),
            Self::Search(text, fields) => {
                fields
                    .iter()
                    .any(|field| match record.value(field).as_deref() {
                        Some(Value::String(value)) => caseless(value).contains(text),
                        _ => false,
                    })
            }
            Self::Owned(owner) => record.owner.as_ref() == Some(owner),
        }
    }

    /// The text that a cursor is bound to: equal for equal filters, different for any others. The order within "and"
    /// and "or" does not count.
    #[must_use]
    pub fn canonical(&self) -> String {
        let joined = |word: &str, filters: &[Self]| {
            let mut parts: Vec<String> = filters.iter().map(Self::canonical).collect();
            parts.sort();
            parts.insert(0, json!(word).to_string());
            format!("[{}]", parts.join(","))
        };
        match self {
            Self::All(filters) => joined("and", filters),
            Self::Any(filters) => joined("or", filters),
            Self::Not(filter) => format!("[\"not\",{}]", filter.canonical()),
            Self::Search(text, fields) => json!(["search", text, fields]).to_string(),
            Self::Owned(owner) => json!(["owned", owner]).to_string(),
            Self::Field(field, test) => {
                let (word, value) = match test {
                    Test::Eq(value) => ("eq", json!(value)),
                    Test::Ne(value) => ("ne", json!(value)),
                    Test::Gt(value) => ("gt", value.clone()),
                    Test::Gte(value) => ("gte", value.clone()),
                    Test::Lt(value) => ("lt", value.clone()),
                    Test::Lte(value) => ("lte", value.clone()),
                    Test::In(values) => ("in", json!(values)),
                    Test::Nin(values) => ("nin", json!(values)),
                    Test::Exists(exists) => ("exists", json!(exists)),
                    Test::Contains(value) => ("contains", value.clone()),
                    Test::StartsWith(text) => ("startsWith", json!(text)),
                };
                json!(["field", field, word, value]).to_string()
            }
        }
    }
}

impl Test {
    /// Whether a value passes.
    fn matches(&self, value: Option<&Value>) -> bool {
        let value = value.filter(|value| !value.is_null());
        let ordered = |than: &Value| value.and_then(|value| compare_alike(value, than));
        match self {
            Self::Eq(wanted) => equal(value, wanted.as_ref()),
            Self::Ne(wanted) => !equal(value, wanted.as_ref()),
            Self::Gt(than) => ordered(than).is_some_and(Ordering::is_gt),
            Self::Gte(than) => ordered(than).is_some_and(Ordering::is_ge),
            Self::Lt(than) => ordered(than).is_some_and(Ordering::is_lt),
            Self::Lte(than) => ordered(than).is_some_and(Ordering::is_le),
            Self::In(wanted) => wanted.iter().any(|wanted| equal(value, wanted.as_ref())),
            Self::Nin(wanted) => !wanted.iter().any(|wanted| equal(value, wanted.as_ref())),
            Self::Exists(exists) => value.is_some() == *exists,
            Self::Contains(part) => match (value, part) {
                (Some(Value::String(text)), Value::String(part)) => text.contains(part),
                (Some(Value::Array(items)), part) => {
                    items.iter().any(|item| equal(Some(item), Some(part)))
                }
                _ => false,
            },
            Self::StartsWith(start) => {
                matches!(value, Some(Value::String(text)) if text.starts_with(start))
            }
        }
    }
}

/// Whether two values are the same: numbers by their value, whatever way they are written.
fn equal(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => compare_alike(a, b).map_or_else(|| a == b, Ordering::is_eq),
        (a, b) => a.is_none() == b.is_none(),
    }
}

/// A text in which all spellings of one letter are the same. Each letter is mapped alone, so a part of a text is also a
/// part of the result.
#[must_use]
pub fn caseless(text: &str) -> String {
    text.chars()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect()
}
