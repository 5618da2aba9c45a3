//! Email addresses, in the normalised form in which they are unique.

use api::Detail;

/// Normalises an address: trimmed and ASCII lower-cased.
///
/// Refuses only an address that could never be delivered or could be confused with another (ASVS 5.0, 2.2.1). Only a
/// mail can tell whether an address works.
///
/// # Errors
/// A detail for the field `email` when it is over 254 bytes (RFC 5321, section 4.5.3.1.3) or has a blank, control or
/// non-ASCII character. Also when it has not exactly one `@` with something on both sides.
pub fn normalise(email: &str) -> Result<String, Detail> {
    let email = email.trim_ascii().to_ascii_lowercase();
    let parts = email
        .split_once('@')
        .filter(|(local, domain)| !local.is_empty() && !domain.is_empty());
    let fits = email.len() <= 254
        && email.bytes().all(|byte| byte.is_ascii_graphic())
        && parts.is_some_and(|(_, domain)| !domain.contains('@'));
    if fits {
        Ok(email)
    } else {
        Err(Detail::new(
            "email",
            "format",
            "`email` must be an email address.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn an_address_has_one_form() {
        for (email, expected) in [
            ("a@b", "a@b"),
            ("  Ada.L+x@Example.COM\n", "ada.l+x@example.com"),
        ] {
            assert_eq!(normalise(email).as_deref(), Ok(expected));
        }
        assert!(normalise(&format!("{}@b", "a".repeat(252))).is_ok());
    }

    #[test]
    fn what_cannot_be_an_address_is_refused() {
        for email in [
            "",
            "@",
            "a@",
            "@b",
            "a",
            "a@b@c",
            "a b@c",
            "a\0@b",
            "a\u{7f}@b",
            "ä@b",
            "\u{a0}a@b",
            "a@b\u{a0}c",
            "İ@b",
        ] {
            assert!(normalise(email).is_err(), "{email:?}");
        }
        assert!(normalise(&format!("{}@b", "a".repeat(253))).is_err());
    }
}
