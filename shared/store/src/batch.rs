//! Reads of many items by their keys, in one request.

use std::collections::HashMap;
use std::time::Duration;

use api::Error;
use aws_sdk_dynamodb::types::KeysAndAttributes;

use crate::fault;
use crate::item::Item;
use crate::tables::Store;

/// The most records that a request reads: each may have 400 KB, and their sum is limited.
pub(crate) const BATCH: usize = 25;

/// The most requests for keys that DynamoDB left unread.
const BATCH_TRIES: u32 = 5;

impl Store {
    /// Reads items by their keys, by table; asks again for keys that DynamoDB leaves unread.
    pub(crate) async fn batch(
        &self,
        mut wanted: HashMap<String, KeysAndAttributes>,
    ) -> Result<HashMap<String, Vec<Item>>, Error> {
        let mut found: HashMap<String, Vec<Item>> = HashMap::new();
        for tries in 1..=BATCH_TRIES {
            let batch = self.client.batch_get_item().set_request_items(Some(wanted));
            let output = batch.send().await.map_err(|error| fault::of(&error))?;
            for (table, items) in output.responses.unwrap_or_default() {
                found.entry(table).or_default().extend(items);
            }
            wanted = output.unprocessed_keys.unwrap_or_default();
            if wanted.is_empty() {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(40 * u64::from(tries))).await;
        }
        Err(Error::unavailable("BatchGetItem left keys unprocessed"))
    }
}

/// Keys of one table, for a strongly consistent read.
pub(crate) fn strong(keys: Vec<Item>) -> Result<KeysAndAttributes, Error> {
    let keys = KeysAndAttributes::builder()
        .set_keys(Some(keys))
        .consistent_read(true)
        .build();
    keys.map_err(|error| Error::internal(error.to_string()))
}
