use api::Rule;
use api::definition::{Field, FieldType, USERS};
use api::wire::KeyType;
use serde_json::json;

use super::*;
use crate::caller::Caller;
use crate::grant::Requirement;
use crate::sample::{NOW, caller, definition, with_key};

const ID: [u8; 10] = [3; 10];

fn id() -> Id {
    new_id(&things(), NOW, ID)
}

/// `title` is required, `secret` and `score` are for admins to write, `score` is required; so is the owner.
fn things() -> Definition {
    let mut definition = definition(&Rule::authenticated());
    let field = |name: &str, write: Rule, required: bool| Field {
        name: name.into(),
        write,
        required,
        ..Field::default()
    };
    let owner = Field {
        kind: FieldType::Relation,
        collection: Some(USERS.into()),
        ..field("user_id", Rule::public(), true)
    };
    definition.fields = vec![
        field("title", Rule::public(), true),
        field("secret", Rule::admin(), false),
        field("score", Rule::admin(), true),
        owner,
    ];
    definition
}

fn object(value: serde_json::Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("{other}"),
    }
}

/// The status of a refusal, and the fields or the message that it names.
fn told<T>(result: Result<T, Error>) -> (u16, String) {
    result.map_or_else(
        |error| {
            let fields: Vec<&str> = error.details.iter().map(|d| d.field.as_str()).collect();
            let text = match fields.as_slice() {
                [] => error.message.clone(),
                fields => fields.join(" "),
            };
            (error.code.status(), text)
        },
        |_| (200, String::new()),
    )
}

fn starts(got: &(u16, String), status: u16, text: &str, what: &str) {
    assert!(
        got.0 == status && got.1.starts_with(text),
        "{what}: {got:?}"
    );
}

#[test]
fn a_create_is_refused_in_this_order() {
    let (stranger, member, admin) = (Caller::stranger(), caller(1, false), caller(2, true));
    let reader = with_key(KeyType::Secret, &["things:read"]);
    let other = admin.id().expect("a user").to_string();
    let mut definition = things();
    // Every step leaves all later parts of the request wrong.
    let steps = [
        (
            &reader,
            Rule::admin(),
            json!({ "secret": 1, "nope": 1 }),
            403,
            "The API key needs",
        ),
        (
            &stranger,
            Rule::admin(),
            json!({ "secret": 1, "nope": 1 }),
            401,
            "",
        ),
        (
            &member,
            Rule::admin(),
            json!({ "secret": 1, "nope": 1 }),
            403,
            "You may not",
        ),
        (
            &member,
            Rule::owner(),
            json!({ "secret": 1, "nope": 1 }),
            403,
            "`secret` is not yours",
        ),
        (
            &member,
            Rule::owner(),
            json!({ "nope": 1, "user_id": other }),
            400,
            "nope title score",
        ),
        (
            &admin,
            Rule::owner(),
            json!({ "title": "a", "score": "1", "user_id": 7 }),
            400,
            "user_id",
        ),
        (
            &admin,
            Rule::owner(),
            json!({ "title": "a", "score": "1", "user_id": other }),
            200,
            "",
        ),
    ];
    for (who, rule, body, status, text) in steps {
        definition.permissions.create = rule;
        let visibility = Visibility::new(&definition, who);
        let got = told(create(&visibility, id(), object(body.clone()), |_| None));
        starts(&got, status, text, &body.to_string());
    }
    // The owner comes after the body.
    definition.fields.retain(|field| field.name != "score");
    let visibility = Visibility::new(&definition, &member);
    for (body, status, text) in [
        (json!({ "user_id": other }), 400, "title"),
        (
            json!({ "title": "a", "user_id": other }),
            403,
            "`user_id` is the record's owner",
        ),
        (json!({ "title": "a" }), 200, ""),
    ] {
        let got = told(create(&visibility, id(), object(body.clone()), |_| None));
        starts(&got, status, text, &body.to_string());
    }
}

#[test]
fn a_created_record_is_its_creators() {
    let (member, server) = (caller(1, false), with_key(KeyType::Secret, &["*:*"]));
    let mut definition = things();
    definition.fields.truncate(1);
    for who in [&member, &server] {
        let visibility = Visibility::new(&definition, who);
        let body = object(json!({ "title": "a", "id": "mine", "createdAt": "now" }));
        let creation = create(&visibility, id(), body, |_| None).expect("a record");
        let expected = Creation {
            id: id(),
            owner: who.id().map(|id| id.to_string()),
            created_by: who.id(),
            fields: object(json!({ "title": "a" })),
            related: Vec::new(),
        };
        assert_eq!(creation, expected);
    }
}

#[test]
fn an_update_is_refused_in_this_order() {
    let (stranger, member, admin) = (Caller::stranger(), caller(1, false), caller(2, true));
    let reader = with_key(KeyType::Secret, &["things:read"]);
    let mut definition = things();
    let bad = WriteTarget {
        id: "nope",
        if_match: Some("nope"),
    };
    let good = id().to_string();
    let wrong = || json!({ "secret": 1, "nope": 1, "user_id": null });
    let owner = || json!({ "title": "a", "score": "1", "user_id": null });
    let fits = || json!({ "title": "a", "score": "1" });
    let id_is_bad = WriteTarget {
        id: "nope",
        if_match: None,
    };
    let id_is_good = WriteTarget {
        id: &good,
        if_match: Some("\"r\""),
    };
    let (shut, open) = (Rule::admin, Rule::public);
    let steps = [
        (&reader, shut(), wrong(), bad, 403, "The API key needs"),
        (&stranger, shut(), wrong(), bad, 401, ""),
        (
            &stranger,
            open(),
            wrong(),
            bad,
            401,
            "`secret` is not yours",
        ),
        (&admin, shut(), wrong(), bad, 400, "nope"),
        (&admin, shut(), owner(), bad, 400, "user_id"),
        (&admin, shut(), fits(), bad, 400, "`If-Match` must"),
        (&admin, shut(), fits(), id_is_bad, 404, ""),
        (&admin, shut(), fits(), id_is_good, 200, ""),
        // Where the rule never admits the caller, and for a field never writable by the caller, the record decides: 403
        // or 404.
        (&member, shut(), wrong(), bad, 400, "nope"),
        (&member, shut(), fits(), id_is_good, 200, ""),
    ];
    for (who, rule, body, target, status, text) in steps {
        (definition.permissions.update, definition.permissions.read) = (rule, Rule::public());
        for write in [Write::Merge, Write::Replace] {
            let visibility = Visibility::new(&definition, who);
            let draft = Draft::new(&definition, object(body.clone()), write);
            let got = told(update(&visibility, target, draft, |_| None));
            starts(&got, status, text, &format!("{body} {write:?}"));
        }
    }
    definition.permissions.update = Rule::admin();
    let visibility = Visibility::new(&definition, &member);
    let draft = Draft::new(&definition, object(fits()), Write::Merge);
    let terms = update(&visibility, id_is_good, draft, |_| None)
        .expect("terms")
        .terms;
    assert_eq!(terms.requirement, Requirement::Never);
    assert_eq!(terms.fields, [("score".to_owned(), Requirement::Never)]);
    assert_eq!(terms.precondition, Precondition::OneOf(vec!["r".into()]));
}

#[test]
fn a_replacement_misses_what_its_caller_may_write() {
    let (member, admin) = (caller(1, false), caller(2, true));
    let definition = things();
    let of = |who: &Caller, body: Value| {
        let visibility = Visibility::new(&definition, who);
        let draft = Draft::new(&definition, object(body), Write::Replace);
        assert!(draft.replaces());
        let good = id().to_string();
        let update = update(&visibility, WriteTarget::any_revision(&good), draft, |_| {
            None
        });
        update.map(|update| (update.kept.join(" "), update.replace))
    };
    // A member may not write `score`, so it stays; an admin has to send it.
    let kept = Ok(("secret score".to_owned(), true));
    assert_eq!(of(&member, json!({ "title": "a" })), kept);
    let score = (400, "score".to_owned());
    assert_eq!(told(of(&admin, json!({ "title": "a" }))), score);
    let whole = of(&admin, json!({ "title": "a", "score": "1" }));
    assert_eq!(whole, Ok((String::new(), true)));
}

#[test]
fn a_draft_tells_its_fields_before_its_caller_is_known() {
    let definition = things();
    let input = |body: Value, write| {
        let draft = Draft::new(&definition, object(body), write);
        draft.input().map(|input| input.fields.len())
    };
    assert_eq!(input(json!({ "title": "a" }), Write::Replace), Some(1));
    assert_eq!(
        input(json!({}), Write::Replace),
        None,
        "`title` is missed by all"
    );
    assert_eq!(input(json!({}), Write::Merge), Some(0));
    assert_eq!(input(json!({ "nope": 1 }), Write::Merge), None);
}

#[test]
fn a_delete_is_refused_in_this_order() {
    let (stranger, member) = (Caller::stranger(), caller(1, false));
    let reader = with_key(KeyType::Secret, &["things:read"]);
    let definition = things();
    let good = id().to_string();
    for (who, id, if_match, status, text) in [
        (&reader, "nope", Some("nope"), 403, "The API key needs"),
        (&stranger, "nope", Some("nope"), 401, ""),
        (&member, "nope", Some("nope"), 400, "`If-Match` must"),
        (&member, "nope", Some("*"), 404, ""),
        (&member, good.as_str(), None, 200, ""),
    ] {
        let visibility = Visibility::new(&definition, who);
        let got = told(delete(&visibility, WriteTarget { id, if_match }));
        starts(&got, status, text, id);
    }
}

#[test]
fn every_operation_of_a_bulk_write_is_refused_as_by_its_own_endpoint() {
    let definition = things();
    let good = id().to_string();
    let find = |_: &str| None;
    for who in [
        Caller::stranger(),
        caller(1, false),
        caller(2, true),
        with_key(KeyType::Secret, &["things:create"]),
    ] {
        let visibility = Visibility::new(&definition, &who);
        let alone = |operation: BulkOperation| match operation {
            BulkOperation::Create(body) => create(&visibility, id(), body, find).map(|_| ()),
            BulkOperation::Update(id, body) => {
                let draft = Draft::new(&definition, body, Write::Merge);
                update(&visibility, WriteTarget::any_revision(&id), draft, find).map(|_| ())
            }
            BulkOperation::Delete(id) => {
                delete(&visibility, WriteTarget::any_revision(&id)).map(|_| ())
            }
        };
        for body in [
            json!({}),
            json!({ "title": "a" }),
            json!({ "title": "a", "score": "1" }),
            json!({ "secret": "a", "nope": 1 }),
            json!({ "title": null, "user_id": null }),
        ] {
            for name in ["nope", good.as_str()] {
                for operation in [
                    BulkOperation::Create(object(body.clone())),
                    BulkOperation::Update(name.to_owned(), object(body.clone())),
                    BulkOperation::Delete(name.to_owned()),
                ] {
                    let expected =
                        alone(operation.clone()).map_err(|error| error.within("operations[0]"));
                    let got = bulk(&visibility, vec![operation.clone()], || Ok(id()), find);
                    assert_eq!(got.map(|_| ()), expected, "{who:?} {operation:?}");
                }
            }
        }
    }
}

#[test]
fn the_first_operation_that_is_refused_is_told_and_no_record_has_two() {
    let definition = things();
    let member = caller(1, false);
    let visibility = Visibility::new(&definition, &member);
    let [one, two] = [[1; 10], [2; 10]].map(|random| new_id(&definition, NOW, random).to_string());
    let removal = |id: &str| BulkOperation::Delete(id.to_owned());
    let change = |id: &str| BulkOperation::Update(id.to_owned(), object(json!({ "title": "a" })));
    for (operations, expected) in [
        (vec![removal(&one), change(&two)], (200, "")),
        (vec![removal(&one), change(&one)], (400, "operations[1].id")),
        (
            vec![change(&one), removal(&two), change(&one)],
            (400, "operations[2].id"),
        ),
        (
            vec![removal(&one), removal("nope"), removal(&one)],
            (404, ""),
        ),
        (
            vec![removal(&one), removal(&one), removal("nope")],
            (400, "operations[1].id"),
        ),
    ] {
        let got = told(bulk(&visibility, operations.clone(), || Ok(id()), |_| None));
        starts(&got, expected.0, expected.1, &format!("{operations:?}"));
    }
}
