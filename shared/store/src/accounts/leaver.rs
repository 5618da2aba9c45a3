//! The API keys of an admin who leaves: they are settled in the transaction that takes the rights away.

use api::event::Reason;
use api::{Code, Error};
use auth::leaver::{KeysOfLeaver, settle};
use auth::{User, Writer};
use aws_sdk_dynamodb::types::{ConditionCheck, TransactWriteItem};

use super::api_keys::MADE;
use super::key_items::key_of;
use super::parts::{Part, Parts};
use crate::fault::built;
use crate::item::number;
use crate::tables::Store;

/// The most items of a transaction.
const MOST_ITEMS: usize = 100;

/// The items that settle the keys of an admin who leaves.
#[derive(Default)]
pub(super) struct Settlement {
    /// Deletions for which the transaction has no room: each of these transactions comes before it.
    pub(super) before: Vec<Parts>,
    /// The items of the transaction itself.
    pub(super) along: Parts,
}

impl Store {
    /// Settles the keys which a leaving admin has made or rotated, beside a transaction that already has `taken` items. A
    /// secret that is made meanwhile fails its condition. Nothing is deleted before it while no other admin is left.
    ///
    /// # Errors
    /// `users/has-api-keys`, `users/last-admin`, `common/unavailable`, `common/internal`.
    pub(super) async fn settlement(
        &self,
        user: &User,
        answer: Option<KeysOfLeaver>,
        taken: usize,
        writer: &Writer,
    ) -> Result<Settlement, Error> {
        if answer == Some(KeysOfLeaver::Keep) {
            return Ok(Settlement::default());
        }
        let (made, keys) = self.made_and_kept().await?;
        let own = keys.into_iter().filter(|key| key.is_known_to(user.id));
        let keys = settle(answer, own.collect(), writer.now)?;
        let deletions = keys.iter().map(|key| {
            let deletion = self.bury_api_key(key.id, Reason::Leave, writer)?;
            Ok((Part::Key, deletion))
        });
        let mut along = deletions.collect::<Result<Parts, Error>>()?;
        let room = MOST_ITEMS.saturating_sub(taken + 1);
        let beyond = along.split_off(room.min(along.len()));
        if !beyond.is_empty() && !self.has_another_admin().await? {
            return Err(Code::LastAdmin.into());
        }
        along.push((Part::KeysMade, self.no_key_was_made(made)?));
        Ok(Settlement {
            before: beyond.chunks(MOST_ITEMS).map(<[_]>::to_vec).collect(),
            along,
        })
    }

    /// The condition that no secret was made since `made` was read.
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
