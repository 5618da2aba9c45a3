//! Fills new indexes and unique fields from the existing records.
//!
//! A record holds in `indexed` the names of the indexes and unique fields that it was written into. A run goes from the
//! newest record of a shard to the oldest. So a name in the oldest record tells that all others have it: the index is
//! ready.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::{Code, Definition, Error, Id, Timestamp};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::fault;
use crate::item::{Item, number};
use crate::records::index::INDEXED;
use crate::records::kept::Kept;
use crate::tables::Store;

/// The most records that one query reads.
pub(super) const PAGE: i32 = 500;

/// The most tries of a write where the table is busy, or the record changes meanwhile.
pub(super) const TRIES: u32 = 10;

/// A run over all records of a collection.
pub struct Backfill {
    pub(super) client: Client,
    pub(super) table: String,
    pub(super) definition: Definition,
    pub(super) names: Vec<String>,
    /// Whether it goes on after a record that cannot be filled.
    pub(super) skips: bool,
    stopped: AtomicBool,
    pub(super) read: AtomicU64,
    pub(super) written: AtomicU64,
    shards: Vec<Mutex<f64>>,
    found: Mutex<Found>,
}

/// The findings of a run that an operator has to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// A unique field, a record, and the record that has the same value and keeps it.
    pub duplicates: Vec<(String, Id, Id)>,
    /// The writes that failed, and the reasons.
    pub failures: Vec<String>,
}

/// The progress of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// The records read.
    pub read: u64,
    /// The records written.
    pub written: u64,
    /// The share of the collection's period that is done, 0 to 1.
    pub share: f64,
}

impl Store {
    /// A run for some of [`names`](crate::index::names). It compares every key and reservation, also of records that
    /// hold the name. Code without the index may have run since, and it changes records without their keys.
    #[must_use]
    pub fn backfill(&self, definition: &Definition, names: Vec<String>) -> Arc<Backfill> {
        Arc::new(self.filling(definition, names))
    }

    /// The same for names that every writer has kept, such as a repair. Older records tell nothing by their names
    /// then. So the run goes on after a record that cannot be filled, and notes it among the failures.
    #[must_use]
    pub fn refill(&self, definition: &Definition, names: Vec<String>) -> Arc<Backfill> {
        Arc::new(Backfill {
            skips: true,
            ..self.filling(definition, names)
        })
    }

    fn filling(&self, definition: &Definition, names: Vec<String>) -> Backfill {
        Backfill {
            client: self.client.clone(),
            table: self.table(&definition.name),
            definition: definition.clone(),
            names,
            skips: false,
            stopped: AtomicBool::new(false),
            read: AtomicU64::new(0),
            written: AtomicU64::new(0),
            shards: (0..definition.shards).map(|_| Mutex::new(0.0)).collect(),
            found: Mutex::default(),
        }
    }
}

impl Backfill {
    /// Ends the run after the present writes.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether the run was ended before it was done.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub(super) fn kept(&self) -> Kept<'_> {
        Kept {
            client: &self.client,
            table: self.table.clone(),
        }
    }

    /// The progress of the run.
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

    pub(super) async fn each_shard<F>(
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
            // The other shards go on: their work is not lost.
            outcome = done
                .map_err(|error| Error::internal(error.to_string()))
                .flatten()
                .and(outcome);
        }
        outcome.map(|()| self.found().clone())
    }

    /// Notes the share of the time between a shard's newest and oldest record that is done.
    #[expect(clippy::cast_precision_loss, reason = "shown as a percentage")]
    pub(super) fn note(&self, shard: u8, newest: Timestamp, at: Timestamp, oldest: Timestamp) {
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

    /// The oldest record of a shard.
    pub(super) async fn oldest(&self, shard: u8) -> Result<Option<Item>, Error> {
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

    /// The query for all items of a shard.
    pub(super) fn all(&self, shard: impl std::fmt::Display) -> QueryFluentBuilder {
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
    pub(super) fn records(&self, shard: u8) -> QueryFluentBuilder {
        self.all(shard)
            .filter_expression("attribute_not_exists(#deleted)")
            .expression_attribute_names("#deleted", "deleted_at")
    }

    /// A page of a query, and the key before the next page.
    pub(super) async fn query(
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

    pub(super) async fn read_again(&self, item: &Item) -> Result<Option<Item>, Error> {
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key_of(item)))
            .consistent_read(true);
        Ok(get.send().await.map_err(|error| fault::of(&error))?.item)
    }

    /// The names of this run that a record lacks.
    pub(super) fn missing_in(&self, item: &Item) -> impl Iterator<Item = String> {
        let carried = carried(item);
        self.names
            .iter()
            .filter(move |name| !carried.contains(*name))
            .cloned()
    }

    pub(super) fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The names that a record holds.
pub(super) fn carried(item: &Item) -> BTreeSet<String> {
    match item.get(INDEXED) {
        Some(AttributeValue::Ss(names)) => names.iter().cloned().collect(),
        _ => BTreeSet::new(),
    }
}

pub(super) fn key_of(item: &Item) -> Item {
    ["shard", "id"]
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), item.get(*name)?.clone())))
        .collect()
}

/// Waits, longer at each attempt.
pub(super) async fn pause(attempt: u32) {
    sleep(Duration::from_millis(100 << attempt.min(7))).await;
}

/// Names and values behind placeholders.
#[derive(Default)]
pub(super) struct Placeholders {
    pub(super) names: HashMap<String, String>,
    pub(super) values: Item,
}

impl Placeholders {
    pub(super) fn name(&mut self, name: &str) -> String {
        let placeholder = format!("#n{}", self.names.len());
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    pub(super) fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }
}
