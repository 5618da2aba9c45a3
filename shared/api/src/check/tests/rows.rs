use serde_json::{Value, json};

use super::problems_of;
use crate::check::check;
use crate::check::rows::row_problems;
use crate::definition::Definition;

fn definition(rows: &Value) -> Definition {
    let fields = json!([
        { "name": "status", "type": "string" }, { "name": "price", "type": "number" },
        { "name": "meta", "type": "object" }, { "name": "author", "type": "relation", "collection": "users" },
        { "name": "readers", "type": "array", "items": { "type": "relation", "collection": "users" } },
    ]);
    serde_json::from_value(json!({ "name": "a", "fields": fields, "rowFilters": rows }))
        .expect("a definition")
}

#[test]
fn a_row_filter_that_is_none_fails_the_build_and_so_does_a_name_twice() {
    let fields = json!([{ "name": "x", "type": "string" }]);
    let problems =
        problems_of(json!({ "fields": fields, "rowFilters": [{ "filter": { "y": 1 } }] }));
    assert_eq!(
        problems,
        ["rowFilters[0].filter: `y` is not a field of this collection."]
    );
    for (row, expected) in [
        (
            json!({ "when": "me" }),
            "rowFilters[0].when: `me` is not a rule",
        ),
        (
            json!({ "filter": [] }),
            "rowFilters[0].filter: must be an object, not a list",
        ),
        (
            json!({ "if": "owner" }),
            "rowFilters[0].if: unknown field `if`",
        ),
    ] {
        let problems = problems_of(json!({ "fields": fields, "rowFilters": [row] }));
        assert!(
            problems.len() == 1 && problems[0].starts_with(expected),
            "{problems:?}"
        );
    }
    let twice = r#"{"name":"a","fields":[{"name":"x","type":"string"}],"rowFilters":[{"filter":{"x":"a","x":"b"}}]}"#;
    let problems = check(&[("a.json".to_owned(), twice.to_owned())]).expect_err("twice");
    assert_eq!(
        problems[0].to_string(),
        "collections/a.json: an object has one name twice; leave one out"
    );
}

#[test]
fn what_is_no_filter_is_told_with_its_place() {
    let many: Vec<Value> = (0..16)
        .map(|n| json!({ "filter": { "price": { "$gt": n, "$lt": 99 } } }))
        .collect();
    for (rows, place, reason) in [
        (
            json!([{ "filter": { "nope": 1 } }]),
            "rowFilters[0].filter",
            "`nope` is not a field",
        ),
        (
            json!([{}, { "filter": { "price": "1" } }]),
            "rowFilters[1].filter",
            "must be a number",
        ),
        (
            json!([{ "filter": { "price": "$userId" } }]),
            "rowFilters[0].filter",
            "must be a number",
        ),
        (
            json!([{ "filter": { "status": { "$like": "a" } } }]),
            "rowFilters[0].filter",
            "no operator of `status`",
        ),
        (
            json!([{ "filter": { "$xor": [] } }]),
            "rowFilters[0].filter",
            "`$xor` is not $and",
        ),
        (
            json!([{ "filter": { "meta": { "$eq": "a" } } }]),
            "rowFilters[0].filter",
            "does not go with the type",
        ),
        (
            json!([{ "filter": { "author": "$userid" } }]),
            "rowFilters[0].filter",
            "`$userid` stands for nothing",
        ),
        (
            json!([{ "filter": { "status": { "$in": ["a", "$role"] } } }]),
            "rowFilters[0].filter",
            "`$role` stands",
        ),
        (
            json!(many[..15]),
            "rowFilters",
            "15 row filters are more than 10",
        ),
        (
            json!([{ "filter": { "$or": (0..31).map(|n| json!({ "price": n })).collect::<Vec<_>>() } }]),
            "rowFilters",
            "at most 30 conditions; this has 31",
        ),
        (
            json!([{ "filter": { "$and": (0..16).map(|n| json!({ "price": n })).collect::<Vec<_>>() } },
                { "filter": { "$and": (0..16).map(|n| json!({ "price": n })).collect::<Vec<_>>() } }]),
            "rowFilters",
            "at most 30 conditions; this has 32",
        ),
    ] {
        let problems = row_problems(&definition(&rows));
        assert_eq!(problems.len(), 1, "{rows}: {problems:?}");
        assert!(
            problems[0].0 == place && problems[0].1.contains(reason),
            "{rows}: {problems:?}"
        );
    }
    let fine = json!([{ "when": "owner" }, { "filter": { "author": "$userId", "status": { "$ne": null } } }]);
    assert_eq!(row_problems(&definition(&fine)), []);
}
