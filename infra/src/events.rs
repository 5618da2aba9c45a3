//! `docs/events.schema.json` and the table of `docs/events.md`: the types of events, for receivers.

use std::fmt::Write;

use api::event::{Actor, Event, Kind, MAX_BYTES, Origin, Subject, VERSION, example};
use schemars::SchemaGenerator;
use schemars::generate::{Contract, SchemaSettings};
use serde_json::{Value, json};

/// The text of `docs/events.schema.json`: the schema of an event, of each type, with an example of each.
///
/// # Errors
/// It cannot be written as JSON.
pub fn draw() -> Result<String, String> {
    Ok(serde_json::to_string_pretty(&schema()).map_err(|error| error.to_string())? + "\n")
}

/// The schema of an event, in which each member of `oneOf` is one of a type.
pub(crate) fn schema() -> Value {
    let mut generator = generator();
    let actor = json!({ "anyOf": [generator.subschema_for::<Actor>(), { "type": "null" }] });
    let request = json!({ "anyOf": [generator.subschema_for::<Origin>(), { "type": "null" }] });
    let subject = Value::from(generator.subschema_for::<Subject>());
    let types: Vec<Value> = Kind::ALL
        .iter()
        .map(|kind| of(*kind, &mut generator))
        .collect();
    let examples: Vec<_> = Kind::ALL.iter().map(|kind| example::of(*kind)).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": "by cargo generate; edit shared/api/src/event instead",
        "title": "Event",
        "description": format!(
            "A change that was committed, as webhooks, triggers and EventBridge get it; at most {MAX_BYTES} bytes. \
             Types and members are only ever added."
        ),
        "type": "object",
        "properties": {
            "id": {
                "description": "The id, a UUIDv7 that follows from the write: every delivery of the event has the same.",
                "type": "string",
                "format": "uuid",
            },
            "type": { "description": "The type.", "type": "string" },
            "at": { "description": "The time of the change.", "type": "string", "format": "date-time" },
            "stack": { "description": "The deployment, such as `bakend`.", "type": "string" },
            "version": { "description": "The version of the shape.", "const": VERSION },
            "actor": described(actor, "The actor; null where the write does not tell."),
            "subject": described(subject, "The user, record, key or webhook that it happened to."),
            "request": described(request, "The request that did it; null where none did."),
            "data": { "description": "The content, of each type its own.", "type": "object" },
        },
        "required": ["id", "type", "at", "stack", "version", "actor", "subject", "request", "data"],
        "oneOf": types,
        "$defs": generator.take_definitions(true),
        "examples": examples,
    })
}

/// The schemas of members as an event has them: an absent `Option` is null.
fn generator() -> SchemaGenerator {
    let mut settings = SchemaSettings::draft2020_12();
    settings.contract = Contract::Serialize;
    settings.into_generator()
}

/// The events of a type.
fn of(kind: Kind, generator: &mut SchemaGenerator) -> Value {
    let mut data = Value::from(Event::schema(kind, generator));
    if let Some(data) = data.as_object_mut() {
        for name in ["$schema", "title"] {
            data.remove(name);
        }
    }
    json!({
        "title": kind,
        "description": kind.when(),
        "properties": { "type": { "const": kind }, "data": data },
    })
}

fn described(mut schema: Value, description: &str) -> Value {
    schema["description"] = json!(description);
    schema
}

/// The types, each with its sentence and the members of its `data`.
pub(crate) fn table() -> String {
    let mut generator = generator();
    let mut table = "| `type` | | `data` |\n|---|---|---|\n".to_owned();
    for kind in Kind::ALL {
        let data = Value::from(Event::schema(*kind, &mut generator));
        let members = names(&data["required"]);
        // Writing to a text cannot fail.
        let _ = writeln!(table, "| `{kind}` | {} | {members} |", kind.when());
    }
    table
}

/// The names of a list, in its order.
fn names(list: &Value) -> String {
    let names = list
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use boon::{Compiler, Schemas};

    use super::*;

    fn drawn() -> Value {
        serde_json::from_str(&draw().expect("drawn")).expect("JSON")
    }

    /// Whether the schema accepts an event.
    fn accepts(event: &Value) -> bool {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.enable_format_assertions();
        compiler
            .add_resource("file:///schema.json", drawn())
            .expect("a resource");
        let index = compiler
            .compile("file:///schema.json", &mut schemas)
            .expect("a schema");
        schemas.validate(event, index).is_ok()
    }

    #[test]
    fn there_is_an_example_of_each_type_and_each_fits() {
        let schema = drawn();
        let examples = schema["examples"].as_array().expect("examples");
        let types: BTreeSet<&str> = examples
            .iter()
            .filter_map(|it| it["type"].as_str())
            .collect();
        assert_eq!(types.len(), Kind::ALL.len());
        for event in examples {
            assert!(accepts(event), "{event}");
        }
    }

    #[test]
    fn an_event_without_one_of_its_members_does_not_fit() {
        for kind in Kind::ALL {
            let event = json!(example::of(*kind));
            let members = |of: &Value| -> Vec<String> {
                of.as_object().expect("an object").keys().cloned().collect()
            };
            for place in ["", "/data", "/subject"] {
                for name in members(event.pointer(place).expect("a part")) {
                    let mut event = event.clone();
                    let part = event.pointer_mut(place).and_then(Value::as_object_mut);
                    part.expect("an object").remove(&name);
                    assert!(!accepts(&event), "{kind} without {place}/{name}");
                }
            }
        }
    }

    #[test]
    fn other_types_and_values_do_not_fit() {
        let event = json!(example::of(Kind::LoggedIn));
        for (place, value) in [
            ("/type", json!("auth.logged-in")),
            ("/type", json!("record.created")),
            ("/id", json!("1")),
            ("/at", json!(1)),
            ("/version", json!(2)),
            ("/actor/type", json!("robot")),
            ("/data/userId", json!(null)),
        ] {
            let mut event = event.clone();
            *event.pointer_mut(place).expect("a member") = value;
            assert!(!accepts(&event), "{event}");
        }
    }

    #[test]
    fn a_line_of_the_table_has_a_type_its_sentence_and_its_members() {
        let line = "| `auth.logout` | A user has signed out. | `userId`, `sessionId` |\n";
        assert!(table().contains(line));
    }
}
