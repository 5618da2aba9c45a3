//! The tables of the collections: records.
//!
//! Key `shard` and `id`; an id names its shard, so that a read needs the id alone, and within a shard ids are in the
//! order of time, so that newest-first lists need no index. A deleted record stays for an hour as a tombstone without
//! data: a retried delete finds its own, and the stream knows who did it.

mod bounds;
pub mod expand;
mod expression;
pub mod index;
mod judge;
pub(crate) mod list;
pub(crate) mod operation;
mod order;
pub(crate) mod page;
pub mod plan;
pub(crate) mod record;
pub(crate) mod reservation;
mod transaction;
pub(crate) mod write;

use std::collections::HashMap;

use api::{Code, Definition, Error, Id};
use auth::Writer;
use auth::terms::{Related, Terms};

use self::judge::{Problem, Wrote};
use self::operation::{Act, Change, Operation};
use self::record::{Before, NewRecord, StoredRecord, is_tombstone, read_record};
use self::reservation::IdempotencyKey;
use crate::item::text;
use crate::tables::Store;

/// What came of a create.
#[derive(Clone, Debug, PartialEq)]
pub enum Created {
    /// The record is there now.
    New(StoredRecord),
    /// The caller made it before, with the same `Idempotency-Key`; as it is now, if it is still there.
    Before(Option<StoredRecord>),
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
