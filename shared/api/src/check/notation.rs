//! Other notations of permissions, translated into the one form that the rest of the code reads.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::check::problem::Remark;
use crate::definition::Permissions;
use crate::rule::{Rule, is_role};
use crate::value;

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

/// Translates the permissions of a file into `permissions` with a rule for each operation. Returns the warnings.
///
/// # Errors
/// The place that contradicts another or is no such notation, and the reason.
pub(super) fn translate(tree: &mut Value) -> Result<Vec<Remark>, Remark> {
    // The reader of the definition reports a file that is no object.
    let Value::Object(file) = tree else {
        return Ok(Vec::new());
    };
    let mut take = |name: &str| file.remove(name);
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
    value::read(part).map_err(|(inner, reason)| {
        let dot = if inner.is_empty() { "" } else { "." };
        (format!("{place}{dot}{inner}"), reason)
    })
}

/// Translates bkend's groups: the members of an allowed group pass, and no other user.
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
            "verified" => Rule::verified(),
            "self" | "owner" => Rule::owner(),
            "admin" => Rule::admin(),
            role if is_role(role) => Rule::role(role),
            _ => {
                return Err((
                    place,
                    format!(
                        "`{name}` is no group: there are guest, user, verified, self, admin and the roles"
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
        // `false` for a group cannot take away what a wider group may do. Being the owner only adds, and anyone is the
        // widest.
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

/// Translates urBackend's modes.
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
