//! Languages.

/// Whether a text is a language: `^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`, at most 35 characters (RFC 5646, section 4.4.1).
#[must_use]
pub fn is_locale(text: &str) -> bool {
    let mut parts = text.split('-');
    let language = parts.next().is_some_and(|language| {
        (2..=3).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    let mut rest = parts.map(|part| {
        (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    text.len() <= 35 && language && rest.all(|fits| fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_has_letters_first() {
        for (text, expected) in [
            ("en", true),
            ("de-CH", true),
            ("zh-Hans-CN", true),
            ("e", false),
            ("en-", false),
            ("en_US", false),
            ("en\r\nX", false),
        ] {
            assert_eq!(is_locale(text), expected, "{text}");
        }
    }
}
