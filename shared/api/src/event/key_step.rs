//! The steps of a key of access tokens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step of a key of access tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyStep {
    /// It is among the public keys, and verifies.
    Published,
    /// It signs.
    Promoted,
    /// It is gone: its tokens are refused.
    Dropped,
    /// It signs, and no token of before is good, also no refresh token: everybody has to sign in again.
    Revoked,
}

impl KeyStep {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Promoted => "promoted",
            Self::Dropped => "dropped",
            Self::Revoked => "revoked",
        }
    }

    /// The step of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let all = [
            Self::Published,
            Self::Promoted,
            Self::Dropped,
            Self::Revoked,
        ];
        all.into_iter().find(|it| it.as_str() == name)
    }
}
