//! Collection definitions: what a `collections/<name>.json` may say.

mod notation;
mod pattern;
mod problems;
mod profile;

use std::collections::BTreeSet;
use std::path::Path;
use std::{fmt, fs, io};

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Number, Value};

pub use self::notation::Notations;
pub use self::pattern::Pattern;
pub use self::profile::{ProfileField, USERNAME, profile_problems};
use crate::query::{count_colons, count_members, names_user};
use crate::rule::Rule;

/// Names that a collection may not have: paths of the service, today's and tomorrow's.
const RESERVED_COLLECTIONS: &[&str] = &[
    "auth",
    "users",
    "admin",
    "events",
    "health",
    "openapi",
    "data",
    "userAuth",
    "schemas",
    "storage",
    "files",
    "mail",
    "functions",
    "webhooks",
    "keys",
    "me",
];

/// The fields that every record has.
pub const SYSTEM_FIELDS: &[&str] = &["id", "createdAt", "updatedAt", "createdBy"];

/// What a relation to an account names as its collection.
pub const USERS: &str = "users";

/// The parameters of a list, which a field may not be called.
const LIST_PARAMETERS: &[&str] = &[
    "limit",
    "cursor",
    "page",
    "sort",
    "sortBy",
    "sortDirection",
    "filter",
    "andFilters",
    "orFilters",
    "search",
    "fields",
    "expand",
    "explain",
];

/// What is done to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Make a new one.
    Create,
    /// Read one by its id.
    Read,
    /// List many.
    List,
    /// Change one.
    Update,
    /// Delete one.
    Delete,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 5] = [
        Self::Create,
        Self::Read,
        Self::List,
        Self::Update,
        Self::Delete,
    ];

    /// The operation's name, as definitions and scopes have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::List => "list",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// The rule of every operation.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Permissions {
    /// Who may create.
    #[serde(default)]
    pub create: Rule,
    /// Who may read one record, and list unless `list` says otherwise.
    #[serde(default)]
    pub read: Rule,
    /// Who may list; the same as `read` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<Rule>,
    /// Who may change.
    #[serde(default)]
    pub update: Rule,
    /// Who may delete.
    #[serde(default)]
    pub delete: Rule,
    /// Whether the definition says anything of them at all.
    #[serde(skip, default = "yes")]
    #[schemars(skip)]
    pub declared: bool,
}

impl Permissions {
    /// What the file does not say is not said in its normal form either: somebody looks at whether it was.
    fn is_undeclared(&self) -> bool {
        !self.declared
    }
}

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
    /// The other names that it is read by.
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
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

/// Which records some callers see, of those that the rules let them read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowFilter {
    /// Whom it is for; who meets it as the owner only sees their own records by it.
    #[serde(default)]
    pub when: Rule,
    /// What the records are like, as `filter` of a list says it; empty for all. The value `$userId` is the caller's id.
    #[serde(default)]
    pub filter: Map<String, Value>,
}

impl RowFilter {
    /// Whether it asks for the caller's id, so that it holds for no stranger.
    #[must_use]
    pub fn names_user(&self) -> bool {
        names_user(&self.filter)
    }
}

/// A field in an order: of an index, or of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The field.
    pub field: String,
    /// Whether the greatest value comes first.
    pub descending: bool,
}

impl Order {
    /// Reads `field` or `-field`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.strip_prefix('-') {
            Some(field) => Self {
                field: field.to_owned(),
                descending: true,
            },
            None => Self {
                field: text.to_owned(),
                descending: false,
            },
        }
    }
}

/// An index that a collection declares: an ordered list of fields, `-` before those with the greatest value first.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "IndexForm")]
pub struct Index {
    /// The fields, such as `status` and `-createdAt`.
    pub fields: Vec<String>,
    /// Whether it is kept for each owner apart, for lists of one owner's records.
    pub per_owner: bool,
}

/// The fields alone, or with the word whether it is kept for each owner apart.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum IndexForm {
    /// The fields in order, such as `["status", "-createdAt"]`.
    Fields(#[schemars(length(min = 1, max = 4))] Vec<String>),
    /// The fields in order, and for whom.
    Full(FullIndex),
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(inline)]
struct FullIndex {
    /// The fields in order, `-` before those with the greatest value first.
    #[schemars(length(min = 1, max = 4))]
    fields: Vec<String>,
    /// Whether it is kept for each owner apart, for lists of one owner's records.
    #[serde(default)]
    per_owner: bool,
}

impl<'de> Deserialize<'de> for Index {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let FullIndex { fields, per_owner } = match Value::deserialize(deserializer)? {
            Value::Array(items) => {
                let names = items
                    .iter()
                    .map(|item| item.as_str().map(str::to_owned))
                    .collect::<Option<_>>();
                FullIndex {
                    fields: names.ok_or_else(|| D::Error::custom(INDEX_FORMS))?,
                    per_owner: false,
                }
            }
            object @ Value::Object(_) => serde_json::from_value(object)
                .map_err(|error| D::Error::custom(format_args!("{error}; {INDEX_FORMS}")))?,
            _ => return Err(D::Error::custom(INDEX_FORMS)),
        };
        Ok(Self { fields, per_owner })
    }
}

const INDEX_FORMS: &str = r#"an index is a list of field names such as ["status", "-createdAt"], or {"fields": ["status", "-createdAt"], "perOwner": true}"#;

impl Serialize for Index {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = self.fields.clone();
        match self.per_owner {
            true => IndexForm::Full(FullIndex {
                fields,
                per_owner: true,
            }),
            false => IndexForm::Fields(fields),
        }
        .serialize(serializer)
    }
}

impl Index {
    /// The order it keeps.
    pub fn order(&self) -> impl Iterator<Item = Order> {
        self.fields.iter().map(|field| Order::parse(field))
    }

    /// The name of the table's index and of the attribute that holds its sort key: `by.status.-createdAt`, or
    /// `own.status.-createdAt` per owner. Another order is another name, so an index never changes its meaning.
    #[must_use]
    pub fn name(&self) -> String {
        format!(
            "{}.{}",
            if self.per_owner { "own" } else { "by" },
            self.fields.join(".")
        )
    }
}

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
}

fn yes() -> bool {
    true
}

fn is_false(value: &bool) -> bool {
    !value
}

fn one() -> u8 {
    1
}

/// What is wrong with a definition, or merely worth a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file's name, such as `posts.json`.
    pub file: String,
    /// The place in it, such as `fields[2].name`; empty for the whole.
    pub field: String,
    /// What is wrong and what to do.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.field.is_empty() { "" } else { ": " };
        write!(
            f,
            "collections/{}{separator}{}: {}",
            self.file, self.field, self.reason
        )
    }
}

/// The definitions that were read, and the warnings about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The definitions, by name.
    pub definitions: Vec<Definition>,
    /// What is allowed but worth a look.
    pub warnings: Vec<Problem>,
}

impl Checked {
    /// Every rule that names a role which is not among these, `auth.roles` of the settings.
    #[must_use]
    pub fn undeclared_roles(&self, roles: &[String]) -> Vec<Problem> {
        let mut problems = Vec::new();
        for definition in &self.definitions {
            for (field, rule) in definition.rules() {
                for role in rule
                    .roles()
                    .into_iter()
                    .filter(|role| !roles.iter().any(|declared| declared == role))
                {
                    let reason = format!(
                        "there is no role `{role}`; declare it in auth.roles of bakend.json or correct its name"
                    );
                    let file = format!("{}.json", definition.name);
                    problems.push(Problem {
                        file,
                        field: field.clone(),
                        reason,
                    });
                }
            }
        }
        problems
    }
}

/// The definition files of a folder as `(file name, content)`, by name.
///
/// # Errors
/// The folder or a file cannot be read.
pub fn read_folder(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let content = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
            files.push((
                path.file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned(),
                content,
            ));
        }
    }
    files.sort();
    Ok(files)
}

/// Reads definitions out of `(file name, content)` pairs.
///
/// # Errors
/// Every problem found, with file, field and reason.
pub fn check(files: &[(String, String)]) -> Result<Checked, Vec<Problem>> {
    let mut definitions: Vec<Definition> = Vec::new();
    let mut problems = Vec::new();
    let mut warnings = Vec::new();
    // A file that is broken is a problem of its own, not of those that point to it.
    let known: BTreeSet<&str> = files
        .iter()
        .filter_map(|(file, _)| file.strip_suffix(".json"))
        .collect();
    for (file, content) in files {
        let problem = |(field, reason): (String, String)| Problem {
            file: file.clone(),
            field,
            reason,
        };
        match parse(content) {
            Err(reason) => problems.push(problem(reason)),
            Ok((definition, remarks)) => {
                warnings.extend(remarks.into_iter().map(problem));
                problems.extend(
                    problems::problems(&definition, file, &known)
                        .into_iter()
                        .map(problem),
                );
                warnings.extend(problems::warnings(&definition).into_iter().map(problem));
                let folded = fold(&definition.name);
                if let Some(other) = definitions.iter().find(|other| fold(&other.name) == folded) {
                    let reason = format!(
                        "differs from `{}` only in case, `-` or `_`; rename one",
                        other.name
                    );
                    problems.push(problem(("name".to_owned(), reason)));
                }
                definitions.push(definition);
            }
        }
    }
    definitions.sort_by(|a, b| a.name.cmp(&b.name));
    if problems.is_empty() {
        Ok(Checked {
            definitions,
            warnings,
        })
    } else {
        Err(problems)
    }
}

/// A place in a file and what is to be said of it.
type Remark = (String, String);

/// A definition in whichever notation, with what is to be said of that; or the place and the reason why its text is none.
fn parse(content: &str) -> Result<(Definition, Vec<Remark>), Remark> {
    let mut tree: Value = serde_json::from_str(content)
        .map_err(|error| (String::new(), format!("not JSON: {error}")))?;
    // A condition of a row filter must not be lost.
    if count_members(&tree) != count_colons(content) {
        return Err((
            String::new(),
            "an object has one name twice; leave one out".to_owned(),
        ));
    }
    let remarks = notation::translate(&mut tree)?;
    let definition = serde_path_to_error::deserialize(tree).map_err(|error| {
        let path = error.path().to_string();
        (
            if path == "." { String::new() } else { path },
            error.into_inner().to_string(),
        )
    })?;
    Ok((definition, remarks))
}

/// Two names with the same fold would be one table name to a careless eye, or one CloudFormation resource.
fn fold(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .map(|c| c.to_ascii_lowercase())
        .collect()
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

    /// Every rule that the definition has, with its place.
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

    /// Whether the table has a `by_owner` index: where a list shows some callers their own records only.
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

    /// The declared fields that not everybody sees.
    pub fn hidden(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| !field.read.is_public())
    }

    /// The declared fields that not everybody sees or may write.
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

    fn check_one(file: &str, content: &str) -> Result<Checked, Vec<String>> {
        check(&[(file.to_owned(), content.to_owned())])
            .map_err(|problems| problems.iter().map(ToString::to_string).collect())
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
            let checked = check_one("a.json", content).expect("valid");
            assert_eq!(checked.definitions[0].owner_field(), field);
            assert_eq!(checked.definitions[0].owner_is_declared(), declared);
        }
    }

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
    fn list_inherits_read_and_what_is_not_said_is_public() {
        let content = r#"{"name":"a","fields":[],"permissions":{"read":"owner"}}"#;
        let definition = check_one("a.json", content)
            .expect("valid")
            .definitions
            .remove(0);
        assert_eq!(definition.rule(Operation::List), &Rule::owner());
        assert_eq!(definition.rule(Operation::Create), &Rule::public());
        assert!(definition.has_owner_index());
    }

    #[test]
    fn a_role_that_is_not_declared_is_a_problem_at_its_place() {
        let content = r#"{"name":"a","fields":[],"permissions":{"create":"role:editor","read":"owner | role:edtior"}}"#;
        let checked = check_one("a.json", content).expect("valid");
        let problems = |roles: &[&str]| {
            let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
            checked
                .undeclared_roles(&roles)
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
        // What is broken is told once, where it is.
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
            (r#","permissions":null"#, false),
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
}
