//! The tables of the collections: records.
//!
//! Key `shard` and `id`; an id names its shard, so that a read needs the id alone, and within a shard ids are in the
//! order of time, so that newest-first lists need no index. A deleted record stays for an hour as a tombstone without
//! data: a retried delete finds its own, and the stream knows who did it.

use api::{Definition, Error, Id, Timestamp, wire};
use auth::Requirement;
use auth::permission::OwnerChange;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use serde_json::{Map, Value};

use crate::item::{Item, Reader, from_json, from_object, id, number, text, time};
use crate::{Store, fault};

/// How long a tombstone stays, in seconds: longer than any retry of a delete.
const TOMBSTONE: u64 = 3600;

/// A record as its table keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRecord {
    /// The record's id.
    pub id: Id,
    /// The owner's id, in whatever field callers see it.
    pub owner: Option<String>,
    /// Who created it.
    pub created_by: Option<Id>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The id of the last write.
    pub rev: String,
    /// The declared fields, but for the owner field.
    pub fields: Map<String, Value>,
}

/// A record to be created.
#[derive(Clone, Debug)]
pub struct NewRecord {
    /// The record's id.
    pub id: Id,
    /// The owner's id.
    pub owner: Option<String>,
    /// Who creates it.
    pub created_by: Option<Id>,
    /// The declared fields, but for the owner field.
    pub fields: Map<String, Value>,
}

/// What an update does.
#[derive(Clone, Debug)]
pub struct Change {
    /// The fields to set; with `replace`, all there are.
    pub fields: Map<String, Value>,
    /// The fields to remove.
    pub removed: Vec<String>,
    /// Whether what is not set goes.
    pub replace: bool,
    /// What becomes of the owner.
    pub owner: OwnerChange,
}

/// Who writes, and as which request: what makes a write recognisable as one's own.
#[derive(Clone, Debug)]
pub struct Writer {
    /// The user; `None` for a stranger.
    pub user: Option<Id>,
    /// The request's id, as in the log.
    pub request_id: String,
    /// The id of this write: the record's next revision.
    pub rev: String,
    /// The time of the write.
    pub now: Timestamp,
}

/// What came of a conditional write to a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    /// It is done, and this is the record now; a deleted one is gone.
    Done(Option<StoredRecord>),
    /// There is no such record.
    Missing,
    /// There is, but not as the condition wanted it; its owner.
    Refused(Option<String>),
}

impl StoredRecord {
    /// The record as a caller sees it.
    #[must_use]
    pub fn wire(self, definition: &Definition) -> wire::Record {
        // What is no longer declared is not shown, and a former field of that name is not the owner.
        let mut fields = self.fields;
        fields.retain(|name, _| definition.field(name).is_some() && name != definition.owner_field());
        if let Some(owner) = self.owner.filter(|_| definition.owner_is_declared()) {
            fields.insert(definition.owner_field().to_owned(), Value::String(owner));
        }
        wire::Record {
            id: self.id,
            created_at: self.created_at,
            updated_at: self.updated_at,
            created_by: self.created_by,
            fields,
        }
    }
}

impl Store {
    /// Creates a record. 1 WRU, and one for each index that holds it.
    ///
    /// # Errors
    /// `data/record-too-large`, `common/unavailable`, `common/internal`.
    pub async fn create(
        &self,
        definition: &Definition,
        record: NewRecord,
        writer: &Writer,
    ) -> Result<StoredRecord, Error> {
        let created = StoredRecord {
            id: record.id,
            owner: record.owner.clone(),
            created_by: record.created_by,
            created_at: writer.now,
            updated_at: writer.now,
            rev: writer.rev.clone(),
            fields: record.fields.clone(),
        };
        let mut item = Item::from([
            ("shard".to_owned(), number(record.id.shard())),
            ("id".to_owned(), id(record.id)),
            ("created_at".to_owned(), time(writer.now)),
            ("updated_at".to_owned(), time(writer.now)),
            ("rev".to_owned(), text(&writer.rev)),
            ("actor".to_owned(), writer.actor()),
            ("data".to_owned(), from_object(record.fields)),
        ]);
        item.extend(record.owner.map(|owner| ("owner".to_owned(), text(owner))));
        item.extend(record.created_by.map(|user| ("created_by".to_owned(), id(user))));
        let put = self
            .client
            .put_item()
            .table_name(self.table(&definition.name))
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#id)")
            .expression_attribute_names("#id", "id")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match put.send().await {
            Ok(_) => Ok(created),
            Err(error) => match error.as_service_error() {
                // A retry of the SDK after a lost reply finds what the first attempt wrote.
                Some(PutItemError::ConditionalCheckFailedException(failed))
                    if failed.item.as_ref().and_then(|item| item.get("rev")) == Some(&text(&writer.rev)) =>
                {
                    Ok(created)
                }
                Some(PutItemError::ConditionalCheckFailedException(_)) => Err(Error::internal("record id twice")),
                _ => Err(fault::of(&error)),
            },
        }
    }

    /// Reads a record. Strongly consistent: 1 RRU per 4 KB.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn record(&self, definition: &Definition, record: Id) -> Result<Option<StoredRecord>, Error> {
        if record.shard() >= definition.shards {
            return Ok(None);
        }
        let get = self
            .client
            .get_item()
            .table_name(self.table(&definition.name))
            .key("shard", number(record.shard()))
            .key("id", id(record))
            .consistent_read(true);
        let item = get.send().await.map_err(|error| fault::of(&error))?.item;
        item.filter(|item| !is_tombstone(item)).map(read_record).transpose()
    }

    /// Changes a record if it is as `requirement` wants it. The condition is part of the write: nothing is read first,
    /// and nothing can change in between. 1 WRU per KB, and one for each index that holds it; a refused one costs too.
    ///
    /// # Errors
    /// `data/record-too-large`, `common/unavailable`, `common/internal`.
    pub async fn update(
        &self,
        definition: &Definition,
        record: Id,
        requirement: &Requirement,
        change: Change,
        writer: &Writer,
    ) -> Result<Written, Error> {
        let mut expression = Expression::new(requirement);
        expression.set("updated_at", time(writer.now));
        expression.set("rev", text(&writer.rev));
        expression.set("actor", writer.actor());
        if change.replace {
            expression.set("data", from_object(change.fields));
        } else {
            for (field, value) in change.fields {
                expression.set_in_data(&field, from_json(value));
            }
            for field in &change.removed {
                expression.remove_from_data(field);
            }
        }
        match change.owner {
            OwnerChange::Keep => {}
            OwnerChange::Set(Some(owner)) => expression.set("owner", text(owner)),
            OwnerChange::Set(None) => expression.remove("owner"),
            OwnerChange::MustBe(Some(owner)) => expression.require("owner", &text(owner)),
            OwnerChange::MustBe(None) => expression.require_absent("owner"),
        }
        self.write(definition, record, expression, writer).await
    }

    /// Deletes a record if it is as `requirement` wants it, leaving a tombstone. Costs what an update does.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn delete(
        &self,
        definition: &Definition,
        record: Id,
        requirement: &Requirement,
        writer: &Writer,
    ) -> Result<Written, Error> {
        let mut expression = Expression::new(requirement);
        expression.set("deleted_at", time(writer.now));
        expression.set("expires_at", number(writer.now.seconds().saturating_add(TOMBSTONE)));
        expression.set("rev", text(&writer.rev));
        expression.set("actor", writer.actor());
        expression.remove("data");
        expression.remove("owner");
        self.write(definition, record, expression, writer).await
    }

    async fn write(
        &self,
        definition: &Definition,
        record: Id,
        expression: Expression,
        writer: &Writer,
    ) -> Result<Written, Error> {
        if record.shard() >= definition.shards {
            return Ok(Written::Missing);
        }
        let update = self
            .client
            .update_item()
            .table_name(self.table(&definition.name))
            .key("shard", number(record.shard()))
            .key("id", id(record))
            .update_expression(expression.update())
            .condition_expression(expression.conditions.join(" AND "))
            .set_expression_attribute_names(Some(expression.names))
            .set_expression_attribute_values(Some(expression.values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let found = match update.send().await {
            Ok(output) => return Ok(Written::Done(now(output.attributes)?)),
            Err(error) => match fault::failed_condition(&error) {
                Some(found) => found,
                None => return Err(fault::of(&error)),
            },
        };
        match found {
            // A retry of the SDK after a lost reply finds what the first attempt wrote.
            Some(item) if item.get("rev") == Some(&text(&writer.rev)) => Ok(Written::Done(now(Some(item))?)),
            Some(item) if !is_tombstone(&item) => Ok(Written::Refused(read_record(item)?.owner)),
            _ => Ok(Written::Missing),
        }
    }
}

impl Writer {
    /// A write of this user and request.
    #[must_use]
    pub fn new(user: Option<Id>, request_id: String, now: Timestamp, random: [u8; 10]) -> Self {
        Self { user, request_id, rev: Id::new(now, random).to_string(), now }
    }

    fn actor(&self) -> AttributeValue {
        let mut actor = Item::from([("request_id".to_owned(), text(&self.request_id))]);
        actor.extend(self.user.map(|user| ("user_id".to_owned(), id(user))));
        AttributeValue::M(actor)
    }
}

/// An update under construction: every name and every value behind a placeholder.
struct Expression {
    sets: Vec<String>,
    removes: Vec<String>,
    conditions: Vec<String>,
    names: std::collections::HashMap<String, String>,
    values: Item,
}

impl Expression {
    /// An update of a record that exists, is not deleted and is as `requirement` wants it.
    fn new(requirement: &Requirement) -> Self {
        let mut expression = Self {
            sets: Vec::new(),
            removes: Vec::new(),
            conditions: Vec::new(),
            names: std::collections::HashMap::new(),
            values: Item::new(),
        };
        let id_name = expression.name("id");
        expression.conditions.push(format!("attribute_exists({id_name})"));
        expression.require_absent("deleted_at");
        match requirement {
            Requirement::Exists => {}
            Requirement::OwnedBy(owner) => expression.require("owner", &id(*owner)),
            // What exists has an id: this fails on every record, and the failure shows the record.
            Requirement::Never => expression.require_absent("id"),
        }
        expression
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

    fn set_in_data(&mut self, field: &str, value: AttributeValue) {
        let (data, field, value) = (self.name("data"), self.name(field), self.value(value));
        self.sets.push(format!("{data}.{field} = {value}"));
    }

    fn remove(&mut self, name: &str) {
        let name = self.name(name);
        self.removes.push(name);
    }

    fn remove_from_data(&mut self, field: &str) {
        let (data, field) = (self.name("data"), self.name(field));
        self.removes.push(format!("{data}.{field}"));
    }

    fn require(&mut self, name: &str, value: &AttributeValue) {
        let (name, value) = (self.name(name), self.value(value.clone()));
        self.conditions.push(format!("{name} = {value}"));
    }

    fn require_absent(&mut self, name: &str) {
        let name = self.name(name);
        self.conditions.push(format!("attribute_not_exists({name})"));
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

pub(crate) fn is_tombstone(item: &Item) -> bool {
    item.contains_key("deleted_at")
}

/// The record that a write left behind; none where it left a tombstone.
fn now(item: Option<Item>) -> Result<Option<StoredRecord>, Error> {
    let item = item.ok_or_else(|| Error::internal("no attributes returned"))?;
    if is_tombstone(&item) { Ok(None) } else { read_record(item).map(Some) }
}

pub(crate) fn read_record(mut item: Item) -> Result<StoredRecord, Error> {
    let mut reader = Reader::new("collection", &mut item);
    Ok(StoredRecord {
        id: reader.id("id")?,
        owner: reader.optional_text("owner"),
        created_by: reader.optional_text("created_by").and_then(|id| id.parse().ok()),
        created_at: reader.time("created_at")?,
        updated_at: reader.time("updated_at")?,
        rev: reader.text("rev")?,
        fields: reader.object("data")?,
    })
}
