//! Limits of what a list is asked for.

pub(super) const DEFAULT_LIMIT: usize = 20;
pub(super) const MAX_LIMIT: usize = 100;
pub(super) const MAX_SEARCH: usize = 128;

/// In all lists of a query together: a page may check every one of them on thousands of records.
pub(super) const MAX_VALUES: usize = 100;

/// How much of what the caller wrote an error repeats.
const MAX_SHOWN: usize = 64;

/// What the caller wrote, cut to a decent length.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(MAX_SHOWN).collect()
}
