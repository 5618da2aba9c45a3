//! Failures of a trigger's code.

use std::fmt;

use api::Error;

/// The reason why a trigger's code failed: the event comes again, and the delivery shows the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// A failure for this reason.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// The failure of a trigger that has no code.
    #[must_use]
    pub fn unknown(name: &str) -> Self {
        Self(format!("no code for the trigger {name}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = error.code.as_str();
        Self(match (error.cause, error.details.first()) {
            (Some(cause), _) => format!("{code}: {cause}"),
            (None, Some(detail)) => format!("{code}: {}", detail.message),
            (None, None) => format!("{code}: {}", error.message),
        })
    }
}
