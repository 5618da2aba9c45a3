//! Values that an operator seals anew, under the highest number of the sealing keys.

use std::collections::BTreeMap;

use api::tables::SETTINGS;
use api::{Error, Id};
use auth::Keys;
use auth::provider::KeptProvider;
use auth::sealing;
use auth::token_key::StoredPair;
use auth::webhook::Webhook;

use crate::events::webhooks::webhook_key;
use crate::fault;
use crate::item::{Item, text};
use crate::key_pairs::{CURRENT_PAIR, NEXT_PAIR, PREVIOUS_PAIR, PRIVATE, pair};
use crate::signing_keys::SIGNING;
use crate::tables::Store;

/// The most tries for a webhook whose secret others replace meanwhile.
const TRIES: u32 = 5;

/// The outcome of sealing anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// How many items were read.
    pub items: u64,
    /// How many of them had a value under an older number, and have none now.
    pub anew: u64,
    /// The webhooks whose secret does not open.
    pub closed: Vec<Id>,
    /// The users whose second factor does not open.
    pub closed_factors: Vec<Id>,
    /// The providers whose secret does not open.
    pub closed_providers: Vec<String>,
    /// The keys of access tokens whose private part does not open.
    pub closed_pairs: Vec<String>,
}

impl Resealed {
    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Anew => self.anew += 1,
            Outcome::Kept => {}
            Outcome::Closed(id) => self.closed.push(id),
            Outcome::ClosedFactor(user) => self.closed_factors.push(user),
            Outcome::ClosedProvider(name) => self.closed_providers.push(name),
            Outcome::ClosedPair(kid) => self.closed_pairs.push(kid),
        }
    }
}

/// The nonces for the values of one item.
pub type Nonces = [[u8; 12]; 2];

impl Store {
    /// Seals anew what is stored under an older number than the highest. A rotation that comes between is kept, and sealed
    /// anew in its turn. 1 RRU, 1 per 4 KB of webhooks and of `_users`, and 1 WRU for each item that has such a value.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`, and those of `nonces`.
    pub async fn reseal(
        &self,
        mut nonces: impl FnMut() -> Result<Nonces, Error>,
    ) -> Result<Resealed, Error> {
        let webhooks = self.webhooks().await?;
        let keys = self.operators_keys().await?;
        let mut done = Resealed::default();
        for webhook in webhooks {
            done.items += 1;
            let outcome = self.reseal_webhook(webhook, &keys, &mut nonces);
            done.count(outcome.await?);
        }
        for factor in self.factors().await? {
            done.items += 1;
            let [nonce, _] = nonces()?;
            let outcome = self.reseal_factor(&factor, &keys, nonce);
            done.count(outcome.await?);
        }
        for (name, kept) in self.all_providers().await? {
            done.items += 1;
            let [nonce, _] = nonces()?;
            let outcome = self.reseal_provider(name, &kept, &keys, nonce);
            done.count(outcome.await?);
        }
        for outcome in self.reseal_pairs(&keys, &mut nonces).await? {
            done.items += 1;
            done.count(outcome);
        }
        Ok(done)
    }

    /// Seals the secret of a provider anew. One that was replaced meanwhile is under the highest number already.
    async fn reseal_provider(
        &self,
        name: String,
        kept: &KeptProvider,
        keys: &Keys,
        nonce: [u8; 12],
    ) -> Result<Outcome, Error> {
        let read = kept
            .secret
            .as_deref()
            .filter(|it| !keys.are_newest(std::iter::once(*it)));
        let Some(read) = read else {
            return Ok(Outcome::Kept);
        };
        let Some(anew) = kept
            .resealed(keys, &name, nonce)
            .ok()
            .and_then(|it| it.secret)
        else {
            return Ok(Outcome::ClosedProvider(name));
        };
        match self.reseal_secret(&name, read, &anew).await? {
            true => Ok(Outcome::Anew),
            false => Ok(Outcome::Kept),
        }
    }

    /// Seals the private parts of the key pairs anew. A rotation meanwhile moves a pair as it is, so then all are read again.
    async fn reseal_pairs(
        &self,
        keys: &Keys,
        nonces: &mut impl FnMut() -> Result<Nonces, Error>,
    ) -> Result<Vec<Outcome>, Error> {
        let mut outcomes = BTreeMap::new();
        for _ in 0..TRIES {
            let mut has_moved = false;
            for (state, pair) in kept_pairs(&self.signing_item().await?.unwrap_or_default())? {
                let [nonce, _] = nonces()?;
                match self.reseal_pair(state, &pair, keys, nonce).await? {
                    None => has_moved = true,
                    // The pair that was just sealed anew is seen again.
                    Some(Outcome::Kept) if outcomes.contains_key(&pair.kid) => {}
                    Some(outcome) => {
                        outcomes.insert(pair.kid, outcome);
                    }
                }
            }
            if !has_moved {
                return Ok(outcomes.into_values().collect());
            }
        }
        Err(Error::unavailable(
            "others rotate the keys at the same time",
        ))
    }

    /// Seals the private part of a key pair anew; none where it is no longer there.
    async fn reseal_pair(
        &self,
        state: &str,
        pair: &StoredPair,
        keys: &Keys,
        nonce: [u8; 12],
    ) -> Result<Option<Outcome>, Error> {
        if keys.are_newest(std::iter::once(pair.sealed.as_str())) {
            return Ok(Some(Outcome::Kept));
        }
        let place = (sealing::Purpose::TokenKey, pair.kid.as_str());
        let Ok(anew) = keys.reseal(place, &pair.sealed, nonce) else {
            return Ok(Some(Outcome::ClosedPair(pair.kid.clone())));
        };
        let update = self
            .client
            .update_item()
            .table_name(self.table(SETTINGS.name))
            .key("id", text(SIGNING))
            .update_expression("SET #state.#private = :anew")
            .condition_expression("#state.#private = :read")
            .expression_attribute_names("#state", state)
            .expression_attribute_names("#private", PRIVATE)
            .expression_attribute_values(":anew", text(anew))
            .expression_attribute_values(":read", text(&pair.sealed));
        match update.send().await {
            Ok(_) => Ok(Some(Outcome::Anew)),
            Err(error) => match fault::failed_condition(&error) {
                Some(_) => Ok(None),
                None => Err(fault::of(&error)),
            },
        }
    }

    async fn reseal_webhook(
        &self,
        mut webhook: Webhook,
        keys: &Keys,
        nonces: &mut impl FnMut() -> Result<Nonces, Error>,
    ) -> Result<Outcome, Error> {
        for _ in 0..TRIES {
            if keys.are_newest(webhook.sealed()) {
                return Ok(Outcome::Kept);
            }
            let Ok(after) = webhook.clone().resealed(keys, nonces()?) else {
                return Ok(Outcome::Closed(webhook.id));
            };
            if self.reseal_secrets(&webhook, &after).await? {
                return Ok(Outcome::Anew);
            }
            match self.webhook(webhook.id).await? {
                // A retry after a lost reply finds its own secrets.
                Some(found) if found.sealed().eq(after.sealed()) => return Ok(Outcome::Anew),
                Some(found) => webhook = found,
                None => return Ok(Outcome::Kept),
            }
        }
        Err(Error::unavailable(format!(
            "others replace the secret of webhook {} at the same time",
            webhook.id
        )))
    }

    /// Replaces the sealed secrets, where they are those that were read. Nothing else of the item changes, so this makes no
    /// event.
    async fn reseal_secrets(&self, before: &Webhook, after: &Webhook) -> Result<bool, Error> {
        let update = self
            .client
            .update_item()
            .table_name(self.deliveries())
            .set_key(Some(webhook_key(before.id)))
            .expression_attribute_names("#secret", "secret")
            .expression_attribute_names("#previous", "previous_secret")
            .expression_attribute_values(":read", text(&before.secret))
            .expression_attribute_values(":secret", text(&after.secret));
        let update = match (&before.previous, &after.previous) {
            (Some((read, _)), Some((anew, _))) => update
                .update_expression("SET #secret = :secret, #previous = :previous")
                .condition_expression("#secret = :read AND #previous = :old")
                .expression_attribute_values(":old", text(read))
                .expression_attribute_values(":previous", text(anew)),
            _ => update
                .update_expression("SET #secret = :secret")
                .condition_expression("#secret = :read AND attribute_not_exists(#previous)"),
        };
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) => match fault::failed_condition(&error) {
                Some(_) => Ok(false),
                None => Err(fault::of(&error)),
            },
        }
    }

    /// The keys for an operator, who neither signs nor verifies: the signing secret may be in the functions' settings. `None`
    /// while there is no sealing key. 1 RRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn keys_that_seal(&self) -> Result<Option<Keys>, Error> {
        let item = self.signing_item().await?.unwrap_or_default();
        let keys = Keys::of(&self.prefix, self.stored(&item, Vec::new())?)?;
        Ok(Some(keys).filter(Keys::can_seal))
    }

    async fn operators_keys(&self) -> Result<Keys, Error> {
        let keys = self.keys_that_seal().await?;
        keys.ok_or_else(|| Error::unavailable("there is no sealing key yet"))
    }
}

/// The result for one item.
pub(super) enum Outcome {
    Anew,
    Kept,
    Closed(Id),
    ClosedFactor(Id),
    ClosedProvider(String),
    ClosedPair(String),
}

/// The key pairs of the signing item, with their states.
pub(super) fn kept_pairs(item: &Item) -> Result<Vec<(&'static str, StoredPair)>, Error> {
    let mut pairs = Vec::new();
    for state in [NEXT_PAIR, CURRENT_PAIR, PREVIOUS_PAIR] {
        pairs.extend(pair(item, state)?.map(|pair| (state, pair)));
    }
    Ok(pairs)
}
