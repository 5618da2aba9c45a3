//! What may be wrong with a definition that has the right shape.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Definition, Field, FieldType, Index, LIST_PARAMETERS, Operation, Order, RESERVED_COLLECTIONS, Rule, SYSTEM_FIELDS,
    USERS, fold,
};
use crate::query::compare;
use crate::record::fit;

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
        && name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || also.contains(&b))
}

/// Everything wrong with a definition; `known` are the collections that a relation may point to.
pub(super) fn problems(definition: &Definition, file: &str, known: &BTreeSet<&str>) -> Problems {
    let mut problems = Vec::new();
    let mut problem = |place: &str, reason: String| problems.push((place.to_owned(), reason));
    let name = &definition.name;
    if !is_name(name, b"_-") {
        problem("name", format!("`{name}` must match ^[a-zA-Z][a-zA-Z0-9_-]{{0,63}}$"));
    } else if RESERVED_COLLECTIONS.iter().any(|reserved| fold(reserved) == fold(name)) {
        problem("name", format!("`{name}` is reserved; choose another name"));
    }
    if file.strip_suffix(".json") != Some(name) {
        problem("name", format!("`{name}` must be the file's name; call the file {name}.json"));
    }
    if !(1..=16).contains(&definition.shards) {
        problem("shards", format!("{} must be 1 to 16", definition.shards));
    }
    let mut fields = Fields { known, problems };
    fields.all(&definition.fields, "", 1);
    problems = fields.problems;
    problems.extend(owner(definition));
    problems.extend(indexes(definition));
    problems
}

/// What is allowed but worth a look.
pub(super) fn warnings(definition: &Definition) -> Problems {
    let mut warnings = Vec::new();
    let name = &definition.name;
    if let Some(operations) = open_to_strangers(definition) {
        warnings.push(("permissions".to_owned(), format!("strangers may {operations} records of `{name}`")));
    }
    if writers_may_not_list(definition) {
        for (index, field) in definition.fields.iter().enumerate().filter(|(_, field)| field.unique) {
            let reason = format!(
                "a refused `{}` tells that some record of `{name}` has it, also to those who may not list",
                field.name
            );
            warnings.push((format!("fields[{index}].unique"), reason));
        }
    }
    if definition.rule(Operation::Create) == Rule::Public {
        for index in definition.indexes.iter().enumerate().filter(|(_, index)| index.per_owner).map(|(n, _)| n) {
            let reason = "records that strangers create have no owner and are not in this index".to_owned();
            warnings.push((format!("indexes[{index}].perOwner"), reason));
        }
    }
    warnings
}

/// What strangers may write, as words.
fn open_to_strangers(definition: &Definition) -> Option<String> {
    let open = [(Operation::Create, "create"), (Operation::Update, "update"), (Operation::Delete, "delete")];
    let open = open.iter().filter(|(operation, _)| definition.rule(*operation) == Rule::Public);
    let words: Vec<&str> = open.map(|(_, word)| *word).collect();
    (!words.is_empty()).then(|| words.join(" and "))
}

/// Whether somebody may set a value who may not see every record.
fn writers_may_not_list(definition: &Definition) -> bool {
    let mut writers = [Operation::Create, Operation::Update].map(|operation| definition.rule(operation)).into_iter();
    match definition.rule(Operation::List) {
        Rule::Public => false,
        Rule::Authenticated => writers.any(|rule| rule == Rule::Public),
        Rule::Owner | Rule::Admin => writers.any(|rule| rule != Rule::Admin),
    }
}

/// The owner field is set by the service and is an index key, so what may be declared of it is little.
fn owner(definition: &Definition) -> Problems {
    let place = "ownerField".to_owned();
    let name = definition.owner_field();
    let Some(field) = definition.field(name) else {
        let reason = format!("`{name}` must be a declared field of type string or relation, or createdBy");
        return if name == "createdBy" { Vec::new() } else { vec![(place, reason)] };
    };
    let mut problems = Vec::new();
    match (field.kind, field.collection.as_deref()) {
        (FieldType::String, _) | (FieldType::Relation, Some(USERS) | None) => {}
        (FieldType::Relation, Some(_)) => {
            let reason = format!("`{name}` is the owner field, so it points to users: say \"collection\": \"users\"");
            problems.push((place.clone(), reason));
        }
        _ => problems.push((place.clone(), format!("`{name}` is the owner field, so its type is string or relation"))),
    }
    for constraint in constraints(field) {
        let reason = format!("`{name}` is the owner field, which the service fills in; leave out its `{constraint}`");
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
    .filter(|(given, name)| *given && *name != "collection" || *given && field.kind != FieldType::Relation)
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
        "enum" => (&[String, Number, Integer, Boolean, Date], "a string, number, integer, boolean or date"),
        "unique" => (
            &[String, Number, Integer, Boolean, Date, Relation],
            "a string, number, integer, boolean, date or relation",
        ),
        _ => (&[String, Number, Integer, Boolean, Date, Object, Array, Relation], "any field"),
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
        let list = if place.is_empty() { "fields".to_owned() } else { format!("{place}.fields") };
        let position = if place.is_empty() { Position::Record } else { Position::Object };
        if fields.len() > MAX_FIELDS {
            self.problem(list.clone(), format!("{} fields are more than {MAX_FIELDS}", fields.len()));
        }
        let mut names = BTreeSet::new();
        for (index, field) in fields.iter().enumerate() {
            let name = field.name.as_str();
            let place = format!("{list}[{index}]");
            let reserved = SYSTEM_FIELDS.contains(&name) || LIST_PARAMETERS.contains(&name);
            if !is_name(name, b"_") {
                self.problem(format!("{place}.name"), format!("`{name}` must match ^[a-zA-Z][a-zA-Z0-9_]{{0,63}}$"));
            } else if reserved && position == Position::Record {
                self.problem(format!("{place}.name"), format!("`{name}` is reserved; choose another name"));
            } else if !names.insert(name) {
                self.problem(format!("{place}.name"), format!("`{name}` is declared twice"));
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
                self.problem(format!("{place}.{constraint}"), format!("`{constraint}` is for {words}; leave it out"));
            }
        }
        if let Position::Items(_) = position {
            if !field.name.is_empty() {
                self.problem(format!("{place}.name"), "the items of an array have no name; leave it out");
            }
            for (given, word) in [(field.required, "required"), (field.default.is_some(), "default")] {
                if given {
                    self.problem(format!("{place}.{word}"), format!("an item cannot be `{word}`; leave it out"));
                }
            }
        }
        if field.unique && position != Position::Record {
            self.problem(format!("{place}.unique"), "only a field of the collection itself can be unique");
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
                fields.field(items, place, Position::Items(position == Position::Record), deeper);
            });
        }
        if let Some(declared) = &field.fields {
            self.nested(place, level + 1, |fields, place| fields.all(declared, place, level + 1));
        }
    }

    fn nested(&mut self, place: &str, level: usize, go: impl FnOnce(&mut Self, &str)) {
        if level > MAX_LEVELS {
            self.problem(place.to_owned(), format!("nests deeper than {MAX_LEVELS} levels; declare less of it"));
        } else {
            go(self, place);
        }
    }

    fn relation(&mut self, field: &Field, place: &str, position: Position) {
        if !matches!(position, Position::Record | Position::Items(true)) {
            let reason = "a relation is a field of the collection itself, or the items of an array there";
            self.problem(format!("{place}.type"), reason);
        }
        match field.collection.as_deref() {
            Some(target) if target == USERS || self.known.contains(target) => {}
            Some(target) => {
                let reason = format!("there is no collection `{target}`; add collections/{target}.json or say `users`");
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
                let reason = format!("{number} must have at most 38 digits and be between 1e-130 and 1e126");
                self.problem(format!("{place}.{word}"), reason);
            }
        }
        if let (Some(min), Some(max)) = (&field.min, &field.max)
            && compare(Some(&Value::Number(min.clone())), Some(&Value::Number(max.clone()))) == Ordering::Greater
        {
            self.problem(format!("{place}.min"), format!("{min} is more than `max`, {max}"));
        }
        if let (Some(min), Some(max)) = (field.min_length, field.max_length)
            && min > max
        {
            self.problem(format!("{place}.minLength"), format!("{min} is more than `maxLength`, {max}"));
        }
    }

    /// The values that the definition itself gives.
    fn values(&mut self, field: &Field, place: &str) {
        let choices = field.choices.as_deref().unwrap_or_default();
        if field.choices.is_some() && choices.is_empty() {
            self.problem(format!("{place}.enum"), "no value would be allowed; name some or leave it out");
        }
        for (index, choice) in choices.iter().enumerate() {
            let place = format!("{place}.enum[{index}]");
            if choices.iter().take(index).any(|earlier| earlier == choice) {
                self.problem(place, format!("{choice} is there twice"));
                continue;
            }
            match fit(field, choice) {
                Ok(stored) if stored == *choice => {}
                // Compared as they are stored, so they must be written so.
                Ok(stored) => self.problem(place, format!("{choice} is stored as {stored}; write that")),
                Err(reason) => self.problem(place, format!("{choice} does not fit: {reason}")),
            }
        }
        if let Some(default) = &field.default {
            let place = format!("{place}.default");
            if field.required {
                self.problem(place, "a required field is never left out; leave out `required` or `default`");
            } else if field.unique {
                self.problem(place, "two records would get the same value; leave out `unique` or `default`");
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
        problems.push(("indexes".into(), format!("{} indexes are more than {MAX_INDEXES}", indexes.len())));
    }
    for (n, index) in indexes.iter().enumerate() {
        let place = format!("indexes[{n}]");
        let twin = indexes.iter().take(n).position(|earlier| serves_the_same(earlier, index));
        let reasons = index_problems(definition, index);
        if let Some(twin) = twin.filter(|_| reasons.is_empty()) {
            let reason = format!("serves the same lists as indexes[{twin}], which is read both ways; leave one out");
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
        reasons.push(format!("an index has 1 to {MAX_INDEX_FIELDS} fields, this one {}", order.len()));
    }
    for (n, Order { field: name, .. }) in order.iter().enumerate() {
        let kind = definition.field(name).map(|field| field.kind);
        if name == "id" {
            reasons.push("`id` breaks ties in every index; leave it out".into());
        } else if matches!(kind, Some(FieldType::Object | FieldType::Array)) {
            reasons.push(format!("`{name}` is an object or an array, which have no order"));
        } else if kind.is_none() && !SYSTEM_FIELDS.contains(&name.as_str()) {
            reasons.push(format!("`{name}` is no declared field, nor createdAt, updatedAt or createdBy"));
        } else if order.iter().take(n).any(|earlier| earlier.field == *name) {
            reasons.push(format!("`{name}` is there twice"));
        } else if index.per_owner && name == definition.owner_field() {
            reasons.push(format!("`{name}` is the owner field, and the index is kept per owner already; leave it out"));
        }
    }
    if matches!(order.as_slice(), [only] if only.field == "createdAt")
        && (!index.per_owner || definition.has_owner_index())
    {
        reasons.push("every list can be read by createdAt already; leave this index out".into());
    }
    if index.name().len() > MAX_INDEX_NAME {
        reasons.push(format!("its name on the table would have more than {MAX_INDEX_NAME} bytes; use fewer fields"));
    }
    reasons
}
