//! `_settings`: the signing keys, and those that seal.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use api::settings::check_secret;
use api::tables::SETTINGS;
use api::{Error, Timestamp};
use auth::keys::{KeyBytes, Stored};
use auth::token_key::{NewPair, StoredPair};
use auth::{Keyring, Keys};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SecureRandom;
use tokio::time::timeout;

use crate::fault;
use crate::item::{Item, text, time};
use crate::key_pairs::{CURRENT_PAIR, PAIRS_SINCE, pairs, written};
use crate::tables::{FirstSecret, Store};

/// The item's key.
pub(crate) const SIGNING: &str = "signing";

/// The attributes: the secret that signs, and the keys that serve one purpose each.
pub(crate) const CURRENT: &str = "current";
pub(crate) const PREVIOUS: &str = "previous";
pub(crate) const NEXT: &str = "next";
pub(crate) const TAGS: &str = "tags";
const CURSORS: &str = "cursors";
const PSEUDONYMS: &str = "pseudonyms";
pub(crate) const SEALING: &str = "sealing";

impl Store {
    /// Returns the signing keys.
    ///
    /// # Errors
    /// `common/unavailable` while they cannot be read.
    pub async fn keys(&self) -> Result<&Keys, Error> {
        if let Some(keys) = self.keys.get() {
            return Ok(keys);
        }
        match (self.read_keys().await?, &self.first) {
            (Some(keys), _) => Ok(self.keys.get_or_init(async || Arc::new(keys)).await),
            (None, FirstSecret::Await(keys)) => Ok(keys),
            (None, _) => Err(Error::internal("there is no signing key")),
        }
    }

    /// The keys with a sealing key among them, and with those that these sealed values name. An instance reads the keys once
    /// more where one of them was made after it has started: 1 RRU.
    ///
    /// # Errors
    /// `common/unavailable` while they cannot be read, or no sealing key has been made.
    pub async fn sealing_keys<'v>(
        &self,
        sealed: impl Iterator<Item = &'v str> + Clone,
    ) -> Result<Arc<Keys>, Error> {
        let _ = self.keys().await?;
        let known = self.keys.get().cloned();
        let fits = |keys: &Arc<Keys>| keys.can_seal() && keys.know(sealed.clone());
        if let Some(keys) = known.clone().filter(fits) {
            return Ok(keys);
        }
        let read = self.read_keys().await?.filter(Keys::can_seal);
        let read = read.ok_or_else(|| Error::unavailable("there is no sealing key yet"))?;
        match known {
            Some(keys) => {
                keys.renew(&read);
                Ok(keys)
            }
            None => Ok(Arc::new(read)),
        }
    }

    /// The keys that pseudonyms are made by, for an operator; `None` while no function has made them, and so no entry.
    pub(crate) async fn pseudonym_keys(&self) -> Result<Option<Keys>, Error> {
        let item = self.signing_item().await?.unwrap_or_default();
        if !item.contains_key(PSEUDONYMS) {
            return Ok(None);
        }
        Keys::of(&self.prefix, self.stored(&item, Vec::new())?).map(Some)
    }

    /// Opens the connection with the one read that every function may do, and keeps the keys that it finds. It never
    /// fails: the first request tries again.
    pub(crate) async fn warm(&self) {
        let _ = timeout(Duration::from_secs(3), self.keys()).await;
    }

    /// Reads the keys, and stores what is missing where this function may. `None` where another function has to store the
    /// first secret.
    pub(crate) async fn read_keys(&self) -> Result<Option<Keys>, Error> {
        let item = self.signing_item().await?.unwrap_or_default();
        let secret = match (self.signing_secret(&item)?, &self.first) {
            (Some(secret), _) => secret,
            (None, FirstSecret::Keep(fresh)) => STANDARD.encode(fresh.signing).into_bytes(),
            (None, FirstSecret::Await(_) | FirstSecret::Never) => return Ok(None),
        };
        let stored = self.stored(&item, secret)?;
        let keys = match &self.first {
            FirstSecret::Keep(fresh) if !self.is_complete(&item) => {
                let stored = Stored {
                    sealing: BTreeMap::from([(1, fresh.sealing)]),
                    ..stored
                };
                let pair = self.first_pair(&item, &stored)?;
                let item = self.complete(&item, stored, pair).await?;
                let secret = self.signing_secret(&item)?;
                self.stored(&item, secret.ok_or_else(|| broken(CURRENT))?)?
            }
            _ => stored,
        };
        Keys::of(&self.prefix, keys).map(Some)
    }

    /// Whether nothing is missing.
    fn is_complete(&self, item: &Item) -> bool {
        let signs = self.secret.is_some() || item.contains_key(CURRENT);
        let others = [TAGS, CURSORS, PSEUDONYMS, SEALING];
        signs && others.iter().all(|name| item.contains_key(*name))
    }

    /// The key pair of a deployment that has not handed out a token: it signs from the first one on.
    fn first_pair(&self, item: &Item, stored: &Stored) -> Result<Option<StoredPair>, Error> {
        let Some(terms) = &self.tokens else {
            return Ok(None);
        };
        let is_fresh = self.secret.is_none() && !item.contains_key(CURRENT);
        let can_seal = !item.contains_key(SEALING);
        // A pair of RSA is imported, and never made.
        let made = NewPair::generate(terms.algorithm, &terms.random).ok();
        let Some(made) = made.filter(|_| is_fresh && can_seal) else {
            return Ok(None);
        };
        let mut nonce = [0; 12];
        terms
            .random
            .fill(&mut nonce)
            .map_err(|_| Error::internal("no random bytes"))?;
        let keys = Keys::of(&self.prefix, stored.clone())?;
        keys.seal_pair(&made, nonce, self.opened_at()).map(Some)
    }

    /// The secret that signs: that of the settings, or the table's.
    fn signing_secret(&self, item: &Item) -> Result<Option<Vec<u8>>, Error> {
        match &self.secret {
            Some(secret) => Ok(Some(secret.clone().into_bytes())),
            None => secret(item, CURRENT),
        }
    }

    /// The keys of the item, with this signing secret.
    pub(crate) fn stored(&self, item: &Item, current: Vec<u8>) -> Result<Stored, Error> {
        let list = |name: &str| match item.get(name) {
            None => Ok(Vec::new()),
            Some(AttributeValue::L(keys)) => keys.iter().map(|key| bytes(name, key)).collect(),
            Some(_) => Err(broken(name)),
        };
        Ok(Stored {
            current,
            // The table's secrets count for nothing beside one of the settings.
            previous: match self.secret {
                Some(_) => None,
                None => secret(item, PREVIOUS)?,
            },
            next: match self.secret {
                Some(_) => None,
                None => secret(item, NEXT)?,
            },
            tags: list(TAGS)?,
            cursors: list(CURSORS)?,
            pseudonyms: list(PSEUDONYMS)?,
            sealing: sealing_keys(item)?,
            pairs: match &self.tokens {
                Some(terms) => Some(pairs(item, terms)?),
                None => None,
            },
        })
    }

    pub(crate) async fn signing_item(&self) -> Result<Option<Item>, Error> {
        let get = self
            .client
            .get_item()
            .table_name(self.table(SETTINGS.name))
            .key("id", text(SIGNING));
        let output = get
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault::of(&error))?;
        Ok(output.item)
    }

    /// Stores the keys that are missing, and returns the item with all of them. Of several functions that start at once, one
    /// wins and all use its keys.
    async fn complete(
        &self,
        found: &Item,
        stored: Stored,
        pair: Option<StoredPair>,
    ) -> Result<Item, Error> {
        let secret = String::from_utf8(stored.current.clone()).map_err(|_| broken(CURRENT))?;
        let stored = stored.complete(&self.prefix)?;
        let list = |keys: &[KeyBytes]| {
            AttributeValue::L(keys.iter().map(|key| text(STANDARD.encode(key))).collect())
        };
        let mut missing = vec![
            (TAGS, list(&stored.tags)),
            (CURSORS, list(&stored.cursors)),
            (
                PSEUDONYMS,
                list(stored.pseudonyms.get(..1).unwrap_or_default()),
            ),
        ];
        missing.push((SEALING, numbered(&stored.sealing)));
        if let Some(pair) = &pair {
            missing.push((CURRENT_PAIR, written(pair)));
            missing.push((PAIRS_SINCE, time(pair.since)));
        }
        // A secret of the settings stays there.
        if self.secret.is_none() {
            missing.push((CURRENT, text(secret)));
        }
        let mut update = self
            .client
            .update_item()
            .table_name(self.table(SETTINGS.name))
            .key("id", text(SIGNING))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut sets = Vec::new();
        for (name, value) in missing {
            sets.push(format!("#{name} = if_not_exists(#{name}, :{name})"));
            update = update
                .expression_attribute_names(format!("#{name}"), name)
                .expression_attribute_values(format!(":{name}"), value);
        }
        // The other keys follow from the secret that was read.
        let update = match found.get(CURRENT) {
            _ if self.secret.is_some() => update,
            Some(seen) => update
                .condition_expression(format!("#{CURRENT} = :seen"))
                .expression_attribute_values(":seen", seen.clone()),
            None => update.condition_expression(format!("attribute_not_exists(#{CURRENT})")),
        };
        let update = update.update_expression(format!("SET {}", sets.join(", ")));
        match update.send().await {
            Ok(output) => output.attributes.ok_or_else(|| broken("attributes")),
            Err(error) => match fault::failed_condition(&error) {
                Some(found) => {
                    found.ok_or_else(|| Error::unavailable("the signing item came and went"))
                }
                None => Err(fault::of(&error)),
            },
        }
    }
}

/// A secret as an operator or a function wrote it. An empty or short one would let an attacker sign tokens.
pub(crate) fn secret(item: &Item, name: &str) -> Result<Option<Vec<u8>>, Error> {
    match item.get(name) {
        None | Some(AttributeValue::Null(_)) => Ok(None),
        Some(AttributeValue::S(secret)) if check_secret(secret).is_ok() => {
            Ok(Some(secret.clone().into_bytes()))
        }
        Some(_) => Err(Error::internal(format!(
            "_settings item: `{name}` is no signing secret of 32 bytes"
        ))),
    }
}

/// The sealing keys by their numbers.
pub(crate) fn sealing_keys(item: &Item) -> Result<BTreeMap<u32, KeyBytes>, Error> {
    match item.get(SEALING) {
        None => Ok(BTreeMap::new()),
        Some(AttributeValue::M(keys)) => keys
            .iter()
            .map(|(number, key)| {
                let number = number.parse().map_err(|_| broken(SEALING))?;
                Ok((number, bytes(SEALING, key)?))
            })
            .collect(),
        Some(_) => Err(broken(SEALING)),
    }
}

pub(crate) fn numbered(keys: &BTreeMap<u32, KeyBytes>) -> AttributeValue {
    let keys = keys
        .iter()
        .map(|(number, key)| (number.to_string(), text(STANDARD.encode(key))));
    AttributeValue::M(keys.collect::<HashMap<_, _>>())
}

fn bytes(name: &str, key: &AttributeValue) -> Result<KeyBytes, Error> {
    let text = key.as_s().map_err(|_| broken(name))?;
    let bytes = STANDARD.decode(text).map_err(|_| broken(name))?;
    bytes.try_into().map_err(|_| broken(name))
}

fn broken(name: &str) -> Error {
    Error::internal(format!("_settings item without a proper `{name}`"))
}

impl Keyring for Store {
    async fn keys(&self) -> Result<&Keys, Error> {
        Self::keys(self).await
    }

    async fn await_look(&self) -> Result<(), Error> {
        Self::await_look(self).await
    }

    async fn look_for_key(&self, now: Timestamp) -> Result<(), Error> {
        self.look_for_unknown_key(now).await
    }
}
