//! The tests of writes.

use api::event::ActorType;
use api::record::{Input, Write, check};
use api::{Rule, Timestamp};
use auth::precondition::Precondition;
use auth::session::Client;
use auth::terms::Terms;
use auth::{Caller, Requirement, Visibility};
use serde_json::{Map, Value, json};

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn definition() -> Definition {
    let fields = json!([
        { "name": "name", "type": "string" },
        { "name": "status", "type": "string" },
        { "name": "price", "type": "number" },
        { "name": "sku", "type": "string", "unique": true },
        { "name": "friend", "type": "relation", "collection": "users" },
        { "name": "user_id", "type": "string" },
    ]);
    let indexes = json!([["status", "price"], ["price"], ["status", "-createdAt"]]);
    serde_json::from_value(json!({ "name": "things", "fields": fields, "indexes": indexes }))
        .expect("a definition")
}

fn input(definition: &Definition, body: Value, write: Write) -> Input {
    let Value::Object(body) = body else {
        panic!("an object")
    };
    check(definition, body, write).expect("fits")
}

#[test]
fn a_record_is_read_only_where_the_body_does_not_tell_enough() {
    let with = |index: &[&str]| Index {
        fields: index.iter().map(|field| (*field).to_owned()).collect(),
        per_owner: false,
    };
    for (index, body, merge, replace) in [
        (None, json!({}), false, true),
        (None, json!({ "name": "a" }), false, true),
        (None, json!({ "price": 1 }), true, true),
        (None, json!({ "price": null, "status": "a" }), false, true),
        (None, json!({ "sku": "a" }), true, true),
        (None, json!({ "sku": null }), true, true),
        (
            None,
            json!({ "friend": Id::new(NOW, [1; 10]).to_string() }),
            true,
            true,
        ),
        (None, json!({ "user_id": "me" }), false, true),
        (
            Some(with(&["user_id"])),
            json!({ "user_id": "me" }),
            true,
            true,
        ),
        (
            Some(with(&["name", "updatedAt"])),
            json!({ "status": "a", "price": 1 }),
            true,
            true,
        ),
        (Some(with(&["updatedAt"])), json!({}), false, true),
    ] {
        let mut definition = definition();
        definition.indexes.extend(index);
        for (write, expected) in [(Write::Merge, merge), (Write::Replace, replace)] {
            let input = input(&definition, body.clone(), write);
            let got = Change::needs_record(&definition, &input, write == Write::Replace);
            assert_eq!(got, expected, "{body} {write:?}");
        }
    }
    // Without unique fields a replacement contains everything, except the owner and the creator.
    let mut definition = definition();
    definition.fields.retain(|field| !field.unique);
    let whole = input(&definition, json!({ "name": "a" }), Write::Replace);
    assert!(!Change::needs_record(&definition, &whole, true));
    definition.indexes.push(with(&["name", "user_id"]));
    assert!(Change::needs_record(&definition, &whole, true));
}

#[test]
fn what_is_told_and_what_was_read_make_the_same_keys() {
    let (definition, caller) = (definition(), Caller::stranger());
    let writer = Writer::new(None, "r".into(), NOW, [7; 10]);
    let old = StoredRecord {
        id: Id::new(NOW, [1; 10]),
        owner: Some("somebody".into()),
        created_by: None,
        created_at: NOW,
        updated_at: NOW,
        rev: "old".into(),
        fields: json!({ "name": "n", "status": "s", "price": 1 })
            .as_object()
            .cloned()
            .expect("an object"),
    };
    let owner = OwnerChange::Keep;
    let (requirement, precondition) = (Requirement::Exists, Precondition::Any);
    let visibility = Visibility::new(&definition, &caller);
    let terms = Terms {
        visibility: &visibility,
        requirement,
        fields: Vec::new(),
        owner,
        precondition,
    };
    assert_eq!(definition.permissions.update, Rule::public());
    for (body, replace) in [
        (json!({ "status": "t", "price": null }), false),
        (json!({ "status": "t", "name": "m" }), true),
    ] {
        let write = if replace {
            Write::Replace
        } else {
            Write::Merge
        };
        let input = input(&definition, body, write);
        let change = Change {
            fields: input.fields,
            removed: input.removed,
            replace,
            kept: Vec::new(),
        };
        let told = change.index_keys(&definition, old.id, &writer);
        let act = Act::Update(old.id, terms.clone(), change);
        let new = act.after(Some(&old), &writer).expect("a record");
        assert_eq!(told, index_keys(&definition, &new));
        assert_eq!(
            (new.rev.as_str(), new.owner.as_deref()),
            (writer.rev.as_str(), Some("somebody"))
        );
        let name = if replace { "m" } else { "n" };
        assert_eq!(
            new.fields,
            json!({ "name": name, "status": "t" })
                .as_object()
                .cloned()
                .expect("an object")
        );
    }
}

#[test]
fn a_replacement_leaves_what_is_kept() {
    let (mut definition, caller) = (definition(), Caller::stranger());
    let writer = Writer::new(None, "r".into(), NOW, [7; 10]);
    let fields = json!({ "name": "n", "status": "s", "price": 1, "gone": 2 });
    let old = StoredRecord {
        id: Id::new(NOW, [1; 10]),
        owner: None,
        created_by: None,
        created_at: NOW,
        updated_at: NOW,
        rev: "old".into(),
        fields: fields.as_object().cloned().expect("an object"),
    };
    let whole = input(&definition, json!({ "name": "m" }), Write::Replace);
    let kept = vec!["price".to_owned(), "sku".to_owned()];
    let change = Change {
        fields: whole.fields.clone(),
        removed: Vec::new(),
        replace: true,
        kept,
    };
    let visibility = Visibility::new(&definition, &caller);
    let (requirement, owner, precondition) =
        (Requirement::Exists, OwnerChange::Keep, Precondition::Any);
    let terms = Terms {
        visibility: &visibility,
        requirement,
        fields: Vec::new(),
        owner,
        precondition,
    };
    let act = Act::Update(old.id, terms, change);
    let expected = json!({ "name": "m", "price": 1 })
        .as_object()
        .cloned()
        .expect("an object");
    assert_eq!(
        act.after(Some(&old), &writer).expect("a record").fields,
        expected
    );
    let update = update(&definition, "t".into(), &act, Some(&old), &writer)
        .expect("built")
        .expect("an update");
    let values = update.expression_attribute_values.expect("values");
    assert!(
        values
            .values()
            .any(|value| *value == from_object(expected.clone())),
        "{values:?}"
    );
    // The record must be read before where rules of fields or row filters need it.
    definition.fields.retain(|field| !field.unique);
    assert!(!Change::needs_record(&definition, &whole, true));
    let merged = input(&definition, json!({ "name": "m" }), Write::Merge);
    if let Some(field) = definition.fields.first_mut() {
        field.read = Rule::admin();
    }
    assert!(
        Change::needs_record(&definition, &whole, true)
            && !Change::needs_record(&definition, &merged, false)
    );
    definition.row_filters =
        serde_json::from_value(json!([{ "when": "owner" }])).expect("row filters");
    assert!(Change::needs_record(&definition, &merged, false));
}

#[test]
fn what_the_rules_of_fields_want_is_a_condition_of_the_write() {
    let (definition, caller) = (definition(), Caller::stranger());
    let writer = Writer::new(None, "r".into(), NOW, [7; 10]);
    let visibility = Visibility::new(&definition, &caller);
    let me = Id::new(NOW, [9; 10]);
    let fields = vec![("name".to_owned(), Requirement::OwnedBy(me))];
    let (requirement, owner, precondition) =
        (Requirement::Exists, OwnerChange::Keep, Precondition::Any);
    let terms = Terms {
        visibility: &visibility,
        requirement,
        fields,
        owner,
        precondition,
    };
    let change = Change {
        fields: Map::new(),
        removed: vec!["name".into()],
        replace: false,
        kept: Vec::new(),
    };
    let act = Act::Update(Id::new(NOW, [1; 10]), terms, change);
    let update = update(&definition, "t".into(), &act, None, &writer)
        .expect("built")
        .expect("an update");
    let (names, values) = (
        update.expression_attribute_names,
        update.expression_attribute_values,
    );
    assert!(values.is_some_and(|values| values.values().any(|value| *value == id(me))));
    let condition = update.condition_expression.unwrap_or_default();
    let condition = names
        .into_iter()
        .flatten()
        .fold(condition, |text, (placeholder, name)| {
            text.replace(&placeholder, &name)
        });
    assert!(condition.contains(" AND owner = :v"), "{condition}");
}

#[test]
fn a_delete_leaves_no_attribute_that_a_list_reads() {
    let (definition, caller) = (definition(), Caller::stranger());
    let writer = Writer::new(None, "r".into(), NOW, [7; 10]);
    let (requirement, owner) = (Requirement::Never, OwnerChange::Keep);
    let precondition = Precondition::OneOf(vec!["a".into(), "b".into()]);
    let visibility = Visibility::new(&definition, &caller);
    let terms = Terms {
        visibility: &visibility,
        requirement,
        fields: Vec::new(),
        owner,
        precondition,
    };
    let act = Act::Delete(Id::new(NOW, [1; 10]), terms);
    let update = update(&definition, "t".into(), &act, None, &writer)
        .expect("built")
        .expect("an update");
    let names = update.expression_attribute_names.expect("names");
    let (_, removed) = update
        .update_expression
        .split_once(" REMOVE ")
        .expect("removes");
    let mut removed: Vec<&str> = removed
        .split(", ")
        .filter_map(|name| names.get(name))
        .map(String::as_str)
        .collect();
    removed.sort_unstable();
    let expected = [
        "by.price",
        "by.status.-createdAt",
        "by.status.price",
        "data",
        "owner",
    ];
    assert_eq!(removed, expected);
    // No text of a caller is ever part of an expression.
    let condition = update.condition_expression.expect("a condition");
    let condition = names.iter().fold(condition, |text, (placeholder, name)| {
        text.replace(placeholder, name)
    });
    assert!(
        condition.starts_with("attribute_exists(id) AND attribute_not_exists(deleted_at)"),
        "{condition}"
    );
    assert!(
        condition.contains("attribute_not_exists(id) AND rev IN (:v"),
        "{condition}"
    );
}

#[test]
fn a_record_keeps_the_address_of_its_writer_where_the_setting_says_so() {
    let user = Id::new(NOW, [1; 10]);
    let writer = |keeps_address| Writer {
        role: Some("editor".to_owned()),
        client: Client {
            user_agent: "curl".to_owned(),
            ip: "203.0.113.7".to_owned(),
        },
        keeps_address,
        ..Writer::new(Some(user), "r".to_owned(), NOW, [7; 10])
    };
    let mut expected = Item::from([
        ("request_id".to_owned(), text("r")),
        ("user_id".to_owned(), id(user)),
        ("role".to_owned(), text("editor")),
    ]);
    assert_eq!(actor(&writer(false)), AttributeValue::M(expected.clone()));
    expected.insert("ip".to_owned(), text("203.0.113.7"));
    assert_eq!(actor(&writer(true)), AttributeValue::M(expected));
}

#[test]
fn a_record_tells_a_server_from_a_stranger_with_an_apps_key() {
    let user = Id::new(NOW, [1; 10]);
    for (by, user, named) in [
        (ActorType::Key, None, Some("key")),
        (ActorType::Stranger, None, Some("stranger")),
        (ActorType::User, Some(user), None),
    ] {
        let writer = Writer {
            by,
            key: Some(Id::new(NOW, [2; 10])),
            ..Writer::new(user, "r".to_owned(), NOW, [7; 10])
        };
        let actor = actor(&writer);
        let found = actor.as_m().ok().and_then(|actor| actor.get("by"));
        assert_eq!(found, named.map(text).as_ref(), "{by:?}");
    }
}
