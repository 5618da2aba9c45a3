//! The tables of the collections: records.
//!
//! Key `shard` and `id`; an id names its shard, so that a read needs the id alone, and within a shard ids are in the
//! order of time, so that newest-first lists need no index. A deleted record stays for an hour as a tombstone without
//! data: a retried delete finds its own, and the stream knows who did it.

use std::collections::{BTreeSet, HashMap};

use api::{Code, Definition, Error, Id, Timestamp, wire};
pub(crate) use auth::Writer;
use auth::terms::{Related, Terms};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value};

use crate::item::{Item, Reader, id, number, text};
use crate::sessions::{BATCH, strong};
use crate::transaction::{MAX_BYTES, Problem, Wrote, weight};
use crate::unique::IdempotencyKey;
use crate::write::{Act, Change, Operation};
use crate::{Store, fault, write};

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

/// What came of a create.
#[derive(Clone, Debug, PartialEq)]
pub enum Created {
    /// The record is there now.
    New(StoredRecord),
    /// The caller made it before, with the same `Idempotency-Key`; as it is now, if it is still there.
    Before(Option<StoredRecord>),
}

/// What was read of a record before it is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Before {
    /// Nothing: the write needs no more than its condition.
    Unread,
    /// The record, if it exists.
    Read(Option<StoredRecord>),
}

impl StoredRecord {
    /// The record as a caller sees it.
    #[must_use]
    pub fn wire(self, definition: &Definition) -> wire::Record {
        // What is no longer declared is not shown, and a former field of that name is not the owner.
        let mut fields = self.fields;
        fields
            .retain(|name, _| definition.field(name).is_some() && name != definition.owner_field());
        if let Some(owner) = self
            .owner
            .clone()
            .filter(|_| definition.owner_is_declared())
        {
            fields.insert(definition.owner_field().to_owned(), Value::String(owner));
        }
        wire::Record {
            id: self.id,
            created_at: self.created_at,
            updated_at: self.updated_at,
            created_by: self.created_by,
            owner: self.owner,
            fields,
        }
    }
}

impl NewRecord {
    pub(crate) fn stored(self, writer: &Writer) -> StoredRecord {
        StoredRecord {
            id: self.id,
            owner: self.owner,
            created_by: self.created_by,
            created_at: writer.now,
            updated_at: writer.now,
            rev: writer.rev.clone(),
            fields: self.fields,
        }
    }
}

impl Store {
    /// Creates a record. 1 WRU, and one for each index that holds it; where it has unique values, relations or an
    /// idempotency key, a transaction, 2 WRU for each of them, for the record and for each index that holds it.
    ///
    /// # Errors
    /// `data/unique-violation`, `data/record-too-large`, `common/idempotency-mismatch`, `common/validation-failed` for
    /// relations, `common/invalid-request` for more than a transaction holds, `common/unavailable`, `common/internal`.
    pub async fn create(
        &self,
        definition: &Definition,
        record: NewRecord,
        related: Vec<Related<'_>>,
        key: Option<&IdempotencyKey>,
        writer: &Writer,
    ) -> Result<Created, Error> {
        let operation = Operation {
            act: Act::create(record, writer),
            related,
        };
        let wrote = self
            .write(definition, &[operation], HashMap::new(), key, writer)
            .await;
        match (wrote.map_err(Problem::of_one)?, key) {
            (Wrote::Done(mut records), _) => {
                let record = records
                    .pop()
                    .flatten()
                    .ok_or_else(|| Error::internal("nothing was created"))?;
                Ok(Created::New(record))
            }
            (Wrote::Repeated(kept), Some(key)) => Ok(Created::Before(
                self.record(definition, key.record(&kept)?).await?,
            )),
            (Wrote::Repeated(_), None) => Err(Error::internal("a key was there that was not sent")),
        }
    }

    /// Reads a record. Strongly consistent: 1 RRU per 4 KB.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn record(
        &self,
        definition: &Definition,
        record: Id,
    ) -> Result<Option<StoredRecord>, Error> {
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
        item.filter(|item| !is_tombstone(item))
            .map(read_record)
            .transpose()
    }

    /// Reads records that shall be written at once, 25 a request, and no further once they are more than a transaction
    /// takes: that is refused then. Strongly consistent: 1 RRU per 4 KB each.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn records(
        &self,
        definition: &Definition,
        records: &BTreeSet<Id>,
    ) -> Result<HashMap<Id, StoredRecord>, Error> {
        let here = records
            .iter()
            .filter(|record| record.shard() < definition.shards);
        let keys: Vec<Item> = here
            .map(|record| {
                Item::from([
                    ("shard".to_owned(), number(record.shard())),
                    ("id".to_owned(), id(*record)),
                ])
            })
            .collect();
        let (mut found, mut bytes) = (HashMap::new(), 0);
        for keys in keys.chunks(BATCH) {
            let wanted = HashMap::from([(self.table(&definition.name), strong(keys.to_vec())?)]);
            for item in self
                .batch(wanted)
                .await?
                .into_values()
                .flatten()
                .filter(|item| !is_tombstone(item))
            {
                let record = read_record(item)?;
                bytes += weight(Some(&record));
                found.insert(record.id, record);
            }
            if bytes > MAX_BYTES {
                break;
            }
        }
        Ok(found)
    }

    /// Reads a record if `needed`.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn before(
        &self,
        definition: &Definition,
        record: Option<Id>,
        needed: bool,
    ) -> Result<Before, Error> {
        match record.filter(|_| needed) {
            Some(record) => self.record(definition, record).await.map(Before::Read),
            None => Ok(Before::Unread),
        }
    }

    /// Changes a record on the terms. What was not read before is one conditional update: nothing can change in
    /// between, 1 WRU per KB and one for each index that holds it; a refused one costs too. What was read is written on
    /// condition that it is still so, and read again when it is not; with unique values or relations in a transaction.
    ///
    /// # Errors
    /// What [`Terms::refusal`] and [`Store::create`] answer, `data/record-not-found`.
    pub async fn update(
        &self,
        record: Id,
        terms: Terms<'_>,
        change: Change,
        related: Vec<Related<'_>>,
        before: Before,
        writer: &Writer,
    ) -> Result<StoredRecord, Error> {
        let operation = Operation {
            act: Act::Update(record, terms, change),
            related,
        };
        self.change(operation, before, writer)
            .await?
            .ok_or_else(|| Code::RecordNotFound.into())
    }

    /// Deletes a record on the terms, leaving a tombstone. Costs what an update does; must have read it before where
    /// it may have unique values.
    ///
    /// # Errors
    /// What [`Terms::refusal`] answers, `data/record-not-found`, `common/unavailable`, `common/internal`.
    pub async fn delete(
        &self,
        record: Id,
        terms: Terms<'_>,
        before: Before,
        writer: &Writer,
    ) -> Result<(), Error> {
        let operation = Operation {
            act: Act::Delete(record, terms),
            related: Vec::new(),
        };
        self.change(operation, before, writer).await.map(|_| ())
    }

    /// Writes all of these or none. `found` are the records that were read before.
    ///
    /// # Errors
    /// Those of the single writes, each naming its operation.
    pub async fn bulk(
        &self,
        definition: &Definition,
        operations: &[Operation<'_>],
        found: HashMap<Id, StoredRecord>,
        writer: &Writer,
    ) -> Result<Vec<Option<StoredRecord>>, Error> {
        match self
            .write(definition, operations, found, None, writer)
            .await
            .map_err(Problem::of_many)?
        {
            Wrote::Done(records) => Ok(records),
            Wrote::Repeated(_) => Err(Error::internal("a key was there that was not sent")),
        }
    }

    async fn change(
        &self,
        operation: Operation<'_>,
        before: Before,
        writer: &Writer,
    ) -> Result<Option<StoredRecord>, Error> {
        let (act, record) = (&operation.act, operation.act.id());
        let Some(terms) = act.terms() else {
            return Err(Error::internal("a create changes nothing"));
        };
        let definition = terms.visibility.definition;
        if record.shard() >= definition.shards {
            return Err(Code::RecordNotFound.into());
        }
        if let Before::Read(found) = before {
            let found = found.into_iter().map(|found| (record, found)).collect();
            let wrote = self
                .write(
                    definition,
                    std::slice::from_ref(&operation),
                    found,
                    None,
                    writer,
                )
                .await;
            return match wrote.map_err(Problem::of_one)? {
                Wrote::Done(mut records) => Ok(records.pop().flatten()),
                Wrote::Repeated(_) => Err(Error::internal("a key was there that was not sent")),
            };
        }
        if terms.visibility.has_rows() {
            return Err(Error::internal(
                "row filters tell of a record what nobody has read",
            ));
        }
        let update = write::update(definition, self.table(&definition.name), act, None, writer)?;
        let update = update.ok_or_else(|| Error::internal("a create changes nothing"))?;
        let item = match self.update_alone(update, writer).await? {
            Ok(item) => item,
            // A retry of the SDK after a lost reply finds what the first attempt wrote.
            Err(Some(item)) if item.get("rev") == Some(&text(&writer.rev)) => item,
            Err(Some(item)) if !is_tombstone(&item) => {
                let found = read_record(item)?;
                let rev = found.rev.clone();
                let refusal = terms.refusal(&found.wire(definition), &rev);
                return Err(
                    refusal.unwrap_or_else(|| Error::internal("a condition failed that holds"))
                );
            }
            Err(_) => return Err(Code::RecordNotFound.into()),
        };
        if is_tombstone(&item) {
            Ok(None)
        } else {
            read_record(item).map(Some)
        }
    }
}

/// The writer as an item tells it.
pub(crate) fn actor(writer: &Writer) -> AttributeValue {
    let mut actor = Item::from([("request_id".to_owned(), text(&writer.request_id))]);
    actor.extend(writer.user.map(|user| ("user_id".to_owned(), id(user))));
    actor.extend(writer.key.map(|key| ("key_id".to_owned(), id(key))));
    AttributeValue::M(actor)
}

pub(crate) fn is_tombstone(item: &Item) -> bool {
    item.contains_key("deleted_at")
}

pub(crate) fn read_record(mut item: Item) -> Result<StoredRecord, Error> {
    let mut reader = Reader::new("collection", &mut item);
    Ok(StoredRecord {
        id: reader.id("id")?,
        owner: reader.optional_text("owner"),
        created_by: reader
            .optional_text("created_by")
            .and_then(|id| id.parse().ok()),
        created_at: reader.time("created_at")?,
        updated_at: reader.time("updated_at")?,
        rev: reader.text("rev")?,
        fields: reader.object("data")?,
    })
}
