//! The key pairs of access tokens among the signing keys of `_settings`.

use api::settings::TokenAlgorithm;
use api::{Error, Timestamp};
use auth::TokenTerms;
use auth::keys::StoredPairs;
use auth::token_key::StoredPair;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::item::{Item, number, text};

/// The attributes: the pairs by their states, and since when one signs.
pub(crate) const NEXT_PAIR: &str = "next_pair";
pub(crate) const CURRENT_PAIR: &str = "current_pair";
pub(crate) const PREVIOUS_PAIR: &str = "previous_pair";
pub(crate) const PAIRS_SINCE: &str = "pairs_since";

/// The members of a pair.
pub(crate) const KID: &str = "kid";
const ALGORITHM: &str = "alg";
const PUBLIC: &str = "public";
pub(crate) const PRIVATE: &str = "private";
const SINCE: &str = "since";

/// The step that the mark of a rotation names, beside [`KID`].
pub(crate) const STEP: &str = "step";

/// The pairs of the item, for tokens of these terms.
pub(crate) fn pairs(item: &Item, terms: &TokenTerms) -> Result<StoredPairs, Error> {
    Ok(StoredPairs {
        terms: terms.clone(),
        current: pair(item, CURRENT_PAIR)?,
        previous: pair(item, PREVIOUS_PAIR)?,
        next: pair(item, NEXT_PAIR)?,
        since: moment(item, PAIRS_SINCE),
    })
}

/// A pair of the item, if it has one in this state.
pub(crate) fn pair(item: &Item, state: &str) -> Result<Option<StoredPair>, Error> {
    let Some(value) = item.get(state) else {
        return Ok(None);
    };
    let read = |item: &Item| {
        let word = |name: &str| item.get(name)?.as_s().ok().cloned();
        let public = item.get(PUBLIC)?.as_l().ok()?;
        let public = public.iter().map(|part| part.as_s().ok().cloned());
        Some(StoredPair {
            kid: word(KID)?,
            algorithm: TokenAlgorithm::parse(&word(ALGORITHM)?)?,
            public: public.collect::<Option<_>>()?,
            sealed: word(PRIVATE)?,
            since: moment(item, SINCE)?,
        })
    };
    let pair = value.as_m().ok().and_then(read);
    let broken = || Error::internal(format!("_settings item without a proper `{state}`"));
    pair.map(Some).ok_or_else(broken)
}

/// A pair as the item has it.
pub(crate) fn written(pair: &StoredPair) -> AttributeValue {
    let public = pair.public.iter().map(text).collect();
    let members = [
        (KID, text(&pair.kid)),
        (ALGORITHM, text(pair.algorithm.as_str())),
        (PUBLIC, AttributeValue::L(public)),
        (PRIVATE, text(&pair.sealed)),
        (SINCE, number(pair.since.millis())),
    ];
    let members = members.map(|(name, value)| (name.to_owned(), value));
    AttributeValue::M(Item::from(members))
}

/// A time of the item, if it has it.
pub(crate) fn moment(item: &Item, name: &str) -> Option<Timestamp> {
    let millis = item.get(name)?.as_n().ok()?.parse().ok()?;
    Some(Timestamp::from_millis(millis))
}
