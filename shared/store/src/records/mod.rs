//! The tables of the collections: records.
//!
//! The key is `shard` and `id`. An id names its shard, so a read needs the id alone. Within a shard ids are in the
//! order of time, so newest-first lists need no index. A deletion first makes a tombstone without data: a retried delete
//! finds its own, and the stream knows who did it. The same request then removes the tombstone.

mod bounds;
pub(crate) mod budget;
pub mod expand;
mod expression;
pub mod index;
mod judge;
pub(crate) mod kept;
pub(crate) mod list;
mod merge;
pub(crate) mod operation;
mod order;
pub(crate) mod page;
pub mod plan;
pub(crate) mod record;
pub(crate) mod reservation;
pub(crate) mod tombstone;
mod transaction;
mod work;
pub(crate) mod write;

use std::collections::HashMap;

use api::{Code, Definition, Error, Id};
use auth::prepare::{self, Creation, Draft, Prepared, Removal};
use auth::{Visibility, Writer};

use self::judge::{Problem, Wrote};
use self::operation::{Change, Operation};
use self::record::{Before, StoredRecord, read_record};
use self::reservation::IdempotencyKey;
use self::tombstone::is_tombstone;
use crate::item::text;
use crate::tables::Store;

/// The outcome of a create.
#[derive(Clone, Debug, PartialEq)]
pub enum Created {
    /// The record is new.
    New(StoredRecord),
    /// The caller made it before, with the same `Idempotency-Key`; the present record, if it still exists.
    Before(Option<StoredRecord>),
}

impl Created {
    /// The record as far as the caller sees it. A record that was made before may be hidden by now.
    #[must_use]
    pub fn shown(self, visibility: &Visibility<'_>) -> Option<StoredRecord> {
        let seen =
            |record: &StoredRecord| visibility.shows(&record.clone().wire(visibility.definition));
        match self {
            Self::New(record) => Some(record),
            Self::Before(record) => record.filter(seen),
        }
    }
}

impl Store {
    /// Creates a record. 1 WRU, and one for each index that holds it. With unique values, relations or an idempotency
    /// key it is a transaction. Then it takes 2 WRU for each of them, for the record and for each index that holds it.
    ///
    /// # Errors
    /// `data/unique-violation`, `data/record-too-large`, `common/idempotency-mismatch`, `common/validation-failed` for
    /// relations, `common/invalid-request` for more than a transaction holds, `common/unavailable`, `common/internal`.
    pub async fn create(
        &self,
        definition: &Definition,
        creation: Creation<'_>,
        key: Option<&IdempotencyKey>,
        writer: &Writer,
    ) -> Result<Created, Error> {
        self.keep(definition).await?;
        let operation = Operation::create(creation, writer);
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

    /// Reads the record that a draft will update, where the update needs more than its condition.
    ///
    /// # Errors
    /// Those of [`Store::record`].
    pub async fn before_update(&self, draft: &Draft<'_>, id: &str) -> Result<Before, Error> {
        let definition = draft.definition();
        let needed = draft
            .input()
            .is_some_and(|input| Change::needs_record(definition, input, draft.replaces()));
        self.before(definition, id.parse().ok(), needed).await
    }

    /// Reads the record that will be deleted, where its unique values must be freed or row filters decide who sees it.
    ///
    /// # Errors
    /// Those of [`Store::record`].
    pub async fn before_delete(&self, definition: &Definition, id: &str) -> Result<Before, Error> {
        let needed = definition.fields.iter().any(|field| field.unique)
            || !definition.row_filters.is_empty();
        self.before(definition, id.parse().ok(), needed).await
    }

    /// Changes a record on the terms. Without a read before, it is one conditional update: nothing can change in
    /// between. It takes 1 WRU per KB and one for each index that holds it; a refused update costs too. A record that
    /// was read is written on condition that it is unchanged, and read again otherwise. With unique values or relations
    /// it is a transaction.
    ///
    /// # Errors
    /// Those of [`auth::terms::Terms::refusal`] and [`Store::create`], `data/record-not-found`.
    pub async fn update(
        &self,
        update: prepare::Update<'_>,
        before: Before,
        writer: &Writer,
    ) -> Result<StoredRecord, Error> {
        let operation = Operation::update(update);
        if let Some(terms) = operation.act.terms() {
            self.keep(terms.visibility.definition).await?;
        }
        self.change(operation, before, writer)
            .await?
            .ok_or_else(|| Code::RecordNotFound.into())
    }

    /// Deletes a record on the terms. Costs as much as an update, and one hop and 1 WRU more for the removal of its
    /// tombstone. The record must be read before where it may have unique values.
    ///
    /// # Errors
    /// Those of [`auth::terms::Terms::refusal`], `data/record-not-found`, `common/unavailable`, `common/internal`.
    pub async fn delete(
        &self,
        removal: Removal<'_>,
        before: Before,
        writer: &Writer,
    ) -> Result<(), Error> {
        let operation = Operation::delete(removal);
        self.change(operation, before, writer).await.map(|_| ())
    }

    /// Writes all of these or none. `found` are the records that were read before. Returns each record after the write;
    /// `None` for a deleted one.
    ///
    /// # Errors
    /// Those of the single writes, each naming its operation.
    pub async fn bulk(
        &self,
        definition: &Definition,
        prepared: Vec<Prepared<'_>>,
        found: HashMap<Id, StoredRecord>,
        writer: &Writer,
    ) -> Result<Vec<(Id, Option<StoredRecord>)>, Error> {
        self.keep(definition).await?;
        let ids: Vec<Id> = prepared.iter().map(Prepared::id).collect();
        let operations: Vec<Operation<'_>> = prepared
            .into_iter()
            .map(|prepared| Operation::of(prepared, writer))
            .collect();
        match self
            .write(definition, &operations, found, None, writer)
            .await
            .map_err(Problem::of_many)?
        {
            Wrote::Done(records) => Ok(ids.into_iter().zip(records).collect()),
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
            // A retry of the SDK after a lost reply finds the item of the first attempt.
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
        if !is_tombstone(&item) {
            return read_record(item).map(Some);
        }
        self.remove_tombstones(definition, &[record], writer).await;
        Ok(None)
    }
}
