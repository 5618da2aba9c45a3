//! What a caller may send as a record: a body checked against its collection's definition.

mod format;
mod profile;
mod value;

use serde_json::{Map, Value};

use self::value::{Checker, Place, add_defaults, relation};
use crate::definition::{Definition, Field, FieldType, SYSTEM_FIELDS};
use crate::error::Error;
use crate::id::Id;
use crate::wire::UNKNOWN;

pub use self::profile::{MAX_PROFILE, is_username, profile};

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
/// `common/validation-failed` with a detail for each field that is unknown, missing or breaks what its field demands
/// (the first twenty).
pub fn check(
    definition: &Definition,
    body: Map<String, Value>,
    write: Write,
) -> Result<Input, Error> {
    check_but(definition, body, write, &[])
}

/// As [`check`], where the fields `left` are not missed when the body leaves them out: neither demanded nor filled in.
///
/// # Errors
/// As [`check`].
pub fn check_but(
    definition: &Definition,
    mut body: Map<String, Value>,
    write: Write,
    left: &[String],
) -> Result<Input, Error> {
    let mut input = Input {
        fields: Map::new(),
        removed: Vec::new(),
        owner: OwnerInput::Absent,
        relations: Vec::new(),
    };
    let mut checker = Checker::default();
    let mut missing = Vec::new();
    if write != Write::Merge {
        let missed: Vec<&Field> = definition
            .fields
            .iter()
            .filter(|field| !left.contains(&field.name))
            .collect();
        add_defaults(missed.iter().copied(), &mut body);
        let required = missed
            .into_iter()
            .filter(|field| field.required && field.name != definition.owner_field());
        missing.extend(
            required
                .map(|field| &field.name)
                .filter(|name| body.get(*name).is_none_or(Value::is_null))
                .cloned(),
        );
    }
    for (name, value) in body {
        let Some(field) = definition.field(&name) else {
            if !SYSTEM_FIELDS.contains(&name.as_str()) {
                checker.fault(Place::Field(&name), "unknown-field", UNKNOWN);
            }
            continue;
        };
        if name == definition.owner_field() {
            match owner(field, value) {
                Ok(owner) => input.owner = owner,
                Err(reason) => checker.fault(Place::Field(&name), "type", reason),
            }
        } else if value.is_null() {
            match write {
                Write::Merge if field.required => missing.push(name),
                Write::Merge => input.removed.push(name),
                Write::Create | Write::Replace => {}
            }
        } else if let Some(value) = checker.stored(field, value) {
            input.fields.insert(name, value);
        }
    }
    for name in &missing {
        checker.fault(Place::Field(name), "required", "is required");
    }
    input.relations = checker.relations;
    if checker.details.is_empty() {
        Ok(input)
    } else {
        Err(Error::invalid(checker.details))
    }
}

/// A value of a definition, such as a default, in the form in which a record would hold it.
///
/// # Errors
/// Why no record could hold it.
pub(crate) fn fit(field: &Field, value: &Value) -> Result<Value, String> {
    let mut checker = Checker::default();
    let value = checker.stored(field, value.clone());
    match (value, checker.details.pop()) {
        (Some(value), None) => Ok(value),
        (_, detail) => Err(detail.map(|detail| detail.message).unwrap_or_default()),
    }
}

impl Input {
    /// Everything that must exist: the relations, and the owner where that field is one.
    #[must_use]
    pub fn related(&self, definition: &Definition) -> Vec<Relation> {
        let owner = match (&self.owner, definition.field(definition.owner_field())) {
            (OwnerInput::Named(id), Some(field)) => relation(field, Place::Field(&field.name), id),
            _ => None,
        };
        self.relations.iter().cloned().chain(owner).collect()
    }
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

/// A JSON number in the one form it is stored and shown in, so that what is read is what was written: no trailing
/// zeros, plain digits up to 38 places and an exponent beyond. `None` outside DynamoDB's range.
#[must_use]
pub fn canonical(number: &str) -> Option<String> {
    let (negative, unsigned) = number
        .strip_prefix('-')
        .map_or((false, number), |rest| (true, rest));
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
    let scale = exponent
        .checked_sub(i32::try_from(fraction.len()).ok()?)?
        .checked_add(i32::try_from(dropped).ok()?)?;
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
        let Value::Object(body) = body else {
            panic!("an object")
        };
        check(&definition(), body, write).map_err(|error| {
            error
                .details
                .into_iter()
                .map(|detail| (detail.field, detail.code))
                .collect()
        })
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
        let relation = Relation {
            field: "assignee".into(),
            collection: "users".into(),
            id: id.parse().expect("an id"),
        };
        assert_eq!(input.relations, [relation]);
    }

    #[test]
    fn every_wrong_field_is_named_with_its_code() {
        let deep = (0..30).fold(json!(1), |inner, _| json!([inner]));
        let odd = json!({ "title": 1, "price": "1", "count": 1.5, "done": 0, "due": "soon", "meta": [], "tags": {},
            "assignee": "me", "user_id": 7, "#a": 1, ":b": 1, "a.b": 1, "__proto__": {}, "size": 1 });
        let codes = check_json(odd, Write::Create).expect_err("refused");
        let of = |name: &str| {
            codes
                .iter()
                .find(|(field, _)| field == name)
                .map(|(_, code)| code.as_str())
        };
        for name in [
            "title", "price", "count", "done", "meta", "tags", "assignee", "user_id",
        ] {
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
            (
                json!({ "title": "a", "meta": { "k".repeat(65_536): 1 } }),
                "meta",
                "key",
            ),
            (
                json!({ "title": "a", "meta": { "\u{0}": 1 } }),
                "meta",
                "nul",
            ),
            (json!({ "title": "a", "tags": deep }), "tags", "depth"),
            (
                json!({ "title": "a", "tags": vec![1; 10_000] }),
                "tags",
                "size",
            ),
            (
                json!({ "title": "a", "user_id": "x".repeat(129) }),
                "user_id",
                "type",
            ),
        ] {
            let expected = vec![(field.to_owned(), code.to_owned())];
            assert_eq!(
                check_json(body.clone(), Write::Create),
                Err(expected),
                "{body}"
            );
        }
        let many: Map<String, Value> = (0..1000).map(|n| (format!("f{n}"), json!(1))).collect();
        assert_eq!(
            check_json(Value::Object(many), Write::Merge)
                .expect_err("refused")
                .len(),
            crate::error::MAX_DETAILS
        );
    }

    #[test]
    fn a_merge_removes_with_null_and_demands_nothing() {
        let input =
            check_json(json!({ "price": null, "user_id": null }), Write::Merge).expect("fits");
        assert_eq!(
            (input.removed, input.owner),
            (vec!["price".to_owned()], OwnerInput::Empty)
        );
        let refused = check_json(json!({ "title": null }), Write::Merge);
        assert_eq!(
            refused,
            Err(vec![("title".to_owned(), "required".to_owned())])
        );
        assert!(check_json(json!({ "price": 1 }), Write::Replace).is_err());
    }

    #[test]
    fn what_is_left_to_others_is_neither_demanded_nor_filled_in() {
        let fields = json!([{ "name": "a", "type": "string", "required": true },
            { "name": "b", "type": "integer", "default": 1 }, { "name": "c", "type": "integer", "default": 2 }]);
        let definition: Definition =
            serde_json::from_value(json!({ "name": "x", "fields": fields })).expect("one");
        let check = |left: &[&str], write| {
            let left: Vec<String> = left.iter().map(|name| (*name).to_owned()).collect();
            check_but(&definition, Map::new(), write, &left)
                .map(|input| Value::Object(input.fields))
                .map_err(|_| ())
        };
        assert_eq!(check(&["a", "b"], Write::Replace), Ok(json!({ "c": 2 })));
        assert_eq!(check(&["b"], Write::Replace), Err(()));
        assert_eq!(check(&[], Write::Merge), Ok(json!({})));
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
            (
                "12345678901234567890123456789012345678",
                "12345678901234567890123456789012345678",
            ),
        ] {
            assert_eq!(canonical(text).as_deref(), Some(expected), "{text}");
            assert_eq!(
                canonical(expected).as_deref(),
                Some(expected),
                "{expected} again"
            );
        }
        for text in [
            "1e126",
            "1e-131",
            "123456789012345678901234567890123456789",
            "1e99999999999",
            "1e2147483647",
        ] {
            assert_eq!(canonical(text), None, "{text}");
        }
    }
}
