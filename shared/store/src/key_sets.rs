//! The public keys of providers, which every instance reads: items of `_throttle`, removed by TTL.

use std::time::Duration;

use api::tables::THROTTLE;
use api::{Error, Timestamp};
use auth::provider::{KeySet, PAUSE};
use ring::digest::{SHA256, digest};

use crate::fault;
use crate::item::{Item, Reader, number, text};
use crate::tables::Store;

/// The attributes of the keys, and of the time of the last question.
const KEYS: &str = "keys";
const ASKED_AT: &str = "asked_at";

impl Store {
    /// Reads the keys that are at this address. 1 RRU for each 4 KB.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn key_set(&self, address: &str) -> Result<Option<KeySet>, Error> {
        let get = self
            .client
            .get_item()
            .table_name(self.table(THROTTLE.name))
            .set_key(Some(key(address)))
            .consistent_read(true);
        let output = get.send().await.map_err(|error| fault::of(&error))?;
        let Some(mut item) = output.item else {
            return Ok(None);
        };
        let mut reader = Reader::new(THROTTLE.name, &mut item);
        let asked_at = reader.optional_number(ASKED_AT);
        let keys = reader.optional_text(KEYS);
        let set: Option<KeySet> = keys.and_then(|keys| api::value::known(keys.as_bytes()));
        Ok(set.map(|set| {
            let at = asked_at.unwrap_or(set.asked_at);
            set.asked(at)
        }))
    }

    /// Takes the turn to ask a provider for its keys; `false` where somebody has within this time. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn claim_key_set(
        &self,
        address: &str,
        within: Duration,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let before = now.seconds().saturating_sub(within.as_secs());
        let update = self
            .client
            .update_item()
            .table_name(self.table(THROTTLE.name))
            .set_key(Some(key(address)))
            // TTL removes the mark of a provider that never answers.
            .update_expression("SET #asked = :now, #expires = if_not_exists(#expires, :expires)")
            .condition_expression("attribute_not_exists(#asked) OR #asked <= :before")
            .expression_attribute_names("#asked", ASKED_AT)
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_values(":expires", number(now.after(PAUSE).seconds()))
            .expression_attribute_values(":now", number(now.seconds()))
            .expression_attribute_values(":before", number(before));
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) if fault::failed_condition(&error).is_some() => Ok(false),
            Err(error) => Err(fault::of(&error)),
        }
    }

    /// Keeps keys in place of those that were there. 1 WRU for each KB.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn keep_key_set(&self, address: &str, set: &KeySet) -> Result<(), Error> {
        let keys = serde_json::to_string(set);
        let keys = keys.map_err(|error| Error::internal(error.to_string()))?;
        let mut item = key(address);
        item.insert(KEYS.to_owned(), text(keys));
        item.insert(ASKED_AT.to_owned(), number(set.asked_at));
        item.insert("expires_at".to_owned(), number(set.until));
        let put = self.client.put_item();
        let put = put
            .table_name(self.table(THROTTLE.name))
            .set_item(Some(item));
        put.send().await.map_err(|error| fault::of(&error))?;
        Ok(())
    }
}

/// The key of the item of an address, which may be long.
fn key(address: &str) -> Item {
    let bytes = digest(&SHA256, address.as_bytes());
    let hex: String = bytes
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Item::from([("id".to_owned(), text(format!("jwks#{hex}")))])
}
