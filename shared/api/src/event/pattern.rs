//! Patterns: which events a consumer wants.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::kind::Kind;

/// Which events a consumer wants: `*` for all, `auth.*` for a family, or one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub enum Pattern {
    /// Every event.
    All,
    /// The events of a family, by its name.
    Family(&'static str),
    /// The events of a type.
    Exact(Kind),
}

impl Pattern {
    /// Every pattern there is.
    pub fn all() -> impl Iterator<Item = Self> {
        let mut families: Vec<&'static str> = Kind::ALL.iter().map(|kind| kind.family()).collect();
        families.dedup();
        let exact = Kind::ALL.iter().copied().map(Self::Exact);
        std::iter::once(Self::All)
            .chain(families.into_iter().map(Self::Family))
            .chain(exact)
    }

    /// Whether events of a type are wanted.
    #[must_use]
    pub fn matches(self, kind: Kind) -> bool {
        match self {
            Self::All => true,
            Self::Family(family) => kind.family() == family,
            Self::Exact(wanted) => kind == wanted,
        }
    }
}

/// The text is no pattern of events.
#[derive(Debug, PartialEq, Eq)]
pub struct NotAPattern(pub String);

impl fmt::Display for NotAPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no pattern of events: `*`, a family such as `auth.*`, or a type",
            self.0
        )
    }
}

impl FromStr for Pattern {
    type Err = NotAPattern;

    fn from_str(text: &str) -> Result<Self, NotAPattern> {
        Self::all()
            .find(|pattern| pattern.to_string() == text)
            .ok_or_else(|| NotAPattern(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Family(family) => write!(f, "{family}.*"),
            Self::Exact(kind) => kind.fmt(f),
        }
    }
}

impl JsonSchema for Pattern {
    fn schema_name() -> Cow<'static, str> {
        "EventPattern".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let all: Vec<String> = Self::all().map(|pattern| pattern.to_string()).collect();
        json_schema!({ "type": "string", "enum": all })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_pattern_is_everything_a_family_or_a_type() {
        for (text, wanted) in [
            ("*", Kind::ALL.to_vec()),
            (
                "key.*",
                vec![Kind::KeyCreated, Kind::KeyRotated, Kind::KeyDeleted],
            ),
            ("record.updated", vec![Kind::RecordUpdated]),
        ] {
            let pattern: Pattern = text.parse().expect("a pattern");
            let matched = Kind::ALL.iter().copied();
            let matched: Vec<Kind> = matched.filter(|kind| pattern.matches(*kind)).collect();
            assert_eq!(matched, wanted, "{text}");
            assert_eq!(pattern.to_string(), text);
        }
        let texts: BTreeSet<String> = Pattern::all().map(|pattern| pattern.to_string()).collect();
        assert_eq!(texts.len(), Pattern::all().count());
    }

    #[test]
    fn anything_else_is_refused_by_its_name() {
        for text in [
            "",
            "auth",
            "auth.",
            ".*",
            "auth.**",
            "auth.session.*",
            "AUTH.*",
            "* ",
            "mail.*",
        ] {
            let refused = text.parse::<Pattern>().expect_err("refused");
            assert!(refused.to_string().starts_with(&format!("`{text}` is no")));
        }
    }
}
