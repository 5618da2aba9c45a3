//! Addresses of users: proven, and changed for others.

use std::collections::BTreeMap;

use api::{Code, Error, Timestamp};

use crate::user::{ADMIN, AUTHENTICATED, User};

impl User {
    /// The user as found now, with a proven address. The bootstrap address makes an admin of an ordinary user with it.
    ///
    /// # Errors
    /// `auth/invalid-code` when the account is not as the proof saw it: another version, another address, disabled or deleted.
    pub fn proven(&self, found: &Self, bootstraps: bool, now: Timestamp) -> Result<Self, Error> {
        let as_seen = found.auth_version == self.auth_version
            && found.email == self.email
            && !found.disabled
            && found.deleted.is_none();
        if !as_seen {
            return Err(Code::InvalidCode.into());
        }
        let promoted =
            bootstraps && found.email_verified_at.is_none() && found.role == AUTHENTICATED;
        Ok(Self {
            email_verified_at: found.email_verified_at.or(Some(now)),
            role: if promoted { ADMIN } else { &found.role }.to_owned(),
            ..found.clone()
        })
    }

    /// The user without what was added to the account before anybody had proven the address: nobody knows by whom. The reader of
    /// the mails takes it over.
    #[must_use]
    pub fn taken_over(self) -> Self {
        Self {
            mfa: None,
            methods: BTreeMap::new(),
            ..self
        }
    }

    /// The user as found now, with a new address that is proven. Every session ends but the one that asks, and a mail that
    /// failed was one to the old address. An anonymous account becomes an ordinary one.
    ///
    /// # Errors
    /// Those of [`User::proven`].
    pub fn readdressed(&self, found: &Self, email: &str, now: Timestamp) -> Result<Self, Error> {
        let proven = self.proven(found, false, now)?;
        Ok(Self {
            email: Some(email.to_owned()),
            email_verified_at: Some(now),
            auth_version: proven.auth_version + 1,
            mail_failed: None,
            ..proven.staying()
        })
    }
}

#[cfg(test)]
mod tests {
    use api::Id;
    use api::settings::Auth;

    use super::*;
    use crate::user::MailFailure;

    #[test]
    fn another_address_is_proven_and_no_mail_to_it_has_failed() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let user = User {
            email_verified_at: Some(Timestamp::from_millis(1)),
            mail_failed: Some(MailFailure {
                complaint: true,
                at: now,
            }),
            ..User::new(Id::new(now, [1; 10]), "a@b".into(), false, now)
        };
        let moved = user.readdressed(&user, "c@d", now).expect("moved");
        assert_eq!(
            (moved.email.as_deref(), moved.auth_version),
            (Some("c@d"), 2)
        );
        assert_eq!(
            (moved.email_verified_at, moved.mail_failed),
            (Some(now), None)
        );
        let settings = Auth::default();
        let nobody = User::anonymous(Id::new(now, [2; 10]), &settings, now);
        let named = nobody.readdressed(&nobody, "c@d", now).expect("named");
        assert_eq!((named.id, named.role.as_str()), (nobody.id, AUTHENTICATED));
        assert_eq!(
            (named.lapses_at, named.email_verified_at),
            (None, Some(now))
        );
        let refused = user.readdressed(&moved, "e@f", now);
        assert_eq!(refused, Err(Code::InvalidCode.into()));
    }
}
