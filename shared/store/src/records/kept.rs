//! The names of indexes and unique fields that every writer of a collection has kept.
//!
//! One item beside the records holds them. Code whose definition lacks one of these names takes it out before its first
//! write, and a fill puts the filled names in. So an index that is removed and added again is not ready before it is
//! filled, although its old names are still in the records.

use std::sync::PoisonError;

use api::{Definition, Error};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;

use super::index;
use super::reservation;
use crate::fault;
use crate::item::{Item, number, text};
use crate::tables::Store;

/// The partition behind those of the reservations.
const SHARD: u16 = reservation::SHARDS.end;
const ID: &str = "#kept";
/// The attribute that holds the names. It is missing where none is left.
const NAMES: &str = "names";

fn key() -> Item {
    Item::from([
        ("shard".to_owned(), number(SHARD)),
        ("id".to_owned(), text(ID)),
    ])
}

/// The item of one collection's table.
pub(crate) struct Kept<'a> {
    pub(crate) client: &'a Client,
    pub(crate) table: String,
}

impl Kept<'_> {
    /// The names; `None` before the first write to the collection.
    pub(crate) async fn names(&self) -> Result<Option<Vec<String>>, Error> {
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key()))
            .consistent_read(true);
        let found = get.send().await.map_err(|error| fault::of(&error))?;
        Ok(found.item.map(|item| match item.get(NAMES) {
            Some(AttributeValue::Ss(names)) => names.clone(),
            _ => Vec::new(),
        }))
    }

    /// Makes the item; `false` where it exists.
    pub(crate) async fn make(&self, names: Vec<String>) -> Result<bool, Error> {
        self.change("SET #names = :names", "attribute_not_exists(#id)", names)
            .await
    }

    /// Puts names in; `false` where there is no item.
    pub(crate) async fn add(&self, names: Vec<String>) -> Result<bool, Error> {
        self.change("ADD #names :names", "attribute_exists(#id)", names)
            .await
    }

    /// Takes names out; `false` where there is no item.
    pub(crate) async fn remove(&self, names: Vec<String>) -> Result<bool, Error> {
        self.change("DELETE #names :names", "attribute_exists(#id)", names)
            .await
    }

    /// Changes the item on a condition, and returns whether it held. No set is empty in DynamoDB: without names the item
    /// alone is made.
    async fn change(
        &self,
        change: &str,
        condition: &str,
        names: Vec<String>,
    ) -> Result<bool, Error> {
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key()))
            .condition_expression(condition)
            .expression_attribute_names("#id", "id");
        if !names.is_empty() {
            update = update
                .update_expression(change)
                .expression_attribute_names("#names", NAMES)
                .expression_attribute_values(":names", AttributeValue::Ss(names));
        }
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) if fault::failed_condition(&error).is_some() => Ok(false),
            Err(error) => Err(fault::of(&error)),
        }
    }
}

impl Store {
    pub(super) fn kept(&self, definition: &Definition) -> Kept<'_> {
        Kept {
            client: &self.client,
            table: self.table(&definition.name),
        }
    }

    /// Takes the names out that this definition lacks, before the first write of this instance to the collection. That
    /// costs 1 request and 1 RRU, and 1 WRU where the item changes; every later write costs nothing.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub(super) async fn keep(&self, definition: &Definition) -> Result<(), Error> {
        let known = || self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
        if known().contains(&definition.name) {
            return Ok(());
        }
        let (kept, declared) = (self.kept(definition), index::names(definition));
        let mut found = kept.names().await?;
        if found.is_none() && !kept.make(declared.clone()).await? {
            // Another instance made it in between, perhaps one of other code.
            found = kept.names().await?;
        }
        let mut lost = found.unwrap_or_default();
        lost.retain(|name| !declared.contains(name));
        if !lost.is_empty() {
            kept.remove(lost).await?;
        }
        known().insert(definition.name.clone());
        Ok(())
    }
}
