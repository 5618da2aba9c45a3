//! The number of acting admins, which changes in the transactions that make and unmake them.

use api::Error;
use api::tables::USERS;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};

use crate::fault::built;
use crate::item::{Reader, number, text};
use crate::tables::Store;

/// The key of the number of acting admins.
pub(crate) const ADMINS: &str = "#admins";

impl Store {
    /// Counts one more admin, in the transaction that makes the admin. The count is never removed, so a first admin is
    /// one without it.
    pub(super) fn count_admin(&self, first: bool) -> Result<TransactWriteItem, Error> {
        let mut update = Update::builder()
            .table_name(self.users())
            .key("id", text(ADMINS))
            .update_expression("ADD #count :one")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":one", number(1));
        if first {
            update = update.condition_expression("attribute_not_exists(#count)");
        }
        Ok(TransactWriteItem::builder()
            .update(update.build().map_err(built)?)
            .build())
    }

    /// Whether there is more than one admin. Strongly consistent: 1 RRU.
    pub(super) async fn has_another_admin(&self) -> Result<bool, Error> {
        let item = self.users_item(ADMINS.to_owned()).await?;
        let count =
            item.and_then(|mut item| Reader::new(USERS.name, &mut item).optional_number("count"));
        Ok(count.is_some_and(|count| count > 1))
    }

    /// Counts one admin less, on condition that another is left.
    pub(super) fn discount_admin(&self) -> Result<TransactWriteItem, Error> {
        let update = Update::builder()
            .table_name(self.users())
            .key("id", text(ADMINS))
            .update_expression("ADD #count :less")
            .condition_expression("#count > :one")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":less", number(-1))
            .expression_attribute_values(":one", number(1));
        Ok(TransactWriteItem::builder()
            .update(update.build().map_err(built)?)
            .build())
    }
}
