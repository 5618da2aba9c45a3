//! The types take what the server takes: its own parser of filters and its own check of bodies are asked.

use std::collections::BTreeMap;

use api::Definition;
use api::definition::{Field, FieldType, Format, SYSTEM_FIELDS};
use api::query;
use api::record::{Write, check};
use infra::names::pascal;
use serde_json::{Map, Value, json};

use crate::reader::{Declared, Member};
use crate::schemas::drawn;

/// Every operator, without its `$`.
const OPERATORS: [&str; 11] = [
    "eq",
    "ne",
    "gt",
    "gte",
    "lt",
    "lte",
    "in",
    "nin",
    "exists",
    "contains",
    "startsWith",
];

/// The operators that take null.
const OF_ABSENT: [&str; 4] = ["eq", "ne", "in", "nin"];

fn members<'a>(
    declared: &'a BTreeMap<String, Declared>,
    name: &str,
) -> &'a BTreeMap<String, Member> {
    match &declared[name] {
        Declared::Interface(members) => members,
        Declared::Alias(_) => panic!("{name} is no interface"),
    }
}

/// A value that fits a field.
fn sample(field: &Field) -> Value {
    if let Some(choices) = &field.choices {
        return choices[0].clone();
    }
    match field.kind {
        FieldType::String => match field.format {
            Some(Format::Url) => json!("https://example.com"),
            Some(_) => json!("a"),
            None => json!(field.pattern.as_ref().map_or("a", |_| "LAMP-1")),
        },
        FieldType::Number | FieldType::Integer => json!(1),
        FieldType::Boolean => json!(true),
        FieldType::Date => json!("2026-11-21"),
        FieldType::Relation => json!("01890000-0000-7000-8000-000000000000"),
        FieldType::Object => json!({}),
        FieldType::Array => json!([]),
    }
}

/// A field as conditions see it: a declared one, or one that every record has.
fn column(definition: &Definition, name: &str) -> Field {
    let kind = if name.ends_with("At") {
        FieldType::Date
    } else {
        FieldType::Relation
    };
    definition.field(name).cloned().unwrap_or(Field {
        kind,
        ..Field::default()
    })
}

/// Whether the type of a condition has an operator.
fn has(kind: &str, operator: &str) -> bool {
    let of_text = ["contains", "startsWith"].contains(&operator);
    match kind {
        kind if kind.contains("TextTests<") => true,
        kind if kind.contains("Tests<") => !of_text,
        kind => kind.contains(&format!("{operator}:")) || kind.contains(&format!("{operator}?:")),
    }
}

#[test]
fn a_field_has_the_operators_that_the_server_takes_of_it() {
    let (declared, _, collections) = drawn();
    for definition in &collections {
        let takes =
            |filter: Value| query::parse(definition, [("filter", filter.to_string())]).is_ok();
        let of = format!("{}Where", pascal(&definition.name));
        for (name, member) in members(&declared, &of) {
            if name.starts_with('$') {
                assert!(takes(
                    json!({ name: if name == "$not" { json!({}) } else { json!([{}]) } })
                ));
                continue;
            }
            let field = column(definition, name);
            let item = field.items.as_deref().map_or(json!("a"), sample);
            let value = if field.kind == FieldType::Array {
                item
            } else {
                sample(&field)
            };
            for operator in OPERATORS {
                let of_operator = |value: &Value| match operator {
                    "in" | "nin" => json!([value]),
                    "exists" => json!(true),
                    _ => value.clone(),
                };
                let key = format!("${operator}");
                let taken = takes(json!({ name: { key.as_str(): of_operator(&value) } }));
                assert_eq!(
                    has(&member.kind, operator),
                    taken,
                    "{of}.{name} {operator}: {}",
                    member.kind
                );
                let of_null = if operator == "exists" {
                    Value::Null
                } else {
                    of_operator(&Value::Null)
                };
                let absent = takes(json!({ name: { key.as_str(): of_null } }));
                assert_eq!(
                    taken && OF_ABSENT.contains(&operator),
                    absent,
                    "{of}.{name} {operator} null"
                );
            }
            let is_scalar = member.kind.contains("Tests<");
            assert_eq!(
                takes(json!({ name: value })),
                is_scalar,
                "{of}.{name} alone"
            );
            assert_eq!(takes(json!({ name: null })), is_scalar, "{of}.{name} null");
        }
        assert!(!takes(json!({ "unheard": 1 })), "{of}");
    }
}

#[test]
fn bodies_have_what_the_server_takes_and_demands() {
    let (declared, _, collections) = drawn();
    for definition in &collections {
        for (kind, writes) in [
            ("Create", &[Write::Create, Write::Replace][..]),
            ("Update", &[Write::Merge]),
        ] {
            let of = format!("{}{kind}", pascal(&definition.name));
            let members = members(&declared, &of);
            let value = |name: &str| sample(definition.field(name).unwrap());
            let least = members.iter().filter(|(_, member)| !member.optional);
            let least: Map<String, Value> =
                least.map(|(name, _)| (name.clone(), value(name))).collect();
            for write in writes {
                let takes = |change: &dyn Fn(&mut Map<String, Value>)| {
                    let mut body = least.clone();
                    change(&mut body);
                    check(definition, body, *write).is_ok()
                };
                assert!(takes(&|_| ()), "{of}: the least body");
                assert!(
                    !takes(&|body| drop(body.insert("unheard".to_owned(), json!(1)))),
                    "{of}"
                );
                for (name, member) in members {
                    let put = |value: Value| {
                        takes(&|body| drop(body.insert(name.clone(), value.clone())))
                    };
                    assert!(put(value(name)), "{of}.{name}: {}", member.kind);
                    let left_out = takes(&|body| drop(body.remove(name)));
                    assert_eq!(left_out, member.optional, "{of}.{name} left out");
                    let nullable = member.kind.split(" | ").any(|kind| kind == "null");
                    assert_eq!(
                        put(Value::Null),
                        nullable,
                        "{of}.{name} null: {}",
                        member.kind
                    );
                }
                // Every other field is unknown, or no body sets it.
                let fields = definition.fields.iter().map(|field| field.name.as_str());
                assert!(fields.eq(fields_of(definition, members)), "{of}");
            }
            assert!(
                SYSTEM_FIELDS
                    .iter()
                    .all(|name| !members.contains_key(*name)),
                "{of}"
            );
        }
    }
}

/// The declared fields that are among these members, in their order.
fn fields_of<'a>(
    definition: &'a Definition,
    members: &'a BTreeMap<String, Member>,
) -> impl Iterator<Item = &'a str> {
    let names = definition.fields.iter().map(|field| field.name.as_str());
    names.filter(|name| members.contains_key(*name))
}
