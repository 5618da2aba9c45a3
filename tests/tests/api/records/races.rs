//! Many at once: no fault of ours, and an end that makes sense.

use std::collections::HashSet;

use blackbox::{Reply, stack};
use serde_json::{Value, json};

use super::look::{all, has_notes, masked, note, now, path, post, record, refused, text, together};

#[test]
fn twenty_creates_make_twenty_records() {
    let member = stack().member();
    let create = |n: usize| {
        let member = &member;
        Box::new(move || member.post("/api/notes", &json!({ "title": format!("race {n}") })))
            as Box<_>
    };

    let replies = together((0..20).map(create).collect());

    let ids: HashSet<String> = replies
        .into_iter()
        .map(|reply| text(&reply.expect(201).json(), "id"))
        .collect();
    assert_eq!(ids.len(), 20);
    has_notes(&member, 20);
    let listed: HashSet<String> = all(&member, "notes", 7)
        .iter()
        .map(|record| text(record, "id"))
        .collect();
    assert_eq!(listed, ids);
}

#[test]
fn patches_and_a_delete_leave_it_deleted() {
    for _ in 0..3 {
        let member = stack().member();
        let made = note(&member, "race");
        let path = path("notes", &made);
        let mut asks: Vec<Box<dyn Fn() -> Reply + Send + Sync>> = Vec::new();
        for n in 0..10 {
            let (member, path) = (&member, &path);
            asks.push(Box::new(move || {
                member.patch(path, &json!({ "size": n, "tags": [n] }))
            }));
        }
        asks.push(Box::new(|| member.delete(&path)));

        let mut replies = together(asks);

        let _ = replies.pop().expect("the delete").expect(204);
        for reply in &replies {
            if reply.status == 200 {
                let body = reply.json();
                assert_eq!(body["tags"], json!([body["size"]]), "each patch is whole");
            } else {
                refused(reply, 404, "data/record-not-found");
            }
        }
        refused(&member.get(&path), 404, "data/record-not-found");
        has_notes(&member, 0);
    }
}

#[test]
fn patches_of_different_fields_all_arrive() {
    let member = stack().member();
    let made = note(&member, "race");
    let path = path("notes", &made);
    let changes = [
        json!({ "body": "b" }),
        json!({ "size": 1 }),
        json!({ "priority": 2 }),
        json!({ "done": true }),
        json!({ "meta": { "a": 1 } }),
        json!({ "tags": [1] }),
        json!({ "due": "2026-11-21T10:00:00.000Z" }),
        json!({ "assignee": member.id() }),
    ];
    let ask = |change: &Value| {
        let (member, path, change) = (&member, &path, change.clone());
        Box::new(move || member.patch(path, &change)) as Box<_>
    };

    for reply in together(changes.iter().map(ask).collect()) {
        let _ = reply.expect(200);
    }

    let expected = json!({ "title": "race", "body": "b", "size": 1, "priority": 2, "done": true, "meta": { "a": 1 },
        "tags": [1], "due": "2026-11-21T10:00:00.000Z", "assignee": member.id() });
    assert_eq!(
        masked(&now(&member, "notes", &made)),
        record(Some(member.id()), &expected)
    );
}

#[test]
fn of_ten_deletes_one_is_told_that_it_was_the_one() {
    let member = stack().member();
    let path = path("posts", &post(&member, "race"));
    let delete = |_| {
        let (member, path) = (&member, &path);
        Box::new(move || member.delete(path)) as Box<_>
    };

    let replies = together((0..10).map(delete).collect());

    assert_eq!(
        replies.iter().filter(|reply| reply.status == 204).count(),
        1
    );
    for reply in replies.iter().filter(|reply| reply.status != 204) {
        refused(reply, 404, "data/record-not-found");
    }
}

/// The rule is a condition of the write: between looking and writing there is no moment in which it could change.
#[test]
fn a_hand_over_and_the_old_owners_changes_never_mix() {
    let (member, other, admin) = (stack().member(), stack().member(), stack().admin());
    let made = post(&member, "race");
    let path = path("posts", &made);
    let mut asks: Vec<Box<dyn Fn() -> Reply + Send + Sync>> = Vec::new();
    for n in 0..8 {
        let (member, path) = (&member, &path);
        asks.push(Box::new(move || {
            member.patch(path, &json!({ "title": format!("by the old owner {n}") }))
        }));
    }
    asks.push(Box::new(|| {
        admin.patch(&path, &json!({ "user_id": other.id() }))
    }));

    let mut replies = together(asks);

    let _ = replies.pop().expect("the hand-over").expect(200);
    for reply in &replies {
        if reply.status == 200 {
            assert_eq!(
                reply.json()["user_id"],
                json!(member.id()),
                "done while it was theirs"
            );
        } else {
            refused(reply, 403, "auth/forbidden");
        }
    }
    let end = now(&member, "posts", &made);
    assert_eq!(end["user_id"], json!(other.id()));
    refused(
        &member.patch(&path, &json!({ "title": "late" })),
        403,
        "auth/forbidden",
    );
    assert_eq!(now(&member, "posts", &made), end);
}
