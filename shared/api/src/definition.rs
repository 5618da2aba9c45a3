//! Collection definitions: the contents of `collections/<name>.json`.

mod field;
mod index;
mod pattern;
mod permissions;
mod profile;
mod rows;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::field::{Field, FieldType, Format};
pub use self::index::{Index, Order};
pub use self::pattern::Pattern;
pub use self::permissions::{Operation, Permissions};
pub use self::profile::{ProfileField, USERNAME};
pub use self::rows::RowFilter;
pub(crate) use self::rows::{USER_ID, names_user, set_user};
use crate::rule::Rule;

/// The fields that every record has.
pub const SYSTEM_FIELDS: &[&str] = &["id", "createdAt", "updatedAt", "createdBy"];

/// The collection name of relations to accounts.
pub const USERS: &str = "users";

/// A collection: its fields and who may do what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Definition {
    /// Where an editor finds the schema of this file, such as `../docs/collection.schema.json`; nobody else reads it.
    #[serde(default, rename = "$schema", skip_serializing)]
    pub schema: Option<String>,
    /// The name, as the file is named: `^[a-zA-Z][a-zA-Z0-9_-]{0,63}$`.
    #[schemars(regex(pattern = "^[a-zA-Z][a-zA-Z0-9_-]{0,63}$"))]
    pub name: String,
    /// The declared fields.
    pub fields: Vec<Field>,
    /// Who may do what; everything is public when absent.
    #[serde(default, skip_serializing_if = "Permissions::is_undeclared")]
    pub permissions: Permissions,
    /// The field that holds the owner's id; `user_id` if that is declared, else `createdBy`, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_field: Option<String>,
    /// Over how many partitions the records are spread, 1 to 16. May only grow.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 16))]
    pub shards: u8,
    /// The orders, beside newest first, in which a list can be read at any size; at most 15.
    #[schemars(length(max = 15))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
    /// Which records are shown to whom; a caller sees those that one of these shows, admins and secret keys all. Without
    /// any, everybody sees what the rules say. At most 10.
    #[schemars(length(max = 10))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub row_filters: Vec<RowFilter>,
    /// Whether changes of the records make events, for webhooks, triggers and the audit log.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub events: bool,
    /// Whether the audit log keeps who changed which record and which fields; needs `events`.
    #[serde(default, skip_serializing_if = "is_no")]
    pub audit: bool,
}

fn one() -> u8 {
    1
}

fn yes() -> bool {
    true
}

fn is_yes(value: &bool) -> bool {
    *value
}

fn is_no(value: &bool) -> bool {
    !value
}

impl Definition {
    /// The rule of an operation.
    #[must_use]
    pub fn rule(&self, operation: Operation) -> &Rule {
        match operation {
            Operation::Create => &self.permissions.create,
            Operation::Read => &self.permissions.read,
            Operation::List => self
                .permissions
                .list
                .as_ref()
                .unwrap_or(&self.permissions.read),
            Operation::Update => &self.permissions.update,
            Operation::Delete => &self.permissions.delete,
        }
    }

    /// The rules of the definition, each with its place.
    pub fn rules(&self) -> impl Iterator<Item = (String, &Rule)> {
        let Permissions {
            create,
            read,
            list,
            update,
            delete,
            ..
        } = &self.permissions;
        let all = [
            ("create", Some(create)),
            ("read", Some(read)),
            ("list", list.as_ref()),
        ];
        let all = all
            .into_iter()
            .chain([("update", Some(update)), ("delete", Some(delete))]);
        let permissions =
            all.filter_map(|(name, rule)| Some((format!("permissions.{name}"), rule?)));
        let fields = self.fields.iter().enumerate().flat_map(|(at, field)| {
            [("read", &field.read), ("write", &field.write)]
                .map(|(word, rule)| (format!("fields[{at}].{word}"), rule))
        });
        let rows = self.row_filters.iter().enumerate();
        permissions
            .chain(fields)
            .chain(rows.map(|(at, row)| (format!("rowFilters[{at}].when"), &row.when)))
    }

    /// The field that holds the owner's id: `ownerField`, else `user_id` if declared, else `createdBy`.
    #[must_use]
    pub fn owner_field(&self) -> &str {
        match &self.owner_field {
            Some(field) => field,
            None if self.field("user_id").is_some() => "user_id",
            None => "createdBy",
        }
    }

    /// Whether the owner's id is a declared field, which callers see under its own name and may send.
    #[must_use]
    pub fn owner_is_declared(&self) -> bool {
        self.field(self.owner_field()).is_some()
    }

    /// Whether the table has a `by_owner` index: where a list shows some callers only their own records.
    #[must_use]
    pub fn has_owner_index(&self) -> bool {
        self.rule(Operation::List).names_owner()
    }

    /// The collections that its relations point to, each once, by name; `users` are the accounts.
    #[must_use]
    pub fn related(&self) -> BTreeSet<&str> {
        let fields = self
            .fields
            .iter()
            .flat_map(|field| [Some(field), field.items.as_deref()])
            .flatten();
        fields
            .filter_map(|field| field.collection.as_deref())
            .collect()
    }

    /// The declared fields that some callers do not see.
    pub fn hidden(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| !field.read.is_public())
    }

    /// The declared fields that some callers do not see or may not write.
    pub fn ruled(&self) -> impl Iterator<Item = &Field> {
        self.fields
            .iter()
            .filter(|field| !field.read.is_public() || !field.write.is_public())
    }

    /// A declared field by its name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(content: &str) -> Definition {
        serde_json::from_str(content).expect("a definition")
    }

    #[test]
    fn the_owner_field_is_named_or_user_id_or_created_by() {
        for (content, field, declared) in [
            (r#"{"name":"a","fields":[]}"#, "createdBy", false),
            (
                r#"{"name":"a","fields":[{"name":"user_id","type":"string"}]}"#,
                "user_id",
                true,
            ),
            (
                r#"{"name":"a","fields":[{"name":"by","type":"string"}],"ownerField":"by"}"#,
                "by",
                true,
            ),
        ] {
            let definition = definition(content);
            assert_eq!(definition.owner_field(), field);
            assert_eq!(definition.owner_is_declared(), declared);
        }
    }

    #[test]
    fn list_inherits_read_and_what_is_not_said_is_public() {
        let content = r#"{"name":"a","fields":[],"permissions":{"read":"owner"}}"#;
        let definition = definition(content);
        assert_eq!(definition.rule(Operation::List), &Rule::owner());
        assert_eq!(definition.rule(Operation::Create), &Rule::public());
        assert!(definition.has_owner_index());
    }

    #[test]
    fn a_definition_is_shown_clean() {
        let content = r#"{ "$schema": "../docs/collection.schema.json", "name": "a", "ownerField": null,
        "fields": [{ "name": "x", "type": "Int", "required": false, "unique": false, "min": 1.50, "default": null },
            { "name": "y", "type": "bool", "required": true },
            { "name": "z", "type": "array", "items": { "type": "String", "pattern": "a", "enum": ["a"] } },
            { "name": "by", "type": "Ref", "collection": "users" }],
        "permissions": { "create": "admin", "list": null },
        "indexes": [["x", "-createdAt"], { "fields": ["y"] }, { "fields": ["x"], "perOwner": true }] }"#;
        let definition: Definition = serde_json::from_str(content).expect("a definition");
        let shown = serde_json::to_string(&definition).expect("JSON");
        let expected = concat!(
            r#"{"name":"a","fields":[{"name":"x","type":"integer","min":1.50},"#,
            r#"{"name":"y","type":"boolean","required":true},"#,
            r#"{"name":"z","type":"array","items":{"type":"string","enum":["a"],"pattern":"a"}},"#,
            r#"{"name":"by","type":"relation","collection":"users"}],"#,
            r#""permissions":{"create":"admin","read":"public","update":"public","delete":"public"},"shards":1,"#,
            r#""indexes":[["x","-createdAt"],["y"],{"fields":["x"],"perOwner":true}]}"#,
        );
        assert_eq!(shown, expected);
        let again: Definition = serde_json::from_str(&shown).expect("a definition");
        assert_eq!(
            again,
            Definition {
                schema: None,
                ..definition
            }
        );
    }
}
