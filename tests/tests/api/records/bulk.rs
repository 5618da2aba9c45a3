//! `POST /api/{collection}/bulk`: all or nothing.

use blackbox::{Caller, Reply, stack};
use serde_json::{Value, json};

use super::look::{
    NOBODY, beside, fresh_sku, has_notes, masked, note, now, path, post, product, record,
    refused_with, request_id, text, together,
};

fn bulk(caller: &Caller, collection: &str, operations: Value) -> Reply {
    caller.post(
        &format!("/api/{collection}/bulk"),
        &json!({ "operations": operations }),
    )
}

fn items(reply: &Reply) -> Vec<Value> {
    let body = reply.json();
    assert_eq!(
        body.as_object().map(serde_json::Map::len),
        Some(1),
        "{body}"
    );
    body["items"]
        .as_array()
        .cloned()
        .unwrap_or_else(|| panic!("no items in {body}"))
}

/// The reply is a 400 with exactly these details.
#[track_caller]
fn invalid(reply: &Reply, details: &[(&str, &str)]) {
    assert_eq!(
        (reply.status, &*reply.code()),
        (400, "common/validation-failed"),
        "{}",
        reply.text()
    );
    let body = reply.json();
    let found: Vec<(String, String)> = body["error"]["details"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|detail| {
            assert!(
                text(detail, "message").contains(&text(detail, "field")),
                "{detail}"
            );
            (text(detail, "field"), text(detail, "code"))
        })
        .collect();
    let expected: Vec<_> = details
        .iter()
        .map(|(field, code)| ((*field).to_owned(), (*code).to_owned()))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(text(&body["error"], "requestId"), request_id(reply));
}

#[test]
fn creates_updates_and_deletes_are_answered_in_their_order() {
    let member = stack().member();
    let (changed, deleted) = (note(&member, "a"), note(&member, "b"));
    let operations = json!([
        { "create": { "title": "new", "size": 1.0 } },
        { "update": { "id": changed["id"], "title": "changed", "body": null } },
        { "delete": { "id": deleted["id"] } },
    ]);
    let items = items(&bulk(&member, "notes", operations).expect(200));
    assert_eq!(items.len(), 3);
    assert_eq!(
        masked(&items[0]),
        record(Some(member.id()), &json!({ "title": "new", "size": 1 }))
    );
    assert_eq!(
        masked(&items[1]),
        record(Some(member.id()), &json!({ "title": "changed" }))
    );
    assert_eq!(items[2], json!({ "id": deleted["id"], "deleted": true }));
    assert_eq!(now(&member, "notes", &items[0]), items[0]);
    assert_eq!(now(&member, "notes", &changed), items[1]);
    let _ = member.get(&path("notes", &deleted)).expect(404);
    has_notes(&member, 2);
}

#[test]
fn one_refusal_names_its_operation_and_nothing_is_stored() {
    let (member, other) = (stack().member(), stack().member());
    let (own, foreign) = (note(&member, "own"), note(&other, "foreign"));
    let good = json!({ "create": { "title": "good" } });
    let change = json!({ "update": { "id": own["id"], "title": "changed" } });
    for bad in [
        json!({ "update": { "id": foreign["id"], "title": "stolen" } }),
        json!({ "delete": { "id": foreign["id"] } }),
        json!({ "delete": { "id": NOBODY } }),
        json!({ "update": { "id": "nope", "title": "a" } }),
    ] {
        let reply = bulk(&member, "notes", json!([good, change, bad]));
        refused_with(
            &reply,
            404,
            "data/record-not-found",
            "operations[2]: There is no such record.",
        );
    }
    let reply = bulk(
        &member,
        "notes",
        json!([good, change, { "create": { "size": "big" } }]),
    );
    invalid(
        &reply,
        &[
            ("operations[2].size", "type"),
            ("operations[2].title", "required"),
        ],
    );
    let reply = bulk(
        &member,
        "notes",
        json!([good, change, { "create": { "title": "a", "assignee": NOBODY } }]),
    );
    invalid(&reply, &[("operations[2].assignee", "not-found")]);
    let reply = bulk(
        &member,
        "notes",
        json!([change, { "delete": { "id": own["id"] } }]),
    );
    invalid(&reply, &[("operations[1].id", "repeated")]);
    assert_eq!(now(&member, "notes", &own), own);
    assert_eq!(now(&other, "notes", &foreign), foreign);
    has_notes(&member, 1);
}

#[test]
fn every_operation_has_the_permission_of_its_endpoint() {
    let (member, other, stranger) = (stack().member(), stack().member(), stack().stranger());
    let made = post(&member, "a");
    let change = json!([{ "update": { "id": made["id"], "title": "b" } }]);
    refused_with(
        &bulk(&other, "posts", change.clone()),
        403,
        "auth/forbidden",
        "operations[0]: You may not do this.",
    );
    let given = json!([{ "update": { "id": made["id"], "user_id": other.id() } }]);
    let message = format!("operations[0]: {}", super::look::OWNER_REFUSAL);
    refused_with(
        &bulk(&member, "posts", given.clone()),
        403,
        "auth/forbidden",
        &message,
    );
    assert_eq!(
        bulk(&stranger, "posts", change.clone()).expect(401).code(),
        "auth/authentication-required"
    );
    assert_eq!(now(&member, "posts", &made), made);
    let _ = bulk(&stack().admin(), "posts", given).expect(200);
    assert_eq!(now(&member, "posts", &made)["user_id"], json!(other.id()));
    // Strangers may do together the operations that they may do alone, and no more.
    let create = json!({ "create": { "message": "a" } });
    let created = items(&bulk(&stranger, "feedback", json!([create, create])).expect(200));
    assert_eq!(
        masked(&created[1]),
        record(None, &json!({ "message": "a" }))
    );
}

#[test]
fn unique_values_move_between_records_and_are_never_taken_twice() {
    let member = stack().member();
    let (a, b) = (product(&member), product(&member));
    let message = "operations[1]: Another record has this value of `sku`.";
    let twice = json!({ "create": { "name": "twice", "sku": fresh_sku() } });
    refused_with(
        &bulk(&member, "products", json!([twice, twice])),
        409,
        "data/unique-violation",
        message,
    );
    let taken = json!([twice, { "create": { "name": "taken", "sku": a["sku"] } }]);
    refused_with(
        &bulk(&member, "products", taken),
        409,
        "data/unique-violation",
        message,
    );

    let swap = json!([{ "update": { "id": a["id"], "sku": b["sku"] } }, { "update": { "id": b["id"], "sku": a["sku"] } }]);
    let swapped = items(&bulk(&member, "products", swap).expect(200));
    assert_eq!(
        (&swapped[0]["sku"], &swapped[1]["sku"]),
        (&b["sku"], &a["sku"])
    );
    let handed =
        json!([{ "delete": { "id": a["id"] } }, { "create": { "name": "heir", "sku": b["sku"] } }]);
    let handed = items(&bulk(&member, "products", handed).expect(200));
    assert_eq!(handed[1]["sku"], b["sku"]);
    for (id, expected) in [(&a["id"], 0), (&b["id"], 1), (&handed[1]["id"], 1)] {
        if let Some(held) = beside("products", id.as_str().unwrap_or_default()) {
            assert_eq!(held.len(), expected, "{held:?}");
        }
    }
    for sku in [&a["sku"], &b["sku"]] {
        let reply = member.post("/api/products", &json!({ "name": "late", "sku": sku }));
        assert_eq!(reply.expect(409).code(), "data/unique-violation");
    }
}

#[test]
fn relations_within_a_bulk_hold_when_it_is_done() {
    let member = stack().member();
    let post = post(&member, "target");
    let comment = |body: Value| member.post("/api/comments", &body).expect(201).json();
    let (a, b) = (
        comment(json!({ "post": post["id"], "text": "a" })),
        comment(json!({ "post": post["id"], "text": "b" })),
    );
    let answer = json!({ "update": { "id": a["id"], "parent": b["id"] } });
    let reply = bulk(
        &member,
        "comments",
        json!([answer, { "delete": { "id": b["id"] } }]),
    );
    invalid(&reply, &[("operations[0].parent", "not-found")]);
    let done = bulk(
        &member,
        "comments",
        json!([answer, { "update": { "id": b["id"], "text": "c" } }]),
    )
    .expect(200);
    assert_eq!(items(&done)[0]["parent"], b["id"]);
}

#[test]
fn what_a_transaction_does_not_hold_is_refused_with_its_count() {
    let member = stack().member();
    let create = |n: usize| json!({ "create": { "name": n.to_string(), "sku": fresh_sku() } });
    let fits = items(&bulk(&member, "products", (0..50).map(create).collect()).expect(200));
    assert_eq!(fits.len(), 50);
    let message = "This takes 102 records, unique values and relations at once; there may be 100.";
    let reply = bulk(&member, "products", (0..51).map(create).collect());
    refused_with(&reply, 400, "common/invalid-request", message);
    let note = json!({ "create": { "title": "many" } });
    assert_eq!(
        items(&bulk(&member, "notes", json!(vec![note.clone(); 100])).expect(200)).len(),
        100
    );
    invalid(
        &bulk(&member, "notes", json!(vec![note; 101])),
        &[("operations", "range")],
    );
    has_notes(&member, 100);
}

/// Each writes its own number into both records; in the end both have the same.
#[test]
fn bulks_on_the_same_records_never_mix() {
    let member = stack().member();
    let (a, b) = (product(&member), product(&member));
    let ask = |n: usize| {
        let (member, a, b) = (&member, &a["id"], &b["id"]);
        // In both orders.
        let (first, second) = if n.is_multiple_of(2) { (a, b) } else { (b, a) };
        Box::new(move || {
            let update = |id: &Value| json!({ "update": { "id": id, "price": n, "stock": n } });
            bulk(member, "products", json!([update(first), update(second)]))
        }) as Box<_>
    };
    let replies = together((0..8).map(ask).collect());
    for reply in &replies {
        assert!([200, 503].contains(&reply.status), "{}", reply.text());
    }
    assert!(replies.iter().any(|reply| reply.status == 200));
    let (a, b) = (now(&member, "products", &a), now(&member, "products", &b));
    assert_eq!((&a["price"], &a["stock"]), (&b["price"], &b["stock"]));
}
