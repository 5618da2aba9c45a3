//! The public keys of a provider (RFC 7517), by which the ID tokens of native apps are verified.

use std::time::Duration;

use api::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most keys that are kept.
const MAX_KEYS: usize = 50;

/// The longest time for which keys are kept.
const LONGEST: Duration = Duration::from_secs(3600);

/// The least time between two questions to a provider for its keys, and so the shortest time for which they are kept.
pub const PAUSE: Duration = Duration::from_secs(60);

/// A public key. Members that nothing here needs are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PublicKey {
    kty: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alg: Option<String>,
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    usage: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crv: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    e: Option<String>,
}

/// The keys of a provider, as it told them at some time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySet {
    keys: Vec<PublicKey>,
    /// When the provider was asked, in seconds.
    pub asked_at: u64,
    /// Until when they hold, in seconds.
    pub until: u64,
}

impl KeySet {
    /// Reads the keys that a provider tells now. `cache` is the header by which it says for how long they hold. Keys of other
    /// kinds are passed over.
    #[must_use]
    pub fn read(body: &Value, cache: Option<&str>, now: Timestamp) -> Option<Self> {
        let told = body.get("keys")?.as_array()?.iter().take(MAX_KEYS);
        let keys = told.filter_map(|key| {
            let members = key.to_string();
            let key: PublicKey = api::value::known(members.as_bytes())?;
            key.verifies().map(|_| key)
        });
        let age = cache.and_then(max_age).unwrap_or(LONGEST);
        Some(Self {
            keys: keys.collect(),
            asked_at: now.seconds(),
            until: now.after(age.clamp(PAUSE, LONGEST)).seconds(),
        })
    }

    /// The same keys, where the provider was asked again at another time, in seconds.
    #[must_use]
    pub fn asked(self, at: u64) -> Self {
        Self {
            asked_at: at,
            ..self
        }
    }

    /// Whether they hold now.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        now.seconds() < self.until
    }

    /// Whether the provider may be asked again for a key that is not among them.
    #[must_use]
    pub fn may_ask(&self, now: Timestamp) -> bool {
        now.seconds() >= self.asked_at.saturating_add(PAUSE.as_secs())
    }

    /// The key of this id that signs by this algorithm. A token that names none is of the only one.
    pub(super) fn key(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<DecodingKey> {
        let fits = |key: &&PublicKey| {
            key.verifies() == Some(algorithm)
                && kid.is_none_or(|kid| key.kid.as_deref() == Some(kid))
        };
        let mut fitting = self.keys.iter().filter(fits);
        let key = fitting.next()?;
        let is_one = kid.is_some() || fitting.next().is_none();
        is_one.then(|| key.decoding()).flatten()
    }
}

impl PublicKey {
    /// The algorithm that it verifies, which its own words agree with.
    fn verifies(&self) -> Option<Algorithm> {
        let algorithm = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", None) => Algorithm::RS256,
            ("EC", Some("P-256")) => Algorithm::ES256,
            ("OKP", Some("Ed25519")) => Algorithm::EdDSA,
            _ => return None,
        };
        let said = self.alg.as_deref().map(self::algorithm);
        let agrees = said.is_none_or(|said| said == Some(algorithm));
        let signs = self.usage.as_deref().is_none_or(|usage| usage == "sig");
        (agrees && signs).then_some(algorithm)
    }

    fn decoding(&self) -> Option<DecodingKey> {
        let (x, y) = (self.x.as_deref(), self.y.as_deref());
        let key = match self.kty.as_str() {
            "RSA" => DecodingKey::from_rsa_components(self.n.as_deref()?, self.e.as_deref()?),
            "EC" => DecodingKey::from_ec_components(x?, y?),
            _ => DecodingKey::from_ed_components(x?),
        };
        key.ok()
    }
}

/// The algorithm of this name, where ID tokens may be signed by it. `Ed25519` is another name of `EdDSA` with that curve (RFC
/// 9864).
pub(super) fn algorithm(name: &str) -> Option<Algorithm> {
    Some(match name {
        "RS256" => Algorithm::RS256,
        "ES256" => Algorithm::ES256,
        "EdDSA" | "Ed25519" => Algorithm::EdDSA,
        _ => return None,
    })
}

/// The seconds of `max-age` (RFC 9111, section 5.2.2.1).
fn max_age(cache: &str) -> Option<Duration> {
    let mut directives = cache.split(',').filter_map(|it| it.trim().split_once('='));
    let (_, seconds) = directives.find(|(name, _)| name.eq_ignore_ascii_case("max-age"))?;
    seconds
        .trim_matches('"')
        .parse()
        .ok()
        .map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    #[test]
    fn keys_hold_for_as_long_as_the_provider_says_within_bounds() {
        let seconds = |cache: Option<&str>| {
            let set = KeySet::read(&json!({ "keys": [] }), cache, NOW).expect("a set");
            set.until - set.asked_at
        };
        for (cache, expected) in [
            (None, 3600),
            (Some("no-cache"), 3600),
            (Some("public, max-age=300"), 300),
            (Some("Max-Age=\"120\", public"), 120),
            (Some("max-age=0"), 60),
            (Some("max-age=86400"), 3600),
            (Some("max-age=soon"), 3600),
        ] {
            assert_eq!(seconds(cache), expected, "{cache:?}");
        }
        let set = KeySet::read(&json!({ "keys": [] }), Some("max-age=90"), NOW).expect("a set");
        let at = |seconds| NOW.after(Duration::from_secs(seconds));
        assert!(set.holds(at(89)) && !set.holds(at(90)));
        assert!(!set.may_ask(at(59)) && set.may_ask(at(60)));
        assert_eq!(KeySet::read(&json!({ "keys": 1 }), None, NOW), None);
    }

    #[test]
    fn a_key_is_of_one_algorithm_and_of_its_id() {
        let rsa = |more: Value| {
            let mut key =
                json!({ "kty": "RSA", "kid": "r", "n": "AQAB", "e": "AQAB", "x5c": ["-"] });
            for (name, value) in more.as_object().cloned().unwrap_or_default() {
                key[name] = value;
            }
            key
        };
        let ec = json!({ "kty": "EC", "crv": "P-256", "kid": "e", "x": "AA", "y": "AA" });
        let ed = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "d", "x": "AA", "alg": "Ed25519" });
        let read = |keys: Value| KeySet::read(&json!({ "keys": keys }), None, NOW).expect("a set");
        let set = read(json!([rsa(json!({})), ec, ed]));
        for (kid, algorithm, there) in [
            (Some("r"), Algorithm::RS256, true),
            (Some("e"), Algorithm::ES256, true),
            (Some("d"), Algorithm::EdDSA, true),
            (Some("r"), Algorithm::ES256, false),
            (Some("x"), Algorithm::RS256, false),
            (None, Algorithm::RS256, true),
        ] {
            assert_eq!(
                set.key(kid, algorithm).is_some(),
                there,
                "{kid:?} {algorithm:?}"
            );
        }
        let two = read(json!([rsa(json!({})), rsa(json!({ "kid": "s" }))]));
        assert!(two.key(None, Algorithm::RS256).is_none());
        for unfit in [
            rsa(json!({ "use": "enc" })),
            rsa(json!({ "alg": "RS512" })),
            rsa(json!({ "alg": "HS256" })),
            json!({ "kty": "oct", "k": "AA", "kid": "r" }),
            json!({ "kty": "EC", "crv": "P-384", "kid": "r", "x": "AA", "y": "AA" }),
            json!({ "kid": "r" }),
            json!(7),
        ] {
            assert!(read(json!([unfit])).keys.is_empty(), "{unfit}");
        }
    }
}
