//! The numbers of the sealing keys as an operator manages them: which there are, the next one, and those that go.

use std::collections::BTreeMap;

use api::tables::SETTINGS;
use api::{Error, Timestamp};
use auth::factor::Factor;
use auth::keys::KeyBytes;
use auth::sealing;
use auth::webhook::Webhook;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::sealing::kept_pairs;
use crate::fault;
use crate::item::{text, time};
use crate::key_pairs::moment;
use crate::signing_keys::{SEALING, SIGNING, numbered, sealing_keys};
use crate::tables::Store;

/// The attribute that tells since when the highest number is there; absent for the first one.
const SINCE: &str = "sealing_since";

/// A number of a sealing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealingNumber {
    /// The number.
    pub number: u32,
    /// How many stored items name it.
    pub items: u64,
    /// How many of these do so by the recovery codes of a user alone, which are not sealed anew.
    pub codes: u64,
    /// Whether its key is there; values that name another do not open.
    pub has_key: bool,
}

/// The numbers of the sealing keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealingNumbers {
    /// Those that have a key, and those that stored items name, in their order.
    pub all: Vec<SealingNumber>,
    /// Since when the highest is there; `None` for the first number, and where that was not kept.
    pub since: Option<Timestamp>,
}

impl SealingNumbers {
    /// The number that seals; `None` while there is no key.
    #[must_use]
    pub fn highest(&self) -> Option<u32> {
        let keys = self.all.iter().filter(|it| it.has_key);
        keys.map(|it| it.number).max()
    }
}

impl Store {
    /// Lists the numbers of the sealing keys, and those that stored items name. 1 RRU, and 1 per 4 KB of webhooks and of
    /// `_users`.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn sealing_numbers(&self) -> Result<SealingNumbers, Error> {
        // Read first: the keys that are read after them hold every number that they name.
        let (webhooks, factors, providers) =
            tokio::try_join!(self.webhooks(), self.factors(), self.all_providers())?;
        let item = self.signing_item().await?.unwrap_or_default();
        let (keys, pairs) = (sealing_keys(&item)?, kept_pairs(&item)?);
        let mut counts: BTreeMap<u32, u64> = keys.keys().map(|number| (*number, 0)).collect();
        let of_factors = factors.iter().flat_map(Factor::key_numbers);
        let secrets = providers
            .iter()
            .filter_map(|(_, kept)| kept.secret.as_deref());
        let of_providers = secrets.filter_map(sealing::number);
        let of_pairs = pairs
            .iter()
            .filter_map(|(_, pair)| sealing::number(&pair.sealed));
        let all = webhooks.iter().flat_map(numbers).chain(of_factors);
        for number in all.chain(of_providers).chain(of_pairs) {
            *counts.entry(number).or_default() += 1;
        }
        let by_codes: Vec<u32> = factors.iter().filter_map(only_by_codes).collect();
        let codes = |number: u32| by_codes.iter().filter(|it| **it == number).count() as u64;
        let listed = counts.into_iter().map(|(number, items)| SealingNumber {
            number,
            items,
            codes: codes(number),
            has_key: keys.contains_key(&number),
        });
        Ok(SealingNumbers {
            all: listed.collect(),
            since: moment(&item, SINCE),
        })
    }

    /// Keeps a key under the number after the highest, and returns that number. It never replaces a key. 1 RRU, 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable` where another command has just made that number, `common/internal`.
    pub async fn add_sealing_key(&self, key: KeyBytes, now: Timestamp) -> Result<u32, Error> {
        let kept = sealing_keys(&self.signing_item().await?.unwrap_or_default())?;
        let highest = kept.last_key_value().map(|(number, _)| *number);
        let number = highest
            .unwrap_or_default()
            .checked_add(1)
            .ok_or_else(|| Error::internal("there is no number after the highest"))?;
        let update = self
            .updating_sealing()
            .expression_attribute_names("#since", SINCE)
            .expression_attribute_values(":now", time(now));
        let update = match highest {
            None => update
                .update_expression("SET #sealing = :first, #since = :now")
                .condition_expression("attribute_not_exists(#sealing)")
                .expression_attribute_values(":first", numbered(&BTreeMap::from([(number, key)]))),
            Some(highest) => update
                .update_expression("SET #sealing.#next = :key, #since = :now")
                .condition_expression(
                    "attribute_exists(#sealing.#highest) AND attribute_not_exists(#sealing.#next)",
                )
                .expression_attribute_names("#highest", highest.to_string())
                .expression_attribute_names("#next", number.to_string())
                .expression_attribute_values(":key", text(STANDARD.encode(key))),
        };
        let Err(error) = update.send().await else {
            return Ok(number);
        };
        let found = fault::failed_condition(&error).ok_or_else(|| fault::of(&error))?;
        // Its own key stands there when a reply was lost.
        let kept = sealing_keys(&found.unwrap_or_default())?;
        if kept.get(&number) == Some(&key) {
            return Ok(number);
        }
        let reason = format!("another command has just made the number {number}");
        Err(Error::unavailable(reason))
    }

    /// Removes the key of a number below the highest, on condition that `highest` is there. Values that name it do not open
    /// from then on. Returns whether there was such a key. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn drop_sealing_key(&self, number: u32, highest: u32) -> Result<bool, Error> {
        let update = self
            .updating_sealing()
            .update_expression("REMOVE #sealing.#number")
            .condition_expression(
                "attribute_exists(#sealing.#highest) AND attribute_exists(#sealing.#number)",
            )
            .expression_attribute_names("#highest", highest.to_string())
            .expression_attribute_names("#number", number.to_string());
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) => match fault::failed_condition(&error) {
                Some(_) => Ok(false),
                None => Err(fault::of(&error)),
            },
        }
    }

    fn updating_sealing(&self) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(self.table(SETTINGS.name))
            .key("id", text(SIGNING))
            .expression_attribute_names("#sealing", SEALING)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

/// The number that the recovery codes of a factor name, where its secret names another.
fn only_by_codes(factor: &Factor) -> Option<u32> {
    let codes = factor.recovery.as_ref()?.key;
    (sealing::number(&factor.secret) != Some(codes)).then_some(codes)
}

/// The numbers that a webhook names, each once.
fn numbers(webhook: &Webhook) -> Vec<u32> {
    let mut numbers: Vec<u32> = webhook.sealed().filter_map(sealing::number).collect();
    numbers.dedup();
    numbers
}
