//! The form of names, and names that are too much alike.

/// Tells whether a name is a letter, then letters, digits and the bytes of `also`, 64 bytes at most.
pub(super) fn is_name(name: &str, also: &[u8]) -> bool {
    name.len() <= 64
        && name
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || also.contains(&b))
}

/// Folds a name. Two names with one fold would look like one table name, or be one CloudFormation resource.
pub(super) fn fold(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}
