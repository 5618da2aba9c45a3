//! Host names.

/// Whether a text is a label of a host name (RFC 1034, section 3.5, as RFC 1123 relaxes it).
#[must_use]
pub fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}
