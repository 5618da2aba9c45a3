//! What may be wrong with a definition that has the right shape.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Definition, Field, FieldType, Index, LIST_PARAMETERS, Operation, Order, RESERVED_COLLECTIONS,
    SYSTEM_FIELDS, USERS, fold,
};
use crate::query::{compare, row_problems};
use crate::record::fit;
use crate::rule::Rule;

/// The most fields of a collection or an object: an update of all of them still fits DynamoDB's expression of 4 KB.
const MAX_FIELDS: usize = 90;

/// How deep fields may be declared.
const MAX_LEVELS: usize = 3;

/// The most indexes. DynamoDB has room for twenty, and some are ours.
const MAX_INDEXES: usize = 15;

/// The most fields of an index.
const MAX_INDEX_FIELDS: usize = 4;

/// How long the name of a table's index may be, in bytes.
const MAX_INDEX_NAME: usize = 255;

/// What is wrong, each as its place and its reason.
type Problems = Vec<(String, String)>;

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

fn is_name(name: &str, also: &[u8]) -> bool {
    name.len() <= 64
        && name
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || also.contains(&b))
}

/// Everything wrong with a definition; `known` are the collections that a relation may point to.
pub(super) fn problems(definition: &Definition, file: &str, known: &BTreeSet<&str>) -> Problems {
    let mut problems = Vec::new();
    let mut problem = |place: &str, reason: String| problems.push((place.to_owned(), reason));
    let name = &definition.name;
    if !is_name(name, b"_-") {
        problem(
            "name",
            format!("`{name}` must match ^[a-zA-Z][a-zA-Z0-9_-]{{0,63}}$"),
        );
    } else if RESERVED_COLLECTIONS
        .iter()
        .any(|reserved| fold(reserved) == fold(name))
    {
        problem("name", format!("`{name}` is reserved; choose another name"));
    }
    if file.strip_suffix(".json") != Some(name) {
        problem(
            "name",
            format!("`{name}` must be the file's name; call the file {name}.json"),
        );
    }
    if !(1..=16).contains(&definition.shards) {
        problem("shards", format!("{} must be 1 to 16", definition.shards));
    }
    problems.extend(field_problems(&definition.fields, known));
    problems.extend(owner(definition));
    problems.extend(indexes(definition));
    problems.extend(columns(definition));
    problems.extend(row_problems(definition));
    problems
}

/// Everything wrong with fields by themselves; `known` are the collections that a relation may point to.
pub(super) fn field_problems(declared: &[Field], known: &BTreeSet<&str>) -> Problems {
    let mut fields = Fields {
        known,
        problems: Vec::new(),
    };
    fields.all(declared, "", 1);
    fields.problems
}

/// What is allowed but worth a look.
pub(super) fn warnings(definition: &Definition) -> Problems {
    let mut warnings = Vec::new();
    let name = &definition.name;
    if let Some(operations) = open_to_strangers(definition) {
        warnings.push((
            "permissions".to_owned(),
            format!("strangers may {operations} records of `{name}`"),
        ));
    }
    for (index, field) in definition
        .fields
        .iter()
        .enumerate()
        .filter(|(_, field)| field.unique)
    {
        let whom = if writers_may_not_list(definition) {
            "may not list"
        } else if !definition.row_filters.is_empty() && anyone_writes(definition) {
            "do not see that record"
        } else if writers_may_not_read(definition, field) {
            "may not read it"
        } else {
            continue;
        };
        let told = format!(
            "a refused `{}` tells that some record of `{name}` has it",
            field.name
        );
        warnings.push((
            format!("fields[{index}].unique"),
            format!("{told}, also to those who {whom}"),
        ));
    }
    if definition.rule(Operation::Create).is_public() {
        for index in definition
            .indexes
            .iter()
            .enumerate()
            .filter(|(_, index)| index.per_owner)
            .map(|(n, _)| n)
        {
            let reason =
                "records that strangers create have no owner and are not in this index".to_owned();
            warnings.push((format!("indexes[{index}].perOwner"), reason));
        }
    }
    warnings
}

/// What strangers may write, as words.
fn open_to_strangers(definition: &Definition) -> Option<String> {
    let open = [
        (Operation::Create, "create"),
        (Operation::Update, "update"),
        (Operation::Delete, "delete"),
    ];
    // What they may not read they may not change.
    let readable = definition.rule(Operation::Read).is_public();
    let open = open.iter().filter(|(operation, _)| {
        definition.rule(*operation).is_public() && (readable || *operation == Operation::Create)
    });
    let words: Vec<&str> = open.map(|(_, word)| *word).collect();
    (!words.is_empty()).then(|| words.join(" and "))
}

/// Whether others than admins may set a value.
fn anyone_writes(definition: &Definition) -> bool {
    [Operation::Create, Operation::Update]
        .iter()
        .any(|operation| !definition.rule(*operation).is_admin())
}

/// Whether somebody may set a value who may not see every record.
fn writers_may_not_list(definition: &Definition) -> bool {
    let mut writers = [Operation::Create, Operation::Update]
        .map(|operation| definition.rule(operation))
        .into_iter();
    match definition.rule(Operation::List) {
        rule if rule.is_public() => false,
        rule if *rule == Rule::authenticated() => writers.any(Rule::is_public),
        _ => writers.any(|rule| !rule.is_admin()),
    }
}

/// Whether somebody may set a value of a field who may not see it in every record.
fn writers_may_not_read(definition: &Definition, field: &Field) -> bool {
    let writers =
        [Operation::Create, Operation::Update].map(|operation| definition.rule(operation));
    writers.into_iter().any(|rule| {
        let writers = rule.clone().and(&field.write);
        !(if field.read.names_owner() {
            writers.is_admin()
        } else {
            writers.of_creator().implies(&field.read)
        })
    })
}

/// What is wrong with the rules of single fields, but for those that are no fields of the record.
fn columns(definition: &Definition) -> Problems {
    let mut problems = Vec::new();
    let creators = definition.rule(Operation::Create).of_creator();
    for (at, field) in definition
        .fields
        .iter()
        .enumerate()
        .filter(|(_, field)| !field.write.is_public())
    {
        let (place, name) = (format!("fields[{at}].write"), &field.name);
        if name == definition.owner_field() {
            problems.push((
                place,
                format!(
                    "`{name}` is the owner field, which only admins change; leave out its `write`"
                ),
            ));
        } else if field.required && !creators.implies(&field.write.of_creator()) {
            let reason = format!(
                "`{name}` is required, and not everybody who may create may set it; leave out `required`, and give it a \
                 `default`"
            );
            problems.push((place, reason));
        }
    }
    problems
}

/// The owner field is set by the service and is an index key, so what may be declared of it is little.
fn owner(definition: &Definition) -> Problems {
    let place = "ownerField".to_owned();
    let name = definition.owner_field();
    let Some(field) = definition.field(name) else {
        let reason =
            format!("`{name}` must be a declared field of type string or relation, or createdBy");
        return if name == "createdBy" {
            Vec::new()
        } else {
            vec![(place, reason)]
        };
    };
    let mut problems = Vec::new();
    match (field.kind, field.collection.as_deref()) {
        (FieldType::String, _) | (FieldType::Relation, Some(USERS) | None) => {}
        (FieldType::Relation, Some(_)) => {
            let reason = format!(
                "`{name}` is the owner field, so it points to users: say \"collection\": \"users\""
            );
            problems.push((place.clone(), reason));
        }
        _ => problems.push((
            place.clone(),
            format!("`{name}` is the owner field, so its type is string or relation"),
        )),
    }
    for constraint in constraints(field).filter(|constraint| *constraint != "collection") {
        let reason = format!(
            "`{name}` is the owner field, which the service fills in; leave out its `{constraint}`"
        );
        problems.push((place.clone(), reason));
    }
    problems
}

/// The constraints of a field, by name, but for `required`.
fn constraints(field: &Field) -> impl Iterator<Item = &'static str> {
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
                && crate::record::canonical(number.as_str()).is_none()
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

    /// The values that the definition itself gives.
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
                // Compared as they are stored, so they must be written so.
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

fn indexes(definition: &Definition) -> Problems {
    let mut problems = Vec::new();
    let indexes = &definition.indexes;
    if indexes.len() > MAX_INDEXES {
        problems.push((
            "indexes".into(),
            format!("{} indexes are more than {MAX_INDEXES}", indexes.len()),
        ));
    }
    for (n, index) in indexes.iter().enumerate() {
        let place = format!("indexes[{n}]");
        let twin = indexes
            .iter()
            .take(n)
            .position(|earlier| serves_the_same(earlier, index));
        let reasons = index_problems(definition, index);
        if let Some(twin) = twin.filter(|_| reasons.is_empty()) {
            let reason = format!(
                "serves the same lists as indexes[{twin}], which is read both ways; leave one out"
            );
            problems.push((place.clone(), reason));
        }
        problems.extend(reasons.into_iter().map(|reason| (place.clone(), reason)));
    }
    problems
}

/// Whether two indexes hold the same order, or one the full reverse of the other.
fn serves_the_same(a: &Index, b: &Index) -> bool {
    let (left, right): (Vec<Order>, Vec<Order>) = (a.order().collect(), b.order().collect());
    let alike = |reversed: bool| {
        let mut pairs = left.iter().zip(&right);
        pairs.all(|(a, b)| a.field == b.field && (a.descending != b.descending) == reversed)
    };
    a.per_owner == b.per_owner && left.len() == right.len() && (alike(false) || alike(true))
}

fn index_problems(definition: &Definition, index: &Index) -> Vec<String> {
    let mut reasons = Vec::new();
    let order: Vec<Order> = index.order().collect();
    if !(1..=MAX_INDEX_FIELDS).contains(&order.len()) {
        reasons.push(format!(
            "an index has 1 to {MAX_INDEX_FIELDS} fields, this one {}",
            order.len()
        ));
    }
    for (n, Order { field: name, .. }) in order.iter().enumerate() {
        let kind = definition.field(name).map(|field| field.kind);
        if name == "id" {
            reasons.push("`id` breaks ties in every index; leave it out".into());
        } else if matches!(kind, Some(FieldType::Object | FieldType::Array)) {
            reasons.push(format!(
                "`{name}` is an object or an array, which have no order"
            ));
        } else if kind.is_none() && !SYSTEM_FIELDS.contains(&name.as_str()) {
            reasons.push(format!(
                "`{name}` is no declared field, nor createdAt, updatedAt or createdBy"
            ));
        } else if order.iter().take(n).any(|earlier| earlier.field == *name) {
            reasons.push(format!("`{name}` is there twice"));
        } else if index.per_owner && name == definition.owner_field() {
            reasons.push(format!(
                "`{name}` is the owner field, and the index is kept per owner already; leave it out"
            ));
        }
    }
    if matches!(order.as_slice(), [only] if only.field == "createdAt")
        && (!index.per_owner || definition.has_owner_index())
    {
        reasons.push("every list can be read by createdAt already; leave this index out".into());
    }
    if index.name().len() > MAX_INDEX_NAME {
        reasons.push(format!(
            "its name on the table would have more than {MAX_INDEX_NAME} bytes; use fewer fields"
        ));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::check;
    use super::*;

    /// The problems of a collection `a`, beside which there is a collection `posts`.
    fn problems_of(mut definition: Value) -> Vec<String> {
        definition["name"] = json!("a");
        let posts = json!({ "name": "posts", "fields": [] });
        let files = [("a", definition), ("posts", posts)];
        let problems =
            check(&files.map(|(name, content)| (format!("{name}.json"), content.to_string())))
                .err();
        let problems = problems
            .into_iter()
            .flatten()
            .map(|problem| problem.to_string());
        problems
            .map(|problem| {
                problem
                    .trim_start_matches("collections/a.json: ")
                    .to_owned()
            })
            .collect()
    }

    fn warnings_of(definition: Value) -> Vec<String> {
        let definition = serde_json::from_value(definition).expect("a definition");
        warnings(&definition)
            .into_iter()
            .map(|(place, reason)| format!("{place}: {reason}"))
            .collect()
    }

    #[test]
    fn a_field_may_say_what_fits_its_type() {
        for field in [
            json!({ "type": "string", "required": true, "unique": true, "minLength": 1, "maxLength": 1, "pattern": "a" }),
            json!({ "type": "String", "enum": ["a", "b"], "default": "b", "format": "slug" }),
            json!({ "type": "double", "min": -1.5, "max": 12345678901234567890123456789012345678u128, "unique": true }),
            json!({ "type": "Int", "enum": [1, 2], "default": 2, "min": 1, "max": 2 }),
            json!({ "type": "bool", "default": false, "unique": false }),
            json!({ "type": "Date", "enum": ["2026-11-21T00:00:00.000Z"], "default": "2026-11-21" }),
            json!({ "type": "ref", "collection": "posts", "unique": true }),
            json!({ "type": "reference", "collection": "a" }),
            json!({ "type": "Relation", "collection": "users" }),
            json!({ "type": "array", "items": { "type": "relation", "collection": "posts" }, "maxLength": 3 }),
            json!({ "type": "array", "items": { "type": "array", "items": { "type": "array" } } }),
            json!({ "type": "array", "default": [1, null], "minLength": 2 }),
            json!({ "type": "array", "items": { "type": "string", "enum": ["a"] }, "default": ["a"] }),
            json!({ "type": "object", "default": {}, "fields": [
                { "name": "id", "type": "object", "fields": [
                    { "name": "limit", "type": "object" }, { "name": "n", "type": "integer", "default": 1 } ] } ] }),
        ] {
            let mut named = field.clone();
            named["name"] = json!("x");
            assert_eq!(
                problems_of(json!({ "fields": [named] })),
                [""; 0],
                "{field}"
            );
        }
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_place_and_a_way_out() {
        let many = |count: usize| -> Vec<Value> {
            (0..count)
                .map(|n| json!({ "name": format!("f{n}"), "type": "string" }))
                .collect()
        };
        let nested = |field: Value| json!({ "type": "object", "fields": [field] });
        for (field, expected) in [
            (
                json!({ "type": "string", "min": 1 }),
                "min: `min` is for a number or an integer; leave it out",
            ),
            (json!({ "type": "date", "max": 1 }), "max: `max` is for"),
            (
                json!({ "type": "integer", "minLength": 1 }),
                "minLength: `minLength` is for a string or an array",
            ),
            (
                json!({ "type": "object", "maxLength": 1 }),
                "maxLength: `maxLength` is for",
            ),
            (
                json!({ "type": "array", "pattern": "a" }),
                "pattern: `pattern` is for a string",
            ),
            (
                json!({ "type": "relation", "collection": "users", "format": "uuid" }),
                "format: `format` is for a string",
            ),
            (
                json!({ "type": "object", "items": { "type": "string" } }),
                "items: `items` is for an array",
            ),
            (
                json!({ "type": "array", "fields": [] }),
                "fields: `fields` is for an object",
            ),
            (
                json!({ "type": "string", "collection": "posts" }),
                "collection: `collection` is for a relation",
            ),
            (
                json!({ "type": "array", "enum": [[]] }),
                "enum: `enum` is for a string, number",
            ),
            (
                json!({ "type": "object", "unique": true }),
                "unique: `unique` is for a string, number",
            ),
            (
                json!({ "type": "array", "unique": true }),
                "unique: `unique` is for a string, number",
            ),
            (
                json!({ "type": "relation" }),
                "collection: say where the relation points to",
            ),
            (
                json!({ "type": "relation", "collection": "post" }),
                "collection: there is no collection `post`; add",
            ),
            (
                json!({ "type": "relation", "collection": "_users" }),
                "collection: there is no collection `_users`",
            ),
            (
                json!({ "type": "number", "min": 2, "max": 1.9 }),
                "min: 2 is more than `max`, 1.9",
            ),
            (
                json!({ "type": "string", "minLength": 2, "maxLength": 1 }),
                "minLength: 2 is more than `maxLength`, 1",
            ),
            (
                json!({ "type": "string", "pattern": "(" }),
                "pattern: the pattern cannot be used",
            ),
            (
                json!({ "type": "string", "enum": [] }),
                "enum: no value would be allowed",
            ),
            (
                json!({ "type": "string", "enum": ["a", 1] }),
                "enum[1]: 1 does not fit: `x` must be a string.",
            ),
            (
                json!({ "type": "string", "enum": ["a", "b", "a"] }),
                "enum[2]: \"a\" is there twice",
            ),
            (
                json!({ "type": "number", "enum": [-1], "min": 0 }),
                "enum[0]: -1 does not fit: `x` must be at least 0.",
            ),
            (
                json!({ "type": "date", "enum": ["2026-11-21"] }),
                "enum[0]: \"2026-11-21\" is stored as \"2026-11-21T00:",
            ),
            (
                json!({ "type": "string", "default": 1 }),
                "default: 1 does not fit: `x` must be a string.",
            ),
            (
                json!({ "type": "string", "enum": ["a"], "default": "b" }),
                "default: \"b\" does not fit: `x` must be \"a\".",
            ),
            (
                json!({ "type": "string", "required": true, "default": "a" }),
                "default: a required field is never left out",
            ),
            (
                json!({ "type": "string", "unique": true, "default": "a" }),
                "default: two records would get the same",
            ),
            (
                json!({ "type": "array", "default": ["\u{0}"] }),
                "default: [\"\\u0000\"] does not fit: `x` must not contain NUL",
            ),
            (
                json!({ "type": "array", "items": { "name": "y", "type": "string" } }),
                "items.name: the items of an array",
            ),
            (
                json!({ "type": "array", "items": { "type": "string", "required": true } }),
                "items.required: an item cannot",
            ),
            (
                json!({ "type": "array", "items": { "type": "string", "default": "" } }),
                "items.default: an item cannot",
            ),
            (
                json!({ "type": "array", "items": { "type": "string", "unique": true } }),
                "items.unique: only a field of",
            ),
            (
                json!({ "type": "array", "items": { "type": "string", "min": 1 } }),
                "items.min: `min` is for",
            ),
            (
                json!({ "type": "array", "items": { "type": "array", "items": { "type": "relation", "collection": "users" } } }),
                "items.items.type: a relation is a field of the collection itself",
            ),
            (
                json!({ "type": "array", "items": { "type": "array", "items": { "type": "array", "items": { "type": "array" } } } }),
                "items.items.items: nests deeper than 3 levels",
            ),
            (
                nested(json!({ "name": "y", "type": "string", "unique": true })),
                "fields[0].unique: only a field of",
            ),
            (
                nested(json!({ "name": "y", "type": "relation", "collection": "users" })),
                "fields[0].type: a relation is",
            ),
            (
                nested(json!({ "name": "y.z", "type": "string" })),
                "fields[0].name: `y.z` must match",
            ),
            (
                nested(json!({ "name": "", "type": "string" })),
                "fields[0].name: `` must match",
            ),
            (
                nested(json!({ "name": "y", "type": "string", "min": 1 })),
                "fields[0].min: `min` is for",
            ),
            (
                nested(
                    json!({ "name": "y", "type": "object", "fields": [{ "name": "z", "type": "object", "fields": [] }] }),
                ),
                "fields[0].fields[0]: nests deeper than 3 levels",
            ),
            (
                json!({ "type": "object", "fields": [{ "name": "y", "type": "date" }, { "name": "y", "type": "date" }] }),
                "fields[1].name: `y` is declared twice",
            ),
            (
                json!({ "type": "object", "fields": many(91) }),
                "fields: 91 fields are more than 90",
            ),
        ] {
            let mut named = field.clone();
            named["name"] = json!("x");
            let problems = problems_of(json!({ "fields": [named] }));
            assert_eq!(problems.len(), 1, "{field}: {problems:?}");
            assert!(
                problems[0].starts_with(&format!("fields[0].{expected}")),
                "{field}: {problems:?}"
            );
        }
        // Numbers that json! cannot write.
        for (text, expected) in [
            (
                r#"{"name":"x","type":"number","enum":[1.0]}"#,
                "fields[0].enum[0]: 1.0 is stored as 1; write that",
            ),
            (
                r#"{"name":"x","type":"number","max":1e126}"#,
                "fields[0].max: 1e+126 must have at most 38 digits",
            ),
            (
                r#"{"name":"x","type":"number","min":1.0000000000000000000000000000000000001,"max":1}"#,
                "fields[0].min: 1.0000000000000000000000000000000000001 is more than `max`, 1",
            ),
        ] {
            let content = format!(r#"{{"name":"a","fields":[{text}]}}"#);
            let problems = check(&[("a.json".to_owned(), content)]).expect_err(text);
            assert!(
                problems[0]
                    .to_string()
                    .starts_with(&format!("collections/a.json: {expected}")),
                "{problems:?}"
            );
        }
        let problems = problems_of(json!({ "fields": many(91) }));
        assert_eq!(problems, ["fields: 91 fields are more than 90"]);
    }

    #[test]
    fn the_owner_field_is_left_to_the_service() {
        for (field, expected) in [
            (
                json!({ "type": "string", "unique": true }),
                "`by` is the owner field, which the service fills in; leave out its `unique`",
            ),
            (
                json!({ "type": "string", "default": "me" }),
                "`by` is the owner field, which the service fills in; leave out its `default`",
            ),
            (
                json!({ "type": "string", "enum": ["me"] }),
                "`by` is the owner field, which the service fills in; leave out its `enum`",
            ),
            (
                json!({ "type": "relation", "collection": "posts" }),
                "`by` is the owner field, so it points to users",
            ),
            (
                json!({ "type": "array" }),
                "`by` is the owner field, so its type is string or relation",
            ),
        ] {
            let mut named = field.clone();
            named["name"] = json!("by");
            let problems = problems_of(json!({ "fields": [named], "ownerField": "by" }));
            assert_eq!(problems.len(), 1, "{field}: {problems:?}");
            assert!(
                problems[0].starts_with(&format!("ownerField: {expected}")),
                "{field}: {problems:?}"
            );
        }
        let relation =
            json!({ "name": "by", "type": "relation", "collection": "users", "required": true });
        assert_eq!(
            problems_of(json!({ "fields": [relation], "ownerField": "by" })),
            [""; 0]
        );
    }

    #[test]
    fn an_index_orders_by_scalars() {
        let fields = json!([
            { "name": "s", "type": "string" }, { "name": "n", "type": "number" }, { "name": "by", "type": "string" },
            { "name": "o", "type": "object" }, { "name": "l", "type": "array" }, { "name": "x".repeat(64), "type": "date" },
            { "name": "y".repeat(64), "type": "date" }, { "name": "z".repeat(64), "type": "date" },
            { "name": "w".repeat(64), "type": "date" }, { "name": "post", "type": "relation", "collection": "posts" },
        ]);
        let of = |indexes: &Value, list: &str| {
            problems_of(
                json!({ "fields": fields, "indexes": indexes, "ownerField": "by",
                "permissions": { "read": "public", "list": list } }),
            )
        };
        let long: Vec<String> = ["w", "x", "y", "z"]
            .iter()
            .map(|letter| letter.repeat(64))
            .collect();
        let firsts = ["s", "n", "post", "updatedAt"];
        let pairs = firsts
            .iter()
            .flat_map(|first| ["by", "createdAt", "createdBy", "z"].map(|second| (first, second)));
        let orders: Vec<Value> = pairs
            .map(|(first, second)| json!([first, second.replace('z', &long[3])]))
            .collect();
        assert_eq!(of(&json!(orders[..15]), "public"), [""; 0]);
        for (indexes, expected) in [
            (json!([["s", "-n", "post", "-updatedAt"]]), None),
            (json!([["s"], { "fields": ["s"], "perOwner": true }]), None),
            (json!([["s", "n"], ["s", "-n"], ["n", "s"]]), None),
            (
                json!([{ "fields": ["-createdAt"], "perOwner": true }]),
                None,
            ),
            (json!([["by", "-createdAt"]]), None),
            (json!(orders), Some("indexes: 16 indexes are more than 15")),
            (
                json!([[]]),
                Some("indexes[0]: an index has 1 to 4 fields, this one 0"),
            ),
            (
                json!([["s", "n", "by", "createdAt", "updatedAt"]]),
                Some("indexes[0]: an index has 1 to 4 fields, this one 5"),
            ),
            (json!([["s", "id"]]), Some("indexes[0]: `id` breaks ties")),
            (
                json!([["-o"]]),
                Some("indexes[0]: `o` is an object or an array"),
            ),
            (
                json!([["l"]]),
                Some("indexes[0]: `l` is an object or an array"),
            ),
            (
                json!([["nope"]]),
                Some("indexes[0]: `nope` is no declared field"),
            ),
            (
                json!([["--s"]]),
                Some("indexes[0]: `-s` is no declared field"),
            ),
            (json!([[""]]), Some("indexes[0]: `` is no declared field")),
            (json!([["s", "-s"]]), Some("indexes[0]: `s` is there twice")),
            (
                json!([["createdAt"]]),
                Some("indexes[0]: every list can be read by createdAt already"),
            ),
            (
                json!([["s"], ["n"], ["s"]]),
                Some("indexes[2]: serves the same lists as indexes[0]"),
            ),
            (
                json!([["s", "-n"], ["-s", "n"]]),
                Some("indexes[1]: serves the same lists as indexes[0]"),
            ),
            (
                json!([{ "fields": ["by", "s"], "perOwner": true }]),
                Some("indexes[0]: `by` is the owner field"),
            ),
            (
                json!([long]),
                Some("indexes[0]: its name on the table would have more than 255 bytes"),
            ),
            (
                json!(["s"]),
                Some("indexes[0]: an index is a list of field names such as"),
            ),
            (
                json!([["s", 1]]),
                Some("indexes[0]: an index is a list of field names such as"),
            ),
            (
                json!([{ "fields": ["s"], "perowner": true }]),
                Some("indexes[0]: unknown field `perowner`, expected"),
            ),
            (
                json!([{ "perOwner": true }]),
                Some("indexes[0]: missing field `fields`; an index is a list"),
            ),
        ] {
            let problems = of(&indexes, "public");
            assert_eq!(
                problems.len(),
                usize::from(expected.is_some()),
                "{indexes}: {problems:?}"
            );
            assert!(
                problems
                    .iter()
                    .all(|problem| problem.starts_with(expected.unwrap_or_default())),
                "{problems:?}"
            );
        }
        let own = of(
            &json!([{ "fields": ["-createdAt"], "perOwner": true }]),
            "owner",
        );
        assert_eq!(
            own,
            ["indexes[0]: every list can be read by createdAt already; leave this index out"]
        );
    }

    #[test]
    fn only_fields_of_the_collection_have_rules_and_the_owner_field_none_for_writing() {
        let of = |field: Value, create: &str| {
            let mut field = field;
            if field["name"].is_null() {
                field["name"] = json!("x");
            }
            problems_of(
                json!({ "fields": [field], "ownerField": if field["name"] == "by" { "by" } else { "createdBy" },
                "permissions": { "create": create, "read": "public", "update": "owner", "delete": "owner" } }),
            )
        };
        let ruled = |more: Value| {
            let mut field =
                json!({ "type": "string", "read": "role:a", "write": "owner | role:a" });
            for (name, value) in more.as_object().expect("an object") {
                field[name] = value.clone();
            }
            field
        };
        for (field, create) in [
            (ruled(json!({})), "authenticated"),
            (ruled(json!({ "default": "a" })), "public"),
            // Whoever creates a record is its owner.
            (ruled(json!({ "required": true })), "authenticated"),
            (
                ruled(json!({ "required": true, "write": "role:a" })),
                "role:a",
            ),
            (
                ruled(json!({ "required": true, "write": "admin" })),
                "admin",
            ),
            (
                json!({ "name": "by", "type": "string", "read": "admin" }),
                "public",
            ),
        ] {
            assert_eq!(of(field.clone(), create), [""; 0], "{field} {create}");
        }
        for (field, create, expected) in [
            (
                ruled(json!({ "required": true })),
                "public",
                "fields[0].write: `x` is required, and not everybody",
            ),
            (
                ruled(json!({ "required": true, "write": "role:a" })),
                "owner",
                "fields[0].write: `x` is required",
            ),
            (
                ruled(json!({ "required": true, "write": "admin" })),
                "role:a",
                "fields[0].write: `x` is required",
            ),
            (
                json!({ "name": "by", "type": "string", "write": "admin" }),
                "public",
                "fields[0].write: `by` is the owner field",
            ),
            (
                ruled(json!({ "read": "everyone" })),
                "public",
                "fields[0].read: `everyone` is not a rule",
            ),
            (
                json!({ "type": "object", "fields": [ruled(json!({ "name": "y", "write": "public" }))] }),
                "public",
                "fields[0].fields[0].read: only a field of the collection itself has rules",
            ),
            (
                json!({ "type": "array", "items": ruled(json!({ "read": "public" })) }),
                "public",
                "fields[0].items.write: only a field of the collection itself has rules",
            ),
        ] {
            let problems = of(field.clone(), create);
            assert_eq!(problems.len(), 1, "{field}: {problems:?}");
            assert!(problems[0].starts_with(expected), "{field}: {problems:?}");
        }
    }

    #[test]
    fn a_row_filter_that_is_none_fails_the_build_and_so_does_a_name_twice() {
        let fields = json!([{ "name": "x", "type": "string" }]);
        let problems =
            problems_of(json!({ "fields": fields, "rowFilters": [{ "filter": { "y": 1 } }] }));
        assert_eq!(
            problems,
            ["rowFilters[0].filter: `y` is not a field of this collection."]
        );
        for (row, expected) in [
            (
                json!({ "when": "me" }),
                "rowFilters[0].when: `me` is not a rule",
            ),
            (
                json!({ "filter": [] }),
                "rowFilters[0].filter: invalid type",
            ),
            (
                json!({ "if": "owner" }),
                "rowFilters[0].if: unknown field `if`",
            ),
        ] {
            let problems = problems_of(json!({ "fields": fields, "rowFilters": [row] }));
            assert!(
                problems.len() == 1 && problems[0].starts_with(expected),
                "{problems:?}"
            );
        }
        let twice = r#"{"name":"a","fields":[{"name":"x","type":"string"}],"rowFilters":[{"filter":{"x":"a","x":"b"}}]}"#;
        let problems = check(&[("a.json".to_owned(), twice.to_owned())]).expect_err("twice");
        assert_eq!(
            problems[0].to_string(),
            "collections/a.json: an object has one name twice; leave one out"
        );
    }

    #[test]
    fn a_unique_value_that_its_writer_may_not_see_is_a_warning() {
        for (read, write, rows, update, expected) in [
            ("public", "public", json!([]), "owner", None),
            ("role:a", "role:a", json!([]), "owner", None),
            (
                "role:a",
                "role:b",
                json!([]),
                "owner",
                Some("may not read it"),
            ),
            (
                "owner",
                "public",
                json!([]),
                "owner",
                Some("may not read it"),
            ),
            ("admin", "admin", json!([]), "owner", None),
            (
                "public",
                "public",
                json!([{ "when": "owner" }]),
                "owner",
                Some("do not see that record"),
            ),
            (
                "public",
                "public",
                json!([{ "when": "owner" }]),
                "admin",
                None,
            ),
        ] {
            let create = if update == "admin" {
                "admin"
            } else {
                "authenticated"
            };
            let warnings = warnings_of(json!({ "name": "a",
                "fields": [{ "name": "code", "type": "string", "unique": true, "read": read, "write": write }],
                "permissions": { "create": create, "update": update, "delete": "admin" }, "rowFilters": rows }));
            let found: Vec<&String> = warnings
                .iter()
                .filter(|warning| warning.starts_with("fields[0].unique: a refused `code`"))
                .collect();
            assert_eq!(
                found.len(),
                usize::from(expected.is_some()),
                "{read} {write} {rows}: {warnings:?}"
            );
            assert!(
                found
                    .iter()
                    .all(|warning| warning.ends_with(expected.unwrap_or_default())),
                "{warnings:?}"
            );
        }
    }

    #[test]
    fn a_unique_value_that_its_writer_may_not_list_is_a_warning() {
        for (create, update, list, expected) in [
            ("public", "admin", "public", 0),
            ("authenticated", "owner", "authenticated", 0),
            ("admin", "admin", "admin", 0),
            ("admin", "admin", "owner", 0),
            ("public", "admin", "authenticated", 1),
            ("authenticated", "admin", "owner", 1),
            ("owner", "admin", "owner", 1),
            ("admin", "owner", "owner", 1),
            ("authenticated", "admin", "admin", 1),
        ] {
            let warnings = warnings_of(json!({ "name": "a",
                "fields": [{ "name": "x", "type": "string" }, { "name": "code", "type": "string", "unique": true }],
                "permissions": { "create": create, "read": "public", "update": update, "delete": "admin", "list": list } }));
            let found = warnings
                .iter()
                .filter(|warning| warning.starts_with("fields[1].unique: a refused `code` tells"));
            assert_eq!(
                found.count(),
                expected,
                "{create} {update} {list}: {warnings:?}"
            );
        }
    }

    #[test]
    fn an_index_per_owner_of_what_strangers_create_is_a_warning() {
        let of = |create: &str| {
            warnings_of(
                json!({ "name": "a", "fields": [{ "name": "x", "type": "string" }],
                "permissions": { "create": create, "update": "admin", "delete": "admin" },
                "indexes": [["x"], { "fields": ["x"], "perOwner": true }] }),
            )
        };
        assert_eq!(of("authenticated"), [""; 0]);
        assert!(
            of("public")
                .iter()
                .any(|warning| warning.starts_with("indexes[1].perOwner: records that strangers"))
        );
    }
}
