use super::{definition, faults, parse};

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
        ("price", r#"{"$serde_json::private::Number":"5"}"#, "type"),
        (
            "filter",
            r#"{"price":{"$gt":{"$serde_json::private::Number":"5"}}}"#,
            "type",
        ),
        (
            "filter",
            r#"{"\u0024serde_json::private::RawValue":"{}"}"#,
            "type",
        ),
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
            "type",
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
        // A repeated value costs nothing, in any notation.
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
        let error = crate::query::parse(&definition(), [(name, value)]).expect_err(name);
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
        let error = crate::query::parse(&definition(), [(name, value)]).expect_err(name);
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
