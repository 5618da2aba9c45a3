//! The public keys of a provider.

use api::{Error, Timestamp};
use auth::provider::KeySet;
use outbound::Client;

use crate::call::{Ask, ask_whole, away};

/// Reads the keys that are at an address.
///
/// # Errors
/// `auth/provider-unavailable` where there are none.
pub async fn key_set(client: &Client, address: &str, now: Timestamp) -> Result<KeySet, Error> {
    let request = Ask {
        address,
        authorization: None,
        form: None,
    };
    let answer = ask_whole(client, request).await?;
    let set = KeySet::read(&answer.body, answer.cache.as_deref(), now);
    let set = set.filter(|_| answer.status == 200);
    set.ok_or_else(|| away(address, "no keys"))
}
