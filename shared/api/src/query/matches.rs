//! The one evaluator of filters, independent of the index that a record was read by.

use std::cmp::Ordering;

use serde_json::{Value, json};

use crate::query::filter::{Filter, Test};
use crate::value::compare_alike;
use crate::wire::Record;

/// The bytes of a text that count as one comparison, as it is and without case.
const TEXT: usize = 64;
const CASELESS: usize = 8;

/// About how many comparisons filters have made. One user chooses the conditions and another the values, so the product
/// of both needs a bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Comparisons(pub usize);

impl Filter {
    /// Whether a record passes.
    #[must_use]
    pub fn matches(&self, record: &Record) -> bool {
        self.judge(record, &mut Comparisons::default())
    }

    /// Whether a record passes. Counts the comparisons that this takes.
    #[must_use]
    pub fn judge(&self, record: &Record, made: &mut Comparisons) -> bool {
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.judge(record, made)),
            Self::Any(filters) => filters.iter().any(|filter| filter.judge(record, made)),
            Self::Not(filter) => !filter.judge(record, made),
            Self::Field(field, test) => {
                let value = record.value(field);
                made.0 += test.comparisons(value.as_deref());
                test.matches(value.as_deref())
            }
            Self::Search(text, fields) => {
                fields
                    .iter()
                    .any(|field| match record.value(field).as_deref() {
                        Some(Value::String(value)) => {
                            made.0 += 1 + value.len() / CASELESS;
                            caseless(value).contains(text)
                        }
                        _ => false,
                    })
            }
            Self::Owned(owner) => {
                made.0 += 1;
                record.owner.as_ref() == Some(owner)
            }
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
    /// The most comparisons that a value takes.
    fn comparisons(&self, value: Option<&Value>) -> usize {
        match (self, value) {
            (Self::In(wanted) | Self::Nin(wanted), _) => wanted.len(),
            (Self::Contains(_), Some(Value::Array(items))) => items.len(),
            (_, Some(Value::String(text))) => 1 + text.len() / TEXT,
            _ => 1,
        }
    }

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
