//! The query of a list of a collection: conditions, orders, relations to inline.

use api::Definition;
use api::definition::{Field, FieldType, Index, SYSTEM_FIELDS};
use serde_json::{Map, Value, json};

use super::shared::{id_operand, object, schema};
use crate::names::pascal;

/// The fields that a list may name, each with its declaration or the type that it has in every collection.
pub(crate) fn columns(collection: &Definition) -> impl Iterator<Item = (&str, Column<'_>)> {
    let system = SYSTEM_FIELDS.iter().map(|name| {
        let kind = if name.ends_with("At") {
            FieldType::Date
        } else {
            FieldType::Relation
        };
        (*name, Column { kind, items: None })
    });
    let declared = collection.fields.iter().map(|field| {
        (
            field.name.as_str(),
            Column {
                kind: field.kind,
                items: field.items.as_deref(),
            },
        )
    });
    system.chain(declared)
}

/// The facts of a field that a condition on it needs.
pub(crate) struct Column<'a> {
    pub(crate) kind: FieldType,
    pub(crate) items: Option<&'a Field>,
}

/// The schema of an operand that a scalar of this type is compared with.
fn operand(kind: FieldType) -> Option<Value> {
    Some(match kind {
        FieldType::String => schema("Text"),
        FieldType::Number => schema("Number"),
        FieldType::Integer => schema("Integer"),
        FieldType::Boolean => json!({ "type": "boolean" }),
        FieldType::Date => schema("Date"),
        FieldType::Relation => id_operand(),
        FieldType::Object | FieldType::Array => return None,
    })
}

impl Column<'_> {
    /// The schema of a value that an array of these may contain; `None` where nothing can be asked.
    fn contained(&self) -> Option<Value> {
        match self.items {
            Some(items) => operand(items.kind),
            None => {
                Some(json!({ "anyOf": [schema("Text"), schema("Number"), { "type": "boolean" }] }))
            }
        }
    }

    /// The conditions on it, as JSON.
    fn tests(&self) -> Value {
        let tests = |kind: &str| {
            let value = operand(self.kind).unwrap_or_default();
            json!({ "anyOf": [value, { "type": "null" }, schema(&format!("{kind}Tests"))] })
        };
        match self.kind {
            FieldType::String => tests("Text"),
            FieldType::Relation => tests("Id"),
            FieldType::Number => tests("Number"),
            FieldType::Integer => tests("Integer"),
            FieldType::Boolean => tests("Boolean"),
            FieldType::Date => tests("Date"),
            FieldType::Object | FieldType::Array => {
                let mut operators = json!({ "$exists": { "type": "boolean" } });
                if let Some(contained) = self.contained().filter(|_| self.kind == FieldType::Array)
                {
                    operators["$contains"] = contained;
                }
                json!({
                    "type": "object", "properties": operators, "minProperties": 1, "additionalProperties": false,
                })
            }
        }
    }
}

/// The schema of `filter`.
pub(super) fn filter(collection: &Definition) -> Value {
    let name = pascal(&collection.name);
    let itself = schema(&format!("{name}Filter"));
    let several = json!({ "type": "array", "items": itself, "minItems": 1 });
    let joined = [
        ("$and", several.clone()),
        ("$or", several),
        ("$not", itself),
    ];
    let joined = joined
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    let fields = columns(collection).map(|(name, column)| (name.to_owned(), column.tests()));
    object(
        "Which records: all members hold. At most 30 conditions, nested at most 5 deep.",
        joined.chain(fields).collect(),
    )
}

/// The schema of the suffixes of the fields: a member is a parameter of its own.
pub(super) fn conditions(collection: &Definition) -> Value {
    let mut members = Map::new();
    for (name, column) in columns(collection) {
        let mut add = |suffix: &str, value: Value| members.insert(format!("{name}{suffix}"), value);
        add("_exists", json!({ "type": "boolean" }));
        if let Some(contained) = column
            .contained()
            .filter(|_| column.kind == FieldType::Array)
        {
            add("_contains", contained);
        }
        let Some(operand) = operand(column.kind) else {
            continue;
        };
        for suffix in ["", "_ne", "_gt", "_gte", "_lt", "_lte"] {
            add(suffix, operand.clone());
        }
        for suffix in ["_in", "_nin"] {
            add(suffix, values(column.kind));
        }
        if column.kind == FieldType::String {
            add("_contains", operand.clone());
            add("_startsWith", operand);
        }
    }
    // A declared field comes before a suffix of another.
    for (name, column) in columns(collection) {
        if let Some(operand) = operand(column.kind) {
            members.insert(name.to_owned(), operand);
        }
    }
    object("Conditions on fields.", members)
}

/// The orders that some index serves, alone or with its first fields fixed.
pub(super) fn orders(collection: &Definition) -> Vec<String> {
    served(collection, |index| index.fields.len())
}

/// The orders that some index serves alone: newest first, the declared ones, and their reverses.
pub(crate) fn declared_orders(collection: &Definition) -> Vec<String> {
    served(collection, |_| 1)
}

/// The orders of the indexes and their reverses, each without its first fields up to a number of them.
fn served(collection: &Definition, ways: impl Fn(&Index) -> usize) -> Vec<String> {
    let mut orders = vec!["-createdAt".to_owned(), "createdAt".to_owned()];
    for index in &collection.indexes {
        for fixed in 0..ways(index) {
            let rest = index.fields.get(fixed..).unwrap_or_default();
            let reverse = rest.iter().map(|field| match field.strip_prefix('-') {
                Some(field) => field.to_owned(),
                None => format!("-{field}"),
            });
            for order in [rest.join(","), reverse.collect::<Vec<_>>().join(",")] {
                if !orders.contains(&order) {
                    orders.push(order);
                }
            }
        }
    }
    orders
}

/// The paths that `expand` takes: relations, and the relations of where they lead.
pub(crate) fn paths(collection: &Definition, all: &[&Definition]) -> Vec<String> {
    let mut paths = Vec::new();
    for (name, target) in relations(collection) {
        paths.push(name.to_owned());
        let target = all.iter().find(|definition| definition.name == target);
        paths.extend(
            target
                .into_iter()
                .flat_map(|target| relations(target))
                .map(|(next, _)| format!("{name}.{next}")),
        );
    }
    paths
}

pub(super) fn is_searchable(collection: &Definition) -> bool {
    let owner = collection.owner_field();
    collection
        .fields
        .iter()
        .any(|field| field.kind == FieldType::String && field.name != owner)
}

/// Several values of a type with commas between, as a parameter has them.
fn values(kind: FieldType) -> Value {
    let one = match kind {
        FieldType::Number => r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?",
        FieldType::Integer => r"-?(0|[1-9][0-9]*)",
        FieldType::Boolean => "(true|false)",
        FieldType::Date => "[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt][0-9:.]+([Zz]|[+-][0-9:]+))?",
        FieldType::Relation => r"[^,\u0000]+",
        _ => r"[^,\u0000]*",
    };
    json!({ "type": "string", "pattern": format!("^{one}(,{one}){{0,99}}$") })
}

fn relations(collection: &Definition) -> impl Iterator<Item = (&str, &str)> {
    collection.fields.iter().filter_map(|field| {
        let leads = [Some(field), field.items.as_deref()]
            .into_iter()
            .flatten()
            .find(|it| it.kind == FieldType::Relation);
        Some((field.name.as_str(), leads?.collection.as_deref()?))
    })
}
