//! The items that follow from the events of a batch: entries of the audit log, events that are kept for consumers, and
//! deliveries that wait.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use api::Definition;
use api::event::Envelope;
use api::settings::Settings;
use api::tables::{AUDIT, DELIVERIES, EVENTS};
use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};

use super::waiting::Waiting;
use super::{audit, queue};
use crate::item::Item;
use crate::tables::Store;

/// The most items of a request.
const MAX_ITEMS: usize = 25;

/// How often the items that DynamoDB leaves unwritten are sent.
const TRIES: u32 = 5;

/// An item that follows from an event. Its key follows from the event as well, so that it overwrites itself when a batch
/// comes again.
#[derive(Clone, Debug)]
pub enum Derived<'a> {
    /// The entry of the audit log.
    Audit(&'a Envelope),
    /// The event itself, for the consumers that want it.
    Event(&'a Envelope),
    /// A delivery that waits in the queue of a consumer.
    Delivery(Waiting),
}

/// Whether the audit log keeps an event: those of records only where the collection says so.
#[must_use]
pub fn is_audited<'a>(
    event: &Envelope,
    collection: &dyn Fn(&str) -> Option<&'a Definition>,
) -> bool {
    !event.event.kind().is_of_records()
        || collection(&event.subject.collection).is_some_and(|definition| definition.audit)
}

impl Store {
    /// Writes items, each with the place of the record that it follows from. Returns the places of the records of which
    /// an item was not written. 3 WRU an entry of the audit log, 1 a KB of an event, 1 a delivery.
    pub async fn write_derived(
        &self,
        items: &[(usize, Derived<'_>)],
        settings: &Settings,
    ) -> BTreeSet<usize> {
        let mut failed = BTreeSet::new();
        // A batch may not name a key twice; a record that came twice has the same items.
        let mut seen = BTreeSet::new();
        let items = items
            .iter()
            .map(|(place, derived)| (*place, self.derived_item(derived, settings)))
            .filter(|(_, (table, key, _))| seen.insert((table.clone(), key.clone())));
        let items: Vec<(usize, (String, String, Item))> = items.collect();
        for part in items.chunks(MAX_ITEMS) {
            let left = self.write_part(part).await;
            failed.extend(
                part.iter()
                    .filter(|(_, (table, key, _))| left.contains(&(table.clone(), key.clone())))
                    .map(|(place, _)| *place),
            );
            if !failed.is_empty() {
                // All that follows comes again with the record that failed.
                break;
            }
        }
        failed
    }

    /// The table of an item, its key as one text, and the item.
    fn derived_item(&self, derived: &Derived<'_>, settings: &Settings) -> (String, String, Item) {
        match derived {
            Derived::Audit(event) => {
                let item = audit::item(event, settings.audit.retention.duration());
                (self.table(AUDIT.name), event.id.to_string(), item)
            }
            Derived::Event(event) => {
                let until = event.at.after(settings.events.retention.duration());
                let item = queue::event_item(event, until.seconds());
                (self.table(EVENTS.name), event.id.to_string(), item)
            }
            Derived::Delivery(waiting) => {
                let key = format!("{} {}", waiting.consumer, waiting.key());
                (self.table(DELIVERIES.name), key, waiting.item())
            }
        }
    }

    /// Writes at most 25 items; returns the tables and keys of those that were not written.
    async fn write_part(
        &self,
        part: &[(usize, (String, String, Item))],
    ) -> BTreeSet<(String, String)> {
        let mut wanted: HashMap<String, Vec<WriteRequest>> = HashMap::new();
        for (_, (table, _, item)) in part {
            let put = PutRequest::builder().set_item(Some(item.clone())).build();
            let request = WriteRequest::builder().set_put_request(put.ok()).build();
            wanted.entry(table.clone()).or_default().push(request);
        }
        for tries in 1..=TRIES {
            let batch = self.client.batch_write_item();
            let sent = batch.set_request_items(Some(wanted.clone())).send().await;
            // The SDK has tried a failed request again by itself.
            let Ok(output) = sent else { break };
            wanted = output.unprocessed_items.unwrap_or_default();
            wanted.retain(|_, requests| !requests.is_empty());
            if wanted.is_empty() {
                return BTreeSet::new();
            }
            tokio::time::sleep(Duration::from_millis(40 * u64::from(tries))).await;
        }
        let unwritten = |table: &str, item: &Item| {
            let requests = wanted.get(table).into_iter().flatten();
            let mut puts = requests.filter_map(|request| request.put_request.as_ref());
            puts.any(|put| put.item == *item)
        };
        part.iter()
            .filter(|(_, (table, _, item))| unwritten(table, item))
            .map(|(_, (table, key, _))| (table.clone(), key.clone()))
            .collect()
    }
}
