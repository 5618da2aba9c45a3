//! Values against their fields: types, constraints and nested fields.

use std::cmp::Ordering;
use std::fmt;

use serde_json::{Map, Number, Value};

use super::{Relation, canonical, is_integer};
use crate::definition::{Field, FieldType, USERS};
use crate::error::{Detail, MAX_DETAILS};
use crate::id::Id;
use crate::query::compare;
use crate::time::Timestamp;
use crate::wire::{MAX_NAME, UNKNOWN};

/// How deep a value may nest. DynamoDB's limit is 32 with the item's own levels.
const MAX_DEPTH: usize = 20;

/// How many bytes a key may have: DynamoDB's limit for the name of an attribute.
const MAX_KEY: usize = 65_535;

/// How many values a field may hold, counted through all levels. A number takes three bytes of a body and a hundred of
/// memory: what a page of records holds is bounded by this.
const MAX_VALUES: usize = 10_000;

/// How many bytes of a record are matched against patterns. A pattern takes time in proportion to its own size too.
const MAX_MATCHED: usize = 32 << 10;

/// Where a value stands in a body, such as `sizes[3].width`.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// A field of the record.
    Field(&'a str),
    /// A field of an object.
    Key(&'a Place<'a>, &'a str),
    /// An item of an array.
    Item(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The name may be the caller's.
            Self::Field(name) => write!(f, "{name:.MAX_NAME$}"),
            Self::Key(object, name) => write!(f, "{object}.{name:.MAX_NAME$}"),
            Self::Item(array, index) => write!(f, "{array}[{index}]"),
        }
    }
}

/// Goes through values and keeps what is wrong, and the relations among them.
#[derive(Default)]
pub(super) struct Checker {
    /// What is wrong, as much of it as is told.
    pub(super) details: Vec<Detail>,
    /// The relations that were met.
    pub(super) relations: Vec<Relation>,
    matched: usize,
}

impl Checker {
    /// Notes that the value at a place is wrong; the reason follows its name.
    pub(super) fn fault(&mut self, place: Place<'_>, code: &str, reason: impl fmt::Display) {
        if self.details.len() < MAX_DETAILS {
            let place = place.to_string();
            let message = format!("`{place}` {reason}.");
            self.details.push(Detail::new(place, code, message));
        }
    }

    /// A value of a field of the record, in its stored form.
    pub(super) fn stored(&mut self, field: &Field, value: Value) -> Option<Value> {
        let place = Place::Field(&field.name);
        let plain = if count(&value) > MAX_VALUES {
            Err(("size", "holds more than 10,000 values"))
        } else {
            plain(value, 0)
        };
        match plain {
            Ok(value) => self.fit(field, place, value),
            Err((code, reason)) => {
                self.fault(place, code, reason);
                None
            }
        }
    }

    /// A plain value in the form of its field; `None` when its type is wrong.
    fn fit(&mut self, field: &Field, place: Place<'_>, value: Value) -> Option<Value> {
        let value = match (field.kind, value) {
            (FieldType::String, value @ Value::String(_))
            | (FieldType::Number, value @ Value::Number(_))
            | (FieldType::Boolean, value @ Value::Bool(_)) => value,
            (FieldType::Integer, Value::Number(number)) if is_integer(number.as_str()) => {
                Value::Number(number)
            }
            (FieldType::Date, Value::String(text)) => {
                let Some(at) = Timestamp::parse(&text) else {
                    self.fault(
                        place,
                        "format",
                        "must be an RFC 3339 date-time such as 2026-11-21T10:00:00Z",
                    );
                    return None;
                };
                Value::String(at.to_string())
            }
            (FieldType::Relation, Value::String(text)) if text.parse::<Id>().is_ok() => {
                self.relations.extend(relation(field, place, &text));
                Value::String(text)
            }
            (FieldType::Object, Value::Object(entries)) => Value::Object(match &field.fields {
                Some(fields) => self.object(fields, place, entries),
                None => entries,
            }),
            (FieldType::Array, Value::Array(items)) => Value::Array(match &field.items {
                Some(item) => {
                    let items = items.into_iter().enumerate();
                    items
                        .filter_map(|(index, value)| {
                            self.fit(item, Place::Item(&place, index), value)
                        })
                        .collect()
                }
                None => items,
            }),
            _ => {
                self.fault(place, "type", type_words(field));
                return None;
            }
        };
        self.constraints(field, place, &value);
        Some(value)
    }

    /// An object with declared fields. It is always written as a whole, so what is left out gets its default.
    fn object(
        &mut self,
        fields: &[Field],
        place: Place<'_>,
        mut entries: Map<String, Value>,
    ) -> Map<String, Value> {
        entries.retain(|_, value| !value.is_null());
        add_defaults(fields, &mut entries);
        for field in fields
            .iter()
            .filter(|field| field.required && !entries.contains_key(&field.name))
        {
            self.fault(Place::Key(&place, &field.name), "required", "is required");
        }
        let mut stored = Map::new();
        for (name, value) in entries {
            let place = Place::Key(&place, &name);
            match fields.iter().find(|field| field.name == name) {
                None => self.fault(place, "unknown-field", UNKNOWN),
                Some(field) => {
                    if let Some(value) = self.fit(field, place, value) {
                        stored.insert(name, value);
                    }
                }
            }
        }
        stored
    }

    /// Everything a field demands of a value of its type.
    fn constraints(&mut self, field: &Field, place: Place<'_>, value: &Value) {
        if let Some(choices) = field
            .choices
            .as_ref()
            .filter(|choices| !choices.contains(value))
        {
            self.fault(place, "enum", choice_words(choices));
        }
        match value {
            Value::Number(_) => {
                let beyond = |bound: &Number, side| {
                    compare(Some(value), Some(&Value::Number(bound.clone()))) == side
                };
                if let Some(min) = field.min.as_ref().filter(|min| beyond(min, Ordering::Less)) {
                    self.fault(place, "min", format_args!("must be at least {min}"));
                }
                if let Some(max) = field
                    .max
                    .as_ref()
                    .filter(|max| beyond(max, Ordering::Greater))
                {
                    self.fault(place, "max", format_args!("must be at most {max}"));
                }
            }
            Value::String(text) => {
                if field.min_length.is_some() || field.max_length.is_some() {
                    self.length(field, place, text.chars().count(), "characters");
                }
                if let Some(pattern) = &field.pattern {
                    self.matched += text.len();
                    if self.matched > MAX_MATCHED {
                        self.fault(
                            place,
                            "size",
                            "is more text than is matched against patterns, 32 KiB in a record",
                        );
                    } else if !pattern.matches(text) {
                        self.fault(
                            place,
                            "pattern",
                            format_args!("must match `{}`", pattern.as_str()),
                        );
                    }
                }
                if let Some(format) = field.format.filter(|format| !format.fits(text)) {
                    self.fault(place, "format", format_args!("must be {}", format.words()));
                }
            }
            Value::Array(items) => self.length(field, place, items.len(), "items"),
            _ => {}
        }
    }

    fn length(&mut self, field: &Field, place: Place<'_>, length: usize, unit: &str) {
        if let Some(min) = field.min_length.filter(|min| length < *min) {
            self.fault(
                place,
                "min-length",
                format_args!("must have at least {min} {unit}"),
            );
        }
        if let Some(max) = field.max_length.filter(|max| length > *max) {
            self.fault(
                place,
                "max-length",
                format_args!("must have at most {max} {unit}"),
            );
        }
    }
}

/// Adds what fields without a value have by default.
pub(super) fn add_defaults<'a>(
    fields: impl IntoIterator<Item = &'a Field>,
    entries: &mut Map<String, Value>,
) {
    for field in fields {
        if let Some(default) = field
            .default
            .as_ref()
            .filter(|_| entries.get(&field.name).is_none_or(Value::is_null))
        {
            entries.insert(field.name.clone(), default.clone());
        }
    }
}

/// The relation that a value of a field is, if the field is one.
pub(super) fn relation(field: &Field, place: Place<'_>, id: &str) -> Option<Relation> {
    let collection = field
        .collection
        .clone()
        .filter(|_| field.kind == FieldType::Relation)?;
    Some(Relation {
        field: place.to_string(),
        collection,
        id: id.parse().ok()?,
    })
}

/// What a value of a field must be.
fn type_words(field: &Field) -> String {
    match field.kind {
        FieldType::String => "must be a string".to_owned(),
        FieldType::Number => "must be a number".to_owned(),
        FieldType::Integer => "must be a whole number".to_owned(),
        FieldType::Boolean => "must be true or false".to_owned(),
        FieldType::Date => "must be an RFC 3339 date-time such as 2026-11-21T10:00:00Z".to_owned(),
        FieldType::Object => "must be an object".to_owned(),
        FieldType::Array => "must be an array".to_owned(),
        FieldType::Relation => match field.collection.as_deref() {
            Some(USERS) | None => "must be the id of a user".to_owned(),
            Some(collection) => format!("must be the id of a record in `{collection}`"),
        },
    }
}

fn choice_words(choices: &[Value]) -> String {
    match choices {
        [one] => format!("must be {one}"),
        few if few.len() <= 10 => {
            let words: Vec<String> = few.iter().map(Value::to_string).collect();
            format!("must be one of {}", words.join(", "))
        }
        many => format!("must be one of {} values", many.len()),
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
        Value::String(text) if text.contains('\0') => {
            Err(("nul", "must not contain NUL characters"))
        }
        Value::Number(number) => canonical(&number.to_string())
            .and_then(|number| serde_json::from_str::<Number>(&number).ok())
            .map(Value::Number)
            .ok_or((
                "range",
                "must have at most 38 significant digits and be between 1e-130 and 1e126",
            )),
        Value::Array(items) => items
            .into_iter()
            .map(|item| plain(item, depth + 1))
            .collect::<Result<_, _>>()
            .map(Value::Array),
        Value::Object(entries) => entries
            .into_iter()
            .map(|(key, value)| match key.as_str() {
                "" => Err(("key", "must not contain an empty key")),
                key if key.len() > MAX_KEY => {
                    Err(("key", "must not contain a key of more than 65,535 bytes"))
                }
                key if key.contains('\0') => Err(("nul", "must not contain NUL characters")),
                _ => Ok((key, plain(value, depth + 1)?)),
            })
            .collect::<Result<_, _>>()
            .map(Value::Object),
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::definition::Definition;
    use crate::record::{Write, check};

    const ID: &str = "01890000-0000-7000-8000-000000000000";

    type Outcome = Result<(Value, Vec<Relation>), Vec<(String, String, String)>>;

    /// What a body is stored as and points to, or its faults as field, code and message. A body is text, for numbers
    /// that `json!` cannot write.
    fn of(fields: &Value, body: &str, write: Write) -> Outcome {
        checked(&definition(fields), body, write)
    }

    fn definition(fields: &Value) -> Definition {
        serde_json::from_value(json!({ "name": "things", "fields": fields })).expect("a definition")
    }

    fn checked(definition: &Definition, body: &str, write: Write) -> Outcome {
        match check(definition, serde_json::from_str(body).expect(body), write) {
            Ok(input) => Ok((Value::Object(input.fields), input.relations)),
            Err(error) => Err(error
                .details
                .into_iter()
                .map(|d| (d.field, d.code, d.message))
                .collect()),
        }
    }

    #[test]
    fn a_value_meets_what_its_field_demands() {
        let fields = json!([
            { "name": "name", "type": "string", "minLength": 2, "maxLength": 3 },
            { "name": "sku", "type": "string", "pattern": "^[A-Z]+$" },
            { "name": "site", "type": "string", "format": "url" },
            { "name": "state", "type": "string", "enum": ["open", "paid"] },
            { "name": "only", "type": "boolean", "enum": [true] },
            { "name": "step", "type": "integer", "enum": [1, 2] },
            { "name": "many", "type": "integer", "enum": (0..11).collect::<Vec<_>>() },
            { "name": "since", "type": "date", "enum": ["2026-11-21T00:00:00.000Z"] },
            { "name": "price", "type": "number", "min": 0, "max": 99.5 },
            { "name": "tags", "type": "array", "minLength": 1, "maxLength": 2,
                "items": { "type": "string", "maxLength": 2 } },
            { "name": "grid", "type": "array", "items": { "type": "array", "items": { "type": "integer", "max": 9 } } },
            { "name": "size", "type": "object", "fields": [
                { "name": "width", "type": "number", "required": true },
                { "name": "unit", "type": "string", "default": "cm", "enum": ["cm", "in"] },
                { "name": "deep", "type": "object", "fields": [{ "name": "x", "type": "date" }] } ] },
        ]);
        for (body, stored) in [
            (r#"{"name":"äöü"}"#, json!({ "name": "äöü" })),
            (r#"{"name":"😀😀"}"#, json!({ "name": "😀😀" })),
            (
                r#"{"sku":"A","site":"https://a.b/c"}"#,
                json!({ "sku": "A", "site": "https://a.b/c" }),
            ),
            (
                r#"{"state":"paid","only":true,"step":2.0}"#,
                json!({ "state": "paid", "only": true, "step": 2 }),
            ),
            (
                r#"{"since":"2026-11-21T01:00:00+01:00"}"#,
                json!({ "since": "2026-11-21T00:00:00.000Z" }),
            ),
            (r#"{"price":-0.0}"#, json!({ "price": 0 })),
            (r#"{"price":995e-1}"#, json!({ "price": 99.5 })),
            (
                r#"{"tags":["ab"],"grid":[[],[1,9.0]]}"#,
                json!({ "tags": ["ab"], "grid": [[], [1, 9]] }),
            ),
            (
                r#"{"size":{"width":1.50}}"#,
                json!({ "size": { "width": 1.5, "unit": "cm" } }),
            ),
            (
                r#"{"size":{"width":1,"unit":null,"deep":{"x":"2026-11-21"}}}"#,
                json!({ "size": { "width": 1, "unit": "cm", "deep": { "x": "2026-11-21T00:00:00.000Z" } } }),
            ),
        ] {
            for write in [Write::Create, Write::Merge, Write::Replace] {
                assert_eq!(
                    of(&fields, body, write).map(|(fields, _)| fields),
                    Ok(stored.clone()),
                    "{body}"
                );
            }
        }
        for (body, place, code, reason) in [
            (
                r#"{"name":"a"}"#,
                "name",
                "min-length",
                "must have at least 2 characters",
            ),
            (
                r#"{"name":"😀😀😀😀"}"#,
                "name",
                "max-length",
                "must have at most 3 characters",
            ),
            (r#"{"sku":"A1"}"#, "sku", "pattern", "must match `^[A-Z]+$`"),
            (
                r#"{"sku":"A\n"}"#,
                "sku",
                "pattern",
                "must match `^[A-Z]+$`",
            ),
            (
                r#"{"site":"javascript:alert(1)"}"#,
                "site",
                "format",
                "must be an http or https URL",
            ),
            (
                r#"{"state":"Open"}"#,
                "state",
                "enum",
                r#"must be one of "open", "paid""#,
            ),
            (r#"{"only":false}"#, "only", "enum", "must be true"),
            (r#"{"step":3}"#, "step", "enum", "must be one of 1, 2"),
            (r#"{"many":11}"#, "many", "enum", "must be one of 11 values"),
            (
                r#"{"since":"2026-11-22"}"#,
                "since",
                "enum",
                r#"must be "2026-11-21T00:00:00.000Z""#,
            ),
            (r#"{"price":-1e-130}"#, "price", "min", "must be at least 0"),
            (
                r#"{"price":99.500000000000000000000000000000000001}"#,
                "price",
                "max",
                "must be at most 99.5",
            ),
            (
                r#"{"tags":[]}"#,
                "tags",
                "min-length",
                "must have at least 1 items",
            ),
            (
                r#"{"tags":["a","b","c"]}"#,
                "tags",
                "max-length",
                "must have at most 2 items",
            ),
            (
                r#"{"tags":["a","abc"]}"#,
                "tags[1]",
                "max-length",
                "must have at most 2 characters",
            ),
            (
                r#"{"tags":["a",null]}"#,
                "tags[1]",
                "type",
                "must be a string",
            ),
            (
                r#"{"grid":[[],[0,10]]}"#,
                "grid[1][1]",
                "max",
                "must be at most 9",
            ),
            (r#"{"grid":[[],1]}"#, "grid[1]", "type", "must be an array"),
            (r#"{"size":{}}"#, "size.width", "required", "is required"),
            (
                r#"{"size":{"width":null}}"#,
                "size.width",
                "required",
                "is required",
            ),
            (
                r#"{"size":{"width":1,"unit":"m"}}"#,
                "size.unit",
                "enum",
                r#"must be one of "cm", "in""#,
            ),
            (
                r#"{"size":{"width":"1"}}"#,
                "size.width",
                "type",
                "must be a number",
            ),
            (
                r#"{"size":{"width":1,"height":1}}"#,
                "size.height",
                "unknown-field",
                "is not a field that can be set here",
            ),
            (
                r#"{"size":{"width":1,"deep":{"x":"soon"}}}"#,
                "size.deep.x",
                "format",
                "must be an RFC 3339 date-time",
            ),
            (r#"{"size":[1]}"#, "size", "type", "must be an object"),
        ] {
            for write in [Write::Create, Write::Merge, Write::Replace] {
                let faults = of(&fields, body, write).expect_err(body);
                let [(field, told, message)] = faults.as_slice() else {
                    panic!("{body}: {faults:?}")
                };
                assert_eq!((field.as_str(), told.as_str()), (place, code), "{body}");
                assert!(
                    message.starts_with(&format!("`{place}` {reason}")),
                    "{body}: {message}"
                );
            }
        }
    }

    #[test]
    fn defaults_fill_what_a_create_or_replace_leaves_out() {
        let fields = json!([
            { "name": "state", "type": "string", "default": "open" },
            { "name": "due", "type": "date", "default": "2026-11-21" },
            { "name": "size", "type": "object", "default": {}, "fields": [
                { "name": "unit", "type": "string", "default": "cm" } ] },
            { "name": "other", "type": "object", "fields": [{ "name": "n", "type": "integer", "default": 1 }] },
        ]);
        let filled =
            json!({ "state": "open", "due": "2026-11-21T00:00:00.000Z", "size": { "unit": "cm" } });
        for write in [Write::Create, Write::Replace] {
            for body in ["{}", r#"{"state":null,"other":null}"#] {
                assert_eq!(
                    of(&fields, body, write),
                    Ok((filled.clone(), Vec::new())),
                    "{body}"
                );
            }
            let (stored, _) = of(&fields, r#"{"state":"","other":{}}"#, write).expect("fits");
            assert_eq!(
                (&stored["state"], &stored["other"]),
                (&json!(""), &json!({ "n": 1 }))
            );
        }
        assert_eq!(
            of(&fields, r#"{"state":null}"#, Write::Merge),
            Ok((json!({}), Vec::new()))
        );
    }

    #[test]
    fn relations_are_told_with_their_place_and_collection() {
        let fields = json!([
            { "name": "post", "type": "relation", "collection": "posts" },
            { "name": "readers", "type": "array", "items": { "type": "relation", "collection": "users" } },
        ]);
        let id = |n: u8| format!("{}{n}", &ID[..35]);
        let body = json!({ "post": id(1), "readers": [id(2), id(3), id(2)] }).to_string();
        let (_, relations) = of(&fields, &body, Write::Merge).expect("fits");
        let told: Vec<_> = relations
            .iter()
            .map(|r| (r.field.as_str(), r.collection.as_str(), r.id.to_string()))
            .collect();
        assert_eq!(
            told,
            [
                ("post", "posts", id(1)),
                ("readers[0]", "users", id(2)),
                ("readers[1]", "users", id(3)),
                ("readers[2]", "users", id(2)),
            ]
        );
        for (body, place, reason) in [
            (
                json!({ "post": "x" }),
                "post",
                "must be the id of a record in `posts`",
            ),
            (
                json!({ "post": ID.to_uppercase().replace('0', "A") }),
                "post",
                "must be the id of a record in `posts`",
            ),
            (
                json!({ "readers": [ID, 7] }),
                "readers[1]",
                "must be the id of a user",
            ),
        ] {
            let faults = of(&fields, &body.to_string(), Write::Merge).expect_err("refused");
            assert_eq!(
                faults,
                [(
                    place.to_owned(),
                    "type".to_owned(),
                    format!("`{place}` {reason}.")
                )]
            );
        }
    }

    #[test]
    fn the_text_that_patterns_read_is_bounded() {
        let fields = json!([
            { "name": "words", "type": "array", "items": { "type": "string", "pattern": "^a*$" } },
            { "name": "text", "type": "string", "pattern": "^a*$" },
        ]);
        let half = "a".repeat(MAX_MATCHED / 2);
        let fits = |body: Value| of(&fields, &body.to_string(), Write::Create).map(|_| ());
        assert_eq!(fits(json!({ "words": [half, half] })), Ok(()));
        for (body, place) in [
            (json!({ "text": "b", "words": [half, half] }), "words[1]"),
            (json!({ "text": format!("{half}{half}a") }), "text"),
        ] {
            let faults = fits(body).expect_err("refused");
            assert!(
                faults
                    .iter()
                    .any(|(field, code, _)| field == place && code == "size"),
                "{faults:?}"
            );
        }
    }

    #[test]
    fn faults_are_few_and_short_whatever_is_sent() {
        let fields = json!([
            { "name": "tags", "type": "array", "items": { "type": "string" } },
            { "name": "size", "type": "object", "fields": [{ "name": "a", "type": "number", "required": true }] },
        ]);
        let odd: Map<String, Value> = (0..5000)
            .map(|n| (format!("{n}{}", "ü".repeat(50)), json!(n)))
            .collect();
        for body in [
            json!({ "tags": vec![1; 9_999] }),
            json!({ "size": odd }),
            json!({ "size": { "k".repeat(60_000): 1 } }),
            json!({ "k".repeat(60_000): 1, "tags": {}, "size": 1 }),
        ] {
            let faults = of(&fields, &body.to_string(), Write::Create).expect_err("refused");
            assert!((1..=MAX_DETAILS).contains(&faults.len()));
            assert!(
                faults
                    .iter()
                    .all(|(field, _, message)| field.len() < 300 && message.len() < 400),
                "{faults:?}"
            );
        }
    }

    /// A small generator (splitmix64): the same numbers on every run.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: usize) -> usize {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).expect("small")
        }

        /// Text of a JSON value; `deep` bounds its nesting.
        fn value(&mut self, deep: usize) -> String {
            let scalars = [
                "null",
                "true",
                "false",
                "0",
                "-0.0",
                "1",
                "9",
                "1.5",
                "-7",
                "1e3",
                "1e126",
                "-1e-130",
                "1e99999999999",
                "0e-99999999999",
                "12345678901234567890123456789012345678",
                "123456789012345678901234567890123456789",
                r#""""#,
                r#""a""#,
                r#""AB""#,
                r#""äöü😀""#,
                r#""\u0000""#,
                r#""2026-11-21""#,
                "\"#abc\"",
                r#""a@b.c""#,
                r#""01890000-0000-7000-8000-000000000000""#,
                r#""open""#,
            ];
            match self.roll(if deep == 0 { 6 } else { 8 }) {
                6 => {
                    let items: Vec<String> =
                        (0..self.roll(4)).map(|_| self.value(deep - 1)).collect();
                    format!("[{}]", items.join(","))
                }
                7 => self.object(deep - 1),
                _ => scalars[self.roll(scalars.len())].to_owned(),
            }
        }

        fn object(&mut self, deep: usize) -> String {
            let names = [
                "a",
                "b",
                "c",
                "d",
                "user_id",
                "id",
                "",
                "\\u0000",
                "__proto__",
            ];
            let fields: Vec<String> = (0..self.roll(7))
                .map(|_| {
                    format!(
                        r#""{}":{}"#,
                        names[self.roll(names.len())],
                        self.value(deep)
                    )
                })
                .collect();
            format!("{{{}}}", fields.join(","))
        }

        fn field(&mut self, name: &str, deep: usize) -> Value {
            let types = [
                "string", "number", "integer", "boolean", "date", "relation", "object", "array",
            ];
            let kind = types[self.roll(types.len())];
            let mut field = json!({ "type": kind });
            if !name.is_empty() {
                field["name"] = json!(name);
                field["required"] = json!(self.roll(4) == 0);
            }
            match kind {
                "string" => match self.roll(6) {
                    0 => field["pattern"] = json!("^(a|A)?B*$"),
                    1 => {
                        field["format"] =
                            json!(["email", "url", "uuid", "slug", "color"][self.roll(5)])
                    }
                    2 => field["enum"] = json!(["open", "a"]),
                    3 => field["maxLength"] = json!(self.roll(5)),
                    4 => field["minLength"] = json!(self.roll(5)),
                    _ => {}
                },
                "number" | "integer" => match self.roll(3) {
                    0 => field["min"] = json!(1),
                    1 => field["max"] = json!(1),
                    _ => {}
                },
                "relation" => field["collection"] = json!("posts"),
                "object" if deep > 0 => {
                    field["fields"] = ["a", "b"]
                        .map(|name| self.field(name, deep - 1))
                        .into_iter()
                        .collect();
                }
                "array" if deep > 0 => field["items"] = self.field("", deep - 1),
                _ => {}
            }
            field
        }
    }

    /// Whatever is sent: no panic, and what was taken is taken again, unchanged.
    #[test]
    fn what_is_stored_fits_again_and_nothing_panics() {
        let mut dice = Dice(7);
        let mut taken = 0;
        for _ in 0..100 {
            let fields: Value = ["a", "b", "c", "d", "user_id"]
                .map(|name| dice.field(name, 2))
                .into_iter()
                .collect();
            let definition = definition(&fields);
            for _ in 0..100 {
                let body = dice.object(4);
                for write in [Write::Create, Write::Merge, Write::Replace] {
                    let Ok((stored, relations)) = checked(&definition, &body, write) else {
                        continue;
                    };
                    let again = checked(&definition, &stored.to_string(), write);
                    assert_eq!(again, Ok((stored, relations)), "{fields} {body}");
                    taken += 1;
                }
            }
        }
        assert!(taken > 2_000, "{taken} bodies of 30,000 fitted");
    }
}
