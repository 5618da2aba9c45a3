//! Consumers: a webhook or a trigger, by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::Id;

/// The longest name of a trigger, in bytes.
const MAX_NAME: usize = 32;

/// A listener to events: `webhook:<id>` or `trigger:<name>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Consumer {
    /// A webhook, by its id.
    Webhook(Id),
    /// A trigger, by its name: `^[a-z][a-z0-9-]{0,31}$`.
    Trigger(String),
}

/// The text names no consumer.
#[derive(Debug, PartialEq, Eq)]
pub struct NotAConsumer;

impl fmt::Display for NotAConsumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no consumer: `webhook:<id>` or `trigger:<name>`")
    }
}

impl Consumer {
    /// Whether a trigger may have this name.
    #[must_use]
    pub fn is_name(name: &str) -> bool {
        let rest = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        name.len() <= MAX_NAME
            && name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.bytes().all(rest)
    }
}

impl FromStr for Consumer {
    type Err = NotAConsumer;

    fn from_str(text: &str) -> Result<Self, NotAConsumer> {
        match text.split_once(':') {
            Some(("webhook", id)) => id.parse().map(Self::Webhook).map_err(|_| NotAConsumer),
            Some(("trigger", name)) if Self::is_name(name) => Ok(Self::Trigger(name.to_owned())),
            _ => Err(NotAConsumer),
        }
    }
}

impl fmt::Display for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Webhook(id) => write!(f, "webhook:{id}"),
            Self::Trigger(name) => write!(f, "trigger:{name}"),
        }
    }
}

impl TryFrom<String> for Consumer {
    type Error = NotAConsumer;

    fn try_from(text: String) -> Result<Self, NotAConsumer> {
        text.parse()
    }
}

impl From<Consumer> for String {
    fn from(consumer: Consumer) -> Self {
        consumer.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn a_consumer_has_one_name() {
        let id = Id::new(Timestamp::from_millis(1_790_000_000_000), [7; 10]);
        for consumer in [
            Consumer::Webhook(id),
            Consumer::Trigger("a-2".to_owned()),
            Consumer::Trigger("a".repeat(32)),
        ] {
            assert_eq!(consumer.to_string().parse(), Ok(consumer));
        }
        for text in [
            String::new(),
            "webhook:".to_owned(),
            format!("webhook:{}", id.to_string().to_uppercase()),
            "trigger:".to_owned(),
            "trigger:2a".to_owned(),
            "trigger:A".to_owned(),
            "trigger:a:b".to_owned(),
            format!("trigger:{}", "a".repeat(33)),
            "mail:a".to_owned(),
        ] {
            assert_eq!(text.parse::<Consumer>(), Err(NotAConsumer), "{text}");
        }
    }
}
