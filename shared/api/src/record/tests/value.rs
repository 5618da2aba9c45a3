use serde_json::{Map, Value, json};

use super::of;
use crate::error::MAX_DETAILS;
use crate::record::Write;
use crate::record::value::MAX_MATCHED;

const ID: &str = "01890000-0000-7000-8000-000000000000";

#[test]
fn a_value_meets_what_its_field_demands() {
    let fields = json!([
        { "name": "name", "type": "string", "minLength": 2, "maxLength": 3 },
        { "name": "sku", "type": "string", "pattern": "^[A-Z]+$" },
        { "name": "site", "type": "string", "format": "url" },
        { "name": "state", "type": "string", "enum": ["open", "paid"] },
        { "name": "only", "type": "boolean", "enum": [true] },
        { "name": "step", "type": "integer", "enum": [1, 2] },
        { "name": "many", "type": "integer", "enum": (0..11).collect::<Vec<_>>() },
        { "name": "since", "type": "date", "enum": ["2026-11-21T00:00:00.000Z"] },
        { "name": "price", "type": "number", "min": 0, "max": 99.5 },
        { "name": "tags", "type": "array", "minLength": 1, "maxLength": 2,
            "items": { "type": "string", "maxLength": 2 } },
        { "name": "grid", "type": "array", "items": { "type": "array", "items": { "type": "integer", "max": 9 } } },
        { "name": "size", "type": "object", "fields": [
            { "name": "width", "type": "number", "required": true },
            { "name": "unit", "type": "string", "default": "cm", "enum": ["cm", "in"] },
            { "name": "deep", "type": "object", "fields": [{ "name": "x", "type": "date" }] } ] },
    ]);
    for (body, stored) in [
        (r#"{"name":"äöü"}"#, json!({ "name": "äöü" })),
        (r#"{"name":"😀😀"}"#, json!({ "name": "😀😀" })),
        (
            r#"{"sku":"A","site":"https://a.b/c"}"#,
            json!({ "sku": "A", "site": "https://a.b/c" }),
        ),
        (
            r#"{"state":"paid","only":true,"step":2.0}"#,
            json!({ "state": "paid", "only": true, "step": 2 }),
        ),
        (
            r#"{"since":"2026-11-21T01:00:00+01:00"}"#,
            json!({ "since": "2026-11-21T00:00:00.000Z" }),
        ),
        (r#"{"price":-0.0}"#, json!({ "price": 0 })),
        (r#"{"price":995e-1}"#, json!({ "price": 99.5 })),
        (
            r#"{"tags":["ab"],"grid":[[],[1,9.0]]}"#,
            json!({ "tags": ["ab"], "grid": [[], [1, 9]] }),
        ),
        (
            r#"{"size":{"width":1.50}}"#,
            json!({ "size": { "width": 1.5, "unit": "cm" } }),
        ),
        (
            r#"{"size":{"width":1,"unit":null,"deep":{"x":"2026-11-21"}}}"#,
            json!({ "size": { "width": 1, "unit": "cm", "deep": { "x": "2026-11-21T00:00:00.000Z" } } }),
        ),
    ] {
        for write in [Write::Create, Write::Merge, Write::Replace] {
            assert_eq!(
                of(&fields, body, write).map(|(fields, _)| fields),
                Ok(stored.clone()),
                "{body}"
            );
        }
    }
    for (body, place, code, reason) in [
        (
            r#"{"name":"a"}"#,
            "name",
            "min-length",
            "must have at least 2 characters",
        ),
        (
            r#"{"name":"😀😀😀😀"}"#,
            "name",
            "max-length",
            "must have at most 3 characters",
        ),
        (r#"{"sku":"A1"}"#, "sku", "pattern", "must match `^[A-Z]+$`"),
        (
            r#"{"sku":"A\n"}"#,
            "sku",
            "pattern",
            "must match `^[A-Z]+$`",
        ),
        (
            r#"{"site":"javascript:alert(1)"}"#,
            "site",
            "format",
            "must be an http or https URL",
        ),
        (
            r#"{"state":"Open"}"#,
            "state",
            "enum",
            r#"must be one of "open", "paid""#,
        ),
        (r#"{"only":false}"#, "only", "enum", "must be true"),
        (r#"{"step":3}"#, "step", "enum", "must be one of 1, 2"),
        (r#"{"many":11}"#, "many", "enum", "must be one of 11 values"),
        (
            r#"{"since":"2026-11-22"}"#,
            "since",
            "enum",
            r#"must be "2026-11-21T00:00:00.000Z""#,
        ),
        (r#"{"price":-1e-130}"#, "price", "min", "must be at least 0"),
        (
            r#"{"price":99.500000000000000000000000000000000001}"#,
            "price",
            "max",
            "must be at most 99.5",
        ),
        (
            r#"{"tags":[]}"#,
            "tags",
            "min-length",
            "must have at least 1 items",
        ),
        (
            r#"{"tags":["a","b","c"]}"#,
            "tags",
            "max-length",
            "must have at most 2 items",
        ),
        (
            r#"{"tags":["a","abc"]}"#,
            "tags[1]",
            "max-length",
            "must have at most 2 characters",
        ),
        (
            r#"{"tags":["a",null]}"#,
            "tags[1]",
            "type",
            "must be a string",
        ),
        (
            r#"{"grid":[[],[0,10]]}"#,
            "grid[1][1]",
            "max",
            "must be at most 9",
        ),
        (r#"{"grid":[[],1]}"#, "grid[1]", "type", "must be an array"),
        (r#"{"size":{}}"#, "size.width", "required", "is required"),
        (
            r#"{"size":{"width":null}}"#,
            "size.width",
            "required",
            "is required",
        ),
        (
            r#"{"size":{"width":1,"unit":"m"}}"#,
            "size.unit",
            "enum",
            r#"must be one of "cm", "in""#,
        ),
        (
            r#"{"size":{"width":"1"}}"#,
            "size.width",
            "type",
            "must be a number",
        ),
        (
            r#"{"size":{"width":1,"height":1}}"#,
            "size.height",
            "unknown-field",
            "is not a field that can be set here",
        ),
        (
            r#"{"size":{"width":1,"deep":{"x":"soon"}}}"#,
            "size.deep.x",
            "format",
            "must be an RFC 3339 date-time",
        ),
        (r#"{"size":[1]}"#, "size", "type", "must be an object"),
    ] {
        for write in [Write::Create, Write::Merge, Write::Replace] {
            let faults = of(&fields, body, write).expect_err(body);
            let [(field, told, message)] = faults.as_slice() else {
                panic!("{body}: {faults:?}")
            };
            assert_eq!((field.as_str(), told.as_str()), (place, code), "{body}");
            assert!(
                message.starts_with(&format!("`{place}` {reason}")),
                "{body}: {message}"
            );
        }
    }
}

#[test]
fn defaults_fill_what_a_create_or_replace_leaves_out() {
    let fields = json!([
        { "name": "state", "type": "string", "default": "open" },
        { "name": "due", "type": "date", "default": "2026-11-21" },
        { "name": "size", "type": "object", "default": {}, "fields": [
            { "name": "unit", "type": "string", "default": "cm" } ] },
        { "name": "other", "type": "object", "fields": [{ "name": "n", "type": "integer", "default": 1 }] },
    ]);
    let filled =
        json!({ "state": "open", "due": "2026-11-21T00:00:00.000Z", "size": { "unit": "cm" } });
    for write in [Write::Create, Write::Replace] {
        for body in ["{}", r#"{"state":null,"other":null}"#] {
            assert_eq!(
                of(&fields, body, write),
                Ok((filled.clone(), Vec::new())),
                "{body}"
            );
        }
        let (stored, _) = of(&fields, r#"{"state":"","other":{}}"#, write).expect("fits");
        assert_eq!(
            (&stored["state"], &stored["other"]),
            (&json!(""), &json!({ "n": 1 }))
        );
    }
    assert_eq!(
        of(&fields, r#"{"state":null}"#, Write::Merge),
        Ok((json!({}), Vec::new()))
    );
}

#[test]
fn relations_are_told_with_their_place_and_collection() {
    let fields = json!([
        { "name": "post", "type": "relation", "collection": "posts" },
        { "name": "readers", "type": "array", "items": { "type": "relation", "collection": "users" } },
    ]);
    let id = |n: u8| format!("{}{n}", &ID[..35]);
    let body = json!({ "post": id(1), "readers": [id(2), id(3), id(2)] }).to_string();
    let (_, relations) = of(&fields, &body, Write::Merge).expect("fits");
    let told: Vec<_> = relations
        .iter()
        .map(|r| (r.field.as_str(), r.collection.as_str(), r.id.to_string()))
        .collect();
    assert_eq!(
        told,
        [
            ("post", "posts", id(1)),
            ("readers[0]", "users", id(2)),
            ("readers[1]", "users", id(3)),
            ("readers[2]", "users", id(2)),
        ]
    );
    for (body, place, reason) in [
        (
            json!({ "post": "x" }),
            "post",
            "must be the id of a record in `posts`",
        ),
        (
            json!({ "post": ID.to_uppercase().replace('0', "A") }),
            "post",
            "must be the id of a record in `posts`",
        ),
        (
            json!({ "readers": [ID, 7] }),
            "readers[1]",
            "must be the id of a user",
        ),
    ] {
        let faults = of(&fields, &body.to_string(), Write::Merge).expect_err("refused");
        assert_eq!(
            faults,
            [(
                place.to_owned(),
                "type".to_owned(),
                format!("`{place}` {reason}.")
            )]
        );
    }
}

#[test]
fn the_text_that_patterns_read_is_bounded() {
    let fields = json!([
        { "name": "words", "type": "array", "items": { "type": "string", "pattern": "^a*$" } },
        { "name": "text", "type": "string", "pattern": "^a*$" },
    ]);
    let half = "a".repeat(MAX_MATCHED / 2);
    let fits = |body: Value| of(&fields, &body.to_string(), Write::Create).map(|_| ());
    assert_eq!(fits(json!({ "words": [half, half] })), Ok(()));
    for (body, place) in [
        (json!({ "text": "b", "words": [half, half] }), "words[1]"),
        (json!({ "text": format!("{half}{half}a") }), "text"),
    ] {
        let faults = fits(body).expect_err("refused");
        assert!(
            faults
                .iter()
                .any(|(field, code, _)| field == place && code == "size"),
            "{faults:?}"
        );
    }
}

#[test]
fn faults_are_few_and_short_whatever_is_sent() {
    let fields = json!([
        { "name": "tags", "type": "array", "items": { "type": "string" } },
        { "name": "size", "type": "object", "fields": [{ "name": "a", "type": "number", "required": true }] },
    ]);
    let odd: Map<String, Value> = (0..5000)
        .map(|n| (format!("{n}{}", "ü".repeat(50)), json!(n)))
        .collect();
    for body in [
        json!({ "tags": vec![1; 9_999] }),
        json!({ "size": odd }),
        json!({ "size": { "k".repeat(60_000): 1 } }),
        json!({ "k".repeat(60_000): 1, "tags": {}, "size": 1 }),
    ] {
        let faults = of(&fields, &body.to_string(), Write::Create).expect_err("refused");
        assert!((1..=MAX_DETAILS).contains(&faults.len()));
        assert!(
            faults
                .iter()
                .all(|(field, _, message)| field.len() < 300 && message.len() < 400),
            "{faults:?}"
        );
    }
}
