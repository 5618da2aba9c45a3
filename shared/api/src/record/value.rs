//! The check of values against their fields: types, constraints and nested fields.

use std::cmp::Ordering;
use std::fmt;

use serde_json::{Map, Number, Value};

use crate::definition::{Field, FieldType, USERS};
use crate::error::{Detail, MAX_DETAILS};
use crate::id::Id;
use crate::record::input::Relation;
use crate::time::Moment;
use crate::value::{canonical, compare, is_integer};
use crate::wire::{MAX_NAME, UNKNOWN};

/// The deepest nesting of a value. DynamoDB's limit is 32 with the item's own levels.
const MAX_DEPTH: usize = 20;

/// The most bytes of a key: DynamoDB's limit for the name of an attribute.
const MAX_KEY: usize = 65_535;

/// The most values in a field, counted through all levels, an object as several. A number takes three bytes of a body and
/// a hundred of memory: this limit bounds the memory of a page of records.
const MAX_VALUES: usize = 10_000;

/// The most bytes of a record that are matched against patterns. The time of a match is also proportional to the
/// pattern's size.
pub(super) const MAX_MATCHED: usize = 32 << 10;

/// The place of a value in a body, such as `sizes[3].width`.
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
            // The caller may have chosen the name.
            Self::Field(name) => write!(f, "{name:.MAX_NAME$}"),
            Self::Key(object, name) => write!(f, "{object}.{name:.MAX_NAME$}"),
            Self::Item(array, index) => write!(f, "{array}[{index}]"),
        }
    }
}

/// Collects the faults of values and the relations in them.
#[derive(Default)]
pub(super) struct Checker {
    /// The faults, as many as are reported.
    pub(super) details: Vec<Detail>,
    /// The relations found.
    pub(super) relations: Vec<Relation>,
    matched: usize,
}

impl Checker {
    /// Notes a fault at a place; the reason follows the place's name.
    pub(super) fn fault(&mut self, place: Place<'_>, code: &str, reason: impl fmt::Display) {
        if self.details.len() < MAX_DETAILS {
            let place = place.to_string();
            let message = format!("`{place}` {reason}.");
            self.details.push(Detail::new(place, code, message));
        }
    }

    /// Converts a value of a field of the record to its stored form.
    pub(super) fn stored(&mut self, field: &Field, value: Value) -> Option<Value> {
        let place = Place::Field(&field.name);
        let plain = if count(&value) > MAX_VALUES {
            Err((
                "size",
                "holds more than 10,000 values, where an object counts as six",
            ))
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

    /// Converts a plain value to the form of its field; `None` when its type is wrong.
    fn fit(&mut self, field: &Field, place: Place<'_>, value: Value) -> Option<Value> {
        let value = match (field.kind, value) {
            (FieldType::String, value @ Value::String(_))
            | (FieldType::Number, value @ Value::Number(_))
            | (FieldType::Boolean, value @ Value::Bool(_)) => value,
            (FieldType::Integer, Value::Number(number)) if is_integer(number.as_str()) => {
                Value::Number(number)
            }
            (FieldType::Date, Value::String(text)) => {
                let Some(at) = Moment::parse(&text) else {
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

    /// Checks an object with declared fields. It is always written as a whole, so absent fields get their defaults.
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

    /// Checks the constraints of a field on a value of its type.
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

/// Converts a value of a definition, such as a default, to the form in which a record would hold it.
///
/// # Errors
/// The reason why no record could hold it.
pub(crate) fn fit(field: &Field, value: &Value) -> Result<Value, String> {
    let mut checker = Checker::default();
    let value = checker.stored(field, value.clone());
    match (value, checker.details.pop()) {
        (Some(value), None) => Ok(value),
        (_, detail) => Err(detail.map(|detail| detail.message).unwrap_or_default()),
    }
}

/// Adds the defaults of fields without a value.
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

/// The relation in a value, if the field is a relation.
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

/// The type that a value of a field must have, as words.
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

/// The values that an object counts as: its entries lie in blocks of 632 bytes of memory, however few they are.
const OBJECT: usize = 6;

/// The number of values in a value, itself included.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(count).sum::<usize>() + 1,
        Value::Object(entries) => entries.values().map(count).sum::<usize>() + OBJECT,
        _ => 1,
    }
}

/// Converts a value to one that DynamoDB can hold: no NUL, no empty or endless keys, not too deep, numbers in canonical
/// form.
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
