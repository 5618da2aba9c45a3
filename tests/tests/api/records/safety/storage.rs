//! Items beside the records in the tables.

use super::*;

/// A caller may name no attribute of the tables.
#[test]
fn names_of_the_storage_are_unknown() {
    let (member, admin) = (stack().member(), stack().admin());
    let made = product(&member, &json!({ "name": word() }));
    for name in [
        "data",
        "data.price",
        "owner",
        "shard",
        "#x",
        "#n0",
        ":v0",
        "indexed",
        "deleted_at",
        "expires_at",
        "rev",
        "actor",
        "actor.user_id",
        "record",
        "body",
        "by.price",
        "by.status.-createdAt",
        "own.total",
        "by_owner",
        "table",
        "created_at",
        "updated_at",
        "created_by",
        "unique#sku",
        "user_id",
        "role",
        "__proto__",
        "constructor",
        "$where",
        "*",
        "price = :v0 OR price",
        "price) OR (id",
        "price\u{0}",
        " price",
        "PRICE",
    ] {
        for caller in [&member, &admin] {
            for value in ["", "1", "true"] {
                let reply = caller.get(&format!("/api/products?{}", query(&[(name, value)])));
                assert_eq!(
                    (reply.status, &*reply.code()),
                    (400, "common/validation-failed"),
                    "{name}: {}",
                    reply.text()
                );
                let reply = caller.get(&format!("/api/products/count?{}", query(&[(name, value)])));
                assert_eq!(
                    (reply.status, &*reply.code()),
                    (400, "common/validation-failed"),
                    "{name}: {}",
                    reply.text()
                );
            }
            for suffix in ["_exists", "_gt", "_ne"] {
                let name = format!("{name}{suffix}");
                let _ = caller
                    .get(&format!("/api/products?{}", query(&[(&name, "true")])))
                    .expect(400);
            }
            for parameter in ["sort", "sortBy", "fields", "expand"] {
                let reply = caller.get(&format!("/api/products?{}", query(&[(parameter, name)])));
                // `sort=field:direction` is the one place where a colon means something.
                let code = if parameter == "sort" && name.contains(':') {
                    "type"
                } else {
                    "unknown-field"
                };
                let _ = refuses(&reply, parameter, &[code]);
            }
            let filter = json!({ name: { "$exists": true } }).to_string();
            let reply = caller.get(&format!("/api/products?{}", query(&[("filter", &filter)])));
            let code = if name.starts_with('$') {
                "unknown-operator"
            } else {
                "unknown-field"
            };
            let _ = refuses(&reply, "filter", &[code]);

            let body = json!({ "name": "x", "sku": word(), name: 1 });
            let reply = caller.post("/api/products", &body);
            assert_eq!(
                (reply.status, &*reply.code()),
                (400, "common/validation-failed"),
                "{name}: {}",
                reply.text()
            );
            let reply = caller.patch(&path("products", &made), &json!({ name: 1 }));
            assert_eq!(
                (reply.status, &*reply.code()),
                (400, "common/validation-failed"),
                "{name}: {}",
                reply.text()
            );
        }
    }
    assert_eq!(now(&member, "products", &made), made);
    // No reply shows them either.
    for reply in [
        member.get(&path("products", &made)),
        member.get(&format!("/api/products?id={}", text(&made, "id"))),
        admin.get(&format!("/api/products?id={}", text(&made, "id"))),
    ] {
        for name in [
            "shard",
            "rev",
            "actor",
            "owner",
            "indexed",
            "by.price",
            "request_id",
        ] {
            assert!(
                !reply.text().contains(&format!("\"{name}\"")),
                "{name}: {}",
                reply.text()
            );
        }
    }
}

/// Reservations and keys stand beside the records, and are none.
#[test]
fn what_stands_beside_the_records_is_no_record() {
    let (victim, attacker, admin) = (Victim::new(), stack().member(), stack().admin());
    let hashed =
        |value: &Value| URL_SAFE_NO_PAD.encode(digest(&SHA256, value.to_string().as_bytes()));
    let key = format!("key-of-{}", victim.secret);
    let body = json!({ "product": victim.product["id"], "note": "once" });
    let once = send(
        &victim.member,
        "POST",
        "/api/orders",
        Some(("idempotency-key", &key)),
        &body,
    )
    .expect(201)
    .json();
    let post = post(&attacker, "a post");
    for id in [
        format!("unique#code#{}", hashed(&json!(["code", victim.secret]))),
        format!("key#{}", hashed(&json!([victim.member.id(), key]))),
        "unique#code#".to_owned(),
        "#".to_owned(),
    ] {
        let at = format!("/api/orders/{}", crate::records::shop::encoded(&id));
        for caller in [&attacker, &victim.member, &admin] {
            let change = json!({ "note": "x" });
            let mut whole = body.clone();
            whole["note"] = json!("x");
            for reply in [
                caller.get(&at),
                caller.patch(&at, &change),
                caller.put(&at, &whole),
                caller.delete(&at),
            ] {
                refused(&reply, 404, "data/record-not-found");
            }
            for operation in [
                json!({ "update": { "id": id, "note": "x" } }),
                json!({ "delete": { "id": id } }),
            ] {
                let reply = caller.post("/api/orders/bulk", &json!({ "operations": [operation] }));
                refused_with(
                    &reply,
                    404,
                    "data/record-not-found",
                    "operations[0]: There is no such record.",
                );
            }
            let reply = caller.get(&format!("/api/orders/count?{}", query(&[("id", &id)])));
            assert_eq!(
                reply.expect(200).json(),
                json!({ "count": 0, "exact": true })
            );
            let body = json!({ "post": post["id"], "text": "x", "order": id });
            assert_eq!(caller.post("/api/comments", &body).status, 400);
        }
    }
    // Lists and counts have the two orders and nothing that stands beside them.
    for sort in ["-createdAt", "total", "state,-createdAt"] {
        settles(&2, sort, || {
            walk(&victim.member, "orders", &format!("sort={sort}"), 1).len()
        });
    }
    let count = victim.member.get("/api/orders/count").expect(200).json();
    assert_eq!(count, json!({ "count": 2, "exact": true }));
    for record in walk(
        &admin,
        "orders",
        &format!("createdBy={}", victim.member.id()),
        100,
    ) {
        assert!(
            ids(&[victim.order.clone(), once.clone()]).contains(&text(&record, "id")),
            "{record}"
        );
    }
}
