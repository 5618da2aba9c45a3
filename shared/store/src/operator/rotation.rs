//! The rotation of the keys of access tokens by an operator: each step is one conditional write with its mark.

use std::collections::HashMap;
use std::time::Duration;

use api::event::{KeyStep, Reason, subjects};
use api::settings::TokenAlgorithm;
use api::tables::{CONFIGURATION, SETTINGS};
use api::{Error, Timestamp};
use auth::keys::{KeyBytes, SECRETS_NEVER, fingerprint};
use auth::rotation::{self, Shelf, TooEarly};
use auth::token_key::{NewPair, StoredPair};
use auth::{Keys, Writer};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::accounts::stamp::{self, CHANGE};
use crate::fault::built;
use crate::item::{Item, text, time};
use crate::key_pairs::{
    CURRENT_PAIR, KID, NEXT_PAIR, PAIRS_SINCE, PREVIOUS_PAIR, STEP, moment, pair, written,
};
use crate::send::Unsent;
use crate::signing_keys::{CURRENT, NEXT, PREVIOUS, SIGNING, TAGS, secret};
use crate::tables::Store;

/// Everything about pairs.
const PAIRS: [&str; 4] = [NEXT_PAIR, CURRENT_PAIR, PREVIOUS_PAIR, PAIRS_SINCE];

/// Since when a secret is in its state.
const NEXT_SINCE: &str = "next_since";
const CURRENT_SINCE: &str = "current_since";

/// The deed of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyDeed {
    /// The next step.
    Step,
    /// Every key is replaced at once, since somebody else may have one.
    Replace,
    /// The same, and this key takes the place of those of refresh tokens, so that everybody has to sign in again.
    Revoke(KeyBytes),
}

/// A rotation that an operator asks for.
pub struct KeyRotation<'a> {
    /// The pair to publish, where others can verify tokens; the secret is rotated where this is none.
    pub pairs: Option<&'a dyn Fn() -> Result<NewPair, String>>,
    /// The deed.
    pub deed: KeyDeed,
    /// The secret of the settings, if there is one: then the table's signs nothing.
    pub secret: Option<&'a str>,
    /// The longest lifetime of a token.
    pub longest: Duration,
    /// The time.
    pub now: Timestamp,
    /// Random bytes: a new secret, a nonce and the id of the write.
    pub random: ([u8; 32], [u8; 12], [u8; 10]),
}

/// The outcome of a rotation.
#[derive(Debug, PartialEq, Eq)]
pub enum RotatedKey {
    /// The key of this id took the step.
    Done(KeyStep, String),
    /// Every key was replaced at once; the key of this id signs.
    Replaced(String),
    /// The next step is due later.
    TooEarly(TooEarly),
    /// The new key is none of the algorithm, for this reason.
    Unfit(String),
}

/// The write of a step.
#[derive(Default)]
struct Turn {
    sets: Vec<(&'static str, AttributeValue)>,
    removes: Vec<&'static str>,
    /// The attributes that must be as they were read.
    reads: Vec<&'static str>,
}

impl Store {
    /// Takes the next step of the rotation of keys. 1 RRU, and 4 WRU for a step.
    ///
    /// # Errors
    /// `common/unavailable` where there are no keys yet or another command was quicker, `common/internal`.
    pub async fn rotate_keys(&self, asked: &KeyRotation<'_>) -> Result<RotatedKey, Error> {
        let item = self.signing_item().await?.unwrap_or_default();
        if !item.contains_key(TAGS) {
            let reason = "there are no keys yet; the first registration or login makes them";
            return Err(Error::unavailable(reason));
        }
        let shelf = match asked.pairs {
            Some(_) => shelf_of_pairs(&item)?,
            None => shelf_of_secrets(&item)?,
        };
        if asked.deed != KeyDeed::Step {
            return self.replace_keys(asked, &item, &shelf).await;
        }
        let (step, kid) = match rotation::next(&shelf, asked.longest, asked.now) {
            Ok((step, kid)) => (step, kid.map(ToOwned::to_owned)),
            Err(early) => return Ok(RotatedKey::TooEarly(early)),
        };
        let turn = match (asked.pairs, step) {
            (Some(make), KeyStep::Published) => match self.new_pair(asked, make, &item)? {
                Ok(pair) => Ok((pair.kid.clone(), publish_pair(&pair))),
                Err(reason) => return Ok(RotatedKey::Unfit(reason)),
            },
            (None, KeyStep::Published) => Ok(publish_secret(asked)),
            (Some(_), KeyStep::Promoted) => promote_pair(&item, asked.now),
            (None, KeyStep::Promoted) => promote_secret(&item, asked.now),
            (Some(_), KeyStep::Dropped) => Ok((String::new(), drop_key(PREVIOUS_PAIR))),
            (None, KeyStep::Dropped) => Ok((String::new(), drop_key(PREVIOUS))),
            (_, KeyStep::Revoked) => Err(Error::internal("no rotation comes to that step")),
        };
        let (made, turn) = turn?;
        let kid = kid.unwrap_or(made);
        self.turn(&item, turn, (&kid, step), asked).await?;
        Ok(RotatedKey::Done(step, kid))
    }

    /// The keys of access tokens as the rotation sees them: the pairs, where the algorithm has public keys, else the secrets.
    /// `None` while there are none. 1 RRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn key_shelf(&self, algorithm: TokenAlgorithm) -> Result<Option<Shelf>, Error> {
        let item = self.signing_item().await?.unwrap_or_default();
        let shelf = match algorithm.has_public_keys() {
            true => shelf_of_pairs(&item)?,
            false => shelf_of_secrets(&item)?,
        };
        Ok(Some(shelf).filter(|_| item.contains_key(TAGS)))
    }

    /// Replaces every key of access tokens at once. Cursors and pseudonyms have keys of their own, which stay, and so have
    /// refresh tokens.
    async fn replace_keys(
        &self,
        asked: &KeyRotation<'_>,
        item: &Item,
        shelf: &Shelf,
    ) -> Result<RotatedKey, Error> {
        let mut turn = Turn::default();
        let mut signs = match asked.secret {
            Some(secret) => fingerprint(secret.as_bytes()),
            None => {
                let (kid, secret) = new_secret(asked);
                turn.sets.push((CURRENT, text(secret)));
                turn.sets.push((CURRENT_SINCE, time(asked.now)));
                turn.removes.extend([NEXT, NEXT_SINCE, PREVIOUS]);
                turn.reads.extend([CURRENT, NEXT, PREVIOUS]);
                kid
            }
        };
        if let Some(make) = asked.pairs {
            let pair = match self.new_pair(asked, make, item)? {
                Ok(pair) => pair,
                Err(reason) => return Ok(RotatedKey::Unfit(reason)),
            };
            turn.sets.push((CURRENT_PAIR, written(&pair)));
            // The secret of the settings stays where it is, so its tokens are taken no more.
            turn.sets.push((PAIRS_SINCE, time(SECRETS_NEVER)));
            turn.removes.extend([NEXT_PAIR, PREVIOUS_PAIR]);
            turn.reads.extend([CURRENT_PAIR, NEXT_PAIR, PREVIOUS_PAIR]);
            signs = pair.kid;
        } else {
            turn.removes.extend(PAIRS);
        }
        if let KeyDeed::Revoke(tags) = &asked.deed {
            let tags = AttributeValue::L(vec![text(STANDARD.encode(tags))]);
            turn.sets.push((TAGS, tags));
            turn.reads.push(TAGS);
            self.turn(item, turn, (&signs, KeyStep::Revoked), asked)
                .await?;
            return Ok(RotatedKey::Done(KeyStep::Revoked, signs));
        }
        let mark = match &shelf.current {
            Some((kid, _)) => (kid.as_str(), KeyStep::Dropped),
            None => (signs.as_str(), KeyStep::Promoted),
        };
        self.turn(item, turn, mark, asked).await?;
        Ok(RotatedKey::Replaced(signs))
    }

    fn new_pair(
        &self,
        asked: &KeyRotation<'_>,
        make: &dyn Fn() -> Result<NewPair, String>,
        item: &Item,
    ) -> Result<Result<StoredPair, String>, Error> {
        let keys = Keys::of(&self.prefix, self.stored(item, Vec::new())?)?;
        let shelf = shelf_of_pairs(item)?;
        let made = make().and_then(|new| match shelf.holds(&new.kid) {
            true => Err(format!("the key {} is already there", new.kid)),
            false => Ok(new),
        });
        match made {
            Ok(new) => keys.seal_pair(&new, asked.random.1, asked.now).map(Ok),
            Err(reason) => Ok(Err(reason)),
        }
    }

    /// Writes a step with its mark, all or nothing.
    async fn turn(
        &self,
        item: &Item,
        turn: Turn,
        (kid, step): (&str, KeyStep),
        asked: &KeyRotation<'_>,
    ) -> Result<(), Error> {
        let writer = Writer::operator(asked.now, asked.random.2);
        let mark = Update::builder()
            .table_name(self.table(CONFIGURATION.name))
            .key("id", text(subjects::TOKEN_KEYS))
            .update_expression("SET #kid = :kid, #step = :step, #change = :change")
            .expression_attribute_names("#kid", KID)
            .expression_attribute_names("#step", STEP)
            .expression_attribute_names("#change", CHANGE)
            .expression_attribute_values(":kid", text(kid))
            .expression_attribute_values(":step", text(step.as_str()))
            .expression_attribute_values(":change", stamp::change(&writer, Reason::Rotate, None))
            .build()
            .map_err(built)?;
        let writes = [
            TransactWriteItem::builder()
                .update(turn.update(self.table(SETTINGS.name), item)?)
                .build(),
            TransactWriteItem::builder().update(mark).build(),
        ];
        match self.send_once(&writes, &writer.rev, &writer).await {
            Ok(failed) if failed.is_empty() => Ok(()),
            Ok(_) => {
                let reason = "another command has rotated the keys at the same time";
                Err(Error::unavailable(reason))
            }
            Err(Unsent::Fault(fault)) => Err(fault),
            Err(Unsent::TooLarge(_)) => Err(Error::internal("the keys are too large")),
        }
    }
}

impl Turn {
    fn update(self, table: String, item: &Item) -> Result<Update, Error> {
        let (mut names, mut values) = (HashMap::new(), HashMap::new());
        let mut name = |attribute: &str| {
            let placeholder = format!("#{attribute}");
            names.insert(placeholder.clone(), attribute.to_owned());
            placeholder
        };
        let mut expression = Vec::new();
        let sets: Vec<String> = self
            .sets
            .into_iter()
            .map(|(attribute, value)| {
                values.insert(format!(":{attribute}"), value);
                format!("{} = :{attribute}", name(attribute))
            })
            .collect();
        if !sets.is_empty() {
            expression.push(format!("SET {}", sets.join(", ")));
        }
        let removes: Vec<String> = self.removes.into_iter().map(&mut name).collect();
        if !removes.is_empty() {
            expression.push(format!("REMOVE {}", removes.join(", ")));
        }
        let conditions = self.reads.into_iter().map(|attribute| {
            let name = name(attribute);
            match item.get(attribute) {
                Some(value) => {
                    values.insert(format!(":read_{attribute}"), value.clone());
                    format!("{name} = :read_{attribute}")
                }
                None => format!("attribute_not_exists({name})"),
            }
        });
        let condition = conditions.collect::<Vec<_>>().join(" AND ");
        Update::builder()
            .table_name(table)
            .key("id", text(SIGNING))
            .update_expression(expression.join(" "))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .build()
            .map_err(built)
    }
}

fn shelf_of_pairs(item: &Item) -> Result<Shelf, Error> {
    let of = |state: &str| {
        let pair = pair(item, state)?;
        Ok::<_, Error>(pair.map(|pair| (pair.kid, Some(pair.since))))
    };
    Ok(Shelf {
        next: of(NEXT_PAIR)?,
        current: of(CURRENT_PAIR)?,
        previous: of(PREVIOUS_PAIR)?,
    })
}

fn shelf_of_secrets(item: &Item) -> Result<Shelf, Error> {
    let of = |state: &str, since: Option<&str>| {
        let secret = secret(item, state)?;
        let at = since.and_then(|since| moment(item, since));
        Ok::<_, Error>(secret.map(|secret| (fingerprint(&secret), at)))
    };
    Ok(Shelf {
        next: of(NEXT, Some(NEXT_SINCE))?,
        current: of(CURRENT, Some(CURRENT_SINCE))?,
        previous: of(PREVIOUS, None)?,
    })
}

fn new_secret(asked: &KeyRotation<'_>) -> (String, String) {
    let secret = STANDARD.encode(asked.random.0);
    (fingerprint(secret.as_bytes()), secret)
}

fn publish_pair(pair: &StoredPair) -> Turn {
    Turn {
        sets: vec![(NEXT_PAIR, written(pair))],
        reads: vec![NEXT_PAIR, CURRENT_PAIR, PREVIOUS_PAIR],
        ..Turn::default()
    }
}

/// Pairs of a project that has gone back to secrets go with it: they verify nothing.
fn publish_secret(asked: &KeyRotation<'_>) -> (String, Turn) {
    let (kid, secret) = new_secret(asked);
    let turn = Turn {
        sets: vec![(NEXT, text(secret)), (NEXT_SINCE, time(asked.now))],
        removes: PAIRS.to_vec(),
        reads: vec![NEXT, CURRENT, PREVIOUS],
    };
    (kid, turn)
}

fn promote_pair(item: &Item, now: Timestamp) -> Result<(String, Turn), Error> {
    let next = pair(item, NEXT_PAIR)?;
    let mut next = next.ok_or_else(|| Error::internal("no key is published"))?;
    next.since = now;
    let mut sets = vec![(CURRENT_PAIR, written(&next))];
    sets.extend(
        item.get(CURRENT_PAIR)
            .map(|current| (PREVIOUS_PAIR, current.clone())),
    );
    if !item.contains_key(PAIRS_SINCE) {
        sets.push((PAIRS_SINCE, time(now)));
    }
    let turn = Turn {
        sets,
        removes: vec![NEXT_PAIR],
        reads: vec![NEXT_PAIR, CURRENT_PAIR, PREVIOUS_PAIR],
    };
    Ok((next.kid, turn))
}

fn promote_secret(item: &Item, now: Timestamp) -> Result<(String, Turn), Error> {
    let missing = || Error::internal("no key is published");
    let next = item.get(NEXT).cloned().ok_or_else(missing)?;
    let mut sets = vec![(CURRENT, next), (CURRENT_SINCE, time(now))];
    sets.extend(item.get(CURRENT).map(|current| (PREVIOUS, current.clone())));
    let turn = Turn {
        sets,
        removes: vec![NEXT, NEXT_SINCE],
        reads: vec![NEXT, CURRENT, PREVIOUS],
    };
    Ok((String::new(), turn))
}

fn drop_key(state: &'static str) -> Turn {
    Turn {
        removes: vec![state],
        reads: vec![state],
        ..Turn::default()
    }
}
