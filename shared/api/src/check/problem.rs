//! A problem and its place.

use std::fmt;

/// A problem of a definition, or a warning about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file's name, such as `posts.json`.
    pub file: String,
    /// The place in it, such as `fields[2].name`; empty for the whole.
    pub field: String,
    /// The problem and its remedy.
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

/// A place in a file and the remark about it.
pub(super) type Remark = (String, String);

/// The problems, each as its place and its reason.
pub(super) type Problems = Vec<Remark>;
