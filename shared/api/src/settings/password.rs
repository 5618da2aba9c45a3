//! The demands on a new password.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

/// The rules of a new password (NIST SP 800-63B-4, section 3.1.1.2: no composition rules).
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Password {
    /// The demands, as a whole.
    pub preset: Preset,
    /// The fewest characters, 8 to 64; unset: those of the preset.
    #[serde(deserialize_with = "count")]
    pub min_length: Option<usize>,
    /// The most characters, 64 to 128.
    pub max_length: usize,
    /// Whether passwords are refused that are known from breaches. A service is asked for that, by five digits of a hash.
    pub breach_check: bool,
    /// The address of that service, such as `https://breaches.example.com/range/`: the five digits follow it.
    pub breach_url: String,
}

/// The public service that knows passwords from breaches.
const BREACHES: &str = "https://api.pwnedpasswords.com/range/";

/// The demands on a new password, as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// 8 characters, and nothing else.
    #[default]
    Basic,
    /// 8 characters, none of the common passwords, and neither the address nor the app's name (ASVS 5.0, 6.2.1, 6.2.4 and
    /// 6.2.11).
    Owasp,
    /// The same with 15 characters where the password is the only factor (NIST SP 800-63B-4, section 3.1.1.2).
    Nist,
}

/// The part of a password in a sign-in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Factor {
    /// Nothing else need be proven.
    #[default]
    Only,
    /// A second factor is asked for each time.
    OneOfTwo,
}

impl Password {
    /// The fewest characters of a password with this part in a sign-in.
    #[must_use]
    pub fn least(&self, factor: Factor) -> usize {
        self.min_length.unwrap_or(match (self.preset, factor) {
            (Preset::Nist, Factor::Only) => 15,
            (Preset::Nist, Factor::OneOfTwo) | (Preset::Basic | Preset::Owasp, _) => 8,
        })
    }

    /// Whether common passwords, the address and the app's name are refused.
    #[must_use]
    pub fn refuses_words(&self) -> bool {
        self.preset != Preset::Basic
    }
}

impl Default for Password {
    fn default() -> Self {
        Self {
            preset: Preset::Basic,
            min_length: None,
            max_length: 128,
            breach_check: false,
            breach_url: BREACHES.to_owned(),
        }
    }
}

/// Reads a number that may be unset, or the text that the environment has in place of one.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let number = match &value {
        Value::Null => return Ok(None),
        Value::Number(number) => number.to_string().parse().ok(),
        Value::String(text) => text.parse().ok(),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let refusal = || de::Error::custom(format!("{value} is not a whole number"));
    number.map(Some).ok_or_else(refusal)
}
