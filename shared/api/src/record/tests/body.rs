use serde_json::{Map, Value, json};

use crate::definition::Definition;
use crate::record::{Input, OwnerInput, Relation, Write, check, check_but};

fn definition() -> Definition {
    let fields = json!([
        { "name": "title", "type": "string", "required": true },
        { "name": "price", "type": "number" },
        { "name": "count", "type": "integer" },
        { "name": "done", "type": "boolean" },
        { "name": "due", "type": "date" },
        { "name": "meta", "type": "object" },
        { "name": "tags", "type": "array" },
        { "name": "assignee", "type": "relation", "collection": "users" },
        { "name": "user_id", "type": "string", "required": true },
    ]);
    serde_json::from_value(json!({ "name": "things", "fields": fields })).expect("a definition")
}

fn check_json(body: Value, write: Write) -> Result<Input, Vec<(String, String)>> {
    let Value::Object(body) = body else {
        panic!("an object")
    };
    check(&definition(), body, write).map_err(|error| {
        error
            .details
            .into_iter()
            .map(|detail| (detail.field, detail.code))
            .collect()
    })
}

#[test]
fn a_body_takes_its_stored_form() {
    let id = "01890000-0000-7000-8000-000000000000";
    let input = check_json(
        json!({ "id": 1, "createdAt": [], "updatedAt": null, "createdBy": {}, "title": "", "price": 1.50,
            "count": 1e3, "done": null, "due": "2026-11-21", "meta": { "a": [1.0] }, "tags": [],
            "assignee": id, "user_id": "me" }),
        Write::Create,
    );
    let fields = json!({ "title": "", "price": 1.5, "count": 1000, "due": "2026-11-21T00:00:00.000Z",
        "meta": { "a": [1] }, "tags": [], "assignee": id });
    let input = input.expect("fits");
    assert_eq!(Value::Object(input.fields), fields);
    assert_eq!(input.owner, OwnerInput::Named("me".into()));
    let relation = Relation {
        field: "assignee".into(),
        collection: "users".into(),
        id: id.parse().expect("an id"),
    };
    assert_eq!(input.relations, [relation]);
}

#[test]
fn every_wrong_field_is_named_with_its_code() {
    let deep = (0..30).fold(json!(1), |inner, _| json!([inner]));
    let odd = json!({ "title": 1, "price": "1", "count": 1.5, "done": 0, "due": "soon", "meta": [], "tags": {},
        "assignee": "me", "user_id": 7, "#a": 1, ":b": 1, "a.b": 1, "__proto__": {}, "size": 1 });
    let codes = check_json(odd, Write::Create).expect_err("refused");
    let of = |name: &str| {
        codes
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, code)| code.as_str())
    };
    for name in [
        "title", "price", "count", "done", "meta", "tags", "assignee", "user_id",
    ] {
        assert_eq!(of(name), Some("type"), "{name}");
    }
    assert_eq!(of("due"), Some("format"));
    for name in ["#a", ":b", "a.b", "__proto__", "size"] {
        assert_eq!(of(name), Some("unknown-field"), "{name}");
    }
    for (body, field, code) in [
        (json!({}), "title", "required"),
        (json!({ "title": null }), "title", "required"),
        (json!({ "title": "a\u{0}b" }), "title", "nul"),
        (json!({ "title": "a", "meta": { "": 1 } }), "meta", "key"),
        (
            json!({ "title": "a", "meta": { "k".repeat(65_536): 1 } }),
            "meta",
            "key",
        ),
        (
            json!({ "title": "a", "meta": { "\u{0}": 1 } }),
            "meta",
            "nul",
        ),
        (json!({ "title": "a", "tags": deep }), "tags", "depth"),
        (
            json!({ "title": "a", "tags": vec![1; 10_000] }),
            "tags",
            "size",
        ),
        (
            json!({ "title": "a", "user_id": "x".repeat(129) }),
            "user_id",
            "type",
        ),
    ] {
        let expected = vec![(field.to_owned(), code.to_owned())];
        assert_eq!(
            check_json(body.clone(), Write::Create),
            Err(expected),
            "{body}"
        );
    }
    let many: Map<String, Value> = (0..1000).map(|n| (format!("f{n}"), json!(1))).collect();
    assert_eq!(
        check_json(Value::Object(many), Write::Merge)
            .expect_err("refused")
            .len(),
        crate::error::MAX_DETAILS
    );
}

#[test]
fn a_merge_removes_with_null_and_demands_nothing() {
    let input = check_json(json!({ "price": null, "user_id": null }), Write::Merge).expect("fits");
    assert_eq!(
        (input.removed, input.owner),
        (vec!["price".to_owned()], OwnerInput::Empty)
    );
    let refused = check_json(json!({ "title": null }), Write::Merge);
    assert_eq!(
        refused,
        Err(vec![("title".to_owned(), "required".to_owned())])
    );
    assert!(check_json(json!({ "price": 1 }), Write::Replace).is_err());
}

#[test]
fn what_is_left_to_others_is_neither_demanded_nor_filled_in() {
    let fields = json!([{ "name": "a", "type": "string", "required": true },
        { "name": "b", "type": "integer", "default": 1 }, { "name": "c", "type": "integer", "default": 2 }]);
    let definition: Definition =
        serde_json::from_value(json!({ "name": "x", "fields": fields })).expect("one");
    let check = |left: &[&str], write| {
        let left: Vec<String> = left.iter().map(|name| (*name).to_owned()).collect();
        check_but(&definition, Map::new(), write, &left)
            .map(|input| Value::Object(input.fields))
            .map_err(|_| ())
    };
    assert_eq!(check(&["a", "b"], Write::Replace), Ok(json!({ "c": 2 })));
    assert_eq!(check(&["b"], Write::Replace), Err(()));
    assert_eq!(check(&[], Write::Merge), Ok(json!({})));
}
