//! `_api_keys`: the identities of apps and servers.
//!
//! All keys lie under one `kind`, so that a list is one query. Beside them lies the count of secrets ever made, by
//! creates and rotations. A create counts the present keys and fails if another secret was made meanwhile.

use std::time::Duration;

use api::event::Reason;
use api::tables::API_KEYS;
use api::{Code, Error, Id};
use auth::user::ADMIN;
use auth::{ApiKey, Writer};
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    Update,
};

use super::key_items::{KIND, api_key_key, item, key_of, read_api_key};
use super::stamp::{self, CHANGE};
use crate::fault;
use crate::fault::{Cancelled, built};
use crate::item::{Reader, id, number, text, time};
use crate::tables::Store;

/// The id of the count of secrets ever made. No key's id begins with `#`, and in the order of ids it is the first.
pub(super) const MADE: &str = "#made";

/// The most keys there may be.
pub const MAX_API_KEYS: usize = 100;

/// The most tries of a transaction that collides with others.
const TRIES: u32 = 10;

impl Store {
    /// Lists every key, newest first. Strongly consistent: 1 RRU per 4 KB.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn list_api_keys(&self) -> Result<Vec<ApiKey>, Error> {
        let (_, mut keys) = self.made_and_kept().await?;
        keys.reverse();
        Ok(keys)
    }

    /// The number of secrets ever made, and the present keys, oldest first. The count is read first: a secret that is
    /// made meanwhile changes it.
    pub(super) async fn made_and_kept(&self) -> Result<(Option<u64>, Vec<ApiKey>), Error> {
        let (mut made, mut keys, mut start) = (None, Vec::new(), None);
        loop {
            let query = self
                .client
                .query()
                .table_name(self.api_keys())
                .key_condition_expression("#kind = :kind")
                .expression_attribute_names("#kind", "kind")
                .expression_attribute_values(":kind", text(KIND))
                .consistent_read(true)
                .set_exclusive_start_key(start);
            let output = query.send().await.map_err(|error| fault::of(&error))?;
            for mut item in output.items.unwrap_or_default() {
                match item.get("id") {
                    Some(AttributeValue::S(id)) if id == MADE => {
                        made = Some(Reader::new(API_KEYS.name, &mut item).number("made")?);
                    }
                    _ => keys.extend(read_api_key(item)?),
                }
            }
            start = output.last_evaluated_key;
            if start.is_none() {
                return Ok((made, keys));
            }
        }
    }

    /// Stores a new key, unless `MAX_API_KEYS` exist, on condition that its maker is still an admin. 1 RRU per 4 KB of
    /// keys, 6 WRU.
    ///
    /// # Errors
    /// `auth/forbidden`, `keys/limit-reached`, `common/unavailable`, `common/internal`.
    pub async fn create_api_key(&self, key: &ApiKey, writer: &Writer) -> Result<(), Error> {
        let change = stamp::change(writer, Reason::Create, None);
        for tries in 1..=TRIES {
            let (made, keys) = self.made_and_kept().await?;
            // A retry after a lost reply finds its own key.
            if keys.iter().any(|kept| kept.id == key.id) {
                return Ok(());
            }
            if keys.len() >= MAX_API_KEYS {
                return Err(Code::ApiKeyLimit.into());
            }
            let put = Put::builder()
                .table_name(self.api_keys())
                .set_item(Some(item(key, change.clone())))
                .build()
                .map_err(built)?;
            let count = self.count_made(made)?;
            let writes = vec![
                self.is_admin(key.created_by)?,
                TransactWriteItem::builder().put(put).build(),
                TransactWriteItem::builder().update(count).build(),
            ];
            let transaction = self
                .client
                .transact_write_items()
                .set_transact_items(Some(writes));
            match transaction.send().await.map_err(fault::of_transaction) {
                Ok(_) => return Ok(()),
                // The maker is no longer an admin: the keys have been settled.
                Err(Cancelled::Conditions(failed)) if failed.iter().any(|(at, _)| *at == 0) => {
                    return Err(Code::Forbidden.into());
                }
                // Another request has made a secret.
                Err(Cancelled::Conditions(_) | Cancelled::Conflict) => pause(tries).await,
                Err(Cancelled::TooLarge(_)) => {
                    return Err(Error::internal("an API key is too large"));
                }
                Err(Cancelled::Fault(fault)) => return Err(fault),
            }
        }
        Err(Error::unavailable("others make API keys at the same time"))
    }

    /// Counts one more secret, on condition that none was made since `made` was read.
    fn count_made(&self, made: Option<u64>) -> Result<Update, Error> {
        let update = Update::builder()
            .table_name(self.api_keys())
            .set_key(Some(key_of(MADE)))
            .update_expression("SET #made = :next")
            .expression_attribute_names("#made", "made")
            .expression_attribute_values(
                ":next",
                number(made.unwrap_or_default().saturating_add(1)),
            );
        let update = match made {
            Some(made) => update
                .condition_expression("#made = :made")
                .expression_attribute_values(":made", number(made)),
            None => update.condition_expression("attribute_not_exists(#made)"),
        };
        update.build().map_err(built)
    }

    /// The condition that a user is an acting admin.
    fn is_admin(&self, user: Id) -> Result<TransactWriteItem, Error> {
        let check = ConditionCheck::builder()
            .table_name(self.users())
            .key("id", id(user))
            .condition_expression(
                "#role = :admin AND attribute_not_exists(#deleted) AND (attribute_not_exists(#disabled) OR #disabled = :no)",
            )
            .expression_attribute_names("#role", "role")
            .expression_attribute_names("#deleted", "deleted_at")
            .expression_attribute_names("#disabled", "disabled")
            .expression_attribute_values(":admin", text(ADMIN))
            .expression_attribute_values(":no", AttributeValue::Bool(false));
        Ok(TransactWriteItem::builder()
            .condition_check(check.build().map_err(built)?)
            .build())
    }

    /// Reads a key. Strongly consistent: 1 RRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn api_key(&self, key: Id) -> Result<Option<ApiKey>, Error> {
        let get = self
            .client
            .get_item()
            .table_name(self.api_keys())
            .set_key(Some(api_key_key(key)));
        let item = get
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault::of(&error))?
            .item;
        Ok(item.map(read_api_key).transpose()?.flatten())
    }

    /// Replaces the hash of a key that was read: from then on the old secret is void. The condition is that the writer is
    /// still an admin. `None` where the key is gone. 6 WRU: the secret is counted, so that an admin who leaves at the same
    /// time takes none along.
    ///
    /// # Errors
    /// `auth/forbidden`, `common/unavailable`, `common/internal`.
    pub async fn rotate_api_key(
        &self,
        key: ApiKey,
        hash: &str,
        by: Id,
        writer: &Writer,
    ) -> Result<Option<ApiKey>, Error> {
        let mut key = key;
        for tries in 1..=TRIES {
            let update = Update::builder()
                .table_name(self.api_keys())
                .set_key(Some(api_key_key(key.id)))
                .update_expression(
                    "SET #hash = :hash, #rotated = :now, #by = :by, #change = :change",
                )
                .condition_expression("#hash = :old")
                .expression_attribute_names("#hash", "hash")
                .expression_attribute_names("#rotated", "rotated_at")
                .expression_attribute_names("#by", "rotated_by")
                .expression_attribute_names("#change", CHANGE)
                .expression_attribute_values(":by", id(by))
                .expression_attribute_values(":old", text(&key.hash))
                .expression_attribute_values(":hash", text(hash))
                .expression_attribute_values(":now", time(writer.now))
                .expression_attribute_values(":change", stamp::change(writer, Reason::Rotate, None))
                .return_values_on_condition_check_failure(
                    ReturnValuesOnConditionCheckFailure::AllOld,
                )
                .build()
                .map_err(built)?;
            let count = Update::builder()
                .table_name(self.api_keys())
                .set_key(Some(key_of(MADE)))
                .update_expression("ADD #made :one")
                .expression_attribute_names("#made", "made")
                .expression_attribute_values(":one", number(1))
                .build()
                .map_err(built)?;
            let writes = vec![
                self.is_admin(by)?,
                TransactWriteItem::builder().update(update).build(),
                TransactWriteItem::builder().update(count).build(),
            ];
            // The token of the transaction keeps a late first attempt from bringing an older secret back.
            let transaction = self
                .client
                .transact_write_items()
                .set_transact_items(Some(writes));
            match transaction.send().await.map_err(fault::of_transaction) {
                Ok(_) => {
                    return Ok(Some(ApiKey {
                        hash: hash.to_owned(),
                        rotated_at: Some(writer.now),
                        rotated_by: Some(by),
                        ..key
                    }));
                }
                Err(Cancelled::Conditions(failed)) => {
                    let failed = failed.into_iter().next();
                    match failed {
                        Some((0, _)) => return Err(Code::Forbidden.into()),
                        // Another request has rotated the key; the last secret stays.
                        Some((_, Some(item))) => match read_api_key(item)? {
                            Some(found) => key = found,
                            None => return Ok(None),
                        },
                        _ => return Ok(None),
                    }
                }
                Err(Cancelled::Conflict) => pause(tries).await,
                Err(Cancelled::TooLarge(_)) => {
                    return Err(Error::internal("an API key is too large"));
                }
                Err(Cancelled::Fault(fault)) => return Err(fault),
            }
        }
        Err(Error::unavailable(
            "others rotate the API key at the same time",
        ))
    }

    /// Deletes a key: from then on it is void. Returns whether it existed. 2 WRU: the token of a transaction tells a
    /// retry after a lost reply.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn delete_api_key(&self, key: Id, writer: &Writer) -> Result<bool, Error> {
        let writes = vec![self.bury_api_key(key, Reason::Delete, writer)?];
        for tries in 1..=TRIES {
            let transaction = self
                .client
                .transact_write_items()
                .set_transact_items(Some(writes.clone()));
            match transaction.send().await.map_err(fault::of_transaction) {
                Ok(_) => return Ok(true),
                Err(Cancelled::Conditions(_)) => return Ok(false),
                Err(Cancelled::Conflict) => pause(tries).await,
                Err(Cancelled::TooLarge(_)) => {
                    return Err(Error::internal("a deletion is too large"));
                }
                Err(Cancelled::Fault(fault)) => return Err(fault),
            }
        }
        Err(Error::unavailable("transaction conflict"))
    }
}

async fn pause(tries: u32) {
    tokio::time::sleep(Duration::from_millis(40 * u64::from(tries))).await;
}
