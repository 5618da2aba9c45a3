//! Budgets: the work that one request may cause.

use api::query::Comparisons;
use auth::Caller;

/// The most work that a list or a count does for one request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// About how many bytes a list reads whose filter no index serves.
    pub(crate) read: f64,
    /// About how many comparisons the filter makes.
    pub(crate) comparisons: Comparisons,
}

impl Budget {
    /// The budget of a caller. A stranger costs nothing to become, so a list for a stranger reads less.
    #[must_use]
    pub fn of(caller: &Caller) -> Self {
        let kilobytes = if caller.is_stranger() { 256.0 } else { 1024.0 };
        Self {
            read: kilobytes * 1024.0,
            comparisons: Comparisons(1_000_000),
        }
    }
}
