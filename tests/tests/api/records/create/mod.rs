//! `POST /api/{collection}`

mod owners;
mod types;

use blackbox::stack;
use serde_json::{Value, json};

use super::look::{
    self, NOBODY, OWNER_REFUSAL, has_notes, invalid, masked, newer, note, notes_are, path, post,
    record, refused, refused_with, request_id,
};

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

#[test]
fn a_member_creates_a_post() {
    let member = stack().member();

    let reply = member
        .post("/api/posts", &json!({ "title": "Hello" }))
        .expect(201);

    let body = reply.json();
    let expected = record(
        Some(member.id()),
        &json!({ "title": "Hello", "user_id": member.id() }),
    );
    assert_eq!(masked(&body), expected);
    assert_eq!(body["createdAt"], body["updatedAt"]);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("private, no-cache"));
    assert!(!request_id(&reply).is_empty());
    let location = reply.header("location").expect("a Location");
    assert_eq!(location, path("posts", &body));
    assert_eq!(stack().stranger().get(location).expect(200).json(), body);
}

#[test]
fn a_note_shows_no_owner_but_created_by() {
    let member = stack().member();
    let body = note(&member, "mine");
    assert_eq!(
        masked(&body),
        record(Some(member.id()), &json!({ "title": "mine" }))
    );
    notes_are(&member, &[body]);
}

#[test]
fn a_stranger_creates_where_everybody_may() {
    let stranger = stack().stranger();

    let reply = stranger
        .post("/api/feedback", &json!({ "message": "Nice" }))
        .expect(201);

    assert_eq!(
        masked(&reply.json()),
        record(None, &json!({ "message": "Nice" }))
    );
    assert_eq!(reply.header("cache-control"), None);
    let admin = stack().admin();
    assert_eq!(
        admin
            .get(reply.header("location").expect("a Location"))
            .expect(200)
            .json(),
        reply.json()
    );
}

#[test]
fn system_fields_in_a_body_are_ignored() {
    let (member, other) = (stack().member(), stack().member());
    for system in [
        json!({ "id": NOBODY, "createdAt": "2001-01-01T00:00:00.000Z", "updatedAt": "2001-01-01T00:00:00.000Z",
            "createdBy": other.id() }),
        json!({ "id": null, "createdAt": null, "updatedAt": null, "createdBy": null }),
        json!({ "id": 1, "createdAt": [], "updatedAt": {}, "createdBy": true }),
        json!({ "id": "../../etc", "createdAt": "x\u{0}", "updatedAt": "", "createdBy": "" }),
    ] {
        let mut body = system.clone();
        body["title"] = json!("system");
        for (collection, fields) in [
            ("notes", json!({ "title": "system" })),
            (
                "posts",
                json!({ "title": "system", "user_id": member.id() }),
            ),
        ] {
            let made = member
                .post(&format!("/api/{collection}"), &body)
                .expect(201)
                .json();
            assert_eq!(
                masked(&made),
                record(Some(member.id()), &fields),
                "{system}"
            );
            assert_ne!(made["id"], system["id"]);
            assert!(look::text(&made, "createdAt").as_str() > "2026", "{made}");
        }
    }
    has_notes(&other, 0);
}

#[test]
fn every_undeclared_field_is_named() {
    let member = stack().member();
    for names in [
        &["nope"][..],
        &["a", "b", "c", "Title", "TITLE", "title "],
        &[
            "#a",
            ":b",
            "a.b",
            "a[0]",
            "#n0",
            ":v0",
            "data.title",
            "$set",
            "$where",
        ],
        &[
            "__proto__",
            "constructor",
            "prototype",
            "toString",
            "hasOwnProperty",
        ],
        &[
            "size",
            "SELECT",
            "name",
            "status",
            "value",
            "ttl",
            "key",
            "table",
            "attribute_exists(id)",
        ],
        &[
            "shard",
            "owner",
            "created_by",
            "rev",
            "actor",
            "data",
            "deleted_at",
            "expires_at",
            "role",
        ],
        &["", " ", "é", "😀", "\u{202e}x", "\u{0}"],
    ] {
        let declared = ["size"];
        let mut body = json!({ "title": "undeclared" });
        for name in names {
            body[*name] = json!("x");
        }
        let expected: Vec<(&str, &str)> = names
            .iter()
            .map(|name| {
                (
                    *name,
                    if declared.contains(name) {
                        "type"
                    } else {
                        "unknown-field"
                    },
                )
            })
            .collect();
        invalid(&member.post("/api/notes", &body), &expected);
    }
    let many: Value = (0..1000)
        .map(|n| (format!("f{n}"), json!(1)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let reply = member.post("/api/notes", &many).expect(400);
    assert_eq!(
        reply.json()["error"]["details"].as_array().map(Vec::len),
        Some(20)
    );
    let long = member
        .post(
            "/api/notes",
            &json!({ "title": "x", "y".repeat(200_000): 1 }),
        )
        .expect(400);
    assert!(
        long.body.len() < 1000,
        "an echo of {} bytes",
        long.body.len()
    );
    has_notes(&member, 0);
}

#[test]
fn a_required_field_must_be_there() {
    let member = stack().member();
    for (collection, field) in [
        ("posts", "title"),
        ("notes", "title"),
        ("feedback", "message"),
    ] {
        let path = format!("/api/{collection}");
        invalid(&member.post(&path, &json!({})), &[(field, "required")]);
        invalid(
            &member.post(&path, &json!({ field: null })),
            &[(field, "required")],
        );
        invalid(
            &member.post(&path, &json!({ "id": 1 })),
            &[(field, "required")],
        );
        let empty = member.post(&path, &json!({ field: "" })).expect(201).json();
        assert_eq!(empty[field], json!(""), "an empty text is a text");
    }
    invalid(
        &member.post("/api/notes", &json!({ "nope": 1 })),
        &[("nope", "unknown-field"), ("title", "required")],
    );
    has_notes(&member, 1);
}

#[test]
fn every_fault_of_a_body_is_told_at_once() {
    let member = stack().member();
    let body = json!({ "body": 1, "size": "x", "done": 0, "due": "soon", "meta": [], "nope": 1 });
    let expected = [
        ("title", "required"),
        ("body", "type"),
        ("size", "type"),
        ("done", "type"),
        ("due", "format"),
        ("meta", "type"),
        ("nope", "unknown-field"),
    ];
    invalid(&member.post("/api/notes", &body), &expected);
    has_notes(&member, 0);
}

#[test]
fn whoever_may_not_create_hears_that_before_anything_about_the_body() {
    let stranger = stack().stranger();
    for body in [json!({}), json!({ "nope": 1 }), json!({ "title": "x" })] {
        refused(
            &stranger.post("/api/notes", &body),
            401,
            "auth/authentication-required",
        );
        refused(
            &stranger.post("/api/posts", &body),
            401,
            "auth/authentication-required",
        );
    }
}
