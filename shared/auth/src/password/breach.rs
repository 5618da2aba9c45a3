//! Digests of passwords as services of breaches know them.

use std::fmt::Write as _;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// The number of digits that a service is told: many passwords share them.
const SHOWN: usize = 5;

/// The SHA-1 digest of a password in upper-case hexadecimal digits. It protects nothing: it is the name by which a service
/// knows the password.
pub struct Digest(String);

impl Digest {
    /// The digest of a password, byte by byte as typed.
    #[must_use]
    pub fn of(password: &str) -> Self {
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        let mut digits = String::with_capacity(40);
        for byte in digest.as_ref() {
            let _ = write!(digits, "{byte:02X}");
        }
        Self(digits)
    }

    /// The digits that a service is told.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.0.get(..SHOWN).unwrap_or_default()
    }

    /// Whether the digest is among those that a service knows: lines of the other digits, a colon and a number. A line with the
    /// number 0 is padding.
    #[must_use]
    pub fn is_among(&self, known: &str) -> bool {
        let rest = self.0.get(SHOWN..).unwrap_or_default();
        let is_it = |line: &str| {
            let (digits, count) = line.trim_end().split_once(':')?;
            let count: u64 = count.trim().parse().ok()?;
            (digits.eq_ignore_ascii_case(rest) && count > 0).then_some(())
        };
        known.lines().any(|line| is_it(line).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_told_five_digits_and_names_the_rest() {
        // The digest of RFC 3174, section 7.3, test 1.
        let digest = Digest::of("abc");
        assert_eq!(digest.0, "A9993E364706816ABA3E25717850C26C9CD0D89D");
        assert_eq!(digest.shown(), "A9993");
        let rest = "E364706816ABA3E25717850C26C9CD0D89D";
        for (known, is_among) in [
            (format!("{rest}:1"), true),
            (
                format!("0000000000000000000000000000000000A:7\r\n{rest}:12\r\n"),
                true,
            ),
            (format!("{}:3", rest.to_lowercase()), true),
            (format!("{rest}:0"), false),
            (format!("{rest}:"), false),
            (format!("{rest}:-1"), false),
            (rest.to_owned(), false),
            (format!("{}:1", &rest[..34]), false),
            (format!("A9993{rest}:1"), false),
            (String::new(), false),
            ("<html>".to_owned(), false),
        ] {
            assert_eq!(digest.is_among(&known), is_among, "{known}");
        }
    }
}
