//! Ids: UUIDv7 (RFC 9562, section 5.7), lower case.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::fmt::Hyphenated;
use uuid::{Uuid, Variant};

use crate::time::Timestamp;

/// The id of a user, a session or a record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("format" = "uuid"))]
pub struct Id(Uuid);

impl Id {
    /// A new id out of the time and ten random bytes.
    #[must_use]
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(now.millis(), &random).into_uuid())
    }

    /// A new id whose first random byte names its shard, so that the id alone is enough for a read.
    #[must_use]
    pub fn in_shard(now: Timestamp, random: [u8; 10], shard: u8) -> Self {
        let mut bytes = Self::new(now, random).bytes();
        bytes[7] = shard;
        Self(Uuid::from_bytes(bytes))
    }

    /// The shard of a record's id.
    #[must_use]
    pub fn shard(self) -> u8 {
        self.0.as_bytes()[7]
    }

    /// The time when the id was made, in milliseconds.
    #[must_use]
    pub fn created_at(self) -> Timestamp {
        let millis = self.0.as_bytes()[..6]
            .iter()
            .fold(0, |millis, byte| millis << 8 | u64::from(*byte));
        Timestamp::from_millis(millis)
    }

    /// The sixteen bytes.
    #[must_use]
    pub fn bytes(self) -> [u8; 16] {
        *self.0.as_bytes()
    }

    /// The id of these sixteen bytes; `None` unless they are a UUIDv7.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        let uuid = Uuid::from_bytes(bytes);
        (uuid.get_version_num() == 7 && uuid.get_variant() == Variant::RFC4122)
            .then_some(Self(uuid))
    }
}

/// The string is not a UUIDv7 in its canonical, lower-case form.
#[derive(Debug, PartialEq, Eq)]
pub struct NotAnId;

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a UUIDv7 in lower case")
    }
}

impl FromStr for Id {
    type Err = NotAnId;

    /// Accepts only the canonical spelling, so that a record has one address.
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        // Of the spellings that are parsed, the hyphenated one alone has this length.
        if text.len() != Hyphenated::LENGTH || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(NotAnId);
        }
        Uuid::try_parse(text)
            .ok()
            .and_then(|uuid| Self::from_bytes(uuid.into_bytes()))
            .ok_or(NotAnId)
    }
}

impl TryFrom<String> for Id {
    type Error = NotAnId;
    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.to_string()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_carries_its_time_and_its_shard() {
        let now = Timestamp::from_millis(1_790_000_000_123);
        let id = Id::in_shard(now, [0xff; 10], 3);
        assert_eq!((id.created_at(), id.shard()), (now, 3));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(Id::from_bytes(id.bytes()), Some(id));
        assert!(Id::new(Timestamp::from_millis(now.millis() + 1), [0; 10]) > id);
    }

    #[test]
    fn one_spelling_alone_is_an_id() {
        let id = Id::new(Timestamp::from_millis(1_790_000_000_123), [7; 10]).to_string();
        for other in [
            id.to_uppercase(),
            id.replace('-', ""),
            format!("{{{id}}}"),
            format!(" {id}"),
            format!("urn:uuid:{id}"),
            id.replace('-', "0"),
            format!("{}----", id.replace('-', "")),
            format!("{}é", id.get(..34).unwrap_or_default()),
            String::new(),
            "00000000-0000-4000-8000-000000000000".into(),
            "00000000-0000-7000-0000-000000000000".into(),
        ] {
            assert_eq!(other.parse::<Id>(), Err(NotAnId), "{other}");
        }
    }
}
