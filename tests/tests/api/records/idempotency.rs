//! `Idempotency-Key` on create: once, however often it is sent.

use std::collections::HashSet;

use blackbox::{Caller, Reply, fresh_email, stack};
use serde_json::{Value, json};

use super::look::{
    beside, fresh_sku, masked, path, post, product, record, refused, refused_with, text, together,
};

fn key() -> String {
    format!("key-{}", fresh_email())
}

fn send(caller: &Caller, collection: &str, key: &str, body: &Value) -> Reply {
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", key),
    ];
    caller.send(
        "POST",
        &format!("/api/{collection}"),
        &headers,
        Some(body.to_string().as_bytes()),
    )
}

#[test]
fn the_same_again_is_the_record_as_it_is_now() {
    let member = stack().member();
    let (key, body) = (key(), json!({ "title": "once", "size": 1.0 }));
    let first = send(&member, "notes", &key, &body).expect(201);
    let made = first.json();
    let fields = json!({ "title": "once", "size": 1 });
    assert_eq!(masked(&made), record(Some(member.id()), &fields));

    // Another spelling of the same.
    let again = send(
        &member,
        "notes",
        &key,
        &json!({ "size": 1, "title": "once", "body": null }),
    )
    .expect(201);
    assert_eq!(again.json(), made);
    for name in ["etag", "location"] {
        assert!(
            again.header(name).is_some() && again.header(name) == first.header(name),
            "{name}"
        );
    }
    assert_eq!(first.header("location"), Some(&*path("notes", &made)));

    let changed = member
        .patch(&path("notes", &made), &json!({ "title": "changed" }))
        .expect(200);
    let again = send(&member, "notes", &key, &body).expect(201);
    assert_eq!(
        (again.json(), again.header("etag")),
        (changed.json(), changed.header("etag"))
    );
    super::look::has_notes(&member, 1);
    if let Some(kept) = beside("notes", &text(&made, "id")) {
        assert_eq!(kept, ["key"]);
    }

    let _ = member.delete(&path("notes", &made)).expect(204);
    refused(
        &send(&member, "notes", &key, &body),
        404,
        "data/record-not-found",
    );
    super::look::has_notes(&member, 0);
}

#[test]
fn the_same_key_with_another_body_is_409() {
    let member = stack().member();
    let (key, body) = (key(), json!({ "title": "once" }));
    let made = send(&member, "notes", &key, &body).expect(201).json();
    for other in [
        json!({ "title": "twice" }),
        json!({ "title": "once", "size": 1 }),
    ] {
        refused(
            &send(&member, "notes", &key, &other),
            409,
            "common/idempotency-mismatch",
        );
    }
    assert_eq!(send(&member, "notes", &key, &body).expect(201).json(), made);
    super::look::has_notes(&member, 1);
}

#[test]
fn a_key_is_the_callers_and_the_collections() {
    let (member, other) = (stack().member(), stack().member());
    let (key, body) = (key(), json!({ "title": "once" }));
    let ids: HashSet<String> = [
        send(&member, "notes", &key, &body),
        send(&other, "notes", &key, &body),
        send(&member, "posts", &key, &body),
        send(&member, "notes", &format!("{key}2"), &body),
    ]
    .into_iter()
    .map(|reply| text(&reply.expect(201).json(), "id"))
    .collect();
    assert_eq!(ids.len(), 4);
}

#[test]
fn with_unique_values_and_relations_the_same_again_is_no_conflict() {
    let member = stack().member();
    let (key, body) = (key(), json!({ "name": "once", "sku": fresh_sku() }));
    let made = send(&member, "products", &key, &body).expect(201).json();
    assert_eq!(
        send(&member, "products", &key, &body).expect(201).json(),
        made
    );
    let post = post(&member, "target");
    let body = json!({ "post": post["id"], "text": "once" });
    let made = send(&member, "comments", &key, &body).expect(201).json();
    let _ = member.delete(&path("posts", &post)).expect(204);
    assert_eq!(
        send(&member, "comments", &key, &body).expect(201).json(),
        made
    );
}

#[test]
fn what_was_refused_may_be_sent_again_with_its_key() {
    let member = stack().member();
    let taken = product(&member);
    let (key, body) = (key(), json!({ "name": "once", "sku": taken["sku"] }));
    super::look::taken(&send(&member, "products", &key, &body), "sku");
    let _ = member.delete(&path("products", &taken)).expect(204);
    let _ = send(&member, "products", &key, &body).expect(201);
}

#[test]
fn a_key_has_a_form_and_a_strangers_is_ignored() {
    let (member, stranger) = (stack().member(), stack().stranger());
    for odd in [
        "short",
        "0123456789abcde",
        "with a blank in it",
        &"x".repeat(129),
    ] {
        let message = "`Idempotency-Key` must be 16 to 128 visible ASCII characters.";
        refused_with(
            &send(&member, "notes", odd, &json!({ "title": "a" })),
            400,
            "common/invalid-request",
            message,
        );
        let _ = send(&stranger, "feedback", odd, &json!({ "message": "a" })).expect(201);
    }
    let key = key();
    let ids: HashSet<String> = (0..2)
        .map(|_| {
            text(
                &send(&stranger, "feedback", &key, &json!({ "message": "a" }))
                    .expect(201)
                    .json(),
                "id",
            )
        })
        .collect();
    assert_eq!(ids.len(), 2);
}

#[test]
fn twenty_at_once_make_one_record() {
    let member = stack().member();
    for (collection, body) in [
        ("notes", json!({ "title": "race" })),
        ("products", json!({ "name": "race", "sku": fresh_sku() })),
    ] {
        let key = key();
        let ask = |_| {
            let (member, key, body) = (&member, &key, &body);
            Box::new(move || send(member, collection, key, body)) as Box<_>
        };
        let replies = together((0..20).map(ask).collect());
        let ids: HashSet<String> = replies
            .into_iter()
            .map(|reply| text(&reply.expect(201).json(), "id"))
            .collect();
        assert_eq!(ids.len(), 1);
    }
    super::look::has_notes(&member, 1);
}
