//! Other notations of who may do what, translated into the one form that everything else reads.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{Permissions, Remark};
use crate::rule::{Rule, is_role};

/// What of a file is translated before it is read as a definition: `permissions` in bkend's notation,
/// `expressionPermissions`, and `rls` in urBackend's.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[expect(
    dead_code,
    missing_debug_implementations,
    reason = "the file's schema is drawn from it"
)]
pub struct Notations {
    /// Who may do what: a rule for each operation, or for each group what it may do.
    permissions: Option<Either>,
    /// Rules under bkend's name for them; what is not said is what `permissions` says by groups, else for admins alone.
    expression_permissions: Option<Permissions>,
    /// Who may do what as urBackend says it.
    rls: Option<Rls>,
}

/// Rules by operation, or what is allowed by group.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the file's schema is drawn from it")]
enum Either {
    /// A rule for each operation; what is not said is public.
    Rules(Permissions),
    /// What each group may do: `guest` (anyone), `user` (anyone signed in), `self` (the owner), `admin`, and any role of
    /// `auth.roles`. What is not said is for admins alone.
    Groups(BTreeMap<String, Allowed>),
}

/// What a group may do.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Allowed {
    /// Whether it may create.
    create: Option<bool>,
    /// Whether it may read one record, and list unless `list` says otherwise.
    read: Option<bool>,
    /// Whether it may list; the same as `read` when absent.
    list: Option<bool>,
    /// Whether it may change.
    update: Option<bool>,
    /// Whether it may delete.
    delete: Option<bool>,
}

impl Allowed {
    fn of(&self, operation: &str) -> Option<bool> {
        match operation {
            "create" => self.create,
            "read" => self.read,
            "list" => self.list.or(self.read),
            "update" => self.update,
            _ => self.delete,
        }
    }
}

/// Row-level security as urBackend says it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rls {
    /// Whether `mode` holds. If not, anyone may read, and admins and secret keys alone may write.
    enabled: bool,
    /// Who may read. To write takes an account, and to change or delete the owner's.
    #[serde(default)]
    mode: Mode,
    /// The field that holds the owner's id; `userId` if that is declared, when absent.
    owner_field: Option<String>,
    /// True: writing takes an account. It does whatever is said here.
    require_auth_for_write: Option<bool>,
}

/// Who may read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    /// Anyone.
    #[default]
    PublicRead,
    /// The owner.
    Private,
    /// Anyone: the older name of `public-read`.
    OwnerWriteOnly,
}

const OPERATIONS: [&str; 5] = ["create", "read", "list", "update", "delete"];

/// Translates what a file says about who may do what into `permissions` with a rule for each operation. Returns what
/// is worth a warning.
///
/// # Errors
/// The place that contradicts another or is no such notation, and why.
pub(super) fn translate(tree: &mut Value) -> Result<Vec<Remark>, Remark> {
    // What is no object at all is told by whoever reads it.
    let Value::Object(file) = tree else {
        return Ok(Vec::new());
    };
    let mut take = |name: &str| file.remove(name).filter(|value| !value.is_null());
    let (rls, expressions) = (take("rls"), take("expressionPermissions"));
    let permissions = take("permissions");
    if let Some(rls) = rls {
        if let Some((_, name)) = [
            (&permissions, "permissions"),
            (&expressions, "expressionPermissions"),
        ]
        .into_iter()
        .find(|(there, _)| there.is_some())
        {
            return Err((
                "rls".to_owned(),
                format!("`{name}` says who may do what as well; keep one of them"),
            ));
        }
        return of_rls(read(rls, "rls")?, file);
    }
    let block = permissions
        .as_ref()
        .and_then(Value::as_object)
        .filter(|groups| groups.values().any(Value::is_object));
    let mut rules = match block {
        Some(groups) => Some(of_groups(groups)?),
        None => None,
    };
    match expressions {
        Some(_) if rules.is_none() && permissions.is_some() => {
            let reason = "`permissions` has a rule for each operation as well; keep one of them";
            return Err(("expressionPermissions".to_owned(), reason.to_owned()));
        }
        Some(expressions) => {
            let expressions: BTreeMap<String, Rule> = read(expressions, "expressionPermissions")?;
            if let Some(unknown) = expressions
                .keys()
                .find(|name| !OPERATIONS.contains(&name.as_str()))
            {
                let reason = format!(
                    "`{unknown}` is no operation; there are {}",
                    OPERATIONS.join(", ")
                );
                return Err((format!("expressionPermissions.{unknown}"), reason));
            }
            let rules = rules.get_or_insert_with(|| {
                OPERATIONS
                    .map(|operation| (operation, Rule::admin()))
                    .into()
            });
            for operation in OPERATIONS {
                let inherited = || expressions.get("read").filter(|_| operation == "list");
                if let Some(expression) = expressions.get(operation).or_else(inherited) {
                    rules.insert(operation, expression.clone());
                }
            }
        }
        None => {}
    }
    let rules = rules.map(|mut rules| {
        if rules.get("list") == rules.get("read") {
            rules.remove("list");
        }
        json!(rules)
    });
    if let Some(permissions) = rules.or(permissions) {
        file.insert("permissions".to_owned(), permissions);
    }
    Ok(Vec::new())
}

/// Reads a part of the file that stands at `place`.
fn read<T: DeserializeOwned>(part: Value, place: &str) -> Result<T, Remark> {
    serde_path_to_error::deserialize(part).map_err(|error| {
        let inner = error.path().to_string();
        let place = if inner == "." {
            place.to_owned()
        } else {
            format!("{place}.{inner}")
        };
        (place, error.into_inner().to_string())
    })
}

/// bkend's groups: whoever is in one that is allowed may; nobody else.
fn of_groups(block: &Map<String, Value>) -> Result<BTreeMap<&'static str, Rule>, Remark> {
    let mut groups = Vec::new();
    for (name, allowed) in block {
        let place = format!("permissions.{name}");
        if !allowed.is_object() {
            let reason = "either every entry is an operation with its rule, or every entry a group with what it may do";
            return Err((place, reason.to_owned()));
        }
        let rule = match name.as_str() {
            "guest" | "public" => Rule::public(),
            "user" | "authenticated" => Rule::authenticated(),
            "self" | "owner" => Rule::owner(),
            "admin" => Rule::admin(),
            role if is_role(role) => Rule::role(role),
            _ => {
                return Err((
                    place,
                    format!(
                        "`{name}` is no group: there are guest, user, self, admin and the roles"
                    ),
                ));
            }
        };
        groups.push((name, rule, read::<Allowed>(allowed.clone(), &place)?));
    }
    let mut rules = BTreeMap::new();
    for operation in OPERATIONS {
        let said = |wanted: bool| {
            groups
                .iter()
                .filter(move |(.., allowed)| allowed.of(operation) == Some(wanted))
        };
        let rule = said(true).fold(Rule::admin(), |all, (_, rule, _)| all.or(rule.clone()));
        // Nobody is kept from what a wider group may do. Being the owner only ever adds, and anyone is no narrower.
        for (name, narrow, _) in
            said(false).filter(|(_, narrow, _)| !narrow.is_public() && *narrow != Rule::owner())
        {
            let reason = if narrow.is_admin() {
                "admins pass every rule"
            } else if rule.is_public() {
                "anyone may, and so may whoever signs in"
            } else if rule == Rule::authenticated() && rule != *narrow {
                "anyone who is signed in may, whatever the role"
            } else {
                continue;
            };
            return Err((
                format!("permissions.{name}.{operation}"),
                format!("cannot be false: {reason}"),
            ));
        }
        rules.insert(operation, rule);
    }
    Ok(rules)
}

/// urBackend's modes.
fn of_rls(rls: Rls, file: &mut Map<String, Value>) -> Result<Vec<Remark>, Remark> {
    let declares = |name: &str| {
        let fields = file.get("fields").and_then(Value::as_array);
        fields.is_some_and(|fields| {
            fields
                .iter()
                .any(|field| field.get("name") == Some(&json!(name)))
        })
    };
    let owner = rls
        .owner_field
        .or_else(|| Some("userId".to_owned()).filter(|name| declares(name)));
    match (owner, file.get("ownerField").filter(|said| !said.is_null())) {
        (Some(owner), Some(said)) if *said != json!(owner) => {
            let reason = format!(
                "`{owner}` is not what the collection's own `ownerField` says, {said}; keep one of them"
            );
            return Err(("rls.ownerField".to_owned(), reason));
        }
        (Some(owner), None) => drop(file.insert("ownerField".to_owned(), json!(owner))),
        _ => {}
    }
    let (read, create, change) = match (rls.enabled, rls.mode) {
        (false, _) => ("public", "admin", "admin"),
        (true, Mode::PublicRead | Mode::OwnerWriteOnly) => ("public", "authenticated", "owner"),
        (true, Mode::Private) => ("owner", "authenticated", "owner"),
    };
    let permissions = json!({ "create": create, "read": read, "update": change, "delete": change });
    file.insert("permissions".to_owned(), permissions);
    let mut warnings = Vec::new();
    if rls.require_auth_for_write == Some(false) {
        let reason = "false changes nothing: writing takes an account; to let strangers write say `permissions` instead";
        warnings.push(("rls.requireAuthForWrite".to_owned(), reason.to_owned()));
    }
    if !rls.enabled && rls.mode == Mode::Private {
        let reason = "`private` changes nothing while `enabled` is false: anyone may read";
        warnings.push(("rls.mode".to_owned(), reason.to_owned()));
    }
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::{Problem, check};

    /// What a file says of who may do what, in the one form: permissions, owner field, warnings.
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
                json!({ "create": "admin", "read": "owner", "list": "authenticated", "update": "admin", "delete": "admin" }),
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
            // What is said of reading is said of listing.
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
            (json!({ "rls": true }), "rls: invalid type: boolean"),
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

    const GUIDE: &str = include_str!("../../../../docs/permissions.md");

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
            // What stands beside is the very form that is shown.
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
}
