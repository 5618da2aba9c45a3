use serde_json::{Value, json};

use super::problems_of;

#[test]
fn the_owner_field_is_left_to_the_service() {
    for (field, expected) in [
        (
            json!({ "type": "string", "unique": true }),
            "`by` is the owner field, which the service fills in; leave out its `unique`",
        ),
        (
            json!({ "type": "string", "default": "me" }),
            "`by` is the owner field, which the service fills in; leave out its `default`",
        ),
        (
            json!({ "type": "string", "enum": ["me"] }),
            "`by` is the owner field, which the service fills in; leave out its `enum`",
        ),
        (
            json!({ "type": "relation", "collection": "posts" }),
            "`by` is the owner field, so it points to users",
        ),
        (
            json!({ "type": "array" }),
            "`by` is the owner field, so its type is string or relation",
        ),
    ] {
        let mut named = field.clone();
        named["name"] = json!("by");
        let problems = problems_of(json!({ "fields": [named], "ownerField": "by" }));
        assert_eq!(problems.len(), 1, "{field}: {problems:?}");
        assert!(
            problems[0].starts_with(&format!("ownerField: {expected}")),
            "{field}: {problems:?}"
        );
    }
    let relation =
        json!({ "name": "by", "type": "relation", "collection": "users", "required": true });
    assert_eq!(
        problems_of(json!({ "fields": [relation], "ownerField": "by" })),
        [""; 0]
    );
}

#[test]
fn only_fields_of_the_collection_have_rules_and_the_owner_field_none_for_writing() {
    let of = |field: Value, create: &str| {
        let mut field = field;
        if field["name"].is_null() {
            field["name"] = json!("x");
        }
        problems_of(
            json!({ "fields": [field], "ownerField": if field["name"] == "by" { "by" } else { "createdBy" },
            "permissions": { "create": create, "read": "public", "update": "owner", "delete": "owner" } }),
        )
    };
    let ruled = |more: Value| {
        let mut field = json!({ "type": "string", "read": "role:a", "write": "owner | role:a" });
        for (name, value) in more.as_object().expect("an object") {
            field[name] = value.clone();
        }
        field
    };
    for (field, create) in [
        (ruled(json!({})), "authenticated"),
        (ruled(json!({ "default": "a" })), "public"),
        // The creator of a record is its owner.
        (ruled(json!({ "required": true })), "authenticated"),
        (
            ruled(json!({ "required": true, "write": "role:a" })),
            "role:a",
        ),
        (
            ruled(json!({ "required": true, "write": "admin" })),
            "admin",
        ),
        (
            json!({ "name": "by", "type": "string", "read": "admin" }),
            "public",
        ),
    ] {
        assert_eq!(of(field.clone(), create), [""; 0], "{field} {create}");
    }
    for (field, create, expected) in [
        (
            ruled(json!({ "required": true })),
            "public",
            "fields[0].write: `x` is required, and not everybody",
        ),
        (
            ruled(json!({ "required": true, "write": "role:a" })),
            "owner",
            "fields[0].write: `x` is required",
        ),
        (
            ruled(json!({ "required": true, "write": "admin" })),
            "role:a",
            "fields[0].write: `x` is required",
        ),
        (
            json!({ "name": "by", "type": "string", "write": "admin" }),
            "public",
            "fields[0].write: `by` is the owner field",
        ),
        (
            ruled(json!({ "read": "everyone" })),
            "public",
            "fields[0].read: `everyone` is not a rule",
        ),
        (
            json!({ "type": "object", "fields": [ruled(json!({ "name": "y", "write": "public" }))] }),
            "public",
            "fields[0].fields[0].read: only a field of the collection itself has rules",
        ),
        (
            json!({ "type": "array", "items": ruled(json!({ "read": "public" })) }),
            "public",
            "fields[0].items.write: only a field of the collection itself has rules",
        ),
    ] {
        let problems = of(field.clone(), create);
        assert_eq!(problems.len(), 1, "{field}: {problems:?}");
        assert!(problems[0].starts_with(expected), "{field}: {problems:?}");
    }
}
