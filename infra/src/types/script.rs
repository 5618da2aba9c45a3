//! TypeScript, from JSON schemas.

use serde_json::{Map, Value};

/// The widest line of a union; a longer one has a line for each of its types.
const WIDTH: usize = 120;

/// The name of all members that have no declaration.
const OTHERS: &str = "[name: string]";

/// The notation of the types of some schemas.
#[derive(Clone, Copy, Default)]
pub(super) struct Script<'a> {
    /// The schemas whose types are written where they are used, by name. The others have a declaration of that name.
    pub(super) inlined: Option<&'a Map<String, Value>>,
    /// Whether the values are sent, and not received: lists may then be read-only, and members that are ignored are left
    /// out.
    pub(super) sent: bool,
}

impl Script<'_> {
    /// The type of a schema.
    pub(super) fn of(self, schema: &Value) -> String {
        union(self.alternatives(schema))
    }

    /// The types of which a value has one.
    fn alternatives(self, schema: &Value) -> Vec<String> {
        if let Some(name) = reference(schema) {
            return match self.inlined.and_then(|schemas| schemas.get(name)) {
                Some(schema) => self.alternatives(schema),
                None => vec![name.to_owned()],
            };
        }
        if let Some(value) = schema.get("const") {
            return vec![value.to_string()];
        }
        if let Some(values) = list(schema, "enum") {
            return values.iter().map(Value::to_string).collect();
        }
        if let Some(forms) = list(schema, "anyOf").or_else(|| list(schema, "oneOf")) {
            return forms
                .iter()
                .flat_map(|form| self.alternatives(form))
                .collect();
        }
        match schema.get("type") {
            Some(Value::String(kind)) => vec![self.basic(kind, schema)],
            Some(Value::Array(kinds)) => {
                let kinds = kinds.iter().filter_map(Value::as_str);
                kinds.map(|kind| self.basic(kind, schema)).collect()
            }
            _ => vec!["unknown".to_owned()],
        }
    }

    fn basic(self, kind: &str, schema: &Value) -> String {
        match kind {
            "object" => self.object(schema),
            "array" => {
                let items = schema
                    .get("items")
                    .map_or_else(|| "unknown".to_owned(), |it| self.of(it));
                several(&items, self.sent)
            }
            "integer" => "number".to_owned(),
            basic => basic.to_owned(),
        }
    }

    /// The type of an object in one line.
    fn object(self, schema: &Value) -> String {
        match self.members(schema, &[]) {
            members if !members.is_empty() => {
                let members: Vec<String> = members.iter().map(Member::to_string).collect();
                format!("{{ {} }}", members.join("; "))
            }
            _ => {
                let values = schema
                    .get("additionalProperties")
                    .filter(|it| it.is_object());
                let values = values.map_or_else(|| "unknown".to_owned(), |it| self.of(it));
                format!("{{ [name: string]: {values} }}")
            }
        }
    }

    /// The members of an object: first those that `order` names, then the others by name.
    pub(super) fn members(self, schema: &Value, order: &[&str]) -> Vec<Member> {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return Vec::new();
        };
        let required = list(schema, "required").unwrap_or_default();
        let first = order
            .iter()
            .filter_map(|name| properties.get_key_value(*name));
        let rest = properties
            .iter()
            .filter(|(name, _)| !order.contains(&name.as_str()));
        let kept = first
            .chain(rest)
            .filter(|(_, schema)| !(self.sent && schema["readOnly"] == true));
        let declared = kept.map(|(name, schema)| Member {
            name: name.clone(),
            optional: !required.iter().any(|it| it == name),
            kind: self.of(schema),
            comment: comment(schema),
        });
        let others = (schema["additionalProperties"] == true).then(|| Member {
            name: OTHERS.to_owned(),
            optional: false,
            kind: "unknown".to_owned(),
            comment: None,
        });
        declared.chain(others).collect()
    }
}

/// A member of an object.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) optional: bool,
    pub(super) kind: String,
    pub(super) comment: Option<String>,
}

impl std::fmt::Display for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mark = if self.optional { "?" } else { "" };
        write!(f, "{}{mark}: {}", property(&self.name), self.kind)
    }
}

/// The declaration of an object type, a line for each member.
pub(super) fn declare(about: Option<&str>, name: &str, members: &[Member]) -> String {
    if members.is_empty() {
        return alias(about, name, "Record<string, never>");
    }
    let mut text = about.map(|about| documented("", about)).unwrap_or_default();
    text += &format!("export interface {name} {{\n");
    for member in members {
        text += &member
            .comment
            .as_deref()
            .map(|it| documented("  ", it))
            .unwrap_or_default();
        text += &format!("  {member};\n");
    }
    text + "}\n"
}

/// The declaration of a type that is another name of a type, or of one of several.
pub(super) fn alias(about: Option<&str>, name: &str, kind: &str) -> String {
    let about = about.map(|about| documented("", about)).unwrap_or_default();
    let line = format!("export type {name} = {kind};\n");
    if line.len() <= WIDTH || !kind.contains(" | ") || kind.contains('{') {
        return about + &line;
    }
    let lines: Vec<String> = kind.split(" | ").map(|one| format!("  | {one}")).collect();
    format!("{about}export type {name} =\n{};\n", lines.join("\n"))
}

/// One of some types, null last. With `string` among them, a literal says nothing more.
pub(super) fn union(kinds: Vec<String>) -> String {
    let is_any_text = kinds.iter().any(|kind| kind == "string");
    let mut one_of: Vec<String> = Vec::new();
    for kind in kinds {
        let is_said = one_of.contains(&kind) || (is_any_text && kind.starts_with('"'));
        if !is_said {
            one_of.push(kind);
        }
    }
    one_of.sort_by_key(|kind| kind == "null");
    one_of.join(" | ")
}

/// The type of a list.
pub(super) fn several(items: &str, readonly: bool) -> String {
    let readonly = if readonly { "readonly " } else { "" };
    if items.contains(' ') && !items.starts_with('{') || items.contains(" | ") {
        format!("{readonly}({items})[]")
    } else {
        format!("{readonly}{items}[]")
    }
}

/// The description of a schema.
pub(super) fn comment(schema: &Value) -> Option<String> {
    let text = schema.get("description").and_then(Value::as_str)?;
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn documented(indent: &str, about: &str) -> String {
    format!("{indent}/** {} */\n", about.replace("*/", "*\u{200b}/"))
}

fn reference(schema: &Value) -> Option<&str> {
    schema
        .get("$ref")
        .and_then(Value::as_str)?
        .rsplit('/')
        .next()
}

fn list<'a>(schema: &'a Value, key: &str) -> Option<&'a [Value]> {
    schema.get(key).and_then(Value::as_array).map(Vec::as_slice)
}

/// The name of a member, in quotes where it needs them.
pub(super) fn property(name: &str) -> String {
    let is_identifier = name
        .starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '$'))
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$'));
    if is_identifier || name == OTHERS {
        name.to_owned()
    } else {
        Value::from(name).to_string()
    }
}
