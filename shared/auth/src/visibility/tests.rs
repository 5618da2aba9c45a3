use api::query::Test;
use api::settings::Auth;
use api::{Id, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::access_token::Claims;
use crate::caller::admit;
use crate::session::Session;
use crate::user::User;

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn caller(n: u8, role: &str) -> Caller {
    let mut user = User::new(Id::new(NOW, [n; 10]), "a@b".into(), false, NOW);
    user.role = role.into();
    let (session, _) = Session::begin(
        user.id,
        Id::new(NOW, [9; 10]),
        1,
        [0; 32],
        &Auth::default(),
        crate::authentication::Authentication::by(crate::authentication::Method::Password, NOW),
    );
    let claims = Claims {
        iss: String::new(),
        aud: None,
        sub: user.id,
        role: String::new(),
        sid: session.id,
        iat: 0,
        exp: u64::MAX,
        auth_time: None,
        amr: Vec::new(),
        kid: "".into(),
        act: None,
        client_id: None,
    };
    admit(&claims, Some(&session), Some(&user), NOW).expect("admitted")
}

fn definition(list: &str, rows: &Value) -> Definition {
    let fields = json!([
        { "name": "title", "type": "string" }, { "name": "status", "type": "string" },
        { "name": "remarks", "type": "string", "read": "owner | role:editor" },
        { "name": "score", "type": "integer", "read": "role:editor" },
        { "name": "readers", "type": "array", "items": { "type": "relation", "collection": "users" } },
    ]);
    serde_json::from_value(
        json!({ "name": "articles", "fields": fields, "rowFilters": rows,
        "permissions": { "read": "public", "list": list } }),
    )
    .expect("a definition")
}

fn record(owner: Option<&Caller>, fields: Value) -> Record {
    let Value::Object(fields) = fields else {
        panic!("an object")
    };
    Record {
        id: Id::new(NOW, [7; 10]),
        created_at: NOW,
        updated_at: NOW,
        created_by: None,
        owner: owner.and_then(Caller::id).map(|id| id.to_string()),
        fields,
    }
}

#[test]
fn a_record_shows_the_fields_that_its_caller_may_see() {
    let (me, other) = (caller(1, "authenticated"), caller(2, "authenticated"));
    let (editor, admin, stranger) = (caller(3, "editor"), caller(4, "admin"), Caller::stranger());
    let definition = definition("public", &json!([]));
    let all = json!({ "title": "a", "remarks": "b", "score": 1 });
    for (who, shown) in [
        (&me, json!({ "title": "a", "remarks": "b" })),
        (&other, json!({ "title": "a" })),
        (&stranger, json!({ "title": "a" })),
        (&editor, all.clone()),
        (&admin, all.clone()),
    ] {
        let visibility = Visibility::new(&definition, who);
        assert_eq!(
            Value::Object(visibility.of(record(Some(&me), all.clone())).fields),
            shown,
            "{who:?}"
        );
    }
    // A record without an owner is not a stranger's.
    let of_nobody = Visibility::new(&definition, &stranger).of(record(None, all));
    assert_eq!(Value::Object(of_nobody.fields), json!({ "title": "a" }));
}

/// Tests who sees five articles: published, a draft of the user's own, two drafts of another user, one in review. The
/// second draft of the other user names the user as a reader.
#[test]
fn the_row_filters_that_hold_are_joined_and_whom_none_is_for_sees_nothing() {
    let (me, other) = (caller(1, "authenticated"), caller(2, "authenticated"));
    let (editor, admin, stranger) = (caller(3, "editor"), caller(4, "admin"), Caller::stranger());
    let published = json!({ "filter": { "status": "published" } });
    let own = json!({ "when": "owner" });
    let own_drafts = json!({ "when": "owner", "filter": { "status": "draft" } });
    let editors = json!({ "when": "role:editor", "filter": { "status": { "$ne": "draft" } } });
    let readers = json!({ "when": "public", "filter": { "readers": { "$contains": "$userId" } } });
    let id = me.id().expect("an id").to_string();
    let records = [
        record(Some(&other), json!({ "status": "published" })),
        record(Some(&me), json!({ "status": "draft" })),
        record(Some(&other), json!({ "status": "draft" })),
        record(Some(&other), json!({ "status": "draft", "readers": [id] })),
        record(Some(&other), json!({ "status": "review" })),
    ];
    let [all, none] = [[true; 5], [false; 5]];
    let first = [true, false, false, false, false];
    for (rows, who, expected) in [
        (json!([]), &stranger, all),
        (json!([published]), &stranger, first),
        (json!([published]), &admin, all),
        (json!([own]), &stranger, none),
        (json!([own]), &me, [false, true, false, false, false]),
        (json!([own]), &editor, none),
        (json!([own]), &admin, all),
        (
            json!([published, own]),
            &me,
            [true, true, false, false, false],
        ),
        (
            json!([published, own_drafts]),
            &other,
            [true, false, true, true, false],
        ),
        (json!([editors]), &editor, [true, false, false, false, true]),
        (json!([editors]), &me, none),
        (json!([readers]), &me, [false, false, false, true, false]),
        (json!([readers]), &other, none),
        // A stranger is not a reader, whatever the list of readers is.
        (json!([readers]), &stranger, none),
        (json!([published, readers, editors]), &stranger, first),
        (json!([{ "when": "authenticated" }]), &me, all),
        (json!([{ "when": "authenticated" }]), &stranger, none),
        (json!([{ "when": "admin" }]), &me, none),
        (json!([{ "filter": { "nope": 1 } }]), &me, none),
    ] {
        let definition = definition("public", &rows);
        let visibility = Visibility::new(&definition, who);
        let shown: Vec<bool> = records
            .iter()
            .map(|record| visibility.shows(record))
            .collect();
        assert_eq!(shown, expected, "{rows} {who:?}");
        // A list shows the same.
        let (scope, filter) = visibility.list(&[], &Filter::everything()).expect("a list");
        assert_eq!(scope, Scope::All);
        let listed: Vec<bool> = records
            .iter()
            .map(|record| filter.matches(record))
            .collect();
        assert_eq!(listed, expected, "{rows} {who:?}");
        assert_eq!(visibility.has_rows(), expected != all, "{rows} {who:?}");
    }
}

#[test]
fn the_rule_for_reading_holds_beside_the_row_filters() {
    let (me, other) = (caller(1, "authenticated"), caller(2, "authenticated"));
    let mut definition = definition("public", &json!([{ "filter": { "status": "published" } }]));
    definition.permissions.read = api::Rule::owner();
    let of = |owner, status: &str| record(Some(owner), json!({ "status": status }));
    let visibility = Visibility::new(&definition, &me);
    for (record, expected) in [
        (of(&me, "published"), true),
        (of(&me, "draft"), false),
        (of(&other, "published"), false),
        (of(&other, "draft"), false),
    ] {
        assert_eq!(visibility.shows(&record), expected, "{record:?}");
    }
}

#[test]
fn a_list_is_asked_for_by_what_all_of_it_shows() {
    let (me, editor, stranger) = (
        caller(1, "authenticated"),
        caller(3, "editor"),
        Caller::stranger(),
    );
    let is = |field: &str| Filter::Field(field.to_owned(), Test::Exists(true));
    let not = |filter: Filter| Filter::Not(Box::new(Filter::Any(vec![is("title"), filter])));
    let by = |field: &str| {
        vec![Order {
            field: field.to_owned(),
            descending: true,
        }]
    };
    let none = Filter::everything;
    for (list, who, sort, filter, expected) in [
        ("public", &me, vec![], is("title"), Ok(())),
        ("public", &me, by("createdAt"), is("createdBy"), Ok(())),
        ("public", &me, vec![], is("score"), Err((403, "score"))),
        ("public", &me, vec![], not(is("score")), Err((403, "score"))),
        ("public", &me, by("score"), none(), Err((403, "score"))),
        (
            "public",
            &stranger,
            by("score"),
            none(),
            Err((401, "score")),
        ),
        (
            "public",
            &stranger,
            vec![],
            is("remarks"),
            Err((401, "remarks")),
        ),
        ("public", &editor, by("score"), is("remarks"), Ok(())),
        // The user's own remarks are shown in all of the user's own records.
        ("public", &me, vec![], is("remarks"), Err((403, "remarks"))),
        ("owner", &me, by("remarks"), not(is("remarks")), Ok(())),
        ("owner", &me, vec![], is("score"), Err((403, "score"))),
    ] {
        let definition = definition(list, &json!([]));
        let got = Visibility::new(&definition, who).list(&sort, &filter);
        let what = format!("{list} {who:?} {sort:?} {filter:?}");
        match (got, expected) {
            (Ok((_, listed)), Ok(())) => assert_eq!(listed, filter, "{what}"),
            (Err(error), Err((status, field))) => {
                assert_eq!(error.code.status(), status, "{what}");
                assert!(
                    error.message.starts_with(&format!("`{field}` ")),
                    "{what}: {}",
                    error.message
                );
            }
            (got, _) => panic!("{what}: {got:?}"),
        }
    }
}

#[test]
fn a_search_looks_through_what_all_of_the_list_shows() {
    let (me, editor, stranger) = (
        caller(1, "authenticated"),
        caller(3, "editor"),
        Caller::stranger(),
    );
    let search = |fields: &[&str]| {
        Filter::Search(
            "x".to_owned(),
            fields.iter().map(|field| (*field).to_owned()).collect(),
        )
    };
    let asked = search(&["title", "remarks"]);
    for (list, who, expected) in [
        ("public", &stranger, search(&["title"])),
        ("public", &me, search(&["title"])),
        ("public", &editor, asked.clone()),
        ("owner", &me, asked.clone()),
    ] {
        let definition = definition(list, &json!([]));
        let (_, filter) = Visibility::new(&definition, who)
            .list(&[], &asked)
            .expect("a list");
        assert_eq!(filter, expected, "{list} {who:?}");
    }
    let hidden = definition("public", &json!([]));
    let (_, filter) = Visibility::new(&hidden, &me)
        .list(&[], &search(&["remarks"]))
        .expect("a list");
    assert!(!filter.matches(&record(Some(&me), json!({ "remarks": "x" }))));
}
