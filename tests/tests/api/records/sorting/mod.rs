//! Orders, and pages in them: each index and its reverse, ties, cursors over two shards, and bounded work.

mod pages;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use blackbox::{Caller, stack};
use serde_json::{Value, json};

use super::look::{has_notes, page, path, refused};
use super::shop::{ids, order, product, query, refuses, settles, walk, word};

/// How two values follow each other, as the guide to filters tells it.
fn compare(a: &Value, b: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Bool(value) => 1 + u8::from(*value),
        Value::Number(_) => 3,
        Value::String(_) => 4,
        _ => 0,
    };
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a
            .as_f64()
            .partial_cmp(&b.as_f64())
            .unwrap_or(Ordering::Equal),
        (Value::String(a), Value::String(b)) => a.as_bytes().cmp(b.as_bytes()),
        _ => rank(a).cmp(&rank(b)),
    }
}

/// Records in an order; ties by id, in the direction of the last field.
fn ordered(records: &[Value], sort: &str) -> Vec<Value> {
    let mut records = records.to_vec();
    records.sort_by(|a, b| {
        let mut order = Ordering::Equal;
        let mut descending = false;
        for field in sort.split(',').chain(["id"]) {
            let name = field.trim_start_matches('-');
            descending = if name == "id" && field == "id" {
                descending
            } else {
                field.starts_with('-')
            };
            let this = compare(&a[name], &b[name]);
            order = order.then(if descending { this.reverse() } else { this });
        }
        order
    });
    records
}

/// Products of one member, many alike in the fields that order them.
fn products(member: &Caller, word: &str) -> Vec<Value> {
    let mut made = Vec::new();
    for n in 0..24_usize {
        let mut fields = json!({ "name": format!("{word}{}", ["a", "B", "", "a b", "ä"][n % 5]) });
        if n % 4 != 3 {
            fields["price"] =
                [json!(10), json!(9.5), json!(10), json!(0), json!(1e20)][n % 5].clone();
        }
        fields["status"] = json!(["draft", "active"][n % 2]);
        let product = product(member, &fields);
        // Every sixth has no status.
        let product = if n % 6 == 5 {
            member
                .patch(&path("products", &product), &json!({ "status": null }))
                .expect(200)
                .json()
        } else {
            product
        };
        made.push(product);
    }
    made
}

#[test]
fn every_order_of_an_index_and_its_full_reverse() {
    let (member, word) = (stack().member(), word());
    let made = products(&member, &word);
    for (sort, limit) in [
        ("-createdAt", 5),
        ("createdAt", 5),
        ("price", 3),
        ("-price", 4),
        ("status,-createdAt", 2),
        ("-status,createdAt", 24),
        ("status,price", 5),
        ("-status,-price", 1),
        ("name,-price", 7),
        ("-name,price", 23),
    ] {
        let asked = query(&[("createdBy", member.id()), ("sort", sort)]);
        settles(&ids(&ordered(&made, sort)), sort, || {
            ids(&walk(&member, "products", &asked, limit))
        });
    }
    // The same in other words.
    for (parameters, sort) in [
        (vec![], "-createdAt"),
        (vec![("sort", "createdAt:desc")], "-createdAt"),
        (vec![("sort", "-id")], "-createdAt"),
        (vec![("sort", "id")], "createdAt"),
        (vec![("sort", "price:asc")], "price"),
        (vec![("sort", "price,id")], "price"),
        (vec![("sort", "price,createdAt")], "price"),
        (vec![("sort", "status:desc,price:desc")], "-status,-price"),
        (vec![("sortBy", "price")], "-price"),
        (vec![("sortBy", "price"), ("sortDirection", "asc")], "price"),
        (
            vec![("sortBy", "price"), ("sortDirection", "desc")],
            "-price",
        ),
        (vec![("sortDirection", "asc")], "createdAt"),
        (
            vec![
                ("sortBy", "price"),
                ("sortDirection", "asc"),
                ("sort", "price"),
            ],
            "price",
        ),
    ] {
        let mut asked = parameters.clone();
        asked.push(("createdBy", member.id()));
        let asked = query(&asked);
        assert_eq!(
            ids(&walk(&member, "products", &asked, 9)),
            ids(&ordered(&made, sort)),
            "{parameters:?}"
        );
    }
}

#[test]
fn fields_of_one_value_need_no_place_in_the_order() {
    let (member, word) = (stack().member(), word());
    let made = products(&member, &word);
    let of = |status: &Value| -> Vec<Value> {
        made.iter()
            .filter(|it| it["status"] == *status)
            .cloned()
            .collect()
    };
    for (parameters, status, sort) in [
        (
            vec![("status", "active"), ("sort", "price")],
            json!("active"),
            "price",
        ),
        (
            vec![("status", "active"), ("sort", "-price")],
            json!("active"),
            "-price",
        ),
        (
            vec![("status", "draft"), ("sort", "createdAt")],
            json!("draft"),
            "createdAt",
        ),
        (vec![("status", "draft")], json!("draft"), "-createdAt"),
        (
            vec![("status_exists", "false"), ("sort", "price")],
            Value::Null,
            "price",
        ),
        (
            vec![("filter", r#"{"status":null}"#), ("sort", "-price")],
            Value::Null,
            "-price",
        ),
        (
            vec![("status", "active"), ("sort", "status,price")],
            json!("active"),
            "price",
        ),
        (
            vec![("status", "active"), ("sort", "price,status")],
            json!("active"),
            "price",
        ),
    ] {
        let mut asked = parameters.clone();
        asked.push(("createdBy", member.id()));
        let asked = query(&asked);
        let expected = ids(&ordered(&of(&status), sort));
        settles(&expected, &asked, || {
            ids(&walk(&member, "products", &asked, 4))
        });
    }
    // A field counts as fixed only if its value is fixed for all requested records.
    for parameters in [
        vec![("status_in", "active,draft"), ("sort", "-status,price")],
        vec![
            ("orFilters", r#"[{"status":"active"},{"price":5}]"#),
            ("sort", "status,-price"),
        ],
        vec![("name_startsWith", "a"), ("sort", "-price,name")],
    ] {
        let _ = refuses(
            &member.get(&format!("/api/products?{}", query(&parameters))),
            "sort",
            &["not-indexed"],
        );
    }
}

#[test]
fn an_order_that_no_index_keeps_is_refused_with_the_choices() {
    let (member, admin) = (stack().member(), stack().admin());
    for sort in [
        "stock",
        "-name",
        "name,price",
        "-name,-price",
        "price,-id",
        "price,-createdAt",
        "price,name",
        "createdAt,price",
    ] {
        let said = refuses(
            &member.get(&format!("/api/products?sort={sort}")),
            "sort",
            &["not-indexed"],
        );
        for choice in [
            "-createdAt",
            "createdAt",
            "price",
            "-price",
            "status,-createdAt",
            "-status,createdAt",
            "-name,price",
        ] {
            assert!(
                said.split([' ', '.']).any(|word| word == choice),
                "{choice} in {said}"
            );
        }
    }
    for (asked, name, code) in [
        ("sort=", "sort", "unknown-field"),
        ("sort=nope", "sort", "unknown-field"),
        ("sort=-", "sort", "unknown-field"),
        ("sort=--price", "sort", "unknown-field"),
        ("sort=price,,name", "sort", "unknown-field"),
        ("sort=price:up", "sort", "type"),
        ("sort=price:", "sort", "type"),
        ("sort=tags", "sort", "type"),
        ("sort=size", "sort", "type"),
        ("sort=size.width", "sort", "unknown-field"),
        ("sort=price,-price", "sort", "repeated"),
        ("sortBy=nope", "sortBy", "unknown-field"),
        ("sortBy=-price", "sortBy", "unknown-field"),
        ("sortBy=price,name", "sortBy", "range"),
        ("sortDirection=up", "sortDirection", "type"),
        ("sortBy=price&sort=price", "sortBy", "conflict"),
        ("sortBy=price&sort=name,-price", "sortBy", "conflict"),
    ] {
        let _ = refuses(
            &member.get(&format!("/api/products?{asked}")),
            name,
            &[code],
        );
    }
    // A member's orders are in the member's own indexes, all orders in the others.
    let said = refuses(
        &member.get("/api/orders?sort=state,total"),
        "sort",
        &["not-indexed"],
    );
    assert!(
        said.contains("-total")
            && said.contains("state,-createdAt")
            && !said.contains("state,total"),
        "{said}"
    );
    let said = refuses(
        &admin.get("/api/orders?sort=total"),
        "sort",
        &["not-indexed"],
    );
    assert!(
        said.contains("state,total") && !said.contains("state,-createdAt"),
        "{said}"
    );
    let _ = admin
        .get("/api/orders?sort=state,total&limit=1")
        .expect(200);
    let _ = member.get("/api/orders?sort=total&limit=1").expect(200);
}

#[test]
fn an_owners_own_indexes_hold_every_order_of_the_owner() {
    let (member, other) = (stack().member(), stack().member());
    let product = product(&member, &json!({}));
    let mut made = Vec::new();
    for n in 0..11_usize {
        let state = ["open", "paid", "shipped"][n % 3];
        let mut fields = json!({ "state": state });
        if n % 4 != 0 {
            fields["total"] = json!([3, 1, 2][n % 3]);
        }
        made.push(order(&member, &product, &fields));
        let _ = order(&other, &product, &fields);
    }
    for (sort, limit) in [
        ("-createdAt", 2),
        ("createdAt", 3),
        ("total", 2),
        ("-total", 3),
        ("state,-createdAt", 1),
        ("-state,createdAt", 10),
    ] {
        let expected = ids(&ordered(&made, sort));
        settles(&expected, sort, || {
            ids(&walk(&member, "orders", &format!("sort={sort}"), limit))
        });
    }
    let open: Vec<Value> = made
        .iter()
        .filter(|order| order["state"] == "open")
        .cloned()
        .collect();
    for sort in ["-createdAt", "createdAt", "total"] {
        let asked = format!("state=open&sort={sort}");
        assert_eq!(
            ids(&walk(&member, "orders", &asked, 2)),
            ids(&ordered(&open, sort))
        );
    }
}

/// An index keeps the beginning of a string: filters still tell all of it, and pages neither skip nor repeat.
#[test]
fn strings_longer_than_an_index_keeps() {
    let (member, word) = (stack().member(), word());
    // 170 characters, 680 bytes: an index of two fields keeps 497.
    let long = format!("{word}{}", "𝄞".repeat(170 - word.len()));
    let made: Vec<Value> = ["c", "a", "b", "a"]
        .iter()
        .map(|end| {
            product(
                &member,
                &json!({ "name": format!("{long}{end}"), "price": 1 }),
            )
        })
        .collect();
    let all = |asked: &str| ids(&walk(&member, "products", asked, 1));
    // Alike in the kept bytes and in the price, they are in the order of their ids.
    let start = query(&[("name_startsWith", &long)]);
    settles(&ids(&ordered(&made, "-price")), "reversed ids", || {
        all(&format!("sort=name,-price&{start}"))
    });
    assert_eq!(all(&format!("sort=-name,price&{start}")), ids(&made));
    for (suffix, end, expected) in [
        ("", "a", vec![1, 3]),
        ("", "b", vec![2]),
        ("", "d", vec![]),
        ("", "", vec![]),
        ("_startsWith", "b", vec![2]),
        ("_gte", "b", vec![0, 2]),
        ("_gt", "b", vec![0]),
    ] {
        let name = format!("name{suffix}");
        let value = format!("{long}{end}");
        let asked = query(&[
            (&name, &value),
            ("sort", "-name,price"),
            ("createdBy", member.id()),
        ]);
        let expected: Vec<Value> = expected.iter().map(|n| made[*n].clone()).collect();
        assert_eq!(all(&asked), ids(&expected), "{suffix} {end}");
        let count = member.get(&format!(
            "/api/products/count?{}",
            asked.replace("sort=-name%2Cprice&", "")
        ));
        assert_eq!(
            count.expect(200).json(),
            json!({ "count": expected.len(), "exact": true })
        );
    }
    let value = format!("{long}b");
    let asked = query(&[
        ("name_lt", &value),
        ("name_startsWith", &word),
        ("sort", "name,-price"),
    ]);
    assert_eq!(all(&asked), ids(&[made[3].clone(), made[1].clone()]));
}
