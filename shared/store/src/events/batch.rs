//! A batch of stream records, read.

use api::event::Envelope;
use serde_json::Value;

use super::stream::{StreamRecord, World, events_of};
use crate::accounts::sessions::RECOVERY_LEFT;

/// The events of a batch of records.
#[derive(Debug, Default)]
pub struct Batch {
    /// The sequence number of each record, by which Lambda is told that it has to come again.
    pub numbers: Vec<String>,
    /// The events, each with the place of its record.
    pub events: Vec<(usize, Envelope)>,
    /// The reasons why records were passed over.
    pub unfit: Vec<String>,
}

/// The address of a user before a change, unless the account was deleted before.
#[must_use]
pub fn old_address(record: &Value) -> Option<&str> {
    let old = &record["dynamodb"]["OldImage"];
    let address = old["email"]["S"].as_str();
    address.filter(|_| old["deleted_at"].is_null())
}

/// How many recovery codes were left when a session began by one.
#[must_use]
pub fn recovery_left(record: &Value) -> Option<&str> {
    record["dynamodb"]["NewImage"][RECOVERY_LEFT]["N"].as_str()
}

/// Reads the records of a batch, as Lambda hands them over. A record that no rule fits is passed over.
#[must_use]
pub fn read_batch(records: &[Value], world: &World<'_>) -> Batch {
    let mut batch = Batch::default();
    for (place, record) in records.iter().enumerate() {
        let number = record["dynamodb"]["SequenceNumber"].as_str();
        batch.numbers.push(number.unwrap_or_default().to_owned());
        let events = StreamRecord::read(record).and_then(|record| events_of(&record, world));
        match events {
            Ok(events) => batch
                .events
                .extend(events.into_iter().map(|event| (place, event))),
            Err(unfit) => batch.unfit.push(unfit.to_string()),
        }
    }
    batch
}
