//! The attacker: whatever is asked of lists and writes, nothing tells of a record or a value that the caller may not
//! read.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use blackbox::{Apart, Caller, Event, Instance, PASSWORD, Reply, fresh_email, stack};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::look::{NOBODY, any_refusal, now, page, path, post, refused, refused_with, text};
use super::shop::{
    answers_as_missing, comment, ids, order, product, query, refuses, said, send, settles, walk,
    word,
};

/// A member with orders that are nobody's business.
struct Victim {
    member: Caller,
    product: Value,
    order: Value,
    tag: String,
    /// An order that is gone.
    deleted: Value,
    secret: String,
}

impl Victim {
    fn new() -> Self {
        let member = stack().member();
        let product = product(&member, &json!({ "name": "for sale", "price": 5 }));
        let secret = word();
        let fields = json!({ "code": secret, "note": format!("Secret {secret}"), "total": 4711.25, "state": "paid",
            "due": "2027-07-07" });
        let order_of = |fields: &Value| order(&member, &product, fields);
        let (order, deleted) = (order_of(&fields), order_of(&json!({ "note": "gone" })));
        let _ = member.delete(&path("orders", &deleted)).expect(204);
        let tag = member
            .get(&path("orders", &order))
            .expect(200)
            .header("etag")
            .expect("a tag")
            .to_owned();
        Self {
            member,
            product,
            order,
            tag,
            deleted,
            secret,
        }
    }

    /// No reply to others has anything of the order in it.
    #[track_caller]
    fn is_not_in(&self, reply: &Reply, what: &str) {
        let rev = self.tag.trim_matches('"');
        let all = format!("{} {:?}", reply.text(), reply.headers);
        for secret in [
            &self.secret,
            "4711.25",
            "2027-07-07",
            &text(&self.order, "updatedAt"),
            rev,
        ] {
            assert!(!all.contains(secret), "{what} tells {secret}: {all}");
        }
    }
}

#[test]
fn no_filter_no_order_no_search_and_no_count_reaches_others_records() {
    let (victim, attacker) = (Victim::new(), stack().member());
    let mine: Vec<Value> = [
        json!({ "total": 1 }),
        json!({ "total": 9999, "state": "paid" }),
        json!({}),
    ]
    .iter()
    .map(|fields| order(&attacker, &victim.product, fields))
    .collect();
    settles(&3, "own orders", || {
        walk(&attacker, "orders", "", 100).len()
    });
    let id = text(&victim.order, "id");
    let (half, name) = (&victim.secret[..10], victim.member.id());
    let or = json!({ "$or": [{ "code": victim.secret }, { "total": { "$gt": 4000 } }, { "createdBy": name }] });
    let not = json!({ "$not": { "createdBy": attacker.id() } });
    let nots = json!({ "$not": { "$not": { "code": { "$startsWith": half } } } });
    let any = json!({ "id": { "$in": [id, mine[0]["id"]] } });
    for (parameters, expected) in [
        (vec![("createdBy", name)], 0),
        (vec![("createdBy", name), ("sort", "total")], 0),
        (vec![("createdBy_ne", attacker.id())], 0),
        (
            vec![("createdBy_in", &format!("{name},{}", attacker.id()))],
            3,
        ),
        (vec![("createdBy_exists", "true")], 3),
        (vec![("id", &id)], 0),
        (vec![("id_gte", &id), ("id_lte", &id)], 0),
        (vec![("filter", &any.to_string())], 1),
        (vec![("code", &victim.secret)], 0),
        (vec![("code_startsWith", half)], 0),
        (vec![("code_exists", "true")], 0),
        (vec![("note_contains", half)], 0),
        (vec![("search", half)], 0),
        (vec![("search", "secret")], 0),
        (vec![("total", "4711.25")], 0),
        (
            vec![
                ("total_gt", "4711"),
                ("total_lt", "4712"),
                ("sort", "-total"),
            ],
            0,
        ),
        (vec![("total_gt", "4711"), ("sort", "total")], 1),
        (vec![("state", "paid")], 1),
        (vec![("state", "paid"), ("sort", "createdAt")], 1),
        (vec![("due_gte", "2027-01-01")], 0),
        (
            vec![("product", victim.product["id"].as_str().unwrap_or_default())],
            3,
        ),
        (vec![("filter", &or.to_string())], 1),
        (vec![("filter", &not.to_string())], 0),
        (vec![("orFilters", &json!([not, nots]).to_string())], 0),
        (vec![("sort", "total")], 3),
        (vec![("sort", "-total"), ("expand", "product")], 3),
        (
            vec![("sort", "state,-createdAt"), ("fields", "code,total")],
            3,
        ),
        (vec![("sort", "-state,createdAt")], 3),
    ] {
        let asked = query(&parameters);
        for limit in [1, 100] {
            let reply = attacker
                .get(&format!("/api/orders?limit={limit}&{asked}"))
                .expect(200);
            victim.is_not_in(&reply, &asked);
            assert!(!reply.text().contains(&id), "{asked}");
        }
        let found = walk(&attacker, "orders", &asked, 1);
        assert_eq!(found.len(), expected, "{asked}");
        assert!(
            ids(&found).iter().all(|id| ids(&mine).contains(id)),
            "{asked}"
        );
        let filter: Vec<_> = parameters
            .iter()
            .filter(|(name, _)| !["sort", "expand", "fields"].contains(name))
            .copied()
            .collect();
        let count = attacker
            .get(&format!("/api/orders/count?{}", query(&filter)))
            .expect(200);
        assert_eq!(
            count.json(),
            json!({ "count": expected, "exact": true }),
            "{asked}"
        );
        let stranger = stack().stranger().get(&format!("/api/orders?{asked}"));
        refused(&stranger, 401, "auth/authentication-required");
        let stranger = stack()
            .stranger()
            .get(&format!("/api/orders/count?{asked}"));
        refused(&stranger, 401, "auth/authentication-required");
    }
    // Everybody's index is for those who may list everybody's.
    for sort in ["state,total", "-state,-total"] {
        let _ = refuses(
            &attacker.get(&format!("/api/orders?sort={sort}")),
            "sort",
            &["not-indexed"],
        );
    }
    // Nor through what only admins list.
    let _ = stack()
        .stranger()
        .post("/api/feedback", &json!({ "message": victim.secret }))
        .expect(201);
    for asked in [
        "",
        "?limit=x",
        "?search=a",
        "?sort=nope",
        "?message_contains=a",
        "/count?message_contains=a",
        "/spec",
    ] {
        let reply = attacker.get(&format!("/api/feedback{asked}"));
        assert!(
            [400, 403].contains(&reply.status),
            "{asked}: {}",
            reply.text()
        );
        victim.is_not_in(&reply, asked);
    }
}

#[test]
fn a_record_that_may_not_be_read_answers_like_a_missing_and_a_deleted_one() {
    let (victim, attacker) = (Victim::new(), stack().member());
    let other = order(&attacker, &victim.product, &json!({ "code": word() }));
    let bodies = [
        json!({}),
        json!({ "note": "mine now" }),
        json!({ "total": 1, "state": "shipped" }),
        json!({ "code": victim.secret }),
        json!({ "code": other["code"] }),
        json!({ "code": null }),
        json!({ "product": victim.product["id"] }),
        json!({ "product": victim.product["id"], "code": victim.secret, "total": 4711.25 }),
        json!({ "product": NOBODY }),
        json!({ "product": null }),
        json!({ "total": "much" }),
        json!({ "nope": 1 }),
        json!({ "createdBy": attacker.id(), "note": "x" }),
    ];
    let unknown = format!("\"{NOBODY}\"");
    let mut headers = vec![None];
    for name in ["if-match", "if-none-match"] {
        headers.extend(
            ["*", &victim.tag, &unknown, "nonsense", "W/\"x\""].map(|tag| Some((name, tag))),
        );
    }
    let stranger = stack().stranger();
    for caller in [&attacker, &stranger] {
        for header in &headers {
            for method in ["GET", "DELETE", "PATCH", "PUT"] {
                let with_body = method.starts_with('P');
                for body in bodies.iter().take(if with_body { bodies.len() } else { 1 }) {
                    // All bodies without a header, and some with one.
                    if header.is_some()
                        && with_body
                        && body.get("product").is_none()
                        && body != &bodies[1]
                    {
                        continue;
                    }
                    let ask = |id: &str| {
                        send(caller, method, &format!("/api/orders/{id}"), *header, body)
                    };
                    let what = format!("{method} {header:?} {body}");
                    let unread = answers_as_missing(&victim.order, &victim.deleted, ask, &what);
                    victim.is_not_in(&unread, &what);
                }
            }
        }
    }
    for asked in [
        "?fields=note",
        "?expand=product",
        "?fields=nope",
        "?expand=nope",
        "?limit=1",
        "?explain=true",
    ] {
        let ask = |id: &str| attacker.get(&format!("/api/orders/{id}{asked}"));
        assert_eq!(
            said(&ask(&text(&victim.order, "id"))),
            said(&ask(NOBODY)),
            "{asked}"
        );
    }
    assert_eq!(now(&victim.member, "orders", &victim.order), victim.order);
}

#[test]
fn a_bulk_tells_no_more_than_its_single_writes() {
    let (victim, attacker) = (Victim::new(), stack().member());
    let own = order(&attacker, &victim.product, &json!({ "code": word() }));
    let product = &victim.product["id"];
    for operations in [
        json!([{ "update": { "id": "ID", "note": "x" } }]),
        json!([{ "update": { "id": "ID" } }]),
        json!([{ "update": { "id": "ID", "code": victim.secret } }]),
        json!([{ "update": { "id": "ID", "code": own["code"] } }]),
        json!([{ "update": { "id": "ID", "product": NOBODY } }]),
        json!([{ "update": { "id": "ID", "total": "much" } }]),
        json!([{ "delete": { "id": "ID" } }]),
        json!([{ "delete": { "id": "ID" } }, { "create": { "product": product, "code": victim.secret } }]),
        json!([{ "create": { "product": product, "code": victim.secret } }, { "delete": { "id": "ID" } }]),
        json!([{ "update": { "id": own["id"], "code": victim.secret } }, { "update": { "id": "ID", "code": null } }]),
        json!([{ "update": { "id": own["id"], "note": "y" } }, { "delete": { "id": "ID" } }]),
        json!([{ "delete": { "id": "ID" } }, { "delete": { "id": "ID" } }]),
        json!([{ "create": { "product": NOBODY } }, { "update": { "id": "ID", "note": "x" } }]),
    ] {
        let ask = |caller: &Caller, id: &str| {
            let operations: Value =
                serde_json::from_str(&operations.to_string().replace("ID", id)).expect("json");
            caller.post("/api/orders/bulk", &json!({ "operations": operations }))
        };
        for caller in [&attacker, &stack().stranger()] {
            let (unread, missing) = (ask(caller, &text(&victim.order, "id")), ask(caller, NOBODY));
            assert_eq!(said(&unread), said(&missing), "{operations}");
            assert_eq!(
                said(&ask(caller, &text(&victim.deleted, "id"))),
                said(&missing),
                "{operations}"
            );
            any_refusal(&unread, &operations.to_string());
            victim.is_not_in(&unread, &operations.to_string());
        }
    }
    assert_eq!(now(&victim.member, "orders", &victim.order), victim.order);
    assert_eq!(now(&attacker, "orders", &own), own);
}

#[test]
fn a_relation_to_what_may_not_be_read_is_a_relation_to_nothing() {
    let (victim, attacker) = (Victim::new(), stack().member());
    let post = post(&attacker, "a post");
    let made = comment(&attacker, &post, &json!({}));
    let id = made["id"].clone();
    for (method, at, body) in [
        (
            "POST",
            "/api/comments".to_owned(),
            json!({ "post": post["id"], "text": "x", "order": "ID" }),
        ),
        (
            "POST",
            "/api/comments".to_owned(),
            json!({ "post": "ID", "text": "x", "order": "ID", "parent": "ID" }),
        ),
        (
            "POST",
            "/api/comments".to_owned(),
            json!({ "post": post["id"], "order": "ID" }),
        ),
        ("PATCH", path("comments", &made), json!({ "order": "ID" })),
        (
            "PATCH",
            path("comments", &made),
            json!({ "order": "ID", "likes": 1, "text": null }),
        ),
        (
            "PUT",
            path("comments", &made),
            json!({ "post": post["id"], "text": "x", "order": "ID" }),
        ),
        (
            "POST",
            "/api/comments/bulk".to_owned(),
            json!({ "operations": [{ "update": { "id": id, "order": "ID" } }] }),
        ),
        (
            "POST",
            "/api/comments/bulk".to_owned(),
            json!({ "operations": [{ "create": { "post": post["id"], "text": "x" } },
                { "create": { "post": post["id"], "text": "x", "order": "ID" } }] }),
        ),
    ] {
        for key in [None, Some("a key of twenty bytes".replace(' ', "-"))] {
            let header = key.as_deref().map(|key| ("idempotency-key", key));
            let ask = |caller: &Caller, id: &str| {
                let body = serde_json::from_str(&body.to_string().replace("ID", id)).expect("json");
                send(caller, method, &at, header, &body)
            };
            for caller in [&attacker, &stack().stranger()] {
                let (unread, missing) =
                    (ask(caller, &text(&victim.order, "id")), ask(caller, NOBODY));
                assert_eq!(said(&unread), said(&missing), "{method} {body}");
                assert_eq!(
                    said(&ask(caller, &text(&victim.deleted, "id"))),
                    said(&missing),
                    "{method} {body}"
                );
                any_refusal(&unread, &body.to_string());
                victim.is_not_in(&unread, &body.to_string());
            }
        }
    }
    assert_eq!(now(&attacker, "comments", &made), made);
    // Who has one may name it, and that tells the others no more than its id.
    let own = comment(
        &victim.member,
        &post,
        &json!({ "order": victim.order["id"] }),
    );
    for expand in [
        "",
        "?expand=order",
        "?expand=order.product",
        "?expand=order,order.product&fields=order",
    ] {
        let reply = attacker
            .get(&format!("{}{expand}", path("comments", &own)))
            .expect(200);
        assert_eq!(reply.json()["order"], victim.order["id"]);
        victim.is_not_in(&reply, expand);
    }
    // A filter reaches through no relation.
    for name in ["order.note", "order.total_gt", "order_note", "author.email"] {
        any_refusal(&attacker.get(&format!("/api/comments?{name}=1")), name);
    }
    // What hangs on it may still be changed by its owner after the relation has become unreadable or is gone.
    let _ = victim
        .member
        .delete(&path("orders", &victim.order))
        .expect(204);
    let changed = victim
        .member
        .patch(&path("comments", &own), &json!({ "likes": 3 }))
        .expect(200)
        .json();
    assert_eq!(
        (&changed["likes"], &changed["order"]),
        (&json!(3), &victim.order["id"])
    );
}

#[test]
fn a_taken_value_tells_the_field_and_no_more() {
    let (victim, attacker) = (Victim::new(), stack().member());
    let own = order(&attacker, &victim.product, &json!({ "code": word() }));
    let full = json!({ "product": victim.product["id"], "code": victim.secret });
    let message = "Another record has this value of `code`.";
    for (method, at, body, message) in [
        (
            "POST",
            "/api/orders".to_owned(),
            full.clone(),
            message.to_owned(),
        ),
        (
            "PATCH",
            path("orders", &own),
            json!({ "code": victim.secret }),
            message.to_owned(),
        ),
        (
            "PUT",
            path("orders", &own),
            full.clone(),
            message.to_owned(),
        ),
        (
            "POST",
            "/api/orders/bulk".to_owned(),
            json!({ "operations": [{ "create": full }] }),
            format!("operations[0]: {message}"),
        ),
    ] {
        let reply = send(&attacker, method, &at, None, &body);
        refused_with(&reply, 409, "data/unique-violation", &message);
        victim.is_not_in(&reply, method);
        let all = format!("{} {:?}", reply.text(), reply.headers);
        assert!(
            !all.contains(&text(&victim.order, "id")) && !all.contains(victim.member.id()),
            "{all}"
        );
    }
    // Nothing that the attacker does to an own record frees it.
    let _ = attacker
        .patch(&path("orders", &own), &json!({ "code": null }))
        .expect(200);
    let _ = attacker.delete(&path("orders", &own)).expect(204);
    let reply = attacker.post("/api/orders", &full);
    refused_with(&reply, 409, "data/unique-violation", message);
}

#[test]
fn a_cursor_is_good_for_its_list_alone_and_says_nothing() {
    let (victim, attacker, admin) = (Victim::new(), stack().member(), stack().admin());
    for _ in 0..2 {
        let _ = order(&attacker, &victim.product, &json!({ "total": 1 }));
        let _ = order(
            &victim.member,
            &victim.product,
            &json!({ "total": 4711.25, "state": "paid" }),
        );
        let made = post(&attacker, "a post");
        let _ = comment(&attacker, &made, &json!({}));
    }
    let first = |caller: &Caller, path: &str| {
        let reply = caller.get(&format!(
            "/api/{path}{}limit=1",
            if path.contains('?') { '&' } else { '?' }
        ));
        page(&reply.expect(200)).1.expect("more")
    };
    for sort in ["-createdAt", "total", "-total", "state,-createdAt"] {
        settles(&3, sort, || {
            walk(&victim.member, "orders", &format!("sort={sort}"), 100).len()
        });
        settles(&2, sort, || {
            walk(&attacker, "orders", &format!("sort={sort}"), 100).len()
        });
        let (stolen, own) = (
            first(&victim.member, &format!("orders?sort={sort}")),
            first(&attacker, &format!("orders?sort={sort}")),
        );
        let everybodys = first(&admin, "orders");
        for cursor in [&stolen, &everybodys] {
            for asked in [
                "",
                "sort=total&",
                "sort=-createdAt&",
                &format!("sort={sort}&"),
            ] {
                let reply = attacker.get(&format!("/api/orders?{asked}cursor={cursor}"));
                refused(&reply, 400, "data/invalid-cursor");
            }
        }
        refused(
            &admin.get(&format!("/api/orders?cursor={own}")),
            400,
            "data/invalid-cursor",
        );
        // Its bytes are those of no id, value or name.
        let bytes = URL_SAFE_NO_PAD.decode(&stolen).expect("base64");
        let hex = |text: &str| -> Vec<u8> {
            let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
            let byte = |two: &[u8]| {
                u8::from_str_radix(std::str::from_utf8(two).unwrap_or_default(), 16).unwrap_or(0)
            };
            digits.chunks(2).map(byte).collect()
        };
        for record in walk(&victim.member, "orders", "", 100) {
            for part in [
                text(&record, "id").into_bytes(),
                hex(&text(&record, "id")),
                b"paid".to_vec(),
                b"orders".to_vec(),
            ] {
                assert!(
                    !bytes.windows(part.len()).any(|window| window == part),
                    "{sort}: {stolen}"
                );
            }
        }
        assert_ne!(
            first(&victim.member, &format!("orders?sort={sort}")),
            stolen,
            "sealed anew each time"
        );
        for at in (0..own.len()).step_by(7) {
            let mut forged = own.clone();
            forged.replace_range(at..=at, if &own[at..=at] == "A" { "B" } else { "A" });
            let reply = attacker.get(&format!("/api/orders?sort={sort}&cursor={forged}"));
            refused(&reply, 400, "data/invalid-cursor");
        }
    }
    // Bound to collection, order and filter; not to the page's size, the fields, or how the filter is written.
    let name = word();
    for n in 0..3 {
        let _ = product(
            &attacker,
            &json!({ "name": name, "price": n, "status": "active" }),
        );
    }
    let asked = format!("name={name}&status=active&sort=-price");
    settles(&3, &asked, || {
        walk(&attacker, "products", &asked, 100).len()
    });
    let cursor = first(&attacker, &format!("products?{asked}"));
    for other in [
        "sort=-price".to_owned(),
        format!("name={name}&sort=-price"),
        format!("name={name}&status=active&sort=price"),
        format!("name={name}&status=active"),
        format!("name={name}&status=draft&sort=-price"),
        format!("name={name}&status=active&sort=-price&search=a"),
        format!("name_startsWith={name}&status=active&sort=name,-price"),
    ] {
        refused(
            &attacker.get(&format!("/api/products?{other}&cursor={cursor}")),
            400,
            "data/invalid-cursor",
        );
    }
    let json = query(&[
        (
            "filter",
            &json!({ "status": "active", "name": name }).to_string(),
        ),
        ("sort", "price:desc"),
    ]);
    for same in [
        format!("{asked}&limit=2"),
        format!("{asked}&fields=id"),
        format!("status=active&{json}&name={name}"),
        json,
    ] {
        let reply = stack()
            .stranger()
            .get(&format!("/api/products?{same}&cursor={cursor}"));
        if same.starts_with("status") {
            // The same conditions twice over are another filter.
            refused(&reply, 400, "data/invalid-cursor");
        } else {
            assert_eq!(page(&reply.expect(200)).0.len(), 2, "{same}");
        }
    }
    for collection in ["posts", "comments"] {
        refused(
            &attacker.get(&format!("/api/{collection}?cursor={cursor}")),
            400,
            "data/invalid-cursor",
        );
        let other = if collection == "posts" {
            "comments"
        } else {
            "posts"
        };
        let foreign = first(&attacker, other);
        refused(
            &attacker.get(&format!("/api/{collection}?cursor={foreign}")),
            400,
            "data/invalid-cursor",
        );
    }
    // A record, a count and a definition take none.
    for path in ["/count", "/spec"] {
        let _ = refuses(
            &attacker.get(&format!("/api/products{path}?cursor={cursor}")),
            "cursor",
            &["unknown-parameter"],
        );
    }
}

/// What the tables call things is nothing that a caller may name.
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
        let at = format!("/api/orders/{}", super::shop::encoded(&id));
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

#[test]
fn a_key_opens_nothing_of_others_and_nothing_that_may_no_longer_be_read() {
    let (victim, attacker) = (Victim::new(), stack().member());
    let key = format!("key-of-{}", victim.secret);
    let ask = |caller: &Caller, collection: &str, body: &Value| {
        send(
            caller,
            "POST",
            &format!("/api/{collection}"),
            Some(("idempotency-key", &key)),
            body,
        )
    };
    let body = json!({ "product": victim.product["id"], "note": victim.secret, "total": 4711.25 });
    let theirs = ask(&victim.member, "orders", &body).expect(201).json();
    // Another caller's key, with the same body and with another: no 409, and a record of one's own.
    for (total, caller) in [(1, &attacker), (2, &stack().member())] {
        let other = json!({ "product": victim.product["id"], "total": total });
        let reply = ask(caller, "orders", &other).expect(201);
        victim.is_not_in(&reply, "another's key");
        assert_ne!(reply.json()["id"], theirs["id"]);
        assert_eq!(reply.json()["createdBy"], caller.id());
    }
    let same = ask(&stack().member(), "orders", &body).expect(201).json();
    assert_ne!(same["id"], theirs["id"]);
    // An admin's own key is as much the admin's.
    let admins = ask(&stack().admin(), "orders", &body).expect(201).json();
    assert_ne!(admins["id"], theirs["id"]);
    // Written once, and for nobody to read but admins: the second time there is nothing to show.
    let message = json!({ "message": victim.secret });
    let first = ask(&attacker, "feedback", &message).expect(201).json();
    let again = ask(&attacker, "feedback", &message);
    refused(&again, 404, "data/record-not-found");
    victim.is_not_in(&again, "again");
    assert_eq!(now(&stack().admin(), "feedback", &first), first);
    let found = walk(
        &stack().admin(),
        "feedback",
        &query(&[("message", &victim.secret)]),
        100,
    );
    assert_eq!(ids(&found), ids(&[first]), "written once");
    // What is gone is not shown again.
    let _ = victim.member.delete(&path("orders", &theirs)).expect(204);
    let again = ask(&victim.member, "orders", &body);
    refused(&again, 404, "data/record-not-found");
    assert_eq!(
        said(&again),
        said(&victim.member.get(&path("orders", &theirs)))
    );
}

/// A name, who is asked, and what about a record of this id.
type Ask<'a> = (&'static str, &'a Instance<'a>, &'a dyn Fn(&str) -> Event);

/// What an attempt asks of DynamoDB and what that costs is the same as well: time and load tell nothing either.
#[test]
fn what_may_not_be_read_costs_what_is_missing_costs() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let function = |name: &str| apart.function(name, "attacker", &[]);
    let [register, create, get, list, update, delete, bulk] = [
        "register",
        "records-create",
        "records-get",
        "records-list",
        "records-update",
        "records-delete",
        "records-bulk",
    ]
    .map(function);
    let member = || {
        let body = json!({ "email": fresh_email(), "password": PASSWORD });
        let reply = apart
            .ask(
                &register,
                &Event::new("POST", "/api/auth/register").json(&body),
            )
            .expect(201)
            .json();
        text(&reply, "accessToken")
    };
    let (victim, attacker) = (member(), member());
    let made = |token: &str, collection: &str, body: &Value| {
        let event = Event::new("POST", &format!("/api/{collection}"))
            .json(body)
            .token(token);
        text(&apart.ask(&create, &event).expect(201).json(), "id")
    };
    let product = made(
        &victim,
        "products",
        &json!({ "name": "a", "sku": "COST-1" }),
    );
    let order = made(
        &victim,
        "orders",
        &json!({ "product": product, "code": "secret", "total": 5 }),
    );
    let deleted = made(&victim, "orders", &json!({ "product": product }));
    let event = Event::new("DELETE", &format!("/api/orders/{deleted}")).token(&victim);
    let _ = apart.ask(&delete, &event).expect(204);
    let post = made(&victim, "posts", &json!({ "title": "a" }));
    let comment = |order: &str| json!({ "post": post, "text": "a", "order": order });
    let hidden = made(&victim, "comments", &comment(&order));

    let asks: [Ask<'_>; 9] = [
        ("get", &get, &|id| {
            Event::new("GET", &format!("/api/orders/{id}"))
        }),
        ("delete", &delete, &|id| {
            Event::new("DELETE", &format!("/api/orders/{id}"))
        }),
        ("patch", &update, &|id| {
            Event::new("PATCH", &format!("/api/orders/{id}")).json(&json!({ "note": "x" }))
        }),
        ("code", &update, &|id| {
            Event::new("PATCH", &format!("/api/orders/{id}")).json(&json!({ "code": "secret" }))
        }),
        ("relate", &create, &|id| {
            Event::new("POST", "/api/comments").json(&comment(id))
        }),
        ("bulk", &bulk, &|id| {
            let operations = json!([{ "update": { "id": id, "note": "x" } }, { "create": { "product": product } }]);
            Event::new("POST", "/api/orders/bulk").json(&json!({ "operations": operations }))
        }),
        ("bulk relation", &bulk, &|id| {
            Event::new("POST", "/api/comments/bulk")
                .json(&json!({ "operations": [{ "create": comment(id) }] }))
        }),
        ("filter", &list, &|id| {
            Event::new("GET", &format!("/api/orders?id={id}"))
        }),
        ("search", &list, &|id| {
            Event::new(
                "GET",
                &format!("/api/orders?id={id}&search=secret&sort=total"),
            )
        }),
    ];
    for (what, instance, event) in asks {
        let cost = |id: &str| {
            let (reply, calls) = apart.measure(instance, &event(id).token(&attacker));
            assert!(!reply.text().contains("secret"), "{what}: {}", reply.text());
            let mut calls: Vec<String> = calls
                .iter()
                .map(|call| {
                    format!(
                        "{} {:?} {} {} {}",
                        call.operation, call.access, call.read, call.write, call.status
                    )
                })
                .collect();
            // The session is checked beside the rest: which of the two comes first is not told.
            calls.sort();
            (reply.status, calls)
        };
        // Once for what an instance does only once.
        let _ = cost(NOBODY);
        let missing = cost(NOBODY);
        assert!(!missing.1.is_empty());
        assert_eq!(cost(&order), missing, "{what}");
        assert_eq!(cost(&deleted), missing, "{what}");
    }
    // To inline it, it must be read: alike whether it is there.
    let event = |expand: &str| {
        Event::new("GET", &format!("/api/comments/{hidden}?expand={expand}")).token(&attacker)
    };
    let reply = apart.ask(&get, &event("order,order.product")).expect(200);
    assert_eq!(reply.json()["order"], json!(order));
}
