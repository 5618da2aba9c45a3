//! The types of events, for receivers of webhooks and for functions behind EventBridge.

use serde_json::{Map, Value};

use super::script::{Member, Script, comment, declare};
use crate::events;

/// The order of an event's members.
const ORDER: [&str; 9] = [
    "id", "type", "at", "stack", "version", "actor", "subject", "request", "data",
];

/// The schemas that events point to, by name.
pub(super) fn schemas() -> Map<String, Value> {
    match events::schema()["$defs"].take() {
        Value::Object(schemas) => schemas,
        _ => Map::new(),
    }
}

/// The declarations of events.
pub(super) fn draw() -> String {
    let schema = events::schema();
    let script = Script::default();
    let of_type = |one: &Value| Member {
        name: one["title"].as_str().unwrap_or_default().to_owned(),
        optional: false,
        kind: script.of(&one["properties"]["data"]),
        comment: comment(one),
    };
    let types = schema["oneOf"].as_array().into_iter().flatten();
    let types: Vec<Member> = types.map(of_type).collect();
    let mut members = script.members(&schema, &ORDER);
    for member in &mut members {
        match member.name.as_str() {
            "type" => member.kind = "T".to_owned(),
            "data" => member.kind = "EventData[T]".to_owned(),
            _ => {}
        }
    }
    let of = "BakendEventOf<T extends keyof EventData>";
    [
        "\n",
        &declare(Some("The content of events, by their type."), "EventData", &types),
        "\n",
        &declare(Some("An event of a type."), of, &members),
        "\n/** An event, as webhooks, triggers and EventBridge get it. Types and members are only ever added. */\n",
        "export type BakendEvent = { [T in keyof EventData]: BakendEventOf<T> }[keyof EventData];\n",
    ]
    .concat()
}
