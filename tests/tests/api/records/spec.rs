//! `GET /api/{collection}/spec`

use blackbox::{Caller, stack};
use serde_json::{Value, json};

use super::look::{refused, refused_with};
use super::shop::refuses;

const FILES: [(&str, &str); 6] = [
    (
        "comments",
        include_str!("../../../collections/comments.json"),
    ),
    (
        "feedback",
        include_str!("../../../collections/feedback.json"),
    ),
    ("notes", include_str!("../../../collections/notes.json")),
    ("orders", include_str!("../../../collections/orders.json")),
    ("posts", include_str!("../../../collections/posts.json")),
    (
        "products",
        include_str!("../../../collections/products.json"),
    ),
];

/// Whether the definition has everything in the file; it may have more, such as defaults.
fn says(there: &Value, file: &Value) -> bool {
    match (there, file) {
        (Value::Object(there), Value::Object(file)) => {
            file.iter()
                .filter(|(name, _)| *name != "$schema")
                .all(|(name, value)| {
                    there.get(name).is_some_and(|there| says(there, value))
                    // Defaults in the file are left out of the reply.
                    || [json!(false), json!(1)].contains(value) && !there.contains_key(name)
                })
        }
        (Value::Array(there), Value::Array(file)) => {
            there.len() == file.len()
                && there
                    .iter()
                    .zip(file)
                    .all(|(there, file)| says(there, file))
        }
        // An index may be a list of fields, or an object that has it.
        (Value::Object(there), Value::Array(_)) => {
            there.get("fields").is_some_and(|there| says(there, file))
        }
        _ => there == file,
    }
}

/// The rules of a file in any notation are shown in the normal form.
#[test]
fn rules_are_shown_in_one_form() {
    for (name, expected) in [
        (
            "wiki",
            json!({ "create": "role:editor", "read": "authenticated", "update": "public", "delete": "public" }),
        ),
        (
            "reports",
            json!({ "create": "admin", "read": "role:editor", "update": "role:editor", "delete": "role:editor" }),
        ),
        (
            "assignments",
            json!({ "create": "owner & role:editor", "read": "owner & role:editor", "update": "admin", "delete": "admin" }),
        ),
        (
            "comments",
            json!({ "create": "authenticated", "read": "public", "update": "owner | role:editor",
                "delete": "owner | role:editor" }),
        ),
    ] {
        let spec = stack()
            .admin()
            .get(&format!("/api/{name}/spec"))
            .expect(200)
            .json();
        assert_eq!(spec["permissions"], expected, "{name}");
        assert!(
            spec.get("rls").is_none() && spec.get("expressionPermissions").is_none(),
            "{spec}"
        );
    }
}

#[test]
fn who_may_list_sees_the_definition() {
    let (member, admin, stranger) = (stack().member(), stack().admin(), stack().stranger());
    for (name, file) in FILES {
        let file: Value = serde_json::from_str(file).expect("json");
        let path = format!("/api/{name}/spec");
        let sees = |caller: &Caller| {
            let spec = caller.get(&path).expect(200).json();
            assert!(says(&spec, &file), "{spec}");
            spec
        };
        let spec = sees(&admin);
        match name {
            "feedback" => {
                refused(&member.get(&path), 403, "auth/forbidden");
                refused(&stranger.get(&path), 401, "auth/authentication-required");
            }
            "notes" | "orders" => {
                assert_eq!(sees(&member), spec);
                refused(&stranger.get(&path), 401, "auth/authentication-required");
            }
            _ => assert_eq!(
                [sees(&member), sees(&stranger)],
                [spec.clone(), spec.clone()]
            ),
        }
        let _ = refuses(
            &admin.get(&format!("{path}?limit=1")),
            "limit",
            &["unknown-parameter"],
        );
        for method in ["POST", "PUT", "PATCH", "DELETE", "HEAD"] {
            assert_eq!(
                admin.send(method, &path, &[], None).status,
                405,
                "{method} {path}"
            );
        }
    }
    // Users are no collection. A gateway that takes this for a collection's finds none, and says so in its words.
    if stack().inside().is_some() {
        refused_with(
            &admin.get("/api/users/spec"),
            404,
            "users/not-found",
            "There is no such user.",
        );
    }
    refused(&stranger.get("/api/nope/spec"), 404, "common/not-found");
    // Another spelling is a record's id.
    refused_with(
        &stranger.get("/api/posts/Spec"),
        404,
        "data/record-not-found",
        "There is no such record.",
    );
}
