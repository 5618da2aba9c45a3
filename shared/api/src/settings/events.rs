//! Events: their contents, and for how long they, their deliveries and the audit log are kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::span::Span;

/// Events: their contents, and what becomes of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Events {
    /// Whether webhooks may go to private addresses, and by `http`: for a developer's machine, where it is the default. In the
    /// cloud nothing starts with it.
    pub allow_private_addresses: bool,
    /// Whether webhooks and triggers are served; the stack has the rule that looks for due deliveries only then.
    pub consumers: bool,
    /// For how long a delivery stands in the log of its consumer, 1 to 366 days.
    pub delivery_log: Span,
    /// How often a trigger may be called for the changes of triggers, 1 to 10.
    pub max_depth: u8,
    /// Whether a record keeps the source address of its last write, which its events then tell. An address is personal
    /// data.
    pub record_addresses: bool,
    /// For how long an event is kept for its consumers, 1 to 366 days.
    pub retention: Span,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            allow_private_addresses: false,
            consumers: true,
            delivery_log: Span::seconds(7 * 86_400),
            max_depth: 3,
            record_addresses: false,
            retention: Span::seconds(30 * 86_400),
        }
    }
}

/// The audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Audit {
    /// For how long an entry is kept, 1 to 3660 days.
    pub retention: Span,
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            retention: Span::seconds(365 * 86_400),
        }
    }
}
