//! The queries of a list, a count and a get: filters, orders, fields and relations.

use blackbox::{Caller, fresh_email, stack};
use serde_json::{Value, json};

use super::look::{invalid, page, path, post, refused, refused_with, text};

/// A word of 20 letters at most that no other test has.
fn word() -> String {
    let word = fresh_email()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_uppercase();
    word.replace("EXAMPLECOM", "")
        .chars()
        .rev()
        .take(20)
        .collect()
}

fn product(caller: &Caller, name: &str, more: Value) -> Value {
    let mut body = json!({ "name": name, "sku": word() });
    for (field, value) in more.as_object().into_iter().flatten() {
        body[field] = value.clone();
    }
    caller.post("/api/products", &body).expect(201).json()
}

fn order(caller: &Caller, product: &Value, more: Value) -> Value {
    let mut body = json!({ "product": product["id"] });
    for (field, value) in more.as_object().into_iter().flatten() {
        body[field] = value.clone();
    }
    caller.post("/api/orders", &body).expect(201).json()
}

/// A list walked to its end.
#[track_caller]
fn walk(caller: &Caller, collection: &str, query: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    for _ in 0..200 {
        let (records, next) = page(
            &caller
                .get(&format!("/api/{collection}?{query}{cursor}"))
                .expect(200),
        );
        all.extend(records);
        match next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
    panic!("{query} has no end");
}

fn values(records: &[Value], field: &str) -> Vec<Value> {
    records.iter().map(|record| record[field].clone()).collect()
}

#[test]
fn a_declared_order_is_walked_in_both_directions() {
    let member = stack().member();
    let name = word();
    for (suffix, price) in [
        ("b", Some("2")),
        ("a", Some("10")),
        ("b", None),
        ("b", Some("-0")),
        ("a", Some("9.5")),
        ("", Some("1e20")),
    ] {
        let price: Option<Value> =
            price.map(|price| serde_json::from_str(price).expect("a number"));
        let _ = product(
            &member,
            &format!("{name}{suffix}"),
            price.map_or(json!({}), |price| json!({ "price": price })),
        );
    }
    let expected: Vec<Value> = serde_json::from_str("[1e20, 10, 9.5, 2, 0, null]").expect("json");
    let expected: Vec<String> = expected
        .iter()
        .map(|price| {
            if price.is_null() {
                "null".into()
            } else {
                price.to_string()
            }
        })
        .collect();
    let shown = |records: &[Value]| {
        values(records, "price")
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    for limit in [1, 2, 4, 100] {
        let found = walk(
            &member,
            "products",
            &format!("sort=name,-price&name_startsWith={name}&limit={limit}"),
        );
        let prices = shown(&found);
        assert_eq!(
            (prices.len(), &prices[1..5]),
            (6, &expected[1..5]),
            "{limit}"
        );
        let mut back = walk(
            &member,
            "products",
            &format!("sort=-name,price&name_startsWith={name}&limit={limit}"),
        );
        back.reverse();
        assert_eq!(back, found);
    }
}

#[test]
fn a_filter_finds_the_same_with_an_index_and_without() {
    let (member, admin) = (stack().member(), stack().admin());
    let name = word();
    for n in 0..12 {
        let status = ["draft", "active"][n % 2];
        let _ = product(
            &member,
            &format!("{name} {n}"),
            json!({ "status": status, "stock": n, "tags": [name, "all"] }),
        );
    }
    for (query, expected, index) in [
        (format!("tags_contains={name}"), 12, "table"),
        (
            format!("tags_contains={name}&status=active"),
            6,
            "by.status.-createdAt",
        ),
        (
            format!("tags_contains={name}&status=active&stock_gte=5&sort=price"),
            4,
            "by.status.price",
        ),
        (
            format!("name_startsWith={name}&sort=name,-price"),
            12,
            "by.name.-price",
        ),
        (format!("search={}", name.to_lowercase()), 12, "table"),
        (
            format!("name_startsWith={name}&stock_in=1,2,99"),
            2,
            "table",
        ),
        (
            format!(
                "filter=%7B%22tags%22:%7B%22$contains%22:%22{name}%22%7D,%22$or%22:[%7B%22stock%22:1%7D,%7B%22stock%22:%7B%22$gt%22:9%7D%7D]%7D"
            ),
            3,
            "table",
        ),
    ] {
        let found = walk(&member, "products", &format!("{query}&limit=3"));
        assert_eq!(found.len(), expected, "{query}");
        let explained = admin
            .get(&format!("/api/products?{query}&explain=true"))
            .expect(200)
            .json();
        assert_eq!(explained["explain"]["index"], index, "{query}");
        assert!(
            explained["explain"]["units"]
                .as_f64()
                .is_some_and(|units| units > 0.0),
            "{explained}"
        );
        let filter = query
            .split('&')
            .filter(|part| !part.starts_with("sort="))
            .collect::<Vec<_>>()
            .join("&");
        let count = member
            .get(&format!("/api/products/count?{filter}"))
            .expect(200)
            .json();
        assert_eq!(
            count,
            json!({ "count": expected, "exact": true }),
            "{filter}"
        );
    }
    refused_with(
        &member.get("/api/products?explain=true"),
        403,
        "auth/forbidden",
        "`explain` is for admins.",
    );
    assert!(
        member
            .get("/api/products")
            .expect(200)
            .json()
            .get("explain")
            .is_none()
    );
    invalid(
        &member.get("/api/products?sort=stock"),
        &[("sort", "not-indexed")],
    );
    invalid(
        &member.get("/api/products/count?sort=price"),
        &[("sort", "unknown-parameter")],
    );
}

#[test]
fn a_cursor_is_bound_to_filter_and_order() {
    let member = stack().member();
    let name = word();
    for n in 0..3 {
        let _ = product(
            &member,
            &format!("{name}{n}"),
            json!({ "status": "active", "price": n }),
        );
    }
    let query = format!("sort=name,-price&name_startsWith={name}&limit=1");
    let (_, next) = page(&member.get(&format!("/api/products?{query}")).expect(200));
    let next = next.expect("more");
    let _ = member
        .get(&format!("/api/products?{query}&cursor={next}"))
        .expect(200);
    for other in [
        "limit=1".to_owned(),
        format!("name_startsWith={name}&limit=1"),
        format!("sort=-name,price&name_startsWith={name}"),
        format!("sort=name,-price&name_startsWith={name}0"),
        format!("sort=name,-price&name_startsWith={name}&stock=0"),
    ] {
        refused(
            &member.get(&format!("/api/products?{other}&cursor={next}")),
            400,
            "data/invalid-cursor",
        );
    }
    refused(
        &member.get(&format!("/api/orders?cursor={next}")),
        400,
        "data/invalid-cursor",
    );
}

#[test]
fn ones_own_orders_have_orders_of_their_own() {
    let (member, other, admin) = (stack().member(), stack().member(), stack().admin());
    let product = product(&member, "for orders", json!({}));
    for (total, state) in [(3, "open"), (1, "paid"), (2, "open")] {
        let _ = order(&member, &product, json!({ "total": total, "state": state }));
        let _ = order(
            &other,
            &product,
            json!({ "total": total + 10, "state": state }),
        );
    }
    for (query, expected) in [
        ("sort=total", json!([1, 2, 3])),
        ("sort=-total", json!([3, 2, 1])),
        ("state=open", json!([2, 3])),
        ("state=open&sort=createdAt", json!([3, 2])),
        ("state=open&sort=createdAt&total_lt=3", json!([2])),
        ("total_gt=10", json!([])),
        ("total_gte=2&sort=total", json!([2, 3])),
    ] {
        for limit in [1, 20] {
            let found = walk(&member, "orders", &format!("{query}&limit={limit}"));
            assert_eq!(json!(values(&found, "total")), expected, "{query}");
        }
        let count = member
            .get(&format!(
                "/api/orders/count?{}",
                query
                    .replace("sort=createdAt", "")
                    .replace("sort=-total", "")
                    .replace("sort=total", "")
                    .replace("&&", "&")
            ))
            .expect(200)
            .json();
        assert_eq!(
            count["count"],
            expected.as_array().map(Vec::len).unwrap_or_default(),
            "{query}"
        );
    }
    invalid(
        &member.get("/api/orders?sort=state,total"),
        &[("sort", "not-indexed")],
    );
    let _ = admin.get("/api/orders?sort=state,total").expect(200);
    let whose = walk(
        &admin,
        "orders",
        &format!("createdBy={}&sort=state,total", member.id()),
    );
    assert_eq!(json!(values(&whose, "total")), json!([2, 3, 1]));
}

#[test]
fn a_relation_is_inlined_as_far_as_the_caller_may_read() {
    let (member, other, admin) = (stack().member(), stack().member(), stack().admin());
    let post = post(&member, "to comment on");
    let product = product(&member, "to order", json!({}));
    let (mine, theirs) = (
        order(&member, &product, json!({})),
        order(&other, &product, json!({})),
    );
    let comment = |who: &Caller, order: &Value, parent: Option<&Value>| {
        let mut body = json!({ "post": post["id"], "text": "said", "order": order["id"] });
        if let Some(parent) = parent {
            body["parent"] = parent["id"].clone();
        }
        who.post("/api/comments", &body).expect(201).json()
    };
    let first = comment(&other, &theirs, None);
    let second = comment(&member, &mine, Some(&first));
    let query = format!(
        "post={}&expand=post,order.product,author,parent.order,parent.author",
        text(&post, "id")
    );
    let seen = |who: &Caller| walk(who, "comments", &query);

    let found = seen(&member);
    assert_eq!(found.len(), 2);
    let mut expanded = mine.clone();
    expanded["product"] = product.clone();
    assert_eq!((&found[0]["post"], &found[0]["order"]), (&post, &expanded));
    assert_eq!(found[0]["author"]["id"], json!(member.id()));
    assert_eq!(
        found[0]["author"].as_object().map(serde_json::Map::len),
        Some(6),
        "{}",
        found[0]["author"]
    );
    assert_eq!(
        found[0]["parent"], first,
        "another's order and account stay ids, in a hop as well"
    );
    assert_eq!(
        (&found[1]["order"], &found[1]["author"]),
        (&theirs["id"], &json!(other.id()))
    );
    let found = seen(&stack().stranger());
    assert_eq!(
        (&found[0]["order"], &found[0]["author"]),
        (&mine["id"], &json!(member.id()))
    );
    let found = seen(&admin);
    assert_eq!(
        (&found[0]["author"]["id"], &found[0]["parent"]["order"]),
        (&json!(member.id()), &theirs)
    );

    // A deleted record looks like a hidden one.
    let _ = member.delete(&path("orders", &mine)).expect(204);
    let one = member
        .get(&format!(
            "{}?expand=order,parent&fields=order",
            path("comments", &second)
        ))
        .expect(200);
    assert_eq!(
        one.json(),
        json!({ "id": second["id"], "order": mine["id"] })
    );
    for (expand, code) in [
        ("text", "type"),
        ("nothing", "unknown-field"),
        ("post.title", "not-a-relation"),
    ] {
        invalid(
            &member.get(&format!("/api/comments?expand={expand}")),
            &[("expand", code)],
        );
    }
}

#[test]
fn a_record_that_the_caller_has_is_not_sent_again() {
    let (member, other) = (stack().member(), stack().member());
    let product = product(&member, "tagged", json!({}));
    let order = order(&member, &product, json!({}));
    let path = path("orders", &order);
    let reply = member.get(&path).expect(200);
    let tag = reply.header("etag").expect("a tag").to_owned();
    let known = |who: &Caller, query: &str| {
        who.send(
            "GET",
            &format!("{path}{query}"),
            &[("if-none-match", &tag)],
            None,
        )
    };
    let unchanged = known(&member, "");
    assert_eq!(
        (
            unchanged.status,
            unchanged.text().as_str(),
            unchanged.header("etag")
        ),
        (304, "", Some(tag.as_str()))
    );
    let expanded = known(&member, "?expand=product").expect(200);
    assert_eq!(
        (expanded.header("etag"), &expanded.json()["product"]),
        (None, &product)
    );
    refused(&known(&other, ""), 404, "data/record-not-found");
    let _ = member
        .patch(&path, &json!({ "note": "changed" }))
        .expect(200);
    let _ = known(&member, "").expect(200);
}
