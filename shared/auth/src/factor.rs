//! Second factors: codes of an authenticator app (RFC 6238), and recovery codes for the day when it is lost.

mod challenge;
mod recovery;
mod secret;
mod totp;

use std::collections::BTreeSet;

use api::settings::Auth;
use api::{Code, Detail, Error, Id, Timestamp};

pub use self::challenge::{Challenge, Stage};
pub use self::recovery::{COUNT, Recovery};
pub use self::secret::TotpSecret;
pub use self::totp::{Enrolment, SETUP};
use crate::authentication::Method;
use crate::keys::Keys;
use crate::notice::{Notice, Random};
use crate::sealing::{self, Purpose};
use crate::user::User;

/// The longest code that is looked at, in bytes.
const MAX_CODE: usize = 16;
/// The longest recovery code that is looked at, in bytes.
const MAX_RECOVERY: usize = 64;

/// The second factor of a user as `_users` keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// The user.
    pub user: Id,
    /// The secret, sealed.
    pub secret: String,
    /// Until when it can be confirmed; none once it is.
    pub pending_until: Option<Timestamp>,
    /// The newest step whose code was used.
    pub last_step: u64,
    /// The recovery codes; none while it is not confirmed.
    pub recovery: Option<Recovery>,
}

/// A code as it was typed.
#[derive(Clone, Copy)]
pub enum Typed<'a> {
    /// Of an authenticator app.
    Code(&'a str),
    /// A recovery code.
    Recovery(&'a str),
}

/// A code that was typed for a user, with all that its attempt is counted by.
pub struct Trial<'a> {
    /// The user.
    pub user: Id,
    /// The code.
    pub typed: Typed<'a>,
    /// The source address of the request.
    pub source: &'a str,
    /// An id that no other request has: it marks the attempt.
    pub mark: Id,
    /// The settings.
    pub settings: &'a Auth,
    /// The time.
    pub now: Timestamp,
    /// The notice that the user gets of the attempt that locks, where mails are sent, and what seals it.
    pub notice: Option<(Notice, Random)>,
}

/// A right code, which is used up by the write that follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Used {
    /// The code of this step.
    Step(u64),
    /// The recovery code of this number, of a generation.
    Recovery {
        /// The generation of the codes.
        generation: u64,
        /// The number.
        number: u8,
        /// How many are left after it.
        left: u64,
    },
}

impl Used {
    /// How many recovery codes are left, after one of them.
    #[must_use]
    pub fn recovery_left(self) -> Option<u64> {
        match self {
            Self::Step(_) => None,
            Self::Recovery { left, .. } => Some(left),
        }
    }

    /// The method that it proves.
    #[must_use]
    pub fn method(self) -> Method {
        match self {
            Self::Step(_) => Method::Otp,
            Self::Recovery { .. } => Method::Recovery,
        }
    }
}

impl<'a> Typed<'a> {
    /// The one code of a body that has two fields for one.
    ///
    /// # Errors
    /// `common/validation-failed` naming both fields where both are there, or the one that is too long.
    pub fn of(
        (name, code): (&str, Option<&'a str>),
        recovery: Option<&'a str>,
    ) -> Result<Option<Self>, Error> {
        let (typed, most) = match (code, recovery) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => return Err(either(name)),
            (Some(code), None) => (Self::Code(code), MAX_CODE),
            (None, Some(code)) => (Self::Recovery(code), MAX_RECOVERY),
        };
        let (field, text) = match typed {
            Self::Code(code) => (name, code),
            Self::Recovery(code) => ("recoveryCode", code),
        };
        if text.len() > most {
            let message = format!("`{field}` has at most {most} bytes.");
            return Err(Detail::new(field, "too-long", message).into());
        }
        Ok(Some(typed))
    }

    /// The same where a code has to be there.
    ///
    /// # Errors
    /// Those of [`Typed::of`]; `common/validation-failed` naming both fields where neither is there.
    pub fn needed(
        (name, code): (&str, Option<&'a str>),
        recovery: Option<&'a str>,
    ) -> Result<Self, Error> {
        Self::of((name, code), recovery)?.ok_or_else(|| either(name))
    }
}

/// The refusal of both fields or neither.
fn either(name: &str) -> Error {
    let message = format!("Send `{name}` or `recoveryCode`, and not both.");
    let detail = |field: &str| Detail::new(field, "either-or", message.clone());
    Error::invalid([name, "recoveryCode"].map(detail).to_vec())
}

impl Factor {
    /// The start of the keys of their items.
    pub const PREFIX: &str = "totp#";

    /// The key of its item.
    #[must_use]
    pub fn key(user: Id) -> String {
        format!("{}{user}", Self::PREFIX)
    }

    /// The secret under the newest sealing key.
    ///
    /// # Errors
    /// `common/internal` where it does not open.
    pub fn resealed(&self, keys: &Keys, nonce: [u8; 12]) -> Result<String, Error> {
        let place = Self::key(self.user);
        keys.reseal((Purpose::Totp, &place), &self.secret, nonce)
    }

    /// The numbers of the sealing keys that it needs, each once.
    #[must_use]
    pub fn key_numbers(&self) -> BTreeSet<u32> {
        let sealed = sealing::number(&self.secret);
        let recovery = self.recovery.as_ref().map(|recovery| recovery.key);
        sealed.into_iter().chain(recovery).collect()
    }

    /// Whether it is confirmed.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.pending_until.is_none() && self.recovery.is_some()
    }

    /// How many recovery codes are left.
    #[must_use]
    pub fn recovery_left(&self) -> usize {
        self.recovery.as_ref().map_or(0, Recovery::left)
    }

    /// The right code that was typed; `None` for any other. A code of a step that is not newer than the last one used is none
    /// (RFC 6238, section 5.2; ASVS 5.0, 6.5.1).
    #[must_use]
    pub fn judge(
        &self,
        keys: &Keys,
        typed: Typed<'_>,
        settings: &Auth,
        now: Timestamp,
    ) -> Option<Used> {
        let recovery = self.recovery.as_ref().filter(|_| self.is_confirmed())?;
        match typed {
            Typed::Code(code) => {
                let step = self.step(keys, code, settings.totp_skew, now)?;
                (step > self.last_step).then_some(Used::Step(step))
            }
            Typed::Recovery(code) => {
                let number = recovery.find(keys, self.user, code)?;
                Some(Used::Recovery {
                    generation: recovery.generation,
                    number,
                    left: u64::try_from(recovery.left()).ok()?.saturating_sub(1),
                })
            }
        }
    }

    /// Confirms a pending one by the first code, which is used up. New recovery codes come with it.
    ///
    /// # Errors
    /// `auth/mfa-setup-expired` where none is pending, `auth/invalid-mfa-code`, `common/internal`.
    pub fn confirmed(
        &self,
        keys: &Keys,
        code: &str,
        (settings, now): (&Auth, Timestamp),
        nonce: [u8; 12],
    ) -> Result<(Self, Vec<String>), Error> {
        if self.pending_until.is_none_or(|until| until <= now) {
            return Err(Code::MfaSetupExpired.into());
        }
        let step = self.step(keys, code, settings.totp_skew, now);
        let step = step.ok_or(Code::InvalidMfaCode)?;
        let (with_codes, codes) = self.with_codes(keys, nonce, now)?;
        let confirmed = Self {
            pending_until: None,
            last_step: step,
            ..with_codes
        };
        Ok((confirmed, codes))
    }

    /// The same with other recovery codes, after a code was used; the old ones are dead.
    ///
    /// # Errors
    /// `common/internal`.
    pub fn renewed(
        &self,
        keys: &Keys,
        used: Used,
        (nonce, now): ([u8; 12], Timestamp),
    ) -> Result<(Self, Vec<String>), Error> {
        let (with_codes, codes) = self.with_codes(keys, nonce, now)?;
        let last_step = match used {
            Used::Step(step) => step,
            Used::Recovery { .. } => self.last_step,
        };
        let renewed = Self {
            last_step,
            ..with_codes
        };
        Ok((renewed, codes))
    }

    /// The same with other recovery codes. The secret is under their key or a later one, so who opens it has theirs, too.
    fn with_codes(
        &self,
        keys: &Keys,
        nonce: [u8; 12],
        now: Timestamp,
    ) -> Result<(Self, Vec<String>), Error> {
        let recovery = Recovery::next(keys, self.recovery.as_ref(), now)?;
        let codes = recovery.codes(keys, self.user)?;
        let with_codes = Self {
            secret: self.resealed(keys, nonce)?,
            recovery: Some(recovery),
            ..self.clone()
        };
        Ok((with_codes, codes))
    }

    fn step(&self, keys: &Keys, code: &str, skew: u32, now: Timestamp) -> Option<u64> {
        totp::step(&self.open(keys)?, code, skew, now)
    }
}

/// Refuses a factor on an account whose address is not proven, where addresses can be, and on an anonymous one. An account that
/// a provider has made without an address is neither.
///
/// # Errors
/// `auth/email-not-verified`.
pub fn need_proven(user: &User, has_mail: bool) -> Result<(), Error> {
    if user.is_anonymous() {
        let _ = user.need_email()?;
    }
    if has_mail && user.email.is_some() && user.email_verified_at.is_none() {
        let message = "Verify the email address first: POST /api/auth/verify-email.";
        return Err(Error::new(Code::EmailNotVerified).with_message(message));
    }
    Ok(())
}

/// Numbers of recovery codes.
pub type Numbers = BTreeSet<u8>;

#[cfg(test)]
mod tests;
