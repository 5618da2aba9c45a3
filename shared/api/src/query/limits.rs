//! Limits of a query.

pub(super) const DEFAULT_LIMIT: usize = 20;
pub(super) const MAX_LIMIT: usize = 100;
pub(super) const MAX_SEARCH: usize = 128;

/// The most values in all lists of a query together: a page may check each of them on thousands of records.
pub(super) const MAX_VALUES: usize = 100;

/// The most characters of the caller's text that an error repeats.
const MAX_SHOWN: usize = 64;

/// The caller's text, cut to that length.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(MAX_SHOWN).collect()
}
