//! Filters, as `docs/filters.md` and the contract tell them, in both spellings, on lists and counts.

mod reading;

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
            json!({ "name": "nothing", "price": 0, "released": "1945-05-08" }),
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
        ("released_lt", "2026-06-01T12:00:00+02:00", "af"),
        ("released_lte", "2026-06-01T12:00:00+02:00", "acf"),
        ("released", "1945-05-08", "f"),
        ("released_lt", "1970-01-01T00:30:00+01:00", "f"),
        ("released_gte", "1945-05-08T00:00:00.001Z", "ac"),
        ("released_gte", "0000-01-01", "acf"),
        ("createdAt_gte", "1960-01-01", "abcdef"),
        ("createdAt_lt", "1960-01-01", ""),
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
    // All parameters hold together.
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
