//! A record: its stored form, its reads and its creation.

use std::collections::{BTreeSet, HashMap};

use api::{Definition, Error, Id, Timestamp, wire};
use auth::Writer;
use auth::prepare::Creation;
use serde_json::{Map, Value};

use super::tombstone::is_tombstone;
use crate::batch::{BATCH, strong};
use crate::item::{Item, Reader, id, number};
use crate::size::{ENVELOPE, MAX_BYTES};
use crate::tables::Store;
use crate::{fault, size};

/// A record in its stored form.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRecord {
    /// The record's id.
    pub id: Id,
    /// The owner's id, whichever field shows it to callers.
    pub owner: Option<String>,
    /// The creator.
    pub created_by: Option<Id>,
    /// The time of creation.
    pub created_at: Timestamp,
    /// The time of the last change.
    pub updated_at: Timestamp,
    /// The id of the last write.
    pub rev: String,
    /// The declared fields, without the owner field.
    pub fields: Map<String, Value>,
}

/// The record that was read before a write.
#[derive(Clone, Debug, PartialEq)]
pub enum Before {
    /// No record was read: the write needs no more than its condition.
    Unread,
    /// The record, if it exists.
    Read(Option<StoredRecord>),
}

impl StoredRecord {
    /// The record that a create writes. It is as old as its id: one that moves in was made before it is written.
    pub(crate) fn created(creation: Creation<'_>, writer: &Writer) -> Self {
        Self {
            id: creation.id,
            owner: creation.owner,
            created_by: creation.created_by,
            created_at: creation.id.created_at(),
            updated_at: writer.now,
            rev: writer.rev.clone(),
            fields: creation.fields,
        }
    }

    /// The record as a caller sees it.
    #[must_use]
    pub fn wire(self, definition: &Definition) -> wire::Record {
        // Hide fields that are no longer declared; a former field with the name of the owner field is not the owner.
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

impl Store {
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

    /// Reads the record of an id as a request has it. A text that is no id finds no record.
    ///
    /// # Errors
    /// Those of [`Store::record`].
    pub async fn record_at(
        &self,
        definition: &Definition,
        id: &str,
    ) -> Result<Option<StoredRecord>, Error> {
        match id.parse() {
            Ok(id) => self.record(definition, id).await,
            Err(_) => Ok(None),
        }
    }

    /// Reads records for one common write, 25 in a request. It stops once they are more than a transaction takes, which
    /// is refused then. Strongly consistent: 1 RRU per 4 KB each.
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

/// About how many bytes a record has as an item, without the keys of its indexes.
pub(crate) fn weight(record: Option<&StoredRecord>) -> usize {
    record.map_or(0, |record| size::in_item(&record.fields) + ENVELOPE)
}
