//! What a caller may send as a record: a body checked against its collection's definition.

use serde_json::{Map, Number, Value};

use crate::definition::{Definition, Field, FieldType, SYSTEM_FIELDS, USERS};
use crate::error::{Detail, Error};
use crate::id::Id;
use crate::time::Timestamp;
use crate::wire::unknown;

/// How deep a value may nest. DynamoDB's limit is 32 with the item's own levels.
const MAX_DEPTH: usize = 20;

/// How many bytes a key may have: DynamoDB's limit for the name of an attribute.
const MAX_KEY: usize = 65_535;

/// How many values a field may hold, counted through all levels. A number takes three bytes of a body and a hundred of
/// memory: what a page of records holds is bounded by this.
const MAX_VALUES: usize = 10_000;

/// What a write does with the fields that the body leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// A new record: required fields must be there.
    Create,
    /// `PATCH`: what is left out stays, null removes.
    Merge,
    /// `PUT`: what is left out goes, required fields must be there.
    Replace,
}

/// What a body says of the owner field, where that is a declared field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnerInput {
    /// Nothing.
    Absent,
    /// Null or an empty string.
    Empty,
    /// This user.
    Named(String),
}

/// A body that fits its definition, the values in their stored form.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The fields to store, but for the owner field.
    pub fields: Map<String, Value>,
    /// The fields to remove.
    pub removed: Vec<String>,
    /// The owner field.
    pub owner: OwnerInput,
    /// What must exist; the owner field is not among them, see [`Input::related`].
    pub relations: Vec<Relation>,
}

/// A relation that a body names: the target must exist, and the caller may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The place in the body, such as `author` or `readers[2]`.
    pub field: String,
    /// The collection of the target, or `users`.
    pub collection: String,
    /// The target.
    pub id: Id,
}

/// Checks a body against a definition. System fields are ignored.
///
/// # Errors
/// `common/validation-failed` with a detail for each field that is unknown, missing or of the wrong type (the first
/// twenty).
pub fn check(definition: &Definition, body: Map<String, Value>, write: Write) -> Result<Input, Error> {
    let mut input = Input { fields: Map::new(), removed: Vec::new(), owner: OwnerInput::Absent, relations: Vec::new() };
    let mut details = Vec::new();
    let mut missing = Vec::new();
    if write != Write::Merge {
        let required =
            definition.fields.iter().filter(|field| field.required && field.name != definition.owner_field());
        missing.extend(
            required.map(|field| &field.name).filter(|name| body.get(*name).is_none_or(Value::is_null)).cloned(),
        );
    }
    for (name, value) in body {
        let Some(field) = definition.field(&name) else {
            if !SYSTEM_FIELDS.contains(&name.as_str()) {
                details.push(unknown(&name));
            }
            continue;
        };
        if name == definition.owner_field() {
            match owner(field, value) {
                Ok(owner) => input.owner = owner,
                Err(reason) => details.push(Detail::new(&name, "type", format!("`{name}` {reason}."))),
            }
        } else if value.is_null() {
            match write {
                Write::Merge if field.required => missing.push(name),
                Write::Merge => input.removed.push(name),
                Write::Create | Write::Replace => {}
            }
        } else {
            match stored(field, value) {
                Ok(value) => {
                    input.relations.extend(relation(field, &name, &value));
                    if let (Some(items), Value::Array(values)) = (&field.items, &value) {
                        let each = values.iter().enumerate();
                        input
                            .relations
                            .extend(each.filter_map(|(n, value)| relation(items, &format!("{name}[{n}]"), value)));
                    }
                    input.fields.insert(name, value);
                }
                Err((code, reason)) => details.push(Detail::new(&name, code, format!("`{name}` {reason}."))),
            }
        }
    }
    details.extend(missing.iter().map(|name| Detail::new(name, "required", format!("`{name}` is required."))));
    if details.is_empty() { Ok(input) } else { Err(Error::invalid(details)) }
}

impl Input {
    /// Everything that must exist: the relations, and the owner where that field is one.
    #[must_use]
    pub fn related(&self, definition: &Definition) -> Vec<Relation> {
        let owner = match (&self.owner, definition.field(definition.owner_field())) {
            (OwnerInput::Named(id), Some(field)) => relation(field, &field.name, &Value::String(id.clone())),
            _ => None,
        };
        self.relations.iter().cloned().chain(owner).collect()
    }

    /// The users that must exist, each with the relation that names it.
    #[must_use]
    pub fn related_users(&self, definition: &Definition) -> Vec<(String, Id)> {
        let users = self.related(definition).into_iter().filter(|relation| relation.collection == USERS);
        users.map(|relation| (relation.field, relation.id)).collect()
    }
}

/// The relation that a value of a field is, if the field is one.
fn relation(field: &Field, place: &str, value: &Value) -> Option<Relation> {
    let collection = field.collection.clone().filter(|_| field.kind == FieldType::Relation)?;
    Some(Relation { field: place.to_owned(), collection, id: value.as_str()?.parse().ok()? })
}

/// Refuses a body that names users who do not exist.
///
/// # Errors
/// `common/validation-failed` naming the relations.
pub fn all_exist(related: &[(String, Id)], missing: &[Id]) -> Result<(), Error> {
    let details: Vec<Detail> = related
        .iter()
        .filter(|(_, id)| missing.contains(id))
        .map(|(field, _)| Detail::new(field, "not-found", format!("`{field}` names a user who does not exist.")))
        .collect();
    if details.is_empty() { Ok(()) } else { Err(Error::invalid(details)) }
}

/// Reads the owner field. An owner is an index key, so its length is bounded.
fn owner(field: &Field, value: Value) -> Result<OwnerInput, &'static str> {
    match value {
        Value::Null => Ok(OwnerInput::Empty),
        Value::String(id) if id.is_empty() => Ok(OwnerInput::Empty),
        Value::String(id) if field.kind == FieldType::Relation && id.parse::<Id>().is_err() => {
            Err("must be the id of a user")
        }
        Value::String(id) if id.len() > 128 || id.contains('\0') => Err("must be the id of a user"),
        Value::String(id) => Ok(OwnerInput::Named(id)),
        _ => Err("must be the id of a user"),
    }
}

/// A value in its stored form, or the code and the reason why it does not fit its field.
fn stored(field: &Field, value: Value) -> Result<Value, (&'static str, &'static str)> {
    if count(&value) > MAX_VALUES {
        return Err(("size", "holds more than 10,000 values"));
    }
    let value = plain(value, 0)?;
    match (field.kind, value) {
        (FieldType::String, value @ Value::String(_))
        | (FieldType::Number, value @ Value::Number(_))
        | (FieldType::Boolean, value @ Value::Bool(_))
        | (FieldType::Object, value @ Value::Object(_))
        | (FieldType::Array, value @ Value::Array(_)) => Ok(value),
        (FieldType::Integer, Value::Number(number)) if is_integer(&number.to_string()) => Ok(Value::Number(number)),
        (FieldType::Date, Value::String(text)) => match Timestamp::parse(&text) {
            Some(at) => Ok(Value::String(at.to_string())),
            None => Err(("format", "must be an RFC 3339 date-time such as 2026-11-21T10:00:00Z")),
        },
        (FieldType::Relation, Value::String(text)) if text.parse::<Id>().is_ok() => Ok(Value::String(text)),
        (kind, _) => Err((
            "type",
            match kind {
                FieldType::String => "must be a string",
                FieldType::Number => "must be a number",
                FieldType::Integer => "must be a whole number",
                FieldType::Boolean => "must be true or false",
                FieldType::Date => "must be an RFC 3339 date-time such as 2026-11-21T10:00:00Z",
                FieldType::Object => "must be an object",
                FieldType::Array => "must be an array",
                FieldType::Relation => "must be an id",
            },
        )),
    }
}

/// How many values there are in a value, itself included.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(count).sum::<usize>() + 1,
        Value::Object(entries) => entries.values().map(count).sum::<usize>() + 1,
        _ => 1,
    }
}

/// A value that DynamoDB can hold: no NUL, no empty or endless keys, not too deep, numbers in canonical form.
fn plain(value: Value, depth: usize) -> Result<Value, (&'static str, &'static str)> {
    if depth > MAX_DEPTH {
        return Err(("depth", "nests deeper than 20 levels"));
    }
    match value {
        Value::String(text) if text.contains('\0') => Err(("nul", "must not contain NUL characters")),
        Value::Number(number) => canonical(&number.to_string())
            .and_then(|number| serde_json::from_str::<Number>(&number).ok())
            .map(Value::Number)
            .ok_or(("range", "must have at most 38 significant digits and be between 1e-130 and 1e126")),
        Value::Array(items) => {
            items.into_iter().map(|item| plain(item, depth + 1)).collect::<Result<_, _>>().map(Value::Array)
        }
        Value::Object(entries) => entries
            .into_iter()
            .map(|(key, value)| match key.as_str() {
                "" => Err(("key", "must not contain an empty key")),
                key if key.len() > MAX_KEY => Err(("key", "must not contain a key of more than 65,535 bytes")),
                key if key.contains('\0') => Err(("nul", "must not contain NUL characters")),
                _ => Ok((key, plain(value, depth + 1)?)),
            })
            .collect::<Result<_, _>>()
            .map(Value::Object),
        other => Ok(other),
    }
}

/// A JSON number in the one form it is stored and shown in, so that what is read is what was written: no trailing
/// zeros, plain digits up to 38 places and an exponent beyond. `None` outside DynamoDB's range.
#[must_use]
pub fn canonical(number: &str) -> Option<String> {
    let (negative, unsigned) = number.strip_prefix('-').map_or((false, number), |rest| (true, rest));
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0').trim_end_matches('0');
    if digits.is_empty() {
        return Some("0".to_owned());
    }
    let dropped = all.len() - all.trim_end_matches('0').len();
    // The value is 0.digits x 10^point.
    let scale = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?.checked_add(i32::try_from(dropped).ok()?)?;
    let length = i32::try_from(digits.len()).ok()?;
    let point = scale.checked_add(length)?;
    if length > 38 || !(-129..=126).contains(&point) {
        return None;
    }
    let sign = if negative { "-" } else { "" };
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    Some(match point {
        p if !(-20..=38).contains(&p) => {
            let (first, rest) = digits.split_at(1);
            let dot = if rest.is_empty() { "" } else { "." };
            format!("{sign}{first}{dot}{rest}e{}", p - 1)
        }
        p if p <= 0 => format!("{sign}0.{}{digits}", zeros(-p)),
        p if p >= length => format!("{sign}{digits}{}", zeros(p - length)),
        p => {
            let (whole, fraction) = digits.split_at(usize::try_from(p).unwrap_or(0));
            format!("{sign}{whole}.{fraction}")
        }
    })
}

/// Whether a canonical number has no fraction.
pub(crate) fn is_integer(canonical: &str) -> bool {
    !canonical.contains(['.', 'e'])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definition() -> Definition {
        let fields = json!([
            { "name": "title", "type": "string", "required": true },
            { "name": "price", "type": "number" },
            { "name": "count", "type": "integer" },
            { "name": "done", "type": "boolean" },
            { "name": "due", "type": "date" },
            { "name": "meta", "type": "object" },
            { "name": "tags", "type": "array" },
            { "name": "assignee", "type": "relation", "collection": "users" },
            { "name": "user_id", "type": "string", "required": true },
        ]);
        serde_json::from_value(json!({ "name": "things", "fields": fields })).expect("a definition")
    }

    fn check_json(body: Value, write: Write) -> Result<Input, Vec<(String, String)>> {
        let Value::Object(body) = body else { panic!("an object") };
        check(&definition(), body, write)
            .map_err(|error| error.details.into_iter().map(|detail| (detail.field, detail.code)).collect())
    }

    #[test]
    fn a_body_takes_its_stored_form() {
        let id = "01890000-0000-7000-8000-000000000000";
        let input = check_json(
            json!({ "id": 1, "createdAt": [], "updatedAt": null, "createdBy": {}, "title": "", "price": 1.50,
                "count": 1e3, "done": null, "due": "2026-11-21", "meta": { "a": [1.0] }, "tags": [],
                "assignee": id, "user_id": "me" }),
            Write::Create,
        );
        let fields = json!({ "title": "", "price": 1.5, "count": 1000, "due": "2026-11-21T00:00:00.000Z",
            "meta": { "a": [1] }, "tags": [], "assignee": id });
        let input = input.expect("fits");
        assert_eq!(Value::Object(input.fields), fields);
        assert_eq!(input.owner, OwnerInput::Named("me".into()));
        let relation =
            Relation { field: "assignee".into(), collection: "users".into(), id: id.parse().expect("an id") };
        assert_eq!(input.relations, [relation]);
    }

    #[test]
    fn every_wrong_field_is_named_with_its_code() {
        let deep = (0..30).fold(json!(1), |inner, _| json!([inner]));
        let odd = json!({ "title": 1, "price": "1", "count": 1.5, "done": 0, "due": "soon", "meta": [], "tags": {},
            "assignee": "me", "user_id": 7, "#a": 1, ":b": 1, "a.b": 1, "__proto__": {}, "size": 1 });
        let codes = check_json(odd, Write::Create).expect_err("refused");
        let of = |name: &str| codes.iter().find(|(field, _)| field == name).map(|(_, code)| code.as_str());
        for name in ["title", "price", "count", "done", "meta", "tags", "assignee", "user_id"] {
            assert_eq!(of(name), Some("type"), "{name}");
        }
        assert_eq!(of("due"), Some("format"));
        for name in ["#a", ":b", "a.b", "__proto__", "size"] {
            assert_eq!(of(name), Some("unknown-field"), "{name}");
        }
        for (body, field, code) in [
            (json!({}), "title", "required"),
            (json!({ "title": null }), "title", "required"),
            (json!({ "title": "a\u{0}b" }), "title", "nul"),
            (json!({ "title": "a", "meta": { "": 1 } }), "meta", "key"),
            (json!({ "title": "a", "meta": { "k".repeat(65_536): 1 } }), "meta", "key"),
            (json!({ "title": "a", "meta": { "\u{0}": 1 } }), "meta", "nul"),
            (json!({ "title": "a", "tags": deep }), "tags", "depth"),
            (json!({ "title": "a", "tags": vec![1; 10_000] }), "tags", "size"),
            (json!({ "title": "a", "user_id": "x".repeat(129) }), "user_id", "type"),
        ] {
            let expected = vec![(field.to_owned(), code.to_owned())];
            assert_eq!(check_json(body.clone(), Write::Create), Err(expected), "{body}");
        }
        let many: Map<String, Value> = (0..1000).map(|n| (format!("f{n}"), json!(1))).collect();
        assert_eq!(
            check_json(Value::Object(many), Write::Merge).expect_err("refused").len(),
            crate::error::MAX_DETAILS
        );
    }

    #[test]
    fn a_merge_removes_with_null_and_demands_nothing() {
        let input = check_json(json!({ "price": null, "user_id": null }), Write::Merge).expect("fits");
        assert_eq!((input.removed, input.owner), (vec!["price".to_owned()], OwnerInput::Empty));
        let refused = check_json(json!({ "title": null }), Write::Merge);
        assert_eq!(refused, Err(vec![("title".to_owned(), "required".to_owned())]));
        assert!(check_json(json!({ "price": 1 }), Write::Replace).is_err());
    }

    #[test]
    fn numbers_have_one_form() {
        for (text, expected) in [
            ("0", "0"),
            ("-0.0", "0"),
            ("0e999999999", "0"),
            ("1", "1"),
            ("1.50", "1.5"),
            ("100", "100"),
            ("1e2", "100"),
            ("-12.5E-1", "-1.25"),
            ("0.001", "0.001"),
            ("1e37", "10000000000000000000000000000000000000"),
            ("1e125", "1e125"),
            ("9.9e125", "9.9e125"),
            ("1e-130", "1e-130"),
            ("12e-40", "1.2e-39"),
            ("12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
        ] {
            assert_eq!(canonical(text).as_deref(), Some(expected), "{text}");
            assert_eq!(canonical(expected).as_deref(), Some(expected), "{expected} again");
        }
        for text in ["1e126", "1e-131", "123456789012345678901234567890123456789", "1e99999999999", "1e2147483647"] {
            assert_eq!(canonical(text), None, "{text}");
        }
    }
}
