//! The facts beside a stream record, and the refusal of one.

use std::fmt;

use api::Definition;
use api::definition::ProfileField;

/// The facts beside a stream record that its events depend on.
pub struct World<'a> {
    /// The prefix of the deployment's tables. It names the deployment, without its last hyphen.
    pub prefix: &'a str,
    /// The definition of a collection, if there is one of that name.
    pub collection: &'a (dyn Fn(&str) -> Option<&'a Definition> + Sync),
    /// The declared profile fields.
    pub profile: &'a [ProfileField],
}

impl<'a> World<'a> {
    /// The deployment's name, such as `bakend`.
    pub(super) fn stack(&self) -> &'a str {
        self.prefix.strip_suffix('-').unwrap_or(self.prefix)
    }
}

/// A stream record that no rule fits. Its content can never stop a stream: it is logged and passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit(String);

impl Unfit {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
