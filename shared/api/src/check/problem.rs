//! A problem and its place.

use std::fmt;

/// What is wrong with a definition, or merely worth a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file's name, such as `posts.json`.
    pub file: String,
    /// The place in it, such as `fields[2].name`; empty for the whole.
    pub field: String,
    /// What is wrong and what to do.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.field.is_empty() { "" } else { ": " };
        write!(
            f,
            "collections/{}{separator}{}: {}",
            self.file, self.field, self.reason
        )
    }
}

/// A place in a file and what is to be said of it.
pub(super) type Remark = (String, String);

/// What is wrong, each as its place and its reason.
pub(super) type Problems = Vec<Remark>;
