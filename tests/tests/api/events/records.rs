//! Records: an event for each new revision, and for nothing else.

use super::*;

pub(super) const OF_RECORDS: &[&str] = &[
    "register",
    "records-create",
    "records-update",
    "records-bulk",
    "records-delete",
];

pub(super) const OF_RESERVATIONS: &[&str] = &[
    "register",
    "records-create",
    "records-update",
    "records-delete",
];

#[test]
fn records_make_exactly_these_events() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let play = Play::new(inside);
    let (ada, eve) = (play.registers(), play.registers());
    let create = |body: Value| post("/api/posts", &body).token(&ada.access);
    let made = play.ask(
        "records-create",
        create(json!({ "title": "Hello" })),
        201,
        &["record.created"],
    );
    let record = made.reply.json();
    let path = format!("/api/posts/{}", text(&record["id"]));
    let event = &made.events[0];
    assert_eq!(
        event["subject"],
        json!({ "collection": "posts", "id": record["id"], "owner": ada.id })
    );
    assert_eq!(event["at"], record["updatedAt"]);
    assert_eq!(event["data"]["record"], record);
    assert_eq!(event["data"]["changed"], json!(["title", "user_id"]));
    let actor = &event["actor"];
    assert_eq!(
        (&actor["type"], &actor["id"]),
        (&json!("user"), &json!(ada.id))
    );
    assert_eq!(actor["role"], "authenticated");

    // Refused: an invalid one, one without a token, one on the record of somebody else.
    let _ = play.ask("records-create", create(json!({ "title": 1 })), 400, &[]);
    let _ = play.ask(
        "records-create",
        post("/api/posts", &json!({ "title": "x" })),
        401,
        &[],
    );
    let change = json!({ "title": "Mine" });
    let _ = play.ask(
        "records-update",
        patch(&path, &change).token(&eve.access),
        403,
        &[],
    );
    let _ = play.ask("records-delete", delete(&path).token(&eve.access), 403, &[]);

    // A repeated request writes nothing.
    let repeated = || {
        create(json!({ "title": "Once" }))
            .header("idempotency-key", "a-key-of-32-characters-or-more-12")
    };
    let _ = play.ask("records-create", repeated(), 201, &["record.created"]);
    let _ = play.ask("records-create", repeated(), 201, &[]);

    // An update, one that changes nothing, and one of a record that has changed meanwhile.
    let update = |title: &str| patch(&path, &json!({ "title": title })).token(&ada.access);
    let updated = play.ask("records-update", update("Hello!"), 200, &["record.updated"]);
    let data = &updated.events[0]["data"];
    assert_eq!(data["changed"], json!(["title"]));
    assert_eq!(
        (&data["previous"]["title"], &data["record"]["title"]),
        (&json!("Hello"), &json!("Hello!"))
    );
    let updated = play.ask("records-update", update("Hello!"), 200, &["record.updated"]);
    assert_eq!(updated.events[0]["data"]["changed"], json!([]));
    let event = update("Late").header("if-match", "\"0\"");
    let _ = play.ask("records-update", event, 412, &[]);
    let event = Event::new("PUT", &path)
        .json(&json!({ "title": "Whole" }))
        .token(&ada.access);
    let _ = play.ask("records-update", event, 200, &["record.updated"]);
    let _ = play.ask("records-get", Event::new("GET", &path), 200, &[]);
    let _ = play.ask("records-list", Event::new("GET", "/api/posts"), 200, &[]);

    // All or nothing.
    let bulk = |operations: Value| {
        post("/api/posts/bulk", &json!({ "operations": operations })).token(&ada.access)
    };
    let id = &record["id"];
    let three =
        json!([{ "create": { "title": "In bulk" } }, { "update": { "id": id, "title": "Bulk" } }]);
    let _ = play.ask(
        "records-bulk",
        bulk(three),
        200,
        &["record.created", "record.updated"],
    );
    let bad = json!([{ "create": { "title": "Never" } }, { "update": { "id": id, "title": 1 } }]);
    let _ = play.ask("records-bulk", bulk(bad), 400, &[]);
    let missing = json!([{ "create": { "title": "Never" } },
        { "delete": { "id": "0197a3b0-0000-7000-8000-000000000000" } }]);
    let _ = play.ask("records-bulk", bulk(missing), 404, &[]);

    let deleted = play.ask(
        "records-delete",
        delete(&path).token(&ada.access),
        204,
        &["record.deleted"],
    );
    let data = &deleted.events[0]["data"];
    assert_eq!(
        (&data["record"], &data["previous"]["title"]),
        (&Value::Null, &json!("Bulk"))
    );
    assert_eq!(deleted.events[0]["subject"]["owner"], json!(ada.id));
    let _ = play.ask("records-delete", delete(&path).token(&ada.access), 404, &[]);
    play.end(OF_RECORDS);
}

#[test]
fn reservations_and_tombstones_make_no_events() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let play = Play::new(inside);
    let ada = play.registers();
    let create =
        |sku: &str| post("/api/products", &json!({ "name": "A", "sku": sku })).token(&ada.access);
    let made = play.ask(
        "records-create",
        create("SKU-EVENTS-1"),
        201,
        &["record.created"],
    );
    let _ = play.ask("records-create", create("SKU-EVENTS-1"), 409, &[]);
    let path = format!("/api/products/{}", text(&made.reply.json()["id"]));
    let change = json!({ "sku": "SKU-EVENTS-2" });
    let event = || patch(&path, &change).token(&ada.access);
    let _ = play.ask("records-update", event(), 200, &["record.updated"]);
    let _ = play.ask(
        "records-create",
        create("SKU-EVENTS-1"),
        201,
        &["record.created"],
    );
    let event = delete(&path).token(&ada.access);
    let _ = play.ask("records-delete", event, 204, &["record.deleted"]);

    // The removal of a tombstone is no news.
    let engine = play.apart.dynamo.engine();
    let items = engine
        .call("Scan", &json!({ "TableName": "local-products" }))
        .unwrap();
    for item in items["Items"].as_array().unwrap() {
        let key = json!({ "shard": item["shard"], "id": item["id"] });
        let gone = json!({ "TableName": "local-products", "Key": key });
        let _ = engine.call("DeleteItem", &gone).unwrap();
    }
    let _ = play.seen(&[]);
    play.end(OF_RESERVATIONS);
}
