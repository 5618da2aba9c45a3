//! Email addresses, in the normalised form in which they are unique.

use api::Detail;
use api::value::{MAX_EMAIL, is_email};

/// Normalises the address of a new account: trimmed and ASCII lower-cased.
///
/// Takes what browsers take for a field of the type `email` (HTML standard, "valid email address"). So one mailbox has
/// no other spellings: no comments, quotes, brackets, commas and no `mailto:`. Only a mail can tell whether an address
/// works.
///
/// # Errors
/// A detail for the field `email` when it has another form or is over 254 bytes.
pub fn normalise(email: &str) -> Result<String, Detail> {
    normalise_field("email", email)
}

/// The same for a field of another name.
///
/// # Errors
/// A detail for the field, as [`normalise`] says.
pub fn normalise_field(field: &str, email: &str) -> Result<String, Detail> {
    let known = known(email).ok().filter(|email| is_email(email));
    known.ok_or_else(|| malformed(field))
}

/// Normalises the address of an account that may have been made before [`normalise`] had its form: such an account goes
/// on signing in.
///
/// # Errors
/// A detail for the field `email` when it is over 254 bytes or has a blank, control or non-ASCII character. Also when
/// it has not exactly one `@` with something on both sides.
pub fn known(email: &str) -> Result<String, Detail> {
    let email = email.trim_ascii().to_ascii_lowercase();
    let parts = email
        .split_once('@')
        .filter(|(local, domain)| !local.is_empty() && !domain.is_empty());
    let fits = email.len() <= MAX_EMAIL
        && email.bytes().all(|byte| byte.is_ascii_graphic())
        && parts.is_some_and(|(_, domain)| !domain.contains('@'));
    if fits {
        Ok(email)
    } else {
        Err(malformed("email"))
    }
}

fn malformed(field: &str) -> Detail {
    let message = format!("`{field}` must be an email address.");
    Detail::new(field, "format", message)
}

#[cfg(test)]
mod tests {
    use api::value::is_email;

    use super::{known, normalise};

    #[test]
    fn an_address_has_one_form() {
        for (email, expected) in [
            ("a@b", "a@b"),
            ("  Ada.L+x@Example.COM\n", "ada.l+x@example.com"),
        ] {
            assert_eq!(normalise(email).as_deref(), Ok(expected));
        }
        assert!(normalise(&format!("{}@b", "a".repeat(252))).is_ok());
        for email in [
            "a.b@c-d.e",
            ".a..b.@c",
            "a!#$%&'*+/=?^_`{|}~-@b",
            "1@2.3",
            &format!("a@{}.b", "c".repeat(63)),
        ] {
            assert_eq!(normalise(email).as_deref(), Ok(email));
        }
    }

    #[test]
    fn a_mailbox_has_no_other_spellings() {
        for email in [
            "victim7(c)@d.example",
            "\"victim7\"@d.example",
            "mailto:victim7@d.example",
            "<b>x</b>7@d.example",
            "<victim7@d.example>",
            "victim7@d.example,",
            "victim7@d.example.",
            "victim7@d.example;",
            "victim\\7@d.example",
            "victim7@[192.0.2.1]",
            "victim7@d..example",
            "victim7@-d.example",
            "victim7@d-.example",
            "victim7@d_d.example",
            "victim7@d.example:25",
        ] {
            assert!(normalise(email).is_err(), "{email:?}");
            // An account of before goes on signing in, and is named to the operator.
            assert_eq!(known(email).as_deref(), Ok(email));
            assert!(!is_email(email), "{email:?}");
        }
        assert!(normalise(&format!("a@{}.b", "c".repeat(64))).is_err());
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
            assert!(known(email).is_err(), "{email:?}");
        }
        assert!(normalise(&format!("{}@b", "a".repeat(253))).is_err());
    }
}
