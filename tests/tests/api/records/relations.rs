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
}

#[test]
fn a_record_can_be_put_back_as_it_came_although_its_target_is_gone() {
    let (member, other) = (stack().member(), stack().member());
    let (gone, there) = (post(&member, "gone"), post(&member, "there"));
    let order = member
        .post("/api/orders", &json!({ "product": product(&member)["id"] }))
        .expect(201)
        .json();
    let body = json!({ "post": gone["id"], "text": "a", "order": order["id"] });
    let comment = member.post("/api/comments", &body).expect(201).json();
    let [gone_path, order_path, path] =
        [("posts", &gone), ("orders", &order), ("comments", &comment)]
            .map(|(collection, record)| path(collection, record));
    let _ = member.delete(&gone_path).expect(204);
    let _ = member.delete(&order_path).expect(204);
    let changed = |reply: Reply| {
        let record = reply.expect(200).json();
        assert_eq!(record["post"], gone["id"]);
        record
    };
    let came = now(&member, "comments", &comment);
    assert_eq!(masked(&changed(member.put(&path, &came))), masked(&came));
    let _ = changed(member.patch(&path, &json!({ "post": gone["id"], "likes": 3 })));
    let update = json!({ "id": comment["id"], "post": gone["id"], "text": "b" });
    let bulk = json!({ "operations": [{ "update": update }] });
    let _ = member.post("/api/comments/bulk", &bulk).expect(200);
    let text = now(&member, "comments", &comment)["text"].clone();
    assert_eq!(text, "b");
    // The same target elsewhere is checked: at another place, in another record, and once it has been taken away.
    invalid(
        &member.patch(&path, &json!({ "order": gone["id"] })),
        &[("order", "not-found")],
    );
    let body = json!({ "post": gone["id"], "text": "c" });
    invalid(
        &other.post("/api/comments", &body),
        &[("post", "not-found")],
    );
    let _ = member
        .patch(&path, &json!({ "post": there["id"] }))
        .expect(200);
    invalid(
        &member.patch(&path, &json!({ "post": gone["id"] })),
        &[("post", "not-found")],
    );
    let _ = member.patch(&path, &json!({ "order": null })).expect(200);
    invalid(
        &member.patch(&path, &json!({ "order": order["id"] })),
        &[("order", "not-found")],
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
