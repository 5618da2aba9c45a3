use super::check_one;
use crate::check::check;
use crate::definition::Definition;
use crate::settings::{Auth, SessionCheck};

#[test]
fn what_says_nothing_of_permissions_says_nothing_in_the_normal_form() {
    for (content, declared) in [
        (r#"{"name":"a","fields":[]}"#, false),
        (r#"{"name":"a","fields":[],"permissions":{}}"#, true),
        (r#"{"name":"a","fields":[],"rls":{"enabled":false}}"#, true),
    ] {
        let definition = check_one("a.json", content)
            .expect("valid")
            .definitions
            .remove(0);
        assert_eq!(definition.permissions.declared, declared, "{content}");
        let normal = serde_json::to_string(&definition).expect("JSON");
        assert_eq!(
            serde_json::from_str::<Definition>(&normal).ok(),
            Some(definition),
            "{normal}"
        );
    }
}

#[test]
fn a_role_that_is_not_declared_is_a_problem_at_its_place() {
    let content = r#"{"name":"a","fields":[],"permissions":{"create":"role:editor","read":"owner | role:edtior"}}"#;
    let checked = check_one("a.json", content).expect("valid");
    let problems = |roles: &[&str]| {
        let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
        let settings = Auth {
            roles,
            ..Auth::default()
        };
        checked
            .refused_by(&settings)
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let expected = "collections/a.json: permissions.read: there is no role `edtior`; declare it in auth.roles of \
                    bakend.json or correct its name";
    assert_eq!(problems(&["editor"]), [expected]);
    assert_eq!(problems(&["edtior", "editor"]), [""; 0]);
    assert_eq!(problems(&[]).len(), 2);
}

#[test]
fn a_proven_address_is_known_where_every_request_reads_the_user() {
    let content = r#"{"name":"a","fields":[{"name":"b","type":"string","write":"owner & verified"}],
        "permissions":{"create":"verified","read":"authenticated"},"rowFilters":[{"when":"verified"}]}"#;
    let checked = check_one("a.json", content).expect("valid");
    let problems = |session_check: SessionCheck| {
        let settings = Auth {
            session_check,
            ..Auth::default()
        };
        let problems = checked.refused_by(&settings);
        problems.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(problems(SessionCheck::Immediate), [""; 0]);
    let expected = ["permissions.create", "fields[0].write", "rowFilters[0].when"].map(|place| {
        format!(
            "collections/a.json: {place}: `verified` needs `auth.sessionCheck` `immediate`: a token alone does not tell \
             whether an address is proven"
        )
    });
    assert_eq!(problems(SessionCheck::Expiry), expected);
}

#[test]
fn a_collection_that_strangers_may_write_is_a_warning() {
    let checked = check_one(
        "a.json",
        r#"{"name":"a","fields":[],"permissions":{"update":"admin"}}"#,
    );
    let warnings: Vec<String> = checked
        .expect("valid")
        .warnings
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        warnings,
        ["collections/a.json: permissions: strangers may create and delete records of `a`"]
    );
}

#[test]
fn a_bad_definition_is_named_with_file_field_and_reason() {
    for (file, content, expected) in [
        (
            "a.json",
            "{",
            "collections/a.json: not JSON: EOF while parsing",
        ),
        (
            "a.json",
            r#"{"name":"a"}"#,
            "collections/a.json: missing field `fields`",
        ),
        (
            "a.json",
            r#"{"name":"a","fields":[],"rules":{}}"#,
            "collections/a.json: rules: unknown field `rules`",
        ),
        (
            "a.json",
            r#"{"name":"a","fields":[],"permissions":{"read":"everyone"}}"#,
            "collections/a.json: permissions.read: `everyone` is not a rule",
        ),
        (
            "a.json",
            r#"{"name":"a","fields":[{"name":"x","type":"text"}]}"#,
            "collections/a.json: fields[0].type: unknown variant `text`",
        ),
        (
            "a.json",
            r#"{"name":"b","fields":[]}"#,
            "collections/a.json: name: `b` must be the file's name",
        ),
        (
            "9a.json",
            r#"{"name":"9a","fields":[]}"#,
            "collections/9a.json: name: `9a` must match",
        ),
        (
            "_a.json",
            r#"{"name":"_a","fields":[]}"#,
            "collections/_a.json: name: `_a` must match",
        ),
        (
            "users.json",
            r#"{"name":"users","fields":[]}"#,
            "collections/users.json: name: `users` is reserved",
        ),
        (
            "Users.json",
            r#"{"name":"Users","fields":[]}"#,
            "collections/Users.json: name: `Users` is reserved",
        ),
        (
            "real-time.json",
            r#"{"name":"real-time","fields":[]}"#,
            "collections/real-time.json: name: `real-time` is reserved",
        ),
        (
            "a.json",
            r#"{"name":"a","fields":[],"events":false,"audit":true}"#,
            "collections/a.json: audit: the audit log is made from events",
        ),
        (
            "a.json",
            r#"{"name":"a","fields":[{"name":"a.b","type":"string"}]}"#,
            "collections/a.json: fields[0].name: `a.b` must match",
        ),
        (
            "a.json",
            r#"{"name":"a","fields":[{"name":"limit","type":"string"}]}"#,
            "collections/a.json: fields[0].name: `limit` is reserved",
        ),
        (
            "a.json",
            r#"{"name":"a","fields":[{"name":"createdAt","type":"date"}]}"#,
            "collections/a.json: fields[0].name: `createdAt` is reserved",
        ),
        (
            "a.json",
            r#"{"name":"a","fields":[{"name":"x","type":"string"},{"name":"x","type":"string"}]}"#,
            "collections/a.json: fields[1].name: `x` is declared twice",
        ),
        (
            "a.json",
            r#"{"name":"a","fields":[{"name":"x","type":"relation"}]}"#,
            "collections/a.json: fields[0].collection: say where the relation",
        ),
        (
            "a.json",
            r#"{"name":"a","fields":[],"ownerField":"x"}"#,
            "collections/a.json: ownerField: `x` must be",
        ),
        (
            "a.json",
            r#"{"name":"a","fields":[{"name":"user_id","type":"number"}]}"#,
            "collections/a.json: ownerField: `user_id` is the owner field",
        ),
        (
            "a.json",
            r#"{"name":"a","fields":[],"shards":0}"#,
            "collections/a.json: shards: 0 must be 1 to 16",
        ),
    ] {
        let problems = check_one(file, content).expect_err(content);
        assert!(problems[0].starts_with(expected), "{content}: {problems:?}");
    }
}

#[test]
fn a_relation_may_point_to_any_file_of_the_folder() {
    let file = |name: &str, target: &str| {
        let fields = format!(r#"[{{"name":"x","type":"relation","collection":"{target}"}}]"#);
        (
            format!("{name}.json"),
            format!(r#"{{"name":"{name}","fields":{fields}}}"#),
        )
    };
    assert!(check(&[file("a", "b"), file("b", "a")]).is_ok());
    // A broken file is reported once, at its own place.
    let problems =
        check(&[file("a", "b"), ("b.json".to_owned(), "{".to_owned())]).expect_err("broken");
    assert_eq!(
        problems
            .iter()
            .map(|problem| problem.file.as_str())
            .collect::<Vec<_>>(),
        ["b.json"]
    );
}

#[test]
fn whether_permissions_are_declared_outlives_a_translation() {
    for (permissions, declared) in [
        ("", false),
        (r#","permissions":{}"#, true),
        (
            r#","permissions":{"create":"public","read":"public"}"#,
            true,
        ),
        (r#","permissions":{"guest":{"read":true}}"#, true),
        (r#","rls":{"enabled":true,"mode":"public-read"}"#, true),
    ] {
        let checked = check_one(
            "a.json",
            &format!(r#"{{"name":"a","fields":[]{permissions}}}"#),
        )
        .expect(permissions);
        let [definition] = checked.definitions.as_slice() else {
            panic!("{permissions}")
        };
        assert_eq!(definition.permissions.declared, declared, "{permissions}");
        let again: Definition =
            serde_json::from_str(&serde_json::to_string(definition).expect("JSON"))
                .expect("a definition");
        assert_eq!(&again, definition, "{permissions}");
    }
}

#[test]
fn names_that_differ_only_in_case_or_dashes_collide() {
    let file = |name: &str| {
        (
            format!("{name}.json"),
            format!(r#"{{"name":"{name}","fields":[]}}"#),
        )
    };
    for other in ["Posts", "po-sts", "POST_S"] {
        assert!(check(&[file("posts"), file(other)]).is_err(), "{other}");
    }
    assert!(check(&[file("posts"), file("postings")]).is_ok());
}
