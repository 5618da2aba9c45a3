//! Row filters, and the name that stands for the caller in them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::rule::Rule;

/// The placeholder for the caller's id in a row filter.
pub(crate) const USER_ID: &str = "$userId";

/// Which records some callers see, of those that the rules let them read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowFilter {
    /// Whom it is for; who meets it as the owner only sees their own records by it.
    #[serde(default)]
    pub when: Rule,
    /// What the records are like, as `filter` of a list says it; empty for all. The value `$userId` is the caller's id.
    #[serde(default)]
    pub filter: Map<String, Value>,
}

impl RowFilter {
    /// Whether it names the caller's id, so that it never holds for a stranger.
    #[must_use]
    pub fn names_user(&self) -> bool {
        names_user(&self.filter)
    }
}

/// Whether a row filter names the caller's id, so that it never holds for a stranger.
pub(crate) fn names_user(filter: &Map<String, Value>) -> bool {
    fn within(value: &Value) -> bool {
        match value {
            Value::String(text) => text == USER_ID,
            Value::Array(items) => items.iter().any(within),
            Value::Object(members) => members.values().any(within),
            _ => false,
        }
    }
    filter.values().any(within)
}

pub(crate) fn set_user(value: &mut Value, id: &Value) {
    match value {
        Value::String(text) if text == USER_ID => *value = id.clone(),
        Value::Array(items) => items.iter_mut().for_each(|item| set_user(item, id)),
        Value::Object(members) => members.values_mut().for_each(|member| set_user(member, id)),
        _ => {}
    }
}
