//! The attacker: no list and no write tells of a record or a value that the caller may not read.

mod cost;
mod cursors;
mod relations;
mod storage;

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

/// A member with private orders.
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
    // An index over all owners is for callers that may list all records.
    for sort in ["state,total", "-state,-total"] {
        let _ = refuses(
            &attacker.get(&format!("/api/orders?sort={sort}")),
            "sort",
            &["not-indexed"],
        );
    }
    // Nor through a collection that only admins list.
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
