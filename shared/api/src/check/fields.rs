//! Problems of declared fields, at every level.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::names::is_name;
use crate::check::problem::Problems;
use crate::definition::{Field, FieldType, SYSTEM_FIELDS, USERS};
use crate::record::fit;
use crate::value::{canonical, compare};

/// The parameters of a list, which cannot be names of fields.
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

/// The most fields of a collection or an object: an update of all of them still fits DynamoDB's expression of 4 KB.
const MAX_FIELDS: usize = 90;

/// How deep fields may be declared.
const MAX_LEVELS: usize = 3;

/// Where a field stands.
#[derive(Clone, Copy, PartialEq)]
enum Position {
    /// It is a field of the record.
    Record,
    /// It is a field of an object.
    Object,
    /// It stands for the items of an array; whether that is a field of the record.
    Items(bool),
}

/// The problems of fields by themselves; `known` are the collections that a relation may point to.
pub(super) fn field_problems(declared: &[Field], known: &BTreeSet<&str>) -> Problems {
    let mut fields = Fields {
        known,
        problems: Vec::new(),
    };
    fields.all(declared, "", 1);
    fields.problems
}

/// The constraints of a field, by name, but for `required`.
pub(super) fn constraints(field: &Field) -> impl Iterator<Item = &'static str> {
    [
        (field.unique, "unique"),
        (field.default.is_some(), "default"),
        (field.choices.is_some(), "enum"),
        (field.min.is_some(), "min"),
        (field.max.is_some(), "max"),
        (field.min_length.is_some(), "minLength"),
        (field.max_length.is_some(), "maxLength"),
        (field.pattern.is_some(), "pattern"),
        (field.format.is_some(), "format"),
        (field.items.is_some(), "items"),
        (field.fields.is_some(), "fields"),
        (field.collection.is_some(), "collection"),
    ]
    .into_iter()
    .filter(|(given, _)| *given)
    .map(|(_, name)| name)
}

/// The types that a constraint is for, as words.
fn fitting(constraint: &str) -> (&'static [FieldType], &'static str) {
    use FieldType::{Array, Boolean, Date, Integer, Number, Object, Relation, String};
    match constraint {
        "min" | "max" => (&[Number, Integer], "a number or an integer"),
        "minLength" | "maxLength" => (&[String, Array], "a string or an array"),
        "pattern" | "format" => (&[String], "a string"),
        "items" => (&[Array], "an array"),
        "fields" => (&[Object], "an object"),
        "collection" => (&[Relation], "a relation"),
        "enum" => (
            &[String, Number, Integer, Boolean, Date],
            "a string, number, integer, boolean or date",
        ),
        "unique" => (
            &[String, Number, Integer, Boolean, Date, Relation],
            "a string, number, integer, boolean, date or relation",
        ),
        _ => (
            &[
                String, Number, Integer, Boolean, Date, Object, Array, Relation,
            ],
            "any field",
        ),
    }
}

/// Goes through the declared fields of all levels.
struct Fields<'a> {
    known: &'a BTreeSet<&'a str>,
    problems: Problems,
}

impl Fields<'_> {
    fn problem(&mut self, place: String, reason: impl Into<String>) {
        self.problems.push((place, reason.into()));
    }

    /// The fields of the record (where `place` is empty) or of an object.
    fn all(&mut self, fields: &[Field], place: &str, level: usize) {
        let list = if place.is_empty() {
            "fields".to_owned()
        } else {
            format!("{place}.fields")
        };
        let position = if place.is_empty() {
            Position::Record
        } else {
            Position::Object
        };
        if fields.len() > MAX_FIELDS {
            self.problem(
                list.clone(),
                format!("{} fields are more than {MAX_FIELDS}", fields.len()),
            );
        }
        let mut names = BTreeSet::new();
        for (index, field) in fields.iter().enumerate() {
            let name = field.name.as_str();
            let place = format!("{list}[{index}]");
            let reserved = SYSTEM_FIELDS.contains(&name) || LIST_PARAMETERS.contains(&name);
            if !is_name(name, b"_") {
                self.problem(
                    format!("{place}.name"),
                    format!("`{name}` must match ^[a-zA-Z][a-zA-Z0-9_]{{0,63}}$"),
                );
            } else if reserved && position == Position::Record {
                self.problem(
                    format!("{place}.name"),
                    format!("`{name}` is reserved; choose another name"),
                );
            } else if !names.insert(name) {
                self.problem(
                    format!("{place}.name"),
                    format!("`{name}` is declared twice"),
                );
            }
            self.field(field, &place, position, level);
        }
    }

    fn field(&mut self, field: &Field, place: &str, position: Position, level: usize) {
        let mut fits = true;
        for constraint in constraints(field) {
            let (kinds, words) = fitting(constraint);
            if !kinds.contains(&field.kind) {
                fits = false;
                self.problem(
                    format!("{place}.{constraint}"),
                    format!("`{constraint}` is for {words}; leave it out"),
                );
            }
        }
        if let Position::Items(_) = position {
            if !field.name.is_empty() {
                self.problem(
                    format!("{place}.name"),
                    "the items of an array have no name; leave it out",
                );
            }
            for (given, word) in [
                (field.required, "required"),
                (field.default.is_some(), "default"),
            ] {
                if given {
                    self.problem(
                        format!("{place}.{word}"),
                        format!("an item cannot be `{word}`; leave it out"),
                    );
                }
            }
        }
        for (rule, word) in [(&field.read, "read"), (&field.write, "write")] {
            if !rule.is_public() && position != Position::Record {
                let reason =
                    "only a field of the collection itself has rules of its own; leave it out";
                self.problem(format!("{place}.{word}"), reason);
            }
        }
        if field.unique && position != Position::Record {
            self.problem(
                format!("{place}.unique"),
                "only a field of the collection itself can be unique",
            );
        }
        if field.kind == FieldType::Relation {
            self.relation(field, place, position);
        }
        if fits {
            self.bounds(field, place);
            self.values(field, place);
        }
        if let Some(items) = &field.items {
            let deeper = level + usize::from(items.kind == FieldType::Array);
            self.nested(&format!("{place}.items"), deeper, |fields, place| {
                fields.field(
                    items,
                    place,
                    Position::Items(position == Position::Record),
                    deeper,
                );
            });
        }
        if let Some(declared) = &field.fields {
            self.nested(place, level + 1, |fields, place| {
                fields.all(declared, place, level + 1)
            });
        }
    }

    fn nested(&mut self, place: &str, level: usize, go: impl FnOnce(&mut Self, &str)) {
        if level > MAX_LEVELS {
            self.problem(
                place.to_owned(),
                format!("nests deeper than {MAX_LEVELS} levels; declare less of it"),
            );
        } else {
            go(self, place);
        }
    }

    fn relation(&mut self, field: &Field, place: &str, position: Position) {
        if !matches!(position, Position::Record | Position::Items(true)) {
            let reason =
                "a relation is a field of the collection itself, or the items of an array there";
            self.problem(format!("{place}.type"), reason);
        }
        match field.collection.as_deref() {
            Some(target) if target == USERS || self.known.contains(target) => {}
            Some(target) => {
                let reason = format!(
                    "there is no collection `{target}`; add collections/{target}.json or say `users`"
                );
                self.problem(format!("{place}.collection"), reason);
            }
            None => {
                let reason = "say where the relation points to, such as \"collection\": \"users\"";
                self.problem(format!("{place}.collection"), reason);
            }
        }
    }

    fn bounds(&mut self, field: &Field, place: &str) {
        for (bound, word) in [(&field.min, "min"), (&field.max, "max")] {
            if let Some(number) = bound
                && canonical(number.as_str()).is_none()
            {
                let reason =
                    format!("{number} must have at most 38 digits and be between 1e-130 and 1e126");
                self.problem(format!("{place}.{word}"), reason);
            }
        }
        if let (Some(min), Some(max)) = (&field.min, &field.max)
            && compare(
                Some(&Value::Number(min.clone())),
                Some(&Value::Number(max.clone())),
            ) == Ordering::Greater
        {
            self.problem(
                format!("{place}.min"),
                format!("{min} is more than `max`, {max}"),
            );
        }
        if let (Some(min), Some(max)) = (field.min_length, field.max_length)
            && min > max
        {
            self.problem(
                format!("{place}.minLength"),
                format!("{min} is more than `maxLength`, {max}"),
            );
        }
    }

    /// Checks the values that the definition itself gives.
    fn values(&mut self, field: &Field, place: &str) {
        let choices = field.choices.as_deref().unwrap_or_default();
        if field.choices.is_some() && choices.is_empty() {
            self.problem(
                format!("{place}.enum"),
                "no value would be allowed; name some or leave it out",
            );
        }
        let unchosen = Field {
            choices: None,
            ..field.clone()
        };
        for (index, choice) in choices.iter().enumerate() {
            let place = format!("{place}.enum[{index}]");
            if choices.iter().take(index).any(|earlier| earlier == choice) {
                self.problem(place, format!("{choice} is there twice"));
                continue;
            }
            match fit(&unchosen, choice) {
                Ok(stored) if stored == *choice => {}
                // Values are compared in their stored form, so they must be written in it.
                Ok(stored) => {
                    self.problem(place, format!("{choice} is stored as {stored}; write that"))
                }
                Err(reason) => self.problem(place, format!("{choice} does not fit: {reason}")),
            }
        }
        if let Some(default) = &field.default {
            let place = format!("{place}.default");
            if field.required {
                self.problem(
                    place,
                    "a required field is never left out; leave out `required` or `default`",
                );
            } else if field.unique {
                self.problem(
                    place,
                    "two records would get the same value; leave out `unique` or `default`",
                );
            } else if let Err(reason) = fit(field, default) {
                self.problem(place, format!("{default} does not fit: {reason}"));
            }
        }
    }
}
