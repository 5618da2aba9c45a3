use serde_json::json;

use super::{USER, filter, is, parse};
use crate::query::{Filter, Test};

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
