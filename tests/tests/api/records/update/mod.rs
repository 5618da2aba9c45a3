//! `PATCH` and `PUT /api/{collection}/{id}`

mod owners;

use std::thread;
use std::time::Duration;

use blackbox::stack;
use serde_json::{Value, json};

use super::look::{
    NOBODY, OWNER_REFUSAL, all, has_notes, invalid, masked, note, notes_are, now, path, post,
    record, refused, refused_with, text,
};

/// The fields of a note with every field.
fn everything(assignee: &str) -> Value {
    json!({ "title": "all", "body": "text", "size": 1.5, "priority": 3, "done": false,
        "due": "2026-11-21T10:00:00.000Z", "meta": { "a": 1 }, "tags": ["x"], "assignee": assignee })
}

#[test]
fn patch_merges() {
    let member = stack().member();
    let made = member
        .post("/api/notes", &everything(member.id()))
        .expect(201)
        .json();
    let path = path("notes", &made);
    let mut expected = made.clone();
    for (field, value) in [
        ("title", json!("new")),
        ("body", json!("")),
        ("size", json!(-2)),
        ("priority", json!(0)),
        ("done", json!(true)),
        ("due", json!("2027-01-01T00:00:00.000Z")),
        ("meta", json!({ "b": { "size": [1] } })),
        ("tags", json!([])),
        ("assignee", json!(stack().member().id())),
    ] {
        let changed = member
            .patch(&path, &json!({ field: value }))
            .expect(200)
            .json();
        expected[field] = value;
        expected["updatedAt"] = changed["updatedAt"].clone();
        assert_eq!(
            changed, expected,
            "{field} alone; an object is replaced, not merged"
        );
        assert_eq!(now(&member, "notes", &made), expected);
    }
    notes_are(&member, &[expected]);
}

#[test]
fn patch_with_null_removes_what_is_optional() {
    let member = stack().member();
    let made = member
        .post("/api/notes", &everything(member.id()))
        .expect(201)
        .json();
    let path = path("notes", &made);
    let mut expected = made.clone();
    for field in [
        "body", "size", "priority", "done", "due", "meta", "tags", "assignee",
    ] {
        let changed = member
            .patch(&path, &json!({ field: null }))
            .expect(200)
            .json();
        expected.as_object_mut().expect("a record").remove(field);
        expected["updatedAt"] = changed["updatedAt"].clone();
        assert_eq!(changed, expected, "{field}");
        assert_eq!(now(&member, "notes", &made), expected, "{field}");
    }
    let again = member
        .patch(&path, &json!({ "body": null, "tags": null }))
        .expect(200)
        .json();
    assert_eq!(
        masked(&again),
        masked(&expected),
        "removing what is not there is no fault"
    );
    let mixed = member
        .patch(&path, &json!({ "body": "back", "size": null }))
        .expect(200)
        .json();
    assert_eq!(
        masked(&mixed),
        record(
            Some(member.id()),
            &json!({ "title": "all", "body": "back" })
        )
    );
}

#[test]
fn null_on_what_is_required_is_refused() {
    let (member, admin) = (stack().member(), stack().admin());
    let made = note(&member, "required");
    let feedback = stack()
        .stranger()
        .post("/api/feedback", &json!({ "message": "required" }))
        .expect(201)
        .json();
    invalid(
        &member.patch(&path("notes", &made), &json!({ "title": null })),
        &[("title", "required")],
    );
    invalid(
        &member.patch(
            &path("notes", &made),
            &json!({ "title": null, "body": "x" }),
        ),
        &[("title", "required")],
    );
    invalid(
        &admin.patch(&path("feedback", &feedback), &json!({ "message": null })),
        &[("message", "required")],
    );
    assert_eq!(now(&member, "notes", &made), made);
    assert_eq!(now(&admin, "feedback", &feedback), feedback);
}

#[test]
fn put_replaces_and_wants_what_is_required() {
    let member = stack().member();
    let made = member
        .post("/api/notes", &everything(member.id()))
        .expect(201)
        .json();
    let path = path("notes", &made);
    for body in [
        json!({}),
        json!({ "body": "x" }),
        json!({ "title": null }),
        json!({ "createdBy": member.id() }),
    ] {
        invalid(&member.put(&path, &body), &[("title", "required")]);
    }
    assert_eq!(now(&member, "notes", &made), made);

    let replaced = member
        .put(&path, &json!({ "title": "only", "done": null }))
        .expect(200)
        .json();

    assert_eq!(
        masked(&replaced),
        record(Some(member.id()), &json!({ "title": "only" }))
    );
    assert_eq!(
        (&replaced["id"], &replaced["createdAt"]),
        (&made["id"], &made["createdAt"])
    );
    assert_eq!(now(&member, "notes", &made), replaced);
    let full = member
        .put(&path, &everything(member.id()))
        .expect(200)
        .json();
    assert_eq!(masked(&full), masked(&made));
}

#[test]
fn put_keeps_the_owner_when_left_out() {
    let (member, admin) = (stack().member(), stack().admin());
    let made = post(&member, "kept");
    for (caller, body) in [
        (&member, json!({ "title": "by the owner" })),
        (
            &member,
            json!({ "title": "with the same owner", "user_id": member.id() }),
        ),
        (&admin, json!({ "title": "by an admin" })),
    ] {
        let replaced = caller.put(&path("posts", &made), &body).expect(200).json();
        let expected = record(
            Some(member.id()),
            &json!({ "title": body["title"], "user_id": member.id() }),
        );
        assert_eq!(masked(&replaced), expected, "{body}");
    }
    let _ = member
        .patch(&path("posts", &made), &json!({ "title": "still mine" }))
        .expect(200);
}

#[test]
fn system_fields_stay_and_updated_at_moves() {
    let member = stack().member();
    let made = note(&member, "moves");
    let path = path("notes", &made);
    let mut last = text(&made, "updatedAt");
    let system = json!({ "title": "moved", "id": NOBODY, "createdAt": "2001-01-01T00:00:00.000Z",
        "updatedAt": "2001-01-01T00:00:00.000Z", "createdBy": NOBODY });
    for change in 0..4 {
        thread::sleep(Duration::from_millis(5));
        let changed = match change {
            0 => member.patch(&path, &json!({})),
            1 => member.patch(&path, &system),
            2 => member.put(&path, &system),
            _ => member.patch(
                &path,
                &json!({ "id": 1, "createdAt": null, "updatedAt": [], "createdBy": {} }),
            ),
        };
        let changed = changed.expect(200).json();
        for field in ["id", "createdAt", "createdBy"] {
            assert_eq!(changed[field], made[field], "{field} in change {change}");
        }
        let updated = text(&changed, "updatedAt");
        assert!(updated > last, "{updated} after {last}");
        assert_eq!(now(&member, "notes", &made), changed);
        last = updated;
    }
}

#[test]
fn a_bad_body_changes_nothing() {
    let member = stack().member();
    let made = member
        .post("/api/notes", &everything(member.id()))
        .expect(201)
        .json();
    let path = path("notes", &made);
    for (body, details) in [
        (json!({ "nope": 1 }), vec![("nope", "unknown-field")]),
        (
            json!({ "body": "new", "nope": 1 }),
            vec![("nope", "unknown-field")],
        ),
        (
            json!({ "data.title": 1, "#n0": 2, ":v0": 3 }),
            vec![
                ("data.title", "unknown-field"),
                ("#n0", "unknown-field"),
                (":v0", "unknown-field"),
            ],
        ),
        (
            json!({ "user_id": member.id(), "owner": "x" }),
            vec![("user_id", "unknown-field"), ("owner", "unknown-field")],
        ),
        (
            json!({ "body": 1, "size": "1" }),
            vec![("body", "type"), ("size", "type")],
        ),
        (json!({ "body": "a\u{0}" }), vec![("body", "nul")]),
        (json!({ "due": "soon" }), vec![("due", "format")]),
        (
            json!({ "due": "9999-12-31T23:59:59-01:00" }),
            vec![("due", "format")],
        ),
        (json!({ "meta": { "": 1 } }), vec![("meta", "key")]),
        (
            json!({ "assignee": NOBODY }),
            vec![("assignee", "not-found")],
        ),
        (
            json!({ "assignee": made["id"] }),
            vec![("assignee", "not-found")],
        ),
    ] {
        invalid(&member.patch(&path, &body), &details);
        let mut whole = body;
        whole["title"] = json!("whole");
        invalid(&member.put(&path, &whole), &details);
    }
    assert_eq!(now(&member, "notes", &made), made);
}

#[test]
fn what_is_not_there_cannot_be_changed() {
    let member = stack().member();
    let (made, elsewhere) = (note(&member, "there"), post(&member, "elsewhere"));
    let id = text(&made, "id");
    let mut shard = id.clone();
    shard.replace_range(16..18, "07");
    for absent in [
        NOBODY,
        &text(&elsewhere, "id"),
        &id.to_uppercase(),
        &shard,
        "nope",
        "1",
        "%00",
        member.id(),
    ] {
        let path = format!("/api/notes/{absent}");
        refused(
            &member.patch(&path, &json!({ "title": "x" })),
            404,
            "data/record-not-found",
        );
        refused(
            &member.put(&path, &json!({ "title": "x" })),
            404,
            "data/record-not-found",
        );
        refused(&member.get(&path), 404, "data/record-not-found");
    }
    notes_are(&member, &[made]);
    assert_eq!(now(&member, "posts", &elsewhere), elsewhere);
}

/// Each body is within its limit; their sum is not.
#[test]
fn a_record_that_has_grown_too_large_is_refused_and_keeps_what_it_had() {
    let member = stack().member();
    let made = note(&member, "grows");
    let path = path("notes", &made);
    let big = "x".repeat(200_000);
    let _ = member.patch(&path, &json!({ "body": big })).expect(200);
    let full = member
        .patch(&path, &json!({ "title": "y".repeat(180_000) }))
        .expect(200)
        .json();

    let reply = member.patch(&path, &json!({ "meta": { "more": "z".repeat(100_000) } }));

    assert_eq!(
        (reply.status, &*reply.code()),
        (413, "data/record-too-large"),
        "{}",
        reply.text()
    );
    super::look::any_refusal(&reply, "a record too large");
    assert_eq!(now(&member, "notes", &made), full);
    let smaller = member
        .patch(&path, &json!({ "body": null, "title": "small again" }))
        .expect(200)
        .json();
    assert_eq!(
        masked(&smaller),
        record(Some(member.id()), &json!({ "title": "small again" }))
    );
}
