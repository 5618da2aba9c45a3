use serde_json::{Value, json};

use crate::check::profile::profile_problems;
use crate::definition::ProfileField;

fn problems_of(fields: Value) -> Vec<String> {
    let fields: Vec<ProfileField> = serde_json::from_value(fields).expect("fields");
    profile_problems(&fields)
        .into_iter()
        .map(|(place, reason)| format!("{place}: {reason}"))
        .collect()
}

#[test]
fn a_profile_field_is_a_field_that_may_be_public() {
    let all = json!([
        { "name": "username", "type": "String", "public": true },
        { "name": "born", "type": "date", "public": false },
        { "name": "level", "type": "int", "min": 1, "max": 9.5, "default": 1 },
    ]);
    let fields: Vec<ProfileField> = serde_json::from_value(all.clone()).expect("fields");
    assert_eq!(
        fields.iter().map(|field| field.public).collect::<Vec<_>>(),
        [true, false, false]
    );
    assert!(
        fields[0].is_username() && fields[0].field.unique,
        "a username is unique without being told"
    );
    let shown = serde_json::to_value(&fields).expect("JSON");
    assert_eq!(
        shown[0],
        json!({ "name": "username", "type": "string", "unique": true, "public": true })
    );
    assert_eq!(
        serde_json::from_value::<Vec<ProfileField>>(shown).expect("fields"),
        fields
    );
    assert_eq!(problems_of(all), Vec::<String>::new());
}

#[test]
fn a_profile_field_has_no_rules_of_its_own() {
    for word in ["read", "write"] {
        let found = problems_of(json!([{ "name": "bio", "type": "string", word: "admin" }]));
        assert!(
            found.len() == 1 && found[0].starts_with("fields[0]: a profile field has no rules"),
            "{found:?}"
        );
    }
}

#[test]
fn nothing_of_the_system_can_be_shadowed() {
    for name in [
        "id",
        "ID",
        "email",
        "Email",
        "role",
        "roLe",
        "disabled",
        "createdAt",
        "created_at",
        "updatedAt",
        "deleted_at",
        "expires_at",
        "auth_version",
        "authVersion",
        "password",
        "password_hash",
        "pass_word",
        "profile",
        "kind",
        "refreshToken",
        "user_id",
        "limit",
        "search",
        "cursor",
    ] {
        let found = problems_of(json!([{ "name": name, "type": "string" }]));
        assert_eq!(
            found,
            [format!(
                "fields[0].name: `{name}` is reserved; choose another name"
            )],
            "{name}"
        );
    }
}

#[test]
fn a_bad_profile_field_is_told_with_its_reason() {
    for (fields, problem) in [
        (
            json!([{ "name": "a.b", "type": "string" }]),
            "fields[0].name: `a.b` must match",
        ),
        (
            json!([{ "name": "a", "type": "string" }, { "name": "a", "type": "string" }]),
            "fields[1].name: `a` is declared twice",
        ),
        (
            json!([{ "name": "a", "type": "ref", "collection": "users" }]),
            "fields[0].type: a profile has no",
        ),
        (
            json!([{ "name": "a", "type": "array", "items": { "type": "relation", "collection": "posts" } }]),
            "fields[0].type: a profile has no relations",
        ),
        (
            json!([{ "name": "username", "type": "integer" }]),
            "fields[0].type: `username` is a string",
        ),
        (
            json!([{ "name": "username", "type": "string", "default": "me" }]),
            "fields[0].default: two records",
        ),
        (
            json!([{ "name": "a", "type": "string", "min": 1 }]),
            "fields[0].min: `min` is for a number",
        ),
        (
            json!([{ "name": "a", "type": "string", "required": true, "default": "x" }]),
            "fields[0].default: a ",
        ),
    ] {
        let found = problems_of(fields);
        assert!(
            found.len() == 1 && found[0].starts_with(problem),
            "{found:?}"
        );
    }
}
