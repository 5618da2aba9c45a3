use api::definition::FieldType;
use api::wire::KeyType;
use api::{Id, Operation, Rule};

use super::*;
use crate::grant::Scope;
use crate::permission::{may_change, may_create, may_list, may_read_user};
use crate::sample::{NOW, caller, definition, record, status, with_key};

fn terms<'a>(visibility: &'a Visibility<'a>, requirement: Requirement) -> Terms<'a> {
    let (owner, precondition) = (OwnerChange::Keep, Precondition::Any);
    Terms {
        visibility,
        requirement,
        fields: Vec::new(),
        owner,
        precondition,
    }
}

/// rule, caller, [create, list, read own, read another's, update own, update another's]
#[test]
fn the_rules() {
    let (stranger, member, admin) = (Caller::stranger(), caller(1, false), caller(2, true));
    for (rule, who, expected) in [
        (Rule::public(), &stranger, [200, 200, 200, 200, 200, 200]),
        (Rule::public(), &member, [200, 200, 200, 200, 200, 200]),
        (Rule::public(), &admin, [200, 200, 200, 200, 200, 200]),
        (
            Rule::authenticated(),
            &stranger,
            [401, 401, 404, 404, 401, 401],
        ),
        (
            Rule::authenticated(),
            &member,
            [200, 200, 200, 200, 200, 200],
        ),
        (
            Rule::authenticated(),
            &admin,
            [200, 200, 200, 200, 200, 200],
        ),
        (Rule::owner(), &stranger, [401, 401, 404, 404, 401, 401]),
        (Rule::owner(), &member, [200, 200, 200, 404, 200, 404]),
        (Rule::owner(), &admin, [200, 200, 200, 200, 200, 200]),
        (Rule::admin(), &stranger, [401, 401, 404, 404, 401, 401]),
        (Rule::admin(), &member, [403, 403, 404, 404, 404, 404]),
        (Rule::admin(), &admin, [200, 200, 200, 200, 200, 200]),
    ] {
        let definition = definition(&rule);
        let own = who.id().map(|id| id.to_string());
        let other = Id::new(NOW, [77; 10]).to_string();
        let visibility = Visibility::new(&definition, who);
        let read = |owner| {
            if visibility.shows(&record(owner)) {
                200
            } else {
                404
            }
        };
        let update = |owner: Option<&str>| match may_change(&definition, Operation::Update, who) {
            Err(error) => error.code.status(),
            Ok(requirement) => {
                let refusal = terms(&visibility, requirement).refusal(&record(owner), "rev");
                refusal.map_or(200, |error| error.code.status())
            }
        };
        let got = [
            status(may_create(&definition, who)),
            status(may_list(&definition, who)),
            read(own.as_deref()),
            read(Some(&other)),
            update(own.as_deref()),
            update(Some(&other)),
        ];
        assert_eq!(got, expected, "{rule:?} {who:?}");
    }
    assert_eq!(
        may_list(&definition(&Rule::owner()), &member),
        Ok(Scope::OwnedBy(member.id().expect("a user")))
    );
    assert_eq!(
        may_list(&definition(&Rule::owner()), &admin),
        Ok(Scope::All)
    );
}

#[test]
fn what_may_be_read_but_not_changed_is_403() {
    let mut definition = definition(&Rule::owner());
    definition.permissions.read = Rule::public();
    for who in [caller(1, false), Caller::stranger()] {
        let visibility = Visibility::new(&definition, &who);
        let refused =
            terms(&visibility, Requirement::Never).refusal(&record(Some("somebody")), "rev");
        assert_eq!(refused, Some(Code::Forbidden.into()));
    }
}

#[test]
fn the_rules_come_before_the_owner_and_the_owner_before_the_revision() {
    let member = caller(1, false);
    let own = member.id().map(|id| id.to_string());
    let mut definition = definition(&Rule::owner());
    let mut status = |read: Rule, owner: &Option<String>, input: OwnerChange, rev: &str| {
        definition.permissions.read = read.clone();
        let requirement =
            may_change(&definition, Operation::Update, &member).expect("a requirement");
        let precondition = Precondition::OneOf(vec!["this".into()]);
        let visibility = Visibility::new(&definition, &member);
        let terms = Terms {
            precondition,
            owner: input,
            ..terms(&visibility, requirement)
        };
        terms
            .refusal(&record(owner.as_deref()), rev)
            .map_or(200, |error| error.code.status())
    };
    let other = Some("other".to_owned());
    let stays = || OwnerChange::MustBe(own.clone());
    let given = || OwnerChange::MustBe(Some("other".to_owned()));
    for (read, owner, input, rev, expected) in [
        (Rule::owner(), &own, stays(), "this", 200),
        (Rule::owner(), &own, stays(), "another", 412),
        (Rule::owner(), &own, given(), "another", 403),
        (Rule::public(), &other, stays(), "another", 403),
        (Rule::owner(), &other, given(), "another", 404),
        (Rule::owner(), &None, OwnerChange::Keep, "this", 404),
    ] {
        assert_eq!(
            status(read.clone(), owner, input.clone(), rev),
            expected,
            "{read:?} {owner:?} {input:?} {rev}"
        );
    }
}

#[test]
fn a_server_does_what_its_scopes_say_whatever_the_rules() {
    for (scopes, expected) in [
        (&["*:*"][..], [200, 200, 200, 200, 200]),
        (&["things:create"], [200, 403, 404, 403, 403]),
        (&["things:list"], [403, 200, 404, 403, 403]),
        (&["things:read"], [403, 403, 200, 403, 403]),
        (&["things:update"], [403, 403, 404, 200, 403]),
        (&["things:delete", "others:*"], [403, 403, 404, 403, 200]),
    ] {
        let server = with_key(KeyType::Secret, scopes);
        for rule in [
            Rule::admin(),
            Rule::owner(),
            Rule::public(),
            Rule::role("editor"),
        ] {
            let definition = definition(&rule);
            let got = [
                status(may_create(&definition, &server)),
                status(may_list(&definition, &server)),
                if Visibility::new(&definition, &server).shows(&record(Some("somebody"))) {
                    200
                } else {
                    404
                },
                status(may_change(&definition, Operation::Update, &server)),
                status(may_change(&definition, Operation::Delete, &server)),
            ];
            assert_eq!(got, expected, "{scopes:?} {rule}");
        }
    }
    let server = with_key(KeyType::Secret, &["things:*"]);
    let definition = definition(&Rule::admin());
    assert_eq!(
        may_change(&definition, Operation::Update, &server),
        Ok(Requirement::Exists)
    );
    let named = owner_of_new(&definition, &server, OwnerInput::Named("somebody".into()));
    assert_eq!(named, Ok(Some("somebody".to_owned())));
    assert_eq!(
        owner_of_new(&definition, &server, OwnerInput::Absent),
        Ok(None)
    );
    let user = Id::new(NOW, [8; 10]);
    assert!(
        !may_read_user(&server, user)
            && may_read_user(&with_key(KeyType::Secret, &["users:read"]), user)
    );
}

#[test]
fn the_owner_is_checked_when_an_admin_names_another() {
    let (member, admin) = (caller(1, false), caller(2, true));
    let mut definition = definition(&Rule::public());
    let relation = |name: &str| Field {
        name: name.into(),
        kind: FieldType::Relation,
        collection: Some(USERS.into()),
        ..Field::default()
    };
    definition.fields = vec![relation("user_id"), relation("friend")];
    let fields = |who: &Caller, owner: Option<Id>| {
        let owner = owner.map_or(OwnerInput::Absent, |id| OwnerInput::Named(id.to_string()));
        let friend = Relation {
            field: "friend".into(),
            collection: USERS.into(),
            id: Id::new(NOW, [5; 10]),
        };
        let relations = vec![friend];
        let input = Input {
            fields: serde_json::Map::new(),
            removed: Vec::new(),
            owner,
            relations,
        };
        let related = related(&definition, &input, who, |_| None);
        assert!(
            related
                .iter()
                .all(|related| related.requirement == Requirement::Exists)
        );
        related
            .into_iter()
            .map(|related| related.relation.field)
            .collect::<Vec<_>>()
    };
    assert_eq!(fields(&member, member.id()), ["friend"]);
    assert_eq!(fields(&member, admin.id()), ["friend"]);
    assert_eq!(fields(&admin, admin.id()), ["friend"]);
    assert_eq!(fields(&admin, member.id()), ["friend", "user_id"]);
}

#[test]
fn an_owner_is_filled_in_and_only_an_admin_names_another() {
    let (stranger, member, admin) = (Caller::stranger(), caller(1, false), caller(2, true));
    let definition = definition(&Rule::public());
    let own = member.id().map(|id| id.to_string());
    let named = |name: &Option<String>| OwnerInput::Named(name.clone().unwrap_or_default());
    let other = Some("somebody".to_owned());
    for (who, input, expected) in [
        (&member, OwnerInput::Absent, Ok(own.clone())),
        (&member, OwnerInput::Empty, Ok(own.clone())),
        (&member, named(&own), Ok(own.clone())),
        (&member, named(&other), Err(403)),
        (&stranger, OwnerInput::Absent, Ok(None)),
        (&stranger, OwnerInput::Empty, Ok(None)),
        (&stranger, named(&other), Err(403)),
        (&admin, named(&other), Ok(other.clone())),
    ] {
        let got =
            owner_of_new(&definition, who, input.clone()).map_err(|error| error.code.status());
        assert_eq!(got, expected, "{who:?} {input:?}");
    }
    for (who, input, expected) in [
        (&member, OwnerInput::Absent, OwnerChange::Keep),
        (&member, OwnerInput::Empty, OwnerChange::MustBe(None)),
        (&member, named(&other), OwnerChange::MustBe(other.clone())),
        (&admin, named(&other), OwnerChange::Set(other.clone())),
        (&admin, OwnerInput::Empty, OwnerChange::Set(None)),
    ] {
        assert_eq!(owner_change(&definition, who, input), Ok(expected));
    }
}

#[test]
fn a_required_owner_is_never_left_empty() {
    let mut definition = definition(&Rule::public());
    definition.fields = vec![Field {
        name: "user_id".into(),
        required: true,
        ..Field::default()
    }];
    assert_eq!(
        status(owner_of_new(
            &definition,
            &Caller::stranger(),
            OwnerInput::Absent
        )),
        400
    );
    assert_eq!(
        status(owner_of_new(
            &definition,
            &caller(1, false),
            OwnerInput::Absent
        )),
        200
    );
    assert_eq!(
        status(owner_change(
            &definition,
            &caller(2, true),
            OwnerInput::Empty
        )),
        400
    );
}

fn ruled() -> Definition {
    let mut definition = definition(&Rule::public());
    let field = |name: &str, read: &str, write: &str| Field {
        name: name.into(),
        read: Rule::parse(read).expect("a rule"),
        write: Rule::parse(write).expect("a rule"),
        ..Field::default()
    };
    definition.fields = vec![
        field("free", "public", "public"),
        field("shown", "public", "admin"),
        field("hidden", "admin", "public"),
        field("own", "owner", "owner"),
        field("user_id", "admin", "public"),
    ];
    definition
}

fn body(names: &[&str]) -> Map<String, Value> {
    names
        .iter()
        .map(|name| ((*name).to_owned(), Value::Null))
        .collect()
}

#[test]
fn a_new_record_has_what_its_creator_may_write() {
    let (stranger, member, admin) = (Caller::stranger(), caller(1, false), caller(2, true));
    let definition = ruled();
    for (who, names, expected) in [
        (&stranger, &["free", "hidden", "nope"][..], 200),
        (&stranger, &["own"], 401),
        (&stranger, &["shown"], 401),
        (&member, &["free", "hidden", "own", "user_id"], 200),
        (&member, &["free", "shown"], 403),
        (&admin, &["free", "shown", "hidden", "own"], 200),
    ] {
        assert_eq!(
            status(may_set(&definition, who, &body(names))),
            expected,
            "{who:?} {names:?}"
        );
    }
    let refused = may_set(&definition, &member, &body(&["shown"])).expect_err("refused");
    assert_eq!(refused.message, "`shown` is not yours to write.");
}

#[test]
fn an_update_depends_on_the_rules_of_what_it_writes_and_a_replacement_keeps_the_rest() {
    let (stranger, member, admin) = (Caller::stranger(), caller(1, false), caller(2, true));
    let own = Requirement::OwnedBy(member.id().expect("a user"));
    let (any, never) = (Requirement::Exists, Requirement::Never);
    let definition = ruled();
    let of = |who: &Caller, names: &[&str], replace: bool, requirement: &Requirement| {
        columns(&definition, who, &body(names), replace, requirement)
    };
    let written = |all: &[(&str, &Requirement)]| {
        all.iter()
            .map(|(name, wanted)| ((*name).to_owned(), (*wanted).clone()))
            .collect::<Vec<_>>()
    };
    for (who, names, requirement, wanted, kept) in [
        (
            &member,
            &["free"][..],
            &any,
            written(&[]),
            &["shown", "hidden", "own"][..],
        ),
        // A caller who may only change own records replaces the fields that the caller may write in them.
        (&member, &["free"], &own, written(&[]), &["shown", "hidden"]),
        (
            &member,
            &["own"],
            &any,
            written(&[("own", &own)]),
            &["shown", "hidden"],
        ),
        (
            &member,
            &["shown", "hidden"],
            &own,
            written(&[("shown", &never), ("hidden", &any)]),
            &[],
        ),
        // A hidden owner cannot be found out by guessing.
        (
            &member,
            &["user_id"],
            &own,
            written(&[("user_id", &never)]),
            &["shown", "hidden"],
        ),
        (
            &admin,
            &["shown", "own", "user_id"],
            &any,
            written(&[("shown", &any), ("own", &any), ("user_id", &any)]),
            &[],
        ),
        (
            &stranger,
            &["hidden"],
            &any,
            written(&[("hidden", &any)]),
            &["shown", "own"],
        ),
    ] {
        let got = of(who, names, true, requirement).expect("columns");
        assert_eq!(
            (got.written, got.kept.as_slice()),
            (
                wanted.clone(),
                &*kept
                    .iter()
                    .map(|name| (*name).to_owned())
                    .collect::<Vec<_>>()
            ),
            "{who:?} {names:?}"
        );
        let merged = of(who, names, false, requirement).expect("columns");
        assert_eq!(
            merged,
            Columns {
                written: wanted,
                kept: Vec::new()
            },
            "{who:?} {names:?}"
        );
    }
    assert_eq!(status(of(&stranger, &["shown"], false, &any)), 401);
    assert_eq!(status(of(&stranger, &["user_id"], false, &any)), 401);
}

#[test]
fn a_field_that_is_not_the_callers_to_write_comes_after_the_record_and_before_its_owner() {
    let member = caller(1, false);
    let own = member.id().map(|id| id.to_string());
    let mut definition = ruled();
    let mine = Requirement::OwnedBy(member.id().expect("a user"));
    for (read, owner, fields, expected) in [
        (
            Rule::public(),
            own.as_deref(),
            vec![("own".to_owned(), mine.clone())],
            None,
        ),
        (
            Rule::public(),
            Some("another"),
            vec![("own".to_owned(), mine.clone())],
            Some("`own` is not yours to write."),
        ),
        (
            Rule::public(),
            own.as_deref(),
            vec![
                ("own".to_owned(), mine.clone()),
                ("shown".to_owned(), Requirement::Never),
            ],
            Some("`shown` is not yours to write."),
        ),
        (
            Rule::owner(),
            Some("another"),
            vec![("shown".to_owned(), Requirement::Never)],
            Some("There is no such record."),
        ),
    ] {
        definition.permissions.read = read;
        let visibility = Visibility::new(&definition, &member);
        let wanted = fields
            .iter()
            .fold(Requirement::Exists, |all, (_, one)| all.and(one.clone()));
        let terms = Terms {
            fields,
            owner: OwnerChange::Keep,
            ..terms(&visibility, Requirement::Exists)
        };
        assert_eq!(terms.wanted(), wanted);
        let refusal = terms
            .refusal(&record(owner), "rev")
            .map(|error| error.message);
        assert_eq!(refusal.as_deref(), expected);
    }
}
