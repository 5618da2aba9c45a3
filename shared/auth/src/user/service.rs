//! Service accounts: users that are programs, with secrets of their own instead of an address.

use std::time::Duration;

use api::{Detail, Timestamp, wire};

use super::{ADMIN, User};
use crate::api_key::{hash, is_equal};

/// For how long the secret before the last rotation is good as well.
const OVERLAP: Duration = Duration::from_secs(24 * 3600);

/// The name and the secrets of a service account. Of a secret the table has the SHA-256: 256 random bits need no slower hash
/// (ASVS 5.0, 11.4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Its name, for people.
    pub name: String,
    /// The hash of its secret.
    pub secret: String,
    /// When that secret took the place of another.
    pub rotated_at: Option<Timestamp>,
    /// The hash of the secret before, and until when it is good.
    pub previous: Option<(String, Timestamp)>,
}

impl ServiceAccount {
    /// Whether a secret is one of its own, and good now. Both hashes are compared, each in constant time.
    #[must_use]
    pub fn takes(&self, secret: &str, now: Timestamp) -> bool {
        let shown = hash(secret);
        let is_last = is_equal(self.secret.as_bytes(), shown.as_bytes());
        let is_previous = self.previous.as_ref().is_some_and(|(previous, until)| {
            is_equal(previous.as_bytes(), shown.as_bytes()) & (now < *until)
        });
        is_last | is_previous
    }

    /// The same with this secret, beside which the present one is good for a day.
    #[must_use]
    pub fn rotated(&self, secret: &str, now: Timestamp) -> Self {
        Self {
            name: self.name.clone(),
            secret: hash(secret),
            rotated_at: Some(now),
            previous: Some((self.secret.clone(), now.after(OVERLAP))),
        }
    }
}

/// Checks that a role is none that a service account may not have.
///
/// # Errors
/// A detail for the field `role`.
pub fn check_service_role(role: &str) -> Result<(), Detail> {
    if role != ADMIN {
        return Ok(());
    }
    let message = "`role` must be another than admin: no service account is one.";
    Err(Detail::new("role", "admin", message))
}

impl User {
    /// The service account as admins see it; `None` for a person.
    #[must_use]
    pub fn to_service_account(&self, now: Timestamp) -> Option<wire::ServiceAccount> {
        let service = self.service.as_ref()?;
        let previous = service.previous.as_ref();
        Some(wire::ServiceAccount {
            client_id: self.id,
            name: service.name.clone(),
            role: self.role.clone(),
            disabled: self.disabled,
            created_at: self.created_at,
            rotated_at: service.rotated_at,
            previous_secret_until: previous.map(|(_, until)| *until).filter(|it| now < *it),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    #[test]
    fn two_secrets_are_good_for_a_day_and_then_the_last_alone() {
        let first = ServiceAccount {
            name: "a".to_owned(),
            secret: hash("first"),
            rotated_at: None,
            previous: None,
        };
        assert!(first.takes("first", NOW) && !first.takes("second", NOW));
        let second = first.rotated("second", NOW);
        let day = NOW.after(OVERLAP);
        let almost = day.before(Duration::from_millis(1));
        assert!(second.takes("first", almost) && !second.takes("first", day));
        assert!(second.takes("second", NOW) && second.takes("second", day));
        let third = second.rotated("third", NOW);
        assert!(!third.takes("first", NOW) && third.takes("second", NOW));
        for other in ["", "third ", &hash("third")] {
            assert!(!third.takes(other, NOW), "{other}");
        }
    }

    #[test]
    fn no_service_account_is_an_admin() {
        assert!(check_service_role("admin").is_err() && check_service_role("editor").is_ok());
    }
}
