//! The clients of the API.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The clients of the API.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Client {
    /// The file that `cargo generate` writes the types of the collections into, such as `web/src/bakend.ts`, from the
    /// folder of `bakend.json`. Unset: none is written.
    pub types: Option<String>,
}
