//! Filters, as `docs/filters.md` and the contract tell them, in both spellings, on lists and counts.

use blackbox::{Caller, stack};
use serde_json::{Value, json};

use super::look::{path, post, refused, text};
use super::shop::{comment, product, query, refuses, settles, walk, word};

/// Six products of one member, each called after the test's word and known by a letter.
struct Shelf {
    member: Caller,
    word: String,
    letters: Vec<(Value, char)>,
}

impl Shelf {
    fn new() -> Self {
        let (member, word) = (stack().member(), word());
        let huge: Value =
            serde_json::from_str("12345678901234567890123456789012345.678").expect("a number");
        let bodies = [
            json!({ "name": "Blue Lamp", "status": "active", "price": 5, "tags": ["new", "sale"], "active": true,
                "size": { "width": 1, "height": 2 }, "homepage": "https://a.example/", "released": "2026-01-01" }),
            json!({ "name": "blue lamp", "price": 5.5, "stock": 3, "tags": ["new"], "active": false }),
            json!({ "name": "Lämp", "status": "retired", "price": 10, "tags": [],
                "released": "2026-06-01T12:00:00+02:00" }),
            json!({ "name": "Zebra, striped", "status": "active", "price": huge, "stock": -2 }),
            json!({ "name": "" }),
            json!({ "name": "nothing", "price": 0 }),
        ];
        let mut letters = Vec::new();
        for (mut body, letter) in bodies.into_iter().zip('a'..) {
            body["name"] = json!(format!(
                "{word} {}",
                body["name"].as_str().unwrap_or_default()
            ));
            let made = product(&member, &body);
            if letter == 'e' {
                let none = json!({ "stock": null, "status": null });
                let _ = member.patch(&path("products", &made), &none).expect(200);
            }
            letters.push((made["id"].clone(), letter));
        }
        Self {
            member,
            word,
            letters,
        }
    }

    /// A list and a count of this shelf find these, whatever index serves them.
    #[track_caller]
    fn finds(&self, parameters: &[(&str, &str)], expected: &str) {
        let mut parameters = parameters.to_vec();
        parameters.push(("createdBy", self.member.id()));
        let asked = query(&parameters);
        settles(&expected.to_owned(), &asked, || {
            let found = walk(&self.member, "products", &asked, 4);
            let letter = |record: &Value| {
                self.letters
                    .iter()
                    .find(|(id, _)| *id == record["id"])
                    .map(|(_, it)| *it)
            };
            let mut found: Vec<char> = found
                .iter()
                .map(|record| letter(record).unwrap_or('?'))
                .collect();
            found.sort_unstable();
            found.into_iter().collect::<String>()
        });
        let count = self
            .member
            .get(&format!("/api/products/count?{asked}"))
            .expect(200);
        assert_eq!(
            count.json(),
            json!({ "count": expected.len(), "exact": true }),
            "{asked}"
        );
    }
}

#[test]
fn every_suffix_finds_what_it_says() {
    let shelf = Shelf::new();
    for (name, value, expected) in [
        ("status", "active", "ad"),
        ("status", "", ""),
        ("status_ne", "active", "bcef"),
        ("status_ne", "", "abcdef"),
        ("status_in", "active,retired", "acd"),
        ("status_in", "active", "ad"),
        ("status_nin", "active,retired", "bef"),
        ("status_gt", "active", "bcf"),
        ("status_lt", "draft", "ad"),
        ("status_startsWith", "re", "c"),
        ("status_contains", "a", "abdf"),
        ("price", "5", "a"),
        ("price", "5.00", "a"),
        ("price", "50e-1", "a"),
        ("price", "-0", "f"),
        ("price_ne", "5", "bcdef"),
        ("price_gt", "5", "bcd"),
        ("price_gte", "5", "abcd"),
        ("price_lt", "5", "f"),
        ("price_lte", "5", "af"),
        ("price_lt", "5.5000000000000000000000000000000000001", "abf"),
        ("price", "12345678901234567890123456789012345.678", "d"),
        ("price", "12345678901234567890123456789012345.677", ""),
        ("price_gt", "12345678901234567890123456789012345.677", "d"),
        ("price_gt", "12345678901234567890123456789012345.678", ""),
        (
            "price_lt",
            "12345678901234567890123456789012345.678",
            "abcf",
        ),
        ("price_in", "5,10,99", "ac"),
        ("price_exists", "true", "abcdf"),
        ("price_exists", "false", "e"),
        ("stock", "-2", "d"),
        ("stock", "3.0", "b"),
        ("stock_lt", "0", "d"),
        ("stock_in", "0,3", "abcf"),
        ("stock_nin", "0,3", "de"),
        ("stock_exists", "false", "e"),
        ("released", "2026-01-01", "a"),
        ("released", "2026-06-01T10:00:00Z", "c"),
        ("released", "2026-06-01T10:00:00.000Z", "c"),
        ("released", "2026-06-01T12:00:00+02:00", "c"),
        ("released_gte", "2026-01-01", "ac"),
        ("released_gt", "2026-01-01", "c"),
        ("released_lt", "2026-06-01T12:00:00+02:00", "a"),
        ("released_lte", "2026-06-01T12:00:00+02:00", "ac"),
        ("released_ne", "2026-01-01", "bcdef"),
        ("active", "true", "a"),
        ("active_ne", "true", "bcdef"),
        ("active_in", "true,false", "ab"),
        ("active_gt", "false", "a"),
        ("active_lt", "true", "b"),
        ("name_contains", "lamp", "b"),
        ("name_contains", "Lamp", "a"),
        ("name_contains", "ämp", "c"),
        ("name_contains", ", striped", "d"),
        ("tags_contains", "new", "ab"),
        ("tags_contains", "sale", "a"),
        ("tags_contains", "sal", ""),
        ("tags_exists", "true", "abc"),
        ("tags_exists", "false", "def"),
        ("size_exists", "true", "a"),
        ("size_exists", "false", "bcdef"),
        ("homepage_exists", "true", "a"),
        ("createdAt_gt", "2020-01-01", "abcdef"),
        ("createdAt_lt", "2020-01-01", ""),
        ("updatedAt_gte", "2020-01-01", "abcdef"),
        ("createdBy_exists", "false", ""),
        ("id_exists", "true", "abcdef"),
        ("search", "LAMP", "ab"),
        ("search", "LÄMP", "c"),
        ("search", "a.EXAMPLE", "a"),
        ("search", "retired", "c"),
        ("search", "new", ""),
        ("search", "*", ""),
    ] {
        shelf.finds(&[(name, value)], expected);
    }
    // The bytes of a name: capitals first.
    let name = |rest: &str| format!("{} {rest}", shelf.word);
    for (suffix, rest, expected) in [
        ("", "Blue Lamp", "a"),
        ("", "Zebra, striped", "d"),
        ("", "", "e"),
        ("_startsWith", "", "abcdef"),
        ("_startsWith", "Blue", "a"),
        ("_lt", "a", "acde"),
        ("_gt", "b", "bf"),
        ("_gte", "blue lamp", "bf"),
    ] {
        shelf.finds(&[(&format!("name{suffix}"), &name(rest))], expected);
    }
    let id = shelf.letters[2].0.as_str().expect("an id");
    shelf.finds(&[("id", id)], "c");
    shelf.finds(&[("id_in", &format!("{id},{}", shelf.member.id()))], "c");
    shelf.finds(&[("id", &id.to_uppercase())], "");
    shelf.finds(&[("id_lt", id), ("stock", "0")], "a");
}

#[test]
fn every_operator_of_json_finds_what_it_says() {
    let shelf = Shelf::new();
    for (filter, expected) in [
        (json!({}), "abcdef"),
        (json!({ "status": "active" }), "ad"),
        (json!({ "status": { "$eq": "active" } }), "ad"),
        (json!({ "status": { "$ne": "active" } }), "bcef"),
        (json!({ "status": null }), "e"),
        (json!({ "status": { "$ne": null } }), "abcdf"),
        (json!({ "price": { "$gt": 5 } }), "bcd"),
        (json!({ "price": { "$gte": 5, "$lt": 10 } }), "ab"),
        (json!({ "price": { "$lte": 5 } }), "af"),
        (json!({ "price": { "$lt": 5 } }), "f"),
        (json!({ "price": { "$not": { "$gte": 5 } } }), "ef"),
        (
            json!({ "price": { "$not": { "$gte": 5, "$lt": 10 } } }),
            "cdef",
        ),
        (
            json!({ "price": { "$not": { "$not": { "$gte": 5 } } } }),
            "abcd",
        ),
        (json!({ "stock": { "$in": [null, 3] } }), "be"),
        (json!({ "stock": { "$nin": [null, 3] } }), "acdf"),
        (json!({ "stock": { "$in": [] } }), ""),
        (json!({ "stock": { "$nin": [] } }), "abcdef"),
        (json!({ "stock": { "$exists": false } }), "e"),
        (json!({ "size": { "$exists": true } }), "a"),
        (json!({ "tags": { "$contains": "new" } }), "ab"),
        (json!({ "name": { "$contains": "Lamp" } }), "a"),
        (
            json!({ "name": { "$startsWith": format!("{} Z", shelf.word) } }),
            "d",
        ),
        (
            json!({ "name": { "$in": [format!("{} Zebra, striped", shelf.word), "x"] } }),
            "d",
        ),
        (
            json!({ "released": { "$gte": "2026-06-01T12:00:00+02:00" } }),
            "c",
        ),
        (json!({ "active": false }), "b"),
        (
            json!({ "$or": [{ "status": "retired" }, { "stock": 3, "active": false }] }),
            "bc",
        ),
        (
            json!({ "$and": [{ "$or": [{ "stock": 0 }, { "stock": null }] }, { "active": true }] }),
            "a",
        ),
        (
            json!({ "$not": { "status": "draft", "active": false } }),
            "acdef",
        ),
        (
            json!({ "$not": { "$or": [{ "status": "active" }, { "price": { "$gt": 5 } }] } }),
            "ef",
        ),
        (json!({ "$not": {} }), ""),
        (json!([{ "status": "active" }, { "active": true }]), "a"),
    ] {
        for name in ["filter", "andFilters"] {
            shelf.finds(&[(name, &filter.to_string())], expected);
        }
    }
    for (filter, expected) in [
        (json!([{ "status": "retired" }, { "active": true }]), "ac"),
        (json!({ "status": "retired", "stock": 3 }), "bc"),
        (
            json!([{ "status": "active", "active": true }, { "stock": null }]),
            "ae",
        ),
        (
            json!({ "$and": [{ "status": "active" }, { "stock": 0 }], "stock": 3 }),
            "ab",
        ),
    ] {
        shelf.finds(&[("orFilters", &filter.to_string())], expected);
    }
    // Whatever is said holds together.
    shelf.finds(
        &[
            ("status", "active"),
            ("orFilters", r#"{"stock":0,"active":false}"#),
        ],
        "a",
    );
    shelf.finds(
        &[
            ("filter", r#"{"price":{"$lt":11}}"#),
            ("andFilters", r#"{"stock":0}"#),
            ("search", "l"),
        ],
        "ac",
    );
    shelf.finds(
        &[("price_gte", "5"), ("price_lt", "10"), ("price_ne", "5.5")],
        "a",
    );
    shelf.finds(&[("status", "active"), ("status_ne", "active")], "");
    shelf.finds(
        &[("status", "active"), ("filter", r#"{"status":"draft"}"#)],
        "",
    );
    shelf.finds(&[("price_gt", "10"), ("price_lt", "5")], "");
}

#[test]
fn arrays_without_items_and_objects_and_relations() {
    let member = stack().member();
    let tags = [
        json!([5, "five"]),
        json!(["5", true]),
        json!([]),
        json!([[5], { "a": 5 }]),
    ];
    for (n, tags) in tags.iter().enumerate() {
        let body = json!({ "title": n.to_string(), "tags": tags, "meta": { "n": n }, "assignee": member.id() });
        let _ = member.post("/api/notes", &body).expect(201);
    }
    let titles = |asked: &str| {
        let mut found: Vec<String> = walk(&member, "notes", asked, 3)
            .iter()
            .map(|note| note["title"].as_str().unwrap_or_default().to_owned())
            .collect();
        found.sort();
        found.concat()
    };
    for (name, value, expected) in [
        ("tags_contains", "5", "0"),
        ("tags_contains", "5.0", "0"),
        ("tags_contains", "\"5\"", "1"),
        ("tags_contains", "five", "0"),
        ("tags_contains", "true", "1"),
        ("tags_exists", "true", "0123"),
        ("filter", r#"{"tags":{"$contains":"5"}}"#, "1"),
        ("filter", r#"{"tags":{"$contains":5}}"#, "0"),
        ("meta_exists", "true", "0123"),
        ("meta_exists", "false", ""),
        ("assignee", member.id(), "0123"),
        ("assignee_ne", member.id(), ""),
        ("createdBy", member.id(), "0123"),
        ("title_in", "0,3", "03"),
    ] {
        let asked = query(&[(name, value)]);
        settles(&expected.to_owned(), &asked, || titles(&asked));
    }
    for (name, value, code) in [
        ("meta", "x", "operator"),
        ("meta_contains", "x", "operator"),
        ("tags", "x", "operator"),
        ("tags_startsWith", "x", "operator"),
        ("done_contains", "true", "operator"),
        ("due_startsWith", "2026", "operator"),
        ("assignee_contains", "0", "operator"),
        ("meta.n", "1", "unknown-parameter"),
        ("meta_n", "1", "unknown-operator"),
    ] {
        let _ = refuses(
            &member.get(&format!("/api/notes?{}", query(&[(name, value)]))),
            name,
            &[code],
        );
    }
}

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
    // A count takes no more than which records.
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
    // What is not shown can still be filtered and sorted by.
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

/// Where everybody lists everything there is no index by owner: such a filter is judged record by record.
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
