//! Triggers as an admin sees them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::event::Pattern;

/// A trigger and how its deliveries go.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WatchedTrigger {
    /// The name, by which its deliveries are listed.
    pub name: String,
    /// The events that it runs after.
    pub on: Vec<Pattern>,
    /// The collections whose record events it wants; null for all of them.
    pub collections: Option<Vec<String>>,
    /// How many deliveries wait, counted up to 1,000.
    pub waiting: u64,
    /// How many of these deliveries have failed at least once.
    pub failures: u64,
}

/// The triggers.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Triggers {
    /// All of them, in the order of their file.
    pub items: Vec<WatchedTrigger>,
}
