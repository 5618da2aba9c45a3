//! `docs/collection.schema.json`: the schema of a collection's file, for editors.

use api::Definition;
use api::check::Notations;
use api::definition::FieldType;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

/// The file's text. Draft 7, which every editor knows.
///
/// # Errors
/// It cannot be written as JSON.
pub fn draw() -> Result<String, String> {
    let mut schema = root::<Definition>();
    // The other notations of permissions, which become the notation of a definition.
    let mut notations = root::<Notations>();
    for part in ["properties", "definitions"] {
        let Some(Value::Object(found)) = notations.get_mut(part).map(Value::take) else {
            continue;
        };
        for (name, of_it) in found {
            schema[part][name] = of_it;
        }
    }
    without_null(&mut schema);
    schema["$comment"] = json!("by cargo generate; edit shared/api/src/definition.rs instead");
    schema["title"] = json!("Collection");
    if let Some(types) = schema
        .pointer_mut("/definitions/FieldType/oneOf")
        .and_then(Value::as_array_mut)
    {
        types.push(json!({ "description": "A name that other systems have for it.", "enum": FieldType::ALIASES }));
    }
    // The items of an array are a field too, and the only one without a name.
    for fields in [
        "/properties/fields/items",
        "/definitions/Field/properties/fields/items",
    ] {
        if let Some(items) = schema.pointer_mut(fields) {
            *items = json!({ "allOf": [items.take(), { "required": ["name"] }] });
        }
    }
    Ok(serde_json::to_string_pretty(&schema).map_err(|error| error.to_string())? + "\n")
}

fn root<T: JsonSchema>() -> Value {
    Value::from(
        SchemaSettings::draft07()
            .into_generator()
            .into_root_schema_for::<T>(),
    )
}

/// A file leaves a member out instead of writing null, so no editor offers null.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(without_null),
        Value::Object(entries) => {
            if let Some(Value::Array(kinds)) = entries.get_mut("type") {
                kinds.retain(|kind| kind != "null");
                if let [only] = kinds.as_slice() {
                    let only = only.clone();
                    entries.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(choices)) = entries.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type").is_none_or(|kind| kind != "null"));
            }
            entries.values_mut().for_each(without_null);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use boon::{Compiler, Schemas};

    use super::*;

    /// Whether the schema accepts a file, and whether the build does.
    fn judge(content: &Value) -> (bool, bool) {
        let schema = serde_json::from_str(&draw().expect("drawn")).expect("JSON");
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.enable_format_assertions();
        compiler
            .add_resource("file:///schema.json", schema)
            .expect("a resource");
        let index = compiler
            .compile("file:///schema.json", &mut schemas)
            .expect("a schema");
        let file = format!("{}.json", content["name"].as_str().unwrap_or("a"));
        let built = api::check::check(&[(file, content.to_string())]).is_ok();
        (schemas.validate(content, index).is_ok(), built)
    }

    #[test]
    fn every_collection_fits_the_schema() {
        let folders = [crate::plans::folder(), crate::plans::root().join("tests")];
        let files = folders
            .iter()
            .flat_map(|folder| fs::read_dir(folder.join("collections")).expect("collections/"));
        let files = files.map(|entry| entry.expect("an entry").path());
        let files: Vec<_> = files
            .filter(|path| path.extension().is_some_and(|name| name == "json"))
            .collect();
        assert!(files.len() > 5);
        for path in files {
            let content = serde_json::from_slice(&fs::read(&path).expect("a file")).expect("JSON");
            assert!(judge(&content).0, "{}", path.display());
        }
    }

    #[test]
    fn the_schema_takes_what_the_build_takes() {
        let fields = |field: Value| json!({ "name": "a", "fields": [field] });
        for name in FieldType::ALIASES {
            let mut field = json!({ "name": "x", "type": name });
            if name.to_lowercase().starts_with("re") {
                field["collection"] = json!("users");
            }
            assert_eq!(judge(&fields(field)), (true, true), "{name}");
        }
        for content in [
            json!({ "$schema": "../docs/collection.schema.json", "name": "a", "fields": [], "shards": 16 }),
            json!({ "name": "a", "fields": [{ "name": "x", "type": "string" }],
                "indexes": [["x"], { "fields": ["-x"], "perOwner": true }, { "fields": ["x", "createdAt"] }] }),
            fields(
                json!({ "name": "x", "type": "array", "items": { "type": "object", "fields": [
                { "name": "y", "type": "string", "format": "slug", "enum": ["a"], "default": "a" } ] } }),
            ),
            json!({ "name": "a", "fields": [], "permissions": { "create": "(self | role:a) & user", "read": "guest" } }),
            json!({ "name": "a", "fields": [], "permissions": {
                "user": { "create": true, "read": true, "list": false }, "self": { "update": true }, "editor": {} } }),
            json!({ "name": "a", "fields": [], "permissions": { "user": {} }, "expressionPermissions": { "read": "self" } }),
            json!({ "name": "a", "fields": [{ "name": "by", "type": "string" }], "rls": {
                "enabled": true, "mode": "owner-write-only", "ownerField": "by", "requireAuthForWrite": true } }),
            json!({ "name": "a", "fields": [], "rls": { "enabled": false } }),
            fields(
                json!({ "name": "x", "type": "number", "min": -1.5, "max": 1e30, "unique": true }),
            ),
        ] {
            assert_eq!(judge(&content), (true, true), "{content}");
        }
    }

    #[test]
    fn the_schema_refuses_what_the_build_refuses() {
        let fields = |field: Value| json!({ "name": "a", "fields": [field] });
        for content in [
            json!([]),
            json!({ "fields": [] }),
            json!({ "name": "a" }),
            json!({ "name": "9", "fields": [] }),
            json!({ "name": "a", "fields": [], "rules": {} }),
            json!({ "name": "a", "fields": [], "shards": 0 }),
            json!({ "name": "a", "fields": [], "shards": 17 }),
            json!({ "name": "a", "fields": [], "permissions": { "read": "everyone" } }),
            json!({ "name": "a", "fields": [], "permissions": { "write": "admin" } }),
            json!({ "name": "a", "fields": [], "permissions": { "read": "owner || admin" } }),
            json!({ "name": "a", "fields": [], "permissions": { "user": { "write": true } } }),
            json!({ "name": "a", "fields": [], "permissions": { "user": { "read": "yes" } } }),
            json!({ "name": "a", "fields": [], "permissions": { "user": { "read": true }, "read": "public" } }),
            json!({ "name": "a", "fields": [], "expressionPermissions": { "write": "admin" } }),
            json!({ "name": "a", "fields": [], "expressionPermissions": { "read": "role:*" } }),
            json!({ "name": "a", "fields": [], "rls": {} }),
            json!({ "name": "a", "fields": [], "rls": { "enabled": true, "mode": "open" } }),
            json!({ "name": "a", "fields": [], "rls": { "enabled": true, "table": "a" } }),
            fields(json!({ "name": "x" })),
            fields(json!({ "type": "string" })),
            fields(json!({ "name": "x.y", "type": "string" })),
            fields(json!({ "name": "x", "type": "text" })),
            fields(json!({ "name": "x", "type": "STRING" })),
            fields(json!({ "name": "x", "type": "string", "minlength": 1 })),
            fields(json!({ "name": "x", "type": "string", "minLength": -1 })),
            fields(json!({ "name": "x", "type": "string", "format": "phone" })),
            fields(json!({ "name": "x", "type": "string", "pattern": "(" })),
            fields(json!({ "name": "x", "type": "object", "fields": [{ "type": "string" }] })),
            json!({ "name": "a", "fields": [], "indexes": ["createdBy"] }),
            json!({ "name": "a", "fields": [], "indexes": [[]] }),
            json!({ "name": "a", "fields": [], "indexes": [{ "fields": ["createdBy"], "perowner": true }] }),
        ] {
            assert_eq!(judge(&content), (false, false), "{content}");
        }
    }
}
