//! The kinds of actors behind a change, as the items hold them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kind of the actor behind a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActorType {
    /// A user, by a token or a password.
    User,
    /// A server, by its secret key.
    Key,
    /// Nobody who is known.
    Stranger,
    /// An operator, by `cargo admin`.
    Cli,
    /// Bakend itself.
    System,
}

impl ActorType {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::User,
        Self::Key,
        Self::Stranger,
        Self::Cli,
        Self::System,
    ];

    /// The name in the items and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Key => "key",
            Self::Stranger => "stranger",
            Self::Cli => "cli",
            Self::System => "system",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_kind_has_one_name_everywhere() {
        for kind in ActorType::ALL {
            assert_eq!(ActorType::parse(kind.as_str()), Some(kind));
            assert_eq!(json!(kind), json!(kind.as_str()));
        }
        assert_eq!(ActorType::parse("User"), None);
    }
}
