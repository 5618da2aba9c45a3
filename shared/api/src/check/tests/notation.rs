use serde_json::{Value, json};

use crate::check::{Problem, check};
use crate::rule::Rule;

/// Translates a file's permissions into the one form: permissions, owner field, warnings.
fn becomes(said: &Value) -> Result<(Value, String, Vec<String>), Vec<String>> {
    let mut file = json!({ "name": "a", "fields": [
        { "name": "userId", "type": "string" }, { "name": "by", "type": "string" } ] });
    for (name, value) in said.as_object().expect("an object") {
        file[name] = value.clone();
    }
    let texts =
        |problems: Vec<Problem>| problems.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut checked = check(&[("a.json".to_owned(), file.to_string())]).map_err(texts)?;
    let definition = checked.definitions.remove(0);
    let warnings = checked
        .warnings
        .iter()
        .filter(|warning| warning.field != "permissions");
    let warnings = warnings.map(ToString::to_string).collect();
    let permissions = serde_json::to_value(&definition.permissions).expect("JSON");
    Ok((permissions, definition.owner_field().to_owned(), warnings))
}

fn rules(create: &str, read: &str, update: &str, delete: &str) -> Value {
    json!({ "create": create, "read": read, "update": update, "delete": delete })
}

#[test]
fn groups_become_rules() {
    for (block, expected) in [
        (
            json!({ "user": {} }),
            rules("admin", "admin", "admin", "admin"),
        ),
        (
            json!({ "guest": { "read": true } }),
            rules("admin", "public", "admin", "admin"),
        ),
        (
            json!({ "user": { "create": true, "read": true, "update": false, "delete": false, "list": true },
                "self": { "update": true, "delete": true }, "guest": { "read": true, "list": true } }),
            rules("authenticated", "public", "owner", "owner"),
        ),
        (
            json!({ "user": { "create": true, "read": false }, "self": { "read": true, "update": true, "delete": true },
                "guest": {}, "admin": { "create": true, "read": true, "update": true, "delete": true, "list": true } }),
            rules("authenticated", "owner", "owner", "owner"),
        ),
        (
            json!({ "editor": { "read": true, "update": true }, "self": { "read": true }, "user": { "update": false } }),
            rules("admin", "owner | role:editor", "role:editor", "admin"),
        ),
        // A wider group wins over being the owner.
        (
            json!({ "user": { "read": true }, "self": { "read": false } }),
            rules("admin", "authenticated", "admin", "admin"),
        ),
        (
            json!({ "user": { "read": true, "list": false }, "guest": { "create": false } }),
            json!({ "create": "admin", "read": "authenticated", "list": "admin", "update": "admin", "delete": "admin" }),
        ),
        (
            json!({ "user": { "list": true }, "self": { "read": true } }),
            json!({ "create": "admin", "read": "owner", "list": "authenticated | owner", "update": "admin", "delete": "admin" }),
        ),
    ] {
        assert_eq!(
            becomes(&json!({ "permissions": block })).map(|(rules, ..)| rules),
            Ok(expected),
            "{block}"
        );
    }
}

#[test]
fn expressions_under_their_other_name_win_over_groups() {
    for (said, expected) in [
        (
            json!({ "expressionPermissions": {} }),
            rules("admin", "admin", "admin", "admin"),
        ),
        (
            json!({ "expressionPermissions": { "create": "user", "read": "user | guest", "update": "self" } }),
            rules("authenticated", "public", "owner", "admin"),
        ),
        (
            json!({ "expressionPermissions": { "list": "self" }, "permissions": { "user": { "read": true, "update": true } } }),
            json!({ "create": "admin", "read": "authenticated", "list": "owner", "update": "authenticated", "delete": "admin" }),
        ),
        (
            json!({ "expressionPermissions": { "create": "self & verified" }, "permissions": { "verified": { "update": true } } }),
            rules("owner & verified", "admin", "verified", "admin"),
        ),
        // A rule for reading is also the rule for listing.
        (
            json!({ "expressionPermissions": { "read": "self" }, "permissions": { "user": { "read": true, "list": true } } }),
            rules("admin", "owner", "admin", "admin"),
        ),
    ] {
        assert_eq!(
            becomes(&said).map(|(rules, ..)| rules),
            Ok(expected),
            "{said}"
        );
    }
}

#[test]
fn rls_becomes_rules() {
    let (open, private) = (
        rules("authenticated", "public", "owner", "owner"),
        rules("authenticated", "owner", "owner", "owner"),
    );
    for (rls, expected, owner) in [
        (
            json!({ "enabled": false }),
            rules("admin", "public", "admin", "admin"),
            "userId",
        ),
        (json!({ "enabled": true }), open.clone(), "userId"),
        (
            json!({ "enabled": true, "mode": "public-read", "ownerField": "by", "requireAuthForWrite": true }),
            open.clone(),
            "by",
        ),
        (
            json!({ "enabled": true, "mode": "owner-write-only", "ownerField": null }),
            open,
            "userId",
        ),
        (
            json!({ "enabled": true, "mode": "private", "ownerField": "userId" }),
            private,
            "userId",
        ),
    ] {
        assert_eq!(
            becomes(&json!({ "rls": rls })),
            Ok((expected, owner.to_owned(), Vec::new())),
            "{rls}"
        );
    }
    let owner = |said: Value| becomes(&said).map(|(_, owner, _)| owner);
    assert_eq!(
        owner(json!({ "rls": { "enabled": true }, "ownerField": "userId" })),
        Ok("userId".to_owned())
    );
    assert_eq!(
        owner(json!({ "rls": { "enabled": true }, "fields": [] })),
        Ok("createdBy".to_owned())
    );
    let warnings = |rls: Value| becomes(&json!({ "rls": rls })).expect("valid").2;
    assert_eq!(
        warnings(json!({ "enabled": true, "requireAuthForWrite": false })),
        [
            "collections/a.json: rls.requireAuthForWrite: false changes nothing: writing takes an account; to let strangers \
          write say `permissions` instead"
        ]
    );
    assert_eq!(
        warnings(json!({ "enabled": false, "mode": "private" })),
        [
            "collections/a.json: rls.mode: `private` changes nothing while `enabled` is false: anyone may read"
        ]
    );
}

#[test]
fn what_contradicts_itself_is_told_with_its_place() {
    let rls = json!({ "enabled": true });
    for (said, expected) in [
        (
            json!({ "rls": rls, "permissions": {} }),
            "rls: `permissions` says who may do what as well; keep one of them",
        ),
        (
            json!({ "rls": rls, "expressionPermissions": {} }),
            "rls: `expressionPermissions` says who may do what as well",
        ),
        (
            json!({ "rls": rls, "ownerField": "by" }),
            "rls.ownerField: `userId` is not what the collection's own `ownerField` says",
        ),
        (
            json!({ "rls": { "enabled": true, "ownerField": "_id" } }),
            "ownerField: `_id` must be a declared field",
        ),
        (json!({ "rls": {} }), "rls: missing field `enabled`"),
        (
            json!({ "rls": { "enabled": "yes" } }),
            "rls.enabled: invalid type: string \"yes\", expected a boolean",
        ),
        (
            json!({ "rls": { "enabled": true, "mode": "open" } }),
            "rls.mode: unknown variant `open`, expected",
        ),
        (
            json!({ "rls": { "enabled": true, "table": 1 } }),
            "rls.table: unknown field `table`",
        ),
        (json!({ "rls": true }), "rls: must be an object, not true"),
        (
            json!({ "permissions": { "create": "user" }, "expressionPermissions": {} }),
            "expressionPermissions: `permissions` has a rule for each operation as well; keep one of them",
        ),
        (
            json!({ "expressionPermissions": { "write": "user" } }),
            "expressionPermissions.write: `write` is no operation",
        ),
        (
            json!({ "expressionPermissions": { "read": "user || self" } }),
            "expressionPermissions.read: `user || self` is not a rule: at character 7 there must be",
        ),
        (
            json!({ "expressionPermissions": { "read": "role:*" } }),
            "expressionPermissions.read: `role:*` must name a role",
        ),
        (
            json!({ "permissions": { "read": "user &" } }),
            "permissions.read: `user &` is not a rule: at character 7",
        ),
        (
            json!({ "permissions": { "read": true } }),
            "permissions.read: invalid type: boolean",
        ),
        (
            json!({ "permissions": { "user": {}, "read": "public" } }),
            "permissions.read: either every entry is an operation",
        ),
        (
            json!({ "permissions": { "user": {}, "guest": true } }),
            "permissions.guest: either every entry is an operation",
        ),
        (
            json!({ "permissions": { "user": { "write": true } } }),
            "permissions.user.write: unknown field `write`",
        ),
        (
            json!({ "permissions": { "user": { "read": "yes" } } }),
            "permissions.user.read: invalid type",
        ),
        (
            json!({ "permissions": { "Editor": {} } }),
            "permissions.Editor: `Editor` is no group: there are guest, user",
        ),
        (
            json!({ "permissions": { "guest": { "read": true }, "user": { "read": false } } }),
            "permissions.user.read: cannot be false: anyone may, and so may whoever signs in",
        ),
        (
            json!({ "permissions": { "guest": { "list": true }, "user": { "read": false } } }),
            "permissions.user.list: cannot be false: anyone may",
        ),
        (
            json!({ "permissions": { "user": { "delete": true }, "editor": { "delete": false } } }),
            "permissions.editor.delete: cannot be false: anyone who is signed in may",
        ),
        (
            json!({ "permissions": { "admin": { "delete": false } } }),
            "permissions.admin.delete: cannot be false: admins pass",
        ),
    ] {
        let problems = becomes(&said).expect_err(&said.to_string());
        assert_eq!(problems.len(), 1, "{said}: {problems:?}");
        assert!(
            problems[0].starts_with(&format!("collections/a.json: {expected}")),
            "{said}: {problems:?}"
        );
    }
}

const GUIDE: &str = include_str!("../../../../../docs/permissions.md");

fn section(title: &str) -> &'static str {
    let section = GUIDE
        .split("\n## ")
        .find_map(|section| section.strip_prefix(title));
    section.unwrap_or_else(|| panic!("no section {title} in docs/permissions.md"))
}

#[test]
fn the_guides_examples_become_what_stands_beside_them() {
    let blocks = section("Other notations\n")
        .split("```json\n")
        .skip(1)
        .filter_map(|block| block.split("```").next());
    let blocks: Vec<Value> = blocks
        .map(|block| serde_json::from_str(block).expect(block))
        .collect();
    assert!(
        blocks.len() > 12 && blocks.len().is_multiple_of(2),
        "{}",
        blocks.len()
    );
    let definition = |said: &Value| {
        let mut file = json!({ "name": "a", "fields": [] });
        for (name, value) in said.as_object().expect("an object") {
            file[name] = value.clone();
        }
        let checked = check(&[("a.json".to_owned(), file.to_string())]);
        let definition = checked
            .unwrap_or_else(|problems| panic!("{said}: {problems:?}"))
            .definitions
            .remove(0);
        serde_json::to_value(definition).expect("JSON")
    };
    for pair in blocks.chunks(2) {
        let [written, becomes] = pair else { continue };
        let shown = definition(written);
        assert_eq!(shown, definition(becomes), "{written}");
        // The guide shows the exact form of the result.
        for (name, value) in becomes.as_object().expect("an object") {
            assert_eq!(shown[name], *value, "{written}");
        }
        assert!(
            ["permissions", "rls", "expressionPermissions"]
                .iter()
                .any(|name| written.get(name).is_some())
        );
        assert_ne!(written, becomes);
    }
}

#[test]
fn the_guides_expressions_have_the_normal_form_beside_them() {
    let rows = section("Rules\n")
        .split("| Written | Is |\n|---|---|\n")
        .nth(1)
        .expect("the table");
    let rows: Vec<&str> = rows
        .lines()
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert!(rows.len() > 5, "{rows:?}");
    for row in rows {
        let row = row.replace("\\|", "\0");
        let cells = row
            .split('|')
            .map(|cell| cell.trim().trim_matches('`').replace('\0', "|"));
        let cells: Vec<String> = cells.filter(|cell| !cell.is_empty()).collect();
        let [written, normal] = cells.as_slice() else {
            panic!("{row}")
        };
        assert_eq!(
            Rule::parse(written).expect(written).to_string(),
            *normal,
            "{written}"
        );
    }
}
