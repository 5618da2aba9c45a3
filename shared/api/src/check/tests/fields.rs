use serde_json::{Value, json};

use super::problems_of;
use crate::check::check;

#[test]
fn a_field_may_say_what_fits_its_type() {
    for field in [
        json!({ "type": "string", "required": true, "unique": true, "minLength": 1, "maxLength": 1, "pattern": "a" }),
        json!({ "type": "String", "enum": ["a", "b"], "default": "b", "format": "slug" }),
        json!({ "type": "double", "min": -1.5, "max": 12345678901234567890123456789012345678u128, "unique": true }),
        json!({ "type": "Int", "enum": [1, 2], "default": 2, "min": 1, "max": 2 }),
        json!({ "type": "bool", "default": false, "unique": false }),
        json!({ "type": "Date", "enum": ["2026-11-21T00:00:00.000Z"], "default": "2026-11-21" }),
        json!({ "type": "ref", "collection": "posts", "unique": true }),
        json!({ "type": "reference", "collection": "a" }),
        json!({ "type": "Relation", "collection": "users" }),
        json!({ "type": "array", "items": { "type": "relation", "collection": "posts" }, "maxLength": 3 }),
        json!({ "type": "array", "items": { "type": "array", "items": { "type": "array" } } }),
        json!({ "type": "array", "default": [1, null], "minLength": 2 }),
        json!({ "type": "array", "items": { "type": "string", "enum": ["a"] }, "default": ["a"] }),
        json!({ "type": "object", "default": {}, "fields": [
            { "name": "id", "type": "object", "fields": [
                { "name": "limit", "type": "object" }, { "name": "n", "type": "integer", "default": 1 } ] } ] }),
    ] {
        let mut named = field.clone();
        named["name"] = json!("x");
        assert_eq!(
            problems_of(json!({ "fields": [named] })),
            [""; 0],
            "{field}"
        );
    }
}

#[test]
fn what_does_not_fit_is_named_with_its_place_and_a_way_out() {
    let many = |count: usize| -> Vec<Value> {
        (0..count)
            .map(|n| json!({ "name": format!("f{n}"), "type": "string" }))
            .collect()
    };
    let nested = |field: Value| json!({ "type": "object", "fields": [field] });
    for (field, expected) in [
        (
            json!({ "type": "string", "min": 1 }),
            "min: `min` is for a number or an integer; leave it out",
        ),
        (json!({ "type": "date", "max": 1 }), "max: `max` is for"),
        (
            json!({ "type": "integer", "minLength": 1 }),
            "minLength: `minLength` is for a string or an array",
        ),
        (
            json!({ "type": "object", "maxLength": 1 }),
            "maxLength: `maxLength` is for",
        ),
        (
            json!({ "type": "array", "pattern": "a" }),
            "pattern: `pattern` is for a string",
        ),
        (
            json!({ "type": "relation", "collection": "users", "format": "uuid" }),
            "format: `format` is for a string",
        ),
        (
            json!({ "type": "object", "items": { "type": "string" } }),
            "items: `items` is for an array",
        ),
        (
            json!({ "type": "array", "fields": [] }),
            "fields: `fields` is for an object",
        ),
        (
            json!({ "type": "string", "collection": "posts" }),
            "collection: `collection` is for a relation",
        ),
        (
            json!({ "type": "array", "enum": [[]] }),
            "enum: `enum` is for a string, number",
        ),
        (
            json!({ "type": "object", "unique": true }),
            "unique: `unique` is for a string, number",
        ),
        (
            json!({ "type": "array", "unique": true }),
            "unique: `unique` is for a string, number",
        ),
        (
            json!({ "type": "relation" }),
            "collection: say where the relation points to",
        ),
        (
            json!({ "type": "relation", "collection": "post" }),
            "collection: there is no collection `post`; add",
        ),
        (
            json!({ "type": "relation", "collection": "_users" }),
            "collection: there is no collection `_users`",
        ),
        (
            json!({ "type": "number", "min": 2, "max": 1.9 }),
            "min: 2 is more than `max`, 1.9",
        ),
        (
            json!({ "type": "string", "minLength": 2, "maxLength": 1 }),
            "minLength: 2 is more than `maxLength`, 1",
        ),
        (
            json!({ "type": "string", "pattern": "(" }),
            "pattern: the pattern cannot be used",
        ),
        (
            json!({ "type": "string", "enum": [] }),
            "enum: no value would be allowed",
        ),
        (
            json!({ "type": "string", "enum": ["a", 1] }),
            "enum[1]: 1 does not fit: `x` must be a string.",
        ),
        (
            json!({ "type": "string", "enum": ["a", "b", "a"] }),
            "enum[2]: \"a\" is there twice",
        ),
        (
            json!({ "type": "number", "enum": [-1], "min": 0 }),
            "enum[0]: -1 does not fit: `x` must be at least 0.",
        ),
        (
            json!({ "type": "date", "enum": ["2026-11-21"] }),
            "enum[0]: \"2026-11-21\" is stored as \"2026-11-21T00:",
        ),
        (
            json!({ "type": "string", "default": 1 }),
            "default: 1 does not fit: `x` must be a string.",
        ),
        (
            json!({ "type": "string", "enum": ["a"], "default": "b" }),
            "default: \"b\" does not fit: `x` must be \"a\".",
        ),
        (
            json!({ "type": "string", "required": true, "default": "a" }),
            "default: a required field is never left out",
        ),
        (
            json!({ "type": "string", "unique": true, "default": "a" }),
            "default: two records would get the same",
        ),
        (
            json!({ "type": "array", "default": ["\u{0}"] }),
            "default: [\"\\u0000\"] does not fit: `x` must not contain NUL",
        ),
        (
            json!({ "type": "array", "items": { "name": "y", "type": "string" } }),
            "items.name: the items of an array",
        ),
        (
            json!({ "type": "array", "items": { "type": "string", "required": true } }),
            "items.required: an item cannot",
        ),
        (
            json!({ "type": "array", "items": { "type": "string", "default": "" } }),
            "items.default: an item cannot",
        ),
        (
            json!({ "type": "array", "items": { "type": "string", "unique": true } }),
            "items.unique: only a field of",
        ),
        (
            json!({ "type": "array", "items": { "type": "string", "min": 1 } }),
            "items.min: `min` is for",
        ),
        (
            json!({ "type": "array", "items": { "type": "array", "items": { "type": "relation", "collection": "users" } } }),
            "items.items.type: a relation is a field of the collection itself",
        ),
        (
            json!({ "type": "array", "items": { "type": "array", "items": { "type": "array", "items": { "type": "array" } } } }),
            "items.items.items: nests deeper than 3 levels",
        ),
        (
            nested(json!({ "name": "y", "type": "string", "unique": true })),
            "fields[0].unique: only a field of",
        ),
        (
            nested(json!({ "name": "y", "type": "relation", "collection": "users" })),
            "fields[0].type: a relation is",
        ),
        (
            nested(json!({ "name": "y.z", "type": "string" })),
            "fields[0].name: `y.z` must match",
        ),
        (
            nested(json!({ "name": "", "type": "string" })),
            "fields[0].name: `` must match",
        ),
        (
            nested(json!({ "name": "y", "type": "string", "min": 1 })),
            "fields[0].min: `min` is for",
        ),
        (
            nested(
                json!({ "name": "y", "type": "object", "fields": [{ "name": "z", "type": "object", "fields": [] }] }),
            ),
            "fields[0].fields[0]: nests deeper than 3 levels",
        ),
        (
            json!({ "type": "object", "fields": [{ "name": "y", "type": "date" }, { "name": "y", "type": "date" }] }),
            "fields[1].name: `y` is declared twice",
        ),
        (
            json!({ "type": "object", "fields": many(91) }),
            "fields: 91 fields are more than 90",
        ),
    ] {
        let mut named = field.clone();
        named["name"] = json!("x");
        let problems = problems_of(json!({ "fields": [named] }));
        assert_eq!(problems.len(), 1, "{field}: {problems:?}");
        assert!(
            problems[0].starts_with(&format!("fields[0].{expected}")),
            "{field}: {problems:?}"
        );
    }
    // Numbers that json! cannot write.
    for (text, expected) in [
        (
            r#"{"name":"x","type":"number","enum":[1.0]}"#,
            "fields[0].enum[0]: 1.0 is stored as 1; write that",
        ),
        (
            r#"{"name":"x","type":"number","max":1e126}"#,
            "fields[0].max: 1e+126 must have at most 38 digits",
        ),
        (
            r#"{"name":"x","type":"number","min":1.0000000000000000000000000000000000001,"max":1}"#,
            "fields[0].min: 1.0000000000000000000000000000000000001 is more than `max`, 1",
        ),
    ] {
        let content = format!(r#"{{"name":"a","fields":[{text}]}}"#);
        let problems = check(&[("a.json".to_owned(), content)]).expect_err(text);
        assert!(
            problems[0]
                .to_string()
                .starts_with(&format!("collections/a.json: {expected}")),
            "{problems:?}"
        );
    }
    let problems = problems_of(json!({ "fields": many(91) }));
    assert_eq!(problems, ["fields: 91 fields are more than 90"]);
}
