//! How a query string is read, what does not fit, and projections.

use super::*;

#[test]
fn what_does_not_fit_is_named() {
    let member = stack().member();
    for (name, value, code) in [
        ("nope", "1", "unknown-parameter"),
        ("nope_gt", "1", "unknown-parameter"),
        ("price_near", "1", "unknown-operator"),
        ("price_eq", "1", "unknown-operator"),
        ("price_", "1", "unknown-operator"),
        ("_price", "1", "unknown-parameter"),
        ("Price", "1", "unknown-parameter"),
        ("createdat", "2026-01-01", "unknown-parameter"),
        ("size", "x", "operator"),
        ("size_gt", "x", "operator"),
        ("price_contains", "1", "operator"),
        ("price", "", "type"),
        ("price", "five", "type"),
        ("price", " 5", "type"),
        ("price", "0x5", "type"),
        ("price", "NaN", "type"),
        ("price", "1e127", "range"),
        (
            "price",
            "1.00000000000000000000000000000000000001234",
            "range",
        ),
        ("stock", "1.5", "type"),
        ("stock_in", "1,,2", "type"),
        ("active", "1", "type"),
        ("active", "TRUE", "type"),
        ("active_exists", "yes", "type"),
        ("released", "yesterday", "format"),
        ("released", "2026-02-30", "format"),
        ("released_gt", "1790000000", "format"),
        ("id", "", "type"),
        ("id_ne", "", "type"),
        ("search", "", "range"),
        ("filter", "", "type"),
        ("filter", "[]", "type"),
        ("filter", "null", "type"),
        ("filter", "\"status\"", "type"),
        ("filter", "{", "type"),
        ("filter", "{\"status\":\"active\"} x", "type"),
        ("filter", "[1]", "type"),
        ("filter", r#"{"status":"a","status":"b"}"#, "repeated"),
        ("filter", r#"{"price":{"$gt":1,"$gt":2}}"#, "repeated"),
        ("filter", r#"{"nope":1}"#, "unknown-field"),
        ("filter", r#"{"size.width":1}"#, "unknown-field"),
        ("filter", r#"{"$where":"1"}"#, "unknown-operator"),
        ("filter", r#"{"$nor":[{"price":1}]}"#, "unknown-operator"),
        ("filter", r#"{"price":{"$near":1}}"#, "unknown-operator"),
        ("filter", r#"{"price":{"gt":1}}"#, "unknown-operator"),
        ("filter", r#"{"name":{"$regex":".*"}}"#, "unknown-operator"),
        ("filter", r#"{"name":{}}"#, "type"),
        ("filter", r#"{"name":["a"]}"#, "type"),
        ("filter", r#"{"price":"5"}"#, "type"),
        ("filter", r#"{"price":{"$gt":null}}"#, "type"),
        ("filter", r#"{"price":{"$in":5}}"#, "type"),
        ("filter", r#"{"price":{"$exists":1}}"#, "type"),
        ("filter", r#"{"size":{"width":1}}"#, "unknown-operator"),
        ("filter", r#"{"$or":[]}"#, "type"),
        ("filter", r#"{"$or":{"price":1}}"#, "type"),
        ("filter", r#"{"$not":[{"price":1}]}"#, "type"),
        ("orFilters", r#"[{"nope":1}]"#, "unknown-field"),
        ("fields", "nope", "unknown-field"),
        ("fields", "", "unknown-field"),
        ("fields", "name,", "unknown-field"),
        ("expand", "nope", "unknown-field"),
        ("expand", "name", "type"),
        ("explain", "yes", "type"),
    ] {
        let asked = query(&[(name, value)]);
        let _ = refuses(
            &member.get(&format!("/api/products?{asked}")),
            name,
            &[code],
        );
        if !["fields", "expand", "explain"].contains(&name) {
            let _ = refuses(
                &member.get(&format!("/api/products/count?{asked}")),
                name,
                &[code],
            );
        }
    }
    let nul = member.get("/api/products?name=%00");
    let _ = refuses(&nul, "name", &["nul"]);
    // A count takes only parameters that select records.
    for name in [
        "limit",
        "cursor",
        "sort",
        "sortBy",
        "sortDirection",
        "fields",
        "expand",
        "explain",
    ] {
        let _ = refuses(
            &member.get(&format!("/api/products/count?{name}=1")),
            name,
            &["unknown-parameter"],
        );
    }
    refused(
        &member.get("/api/products/count/x"),
        404,
        "common/not-found",
    );
}

/// A page is cut to these fields, and `id` is always among them.
#[test]
fn fields_are_projected() {
    let shelf = Shelf::new();
    let id = shelf.letters[0].0.clone();
    let path = format!("/api/products/{}", id.as_str().unwrap_or_default());
    let asked = query(&[("id", id.as_str().unwrap_or_default())]);
    for (fields, expected) in [
        ("price", json!({ "id": id, "price": 5 })),
        ("id", json!({ "id": id })),
        (
            "price,price,stock",
            json!({ "id": id, "price": 5, "stock": 0 }),
        ),
        (
            "createdBy,size",
            json!({ "id": id, "createdBy": shelf.member.id(), "size": { "width": 1, "height": 2 } }),
        ),
    ] {
        let one = shelf
            .member
            .get(&format!("{path}?fields={fields}"))
            .expect(200);
        assert_eq!(one.json(), expected);
        let list = shelf
            .member
            .get(&format!("/api/products?{asked}&fields={fields}"))
            .expect(200);
        assert_eq!(
            list.json(),
            json!({ "items": [expected], "nextCursor": null })
        );
    }
    // Fields outside `fields` can still be filtered and sorted by.
    let asked = query(&[
        ("createdBy", shelf.member.id()),
        ("status", "active"),
        ("sort", "-price"),
        ("fields", "id"),
    ]);
    let expected = vec![json!({ "id": shelf.letters[3].0 }), json!({ "id": id })];
    settles(&expected, "by price", || {
        walk(&shelf.member, "products", &asked, 1)
    });
}

#[test]
fn how_a_query_string_is_read() {
    let shelf = Shelf::new();
    let (word, member) = (&shelf.word, &shelf.member);
    let finds = |asked: &str, expected: usize| {
        settles(&expected, asked, || {
            walk(member, "products", asked, 100).len()
        });
        let count = member
            .get(&format!("/api/products/count?{asked}"))
            .expect(200);
        assert_eq!(
            count.json(),
            json!({ "count": expected, "exact": true }),
            "{asked}"
        );
    };
    finds(&format!("name={word}+Blue+Lamp"), 1);
    finds(&format!("name={word}%20Blue%20Lamp"), 1);
    finds(&format!("name={word}%2BBlue%2BLamp"), 0);
    finds(&format!("n%61me={word}+Blue+Lamp"), 1);
    finds(&format!("name={word}+L%C3%A4mp"), 1);
    // A letter and its accent apart are another text.
    finds(&format!("name={word}+La%CC%88mp"), 0);
    finds(&format!("name={word}+Zebra,+striped&&"), 1);
    finds(
        &format!("name_startsWith={word}&released=2026-06-01T12:00:00%2B02:00"),
        1,
    );
    let blank = member.get("/api/products?released=2026-06-01T12:00:00+02:00");
    let _ = refuses(&blank, "released", &["format"]);
    for (asked, name) in [
        ("status=active&status=active", "status"),
        ("status=active&st%61tus=draft", "status"),
        ("filter=%7B%7D&filter=%7B%7D", "filter"),
        ("search=a&search=b", "search"),
    ] {
        let _ = refuses(
            &member.get(&format!("/api/products?{asked}")),
            name,
            &["repeated"],
        );
        let _ = refuses(
            &member.get(&format!("/api/products/count?{asked}")),
            name,
            &["repeated"],
        );
    }
    for asked in [
        "=x",
        "%00=x",
        "[]=x",
        "status[]=active",
        "status[ne]=active",
        "filter[status]=active",
    ] {
        let asked = asked.replace('[', "%5B").replace(']', "%5D");
        assert_eq!(
            member.get(&format!("/api/products?{asked}")).status,
            400,
            "{asked}"
        );
    }
    // No text, and no server error.
    for asked in [
        "name=%FF",
        "name=%ED%A0%80",
        "name=%",
        "name=%zz",
        "%FF=1",
        "search=%FF",
        "filter=%FF",
    ] {
        let reply = member.get(&format!("/api/products?{asked}"));
        assert!(
            [200, 400].contains(&reply.status),
            "{asked}: {}",
            reply.text()
        );
    }
}

/// Where every caller lists everything there is no index by owner: such a filter is checked record by record.
#[test]
fn owners_and_relations_are_found_by_their_index() {
    let (member, other, admin) = (stack().member(), stack().member(), stack().admin());
    let made: Vec<Value> = (0..5).map(|n| post(&member, &n.to_string())).collect();
    let _ = post(&other, "other");
    let remarks: Vec<Value> = (0..7)
        .map(|n| {
            comment(
                if n % 2 == 0 { &member } else { &other },
                &made[n % 2],
                &json!({ "likes": n }),
            )
        })
        .collect();
    let newest =
        |records: Vec<&Value>| -> Vec<Value> { records.into_iter().rev().cloned().collect() };
    let of_member = newest(
        remarks
            .iter()
            .filter(|it| it["author"] == member.id())
            .collect(),
    );
    let first = text(&made[0], "id");
    for (collection, asked, expected, index) in [
        (
            "posts",
            format!("user_id={}", member.id()),
            newest(made.iter().collect()),
            "table",
        ),
        (
            "posts",
            format!("user_id={}&sort=createdAt", member.id()),
            made.clone(),
            "table",
        ),
        (
            "posts",
            format!("user_id={}&title=3", member.id()),
            vec![made[3].clone()],
            "table",
        ),
        (
            "posts",
            format!("user_id={}&user_id_ne={}", member.id(), member.id()),
            vec![],
            "table",
        ),
        (
            "posts",
            format!("user_id=%7B{}%7D", member.id()),
            vec![],
            "table",
        ),
        ("posts", "user_id=".to_owned(), vec![], "table"),
        (
            "posts",
            format!("user_id={}", "x".repeat(1024)),
            vec![],
            "table",
        ),
        (
            "posts",
            format!("user_id={}", "x".repeat(1025)),
            vec![],
            "table",
        ),
        (
            "comments",
            format!("author={}", member.id()),
            of_member.clone(),
            "table",
        ),
        (
            "comments",
            format!("post={first}"),
            of_member.clone(),
            "by.post.-createdAt",
        ),
        (
            "comments",
            format!("post={first}&author={}", member.id()),
            of_member,
            "by.post.-createdAt",
        ),
        (
            "comments",
            format!("post={first}&likes_gte=5&sort=createdAt"),
            vec![remarks[6].clone()],
            "by.post.-createdAt",
        ),
        (
            "comments",
            format!("post={}", other.id()),
            vec![],
            "by.post.-createdAt",
        ),
    ] {
        settles(&expected, &asked, || {
            walk(&stack().stranger(), collection, &asked, 2)
        });
        let explained = admin
            .get(&format!("/api/{collection}?{asked}&explain=true"))
            .expect(200)
            .json();
        if asked.matches("author").count() + asked.matches("post=").count() < 2 {
            assert_eq!(explained["explain"]["index"], index, "{asked}");
        }
    }
    // An owner who is handed another's record has it, and the one before has not.
    let given = json!({ "user_id": other.id() });
    let _ = admin.patch(&path("posts", &made[0]), &given).expect(200);
    let asked = format!("user_id={}", member.id());
    settles(&4, "handed over", || {
        walk(&member, "posts", &asked, 100).len()
    });
}
