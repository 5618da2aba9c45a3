//! Removes keys, names and reservations that no definition declares any more.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use api::{Code, Error};
use aws_sdk_dynamodb::types::{AttributeValue, GlobalSecondaryIndexDescription};

use super::backfill::{Backfill, Found, Placeholders, TRIES, carried, key_of, pause};
use crate::fault;
use crate::item::{Item, text};
use crate::records::index::INDEXED;
use crate::records::reservation;

impl Backfill {
    /// The names of this run that the stack uses: indexes that the table has, and unique fields that every writer keeps.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn in_use(&self) -> Result<Vec<String>, Error> {
        let described = self.client.describe_table().table_name(&self.table);
        let described = described.send().await.map_err(|error| fault::of(&error))?;
        let indexes = described
            .table
            .and_then(|table| table.global_secondary_indexes)
            .unwrap_or_default();
        let kept = self.kept().names().await?.unwrap_or_default();
        let mut used = self.names.clone();
        used.retain(|name| {
            let is_name =
                |index: &GlobalSecondaryIndexDescription| index.index_name() == Some(name);
            indexes.iter().any(is_name) || (name.starts_with("unique.") && kept.contains(name))
        });
        Ok(used)
    }

    /// Removes the keys and names of indexes that the table does not have, and the reservations of fields that are not
    /// unique. It goes from the oldest record on. An index or field that is declared again must not find its old data.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn clear(self: &Arc<Self>) -> Result<Found, Error> {
        self.kept().remove(self.names.clone()).await?;
        for field in self
            .names
            .iter()
            .filter_map(|name| name.strip_prefix("unique."))
        {
            for shard in reservation::SHARDS {
                self.clear_reservations(shard, field).await?;
            }
        }
        self.each_shard(Self::clear_shard).await
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
        let mut expression = Placeholders::default();
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
                // The record was removed meanwhile.
                Err(error) if fault::failed_condition(&error).is_some() => return Ok(()),
                Err(error) => match fault::of(&error) {
                    error if error.code == Code::Unavailable => pause(attempt).await,
                    error => return Err(error),
                },
            }
        }
        Err(Error::unavailable("the table was busy all the time"))
    }

    /// Removes the reservations of a field from one of the shards that hold reservations.
    async fn clear_reservations(&self, shard: u16, field: &str) -> Result<(), Error> {
        let mut from = None;
        loop {
            let query = self
                .all(shard)
                .key_condition_expression("#shard = :shard AND begins_with(#id, :prefix)")
                .expression_attribute_names("#id", "id")
                .expression_attribute_values(":prefix", text(reservation::prefix(field) + "#"));
            let (items, next) = self.query(query, from).await?;
            for item in items {
                if self.is_stopped() {
                    return Ok(());
                }
                self.clear_reservation(&item).await?;
            }
            match next {
                Some(key) => from = Some(key),
                None => return Ok(()),
            }
        }
    }

    async fn clear_reservation(&self, item: &Item) -> Result<(), Error> {
        for attempt in 0..TRIES {
            let delete = self
                .client
                .delete_item()
                .table_name(&self.table)
                .set_key(Some(key_of(item)));
            match delete.send().await {
                Ok(_) => return Ok(()),
                Err(error) => match fault::of(&error) {
                    error if error.code == Code::Unavailable => pause(attempt).await,
                    error => return Err(error),
                },
            }
        }
        Err(Error::unavailable("the table was busy all the time"))
    }
}
