//! Writes records into the indexes and reservations that lack them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use api::definition::Index;
use api::sort_key::encode;
use api::{Code, Error, Id};
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use tokio::task::JoinSet;

use super::backfill::{Backfill, Found, PAGE, Placeholders, TRIES, carried, key_of, pause};
use crate::fault;
use crate::fault::{Cancelled, built};
use crate::item::{Item, Reader};
use crate::records::index::{self, INDEXED};
use crate::records::record::{StoredRecord, read_record};
use crate::records::reservation::{Claim, moves};

/// The most records that are written at the same time, over all shards.
const PARALLEL: usize = 64;

impl Backfill {
    /// Fills until all is done or the run is [stopped](Self::stop). Written records stay written.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn fill(self: &Arc<Self>) -> Result<Found, Error> {
        let found = self.each_shard(Self::fill_shard).await?;
        if !self.is_stopped() && found.failures.is_empty() {
            self.keep().await?;
        }
        Ok(found)
    }

    /// Notes the names as kept: every record is in them now.
    async fn keep(&self) -> Result<(), Error> {
        let kept = self.kept();
        if !kept.add(self.names.clone()).await?
            && !kept.make(index::names(&self.definition)).await?
        {
            // A first write made it in between.
            kept.add(self.names.clone()).await?;
        }
        Ok(())
    }

    async fn fill_shard(self: Arc<Self>, shard: u8) -> Result<(), Error> {
        let oldest = self
            .oldest(shard)
            .await?
            .map(|mut item| Reader::new("collection", &mut item).id("id"));
        let Some(oldest) = oldest.transpose()?.map(Id::created_at) else {
            return Ok(());
        };
        let at_once = (PARALLEL / usize::from(self.definition.shards.max(1))).max(1);
        let (mut from, mut newest) = (None, None);
        loop {
            let (items, next) = self
                .query(
                    self.records(shard).scan_index_forward(false).limit(PAGE),
                    from,
                )
                .await?;
            for chunk in items.chunks(at_once) {
                if self.is_stopped() {
                    return Ok(());
                }
                // The oldest record comes last, since its names tell that the others are filled.
                let Some((last, others)) = chunk.split_last() else {
                    continue;
                };
                let mut writes = JoinSet::new();
                for item in others.iter().cloned() {
                    let run = Arc::clone(&self);
                    writes.spawn(async move { run.fill_item(item).await });
                }
                let mut all = true;
                while let Some(done) = writes.join_next().await {
                    all &= done.map_err(|error| Error::internal(error.to_string()))?;
                }
                // Stop after a failure: the names of an older record would tell that the failed one is filled.
                if !all || !self.fill_item(last.clone()).await {
                    return Ok(());
                }
                let at = Reader::new("collection", &mut last.clone())
                    .id("id")?
                    .created_at();
                self.note(shard, *newest.get_or_insert(at), at, oldest);
            }
            match next {
                Some(key) => from = Some(key),
                None => return Ok(()),
            }
        }
    }

    /// Fills one record and returns whether the run goes on. It notes a failure.
    async fn fill_item(&self, item: Item) -> bool {
        self.read.fetch_add(1, Ordering::Relaxed);
        let place = (item.get("shard").cloned(), item.get("id").cloned());
        match self.try_fill(item).await {
            Ok(done) => done,
            Err(error) => {
                let key = place
                    .1
                    .and_then(|id| id.as_s().cloned().ok())
                    .unwrap_or_default();
                let cause = error.cause.unwrap_or(error.message);
                self.found().failures.push(format!("record {key}: {cause}"));
                self.skips
            }
        }
    }

    async fn try_fill(&self, mut item: Item) -> Result<bool, Error> {
        let mut taken: BTreeSet<String> = BTreeSet::new();
        for attempt in 0..TRIES {
            if item.contains_key("deleted_at") {
                return Ok(true);
            }
            let record = read_record(item.clone())?;
            let mut wanted = self.wanted(&item, &record);
            self.drop_held(&item, &mut wanted).await?;
            // The first record with a value keeps it; this record still goes into the indexes.
            wanted.claims.retain(|claim| !taken.contains(&claim.field));
            wanted
                .names
                .retain(|name| !taken.iter().any(|field| *name == index::unique_name(field)));
            if wanted.names.is_empty() && wanted.keys.is_empty() && wanted.claims.is_empty() {
                return Ok(true);
            }
            match self.write(&item, wanted).await {
                Ok(()) => {
                    self.written.fetch_add(1, Ordering::Relaxed);
                    return Ok(true);
                }
                Err(Unwritten::Busy) => pause(attempt).await,
                Err(Unwritten::Changed) => {}
                Err(Unwritten::Taken(field, holder)) => {
                    self.found()
                        .duplicates
                        .push((field.clone(), record.id, holder));
                    taken.insert(field);
                }
                Err(Unwritten::Fault(error)) => return Err(error),
            }
            // The record changed meanwhile, or the write succeeded after all.
            match self.read_again(&item).await? {
                Some(now) => item = now,
                None => return Ok(true),
            }
        }
        Err(Error::unavailable("it was busy all the time"))
    }

    /// Drops the claims of values that the record holds already: a read is cheaper than a transaction.
    async fn drop_held(&self, item: &Item, wanted: &mut Wanted) -> Result<(), Error> {
        let carried = carried(item);
        for claim in std::mem::take(&mut wanted.claims) {
            let is_held =
                carried.contains(&index::unique_name(&claim.field)) && self.holds(&claim).await?;
            if !is_held {
                wanted.claims.push(claim);
            }
        }
        Ok(())
    }

    /// Whether a claim's record has the reservation.
    async fn holds(&self, claim: &Claim) -> Result<bool, Error> {
        let put = claim.put(self.table.clone())?.item;
        let found = self.read_again(&put).await?.unwrap_or_default();
        Ok(found.contains_key("record") && found.get("record") == put.get("record"))
    }

    /// The parts that a record lacks.
    fn wanted(&self, item: &Item, record: &StoredRecord) -> Wanted {
        let names: Vec<String> = self.missing_in(item).collect();
        let due = |name: &String| self.names.contains(name);
        let shown = record.clone().wire(&self.definition);
        let indexes = self
            .definition
            .indexes
            .iter()
            .filter(|index| due(&index.name()));
        let key = |one: &Index| (one.name(), AttributeValue::B(encode(one, &shown).into()));
        let keys: Vec<_> = indexes
            .map(key)
            .filter(|(name, key)| item.get(name) != Some(key))
            .collect();
        // No two values of one record use the same item.
        let (mut claims, _) = moves(&self.definition, &[(None, Some(record))]).unwrap_or_default();
        claims.retain(|claim| due(&index::unique_name(&claim.field)));
        Wanted {
            names,
            keys,
            claims,
        }
    }

    /// Writes keys and names, and reserves values, on condition that the record is unchanged.
    async fn write(&self, item: &Item, wanted: Wanted) -> Result<(), Unwritten> {
        let mut update = self.update(item, &wanted)?;
        if wanted.claims.is_empty() {
            let sent = self
                .client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(update.key))
                .update_expression(update.update_expression)
                .set_condition_expression(update.condition_expression)
                .set_expression_attribute_names(update.expression_attribute_names)
                .set_expression_attribute_values(update.expression_attribute_values);
            return match sent.send().await {
                Ok(_) => Ok(()),
                Err(error) if fault::failed_condition(&error).is_some() => Err(Unwritten::Changed),
                Err(error) => Err(fault::of(&error).into()),
            };
        }
        let mut transaction = self.client.transact_write_items();
        for claim in &wanted.claims {
            let mut put = claim.put(self.table.clone())?;
            put.return_values_on_condition_check_failure =
                Some(ReturnValuesOnConditionCheckFailure::AllOld);
            transaction = transaction.transact_items(TransactWriteItem::builder().put(put).build());
        }
        update.return_values_on_condition_check_failure = None;
        transaction =
            transaction.transact_items(TransactWriteItem::builder().update(update).build());
        let Err(error) = transaction.send().await else {
            return Ok(());
        };
        match fault::of_transaction(error) {
            Cancelled::Conditions(failed) => {
                let claimed = failed
                    .into_iter()
                    .find_map(|(at, found)| Some((wanted.claims.get(at)?, found)));
                let Some((claim, found)) = claimed else {
                    return Err(Unwritten::Changed);
                };
                let mut found = found.unwrap_or_default();
                Err(Unwritten::Taken(
                    claim.field.clone(),
                    Reader::new("collection", &mut found).id("record")?,
                ))
            }
            Cancelled::Conflict => Err(Unwritten::Busy),
            Cancelled::TooLarge(_) => Err(Error::from(Code::RecordTooLarge).into()),
            Cancelled::Fault(error) => Err(error.into()),
        }
    }

    /// The write to the record itself.
    fn update(&self, item: &Item, wanted: &Wanted) -> Result<Update, Error> {
        let mut expression = Placeholders::default();
        let set = |(name, key): &(String, AttributeValue)| {
            format!(
                "{} = {}",
                expression.name(name),
                expression.value(key.clone())
            )
        };
        let sets: Vec<String> = wanted.keys.iter().map(set).collect();
        let mut update = if sets.is_empty() {
            String::new()
        } else {
            format!("SET {}", sets.join(", "))
        };
        let mut names = wanted.names.clone();
        if names.is_empty() && sets.is_empty() {
            // The update must write something, or its condition is no part of the transaction.
            names.extend(carried(item));
        }
        if !names.is_empty() {
            let (indexed, names) = (
                expression.name(INDEXED),
                expression.value(AttributeValue::Ss(names)),
            );
            update.push_str(&format!(" ADD {indexed} {names}"));
        }
        let rev = item
            .get("rev")
            .cloned()
            .ok_or_else(|| Error::internal("a record without rev"))?;
        let condition = format!(
            "{} = {} AND attribute_not_exists({})",
            expression.name("rev"),
            expression.value(rev),
            expression.name("deleted_at")
        );
        Update::builder()
            .table_name(&self.table)
            .set_key(Some(key_of(item)))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(expression.names))
            .set_expression_attribute_values(Some(expression.values))
            .build()
            .map_err(built)
    }
}

/// The parts that a record lacks.
struct Wanted {
    names: Vec<String>,
    keys: Vec<(String, AttributeValue)>,
    claims: Vec<Claim>,
}

/// The reason why a record was not written.
enum Unwritten {
    /// The record has another revision than the one read.
    Changed,
    /// The table was busy.
    Busy,
    /// Another record has the value of this field.
    Taken(String, Id),
    /// Something else.
    Fault(Error),
}

impl From<Error> for Unwritten {
    fn from(error: Error) -> Self {
        if error.code == Code::Unavailable {
            Self::Busy
        } else {
            Self::Fault(error)
        }
    }
}
