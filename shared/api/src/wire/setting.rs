//! Settings as admins read them.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// Where the value of a setting comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub enum Source {
    /// Nothing sets it.
    #[serde(rename = "default")]
    Default,
    /// The project's file.
    #[serde(rename = "bakend.json")]
    File,
    /// A variable of the function, which outweighs the file.
    #[serde(rename = "environment")]
    Environment,
}

/// A setting as it holds.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShownSetting {
    /// The name in `bakend.json`, such as `auth.bcryptCost`.
    pub key: String,
    /// The value; of a secret only `set` or `unset`.
    pub value: Value,
    /// Where the value comes from.
    pub source: Source,
    /// The variable that sets it, such as `BAKEND_AUTH_BCRYPT_COST`.
    pub variable: String,
    /// How to change it.
    pub change: String,
}

/// Every setting.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct ShownSettings {
    /// The settings, as the file lists them; those that only the environment has come last.
    pub items: Vec<ShownSetting>,
}
