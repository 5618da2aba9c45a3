use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::*;
use crate::Definition;
use crate::id::Id;
use crate::record::canonical;
use crate::time::Timestamp;
use crate::wire::Record;

const ID: &str = "01890000-0000-7000-8000-000000000000";
const USER: &str = "01890000-0000-7000-8000-000000000001";

fn definition() -> Definition {
    let fields = json!([
        { "name": "title", "type": "string" }, { "name": "note", "type": "string" },
        { "name": "price", "type": "number" }, { "name": "count", "type": "integer" },
        { "name": "done", "type": "boolean" }, { "name": "due", "type": "date" },
        { "name": "meta", "type": "object" }, { "name": "tags", "type": "array", "items": { "type": "string" } },
        { "name": "things", "type": "array" }, { "name": "lists", "type": "array", "items": { "type": "array" } },
        { "name": "author", "type": "relation", "collection": "users" },
        { "name": "readers", "type": "array", "items": { "type": "relation", "collection": "users" } },
        { "name": "size", "type": "number" }, { "name": "size_in", "type": "string" },
        { "name": "user_id", "type": "string" },
    ]);
    serde_json::from_value(json!({ "name": "things", "fields": fields })).expect("a definition")
}

fn record(fields: Value) -> Record {
    let Value::Object(fields) = fields else {
        panic!("an object")
    };
    Record {
        id: ID.parse().expect("an id"),
        created_at: Timestamp::parse("2026-11-20").expect("a date"),
        updated_at: Timestamp::parse("2026-11-21").expect("a date"),
        created_by: Some(USER.parse::<Id>().expect("an id")),
        owner: Some(USER.to_owned()),
        fields,
    }
}

fn parse(parameters: &[(&str, &str)]) -> Result<Query, Vec<(String, String)>> {
    super::parse(&definition(), parameters.iter().copied()).map_err(|error| {
        error
            .details
            .into_iter()
            .map(|detail| (detail.field, detail.code))
            .collect()
    })
}

fn filter(name: &str, value: &str) -> Filter {
    parse(&[(name, value)])
        .unwrap_or_else(|faults| panic!("{name}={value}: {faults:?}"))
        .filter
}

fn faults(parameters: &[(&str, &str)]) -> Vec<(String, String)> {
    parse(parameters).expect_err(&format!("{parameters:?}"))
}

fn asc(field: &str) -> Order {
    Order {
        field: field.to_owned(),
        descending: false,
    }
}

fn desc(field: &str) -> Order {
    Order {
        field: field.to_owned(),
        descending: true,
    }
}

fn is(field: &str, test: Test) -> Filter {
    Filter::Field(field.to_owned(), test)
}

#[test]
fn nothing_asked_is_the_first_page_of_everything() {
    let query = Query {
        limit: 20,
        cursor: None,
        sort: Vec::new(),
        filter: Filter::everything(),
        fields: None,
        expand: Vec::new(),
        explain: false,
    };
    assert_eq!(parse(&[]), Ok(query));
}

#[test]
fn a_limit_is_1_to_100() {
    for (text, expected) in [("1", 1), ("100", 100), ("007", 7)] {
        assert_eq!(
            parse(&[("limit", text)]).map(|query| query.limit),
            Ok(expected)
        );
    }
    for text in [
        "",
        "0",
        "101",
        "-1",
        "+5",
        "1.0",
        "1e1",
        " 5",
        "99999999999999999999",
    ] {
        assert_eq!(
            faults(&[("limit", text)]),
            [("limit".to_owned(), "range".to_owned())],
            "{text:?}"
        );
    }
}

#[test]
fn an_order_is_written_in_three_ways() {
    for (parameters, expected) in [
        (vec![("sort", "price")], vec![asc("price")]),
        (
            vec![("sort", "-price,title")],
            vec![desc("price"), asc("title")],
        ),
        (
            vec![("sort", "price:desc,title:asc")],
            vec![desc("price"), asc("title")],
        ),
        (vec![("sort", "id")], vec![asc("id")]),
        (vec![("sortBy", "price")], vec![desc("price")]),
        (
            vec![("sortBy", "price"), ("sortDirection", "asc")],
            vec![asc("price")],
        ),
        (vec![("sortDirection", "asc")], vec![asc("createdAt")]),
        (
            vec![("sort", "-price"), ("sortBy", "price")],
            vec![desc("price")],
        ),
    ] {
        assert_eq!(
            parse(&parameters).map(|query| query.sort),
            Ok(expected),
            "{parameters:?}"
        );
    }
    for (parameters, field, code) in [
        (vec![("sort", "")], "sort", "unknown-field"),
        (vec![("sort", "price,")], "sort", "unknown-field"),
        (vec![("sort", "--price")], "sort", "unknown-field"),
        (vec![("sort", "+price")], "sort", "unknown-field"),
        (
            vec![("sort", "-price:asc,-secret")],
            "sort",
            "unknown-field",
        ),
        (vec![("sort", "price:up")], "sort", "type"),
        (vec![("sort", "meta")], "sort", "type"),
        (vec![("sort", "tags")], "sort", "type"),
        (vec![("sort", "price,-price")], "sort", "repeated"),
        (vec![("sort", &"price,".repeat(11))], "sort", "range"),
        (vec![("sortBy", "-price")], "sortBy", "unknown-field"),
        (vec![("sortBy", "price,title")], "sortBy", "range"),
        (
            vec![("sortBy", "price"), ("sortDirection", "up")],
            "sortDirection",
            "type",
        ),
        (
            vec![("sort", "price"), ("sortBy", "price")],
            "sortBy",
            "conflict",
        ),
    ] {
        assert_eq!(
            faults(&parameters)[0],
            (field.to_owned(), code.to_owned()),
            "{parameters:?}"
        );
    }
}

#[test]
fn fields_and_paths_are_checked() {
    let query = parse(&[
        ("fields", "title,id,title,createdAt"),
        ("expand", "author,readers.team,author"),
        ("explain", "true"),
        ("cursor", "c"),
    ]);
    let query = query.expect("valid");
    assert_eq!(
        query.fields,
        Some(["title", "id", "createdAt"].map(str::to_owned).to_vec())
    );
    assert_eq!(
        query.expand,
        [
            vec!["author".to_owned()],
            vec!["readers".to_owned(), "team".to_owned()]
        ]
    );
    assert!(query.explain);
    assert_eq!(query.cursor.as_deref(), Some("c"));
    for (name, value, code) in [
        ("fields", "", "unknown-field"),
        ("fields", "title,secret", "unknown-field"),
        ("fields", "meta.a", "unknown-field"),
        ("fields", &"title,".repeat(101), "range"),
        ("expand", "", "unknown-field"),
        ("expand", "secret", "unknown-field"),
        ("expand", "title", "type"),
        ("expand", "createdBy", "type"),
        ("expand", "tags", "type"),
        ("expand", "author.", "depth"),
        ("expand", "author.a.b", "depth"),
        ("expand", &"author,".repeat(11), "range"),
        ("explain", "1", "type"),
    ] {
        assert_eq!(
            faults(&[(name, value)])[0],
            (name.to_owned(), code.to_owned()),
            "{name}={value}"
        );
    }
}

#[test]
fn two_spellings_are_one_filter() {
    for (parameters, written) in [
        (vec![("title", "a")], r#"{"title":"a"}"#),
        (vec![("title", "")], r#"{"title":{"$eq":""}}"#),
        (vec![("title_ne", "a,b")], r#"{"title":{"$ne":"a,b"}}"#),
        (vec![("price_gt", "5")], r#"{"price":{"$gt":5.0}}"#),
        (vec![("price_gte", "-0.50")], r#"{"price":{"$gte":-5e-1}}"#),
        (vec![("count_lt", "10")], r#"{"count":{"$lt":10}}"#),
        (vec![("count_lte", "1e1")], r#"{"count":{"$lte":10}}"#),
        (
            vec![("price", "12345678901234567890123456789012345678")],
            r#"{"price":12345678901234567890123456789012345678}"#,
        ),
        (
            vec![("title_in", "a,b,")],
            r#"{"title":{"$in":["a","b",""]}}"#,
        ),
        (vec![("count_nin", "1,2")], r#"{"count":{"$nin":[1,2.0]}}"#),
        (vec![("done", "true")], r#"{"done":true}"#),
        (vec![("done_gt", "false")], r#"{"done":{"$gt":false}}"#),
        (
            vec![("meta_exists", "false")],
            r#"{"meta":{"$exists":false}}"#,
        ),
        (
            vec![("due_gte", "2026-11-21")],
            r#"{"due":{"$gte":"2026-11-21T01:00:00+01:00"}}"#,
        ),
        (
            vec![("createdAt_lt", "2026-11-21")],
            r#"{"createdAt":{"$lt":"2026-11-21T00:00:00.000Z"}}"#,
        ),
        (
            vec![("createdBy", USER)],
            r#"{"createdBy":"01890000-0000-7000-8000-000000000001"}"#,
        ),
        (vec![("author", "x")], r#"{"author":"x"}"#),
        (
            vec![("title_contains", "a b")],
            r#"{"title":{"$contains":"a b"}}"#,
        ),
        (
            vec![("tags_contains", "5")],
            r#"{"tags":{"$contains":"5"}}"#,
        ),
        (
            vec![("things_contains", "5")],
            r#"{"things":{"$contains":5}}"#,
        ),
        (
            vec![("things_contains", "\"5\"")],
            r#"{"things":{"$contains":"5"}}"#,
        ),
        (
            vec![("things_contains", "five")],
            r#"{"things":{"$contains":"five"}}"#,
        ),
        (
            vec![("title_startsWith", "a")],
            r#"{"title":{"$startsWith":"a"}}"#,
        ),
        (vec![("size_in", "5")], r#"{"size_in":"5"}"#),
        (vec![("size_in_in", "5")], r#"{"size_in":{"$in":["5"]}}"#),
        (
            vec![("count_gte", "1"), ("count_lt", "5")],
            r#"{"count":{"$gte":1,"$lt":5}}"#,
        ),
        (
            vec![("count_gte", "1"), ("count_lt", "5")],
            r#"{"$and":[{"count":{"$gte":1}},{"$and":[{"count":{"$lt":5}}]}]}"#,
        ),
        (
            vec![("count", "1"), ("title", "a")],
            r#"{"count":1,"title":"a"}"#,
        ),
        (
            vec![("count", "1"), ("title", "a")],
            r#"[{"count":1},{"title":"a"}]"#,
        ),
        (
            vec![("orFilters", r#"[{"count":1},{"title":"a"}]"#)],
            r#"{"$or":[{"count":1},{"title":"a"}]}"#,
        ),
        (
            vec![("orFilters", r#"{"count":1,"title":"a"}"#)],
            r#"{"$or":[{"count":1},{"title":"a"}]}"#,
        ),
        (
            vec![("andFilters", r#"[{"count":1},{"title":"a"}]"#)],
            r#"{"count":1,"title":"a"}"#,
        ),
        (vec![], "{}"),
        (vec![("orFilters", "{}")], "{}"),
    ] {
        let suffixed = parse(&parameters).expect(written).filter;
        assert_eq!(filter("filter", written), suffixed, "{parameters:?}");
        assert_eq!(filter("andFilters", written), suffixed, "{parameters:?}");
    }
}

#[test]
fn a_filter_becomes_a_tree() {
    let one = json!(1);
    for (written, expected) in [
        (r#"{"count":null}"#, is("count", Test::Eq(None))),
        (
            r#"{"count":{"$in":[null,1]}}"#,
            is("count", Test::In(vec![None, Some(one.clone())])),
        ),
        (r#"{"count":{"$in":[]}}"#, is("count", Test::In(vec![]))),
        (
            r#"{"title":"a\\\":\"b"}"#,
            is("title", Test::Eq(Some(json!(r#"a\":"b"#)))),
        ),
        (
            r#"{"$not":{"count":1}}"#,
            Filter::Not(Box::new(is("count", Test::Eq(Some(one.clone()))))),
        ),
        (
            r#"{"count":{"$not":{"$gt":1}}}"#,
            Filter::Not(Box::new(is("count", Test::Gt(one.clone())))),
        ),
        (
            r#"{"$or":[{"done":true,"count":1},{"$or":[{"title":"a"}]}]}"#,
            Filter::Any(vec![
                Filter::All(vec![
                    is("count", Test::Eq(Some(one))),
                    is("done", Test::Eq(Some(json!(true)))),
                ]),
                is("title", Test::Eq(Some(json!("a")))),
            ]),
        ),
    ] {
        assert_eq!(filter("filter", written), expected, "{written}");
    }
    let searched = ["title", "note", "size_in"].map(str::to_owned).to_vec();
    assert_eq!(
        filter("search", "ÄB"),
        Filter::Search("äb".to_owned(), searched)
    );
}

#[test]
fn every_fault_is_named() {
    let nested = |levels: usize| {
        format!(
            "{}{{\"count\":1}}{}",
            "{\"$not\":".repeat(levels),
            "}".repeat(levels)
        )
    };
    let many = format!("[{}]", vec![r#"{"count":1}"#; 31].join(","));
    let values = vec!["1"; 101].join(",");
    let long = "x".repeat(129);
    for (name, value, code) in [
        ("secret", "1", "unknown-parameter"),
        ("secret_gt", "1", "unknown-parameter"),
        ("page", "2", "unknown-parameter"),
        ("", "", "unknown-parameter"),
        ("_gt", "1", "unknown-parameter"),
        ("meta.a", "1", "unknown-parameter"),
        ("price_", "1", "unknown-operator"),
        ("price_eq", "1", "unknown-operator"),
        ("price_GT", "1", "unknown-operator"),
        ("price_gt_gt", "1", "unknown-parameter"),
        ("price", "", "type"),
        ("price", "null", "type"),
        ("price", " 5", "type"),
        ("price", "5\n", "type"),
        ("price", "05", "type"),
        ("price", "0x5", "type"),
        ("price", "NaN", "type"),
        ("price", "\"5\"", "type"),
        ("price", "1e126", "range"),
        ("price", "123456789012345678901234567890123456789", "range"),
        ("price_in", "", "type"),
        ("price_in", "1,,2", "type"),
        ("price_in", &values, "range"),
        ("price_contains", "1", "operator"),
        ("price_startsWith", "1", "operator"),
        ("count", "1.5", "type"),
        ("done", "", "type"),
        ("done", "1", "type"),
        ("done", "True", "type"),
        ("due", "", "format"),
        ("due_gt", "soon", "format"),
        ("createdAt_gt", "2026-11-21 10:00", "format"),
        ("author", "", "type"),
        ("author_contains", "a", "operator"),
        ("id_startsWith", "a", "operator"),
        ("title", "a\0b", "nul"),
        ("title_exists", "yes", "type"),
        ("title_exists", "", "type"),
        ("meta", "{}", "operator"),
        ("meta_gt", "1", "operator"),
        ("meta_contains", "1", "operator"),
        ("tags", "a", "operator"),
        ("tags_in", "a", "operator"),
        ("lists_contains", "[]", "operator"),
        ("things_contains", "[]", "type"),
        ("things_contains", "null", "type"),
        ("search", "", "range"),
        ("search", &long, "range"),
        ("filter", "", "type"),
        ("filter", "{", "type"),
        ("filter", "1", "type"),
        ("filter", "[]", "type"),
        ("filter", "[1]", "type"),
        ("filter", r#"{"secret":1}"#, "unknown-field"),
        ("filter", r#"{"meta.a":1}"#, "unknown-field"),
        ("filter", r#"{"price_gt":1}"#, "unknown-field"),
        ("filter", r#"{"":1}"#, "unknown-field"),
        ("filter", r#"{"$nor":[]}"#, "unknown-operator"),
        ("filter", r#"{"$where":"1"}"#, "unknown-operator"),
        ("filter", r#"{"price":{"gt":1}}"#, "unknown-operator"),
        ("filter", r#"{"price":{"$regex":1}}"#, "unknown-operator"),
        ("filter", r#"{"price":{"$and":[]}}"#, "unknown-operator"),
        ("filter", r#"{"price":{"$not":1}}"#, "unknown-operator"),
        ("filter", r#"{"price":{}}"#, "type"),
        ("filter", r#"{"price":[1]}"#, "type"),
        ("filter", r#"{"price":"1"}"#, "type"),
        ("filter", r#"{"price":{"$gt":null}}"#, "type"),
        ("filter", r#"{"price":{"$gt":{"$gt":1}}}"#, "type"),
        ("filter", r#"{"price":{"$in":1}}"#, "type"),
        ("filter", r#"{"price":{"$in":[[1]]}}"#, "type"),
        ("filter", r#"{"price":{"$exists":"true"}}"#, "type"),
        ("filter", r#"{"meta":{"a":1}}"#, "unknown-operator"),
        ("filter", r#"{"title":{"$startsWith":1}}"#, "type"),
        ("filter", r#"{"tags":{"$contains":1}}"#, "type"),
        ("filter", r#"{"$and":{}}"#, "type"),
        ("filter", r#"{"$or":[]}"#, "type"),
        ("filter", r#"{"$or":[1]}"#, "type"),
        ("filter", r#"{"$not":[]}"#, "type"),
        ("filter", r#"{"count":1,"count":2}"#, "repeated"),
        (
            "filter",
            r#"{"price":{"$serde_json::private::Number":"5"}}"#,
            "repeated",
        ),
        ("filter", &nested(5), "depth"),
        ("filter", &nested(100), "depth"),
        (
            "filter",
            &format!("{{\"count\":{}}}", nested(5).replace("count", "$gt")),
            "depth",
        ),
        ("filter", &"{\"$not\":".repeat(2000), "type"),
        ("filter", &many, "range"),
    ] {
        let faults = faults(&[(name, value)]);
        assert_eq!(
            faults,
            [(name.to_owned(), code.to_owned())],
            "{name}={value}"
        );
    }
    assert!(parse(&[("filter", &nested(4))]).is_ok());
    assert!(
        parse(&[(
            "filter",
            &format!("{{\"count\":{}}}", nested(4).replace("count", "$gt"))
        )])
        .is_ok()
    );
    assert!(
        parse(&[(
            "filter",
            &format!("[{}]", vec![r#"{"count":1}"#; 30].join(","))
        )])
        .is_ok()
    );
    let repeated = [("title", "a"), ("count", "x"), ("title", "a")];
    assert_eq!(
        faults(&repeated),
        [("count", "type"), ("title", "repeated")].map(|(a, b)| (a.to_owned(), b.to_owned()))
    );
}

#[test]
fn the_lists_of_a_query_share_their_values() {
    let list = |values: std::ops::Range<usize>| {
        values.map(|n| n.to_string()).collect::<Vec<_>>().join(",")
    };
    let either = |values: &str| {
        format!(r#"{{"$or":[{{"price":{{"$in":[{values}]}}}},{{"count":{{"$nin":[1,2]}}}}]}}"#)
    };
    for (price, filter, fits) in [
        (list(0..98), "{}".to_owned(), true),
        (list(0..100), "{}".to_owned(), true),
        (list(0..60), either(&list(0..38)), true),
        (list(0..60), either(&list(0..39)), false),
        (list(0..1), either(&list(0..98)), false),
        // A value that comes again costs nothing, however it is written.
        (
            list(0..60),
            either(&format!("{},1.0,1e0,0.1e1", list(0..38))),
            true,
        ),
        (vec!["1,1.0"; 50].join(","), either(&list(0..97)), true),
    ] {
        let parameters = [("price_nin", price.as_str()), ("filter", filter.as_str())];
        if fits {
            assert!(parse(&parameters).is_ok(), "{parameters:?}");
        } else {
            assert_eq!(
                faults(&parameters),
                [("filter".to_owned(), "range".to_owned())],
                "{parameters:?}"
            );
        }
    }
}

#[test]
fn an_error_says_what_is_allowed_and_repeats_little() {
    let message = |name: &str, value: &str| {
        let error = super::parse(&definition(), [(name, value)]).expect_err(name);
        error.details.into_iter().next().expect("a detail").message
    };
    for (name, value, expected) in [
        ("price_gte", "x", "`price_gte` must be a number."),
        (
            "foo",
            "x",
            "`foo` is neither a field of this collection nor one of limit, cursor, sort, sortBy, sortDirection, fields, \
             expand, explain, filter, andFilters, orFilters, search.",
        ),
        (
            "price_foo",
            "x",
            "`price_foo` ends in no operator of `price`; there are: _ne, _gt, _gte, _lt, _lte, _in, _nin, _exists.",
        ),
        (
            "tags",
            "x",
            "`tags` does not go with the type of `tags`, which has: _exists, _contains.",
        ),
        (
            "filter",
            r#"{"price":{"$gte":"x"}}"#,
            "`filter`: `price` `$gte` must be a number.",
        ),
        (
            "filter",
            r#"{"meta":{"$gte":"x"}}"#,
            "`filter`: `meta` `$gte` does not go with the type of `meta`, which has: $exists.",
        ),
        (
            "orFilters",
            r#"{"foo":1}"#,
            "`orFilters`: `foo` is not a field of this collection.",
        ),
    ] {
        assert_eq!(message(name, value), expected);
    }
    let long = "ä".repeat(1000);
    let object = format!("{{\"{long}\":1}}");
    let operator = format!("{{\"title\":{{\"${long}\":1}}}}");
    for (name, value) in [
        (long.as_str(), "1"),
        ("title_x", "1"),
        ("price", &long),
        ("sort", &long),
        ("fields", &long),
        ("expand", &long),
        ("expand", &format!("author.{long}.a")),
        ("filter", &object),
        ("filter", &operator),
    ] {
        let error = super::parse(&definition(), [(name, value)]).expect_err(name);
        for detail in error.details {
            assert!(detail.field.chars().count() <= 64);
            assert!(
                detail.message.matches('ä').count() <= 64,
                "{}",
                detail.message
            );
        }
    }
}

#[test]
fn a_count_knows_filters_alone() {
    let count = |name, value| super::parse_filter_only(&definition(), [(name, value)]);
    assert_eq!(count("price_gt", "5").ok(), Some(filter("price_gt", "5")));
    assert_eq!(count("search", "a").ok(), Some(filter("search", "a")));
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
        assert_eq!(
            count(name, "1").expect_err(name).details[0].code,
            "unknown-parameter"
        );
    }
}

#[test]
fn records_pass_or_do_not() {
    let full = record(
        json!({ "title": "Blue Straße", "price": 1.5, "count": 0, "done": false, "meta": { "a": 1 },
        "due": "2026-11-21T10:00:00.000Z", "tags": ["a", "b"], "things": [1, "2", true, null, [3]], "author": USER }),
    );
    let empty = record(json!({ "title": null }));
    for (name, value, passes, empty_passes) in [
        ("title", "Blue Straße", true, false),
        ("title", "blue Straße", false, false),
        ("title_ne", "x", true, true),
        ("title_gt", "Blue", true, false),
        ("title_lt", "Blue", false, false),
        ("title_lte", "a", true, false),
        ("title_contains", "e S", true, false),
        ("title_contains", "", true, false),
        ("title_contains", "E", false, false),
        ("title_startsWith", "Blue", true, false),
        ("title_startsWith", "lue", false, false),
        ("title_in", "x,Blue Straße", true, false),
        ("title_nin", "x,Blue Straße", false, true),
        ("title_exists", "true", true, false),
        ("title_exists", "false", false, true),
        ("price", "1.50", true, false),
        ("price_gte", "1.5", true, false),
        ("price_gt", "1.5", false, false),
        (
            "price_gt",
            "1.4999999999999999999999999999999999999",
            true,
            false,
        ),
        (
            "price_lt",
            "1.5000000000000000000000000000000000001",
            true,
            false,
        ),
        ("count_gt", "-1", true, false),
        ("done", "false", true, false),
        ("done_lt", "true", true, false),
        ("due_gt", "2026-11-21", true, false),
        ("due", "2026-11-21T11:00:00+01:00", true, false),
        ("meta_exists", "true", true, false),
        ("tags_contains", "a", true, false),
        ("tags_contains", "A", false, false),
        ("things_contains", "1.0", true, false),
        ("things_contains", "2", false, false),
        ("things_contains", "\"2\"", true, false),
        ("things_contains", "true", true, false),
        ("author", USER, true, false),
        ("id", ID, true, true),
        ("id_lt", ID, false, false),
        ("createdBy_in", USER, true, true),
        ("createdAt", "2026-11-20", true, true),
        ("updatedAt_gt", "2026-11-20T23:59:59.999Z", true, true),
        ("search", "BLUE", true, false),
        ("search", "STRASSE", true, false),
        ("search", "e s", true, false),
        ("search", "green", false, false),
        ("filter", r#"{"title":null}"#, false, true),
        ("filter", r#"{"title":{"$ne":null}}"#, true, false),
        ("filter", r#"{"title":{"$in":[null,"x"]}}"#, false, true),
        ("filter", r#"{"title":{"$nin":[null]}}"#, true, false),
        ("filter", r#"{"title":{"$in":[]}}"#, false, false),
        ("filter", r#"{"title":{"$nin":[]}}"#, true, true),
        ("filter", r#"{"title":{"$not":{"$gt":"A"}}}"#, false, true),
        (
            "filter",
            r#"{"$or":[{"title":null},{"count":0}]}"#,
            true,
            true,
        ),
        ("filter", r#"{"count":0,"done":true}"#, false, false),
        ("filter", "{}", true, true),
        ("orFilters", r#"{"count":0,"done":true}"#, true, false),
    ] {
        let filter = filter(name, value);
        assert_eq!(
            (filter.matches(&full), filter.matches(&empty)),
            (passes, empty_passes),
            "{name}={value}"
        );
    }
}

#[test]
fn a_value_of_another_type_is_not_compared() {
    // What a field held before its type was changed.
    let record = record(json!({ "price": "7", "title": 7 }));
    for (name, value) in [
        ("price_gt", "1"),
        ("price_lt", "9"),
        ("price", "7"),
        ("title", "7"),
        ("title_contains", "7"),
    ] {
        assert!(!filter(name, value).matches(&record), "{name}={value}");
    }
    assert!(filter("price_ne", "7").matches(&record));
}

#[test]
fn the_canonical_text_tells_filters_apart() {
    let texts = [
        ("title", "a"),
        ("title", "b"),
        ("note", "a"),
        ("title_ne", "a"),
        ("title_gt", "a"),
        ("title_gte", "a"),
        ("title_lt", "a"),
        ("title_lte", "a"),
        ("title_in", "a"),
        ("title_in", "a,b"),
        ("filter", r#"{"title":{"$in":["a,b"]}}"#),
        ("filter", r#"{"title":{"$in":["a\",\"b"]}}"#),
        ("title_nin", "a"),
        ("title_contains", "a"),
        ("title_startsWith", "a"),
        ("title_exists", "true"),
        ("title_exists", "false"),
        ("search", "a"),
        ("things_contains", "1"),
        ("things_contains", "\"1\""),
        ("filter", r#"{"title":null}"#),
        ("filter", r#"{"title":"null"}"#),
        ("filter", r#"{"$not":{"title":"a"}}"#),
        ("filter", r#"{"$or":[{"title":"a"},{"note":"a"}]}"#),
        ("filter", r#"{"title":"a","note":"a"}"#),
        ("filter", r#"{"$not":{"title":"a","note":"a"}}"#),
        (
            "filter",
            r#"{"$or":[{"title":"a","note":"a"},{"title":"b"}]}"#,
        ),
        (
            "filter",
            r#"{"$or":[{"title":"a"},{"note":"a","title":"b"}]}"#,
        ),
        ("filter", "{}"),
    ];
    let canonical: BTreeSet<String> = texts
        .iter()
        .map(|(name, value)| filter(name, value).canonical())
        .collect();
    assert_eq!(canonical.len(), texts.len());
    let of = |parameters: &[(&str, &str)]| parse(parameters).expect("valid").filter.canonical();
    assert_eq!(
        of(&[("title", "a"), ("count_gt", "1.0")]),
        of(&[("count_gt", "1"), ("title", "a")])
    );
    assert_eq!(of(&[("title", "a\"")]), r#"["field","title","eq","a\""]"#);
}

// Properties, each over a few thousand seeded cases.

/// A source of cases: xorshift, so that a failure can be had again from its seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 11).expect("53 bits") % end
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    fn digits(&mut self, most: usize) -> String {
        (0..=self.below(most))
            .map(|_| char::from(b'0' + self.next().to_le_bytes()[3] % 10))
            .collect()
    }

    /// A JSON number that DynamoDB can hold, and what it is worth: its sign and its digits at 10^-200.
    fn number(&mut self) -> (String, (i8, String)) {
        let digits = if self.below(4) == 0 {
            self.one(&["0", "1", "10", "5"]).to_owned()
        } else {
            self.digits(38)
        };
        let digits = if digits.trim_start_matches('0').is_empty() {
            "0"
        } else {
            digits.trim_start_matches('0')
        };
        let exponent = if self.below(3) == 0 {
            self.below(200) as i32 - 110
        } else {
            self.below(7) as i32 - 3
        };
        let exponent = exponent.clamp(-130, 126 - digits.len() as i32);
        let negative = self.below(2) == 0;
        let sign = if negative { "-" } else { "" };
        // The same value in one of several spellings.
        let text = match self.below(3) {
            0 => format!("{sign}{digits}e{exponent}"),
            1 => format!("{sign}{digits}.000E{exponent:+}"),
            _ if exponent < 0 && digits.len() > exponent.unsigned_abs() as usize => {
                let (whole, fraction) =
                    digits.split_at(digits.len() - exponent.unsigned_abs() as usize);
                format!("{sign}{whole}.{fraction}")
            }
            _ if digits == "0" => format!("{sign}0.0"),
            _ => format!("{sign}{digits}0e{}", exponent - 1),
        };
        if digits == "0" {
            return (text, (0, String::new()));
        }
        let scaled = format!(
            "{digits}{}",
            "0".repeat(usize::try_from(exponent + 200).expect("positive"))
        );
        (text, (if negative { -1 } else { 1 }, scaled))
    }

    fn scalar(&mut self) -> Option<Value> {
        Some(match self.below(8) {
            0 => return None,
            1 => json!(self.below(2) == 0),
            2..=4 => serde_json::from_str(&self.number().0).expect("a number"),
            5 => json!([1]),
            _ => json!(self.one(&["", "a", "A", "é", "b", "ab", "\u{10ffff}", "\u{ffff}"])),
        })
    }
}

#[test]
fn numbers_compare_as_big_decimals_do() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut equal = 0;
    for case in 0..20_000 {
        let (a, b) = (random.number(), random.number());
        // Now and then the same value in two spellings.
        let b = if case % 5 == 0 {
            (canonical(&a.0).expect("in range"), a.1.clone())
        } else {
            b
        };
        let by_size = |a: &str, b: &str| a.len().cmp(&b.len()).then_with(|| a.cmp(b));
        let expected = a.1.0.cmp(&b.1.0).then_with(|| match a.1.0 {
            -1 => by_size(&b.1.1, &a.1.1),
            _ => by_size(&a.1.1, &b.1.1),
        });
        let value = |text: &str| serde_json::from_str::<Value>(text).expect("a number");
        assert_eq!(
            compare(Some(&value(&a.0)), Some(&value(&b.0))),
            expected,
            "{} {}",
            a.0,
            b.0
        );
        assert_eq!(
            canonical(&a.0) == canonical(&b.0),
            expected.is_eq(),
            "{} {}",
            a.0,
            b.0
        );
        equal += usize::from(expected.is_eq());
    }
    assert!(equal > 4_000);
    // Beyond what is stored, but no reason to fail.
    for (a, b) in [
        ("1e99999999999", "1"),
        ("1", "1e-99999999999"),
        ("0", "-1e99999999999"),
    ] {
        let value = |text: &str| serde_json::from_str::<Value>(text).expect("a number");
        assert_eq!(
            compare(Some(&value(a)), Some(&value(b))),
            Ordering::Greater,
            "{a} {b}"
        );
    }
}

#[test]
fn the_order_of_values_is_total() {
    let mut random = Random(7);
    for _ in 0..20_000 {
        let (a, b, c) = (random.scalar(), random.scalar(), random.scalar());
        let (a, b, c) = (a.as_ref(), b.as_ref(), c.as_ref());
        assert_eq!(compare(a, a), Ordering::Equal);
        assert_eq!(compare(a, b), compare(b, a).reverse(), "{a:?} {b:?}");
        if compare(a, b).is_le() && compare(b, c).is_le() {
            assert!(compare(a, c).is_le(), "{a:?} {b:?} {c:?}");
        }
    }
    let sorted = [
        None,
        Some(json!(false)),
        Some(json!(true)),
        Some(json!(-1)),
        Some(json!(2)),
        Some(json!("")),
        Some(json!("1")),
        Some(json!([])),
    ];
    assert!(
        sorted
            .windows(2)
            .all(|pair| compare(pair[0].as_ref(), pair[1].as_ref()) == Ordering::Less)
    );
    assert_eq!(compare(None, Some(&Value::Null)), Ordering::Equal);
}

#[test]
fn no_text_makes_the_parser_panic() {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "$and",
        "$or",
        "$not",
        "$eq",
        "$in",
        "$exists",
        "$contains",
        "\"price\"",
        "\"title\":",
        "\"$not\":",
        "\"$or\":[",
        "\"$gt\":",
        "null",
        "true",
        "1",
        "-1e5",
        "1e999999999999",
        "_",
        ".",
        "-",
        "title",
        "tags",
        "limit",
        "sort",
        "filter",
        "orFilters",
        "search",
        "_gt",
        "_in",
        "\0",
        "ä",
        "\u{10ffff}",
        " ",
        "2026-11-21",
        "{\"$not\":{\"title\":{\"$not\":",
        "[[[[[[[[",
    ];
    let names = [
        "limit",
        "cursor",
        "sort",
        "sortBy",
        "sortDirection",
        "fields",
        "expand",
        "explain",
        "filter",
        "andFilters",
        "orFilters",
        "search",
        "title",
        "price_in",
        "due_gt",
        "things_contains",
        "",
    ];
    let definition = definition();
    let mut random = Random(11);
    for _ in 0..30_000 {
        let mut text =
            || -> String { (0..random.below(12)).map(|_| random.one(&pieces)).collect() };
        let (name, value, other) = (text(), text(), text());
        let name = if random.below(4) == 0 {
            name
        } else {
            random.one(&names).to_owned()
        };
        if let Err(error) = super::parse(&definition, [(&name, &value), (&other, &value)]) {
            assert!(!error.details.is_empty() && error.details.len() <= 20);
        }
        let _ = super::parse_filter_only(&definition, [(&name, &value)]);
    }
}

/// A filter as JSON and as the tree that it should become.
fn any_filter(random: &mut Random, depth: usize) -> (Value, Filter) {
    match if depth >= 4 {
        3 + random.below(3)
    } else {
        random.below(6)
    } {
        0 => {
            let (json, filter) = any_filter(random, depth + 1);
            (json!({ "$not": json }), Filter::Not(Box::new(filter)))
        }
        kind @ (1 | 2) => {
            let (values, filters): (Vec<Value>, Vec<Filter>) = (0..=random.below(2))
                .map(|_| any_filter(random, depth + 1))
                .unzip();
            // One in another of its kind is the same as both in one.
            let mut flat = Vec::new();
            for filter in filters {
                match filter {
                    Filter::All(inner) if kind == 1 => flat.extend(inner),
                    Filter::Any(inner) if kind == 2 => flat.extend(inner),
                    filter => flat.push(filter),
                }
            }
            let (word, filter) = match (flat.len(), kind) {
                (1, 1) => ("$and", flat.remove(0)),
                (1, _) => ("$or", flat.remove(0)),
                (_, 1) => ("$and", Filter::All(flat)),
                _ => ("$or", Filter::Any(flat)),
            };
            (json!({ word: values }), filter)
        }
        _ => {
            let (field, operator, value, test, _) = any_test(random);
            (
                json!({ field: { format!("${operator}"): value } }),
                is(field, test),
            )
        }
    }
}

/// A condition: its field, its operator, its operand as JSON, what it should become, and its operand as a parameter.
fn any_test(random: &mut Random) -> (&'static str, &'static str, Value, Test, String) {
    let field = random.one(&["title", "price", "count", "done", "createdBy"]);
    let operand = |random: &mut Random| -> (Value, String) {
        match field {
            "title" => {
                let text = random
                    .one(&["", "a", "b", "ab", "\"", "é", " ", "null", "1", "true"])
                    .to_owned();
                (json!(text), text)
            }
            "price" => {
                let text = random.number().0;
                (serde_json::from_str(&text).expect("a number"), text)
            }
            "count" => {
                let count = random.below(5);
                (json!(count), count.to_string())
            }
            "done" => {
                let done = random.below(2) == 0;
                (json!(done), done.to_string())
            }
            _ => (json!(USER), USER.to_owned()),
        }
    };
    let stored = |value: Value| match value {
        Value::Number(number) => {
            serde_json::from_str(&canonical(&number.to_string()).expect("in range"))
                .expect("a number")
        }
        value => value,
    };
    let (value, text) = operand(random);
    let known = stored(value.clone());
    let operators: &[&str] = match field {
        "title" => &[
            "eq",
            "ne",
            "gt",
            "gte",
            "lt",
            "lte",
            "in",
            "nin",
            "exists",
            "contains",
            "startsWith",
        ],
        _ => &["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "exists"],
    };
    let operator = random.one(operators);
    let test = match operator {
        "eq" => Test::Eq(Some(known)),
        "ne" => Test::Ne(Some(known)),
        "gt" => Test::Gt(known),
        "gte" => Test::Gte(known),
        "lt" => Test::Lt(known),
        "lte" => Test::Lte(known),
        "contains" => Test::Contains(known),
        "startsWith" => Test::StartsWith(known.as_str().expect("text").to_owned()),
        "exists" => {
            let exists = random.below(2) == 0;
            return (
                field,
                operator,
                json!(exists),
                Test::Exists(exists),
                exists.to_string(),
            );
        }
        _ => {
            let (other, other_text) = operand(random);
            let mut both = vec![Some(known), Some(stored(other.clone()))];
            both.dedup();
            let test = if operator == "in" {
                Test::In(both)
            } else {
                Test::Nin(both)
            };
            return (
                field,
                operator,
                json!([value, other]),
                test,
                format!("{text},{other_text}"),
            );
        }
    };
    (field, operator, value, test, text)
}

fn any_record(random: &mut Random) -> Record {
    let mut fields = Map::new();
    let texts = ["", "a", "b", "ab", "abc", "é"];
    let mut put = |random: &mut Random, name: &str, value: Value| {
        if random.below(3) > 0 {
            fields.insert(name.to_owned(), value);
        }
    };
    let (title, price, count, done) = (
        random.one(&texts),
        random.number().0,
        random.below(5),
        random.below(2) == 0,
    );
    put(random, "title", json!(title));
    put(
        random,
        "price",
        serde_json::from_str(&canonical(&price).expect("in range")).expect("a number"),
    );
    put(random, "count", json!(count));
    put(random, "done", json!(done));
    let created_by = (random.below(2) == 0).then(|| USER.parse().expect("an id"));
    Record {
        created_by,
        ..record(Value::Object(fields))
    }
}

#[test]
fn suffixes_and_json_agree_and_mean_what_they_say() {
    let mut random = Random(13);
    for _ in 0..5_000 {
        let (field, operator, value, test, text) = any_test(&mut random);
        let name = if operator == "eq" {
            field.to_owned()
        } else {
            format!("{field}_{operator}")
        };
        let written = json!({ field: { format!("${operator}"): value } }).to_string();
        let expected = is(field, test);
        assert_eq!(filter(&name, &text), expected, "{name}={text}");
        assert_eq!(filter("filter", &written), expected, "{written}");
        // The opposite operators are opposites, of absent values too.
        let opposite = match &expected {
            Filter::Field(_, Test::Eq(value)) => Test::Ne(value.clone()),
            Filter::Field(_, Test::In(values)) => Test::Nin(values.clone()),
            Filter::Field(_, Test::Exists(exists)) => Test::Exists(!exists),
            _ => continue,
        };
        let record = any_record(&mut random);
        assert_ne!(
            expected.matches(&record),
            is(field, opposite).matches(&record),
            "{written} {record:?}"
        );
    }
}

#[test]
fn trees_compile_as_written_and_not_is_the_opposite() {
    let mut random = Random(17);
    let (mut passed, mut canonical) = (0, std::collections::BTreeMap::new());
    for _ in 0..5_000 {
        let (json, expected) = any_filter(&mut random, 1);
        let written = json.to_string();
        let compiled = filter("filter", &written);
        assert_eq!(compiled, expected, "{written}");
        let negated = Filter::Not(Box::new(compiled.clone()));
        let either = Filter::Any(vec![compiled.clone(), negated.clone()]);
        let both = Filter::All(vec![compiled.clone(), negated.clone()]);
        for _ in 0..5 {
            let record = any_record(&mut random);
            let passes = compiled.matches(&record);
            passed += usize::from(passes);
            assert_ne!(passes, negated.matches(&record), "{written} {record:?}");
            assert!(either.matches(&record) && !both.matches(&record));
            // What an index may be asked for is never less than the filter.
            let narrowed = compiled
                .conjunction()
                .iter()
                .all(|(field, test)| is(field, (*test).clone()).matches(&record));
            assert!(narrowed || !passes, "{written} {record:?}");
            // A filter with the same text is the same filter.
            let text = compiled.canonical();
            let same = canonical.entry(text).or_insert_with(|| compiled.clone());
            assert_eq!(same.matches(&record), passes, "{written}");
        }
    }
    assert!((2_000..23_000).contains(&passed), "{passed}");
}

#[test]
fn the_examples_of_the_guide_are_valid_and_agree() {
    let guide = include_str!("../../../../docs/filters.md");
    let products = serde_json::from_str(include_str!("../../../../collections/products.json"))
        .expect("a definition");
    let read = |name: &str, value: &str| {
        super::parse(&products, [(name, value)])
            .unwrap_or_else(|error| panic!("{name}={value}: {error:?}"))
    };
    let (mut rows, mut parameters) = (0, 0);
    for row in guide.lines().filter(|line| line.starts_with("| ")) {
        let mut codes = row.split('`').skip(1).step_by(2).peekable();
        let suffixed = codes.next_if(|code| code.contains('=')).map(|code| {
            let (name, value) = code.split_once('=').expect("a parameter");
            read(name, value).filter
        });
        for json in codes.filter(|code| code.starts_with('{')) {
            let filter = read("filter", json).filter;
            assert_eq!(suffixed.as_ref().unwrap_or(&filter), &filter, "{row}");
            rows += 1;
        }
    }
    for parameter in guide
        .split("--data-urlencode '")
        .skip(1)
        .filter_map(|rest| rest.split_once('\''))
    {
        let (name, value) = parameter.0.split_once('=').expect("a parameter");
        read(name, value);
        parameters += 1;
    }
    assert_eq!((rows, parameters), (18, 6));
}
