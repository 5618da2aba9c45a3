//! Unique values, relations, indexes, columns and rows.

use super::*;

/// The additional cost of indexes, unique values, relations and keys.
pub(super) fn in_depth(ledger: &mut Ledger<'_>, owner: &Member) {
    let instances = [
        "create", "list", "count", "spec", "bulk", "get", "update", "delete",
    ]
    .map(|verb| ledger.function(&format!("records-{verb}"), &[]));
    let [create, list, count, spec, bulk, get, update, delete] = &instances;
    let (creates, lists, counts) = (
        ("records-create", create),
        ("records-list", list),
        ("records-count", count),
    );
    let (bulks, gets, updates, deletes) = (
        ("records-bulk", bulk),
        ("records-get", get),
        ("records-update", update),
        ("records-delete", delete),
    );
    let id = |reply: &Reply| reply.json()["id"].as_str().unwrap_or_default().to_owned();
    let mine = |method: &str, path: &str| Event::new(method, path).token(&owner.access);

    let event = mine("GET", "/api/products/spec");
    let _ = ledger.row(
        ("records-spec", spec),
        "any",
        (&event, 200),
        (CHECK, 1, 2.0, 0.0),
        "session check: 2 / 0",
    );

    // A product is in four indexes and has a unique value.
    let product = |sku: &str| json!({ "name": "x".repeat(100), "sku": sku, "price": 5 });
    let event = mine("POST", "/api/products").json(&product("LEDGER-1"));
    let expected = (
        &*format!("{CHECK} → TransactWriteItems PutItem products"),
        2,
        2.0,
        8.0,
    );
    let design = "T: record, reservation: 2 × (1 + 1), and 4 indexes";
    let first = id(&ledger.row(
        creates,
        "products, 1 KB, unique value",
        (&event, 201),
        expected,
        design,
    ));
    let path = format!("/api/products/{first}");
    let expected = (
        &*format!("{CHECK} → TransactWriteItems PutItem products (refused)"),
        2,
        2.0,
        4.0,
    );
    let design = "a refusal costs the table's units";
    let _ = ledger.row(
        creates,
        "products, value taken",
        (&event, 409),
        expected,
        design,
    );

    let event =
        mine("POST", "/api/orders").json(&json!({ "product": first, "note": "x".repeat(300) }));
    let expected = (
        &*format!("{CHECK} → TransactWriteItems ConditionCheckItem products, PutItem orders"),
        2,
        2.0,
        8.0,
    );
    let design = "T: record, check: 2 × (1 + 1), and 4 indexes";
    let order = id(&ledger.row(
        creates,
        "orders, 1 KB, relation",
        (&event, 201),
        expected,
        design,
    ));
    let event = mine("POST", "/api/posts")
        .json(&title(500))
        .header("idempotency-key", "a-key-of-its-own-1");
    let expected = (
        &*format!("{CHECK} → TransactWriteItems PutItem posts"),
        2,
        2.0,
        4.0,
    );
    let design = "T: record, key: 2 × (1 + 1)";
    let _ = ledger.row(
        creates,
        "posts, 1 KB, Idempotency-Key",
        (&event, 201),
        expected,
        design,
    );
    let expected = (
        &*format!("{CHECK} → TransactWriteItems PutItem posts (refused) → GetItem posts"),
        3,
        3.0,
        4.0,
    );
    let design = "refused T → r";
    let _ = ledger.row(
        creates,
        "posts, 1 KB, Idempotency-Key again",
        (&event, 201),
        expected,
        design,
    );

    let event = mine("PATCH", &path).json(&json!({ "homepage": "https://example.com/" }));
    let expected = (&*format!("{CHECK} → UpdateItem products"), 2, 2.0, 5.0);
    let design = "session check → w: the record and 4 indexes";
    let _ = ledger.row(
        updates,
        "products, 1 KB, no index's field",
        (&event, 200),
        expected,
        design,
    );
    let event = mine("PATCH", &path).json(&json!({ "price": 6 }));
    let expected = (
        &*format!("{CHECK} ∥ GetItem products → UpdateItem products"),
        2,
        3.0,
        8.0,
    );
    let design = "session check ∥ r → w: an index whose key changes twice";
    let _ = ledger.row(
        updates,
        "products, 1 KB, a field of 3 of 4 indexes",
        (&event, 200),
        expected,
        design,
    );
    let event = mine("PATCH", &path).json(&json!({ "sku": "LEDGER-2" }));
    let expected = (
        &*format!(
            "{CHECK} ∥ GetItem products → TransactWriteItems DeleteItem products, PutItem products, UpdateItem products"
        ),
        2,
        3.0,
        10.0,
    );
    let design = "session check ∥ r → T: 2 × (1 + 1 + 1), and 4 indexes";
    let _ = ledger.row(
        updates,
        "products, 1 KB, unique value",
        (&event, 200),
        expected,
        design,
    );
    let stale = event.header("if-match", "\"stale\"");
    let expected = (&*format!("{CHECK} ∥ GetItem products"), 1, 3.0, 0.0);
    let _ = ledger.row(
        updates,
        "products, stale If-Match",
        (&stale, 412),
        expected,
        "the read tells",
    );

    let operations: Vec<Value> = (0..10).map(|_| json!({ "create": title(500) })).collect();
    let event = mine("POST", "/api/posts/bulk").json(&json!({ "operations": operations }));
    let expected = (
        &*format!("{CHECK} → TransactWriteItems PutItem posts"),
        2,
        2.0,
        20.0,
    );
    let made = ledger.row(
        bulks,
        "posts, 10 creates of 1 KB",
        (&event, 200),
        expected,
        "session check → T: 2 / 2 each",
    );
    after_deletions(ledger, (bulk, list), &made.json(), owner);
    let operations = json!({ "operations": [{ "update": { "id": first, "price": 7 } }] });
    let event = mine("POST", "/api/products/bulk").json(&operations);
    let expected = (
        &*format!("{CHECK} ∥ BatchGetItem products → UpdateItem products"),
        2,
        3.0,
        8.0,
    );
    let design = "one write alone is no transaction";
    let _ = ledger.row(
        bulks,
        "products, 1 update of 1 KB",
        (&event, 200),
        expected,
        design,
    );

    let event = mine("GET", &format!("/api/orders/{order}?expand=product"));
    let expected = (
        &*format!("{CHECK} ∥ GetItem orders → BatchGetItem products"),
        2,
        4.0,
        0.0,
    );
    let design = "r ∥ session check → r: 1 more each record inlined, one hop a level";
    let _ = ledger.row(
        gets,
        "orders, product inlined",
        (&event, 200),
        expected,
        design,
    );
    let reply = ledger.apart.ask(get, &Event::new("GET", &path)).expect(200);
    let event =
        Event::new("GET", &path).header("if-none-match", reply.header("etag").unwrap_or_default());
    let _ = ledger.row(
        gets,
        "products, unchanged",
        (&event, 304),
        ("GetItem products", 1, 1.0, 0.0),
        "as a record",
    );

    for n in 0..8 {
        let event = mine("POST", "/api/products").json(&product(&format!("LEDGER-LIST-{n}")));
        let _ = ledger.apart.ask(create, &event).expect(201);
    }
    const SHARDS: &str = "Query products ∥ Query products";
    const INDEX: &str = "Query products/by.price ∥ Query products/by.price";
    let event = Event::new("GET", "/api/products?limit=3");
    let design = "1 query a shard: by size";
    let _ = ledger.row(
        lists,
        "products of 2 shards, page of 3 × 1 KB",
        (&event, 200),
        (SHARDS, 1, 2.0, 0.0),
        design,
    );
    let event = Event::new("GET", "/api/products?sort=price&limit=3");
    let ready = format!("GetItem products ∥ {SHARDS} ∥ {INDEX}");
    let design = "once an instance: 1 query a shard and 1 r more, whether the index is ready";
    ledger.first_row(
        lists,
        "products by price, first time",
        (&event, 200),
        (&ready, 1, 4.0, 0.0),
        design,
    );
    let design = "1 query a shard: an index is read at half the price";
    let _ = ledger.row(
        lists,
        "products by price",
        (&event, 200),
        (INDEX, 1, 1.0, 0.0),
        design,
    );
    let event = mine("GET", "/api/orders?sort=-total&note=none");
    let _ = ledger.apart.ask(list, &event).expect(200);
    let expected = (&*format!("{CHECK} ∥ Query orders/own.total"), 1, 2.5, 0.0);
    let design = "1 query ∥ session check: what is read counts, not what is found";
    let _ = ledger.row(
        lists,
        "orders, by owner and total, none fits",
        (&event, 200),
        expected,
        design,
    );
    let event = mine("GET", "/api/orders/count");
    let posts = Event::new("GET", "/api/posts/count");
    let _ = ledger.row(
        counts,
        "posts, no token",
        (&posts, 200),
        ("Query posts", 1, 2.5, 0.0),
        "1 query: by size, eventually consistent at half the price",
    );
    let expected = (&*format!("{CHECK} → Query orders/by_owner"), 2, 2.5, 0.0);
    let design = "session check → 1 query: by size";
    let _ = ledger.row(counts, "orders, by owner", (&event, 200), expected, design);

    let event = mine("DELETE", &path);
    let expected = (
        &*format!(
            "{CHECK} ∥ GetItem products → TransactWriteItems DeleteItem products, UpdateItem products → DeleteItem products"
        ),
        3,
        3.0,
        9.0,
    );
    let design = "session check ∥ r → T → the tombstone: 2 × (1 + 1), 4 indexes, and 1";
    let _ = ledger.row(
        deletes,
        "products, 1 KB, unique value",
        (&event, 204),
        expected,
        design,
    );
}

/// The cost of a list after the newest records were deleted: that of any list.
fn after_deletions(
    ledger: &mut Ledger<'_>,
    (bulk, list): (&Instance<'_>, &Instance<'_>),
    made: &Value,
    owner: &Member,
) {
    let made = made["items"].as_array().into_iter().flatten();
    let delete = |item: &Value| json!({ "delete": { "id": item["id"] } });
    let operations: Vec<Value> = made.map(delete).collect();
    let event = post("/api/posts/bulk", &json!({ "operations": operations })).token(&owner.access);
    let removals = ["DeleteItem posts"; 10].join(" ∥ ");
    let expected = (
        &*format!(
            "{CHECK} ∥ BatchGetItem posts → TransactWriteItems UpdateItem posts → {removals}"
        ),
        3,
        12.0,
        30.0,
    );
    let _ = ledger.row(
        ("records-bulk", bulk),
        "posts, 10 deletes of 1 KB",
        (&event, 200),
        expected,
        "session check ∥ r → T → the tombstones, 10 at a time: 3 / 3 each",
    );
    let _ = ledger.row(
        ("records-list", list),
        "posts, no token, page of 3, cost after deletions",
        (&Event::new("GET", "/api/posts?limit=3"), 200),
        ("Query posts", 1, 3.0, 0.0),
        "as before them: nothing is left to read over",
    );
}

/// The cost of row filters. Articles are in two indexes, have a unique value, and row filters decide which callers see
/// them.
pub(super) fn row_filters(ledger: &mut Ledger<'_>, owner: &Member) {
    let [create, list, update, delete] = ["create", "list", "update", "delete"]
        .map(|verb| ledger.function(&format!("records-{verb}"), &[]));
    let (creates, lists) = (("records-create", &create), ("records-list", &list));
    let (updates, deletes) = (("records-update", &update), ("records-delete", &delete));
    let mine = |method: &str, path: &str| Event::new(method, path).token(&owner.access);
    let article = |see: &Value| json!({ "title": "a", "status": "published", "see": see });

    let event = mine("POST", "/api/articles").json(&article(&Value::Null));
    let expected = (&*format!("{CHECK} → PutItem articles"), 2, 2.0, 3.0);
    let reply = ledger.row(
        creates,
        "articles, 1 KB",
        (&event, 201),
        expected,
        "session check → w, and 2 indexes",
    );
    let first = reply.json()["id"].clone();
    let event = mine("POST", "/api/articles").json(&article(&first));
    let pinned = "TransactWriteItems ConditionCheckItem articles, PutItem articles";
    let expected = (
        &*format!("{CHECK} → BatchGetItem articles → {pinned}"),
        3,
        3.0,
        6.0,
    );
    let design = "session check → r → T: the target is looked at first";
    let second = ledger
        .row(
            creates,
            "articles, relation to what may be hidden",
            (&event, 201),
            expected,
            design,
        )
        .json();
    let missing = mine("POST", "/api/articles")
        .json(&article(&json!("01890000-0000-7000-8000-000000000000")));
    let expected = (
        &*format!("{CHECK} → BatchGetItem articles → {pinned} (refused)"),
        3,
        3.0,
        4.0,
    );
    let _ = ledger.row(
        creates,
        "articles, relation to nothing",
        (&missing, 400),
        expected,
        "as to what is hidden",
    );

    let path = format!(
        "/api/articles/{}",
        second["id"].as_str().unwrap_or_default()
    );
    let event = mine("PATCH", &path).json(&json!({ "body": "b" }));
    let expected = (
        &*format!("{CHECK} ∥ GetItem articles → UpdateItem articles"),
        2,
        3.0,
        3.0,
    );
    let design = "session check ∥ r → w: the record is looked at first";
    let _ = ledger.row(updates, "articles, 1 KB", (&event, 200), expected, design);
    let event = mine("GET", "/api/articles?limit=3");
    let expected = (&*format!("{CHECK} ∥ Query articles"), 1, 3.0, 0.0);
    let _ = ledger.row(
        lists,
        "articles, several filters",
        (&event, 200),
        expected,
        "1 query ∥ session check: by size",
    );
    let event = mine("DELETE", &path);
    let expected = (
        &*format!("{CHECK} ∥ GetItem articles → UpdateItem articles → DeleteItem articles"),
        3,
        3.0,
        4.0,
    );
    let design = "session check ∥ r → w → the tombstone: the record is looked at first";
    let _ = ledger.row(deletes, "articles, 1 KB", (&event, 204), expected, design);
}
