//! The types of a list's query: conditions, orders and relations to inline.

use api::Definition;
use api::definition::{Field, FieldType};
use serde_json::Value;

use super::script::{Member, union};
use crate::openapi::{Column, columns};

/// The declarations that the conditions of every collection use.
pub(super) const TESTS: &str = r"
/** Conditions on a field; all of them hold. Null is a value that is not there. */
export interface Tests<T> {
  eq?: T | null;
  ne?: T | null;
  gt?: T;
  gte?: T;
  lt?: T;
  lte?: T;
  in?: readonly (T | null)[];
  nin?: readonly (T | null)[];
  exists?: boolean;
}

/** Conditions on a text; all of them hold. */
export interface TextTests<T> extends Tests<T> {
  contains?: string;
  startsWith?: string;
}
";

/// The members of a filter: how several filters join, and a condition on each field.
pub(super) fn conditions(collection: &Definition, itself: &str) -> Vec<Member> {
    let member = |name: &str, kind: String| Member {
        name: name.to_owned(),
        optional: true,
        kind,
        comment: None,
    };
    let several = format!("readonly {itself}[]");
    let joined = [
        ("$and", several.clone()),
        ("$or", several),
        ("$not", itself.to_owned()),
    ];
    let joined = joined.into_iter().map(|(name, kind)| member(name, kind));
    let fields = columns(collection)
        .map(|(name, column)| member(name, condition(&column, collection.field(name))));
    joined.chain(fields).collect()
}

/// A condition on a field: a value that it equals, or tests.
fn condition(column: &Column<'_>, declared: Option<&Field>) -> String {
    let choices = declared.and_then(|field| field.choices.as_deref());
    match column.kind {
        FieldType::Object => "{ exists: boolean }".to_owned(),
        FieldType::Array => match contained(column.items) {
            Some(item) => format!("{{ exists?: boolean; contains?: {item} }}"),
            None => "{ exists: boolean }".to_owned(),
        },
        kind => {
            let value = value(kind, choices);
            let tests = if kind == FieldType::String {
                "TextTests"
            } else {
                "Tests"
            };
            format!("{value} | null | {tests}<{value}>")
        }
    }
}

/// The type of an item that a list may have in it; `None` where nothing can be asked.
fn contained(items: Option<&Field>) -> Option<String> {
    match items {
        None => Some("string | number | boolean".to_owned()),
        Some(items) if matches!(items.kind, FieldType::Object | FieldType::Array) => None,
        Some(items) => Some(value(items.kind, items.choices.as_deref())),
    }
}

/// The type of a scalar: one of its choices, where it has some.
fn value(kind: FieldType, choices: Option<&[Value]>) -> String {
    match (kind, choices) {
        (FieldType::String | FieldType::Number | FieldType::Integer, Some(choices)) => {
            union(choices.iter().map(Value::to_string).collect())
        }
        (FieldType::Number | FieldType::Integer, None) => "number".to_owned(),
        (FieldType::Boolean, _) => "boolean".to_owned(),
        _ => "string".to_owned(),
    }
}

/// One of some texts.
pub(super) fn one_of(texts: &[String]) -> String {
    if texts.is_empty() {
        return "never".to_owned();
    }
    union(
        texts
            .iter()
            .map(|text| Value::from(text.as_str()).to_string())
            .collect(),
    )
}
