//! Events: their contents.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Events: their contents.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Events {
    /// Whether a record keeps the source address of its last write, which its events then tell. An address is personal
    /// data.
    pub record_addresses: bool,
}
