//! Pages for people.

use schemars::JsonSchema;
use serde::Serialize;

/// A page in HTML.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Html {
    /// The whole document.
    pub text: String,
    /// The scripts and styles that it may run, as hashes in the terms of a content security policy.
    #[serde(skip)]
    pub allowed: String,
}
