//! The API keys of an admin who leaves: they are settled in the transaction that takes the rights away.

use api::Error;
use auth::leaver::{KeysOfLeaver, settle};
use auth::{ApiKey, User, Writer};
use aws_sdk_dynamodb::types::{ConditionCheck, Delete, TransactWriteItem};

use super::api_keys::{MADE, api_key_key, key_of};
use super::parts::{Part, Parts};
use crate::fault::built;
use crate::item::number;
use crate::send::Unsent;
use crate::tables::Store;

/// The most items of a transaction.
const MOST_ITEMS: usize = 100;

impl Store {
    /// The parts that settle the keys which a leaving admin has made or rotated, where a transaction already has `taken`
    /// items. A key that is made meanwhile fails the condition. Keys beyond what the transaction takes are deleted before
    /// it.
    ///
    /// # Errors
    /// `users/has-api-keys`, `common/unavailable`, `common/internal`.
    pub(super) async fn parts_of_leaver(
        &self,
        user: &User,
        answer: Option<KeysOfLeaver>,
        taken: usize,
        writer: &Writer,
    ) -> Result<Parts, Error> {
        if answer == Some(KeysOfLeaver::Keep) {
            return Ok(Parts::new());
        }
        let (made, keys) = self.made_and_kept().await?;
        let own = keys.into_iter().filter(|key| key.is_known_to(user.id));
        let mut keys = settle(answer, own.collect(), writer.now)?;
        let room = MOST_ITEMS.saturating_sub(taken + 1);
        let beyond = keys.split_off(room.min(keys.len()));
        self.delete_before(&beyond, writer).await?;

        let mut parts = vec![(Part::KeysMade, self.no_key_was_made(made)?)];
        for key in &keys {
            parts.push((Part::Key, self.delete_key(key)?));
        }
        Ok(parts)
    }

    async fn delete_before(&self, keys: &[ApiKey], writer: &Writer) -> Result<(), Error> {
        for some in keys.chunks(MOST_ITEMS) {
            let items = some.iter().map(|key| self.delete_key(key));
            let items = items.collect::<Result<Vec<_>, _>>()?;
            let first = some.first().map(|key| key.id.to_string());
            let first = first.unwrap_or_default().replace('-', "");
            let token = format!("{first}{}", some.len());
            match self.send_items(&items, &token, writer).await {
                Ok(_) => {}
                Err(Unsent::TooLarge(_)) => return Err(Error::internal("a deletion is too large")),
                Err(Unsent::Fault(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// Deletes a key, there or not: another request may have been faster.
    fn delete_key(&self, key: &ApiKey) -> Result<TransactWriteItem, Error> {
        let delete = Delete::builder()
            .table_name(self.api_keys())
            .set_key(Some(api_key_key(key.id)));
        Ok(TransactWriteItem::builder()
            .delete(delete.build().map_err(built)?)
            .build())
    }

    /// The condition that no key was made since `made` was read.
    fn no_key_was_made(&self, made: Option<u64>) -> Result<TransactWriteItem, Error> {
        let check = ConditionCheck::builder()
            .table_name(self.api_keys())
            .set_key(Some(key_of(MADE)))
            .expression_attribute_names("#made", "made");
        let check = match made {
            Some(made) => check
                .condition_expression("#made = :made")
                .expression_attribute_values(":made", number(made)),
            None => check.condition_expression("attribute_not_exists(#made)"),
        };
        Ok(TransactWriteItem::builder()
            .condition_check(check.build().map_err(built)?)
            .build())
    }
}
