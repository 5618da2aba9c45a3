//! The looks of an operator at the tables of a stack: whether they are there, how large they are, and which indexes lack
//! records.

use api::Error;
use api::tables::USERS;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;

use super::backfill::{Backfill, carried};
use crate::fault;
use crate::tables::Store;

/// The state of a table, as DynamoDB tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableState {
    /// `ACTIVE`, or another word of DynamoDB.
    pub status: String,
    /// How many items it has; DynamoDB counts every six hours.
    pub items: u64,
    /// Their bytes, counted at the same time.
    pub bytes: u64,
    /// The indexes, each with its state.
    pub indexes: Vec<(String, String)>,
}

impl Store {
    /// The name of the table of users, if DynamoDB says that there is none: the stack or the region is another one.
    pub async fn missing_table(&self) -> Option<String> {
        let table = self.table(USERS.name);
        let described = self.client.describe_table().table_name(&table).send().await;
        // Any other trouble is told by the command itself.
        let error = described.err()?;
        let is_missing = error
            .as_service_error()
            .is_some_and(DescribeTableError::is_resource_not_found_exception);
        is_missing.then_some(table)
    }

    /// The state of the table of this name, without the prefix; `None` where there is none.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn table_state(&self, name: &str) -> Result<Option<TableState>, Error> {
        let describe = self.client.describe_table().table_name(self.table(name));
        let described = match describe.send().await {
            Ok(described) => described.table,
            Err(error) => match error.as_service_error() {
                Some(service) if service.is_resource_not_found_exception() => None,
                _ => return Err(fault::of(&error)),
            },
        };
        Ok(described.map(|table| {
            let count = |number: Option<i64>| number.and_then(|it| it.try_into().ok());
            let indexes = table.global_secondary_indexes.unwrap_or_default();
            let indexes = indexes.into_iter().map(|index| {
                let status = index.index_status.map(|it| it.as_str().to_owned());
                let name = index.index_name.unwrap_or_default();
                (name, status.unwrap_or_default())
            });
            TableState {
                status: table
                    .table_status
                    .map_or_else(String::new, |it| it.as_str().to_owned()),
                items: count(table.item_count).unwrap_or_default(),
                bytes: count(table.table_size_bytes).unwrap_or_default(),
                indexes: indexes.collect(),
            }
        }))
    }
}

impl Backfill {
    /// The names of this run that do not hold every record yet. Some writer has not kept them, or the oldest record of a
    /// shard lacks them. 1 RRU, and 1 or a little more for each shard.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn unfilled(&self) -> Result<Vec<String>, Error> {
        let kept = self.kept().names().await?;
        let mut lacking = self.names.clone();
        lacking.retain(|name| kept.as_ref().is_some_and(|kept| !kept.contains(name)));
        for shard in 0..self.definition.shards {
            let Some(oldest) = self.oldest(shard).await? else {
                continue;
            };
            let carried = carried(&oldest);
            let missing = self.names.iter().filter(|name| !carried.contains(*name));
            lacking.extend(missing.cloned());
        }
        lacking.sort_unstable();
        lacking.dedup();
        Ok(lacking)
    }
}
