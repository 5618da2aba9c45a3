//! Details of events that are words of their own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The change of a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PasskeyReason {
    /// It was added.
    Added,
    /// It was removed: by its user, an admin, or whoever took an unproven account over.
    Removed,
}
