//! Second factors.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};

use crate::rule::ANONYMOUS;
use crate::value;

/// The users who have a second factor, which is a code of an authenticator app or a passkey.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mfa {
    /// Nobody can switch one on. Those who have one are asked for it as before.
    Off,
    /// Those who want one.
    #[default]
    Optional,
    /// Everybody.
    Required,
    /// Everybody of some roles, and those who want one.
    #[serde(untagged, deserialize_with = "object")]
    RequiredFor(RequiredFor),
}

/// The roles that have to have a second factor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequiredFor {
    /// The roles.
    pub required_for: Vec<String>,
}

/// Reads an object, and no list in place of one.
fn object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RequiredFor, D::Error> {
    let object = Map::<String, Value>::deserialize(deserializer)?;
    value::read(Value::Object(object)).map_err(|(_, reason)| de::Error::custom(reason))
}

impl Mfa {
    /// Whether users of this role have to have a second factor. An anonymous account cannot have one.
    #[must_use]
    pub fn requires(&self, role: &str) -> bool {
        match self {
            Self::Off | Self::Optional => false,
            Self::Required => role != ANONYMOUS,
            Self::RequiredFor(roles) => roles.required_for.iter().any(|it| it == role),
        }
    }

    /// Whether users can switch one on.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self != Self::Off
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_policy_is_a_word_or_a_list_of_roles() {
        for (text, open, admin, other) in [
            (json!("off"), false, false, false),
            (json!("optional"), true, false, false),
            (json!("required"), true, true, true),
            (json!({ "requiredFor": ["admin"] }), true, true, false),
        ] {
            let policy: Mfa = serde_json::from_value(text.clone()).expect("a policy");
            let found = (
                policy.is_open(),
                policy.requires("admin"),
                policy.requires("editor"),
            );
            assert_eq!(found, (open, admin, other), "{text}");
            assert!(!policy.requires("anonymous"), "{text}");
            assert_eq!(json!(policy), text);
        }
        for text in [
            json!("yes"),
            json!({}),
            json!({ "requiredFor": ["a"], "more": 1 }),
        ] {
            assert!(serde_json::from_value::<Mfa>(text).is_err());
        }
    }
}
