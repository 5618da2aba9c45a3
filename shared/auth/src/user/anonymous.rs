//! Users without an address, and how they get one.

use api::settings::Auth;
use api::{Code, Error, Id, Timestamp};

use super::{ANONYMOUS, AUTHENTICATED, User};

/// Refuses an account with this proven address, or without one, where nobody may make it.
///
/// # Errors
/// `auth/registration-not-allowed`.
pub(crate) fn need_registration(email: Option<&str>, settings: &Auth) -> Result<(), Error> {
    let registration = &settings.registration;
    let may = match email {
        Some(email) => registration.permits(email),
        None => registration.enabled && registration.domains.is_empty(),
    };
    may.then_some(()).ok_or(Code::RegistrationNotAllowed.into())
}

impl User {
    /// A new user without an address, until the longest session that the account can have is over.
    #[must_use]
    pub fn anonymous(id: Id, settings: &Auth, now: Timestamp) -> Self {
        let lapses_at = now.after(settings.session_max_age.duration()).seconds();
        Self {
            email: None,
            role: ANONYMOUS.to_owned(),
            lapses_at: Some(lapses_at),
            ..Self::new(id, String::new(), false, now)
        }
    }

    /// Whether nobody has given the account an address or another way in.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.role == ANONYMOUS
    }

    /// The user with an account that stays: an anonymous one becomes an ordinary one, with the same id, session and records.
    #[must_use]
    pub fn staying(self) -> Self {
        let role = match self.is_anonymous() {
            true => AUTHENTICATED.to_owned(),
            false => self.role,
        };
        Self {
            role,
            lapses_at: None,
            ..self
        }
    }

    /// Refuses an address, or a way in without one, that may make no account, where it would make one of an anonymous account.
    ///
    /// # Errors
    /// `auth/registration-not-allowed`.
    pub fn need_permission(&self, email: Option<&str>, settings: &Auth) -> Result<(), Error> {
        match self.is_anonymous() {
            true => need_registration(email, settings),
            false => Ok(()),
        }
    }

    /// Whether the account is over: TTL removes it, sooner or later.
    #[must_use]
    pub fn has_lapsed(&self, now: Timestamp) -> bool {
        self.lapses_at.is_some_and(|at| at <= now.seconds())
    }

    /// The name that devices and apps show of the account: the address, else the id.
    #[must_use]
    pub fn label(&self) -> String {
        self.email.clone().unwrap_or_else(|| self.id.to_string())
    }

    /// The address.
    ///
    /// # Errors
    /// `auth/email-not-verified` where the account has none.
    pub fn need_email(&self) -> Result<&str, Error> {
        let message = "This account has no email address yet: POST /api/auth/email/change.";
        let none = || Error::new(Code::EmailNotVerified).with_message(message);
        self.email.as_deref().ok_or_else(none)
    }
}
