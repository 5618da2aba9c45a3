//! A consumer's queue: its due deliveries, their ends, and the log of them.

use std::collections::HashMap;
use std::time::Duration;

use api::event::{Consumer, Envelope};
use api::tables::{DELIVERIES, EVENTS};
use api::wire::{Delivery, DeliveryState};
use api::{Code, Error, Id, Timestamp};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, DeleteRequest, KeysAndAttributes, Put, PutRequest, TransactWriteItem,
    WriteRequest,
};

use super::waiting::{DELIVERED, PARKED, WAITING, Waiting, key, read, read_delivery};
use crate::fault;
use crate::fault::{Cancelled, built};
use crate::item::{Item, Reader, id, number, text};
use crate::tables::Store;

/// The most deliveries that one query for due ones gives.
const MAX_DUE: i32 = 100;

/// The most writes of one BatchWriteItem.
const BATCH: usize = 25;

/// The most requests for writes that DynamoDB left undone.
const TRIES: u32 = 8;

/// The end of an attempt.
#[derive(Clone, Debug)]
pub enum Settled {
    /// It has arrived; the log has it until this time, in seconds.
    Delivered(Waiting, u64),
    /// It waits for another attempt.
    Again(Waiting),
    /// It is tried no more.
    Parked(Waiting),
    /// Its event has expired.
    Gone,
}

/// An event as `_events` keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptEvent {
    /// The JSON that is sent, byte for byte.
    pub body: String,
    /// The event's type.
    pub kind: String,
    /// When it expires, in seconds.
    pub expires_at: u64,
}

/// A page of deliveries, and the sort key that the next one comes after.
#[derive(Debug)]
pub struct DeliveriesPage {
    /// The deliveries.
    pub items: Vec<Delivery>,
    /// The position of the last one, if there is more.
    pub next: Option<String>,
}

impl Store {
    pub(crate) fn deliveries(&self) -> String {
        self.table(DELIVERIES.name)
    }

    /// Reads what is due of a consumer, in order, at most 100. Strongly consistent: 1 RRU per 4 KB.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn due(&self, consumer: &Consumer, now: Timestamp) -> Result<Vec<Waiting>, Error> {
        // `~` comes after every character of an id.
        let last = format!("{WAITING}{:013}#~", now.millis());
        let query = self.range(&consumer.to_string(), WAITING, &last);
        let output = query.consistent_read(true).limit(MAX_DUE).send().await;
        let items = output.map_err(|error| fault::of(&error))?.items;
        items.unwrap_or_default().into_iter().map(read).collect()
    }

    /// Reads those of these waiting deliveries that still wait. 0.5 RRU each.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn still_waiting(
        &self,
        consumer: &Consumer,
        keys: &[String],
    ) -> Result<Vec<Waiting>, Error> {
        let consumer = consumer.to_string();
        let keys = keys.iter().map(|id| key(&consumer, id)).collect();
        let found = self.some(self.deliveries(), keys).await?;
        found.into_iter().map(read).collect()
    }

    /// Reads events by their ids; those that have expired are left out. 0.5 RRU per 4 KB of each.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn events(
        &self,
        ids: &[Id],
        now: Timestamp,
    ) -> Result<HashMap<Id, KeptEvent>, Error> {
        let key = |event: &Id| Item::from([("id".to_owned(), id(*event))]);
        let mut ids = ids.to_vec();
        // A batch may not name a key twice.
        ids.sort_unstable();
        ids.dedup();
        let found = self.some(self.table(EVENTS.name), ids.iter().map(key).collect());
        let mut events = HashMap::new();
        for mut item in found.await? {
            let mut reader = Reader::new(EVENTS.name, &mut item);
            let (id, kept) = (reader.id("id")?, read_event(&mut reader)?);
            if now.seconds() < kept.expires_at {
                events.insert(id, kept);
            }
        }
        Ok(events)
    }

    /// Reads an event. Strongly consistent: 1 RRU per 4 KB. `None` once it has expired.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn event(&self, event: Id, now: Timestamp) -> Result<Option<KeptEvent>, Error> {
        let get = self
            .client
            .get_item()
            .table_name(self.table(EVENTS.name))
            .key("id", id(event))
            .consistent_read(true);
        let output = get.send().await.map_err(|error| fault::of(&error))?;
        let Some(mut item) = output.item else {
            return Ok(None);
        };
        let kept = read_event(&mut Reader::new(EVENTS.name, &mut item))?;
        Ok(Some(kept).filter(|kept| now.seconds() < kept.expires_at))
    }

    /// Writes what has become of deliveries, then removes them from the queue: what is cut in between is tried once more.
    /// 1 WRU a write, 2 a delivery.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn settle_deliveries(&self, settled: Vec<(Waiting, Settled)>) -> Result<(), Error> {
        let (mut puts, mut deletes) = (Vec::new(), Vec::new());
        for (before, settled) in settled {
            let put = match settled {
                Settled::Delivered(after, until) => Some(after.delivered(until)),
                Settled::Again(after) => Some(after.item()),
                Settled::Parked(after) => Some(after.parked()),
                Settled::Gone => None,
            };
            let old = key(&before.consumer.to_string(), &before.key());
            // An attempt that is due again at the same millisecond has the same key.
            if put
                .as_ref()
                .is_some_and(|put| put.get("id") == old.get("id"))
            {
                puts.extend(put);
                continue;
            }
            puts.extend(put);
            deletes.push(old);
        }
        self.write_all(puts.into_iter().map(put_request).collect())
            .await?;
        self.write_all(deletes.into_iter().map(delete_request).collect())
            .await
    }

    /// Removes up to 100 items of a consumer that is gone, and returns whether there may be more. 1 RRU per 4 KB and 1 WRU
    /// an item.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn drop_queue(&self, consumer: &Consumer) -> Result<bool, Error> {
        let name = consumer.to_string();
        let query = self.range(&name, DELIVERED, &format!("{WAITING}~"));
        let output = query.consistent_read(true).limit(MAX_DUE).send().await;
        let output = output.map_err(|error| fault::of(&error))?;
        let items = output.items.unwrap_or_default();
        let ids = items.into_iter().filter_map(|mut item| item.remove("id"));
        let keys =
            ids.map(|id| Item::from([("consumer".to_owned(), text(&name)), ("id".to_owned(), id)]));
        self.write_all(keys.map(delete_request).collect()).await?;
        Ok(output.last_evaluated_key.is_some())
    }

    /// Lists deliveries of a consumer: those of a state, or waiting, then parked, then delivered ones; the latest first. 0.5
    /// RRU per 4 KB.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn list_deliveries(
        &self,
        consumer: &Consumer,
        state: Option<DeliveryState>,
        (limit, after): (usize, Option<String>),
        now: Timestamp,
    ) -> Result<DeliveriesPage, Error> {
        let name = consumer.to_string();
        let (first, last) = match state {
            None => (DELIVERED, WAITING),
            Some(DeliveryState::Waiting) => (WAITING, WAITING),
            Some(DeliveryState::Parked) => (PARKED, PARKED),
            Some(DeliveryState::Delivered) => (DELIVERED, DELIVERED),
        };
        let query = self
            .range(&name, first, &format!("{last}~"))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(MAX_DUE))
            .set_exclusive_start_key(after.map(|after| key(&name, &after)));
        let output = query.send().await.map_err(|error| fault::of(&error))?;
        // TTL removes an item up to days after its end.
        let stands = |item: &Item| {
            let end = item.get("expires_at").and_then(|end| end.as_n().ok());
            end.is_none_or(|end| end.parse().is_ok_and(|end: u64| now.seconds() < end))
        };
        let items = output.items.unwrap_or_default().into_iter();
        let items = items.filter(stands).map(read_delivery);
        let next = output
            .last_evaluated_key
            .and_then(|mut key| key.remove("id"));
        Ok(DeliveriesPage {
            items: items.collect::<Result<_, _>>()?,
            next: next.and_then(|id| match id {
                AttributeValue::S(id) => Some(id),
                _ => None,
            }),
        })
    }

    /// Puts a delivery in front of its consumer's queue, and takes it from the parked ones. 4 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn redeliver(&self, waiting: &Waiting) -> Result<(), Error> {
        let put = Put::builder()
            .table_name(self.deliveries())
            .set_item(Some(waiting.item()))
            .build()
            .map_err(built)?;
        let parked = format!("{PARKED}{}", waiting.event);
        let delete = Delete::builder()
            .table_name(self.deliveries())
            .set_key(Some(key(&waiting.consumer.to_string(), &parked)))
            .build()
            .map_err(built)?;
        let writes = vec![
            TransactWriteItem::builder().put(put).build(),
            TransactWriteItem::builder().delete(delete).build(),
        ];
        self.transact(&writes).await.map(|_| ())
    }

    /// Sends writes all or nothing, again while others are at the same items. Returns the places of failed conditions, each
    /// with the item that it found.
    pub(super) async fn transact(
        &self,
        writes: &[TransactWriteItem],
    ) -> Result<Vec<(usize, Option<Item>)>, Error> {
        for tries in 1..=TRIES {
            let transaction = self
                .client
                .transact_write_items()
                .set_transact_items(Some(writes.to_vec()));
            match transaction.send().await.map_err(fault::of_transaction) {
                Ok(_) => return Ok(Vec::new()),
                Err(Cancelled::Conditions(failed)) => return Ok(failed),
                Err(Cancelled::Conflict) => pause(tries).await,
                Err(Cancelled::TooLarge(_)) => return Err(Code::PayloadTooLarge.into()),
                Err(Cancelled::Fault(fault)) => return Err(fault),
            }
        }
        Err(Error::unavailable("transaction conflict"))
    }

    /// The items of a partition between two sort keys, both included.
    pub(super) fn range(&self, consumer: &str, first: &str, last: &str) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(self.deliveries())
            .key_condition_expression("#consumer = :consumer AND #id BETWEEN :first AND :last")
            .expression_attribute_names("#consumer", "consumer")
            .expression_attribute_names("#id", "id")
            .expression_attribute_values(":consumer", text(consumer))
            .expression_attribute_values(":first", text(first))
            .expression_attribute_values(":last", text(last))
    }

    /// Reads items of a table by their keys, eventually consistent.
    async fn some(&self, table: String, keys: Vec<Item>) -> Result<Vec<Item>, Error> {
        let mut found = Vec::new();
        for keys in keys.chunks(BATCH) {
            let keys = KeysAndAttributes::builder().set_keys(Some(keys.to_vec()));
            let keys = keys.build().map_err(built)?;
            let wanted = HashMap::from([(table.clone(), keys)]);
            found.extend(self.batch(wanted).await?.remove(&table).unwrap_or_default());
        }
        Ok(found)
    }

    /// Sends writes in batches, again those that DynamoDB leaves undone.
    async fn write_all(&self, mut writes: Vec<WriteRequest>) -> Result<(), Error> {
        let table = self.deliveries();
        let mut tries = 0;
        while !writes.is_empty() {
            let rest = writes.split_off(writes.len().min(BATCH));
            let batch = HashMap::from([(table.clone(), writes)]);
            let batch = self
                .client
                .batch_write_item()
                .set_request_items(Some(batch));
            let output = batch.send().await.map_err(|error| fault::of(&error))?;
            let mut undone = output.unprocessed_items.unwrap_or_default();
            writes = undone.remove(&table).unwrap_or_default();
            if !writes.is_empty() {
                tries += 1;
                if tries >= TRIES {
                    return Err(Error::unavailable("BatchWriteItem left writes undone"));
                }
                pause(tries).await;
            }
            writes.extend(rest);
        }
        Ok(())
    }
}

/// The item of an event, which expires at `expires_at` in seconds.
pub(super) fn event_item(event: &Envelope, expires_at: u64) -> Item {
    let body = serde_json::to_string(event).unwrap_or_default();
    Item::from([
        ("id".to_owned(), id(event.id)),
        ("type".to_owned(), text(event.event.kind().as_str())),
        ("body".to_owned(), text(body)),
        ("expires_at".to_owned(), number(expires_at)),
    ])
}

fn read_event(reader: &mut Reader<'_>) -> Result<KeptEvent, Error> {
    Ok(KeptEvent {
        body: reader.text("body")?,
        kind: reader.text("type")?,
        expires_at: reader.number("expires_at")?,
    })
}

fn put_request(item: Item) -> WriteRequest {
    let put = PutRequest::builder().set_item(Some(item)).build().ok();
    WriteRequest::builder().set_put_request(put).build()
}

fn delete_request(key: Item) -> WriteRequest {
    let delete = DeleteRequest::builder().set_key(Some(key)).build().ok();
    WriteRequest::builder().set_delete_request(delete).build()
}

async fn pause(tries: u32) {
    tokio::time::sleep(Duration::from_millis(40 * u64::from(tries))).await;
}
