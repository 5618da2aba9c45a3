//! The schemas that a part of the document needs.

use serde_json::{Map, Value};

/// The schemas that every collection shares.
const SHARED: [&str; 3] = ["Definition", "Explanation", "RecordCount"];

/// The schemas that these values point to, those that every collection shares, and all that these point to.
pub(super) fn used<'a>(
    schemas: &Map<String, Value>,
    values: impl Iterator<Item = &'a Value>,
) -> Map<String, Value> {
    let mut names = SHARED.map(str::to_owned).to_vec();
    for value in values {
        pointed_to(value, &mut names);
    }
    let mut used = Map::new();
    while let Some(name) = names.pop() {
        if let (false, Some(schema)) = (used.contains_key(&name), schemas.get(&name)) {
            pointed_to(schema, &mut names);
            used.insert(name, schema.clone());
        }
    }
    used
}

/// Adds the names of the schemas that a value points to.
fn pointed_to(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let reference = members.get("$ref").and_then(Value::as_str);
            let name = reference.and_then(|path| path.strip_prefix("#/components/schemas/"));
            names.extend(name.map(str::to_owned));
            members.values().for_each(|value| pointed_to(value, names));
        }
        Value::Array(items) => items.iter().for_each(|value| pointed_to(value, names)),
        _ => {}
    }
}
