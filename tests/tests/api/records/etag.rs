//! `ETag` and `If-Match`: no update is lost.

use blackbox::{Caller, Reply, stack};
use serde_json::{Value, json};

use super::look::{note, now, path, post, product, refused, refused_with, together};

fn tag(reply: &Reply) -> String {
    reply.header("etag").expect("an ETag").to_owned()
}

fn send(caller: &Caller, method: &str, path: &str, tag: &str, body: &Value) -> Reply {
    let headers = [("content-type", "application/json"), ("if-match", tag)];
    caller.send(method, path, &headers, Some(body.to_string().as_bytes()))
}

#[test]
fn a_tag_changes_with_every_write_and_with_nothing_else() {
    let member = stack().member();
    let made = member
        .post("/api/notes", &json!({ "title": "a" }))
        .expect(201);
    let path = path("notes", &made.json());
    assert_eq!(tag(&member.get(&path).expect(200)), tag(&made));
    let changed = member.patch(&path, &json!({ "title": "a" })).expect(200);
    assert_ne!(tag(&changed), tag(&made));
    assert_eq!(tag(&member.get(&path).expect(200)), tag(&changed));
    let replaced = member.put(&path, &json!({ "title": "b" })).expect(200);
    assert_eq!(tag(&member.get(&path).expect(200)), tag(&replaced));
}

#[test]
fn a_write_of_another_revision_is_412_and_changes_nothing() {
    let member = stack().member();
    // One of each kind: a single conditional write, and a record that is read before.
    for (collection, made, change) in [
        ("notes", note(&member, "a"), json!({ "title": "b" })),
        (
            "products",
            product(&member),
            json!({ "sku": super::look::fresh_sku(), "name": "b" }),
        ),
    ] {
        let path = path(collection, &made);
        let old = tag(&member.get(&path));
        let new = tag(&member.patch(&path, &json!({})).expect(200));
        let before = now(&member, collection, &made);
        for header in [
            &*old,
            "\"other\"",
            &format!("W/{new}"),
            &format!("{old}, \"other\""),
            "\"\"",
        ] {
            for (method, body) in [("PATCH", &change), ("PUT", &change), ("DELETE", &json!({}))] {
                let reply = send(&member, method, &path, header, body);
                refused(&reply, 412, "data/precondition-failed");
            }
        }
        assert_eq!(now(&member, collection, &made), before);
        let matched = send(&member, "PATCH", &path, &format!("{old}, {new}"), &change).expect(200);
        let matched = send(&member, "PUT", &path, &tag(&matched), &change).expect(200);
        let _ = send(&member, "PATCH", &path, "*", &change).expect(200);
        refused(
            &send(&member, "DELETE", &path, &tag(&matched), &json!({})),
            412,
            "data/precondition-failed",
        );
        let _ = send(&member, "DELETE", &path, "*", &json!({})).expect(204);
        for header in ["*", &*new] {
            refused(
                &send(&member, "PATCH", &path, header, &change),
                404,
                "data/record-not-found",
            );
        }
    }
}

#[test]
fn whoever_may_not_change_hears_that_and_not_the_revision() {
    let (member, other) = (stack().member(), stack().member());
    let (note, post) = (note(&member, "a"), post(&member, "a"));
    for header in ["\"other\"", &tag(&member.get(&path("notes", &note)))] {
        refused(
            &send(
                &other,
                "PATCH",
                &path("notes", &note),
                header,
                &json!({ "title": "b" }),
            ),
            404,
            "data/record-not-found",
        );
        refused(
            &send(&other, "DELETE", &path("notes", &note), header, &json!({})),
            404,
            "data/record-not-found",
        );
        refused(
            &send(
                &other,
                "PATCH",
                &path("posts", &post),
                header,
                &json!({ "title": "b" }),
            ),
            403,
            "auth/forbidden",
        );
    }
}

#[test]
fn a_header_that_is_no_list_of_tags_is_400() {
    let member = stack().member();
    let path = path("notes", &note(&member, "a"));
    for header in ["a", "\"a", "*, \"a\"", "\"a\" \"b\"", "w/\"a\"", ","] {
        let reply = send(&member, "PATCH", &path, header, &json!({ "title": "b" }));
        refused_with(
            &reply,
            400,
            "common/invalid-request",
            "`If-Match` must be `*` or a list of ETags.",
        );
        let reply = send(&member, "DELETE", &path, header, &json!({}));
        refused_with(
            &reply,
            400,
            "common/invalid-request",
            "`If-Match` must be `*` or a list of ETags.",
        );
    }
}

#[test]
fn of_ten_that_saw_the_same_one_writes() {
    let member = stack().member();
    for (collection, made, field) in [
        ("notes", note(&member, "a"), "size"),
        ("products", product(&member), "price"),
    ] {
        let path = path(collection, &made);
        let seen = tag(&member.get(&path));
        let ask = |n: usize| {
            let (member, path, seen) = (&member, &path, &seen);
            Box::new(move || send(member, "PATCH", path, seen, &json!({ field: n }))) as Box<_>
        };
        let replies = together((0..10).map(ask).collect());
        let won: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 200).collect();
        assert_eq!(won.len(), 1);
        for reply in replies.iter().filter(|reply| reply.status != 200) {
            refused(reply, 412, "data/precondition-failed");
        }
        assert_eq!(now(&member, collection, &made), won[0].json());
    }
}

/// Each writer adds one to the value it read, on condition that it is unchanged, and retries until it succeeds.
#[test]
fn counting_with_if_match_loses_no_count() {
    let member = stack().member();
    let made = product(&member);
    let path = path("products", &made);
    let ask = |_| {
        let (member, path) = (&member, &path);
        Box::new(move || {
            loop {
                let seen = member.get(path).expect(200);
                let next =
                    json!({ "stock": seen.json()["stock"].as_u64().unwrap_or_default() + 1 });
                let reply = send(member, "PATCH", path, &tag(&seen), &next);
                if reply.status != 412 {
                    return reply;
                }
            }
        }) as Box<_>
    };
    for reply in together((0..8).map(ask).collect()) {
        let _ = reply.expect(200);
    }
    assert_eq!(now(&member, "products", &made)["stock"], json!(8));
}
