//! Operations on records, and the rule of each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rule::Rule;

/// An operation on records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Create a record.
    Create,
    /// Read a record by its id.
    Read,
    /// List records.
    List,
    /// Change a record.
    Update,
    /// Delete a record.
    Delete,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 5] = [
        Self::Create,
        Self::Read,
        Self::List,
        Self::Update,
        Self::Delete,
    ];

    /// The operation's name in definitions and scopes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::List => "list",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// The rule of every operation.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Permissions {
    /// Who may create.
    #[serde(default)]
    pub create: Rule,
    /// Who may read one record, and list unless `list` says otherwise.
    #[serde(default)]
    pub read: Rule,
    /// Who may list; the same as `read` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<Rule>,
    /// Who may change.
    #[serde(default)]
    pub update: Rule,
    /// Who may delete.
    #[serde(default)]
    pub delete: Rule,
    /// Whether the definition says anything of them at all.
    #[serde(skip, default = "yes")]
    #[schemars(skip)]
    pub declared: bool,
}

impl Permissions {
    /// Whether the file declares no permissions; its normal form declares none either, so that a check can tell.
    pub(super) fn is_undeclared(&self) -> bool {
        !self.declared
    }
}

fn yes() -> bool {
    true
}
