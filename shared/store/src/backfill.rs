//! Filling new indexes and unique fields from the records that were there before.
//!
//! A record carries in `indexed` what it has been written into. Filling goes from the newest record of a shard to the
//! oldest, so that the oldest one, once it carries a name, tells that all others do: that is what makes an index ready.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::definition::Index;
use api::{Code, Definition, Error, Id, Timestamp};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::fault::Cancelled;
use crate::item::{Item, Reader, number, text};
use crate::records::{StoredRecord, read_record};
use crate::unique::{Claim, moves};
use crate::{Store, built, fault, index, unique};

/// The attribute that names what a record has been written into.
const INDEXED: &str = "indexed";

/// How many records are written at the same time, over all shards.
const PARALLEL: usize = 64;

/// How many records one query reads at most.
const PAGE: i32 = 500;

/// How often a write is tried where the table is busy, or the record changes meanwhile.
const TRIES: u32 = 10;

/// The name under which records carry that a unique field is reserved.
#[must_use]
pub fn unique_name(field: &str) -> String {
    format!("unique.{field}")
}

/// Everything that records of a collection can carry: the names of its indexes and unique fields.
#[must_use]
pub fn names(definition: &Definition) -> Vec<String> {
    let unique = definition
        .fields
        .iter()
        .filter(|field| field.unique)
        .map(|field| unique_name(&field.name));
    definition
        .indexes
        .iter()
        .map(Index::name)
        .chain(unique)
        .collect()
}

/// A run over all records of a collection.
pub struct Backfill {
    client: Client,
    table: String,
    definition: Definition,
    names: Vec<String>,
    again: bool,
    stopped: AtomicBool,
    read: AtomicU64,
    written: AtomicU64,
    shards: Vec<Mutex<f64>>,
    found: Mutex<Found>,
}

/// What a run has met that an operator has to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// A unique field, a record, and the one that has the same value and keeps it.
    pub duplicates: Vec<(String, Id, Id)>,
    /// What could not be written, and why.
    pub failures: Vec<String>,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// The records read.
    pub read: u64,
    /// The records written.
    pub written: u64,
    /// The share of the collection's life that is done, 0 to 1.
    pub share: f64,
}

impl Store {
    /// A run for some of [`names`]; with `again` it writes sort keys anew even where a record carries the name.
    #[must_use]
    pub fn backfill(
        &self,
        definition: &Definition,
        names: Vec<String>,
        again: bool,
    ) -> Arc<Backfill> {
        Arc::new(Backfill {
            client: self.client.clone(),
            table: self.table(&definition.name),
            definition: definition.clone(),
            names,
            again,
            stopped: AtomicBool::new(false),
            read: AtomicU64::new(0),
            written: AtomicU64::new(0),
            shards: (0..definition.shards).map(|_| Mutex::new(0.0)).collect(),
            found: Mutex::default(),
        })
    }
}

impl Backfill {
    /// What the oldest record of some shard does not carry: what is not filled.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn missing(&self) -> Result<Vec<String>, Error> {
        let mut missing = BTreeSet::new();
        for shard in 0..self.definition.shards {
            if let Some(oldest) = self.oldest(shard).await? {
                missing.extend(self.missing_in(&oldest));
            }
        }
        Ok(missing.into_iter().collect())
    }

    /// Fills, until it is done or [stopped](Self::stop). What is done stays done.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn fill(self: &Arc<Self>) -> Result<Found, Error> {
        self.each_shard(Self::fill_shard).await
    }

    /// Removes the keys and names of indexes that the table does not have, and the reservations of fields that are not
    /// unique, oldest record first: what is declared again must not find what it had long ago.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn clear(self: &Arc<Self>) -> Result<Found, Error> {
        for field in self
            .names
            .iter()
            .filter_map(|name| name.strip_prefix("unique."))
        {
            for shard in unique::SHARDS {
                self.clear_reservations(shard, field).await?;
            }
        }
        self.each_shard(Self::clear_shard).await
    }

    /// Whether there is nothing to do it for.
    #[must_use]
    pub fn is_for_nothing(&self) -> bool {
        self.names.is_empty()
    }

    /// Ends the run after what is being written now.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether the run was ended before it was done.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// How far it is.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "shown as a percentage")]
    pub fn progress(&self) -> Progress {
        let done: f64 = self
            .shards
            .iter()
            .map(|share| *share.lock().unwrap_or_else(PoisonError::into_inner))
            .sum();
        Progress {
            read: self.read.load(Ordering::Relaxed),
            written: self.written.load(Ordering::Relaxed),
            share: done / self.shards.len().max(1) as f64,
        }
    }

    async fn each_shard<F>(
        self: &Arc<Self>,
        work: impl Fn(Arc<Self>, u8) -> F,
    ) -> Result<Found, Error>
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let mut shards = JoinSet::new();
        for shard in 0..self.definition.shards {
            shards.spawn(work(Arc::clone(self), shard));
        }
        let mut outcome = Ok(());
        while let Some(done) = shards.join_next().await {
            // The others go on: what they do is not lost.
            outcome = done
                .map_err(|error| Error::internal(error.to_string()))
                .flatten()
                .and(outcome);
        }
        outcome.map(|()| self.found().clone())
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
                // The oldest of them last, since it may come to speak for the others.
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
                // One that failed is one that older ones must not speak for.
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

    /// Notes how much of the time between a shard's newest and oldest record lies behind.
    #[expect(clippy::cast_precision_loss, reason = "shown as a percentage")]
    fn note(&self, shard: u8, newest: Timestamp, at: Timestamp, oldest: Timestamp) {
        let span =
            |from: Timestamp, to: Timestamp| from.millis().saturating_sub(to.millis()) as f64;
        let share = if at <= oldest {
            1.0
        } else {
            span(newest, at) / span(newest, oldest).max(1.0)
        };
        if let Some(noted) = self.shards.get(usize::from(shard)) {
            *noted.lock().unwrap_or_else(PoisonError::into_inner) = share;
        }
    }

    /// Fills one record; whether it is done. Why not is noted.
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
                false
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
            let Some(mut wanted) = self.wanted(&item, &record) else {
                return Ok(true);
            };
            // Another record that has a value first keeps it; this one is in the indexes all the same.
            wanted.claims.retain(|claim| !taken.contains(&claim.field));
            wanted
                .names
                .retain(|name| !taken.iter().any(|field| *name == unique_name(field)));
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
            // Changed meanwhile, or maybe written after all.
            match self.read_again(&item).await? {
                Some(now) => item = now,
                None => return Ok(true),
            }
        }
        Err(Error::unavailable("it was busy all the time"))
    }

    /// What a record lacks; `None` where it has everything.
    fn wanted(&self, item: &Item, record: &StoredRecord) -> Option<Wanted> {
        let names: Vec<String> = self.missing_in(item).collect();
        let due = |name: &String| self.again && self.names.contains(name) || names.contains(name);
        let shown = record.clone().wire(&self.definition);
        let indexes = self
            .definition
            .indexes
            .iter()
            .filter(|index| due(&index.name()));
        let key = |one: &Index| {
            (
                one.name(),
                AttributeValue::B(index::encode(one, &shown).into()),
            )
        };
        let keys: Vec<_> = indexes
            .map(key)
            .filter(|(name, key)| item.get(name) != Some(key))
            .collect();
        // No two values of one record are the same item.
        let (mut claims, _) = moves(&self.definition, &[(None, Some(record))]).unwrap_or_default();
        claims.retain(|claim| due(&unique_name(&claim.field)));
        let nothing = names.is_empty() && keys.is_empty() && claims.is_empty();
        (!nothing).then_some(Wanted {
            names,
            keys,
            claims,
        })
    }

    /// Writes keys and names, and reserves values, if the record is still the one that was read.
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
        let mut expression = Expression::default();
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
            // Something has to be written for the condition to be part of the transaction.
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

    async fn clear_shard(self: Arc<Self>, shard: u8) -> Result<(), Error> {
        let mut from = None;
        loop {
            let (items, next) = self.query(self.all(shard), from).await?;
            for item in items {
                if self.is_stopped() {
                    return Ok(());
                }
                self.read.fetch_add(1, Ordering::Relaxed);
                let carries =
                    |name: &String| item.contains_key(name) || carried(&item).contains(name);
                if self.names.iter().any(carries) {
                    self.clear_item(&item).await?;
                    self.written.fetch_add(1, Ordering::Relaxed);
                }
            }
            match next {
                Some(key) => from = Some(key),
                None => return Ok(()),
            }
        }
    }

    async fn clear_item(&self, item: &Item) -> Result<(), Error> {
        let mut expression = Expression::default();
        let keys: Vec<String> = self
            .names
            .iter()
            .map(|name| expression.name(name))
            .collect();
        let (indexed, id) = (expression.name(INDEXED), expression.name("id"));
        let names = expression.value(AttributeValue::Ss(self.names.clone()));
        let update = format!("REMOVE {} DELETE {indexed} {names}", keys.join(", "));
        for attempt in 0..TRIES {
            let sent = self
                .client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(key_of(item)))
                .update_expression(&update)
                .condition_expression(format!("attribute_exists({id})"))
                .set_expression_attribute_names(Some(expression.names.clone()))
                .set_expression_attribute_values(Some(expression.values.clone()));
            match sent.send().await {
                Ok(_) => return Ok(()),
                // Gone meanwhile.
                Err(error) if fault::failed_condition(&error).is_some() => return Ok(()),
                Err(error) => match fault::of(&error) {
                    error if error.code == Code::Unavailable => pause(attempt).await,
                    error => return Err(error),
                },
            }
        }
        Err(Error::unavailable("the table was busy all the time"))
    }

    /// The oldest record of a shard.
    async fn oldest(&self, shard: u8) -> Result<Option<Item>, Error> {
        let mut from = None;
        loop {
            let (items, next) = self.query(self.records(shard).limit(20), from).await?;
            match (items.into_iter().next(), next) {
                (Some(oldest), _) => return Ok(Some(oldest)),
                (None, Some(key)) => from = Some(key),
                (None, None) => return Ok(None),
            }
        }
    }

    /// Removes the reservations of a field out of one of the shards that have any.
    async fn clear_reservations(&self, shard: u16, field: &str) -> Result<(), Error> {
        let mut from = None;
        loop {
            let query = self
                .all(shard)
                .key_condition_expression("#shard = :shard AND begins_with(#id, :prefix)")
                .expression_attribute_names("#id", "id")
                .expression_attribute_values(":prefix", text(unique::prefix(field) + "#"));
            let (items, next) = self.query(query, from).await?;
            for item in items {
                let delete = self
                    .client
                    .delete_item()
                    .table_name(&self.table)
                    .set_key(Some(key_of(&item)));
                delete.send().await.map_err(|error| fault::of(&error))?;
            }
            match next {
                Some(key) => from = Some(key),
                None => return Ok(()),
            }
        }
    }

    /// The query for everything in a shard.
    fn all(&self, shard: impl std::fmt::Display) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#shard = :shard")
            .expression_attribute_names("#shard", "shard")
            .expression_attribute_values(":shard", number(shard))
            .consistent_read(true)
            .limit(PAGE)
    }

    /// The query for the records of a shard, without tombstones.
    fn records(&self, shard: u8) -> QueryFluentBuilder {
        self.all(shard)
            .filter_expression("attribute_not_exists(#deleted)")
            .expression_attribute_names("#deleted", "deleted_at")
    }

    /// A page of a query, and the key that the next one comes after.
    async fn query(
        &self,
        query: QueryFluentBuilder,
        from: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), Error> {
        for attempt in 0..TRIES {
            match query
                .clone()
                .set_exclusive_start_key(from.clone())
                .send()
                .await
            {
                Ok(output) => {
                    return Ok((output.items.unwrap_or_default(), output.last_evaluated_key));
                }
                Err(error) => match fault::of(&error) {
                    error if error.code == Code::Unavailable => pause(attempt).await,
                    error => return Err(error),
                },
            }
        }
        Err(Error::unavailable("the table was busy all the time"))
    }

    async fn read_again(&self, item: &Item) -> Result<Option<Item>, Error> {
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key_of(item)))
            .consistent_read(true);
        Ok(get.send().await.map_err(|error| fault::of(&error))?.item)
    }

    /// What a record does not carry of what this run is for.
    fn missing_in(&self, item: &Item) -> impl Iterator<Item = String> {
        let carried = carried(item);
        self.names
            .iter()
            .filter(move |name| !carried.contains(*name))
            .cloned()
    }

    fn found(&self) -> std::sync::MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a record lacks.
struct Wanted {
    names: Vec<String>,
    keys: Vec<(String, AttributeValue)>,
    claims: Vec<Claim>,
}

/// Why a record was not written.
enum Unwritten {
    /// It is not the revision that was read.
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

/// What a record carries.
fn carried(item: &Item) -> BTreeSet<String> {
    match item.get(INDEXED) {
        Some(AttributeValue::Ss(names)) => names.iter().cloned().collect(),
        _ => BTreeSet::new(),
    }
}

fn key_of(item: &Item) -> Item {
    ["shard", "id"]
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), item.get(*name)?.clone())))
        .collect()
}

/// Waits the longer, the more often.
async fn pause(attempt: u32) {
    sleep(Duration::from_millis(100 << attempt.min(7))).await;
}

/// Names and values behind placeholders.
#[derive(Default)]
struct Expression {
    names: HashMap<String, String>,
    values: Item,
}

impl Expression {
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
}
