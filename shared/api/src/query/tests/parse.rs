use super::{definition, faults, filter, parse};
use crate::definition::Order;
use crate::query::{Filter, Query};

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
fn a_count_knows_filters_alone() {
    let count = |name, value| crate::query::parse_filter_only(&definition(), [(name, value)]);
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
