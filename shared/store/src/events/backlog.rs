//! The deliveries of a consumer that wait or are parked: the first of them, and how many there are.

use api::event::Consumer;
use api::tables::DELIVERIES;
use api::{Error, Timestamp};
use auth::webhook::lease::First;
use aws_sdk_dynamodb::types::Select;

use super::waiting::{PARKED, WAITING, read};
use crate::fault;
use crate::item::{Reader, number};
use crate::tables::Store;

/// The most waiting deliveries that are counted.
const MAX_COUNTED: i32 = 1000;

/// The counts of a consumer's waiting deliveries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// All of them.
    pub waiting: u64,
    /// Those that have failed at least once.
    pub failed: u64,
}

impl Store {
    /// Reads the first waiting delivery of a consumer. 0.5 RRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn first_waiting(&self, consumer: &Consumer) -> Result<Option<First>, Error> {
        let query = self.range(&consumer.to_string(), WAITING, &format!("{WAITING}~"));
        let output = query.limit(1).send().await;
        let items = output.map_err(|error| fault::of(&error))?.items;
        let first = items.unwrap_or_default().into_iter().next().map(read);
        Ok(first.transpose()?.map(|waiting| First {
            due: waiting.due,
            asked: waiting.asked,
        }))
    }

    /// Counts the waiting deliveries of a consumer, up to 1,000. 0.5 RRU per 4 KB.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn count_waiting(&self, consumer: &Consumer) -> Result<u64, Error> {
        let query = self.range(&consumer.to_string(), WAITING, &format!("{WAITING}~"));
        let query = query.select(Select::Count).limit(MAX_COUNTED);
        let output = query.send().await.map_err(|error| fault::of(&error))?;
        Ok(u64::try_from(output.count).unwrap_or_default())
    }

    /// Counts the parked deliveries of a consumer, up to 1,000. 0.5 RRU per 4 KB.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn count_parked(&self, consumer: &Consumer, now: Timestamp) -> Result<u64, Error> {
        let query = self
            .range(&consumer.to_string(), PARKED, &format!("{PARKED}~"))
            // TTL removes an item up to days after its end.
            .filter_expression("#expires > :now")
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_values(":now", number(now.seconds()))
            .select(Select::Count)
            .limit(MAX_COUNTED);
        let output = query.send().await.map_err(|error| fault::of(&error))?;
        Ok(u64::try_from(output.count).unwrap_or_default())
    }

    /// Counts the waiting deliveries of a consumer, and those that have failed, up to 1,000. 0.5 RRU per 4 KB.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn backlog(&self, consumer: &Consumer) -> Result<Backlog, Error> {
        let query = self.range(&consumer.to_string(), WAITING, &format!("{WAITING}~"));
        let query = query
            .projection_expression("#attempts")
            .expression_attribute_names("#attempts", "attempts")
            .limit(MAX_COUNTED);
        let output = query.send().await.map_err(|error| fault::of(&error))?;
        let mut backlog = Backlog::default();
        for mut item in output.items.unwrap_or_default() {
            let attempts = Reader::new(DELIVERIES.name, &mut item).number("attempts")?;
            backlog.waiting += 1;
            backlog.failed += u64::from(attempts > 0);
        }
        Ok(backlog)
    }
}
