use serde_json::{Value, json};

use crate::check::warnings::definition_warnings;

fn warnings_of(definition: Value) -> Vec<String> {
    let definition = serde_json::from_value(definition).expect("a definition");
    definition_warnings(&definition)
        .into_iter()
        .map(|(place, reason)| format!("{place}: {reason}"))
        .collect()
}

#[test]
fn a_unique_value_that_its_writer_may_not_see_is_a_warning() {
    for (read, write, rows, update, expected) in [
        ("public", "public", json!([]), "owner", None),
        ("role:a", "role:a", json!([]), "owner", None),
        (
            "role:a",
            "role:b",
            json!([]),
            "owner",
            Some("may not read it"),
        ),
        (
            "owner",
            "public",
            json!([]),
            "owner",
            Some("may not read it"),
        ),
        ("admin", "admin", json!([]), "owner", None),
        (
            "public",
            "public",
            json!([{ "when": "owner" }]),
            "owner",
            Some("do not see that record"),
        ),
        (
            "public",
            "public",
            json!([{ "when": "owner" }]),
            "admin",
            None,
        ),
    ] {
        let create = if update == "admin" {
            "admin"
        } else {
            "authenticated"
        };
        let warnings = warnings_of(json!({ "name": "a",
            "fields": [{ "name": "code", "type": "string", "unique": true, "read": read, "write": write }],
            "permissions": { "create": create, "update": update, "delete": "admin" }, "rowFilters": rows }));
        let found: Vec<&String> = warnings
            .iter()
            .filter(|warning| warning.starts_with("fields[0].unique: a refused `code`"))
            .collect();
        assert_eq!(
            found.len(),
            usize::from(expected.is_some()),
            "{read} {write} {rows}: {warnings:?}"
        );
        assert!(
            found
                .iter()
                .all(|warning| warning.ends_with(expected.unwrap_or_default())),
            "{warnings:?}"
        );
    }
}

#[test]
fn a_unique_value_that_its_writer_may_not_list_is_a_warning() {
    for (create, update, list, expected) in [
        ("public", "admin", "public", 0),
        ("authenticated", "owner", "authenticated", 0),
        ("admin", "admin", "admin", 0),
        ("admin", "admin", "owner", 0),
        ("public", "admin", "authenticated", 1),
        ("verified", "owner & verified", "verified", 0),
        ("verified", "admin", "authenticated", 0),
        ("verified", "owner", "verified", 1),
        ("authenticated", "admin", "verified", 1),
        ("authenticated", "admin", "owner", 1),
        ("owner", "admin", "owner", 1),
        ("admin", "owner", "owner", 1),
        ("authenticated", "admin", "admin", 1),
    ] {
        let warnings = warnings_of(json!({ "name": "a",
            "fields": [{ "name": "x", "type": "string" }, { "name": "code", "type": "string", "unique": true }],
            "permissions": { "create": create, "read": "public", "update": update, "delete": "admin", "list": list } }));
        let found = warnings
            .iter()
            .filter(|warning| warning.starts_with("fields[1].unique: a refused `code` tells"));
        assert_eq!(
            found.count(),
            expected,
            "{create} {update} {list}: {warnings:?}"
        );
    }
}

#[test]
fn an_index_per_owner_of_what_strangers_create_is_a_warning() {
    let of = |create: &str| {
        warnings_of(
            json!({ "name": "a", "fields": [{ "name": "x", "type": "string" }],
            "permissions": { "create": create, "update": "admin", "delete": "admin" },
            "indexes": [["x"], { "fields": ["x"], "perOwner": true }] }),
        )
    };
    assert_eq!(of("authenticated"), [""; 0]);
    assert!(
        of("public")
            .iter()
            .any(|warning| warning.starts_with("indexes[1].perOwner: records that strangers"))
    );
}
