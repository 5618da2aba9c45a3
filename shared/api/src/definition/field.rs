//! Fields: their types and the constraints on their values.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::definition::pattern::Pattern;
use crate::rule::Rule;
use crate::value::present;

/// The type of a field's value. The aliases are the names that other systems have for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// Text without NUL.
    #[default]
    #[serde(alias = "String")]
    String,
    /// A number of at most 38 digits.
    #[serde(alias = "Number", alias = "double", alias = "Double")]
    Number,
    /// A number without a fraction.
    #[serde(alias = "Integer", alias = "int", alias = "Int")]
    Integer,
    /// `true` or `false`.
    #[serde(alias = "Boolean", alias = "bool", alias = "Bool")]
    Boolean,
    /// An RFC 3339 date-time, kept in UTC with milliseconds.
    #[serde(alias = "Date")]
    Date,
    /// A JSON object; any, or one with the declared `fields`.
    #[serde(alias = "Object")]
    Object,
    /// A JSON array; of anything, or of what `items` says.
    #[serde(alias = "Array")]
    Array,
    /// The id of a user or a record that exists.
    #[serde(
        alias = "Relation",
        alias = "ref",
        alias = "Ref",
        alias = "reference",
        alias = "Reference"
    )]
    Relation,
}

impl FieldType {
    /// The other names that a type is read by.
    pub const ALIASES: &[&str] = &[
        "String",
        "Number",
        "double",
        "Double",
        "Integer",
        "int",
        "Int",
        "Boolean",
        "bool",
        "Bool",
        "Date",
        "Object",
        "Array",
        "Relation",
        "ref",
        "Ref",
        "reference",
        "Reference",
    ];
}

/// A form that a string must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// An address such as `ada@example.com`.
    Email,
    /// An absolute `http` or `https` URL.
    Url,
    /// A UUID in any version, with hyphens.
    Uuid,
    /// `^[a-z0-9]+(-[a-z0-9]+)*$`.
    Slug,
    /// `#rgb` or `#rrggbb`.
    Color,
}

/// A field of a collection, of an object, or without a name the items of an array.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Field {
    /// The name, `^[a-zA-Z][a-zA-Z0-9_]{0,63}$`; the items of an array have none.
    #[schemars(regex(pattern = "^[a-zA-Z][a-zA-Z0-9_]{0,63}$"))]
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The type of its value.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// Whether every record must have it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// Whether no two records may have the same value; for a field of the collection itself, of a scalar type.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unique: bool,
    /// What a record gets that is created or replaced without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// The values it may have.
    #[serde(default, rename = "enum", skip_serializing_if = "Option::is_none")]
    pub choices: Option<Vec<Value>>,
    /// For a number or integer, the least value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Number>,
    /// For a number or integer, the greatest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Number>,
    /// For a string its least number of characters, for an array of items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<usize>,
    /// For a string its greatest number of characters, for an array of items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    /// For a string, a regular expression that it must match somewhere; anchor it with `^` and `$`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Pattern>,
    /// For a string, its form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// For an array, what its items are.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub items: Option<Box<Field>>,
    /// For an object, its fields; three levels at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<Field>>,
    /// For a relation, the collection it points to; `users` are the accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// Who sees it, of those who may read the record; for a field of the collection itself.
    #[serde(default, skip_serializing_if = "Rule::is_public")]
    pub read: Rule,
    /// Who may set or remove it, of those who may write the record; for a field of the collection itself.
    #[serde(default, skip_serializing_if = "Rule::is_public")]
    pub write: Rule,
}

fn is_false(value: &bool) -> bool {
    !value
}
