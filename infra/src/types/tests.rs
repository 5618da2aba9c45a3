use serde_json::json;

use super::filter::one_of;
use super::script::{Member, Script, alias, declare, property};

/// The type of a schema as a reply has it.
fn kind(schema: serde_json::Value) -> String {
    Script::default().of(&schema)
}

#[test]
fn a_schema_is_a_type() {
    for (schema, expected) in [
        (json!({ "type": "string" }), "string"),
        (json!({ "type": "integer" }), "number"),
        (json!({ "type": ["boolean", "null"] }), "boolean | null"),
        (json!({}), "unknown"),
        (json!({ "const": "Bearer" }), r#""Bearer""#),
        (json!({ "enum": ["a", null, "b"] }), r#""a" | "b" | null"#),
        (json!({ "enum": [1, 2.5, true] }), "1 | 2.5 | true"),
        (
            json!({ "oneOf": [{ "const": "a" }, { "const": "b" }] }),
            r#""a" | "b""#,
        ),
        // Any text is as good as one of some.
        (
            json!({ "anyOf": [{ "enum": ["a"] }, { "type": "string" }] }),
            "string",
        ),
        (json!({ "$ref": "#/components/schemas/User" }), "User"),
        (
            json!({ "anyOf": [{ "$ref": "#/components/schemas/User" }, { "type": "null" }] }),
            "User | null",
        ),
        (json!({ "type": "array" }), "unknown[]"),
        (
            json!({ "type": "array", "items": { "type": ["string", "null"] } }),
            "(string | null)[]",
        ),
        (
            json!({ "type": ["array", "null"], "items": { "type": "string" } }),
            "string[] | null",
        ),
        (json!({ "type": "object" }), "{ [name: string]: unknown }"),
        (
            json!({ "type": "object", "additionalProperties": true }),
            "{ [name: string]: unknown }",
        ),
        (
            json!({ "type": "object", "additionalProperties": { "type": "number" } }),
            "{ [name: string]: number }",
        ),
        (
            json!({ "type": "object", "properties": { "a": { "type": "string" }, "b-c": {} }, "required": ["a"] }),
            r#"{ a: string; "b-c"?: unknown }"#,
        ),
        (
            json!({ "type": "object", "properties": { "a": {} }, "additionalProperties": true }),
            "{ a?: unknown; [name: string]: unknown }",
        ),
        (
            json!({ "type": "array", "items": { "type": "object", "properties": { "a": {} } } }),
            "{ a?: unknown }[]",
        ),
    ] {
        assert_eq!(kind(schema.clone()), expected, "{schema}");
    }
}

#[test]
fn a_body_has_read_only_lists_and_no_ignored_members() {
    let schema = json!({ "type": "object", "properties": {
        "tags": { "type": "array", "items": { "$ref": "#/components/schemas/Text" } },
        "id": { "readOnly": true, "description": "Ignored." },
    } });
    let shared = crate::openapi::shared();
    let script = Script {
        inlined: Some(&shared),
        sent: true,
    };
    assert_eq!(script.of(&schema), "{ tags?: readonly string[] }");
    assert_eq!(kind(schema), "{ id?: unknown; tags?: Text[] }");
}

#[test]
fn members_have_an_order_and_comments() {
    let schema = json!({ "properties": {
        "b": { "type": "string", "description": "The  first\nof */ two." }, "a": { "type": "null" },
    }, "required": ["b"] });
    let members: Vec<Member> = Script::default().members(&schema, &["b"]);
    assert_eq!(
        declare(Some("A pair."), "Pair", &members),
        "/** A pair. */\nexport interface Pair {\n  /** The first of *\u{200b}/ two. */\n  b: string;\n  a?: null;\n}\n"
    );
    assert_eq!(
        declare(None, "Nothing", &[]),
        "export type Nothing = Record<string, never>;\n"
    );
}

#[test]
fn a_long_union_has_a_line_for_each_of_its_types() {
    assert_eq!(
        alias(None, "A", r#""a" | "b""#),
        "export type A = \"a\" | \"b\";\n"
    );
    let long = "x".repeat(60);
    let text = alias(None, "A", &format!("\"{long}\" | \"{long}\""));
    assert_eq!(
        text,
        format!("export type A =\n  | \"{long}\"\n  | \"{long}\";\n")
    );
}

#[test]
fn names_and_texts_are_quoted_where_they_need_it() {
    for (name, expected) in [
        ("a", "a"),
        ("$and", "$and"),
        ("_b1", "_b1"),
        ("a-b", "\"a-b\""),
        ("1a", "\"1a\""),
    ] {
        assert_eq!(property(name), expected);
    }
    assert_eq!(one_of(&[]), "never");
    assert_eq!(one_of(&["-a".to_owned(), "a".to_owned()]), r#""-a" | "a""#);
}
