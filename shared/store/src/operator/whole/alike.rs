//! Whether an item that a restore finds is the one that an earlier run has written.

use std::collections::BTreeMap;

use api::tables::USERS;
use auth::Keys;
use auth::factor::Factor;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::accounts::factor_items::read_factor;
use crate::accounts::stamp::CHANGE;
use crate::events::stream::RESTORED;
use crate::item::{Item, Reader};

/// The attributes with secrets that a key seals. They do not move.
pub(super) const SEALED: [&str; 5] = [
    "secret",
    "secret_at",
    "previous_secret",
    "previous_until",
    "failing_since",
];

/// The item with the names of the indexes that writers keep. They are of the code, and no content.
pub(super) const KEPT: &str = "#kept";

/// The attributes of a factor that are of the deployment it came into.
const OF_FACTOR: [&str; 4] = ["last_step", "generation", "recovery_key", "used"];

/// Whether an item that is there is this one, as an earlier run has written it.
pub(super) fn is_written(found: &Item, item: &Item, keys: Option<&Keys>) -> bool {
    let key = key_of(item);
    if key == KEPT {
        return true;
    }
    let is_factor = key.starts_with(Factor::PREFIX);
    let is_of_restore = |name: &str| {
        let is_of_factor = is_factor && OF_FACTOR.contains(&name);
        [CHANGE, RESTORED].contains(&name) || SEALED.contains(&name) || is_of_factor
    };
    let moved = |item: &Item| -> BTreeMap<String, AttributeValue> {
        let attributes = item.iter().filter(|(name, _)| !is_of_restore(name));
        attributes
            .map(|(name, value)| (name.clone(), ordered(value)))
            .collect()
    };
    // A secret is sealed anew by every run.
    let secret = |item: &Item| {
        let user = Reader::new(USERS.name, &mut item.clone())
            .id("user_id")
            .ok()?;
        let factor = read_factor(user, item.clone()).ok()?;
        Some(factor.unsealed(keys?)?.base32())
    };
    let is_sealed_alike = || secret(item).is_some_and(|own| secret(found) == Some(own));
    moved(found) == moved(item) && (!is_factor || is_sealed_alike())
}

/// A value that is equal to another one of the same content: a set has no order.
fn ordered(value: &AttributeValue) -> AttributeValue {
    let mut value = value.clone();
    match &mut value {
        AttributeValue::Ss(values) | AttributeValue::Ns(values) => values.sort(),
        _ => {}
    }
    value
}

pub(super) fn key_of(item: &Item) -> &str {
    match item.get("id") {
        Some(AttributeValue::S(id)) => id,
        _ => "",
    }
}
