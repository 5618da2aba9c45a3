//! Relations: the target exists when the record is written, and the caller may read it.

use blackbox::{Reply, stack};
use serde_json::{Value, json};

use super::look::{NOBODY, invalid, masked, now, path, post, product, record, text, together};

#[test]
fn missing_deleted_and_unreadable_are_one_and_the_same_answer() {
    let (member, other) = (stack().member(), stack().member());
    let post = post(&member, "target");
    let product = text(&product(&member), "id");
    let order = |caller: &blackbox::Caller| {
        caller
            .post("/api/orders", &json!({ "product": product }))
            .expect(201)
            .json()
    };
    let (own, foreign, deleted) = (order(&member), order(&other), order(&member));
    let _ = member.delete(&path("orders", &deleted)).expect(204);
    let body = |order: &str| json!({ "post": post["id"], "text": "a", "order": order });
    let comment = member
        .post("/api/comments", &body(&text(&own, "id")))
        .expect(201)
        .json();

    // The id of a shard that the collection has not, and of another collection.
    let mut shard = text(&own, "id");
    shard.replace_range(16..18, "05");
    let mut answers = Vec::new();
    for id in [
        NOBODY,
        &text(&deleted, "id"),
        &text(&foreign, "id"),
        &shard,
        &text(&post, "id"),
        member.id(),
    ] {
        for reply in [
            member.post("/api/comments", &body(id)),
            member.patch(&path("comments", &comment), &json!({ "order": id })),
            member.put(&path("comments", &comment), &body(id)),
        ] {
            invalid(&reply, &[("order", "not-found")]);
            answers.push(reply.json()["error"]["details"].clone());
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(now(&member, "comments", &comment), comment);
    // An admin may read it.
    let _ = stack()
        .admin()
        .patch(
            &path("comments", &comment),
            &json!({ "order": foreign["id"] }),
        )
        .expect(200);
}

#[test]
fn every_relation_that_is_missing_is_named() {
    let member = stack().member();
    let body = json!({ "post": NOBODY, "text": "a", "order": NOBODY, "parent": NOBODY });
    let reply = member.post("/api/comments", &body);
    invalid(
        &reply,
        &[
            ("post", "not-found"),
            ("order", "not-found"),
            ("parent", "not-found"),
        ],
    );
}

#[test]
fn a_relation_may_be_set_changed_and_taken_away() {
    let member = stack().member();
    let (first, second) = (post(&member, "first"), post(&member, "second"));
    let made = member
        .post(
            "/api/comments",
            &json!({ "post": first["id"], "text": "a" }),
        )
        .expect(201)
        .json();
    let path = path("comments", &made);
    // Its own target, itself as its parent, and another field beside.
    let change = json!({ "post": second["id"], "parent": made["id"], "likes": 2 });
    let changed = member.patch(&path, &change).expect(200).json();
    let expected = json!({ "author": member.id(), "post": second["id"], "text": "a", "parent": made["id"], "likes": 2 });
    assert_eq!(masked(&changed), record(Some(member.id()), &expected));
    assert_eq!(now(&member, "comments", &made), changed);
    let changed = member
        .patch(&path, &json!({ "parent": null }))
        .expect(200)
        .json();
    assert_eq!(changed.get("parent"), None);
    // A deleted target stays named until the relation is changed.
    let _ = member
        .delete(&super::look::path("posts", &second))
        .expect(204);
    let changed = member
        .patch(&path, &json!({ "text": "b" }))
        .expect(200)
        .json();
    assert_eq!(
        (&changed["post"], &changed["text"]),
        (&second["id"], &json!("b"))
    );
    invalid(
        &member.patch(&path, &json!({ "post": second["id"] })),
        &[("post", "not-found")],
    );
}

#[test]
fn many_may_relate_to_one_at_the_same_time_and_none_to_what_is_deleted() {
    let member = stack().member();
    let post = post(&member, "target");
    let mut asks: Vec<Box<dyn Fn() -> Reply + Send + Sync>> = Vec::new();
    for _ in 0..20 {
        let (member, post) = (&member, &post);
        asks.push(Box::new(move || {
            member.post(
                "/api/comments",
                &json!({ "post": post["id"], "text": "race" }),
            )
        }));
    }
    asks.push(Box::new(|| member.delete(&path("posts", &post))));

    let mut replies = together(asks);

    let _ = replies.pop().expect("the delete").expect(204);
    for reply in &replies {
        if reply.status != 201 {
            invalid(reply, &[("post", "not-found")]);
        }
    }
    let made: Vec<Value> = replies
        .iter()
        .filter(|reply| reply.status == 201)
        .map(Reply::json)
        .collect();
    for comment in &made {
        assert_eq!(&now(&member, "comments", comment), comment);
    }
}
