//! Email addresses of accounts.

use super::is_label;

/// The most bytes of an address (RFC 5321, section 4.5.3.1.3, without its brackets).
pub const MAX_EMAIL: usize = 254;

/// Whether a text is what browsers take for a field of the type `email` (HTML standard, "valid email address").
#[must_use]
pub fn is_email(text: &str) -> bool {
    let local = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    text.len() <= MAX_EMAIL
        && text.split_once('@').is_some_and(|(name, domain)| {
            !name.is_empty() && name.bytes().all(local) && domain.split('.').all(is_label)
        })
}
