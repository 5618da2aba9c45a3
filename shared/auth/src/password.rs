//! Passwords: bcrypt, every byte significant.
//!
//! bcrypt reads 72 bytes and, in most systems, stops at NUL. A password that would be cut is hashed with SHA-256 first.
//! Its hash is stored with a prefix that says so (ASVS 5.0, 11.4.2; OWASP Password Storage, "pre-hashing").

mod breach;
mod common;
mod judge;

use api::{Detail, Error};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bcrypt::{HashParts, Version};
use ring::digest;

pub use self::breach::Digest;
pub use self::judge::{Context, judge};

/// Marks a hash of base64(SHA-256(password)).
const PREHASHED: &str = "sha256:";

/// The most bytes that bcrypt takes whole, one being its terminator.
const MAX_BYTES: usize = 71;

/// bcrypt's least cost.
const LEAST_COST: u32 = 4;

/// The greatest cost of a hash that is brought in from elsewhere: one login of cost 16 takes a CPU about 3 s.
const MOST_COST: u32 = 16;

/// The result of a password check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Another password.
    Wrong,
    /// The right one.
    Right,
    /// The right one, but the hash is foreign, of another cost or would cut this password: hash it anew.
    RightButOutdated,
}

/// The detail of a field whose password is not the user's.
#[must_use]
pub fn wrong(field: &str) -> Detail {
    Detail::new(field, "wrong", format!("`{field}` is wrong."))
}

/// The detail of a field whose new password is the current one.
#[must_use]
pub fn same(field: &str) -> Detail {
    let message = format!("`{field}` must be another password than the current one.");
    Detail::new(field, "same", message)
}

/// Hashes a password at this cost. Takes a CPU about 50 ms at cost 10.
///
/// # Errors
/// `common/internal` when bcrypt refuses the cost.
pub fn hash(password: &str, cost: u32, salt: [u8; 16]) -> Result<String, Error> {
    let hashed = |bytes: &[u8]| {
        bcrypt::hash_with_salt(bytes, cost, salt)
            .map(|parts| parts.format_for_version(Version::TwoB))
            .map_err(|error| Error::internal(format!("bcrypt: {error}")))
    };
    if is_cut(password) {
        Ok(format!("{PREHASHED}{}", hashed(&prehash(password))?))
    } else {
        hashed(password.as_bytes())
    }
}

/// Checks that a login can verify a hash from another system, or from another deployment of this one.
///
/// # Errors
/// The problem, as the end of a sentence. It never repeats the hash.
pub fn check_hash(stored: &str) -> Result<(), &'static str> {
    let hash = stored.strip_prefix(PREHASHED).unwrap_or(stored);
    if !["$2a$", "$2b$", "$2y$"]
        .iter()
        .any(|version| hash.starts_with(version))
    {
        return Err("is not a bcrypt hash beginning with $2a$, $2b$ or $2y$");
    }
    let digits = hash
        .get(4..6)
        .is_some_and(|cost| cost.bytes().all(|byte| byte.is_ascii_digit()));
    let cost = hash
        .parse::<HashParts>()
        .map(|parts| parts.get_cost())
        .ok()
        .filter(|_| digits);
    match cost {
        None => Err("is not a whole bcrypt hash of 60 characters"),
        Some(cost) if cost < LEAST_COST => Err("has a cost that bcrypt does not have, under 4"),
        Some(cost) if cost > MOST_COST => {
            Err("has a cost over 16, which would keep every login waiting")
        }
        Some(_) => Ok(()),
    }
}

/// Checks a password against a stored hash. A wrong password takes the time of this cost, also without a hash or with a
/// hash of a lower cost. So an unknown user costs as much as a known one (ASVS 5.0, 6.3.8). A hash that was imported
/// with a higher cost takes its own time until the user logs in.
#[must_use]
pub fn verify(password: &str, stored: Option<&str>, cost: u32) -> Verdict {
    let stored = stored.map_or_else(|| nobodys(cost), ToOwned::to_owned);
    let (prehashed, hash) = match stored.strip_prefix(PREHASHED) {
        Some(hash) => (true, hash),
        None => (false, stored.as_str()),
    };
    let matches = if prehashed {
        bcrypt::verify(prehash(password), hash)
    } else {
        // A foreign hash of a long password was cut at 72 bytes by its origin, as bcrypt does here. A hash of ours was
        // never cut: its terminator lies within the 72 bytes, and no password without NUL can match it there.
        bcrypt::verify(password.as_bytes(), hash)
    };
    let nul = !prehashed && password.contains('\0');
    if nul || !matches.unwrap_or(false) {
        // Each step of the cost doubles the work, so the steps from here up to the cost add up to the missing work.
        let spent = hash
            .parse::<HashParts>()
            .map_or(0, |parts| parts.get_cost());
        for step in spent.max(LEAST_COST)..cost {
            let _ = bcrypt::verify(password.as_bytes(), &nobodys(step));
        }
        return Verdict::Wrong;
    }
    let current = hash.starts_with(&format!("$2b${cost:02}$")) && prehashed == is_cut(password);
    if current {
        Verdict::Right
    } else {
        Verdict::RightButOutdated
    }
}

/// A hash that no password has: well-formed, so that bcrypt works through its cost before it refuses.
fn nobodys(cost: u32) -> String {
    format!("$2b${cost:02}${}", ".".repeat(53))
}

fn is_cut(password: &str) -> bool {
    password.len() > MAX_BYTES || password.contains('\0')
}

fn prehash(password: &str) -> Vec<u8> {
    STANDARD
        .encode(digest::digest(&digest::SHA256, password.as_bytes()))
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashed(password: &str) -> String {
        hash(password, 4, [7; 16]).expect("hashes")
    }

    #[test]
    fn every_byte_is_significant() {
        let long = "x".repeat(80);
        for password in [
            "password123",
            "pass\0word",
            "\0",
            &"x".repeat(71),
            &"x".repeat(72),
            &long,
            &"ä".repeat(128),
        ] {
            let stored = hashed(password);
            assert_eq!(
                verify(password, Some(&stored), 4),
                Verdict::Right,
                "{password:?}"
            );
            for other in [
                format!("{password}\0"),
                format!("{password}x"),
                format!("{password} "),
                password.to_uppercase(),
            ] {
                if other != password {
                    assert_eq!(
                        verify(&other, Some(&stored), 4),
                        Verdict::Wrong,
                        "{other:?} for {password:?}"
                    );
                }
            }
            let cut: String = password
                .chars()
                .take(password.chars().count() - 1)
                .collect();
            assert_eq!(
                verify(&cut, Some(&stored), 4),
                Verdict::Wrong,
                "{cut:?} for {password:?}"
            );
        }
    }

    #[test]
    fn the_stored_value_says_what_it_is() {
        assert!(hashed("password123").starts_with("$2b$04$"));
        assert!(hashed(&"x".repeat(71)).starts_with("$2b$04$"));
        assert!(hashed(&"x".repeat(72)).starts_with("sha256:$2b$04$"));
        assert!(hashed("a\0b").starts_with("sha256:$2b$04$"));
    }

    #[test]
    fn foreign_hashes_verify_as_their_origin_did_and_are_outdated() {
        let plain = hashed("password123");
        for version in ["$2a$", "$2y$"] {
            let foreign = plain.replacen("$2b$", version, 1);
            assert_eq!(
                verify("password123", Some(&foreign), 4),
                Verdict::RightButOutdated,
                "{version}"
            );
            assert_eq!(verify("password124", Some(&foreign), 4), Verdict::Wrong);
        }
        // Cut at 72 bytes by the origin.
        let long = "x".repeat(100);
        let cut = bcrypt::hash_with_salt(&long, 4, [1; 16])
            .expect("hashes")
            .format_for_version(Version::TwoB);
        assert_eq!(verify(&long, Some(&cut), 4), Verdict::RightButOutdated);
        assert_eq!(
            verify("password123", Some(&plain), 5),
            Verdict::RightButOutdated,
            "another cost"
        );
    }

    #[test]
    fn a_foreign_hash_is_one_that_a_login_can_verify() {
        let plain = hashed("password123");
        for version in ["$2a$", "$2b$", "$2y$", "sha256:$2b$"] {
            assert_eq!(
                check_hash(&plain.replacen("$2b$", version, 1)),
                Ok(()),
                "{version}"
            );
        }
        assert_eq!(check_hash(&plain.replacen("$04$", "$16$", 1)), Ok(()));
        for (hash, reason) in [
            (String::new(), "$2a$"),
            ("password123".to_owned(), "$2a$"),
            (format!("{plain} "), "60 characters"),
            (plain[..59].to_owned(), "60 characters"),
            (plain.replacen("$2b$", "$2x$", 1), "$2a$"),
            (plain.replacen("$2b$", "$1$", 1), "$2a$"),
            (plain.replacen("$04$", "$+4$", 1), "60 characters"),
            (plain.replacen("$04$", "$03$", 1), "under 4"),
            (plain.replacen("$04$", "$17$", 1), "over 16"),
            (plain.replacen("$04$", "$31$", 1), "over 16"),
            // Unused bits of a salt that no bcrypt writes.
            (
                format!("{}/{}", &plain[..28], &plain[29..]),
                "60 characters",
            ),
            (format!("{}ä", &plain[..58]), "60 characters"),
        ] {
            let refused = check_hash(&hash).expect_err("refused");
            assert!(refused.contains(reason), "{hash}: {refused}");
        }
    }

    #[test]
    fn nobodys_hash_is_worked_through() {
        assert!(bcrypt::verify("password123", &nobodys(4)).is_ok_and(|matches| !matches));
        let hash: HashParts = nobodys(11).parse().expect("well-formed");
        assert_eq!(hash.get_cost(), 11);
    }

    #[test]
    fn nobody_has_a_password_and_a_broken_hash_is_nobodys() {
        for password in ["", "password123", "\0"] {
            for stored in [
                None,
                Some(""),
                Some("$2b$04$short"),
                Some("sha256:"),
                Some("password123"),
            ] {
                assert_eq!(
                    verify(password, stored, 4),
                    Verdict::Wrong,
                    "{password:?} {stored:?}"
                );
            }
        }
    }
}
