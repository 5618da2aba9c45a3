//! The limits of a query: one more is a 400 that names the limit.

use blackbox::stack;
use serde_json::{Value, json};

use super::look::{any_refusal, invalid, refused};
use super::shop::{encoded, query, refuses};

#[test]
fn a_query_has_30_conditions() {
    let member = stack().member();
    let many = |count: usize| json!(vec![json!({ "stock": 1 }); count]).to_string();
    let spread = |count: usize| {
        let filter = json!({ "$or": vec![json!({ "price": { "$gte": 0, "$lt": 5 } }); count / 2] })
            .to_string();
        query(&[("filter", &filter), ("search", "a"), ("status", "draft")])
    };
    for path in ["/api/products", "/api/products/count"] {
        let _ = member
            .get(&format!("{path}?{}", query(&[("filter", &many(30))])))
            .expect(200);
        let _ = member
            .get(&format!("{path}?{}", query(&[("orFilters", &many(30))])))
            .expect(200);
        let _ = member.get(&format!("{path}?{}", spread(28))).expect(200);
        for over in [
            query(&[("filter", &many(31))]),
            query(&[("orFilters", &many(31))]),
            spread(30),
        ] {
            let said = refuses(&member.get(&format!("{path}?{over}")), "filter", &["range"]);
            assert!(said.contains("30"), "{said}");
        }
    }
    // Conditions of parameters count as well.
    let filter = many(29);
    let _ = member
        .get(&format!(
            "/api/products?{}&stock=1",
            query(&[("filter", &filter)])
        ))
        .expect(200);
    let over = member.get(&format!(
        "/api/products?{}&stock=1&stock_gt=0",
        query(&[("filter", &filter)])
    ));
    let _ = refuses(&over, "filter", &["range"]);
}

#[test]
fn a_filter_nests_five_deep() {
    let member = stack().member();
    let ask = |filter: &Value| {
        member.get(&format!(
            "/api/products?{}",
            query(&[("filter", &filter.to_string())])
        ))
    };
    for wrap in [
        |inner: Value| json!({ "$and": [inner] }),
        |inner: Value| json!({ "$or": [inner] }),
        |inner: Value| json!({ "$not": inner }),
    ] {
        let deep = |levels: usize| (1..levels).fold(json!({ "stock": 1 }), |inner, _| wrap(inner));
        let _ = ask(&deep(5)).expect(200);
        let said = refuses(&ask(&deep(6)), "filter", &["depth"]);
        assert!(said.contains('5'), "{said}");
        let _ = refuses(&ask(&deep(60)), "filter", &["depth"]);
    }
    let field = |levels: usize| json!({ "stock": (1..levels).fold(json!({ "$gt": 1 }), |it, _| json!({ "$not": it })) });
    let _ = ask(&field(5)).expect(200);
    let _ = refuses(&ask(&field(6)), "filter", &["depth"]);
    // Deeper than any reader of JSON goes.
    for (open, close) in [("[", "]"), (r#"{"$not":"#, "}")] {
        let deep = format!("{}{}", open.repeat(250), close.repeat(250));
        any_refusal(
            &member.get(&format!("/api/products?{}", query(&[("filter", &deep)]))),
            "deep",
        );
    }
    any_refusal(
        &member.get(&format!("/api/products?filter={}", "[".repeat(4000))),
        "open",
    );
}

#[test]
fn one_of_has_100_values() {
    let member = stack().member();
    let numbers = |count: usize| (0..count).collect::<Vec<_>>();
    for operator in ["in", "nin"] {
        let text = |count| {
            numbers(count)
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(",")
        };
        let name = format!("stock_{operator}");
        let _ = member
            .get(&format!("/api/products?{name}={}", text(100)))
            .expect(200);
        let said = refuses(
            &member.get(&format!("/api/products?{name}={}", text(101))),
            &name,
            &["range"],
        );
        assert!(said.contains("100"), "{said}");
        let json = |count| {
            encoded(&json!({ "stock": { format!("${operator}"): numbers(count) } }).to_string())
        };
        let _ = member
            .get(&format!("/api/products?filter={}", json(100)))
            .expect(200);
        let said = refuses(
            &member.get(&format!("/api/products?filter={}", json(101))),
            "filter",
            &["range"],
        );
        assert!(said.contains("100"), "{said}");
    }
    // All lists of a query have so many together, the same value in one list being one.
    let two = |first: usize, second: usize| {
        let text = |count| {
            numbers(count)
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(",")
        };
        member.get(&format!(
            "/api/products/count?stock_in={}&price_nin={}",
            text(first),
            text(second)
        ))
    };
    let _ = two(50, 50).expect(200);
    let said = refuses(&two(51, 50), "filter", &["range"]);
    assert!(said.contains("100"), "{said}");
    let same = vec!["7"; 100].join(",");
    let _ = member
        .get(&format!("/api/products?stock_in={same}&price_in={same}"))
        .expect(200);
}

#[test]
fn lists_in_parameters_end() {
    let member = stack().member();
    for (name, one, most) in [
        ("sort", "nope", 10),
        ("expand", "post.author", 10),
        ("fields", "text", 100),
    ] {
        let ask = |count: usize| {
            member.get(&format!(
                "/api/comments?{name}={}",
                vec![one; count].join(",")
            ))
        };
        if name == "sort" {
            assert_eq!(
                ask(most).expect(400).json()["error"]["details"][0]["code"],
                "unknown-field"
            );
        } else {
            let fits = ask(most);
            assert!(
                fits.status == 200
                    || fits.json()["error"]["details"][0]["code"] == "not-a-relation"
            );
        }
        let said = refuses(&ask(most + 1), name, &["range"]);
        assert!(said.contains(&most.to_string()), "{said}");
    }
    for (count, fits) in [(0, false), (1, true), (128, true), (129, false)] {
        // Characters, not bytes.
        let reply = member.get(&format!(
            "/api/products?search={}",
            encoded(&"ä".repeat(count))
        ));
        if fits {
            let _ = reply.expect(200);
        } else {
            assert!(refuses(&reply, "search", &["range"]).contains("128"));
        }
    }
    for collection in ["products", "orders", "comments"] {
        for limit in ["0", "101", "-1", "1.5", ""] {
            invalid(
                &member.get(&format!("/api/{collection}?limit={limit}")),
                &[("limit", "range")],
            );
        }
        let _ = member
            .get(&format!("/api/{collection}?limit=100"))
            .expect(200);
    }
}

#[test]
fn a_query_string_has_4_kib_whatever_is_in_it() {
    let member = stack().member();
    let ask = |path: &str, length: usize| {
        let start = "name=";
        member.get(&format!(
            "{path}?{start}{}",
            "a".repeat(length - start.len())
        ))
    };
    for path in ["/api/products", "/api/products/count"] {
        let _ = ask(path, 4096).expect(200);
        refused(&ask(path, 4097), 400, "common/invalid-request");
    }
    refused(
        &ask("/api/products/spec", 4097),
        400,
        "common/invalid-request",
    );
    // The faults of a full query are reported, twenty at most, without long copies of the caller's text.
    let wrong: Vec<String> = (0..300).map(|n| format!("no{n}=1")).collect();
    let reply = member
        .get(&format!("/api/products?{}", wrong.join("&")))
        .expect(400);
    assert_eq!(
        reply.json()["error"]["details"].as_array().map(Vec::len),
        Some(20)
    );
    let long = "y".repeat(3000);
    for asked in [
        format!("{long}=1"),
        format!("sort={long}"),
        format!("fields={long}"),
        format!("expand={long}"),
        format!("price={long}"),
        format!(
            "filter={}",
            encoded(&json!({ long.clone(): 1 }).to_string())
        ),
        format!(
            "filter={}",
            encoded(&json!({ format!("${long}"): 1 }).to_string())
        ),
        format!(
            "filter={}",
            encoded(&json!({ "price": { long.clone(): 1 } }).to_string())
        ),
    ] {
        let reply = member.get(&format!("/api/products?{asked}")).expect(400);
        assert!(reply.body.len() < 2500, "{}", reply.text());
    }
}
