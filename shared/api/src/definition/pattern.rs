//! Regular expressions in definitions.

use std::borrow::Cow;

use regex_lite::{Regex, RegexBuilder};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most bytes of a pattern.
const MAX_LENGTH: usize = 256;

/// The most bytes of its program: the time of a search is proportional to the program and to the text.
const MAX_PROGRAM: usize = 32 << 10;

/// A compiled regular expression that a string must match somewhere. Its search takes linear time, and it means the
/// same here and in JavaScript, so clients can check it too.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// The reason why it is no pattern, as a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_LENGTH {
            return Err(format!("the pattern has more than {MAX_LENGTH} bytes"));
        }
        if let Some(foreign) = foreign(text) {
            return Err(format!(
                "the pattern's `{foreign}` is not the same in every language; write it otherwise"
            ));
        }
        let built = RegexBuilder::new(text).size_limit(MAX_PROGRAM).build();
        built
            .map(Self)
            .map_err(|error| format!("the pattern cannot be used: {error}"))
    }

    /// Whether it matches somewhere in a text.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// The first part of a pattern that another engine would read differently or not at all. Such parts are flags, names of
/// groups, nested classes and unusual escapes.
fn foreign(text: &str) -> Option<&str> {
    let group = text
        .match_indices("(?")
        .find(|(at, _)| text.get(at + 2..at + 3) != Some(":"));
    let class = text.match_indices("[:").next();
    let mut escaped = false;
    let escape = text.char_indices().find(|(_, c)| {
        let odd = escaped
            && (!c.is_ascii() || c.is_ascii_alphanumeric() && !"dDwWsSbBnrtfv".contains(*c));
        escaped = *c == '\\' && !escaped;
        odd
    });
    let escape = escape.map(|(at, c)| (at.saturating_sub(1), c.len_utf8() + 1));
    let (at, length) = group
        .or(class)
        .map(|(at, found)| (at, found.len()))
        .or(escape)?;
    text.get(at..at + length)
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Pattern {}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for Pattern {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Pattern".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "regex", "maxLength": MAX_LENGTH })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_somewhere_unless_anchored() {
        for (pattern, text, expected) in [
            ("b+", "abbc", true),
            ("^b+$", "abbc", false),
            ("^[A-Z0-9-]{3,32}$", "SKU-1", true),
            ("^[A-Z0-9-]{3,32}$", "SKU-1\n", false),
            ("^(?:a|ü)\\.\\d$", "ü.1", true),
            ("", "anything", true),
        ] {
            let matches = Pattern::parse(pattern).expect(pattern).matches(text);
            assert_eq!(matches, expected, "{pattern} on {text:?}");
        }
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        let long = "a".repeat(MAX_LENGTH + 1);
        for (pattern, reason) in [
            (long.as_str(), "more than 256 bytes"),
            ("(", "cannot be used"),
            ("a{2,1}", "cannot be used"),
            ("*", "cannot be used"),
            ("(.{1,50}){1,50}x", "size limit"),
            ("((a{100}){100}){100}", "size limit"),
            ("(?i)a", "`(?`"),
            ("(?=a)", "`(?`"),
            ("(?P<year>[0-9]+)", "`(?`"),
            ("[[:alpha:]]", "`[:`"),
            ("\\Aa\\z", "`\\A`"),
            ("\\\\\\pL", "`\\p`"),
            ("(a)\\1", "`\\1`"),
            ("\\ü", "`\\ü`"),
        ] {
            let refused = Pattern::parse(pattern).expect_err(pattern);
            assert!(refused.contains(reason), "{pattern}: {refused}");
        }
    }
}
