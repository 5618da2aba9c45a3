//! The methods of signing in and the second factor of a user.

use std::collections::BTreeSet;

use api::{Code, Error, Timestamp};

use super::User;

/// A method of signing in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInMethod {
    /// When it was added.
    pub added_at: Timestamp,
    /// A name for its user to recognise it, at most 64 bytes.
    pub label: String,
}

/// The start of the keys of passkeys.
pub const PASSKEY: &str = "passkey#";

/// The ways to sign in to an account that a method which goes may leave it.
#[derive(Clone, Debug, Default)]
pub struct OtherWays {
    /// Whether it has a password.
    pub password: bool,
    /// Whether a mail signs in to it.
    pub mail: bool,
    /// Whether passkeys sign in.
    pub passkeys: bool,
    /// The keys of the providers that sign in: they are switched on, with all that they need.
    pub providers: BTreeSet<String>,
    /// Whether the policy asks its role for a second factor.
    pub requires_factor: bool,
}

impl User {
    /// The user as found now, with a method less, by the user's own request. Every session ends but the one that asks.
    ///
    /// # Errors
    /// Those of [`User::goes_on`]; `absent` where there is none of this key; `auth/last-method` where nothing else signs in.
    /// `auth/mfa-required-by-policy` where a passkey goes and nothing else is a second factor.
    pub fn without_method(
        &self,
        found: &Self,
        (key, absent): (&str, Code),
        ways: &OtherWays,
    ) -> Result<Self, Error> {
        let mut without = self.raised(found)?;
        without.methods.remove(key).ok_or(absent)?;
        let signs_in = |key: &String| match key.starts_with(PASSKEY) {
            true => ways.passkeys,
            false => ways.providers.contains(key),
        };
        if !ways.password && !ways.mail && !without.methods.keys().any(signs_in) {
            return Err(Code::LastMethod.into());
        }
        let lacks_factor = without.mfa.is_none() && without.passkeys() == 0;
        if key.starts_with(PASSKEY) && ways.requires_factor && lacks_factor {
            return Err(Code::MfaRequiredByPolicy.into());
        }
        Ok(without)
    }

    /// The number of passkeys.
    #[must_use]
    pub fn passkeys(&self) -> usize {
        self.methods
            .keys()
            .filter(|key| key.starts_with(PASSKEY))
            .count()
    }

    /// The user as found now, with the second factor switched on or off by the user's own request. Every session ends but the
    /// one that asks.
    ///
    /// # Errors
    /// Those of [`User::goes_on`].
    pub fn with_factor(&self, found: &Self, since: Option<Timestamp>) -> Result<Self, Error> {
        Ok(Self {
            mfa: since,
            ..self.raised(found)?
        })
    }

    /// The user without a second factor, and without passkeys where that is said, by an admin's request. Every session ends.
    ///
    /// # Errors
    /// `users/not-found` for a deleted account; `auth/mfa-not-enabled` where nothing is to be removed.
    pub fn without_factors(&self, and_passkeys: bool) -> Result<Self, Error> {
        let mut without = self.without_sessions()?;
        let removes_passkeys = and_passkeys && self.passkeys() > 0;
        if self.mfa.is_none() && !removes_passkeys {
            return Err(Code::MfaNotEnabled.into());
        }
        without.mfa = None;
        if and_passkeys {
            without.methods.retain(|key, _| !key.starts_with(PASSKEY));
        }
        Ok(without)
    }
}
