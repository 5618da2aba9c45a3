//! Sends writes to DynamoDB, again while other requests are at the same items. Failed conditions are returned by their
//! places.

use std::time::Duration;

use api::{Code, Error};
use auth::Writer;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem, Update};

use crate::fault;
use crate::fault::Cancelled;
use crate::item::Item;
use crate::tables::Store;

/// The most tries of a write that collides with others.
pub(crate) const TRIES: u32 = 6;

/// The reason why nothing was written, other than a condition.
#[derive(Debug)]
pub(crate) enum Unsent {
    /// The item at this place would be too large.
    TooLarge(usize),
    /// Something else.
    Fault(Error),
}

impl Store {
    /// Sends items all or nothing, a single put or update as a plain write, again while others are at the same items.
    /// Returns the conditions that failed, each by its place and with the item that it found.
    pub(crate) async fn send_items(
        &self,
        items: &[TransactWriteItem],
        token: &str,
        writer: &Writer,
    ) -> Result<Vec<(usize, Option<Item>)>, Unsent> {
        let is_plain = matches!(
            items,
            [TransactWriteItem {
                delete: None,
                condition_check: None,
                ..
            }]
        );
        self.send_as(items, (token, is_plain), writer).await
    }

    /// The same as a transaction whatever it holds: where a reply is lost, the token tells the SDK's own retry from another
    /// request.
    pub(crate) async fn send_once(
        &self,
        items: &[TransactWriteItem],
        token: &str,
        writer: &Writer,
    ) -> Result<Vec<(usize, Option<Item>)>, Unsent> {
        self.send_as(items, (token, false), writer).await
    }

    async fn send_as(
        &self,
        items: &[TransactWriteItem],
        (token, is_plain): (&str, bool),
        writer: &Writer,
    ) -> Result<Vec<(usize, Option<Item>)>, Unsent> {
        for tries in 1..=TRIES {
            let cancelled = match items {
                [TransactWriteItem { put: Some(put), .. }] if is_plain => {
                    self.put_one(put.clone()).await
                }
                [
                    TransactWriteItem {
                        update: Some(update),
                        ..
                    },
                ] if is_plain => self.update_one(update.clone()).await.map(|_| ()),
                _ => {
                    let transaction = self
                        .client
                        .transact_write_items()
                        .set_transact_items(Some(items.to_vec()));
                    let sent = transaction.client_request_token(token).send().await;
                    sent.map(|_| ()).map_err(fault::of_transaction)
                }
            };
            match cancelled {
                Ok(()) => return Ok(Vec::new()),
                Err(Cancelled::Conditions(failed)) => return Ok(failed),
                Err(Cancelled::TooLarge(at)) => return Err(Unsent::TooLarge(at)),
                Err(Cancelled::Fault(error)) => return Err(Unsent::Fault(error)),
                Err(Cancelled::Conflict) => pause(writer, tries).await,
            }
        }
        Err(Unsent::Fault(Error::unavailable("transaction conflict")))
    }

    /// Sends one conditional put.
    pub(crate) async fn put_one(&self, put: Put) -> Result<(), Cancelled> {
        let put = self
            .client
            .put_item()
            .table_name(put.table_name)
            .set_item(Some(put.item))
            .set_condition_expression(put.condition_expression)
            .set_expression_attribute_names(put.expression_attribute_names)
            .set_expression_attribute_values(put.expression_attribute_values)
            .set_return_values_on_condition_check_failure(
                put.return_values_on_condition_check_failure,
            );
        put.send()
            .await
            .map(|_| ())
            .map_err(|error| fault::of_write(&error, fault::failed_put(&error)))
    }

    /// Sends one conditional deletion.
    pub(crate) async fn delete_one(&self, delete: Delete) -> Result<(), Cancelled> {
        let delete = self
            .client
            .delete_item()
            .table_name(delete.table_name)
            .set_key(Some(delete.key))
            .set_condition_expression(delete.condition_expression)
            .set_expression_attribute_names(delete.expression_attribute_names)
            .set_expression_attribute_values(delete.expression_attribute_values);
        delete
            .send()
            .await
            .map(|_| ())
            .map_err(|error| fault::of_write(&error, fault::failed_delete(&error)))
    }

    /// Sends one conditional update; returns the item after it.
    async fn update_one(&self, update: Update) -> Result<Option<Item>, Cancelled> {
        let update = self
            .client
            .update_item()
            .table_name(update.table_name)
            .set_key(Some(update.key))
            .update_expression(update.update_expression)
            .set_condition_expression(update.condition_expression)
            .set_expression_attribute_names(update.expression_attribute_names)
            .set_expression_attribute_values(update.expression_attribute_values)
            .set_return_values_on_condition_check_failure(
                update.return_values_on_condition_check_failure,
            )
            .return_values(aws_sdk_dynamodb::types::ReturnValue::AllNew);
        let sent = update.send().await;
        sent.map(|output| output.attributes)
            .map_err(|error| fault::of_write(&error, fault::failed_condition(&error)))
    }

    /// Sends one update again while transactions are at the same record; `None` when its condition failed for good.
    pub(crate) async fn update_alone(
        &self,
        update: Update,
        writer: &Writer,
    ) -> Result<Result<Item, Option<Item>>, Error> {
        for tries in 1..=TRIES {
            match self.update_one(update.clone()).await {
                Ok(item) => {
                    return item
                        .map(Ok)
                        .ok_or_else(|| Error::internal("no attributes returned"));
                }
                Err(Cancelled::Conditions(failed)) => {
                    return Ok(Err(failed.into_iter().next().and_then(|(_, item)| item)));
                }
                Err(Cancelled::TooLarge(_)) => return Err(Code::RecordTooLarge.into()),
                Err(Cancelled::Fault(error)) => return Err(error),
                Err(Cancelled::Conflict) => pause(writer, tries).await,
            }
        }
        Err(Error::unavailable("transaction conflict"))
    }
}

/// Waits before another try, longer each time. Writers that collide would collide again: the wait depends on the
/// writer.
pub(crate) async fn pause(writer: &Writer, tries: u32) {
    let own = writer.rev.bytes().fold(u64::from(tries), |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(byte.into())
    });
    let most = 40 * u64::from(tries);
    tokio::time::sleep(Duration::from_millis(10 + own % most)).await;
}
