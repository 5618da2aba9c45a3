//! The tables of the collections: records.
//!
//! Key `shard` and `id`; an id names its shard, so that a read needs the id alone, and within a shard ids are in the
//! order of time, so that newest-first lists need no index. A deleted record stays for an hour as a tombstone without
//! data: a retried delete finds its own, and the stream knows who did it.

use api::{Definition, Error, Id, Timestamp, wire};
use auth::permission::OwnerChange;
use auth::{Requirement, Scope};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use serde_json::{Map, Value};
use tokio::task::JoinSet;

use crate::item::{Item, Reader, from_json, from_object, id, number, text, time};
use crate::{Store, fault};

/// How long a tombstone stays, in seconds: longer than any retry of a delete.
const TOMBSTONE: u64 = 3600;

/// How many rounds of queries a list may take when it finds mostly tombstones.
const MAX_ROUNDS: usize = 4;

/// How many bytes of records one page may hold: a Lambda reply ends at 6 MB.
const MAX_PAGE: usize = 2 * 1024 * 1024;

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

/// The records of one page, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The records.
    pub records: Vec<StoredRecord>,
    /// The id that the next page comes after; `None` at the end.
    pub next: Option<Id>,
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

    /// A page of records, newest first. One query a shard, or one of the `by_owner` index; more only where it finds
    /// tombstones, within bounds. A page may then hold fewer than `limit` records and go on.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn list(
        &self,
        definition: &Definition,
        scope: &Scope,
        after: Option<Id>,
        limit: usize,
    ) -> Result<Page, Error> {
        let mut sources = match scope {
            Scope::All => (0..definition.shards).map(|shard| Source::new(number(shard), after)).collect(),
            Scope::OwnedBy(owner) => vec![Source::new(id(*owner), after)],
        };
        for round in 0..MAX_ROUNDS {
            // One more than the page tells whether there is another. Where tombstones filled the round before, the next
            // one reads eight times as far: a list must not look empty because its newest records were deleted.
            let take = limit.saturating_add(1) << (3 * round);
            let mut queries = JoinSet::new();
            for (index, source) in sources.iter().enumerate().filter(|(_, source)| source.wants(limit)) {
                let query = self.query(definition, scope, source, take);
                queries.spawn(async move { (index, query.send().await) });
            }
            if queries.is_empty() {
                break;
            }
            while let Some(done) = queries.join_next().await {
                let (index, output) = done.map_err(|error| Error::internal(error.to_string()))?;
                let output = output.map_err(|error| fault::of(&error))?;
                if let Some(source) = sources.get_mut(index) {
                    source.full = usize::try_from(output.scanned_count).is_ok_and(|count| count < take);
                    source.take(output.items.unwrap_or_default(), output.last_evaluated_key)?;
                }
            }
        }
        Ok(merge(sources, limit))
    }

    fn query(
        &self,
        definition: &Definition,
        scope: &Scope,
        source: &Source,
        take: usize,
    ) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        let mut query = self
            .client
            .query()
            .table_name(self.table(&definition.name))
            .expression_attribute_values(":key", source.key.clone())
            .scan_index_forward(false)
            .limit(i32::try_from(take).unwrap_or(i32::MAX));
        query = match scope {
            Scope::All => query
                .consistent_read(true)
                .expression_attribute_names("#key", "shard")
                .filter_expression("attribute_not_exists(#deleted)")
                .expression_attribute_names("#deleted", "deleted_at"),
            // Tombstones have no owner, so the index holds none.
            Scope::OwnedBy(_) => query.index_name("by_owner").expression_attribute_names("#key", "owner"),
        };
        match source.after {
            Some(after) => query
                .key_condition_expression("#key = :key AND #id < :after")
                .expression_attribute_names("#id", "id")
                .expression_attribute_values(":after", id(after)),
            None => query.key_condition_expression("#key = :key"),
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

/// One partition of a list, read downwards.
#[derive(Debug)]
struct Source {
    key: AttributeValue,
    /// Everything above this id has been read.
    after: Option<Id>,
    found: Vec<StoredRecord>,
    exhausted: bool,
    /// Whether a query ended at DynamoDB's 1 MB: enough for one request.
    full: bool,
}

impl Source {
    fn new(key: AttributeValue, after: Option<Id>) -> Self {
        Self { key, after, found: Vec::new(), exhausted: false, full: false }
    }

    /// Whether another query could add to a page of this size.
    fn wants(&self, limit: usize) -> bool {
        !self.exhausted && !self.full && self.found.len() <= limit
    }

    fn take(&mut self, items: Vec<Item>, last: Option<Item>) -> Result<(), Error> {
        for item in items {
            self.found.push(read_record(item)?);
        }
        match last {
            None => self.exhausted = true,
            Some(mut key) => self.after = Some(Reader::new("collection", &mut key).id("id")?),
        }
        Ok(())
    }
}

/// Puts the partitions of a list together, newest first.
///
/// What one partition has not read yet may be newer than what another has: the page ends at the highest id that some
/// unfinished partition has come down to.
fn merge(sources: Vec<Source>, limit: usize) -> Page {
    let complete_to = sources.iter().filter(|source| !source.exhausted).filter_map(|source| source.after).max();
    let mut records: Vec<StoredRecord> = sources
        .into_iter()
        .flat_map(|source| source.found)
        .filter(|record| complete_to.is_none_or(|boundary| record.id >= boundary))
        .collect();
    records.sort_by_key(|record| std::cmp::Reverse(record.id));
    let mut bytes = 0;
    let fits = records.iter().take(limit).take_while(|record| {
        let first = bytes == 0;
        bytes += record.fields.iter().map(|(key, value)| length(key) + weight(value)).sum::<usize>();
        first || bytes <= MAX_PAGE
    });
    let fits = fits.count();
    let next = if records.len() > fits {
        records.truncate(fits);
        records.last().map(|record| record.id)
    } else {
        complete_to
    };
    Page { records, next }
}

/// About how many bytes a value has as JSON, within the string that a Lambda reply makes of its body.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(number) => number.as_str().len(),
        Value::String(text) => length(text),
        Value::Array(items) => items.iter().map(|item| weight(item) + 1).sum::<usize>() + 2,
        Value::Object(entries) => entries.iter().map(|(key, value)| length(key) + weight(value) + 2).sum::<usize>() + 2,
    }
}

/// How many bytes a text has there: a control character becomes `\\u0001`, a quote `\\\"`.
fn length(text: &str) -> usize {
    let escaped = |byte| match byte {
        0..0x20 => 7,
        b'"' | b'\\' => 4,
        _ => 1,
    };
    text.bytes().map(escaped).sum::<usize>() + 4
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

fn is_tombstone(item: &Item) -> bool {
    item.contains_key("deleted_at")
}

/// The record that a write left behind; none where it left a tombstone.
fn now(item: Option<Item>) -> Result<Option<StoredRecord>, Error> {
    let item = item.ok_or_else(|| Error::internal("no attributes returned"))?;
    if is_tombstone(&item) { Ok(None) } else { read_record(item).map(Some) }
}

fn read_record(mut item: Item) -> Result<StoredRecord, Error> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn record(millis: u64, bytes: usize) -> StoredRecord {
        let at = Timestamp::from_millis(millis);
        let fields = Map::from_iter([("text".to_owned(), Value::String("x".repeat(bytes)))]);
        StoredRecord {
            id: Id::new(at, [0; 10]),
            owner: None,
            created_by: None,
            created_at: at,
            updated_at: at,
            rev: String::new(),
            fields,
        }
    }

    fn source(times: &[u64], read_down_to: Option<u64>) -> Source {
        let mut source = Source::new(number(0), read_down_to.map(|millis| record(millis, 0).id));
        source.exhausted = read_down_to.is_none();
        source.found = times.iter().map(|millis| record(*millis, 1)).collect();
        source
    }

    fn page(sources: Vec<Source>, limit: usize) -> (Vec<u64>, Option<u64>) {
        let page = merge(sources, limit);
        let times = page.records.iter().map(|record| record.created_at.millis()).collect();
        (times, page.next.map(|next| next.created_at().millis()))
    }

    #[test]
    fn partitions_are_put_together_newest_first() {
        let two = || vec![source(&[9, 5, 1], None), source(&[8, 6, 2], None)];
        assert_eq!(page(two(), 10), (vec![9, 8, 6, 5, 2, 1], None));
        assert_eq!(page(two(), 6), (vec![9, 8, 6, 5, 2, 1], None));
        assert_eq!(page(two(), 4), (vec![9, 8, 6, 5], Some(5)));
        assert_eq!(page(vec![source(&[], None)], 4), (vec![], None));
    }

    #[test]
    fn a_page_ends_where_an_unfinished_partition_has_come_down_to() {
        // The second may still hold 7, 6, 5 and 4: a page that showed 5 would skip them.
        assert_eq!(page(vec![source(&[9, 5, 1], None), source(&[8], Some(8))], 10), (vec![9, 8], Some(8)));
        // Tombstones only, down to 3: nothing to show above it, and the list goes on from there.
        assert_eq!(page(vec![source(&[], Some(3))], 10), (vec![], Some(3)));
    }

    #[test]
    fn a_page_is_bounded_in_bytes_and_never_empty_of_what_it_can_show() {
        let mut heavy = source(&[], None);
        heavy.found = (1..=5).map(|millis| record(millis, MAX_PAGE / 2)).collect();
        let (times, next) = page(vec![heavy], 10);
        assert_eq!((times, next), (vec![5], Some(5)));
    }

    #[test]
    fn a_text_weighs_what_lambda_makes_of_it() {
        for text in ["", "plain", "\u{1}\u{1f}", "\"\\", "\u{7f}é😀", "a\nb"] {
            let body = serde_json::to_string(text).expect("json");
            let sent = serde_json::to_string(&body).expect("json").len() - 2;
            // A few control characters have a shorter form.
            assert!((sent..=sent + 4).contains(&length(text)), "{text:?}: {} for {sent}", length(text));
        }
    }
}
