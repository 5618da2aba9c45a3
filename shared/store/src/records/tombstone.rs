//! Tombstones: a deletion makes one, which names its actor in the stream and is found by a retry of a lost reply. The
//! same request then removes it, because every list would read over it.

use std::sync::Arc;

use api::{Definition, Error, Id};
use auth::Writer;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use tokio::task::JoinSet;

use crate::fault::{Cancelled, failed_delete, of_write};
use crate::item::{Item, id, number, text};
use crate::send::{TRIES, pause};
use crate::tables::Store;

/// The life of a tombstone that its request could not remove, in seconds: longer than any retry of a delete.
pub(super) const LIFE: u64 = 3600;

/// The most tombstones that are removed at the same time: each may take a connection of its own.
const AT_ONCE: usize = 10;

pub(crate) fn is_tombstone(item: &Item) -> bool {
    item.contains_key("deleted_at")
}

impl Store {
    /// Removes the tombstones that this writer has made. 1 WRU each.
    ///
    /// The records are deleted already, so a fault is no failure of the request: it ends the removal, and TTL removes
    /// the remains.
    pub(super) async fn remove_tombstones(
        &self,
        definition: &Definition,
        records: &[Id],
        writer: &Writer,
    ) {
        let writer = Arc::new(writer.clone());
        for records in records.chunks(AT_ONCE) {
            let mut removals = JoinSet::new();
            for record in records {
                let removal = self.removal(definition, *record, &writer);
                removals.spawn(remove(removal, Arc::clone(&writer)));
            }
            while let Some(done) = removals.join_next().await {
                if !matches!(done, Ok(Ok(()))) {
                    return;
                }
            }
        }
    }

    /// Removes the tombstone of this write alone: never a record that an operator has brought back under its id.
    fn removal(
        &self,
        definition: &Definition,
        record: Id,
        writer: &Writer,
    ) -> DeleteItemFluentBuilder {
        self.client
            .delete_item()
            .table_name(self.table(&definition.name))
            .key("shard", number(record.shard()))
            .key("id", id(record))
            .condition_expression("attribute_exists(#deleted) AND #rev = :rev")
            .expression_attribute_names("#deleted", "deleted_at")
            .expression_attribute_names("#rev", "rev")
            .expression_attribute_values(":rev", text(&writer.rev))
    }
}

/// Sends a removal, again while transactions are at the same item. A condition that fails means that there is nothing
/// to remove.
async fn remove(removal: DeleteItemFluentBuilder, writer: Arc<Writer>) -> Result<(), Error> {
    for tries in 1..=TRIES {
        let Err(error) = removal.clone().send().await else {
            return Ok(());
        };
        match of_write(&error, failed_delete(&error)) {
            Cancelled::Conditions(_) => return Ok(()),
            Cancelled::Fault(error) => return Err(error),
            Cancelled::TooLarge(_) => return Err(Error::internal("a removal is too large")),
            Cancelled::Conflict => pause(&writer, tries).await,
        }
    }
    Err(Error::unavailable("transaction conflict"))
}
