//! What a write makes of a record: pure, from what was read to what is asked of DynamoDB.

use std::collections::{BTreeSet, HashMap};

use api::definition::Index;
use api::record::{Input, OwnerInput};
use api::{Definition, Error, Id};
use auth::Requirement;
use auth::precondition::Precondition;
use auth::terms::{OwnerChange, Related, Terms};
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValuesOnConditionCheckFailure, Update};
use serde_json::{Map, Value};

use crate::item::{Item, from_json, from_object, id, number, text, time};
use crate::records::{NewRecord, StoredRecord, Writer, actor};
use crate::{backfill, built, index};

/// How long a tombstone stays, in seconds: longer than any retry of a delete.
const TOMBSTONE: u64 = 3600;

/// Which fields a write changes.
#[derive(Clone, Debug)]
pub struct Change {
    /// The fields to set; with `replace`, all there are.
    pub fields: Map<String, Value>,
    /// The fields to remove.
    pub removed: Vec<String>,
    /// Whether what is not set goes.
    pub replace: bool,
    /// The fields that stay then all the same.
    pub kept: Vec<String>,
}

/// What becomes of one record.
#[derive(Clone, Debug)]
pub struct Operation<'a> {
    /// What is done.
    pub act: Act<'a>,
    /// What must exist for it.
    pub related: Vec<Related<'a>>,
}

/// What is done to a record.
#[derive(Clone, Debug)]
pub enum Act<'a> {
    /// It is made.
    Create(StoredRecord),
    /// It is changed, on these terms.
    Update(Id, Terms<'a>, Change),
    /// It is deleted, on these terms.
    Delete(Id, Terms<'a>),
}

impl Act<'_> {
    /// A create of this record.
    #[must_use]
    pub fn create(record: NewRecord, writer: &Writer) -> Self {
        Self::Create(record.stored(writer))
    }

    /// The record's id.
    #[must_use]
    pub fn id(&self) -> Id {
        match self {
            Self::Create(record) => record.id,
            Self::Update(id, ..) | Self::Delete(id, _) => *id,
        }
    }

    /// The terms of a write to a record that exists.
    pub(crate) fn terms(&self) -> Option<&Terms<'_>> {
        match self {
            Self::Create(_) => None,
            Self::Update(_, terms, _) | Self::Delete(_, terms) => Some(terms),
        }
    }

    /// The record after it, given the record before.
    pub(crate) fn after(
        &self,
        old: Option<&StoredRecord>,
        writer: &Writer,
    ) -> Option<StoredRecord> {
        match (self, old) {
            (Self::Create(record), _) => Some(record.clone()),
            (Self::Update(_, terms, change), Some(old)) => {
                let mut fields = old.fields.clone();
                let stays = |name: &String| !change.replace || change.kept.contains(name);
                fields.retain(|name, _| stays(name) && !change.removed.contains(name));
                fields.extend(change.fields.clone());
                let owner = match &terms.owner {
                    OwnerChange::Set(owner) => owner.clone(),
                    OwnerChange::Keep | OwnerChange::MustBe(_) => old.owner.clone(),
                };
                Some(StoredRecord {
                    owner,
                    fields,
                    updated_at: writer.now,
                    rev: writer.rev.clone(),
                    ..old.clone()
                })
            }
            (Self::Update(..), None) | (Self::Delete(..), _) => None,
        }
    }
}

impl Change {
    /// Whether the record must be read before it can be changed so: where it relates to others, a unique value is freed
    /// or taken, an index is touched whose other fields the body does not tell, row filters say who sees it, or a
    /// replacement leaves fields as they are.
    #[must_use]
    pub fn needs_record(definition: &Definition, input: &Input, replace: bool) -> bool {
        let told = |field: &str| {
            let replaced =
                replace && definition.field(field).is_some() && field != definition.owner_field();
            replaced
                || input.fields.contains_key(field)
                || input.removed.iter().any(|removed| removed == field)
        };
        let owner =
            |field: &str| field == definition.owner_field() && input.owner != OwnerInput::Absent;
        let touched = |field: &str| told(field) || owner(field);
        let known = |field: &str| told(field) || ["id", "createdAt", "updatedAt"].contains(&field);
        let hidden = |index: &Index| {
            let fields: Vec<String> = index.order().map(|order| order.field).collect();
            let mut changes = fields.iter().map(String::as_str);
            changes.any(|field| field == "updatedAt" || touched(field))
                && !fields.iter().all(|field| known(field))
        };
        !definition.row_filters.is_empty()
            || (replace && definition.ruled().next().is_some())
            || !input.related(definition).is_empty()
            || definition
                .fields
                .iter()
                .any(|field| field.unique && touched(&field.name))
            || definition.indexes.iter().any(hidden)
    }

    fn touches(&self, definition: &Definition, field: &str) -> bool {
        let replaced =
            self.replace && definition.field(field).is_some() && field != definition.owner_field();
        replaced
            || self.fields.contains_key(field)
            || self.removed.iter().any(|removed| removed == field)
    }

    /// The sort keys of the indexes that this change touches, where it tells all of their fields.
    fn index_keys(
        &self,
        definition: &Definition,
        record: Id,
        writer: &Writer,
    ) -> Vec<(String, AttributeValue)> {
        let told = StoredRecord {
            id: record,
            owner: None,
            created_by: None,
            created_at: record.created_at(),
            updated_at: writer.now,
            rev: String::new(),
            fields: self.fields.clone(),
        };
        let touched = definition.indexes.iter().filter(|index| {
            index
                .order()
                .any(|order| order.field == "updatedAt" || self.touches(definition, &order.field))
        });
        keys_of(definition, touched, told)
    }
}

/// The sort keys of every index for a record.
pub(crate) fn index_keys(
    definition: &Definition,
    record: &StoredRecord,
) -> Vec<(String, AttributeValue)> {
    if definition.indexes.is_empty() {
        return Vec::new();
    }
    keys_of(definition, definition.indexes.iter(), record.clone())
}

fn keys_of<'a>(
    definition: &Definition,
    indexes: impl Iterator<Item = &'a Index>,
    record: StoredRecord,
) -> Vec<(String, AttributeValue)> {
    let record = record.wire(definition);
    indexes
        .map(|one| {
            (
                one.name(),
                AttributeValue::B(index::encode(one, &record).into()),
            )
        })
        .collect()
}

/// A put of a new record.
pub(crate) fn put(
    definition: &Definition,
    table: String,
    record: &StoredRecord,
    writer: &Writer,
) -> Result<Put, Error> {
    let mut item = Item::from([
        ("shard".to_owned(), number(record.id.shard())),
        ("id".to_owned(), id(record.id)),
        ("created_at".to_owned(), time(record.created_at)),
        ("updated_at".to_owned(), time(record.updated_at)),
        ("rev".to_owned(), text(&record.rev)),
        ("actor".to_owned(), actor(writer)),
        ("data".to_owned(), from_object(record.fields.clone())),
    ]);
    item.extend(
        record
            .owner
            .as_ref()
            .map(|owner| ("owner".to_owned(), text(owner))),
    );
    item.extend(
        record
            .created_by
            .map(|user| ("created_by".to_owned(), id(user))),
    );
    item.extend(index_keys(definition, record));
    let names = backfill::names(definition);
    if !names.is_empty() {
        item.insert("indexed".to_owned(), AttributeValue::Ss(names));
    }
    Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(#id)")
        .expression_attribute_names("#id", "id")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .map_err(built)
}

/// An update or a delete: of the record as it was read, or where nothing was, on its terms alone. `None` for a create.
pub(crate) fn update(
    definition: &Definition,
    table: String,
    act: &Act<'_>,
    old: Option<&StoredRecord>,
    writer: &Writer,
) -> Result<Option<Update>, Error> {
    let Some(terms) = act.terms() else {
        return Ok(None);
    };
    let mut expression = match old {
        // What was read is what was judged.
        Some(old) => Expression::of_revision(&old.rev),
        None => Expression::on(terms),
    };
    expression.set("rev", text(&writer.rev));
    expression.set("actor", actor(writer));
    match act {
        Act::Create(_) => return Ok(None),
        Act::Update(record, terms, change) => {
            expression.set("updated_at", time(writer.now));
            let new = old.and_then(|old| act.after(Some(old), writer));
            expression.change(change, new.as_ref().map(|new| &new.fields));
            match &terms.owner {
                OwnerChange::Set(Some(owner)) => expression.set("owner", text(owner)),
                OwnerChange::Set(None) => expression.remove("owner"),
                OwnerChange::Keep | OwnerChange::MustBe(_) => {}
            }
            let keys = match new {
                Some(new) => index_keys(definition, &new),
                None => change.index_keys(definition, *record, writer),
            };
            for (name, key) in keys {
                expression.set(&name, key);
            }
        }
        Act::Delete(..) => {
            expression.set("deleted_at", time(writer.now));
            expression.set(
                "expires_at",
                number(writer.now.seconds().saturating_add(TOMBSTONE)),
            );
            let indexes: BTreeSet<String> = definition.indexes.iter().map(Index::name).collect();
            for name in ["data", "owner"]
                .into_iter()
                .chain(indexes.iter().map(String::as_str))
            {
                expression.remove(name);
            }
        }
    }
    let update = Update::builder()
        .table_name(table)
        .key("shard", number(act.id().shard()))
        .key("id", id(act.id()))
        .update_expression(expression.update())
        .condition_expression(expression.condition())
        .set_expression_attribute_names(Some(expression.names))
        .set_expression_attribute_values(Some(expression.values))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    update.build().map(Some).map_err(built)
}

/// An expression under construction: every name and every value behind a placeholder.
pub(crate) struct Expression {
    sets: Vec<String>,
    removes: Vec<String>,
    conditions: Vec<String>,
    pub(crate) names: HashMap<String, String>,
    pub(crate) values: Item,
}

impl Expression {
    /// On condition that the record exists, is not deleted and is as `requirement` wants it.
    pub(crate) fn new(requirement: &Requirement) -> Self {
        let mut expression = Self {
            sets: Vec::new(),
            removes: Vec::new(),
            conditions: Vec::new(),
            names: HashMap::new(),
            values: Item::new(),
        };
        let id_name = expression.name("id");
        expression
            .conditions
            .push(format!("attribute_exists({id_name})"));
        expression.require_absent("deleted_at");
        match requirement {
            Requirement::Exists => {}
            Requirement::OwnedBy(owner) => expression.require("owner", id(*owner)),
            // What exists has an id: this fails on every record, and the failure shows the record.
            Requirement::Never => expression.require_absent("id"),
        }
        expression
    }

    /// On condition that the record is of this revision.
    pub(crate) fn of_revision(rev: &str) -> Self {
        let mut expression = Self::new(&Requirement::Exists);
        expression.require("rev", text(rev));
        expression
    }

    /// On condition of everything that the terms name.
    fn on(terms: &Terms<'_>) -> Self {
        let mut expression = Self::new(&terms.wanted());
        match &terms.owner {
            OwnerChange::MustBe(Some(owner)) => expression.require("owner", text(owner)),
            OwnerChange::MustBe(None) => expression.require_absent("owner"),
            OwnerChange::Keep | OwnerChange::Set(_) => {}
        }
        match &terms.precondition {
            Precondition::Any => {}
            Precondition::OneOf(revs) if revs.is_empty() => expression.require_absent("id"),
            Precondition::OneOf(revs) => {
                let name = expression.name("rev");
                let revs: Vec<String> =
                    revs.iter().map(|rev| expression.value(text(rev))).collect();
                expression
                    .conditions
                    .push(format!("{name} IN ({})", revs.join(", ")));
            }
        }
        expression
    }

    /// Sets and removes fields; `after` are those that a replacement of what was read comes to.
    fn change(&mut self, change: &Change, after: Option<&Map<String, Value>>) {
        if change.replace {
            self.set("data", from_object(after.unwrap_or(&change.fields).clone()));
            return;
        }
        for (field, value) in &change.fields {
            let (data, field, value) = (
                self.name("data"),
                self.name(field),
                self.value(from_json(value.clone())),
            );
            self.sets.push(format!("{data}.{field} = {value}"));
        }
        for field in &change.removed {
            let (data, field) = (self.name("data"), self.name(field));
            self.removes.push(format!("{data}.{field}"));
        }
    }

    fn name(&mut self, name: &str) -> String {
        let placeholder = format!("#n{}", self.names.len());
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    fn set(&mut self, name: &str, value: AttributeValue) {
        let (name, value) = (self.name(name), self.value(value));
        self.sets.push(format!("{name} = {value}"));
    }

    fn remove(&mut self, name: &str) {
        let name = self.name(name);
        self.removes.push(name);
    }

    fn require(&mut self, name: &str, value: AttributeValue) {
        let (name, value) = (self.name(name), self.value(value));
        self.conditions.push(format!("{name} = {value}"));
    }

    fn require_absent(&mut self, name: &str) {
        let name = self.name(name);
        self.conditions
            .push(format!("attribute_not_exists({name})"));
    }

    pub(crate) fn condition(&self) -> String {
        self.conditions.join(" AND ")
    }

    fn update(&self) -> String {
        let mut update = format!("SET {}", self.sets.join(", "));
        if !self.removes.is_empty() {
            update.push_str(" REMOVE ");
            update.push_str(&self.removes.join(", "));
        }
        update
    }
}

#[cfg(test)]
mod tests {
    use api::record::{Write, check};
    use api::{Rule, Timestamp};
    use auth::{Caller, Visibility};
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn definition() -> Definition {
        let fields = json!([
            { "name": "name", "type": "string" },
            { "name": "status", "type": "string" },
            { "name": "price", "type": "number" },
            { "name": "sku", "type": "string", "unique": true },
            { "name": "friend", "type": "relation", "collection": "users" },
            { "name": "user_id", "type": "string" },
        ]);
        let indexes = json!([["status", "price"], ["price"], ["status", "-createdAt"]]);
        serde_json::from_value(json!({ "name": "things", "fields": fields, "indexes": indexes }))
            .expect("a definition")
    }

    fn input(definition: &Definition, body: Value, write: Write) -> Input {
        let Value::Object(body) = body else {
            panic!("an object")
        };
        check(definition, body, write).expect("fits")
    }

    #[test]
    fn a_record_is_read_only_where_the_body_does_not_tell_enough() {
        let with = |index: &[&str]| Index {
            fields: index.iter().map(|field| (*field).to_owned()).collect(),
            per_owner: false,
        };
        for (index, body, merge, replace) in [
            (None, json!({}), false, true),
            (None, json!({ "name": "a" }), false, true),
            (None, json!({ "price": 1 }), true, true),
            (None, json!({ "price": null, "status": "a" }), false, true),
            (None, json!({ "sku": "a" }), true, true),
            (None, json!({ "sku": null }), true, true),
            (
                None,
                json!({ "friend": Id::new(NOW, [1; 10]).to_string() }),
                true,
                true,
            ),
            (None, json!({ "user_id": "me" }), false, true),
            (
                Some(with(&["user_id"])),
                json!({ "user_id": "me" }),
                true,
                true,
            ),
            (
                Some(with(&["name", "updatedAt"])),
                json!({ "status": "a", "price": 1 }),
                true,
                true,
            ),
            (Some(with(&["updatedAt"])), json!({}), false, true),
        ] {
            let mut definition = definition();
            definition.indexes.extend(index);
            for (write, expected) in [(Write::Merge, merge), (Write::Replace, replace)] {
                let input = input(&definition, body.clone(), write);
                let got = Change::needs_record(&definition, &input, write == Write::Replace);
                assert_eq!(got, expected, "{body} {write:?}");
            }
        }
        // Without unique fields a replacement tells everything, but for the owner and who made the record.
        let mut definition = definition();
        definition.fields.retain(|field| !field.unique);
        let whole = input(&definition, json!({ "name": "a" }), Write::Replace);
        assert!(!Change::needs_record(&definition, &whole, true));
        definition.indexes.push(with(&["name", "user_id"]));
        assert!(Change::needs_record(&definition, &whole, true));
    }

    #[test]
    fn what_is_told_and_what_was_read_make_the_same_keys() {
        let (definition, caller) = (definition(), Caller::stranger());
        let writer = Writer::new(None, "r".into(), NOW, [7; 10]);
        let old = StoredRecord {
            id: Id::new(NOW, [1; 10]),
            owner: Some("somebody".into()),
            created_by: None,
            created_at: NOW,
            updated_at: NOW,
            rev: "old".into(),
            fields: json!({ "name": "n", "status": "s", "price": 1 })
                .as_object()
                .cloned()
                .expect("an object"),
        };
        let owner = OwnerChange::Keep;
        let (requirement, precondition) = (Requirement::Exists, Precondition::Any);
        let visibility = Visibility::new(&definition, &caller);
        let terms = Terms {
            visibility: &visibility,
            requirement,
            fields: Vec::new(),
            owner,
            precondition,
        };
        assert_eq!(definition.permissions.update, Rule::public());
        for (body, replace) in [
            (json!({ "status": "t", "price": null }), false),
            (json!({ "status": "t", "name": "m" }), true),
        ] {
            let write = if replace {
                Write::Replace
            } else {
                Write::Merge
            };
            let input = input(&definition, body, write);
            let change = Change {
                fields: input.fields,
                removed: input.removed,
                replace,
                kept: Vec::new(),
            };
            let told = change.index_keys(&definition, old.id, &writer);
            let act = Act::Update(old.id, terms.clone(), change);
            let new = act.after(Some(&old), &writer).expect("a record");
            assert_eq!(told, index_keys(&definition, &new));
            assert_eq!(
                (new.rev.as_str(), new.owner.as_deref()),
                (writer.rev.as_str(), Some("somebody"))
            );
            let name = if replace { "m" } else { "n" };
            assert_eq!(
                new.fields,
                json!({ "name": name, "status": "t" })
                    .as_object()
                    .cloned()
                    .expect("an object")
            );
        }
    }

    #[test]
    fn a_replacement_leaves_what_is_kept() {
        let (mut definition, caller) = (definition(), Caller::stranger());
        let writer = Writer::new(None, "r".into(), NOW, [7; 10]);
        let fields = json!({ "name": "n", "status": "s", "price": 1, "gone": 2 });
        let old = StoredRecord {
            id: Id::new(NOW, [1; 10]),
            owner: None,
            created_by: None,
            created_at: NOW,
            updated_at: NOW,
            rev: "old".into(),
            fields: fields.as_object().cloned().expect("an object"),
        };
        let whole = input(&definition, json!({ "name": "m" }), Write::Replace);
        let kept = vec!["price".to_owned(), "sku".to_owned()];
        let change = Change {
            fields: whole.fields.clone(),
            removed: Vec::new(),
            replace: true,
            kept,
        };
        let visibility = Visibility::new(&definition, &caller);
        let (requirement, owner, precondition) =
            (Requirement::Exists, OwnerChange::Keep, Precondition::Any);
        let terms = Terms {
            visibility: &visibility,
            requirement,
            fields: Vec::new(),
            owner,
            precondition,
        };
        let act = Act::Update(old.id, terms, change);
        let expected = json!({ "name": "m", "price": 1 })
            .as_object()
            .cloned()
            .expect("an object");
        assert_eq!(
            act.after(Some(&old), &writer).expect("a record").fields,
            expected
        );
        let update = update(&definition, "t".into(), &act, Some(&old), &writer)
            .expect("built")
            .expect("an update");
        let values = update.expression_attribute_values.expect("values");
        assert!(
            values
                .values()
                .any(|value| *value == from_object(expected.clone())),
            "{values:?}"
        );
        // The record must be read for it, as where row filters say who sees it.
        definition.fields.retain(|field| !field.unique);
        assert!(!Change::needs_record(&definition, &whole, true));
        let merged = input(&definition, json!({ "name": "m" }), Write::Merge);
        if let Some(field) = definition.fields.first_mut() {
            field.read = Rule::admin();
        }
        assert!(
            Change::needs_record(&definition, &whole, true)
                && !Change::needs_record(&definition, &merged, false)
        );
        definition.row_filters =
            serde_json::from_value(json!([{ "when": "owner" }])).expect("row filters");
        assert!(Change::needs_record(&definition, &merged, false));
    }

    #[test]
    fn what_the_rules_of_fields_want_is_a_condition_of_the_write() {
        let (definition, caller) = (definition(), Caller::stranger());
        let writer = Writer::new(None, "r".into(), NOW, [7; 10]);
        let visibility = Visibility::new(&definition, &caller);
        let me = Id::new(NOW, [9; 10]);
        let fields = vec![("name".to_owned(), Requirement::OwnedBy(me))];
        let (requirement, owner, precondition) =
            (Requirement::Exists, OwnerChange::Keep, Precondition::Any);
        let terms = Terms {
            visibility: &visibility,
            requirement,
            fields,
            owner,
            precondition,
        };
        let change = Change {
            fields: Map::new(),
            removed: vec!["name".into()],
            replace: false,
            kept: Vec::new(),
        };
        let act = Act::Update(Id::new(NOW, [1; 10]), terms, change);
        let update = update(&definition, "t".into(), &act, None, &writer)
            .expect("built")
            .expect("an update");
        let (names, values) = (
            update.expression_attribute_names,
            update.expression_attribute_values,
        );
        assert!(values.is_some_and(|values| values.values().any(|value| *value == id(me))));
        let condition = update.condition_expression.unwrap_or_default();
        let condition = names
            .into_iter()
            .flatten()
            .fold(condition, |text, (placeholder, name)| {
                text.replace(&placeholder, &name)
            });
        assert!(condition.contains(" AND owner = :v"), "{condition}");
    }

    #[test]
    fn a_delete_leaves_no_attribute_that_a_list_reads() {
        let (definition, caller) = (definition(), Caller::stranger());
        let writer = Writer::new(None, "r".into(), NOW, [7; 10]);
        let (requirement, owner) = (Requirement::Never, OwnerChange::Keep);
        let precondition = Precondition::OneOf(vec!["a".into(), "b".into()]);
        let visibility = Visibility::new(&definition, &caller);
        let terms = Terms {
            visibility: &visibility,
            requirement,
            fields: Vec::new(),
            owner,
            precondition,
        };
        let act = Act::Delete(Id::new(NOW, [1; 10]), terms);
        let update = update(&definition, "t".into(), &act, None, &writer)
            .expect("built")
            .expect("an update");
        let names = update.expression_attribute_names.expect("names");
        let (_, removed) = update
            .update_expression
            .split_once(" REMOVE ")
            .expect("removes");
        let mut removed: Vec<&str> = removed
            .split(", ")
            .filter_map(|name| names.get(name))
            .map(String::as_str)
            .collect();
        removed.sort_unstable();
        let expected = [
            "by.price",
            "by.status.-createdAt",
            "by.status.price",
            "data",
            "owner",
        ];
        assert_eq!(removed, expected);
        // No text of a caller is ever part of an expression.
        let condition = update.condition_expression.expect("a condition");
        let condition = names.iter().fold(condition, |text, (placeholder, name)| {
            text.replace(placeholder, name)
        });
        assert!(
            condition.starts_with("attribute_exists(id) AND attribute_not_exists(deleted_at)"),
            "{condition}"
        );
        assert!(
            condition.contains("attribute_not_exists(id) AND rev IN (:v"),
            "{condition}"
        );
    }
}
