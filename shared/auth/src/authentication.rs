//! Authentications: when and by which methods a session's user has proven to be one.

use std::time::Duration;

use api::Timestamp;

/// A method of authentication (RFC 8176, section 2, with names of our own where it has none).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A password.
    Password,
    /// A code or a link of a mail.
    Email,
    /// A code of an authenticator app.
    Otp,
    /// A recovery code.
    Recovery,
    /// A passkey.
    Passkey,
}

/// The name by which the claim `amr` tells that there was more than one factor (RFC 8176, section 2).
pub const MFA: &str = "mfa";

impl Method {
    /// The method as the claim `amr` names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::Email => "email",
            Self::Otp => "otp",
            Self::Recovery => "recovery",
            Self::Passkey => "passkey",
        }
    }
}

/// The authentication that a session rests on. A refresh keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// When it was (OpenID Connect Core, section 2, `auth_time`).
    pub at: Timestamp,
    /// The methods, by the names of the claim `amr`.
    pub methods: Vec<String>,
}

impl Authentication {
    /// An authentication now, by this method alone.
    #[must_use]
    pub fn by(method: Method, at: Timestamp) -> Self {
        Self {
            at,
            methods: vec![method.as_str().to_owned()],
        }
    }

    /// The beginning of an anonymous account, whose user has proven nothing.
    #[must_use]
    pub fn of_nobody(at: Timestamp) -> Self {
        Self {
            at,
            methods: Vec::new(),
        }
    }

    /// The same with a factor beside: both were proven now.
    #[must_use]
    pub fn and(mut self, factor: Method) -> Self {
        for name in [factor.as_str(), MFA] {
            if !self.methods.iter().any(|method| method == name) {
                self.methods.push(name.to_owned());
            }
        }
        self
    }

    /// An authentication now by a passkey with user verification, which is both factors (NIST SP 800-63B-4, section 3.1.7).
    #[must_use]
    pub fn by_passkey(at: Timestamp) -> Self {
        Self::by(Method::Passkey, at).and(Method::Passkey)
    }

    /// Whether two factors were proven.
    #[must_use]
    pub fn has_both_factors(&self) -> bool {
        self.methods.iter().any(|method| method == MFA)
    }

    /// Whether it was within this time before `now` (ASVS 5.0, 7.5.1).
    #[must_use]
    pub fn is_recent(&self, within: Duration, now: Timestamp) -> bool {
        now < self.at.after(within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authentication_is_recent_until_its_last_second_is_over() {
        let at = Timestamp::from_millis(1_790_000_000_000);
        let proof = Authentication::by(Method::Password, at);
        let after = |seconds| at.after(Duration::from_secs(seconds));
        let within = Duration::from_secs(600);
        assert!(proof.is_recent(within, at) && proof.is_recent(within, after(599)));
        assert!(!proof.is_recent(within, after(600)));
        assert_eq!(proof.methods, ["pwd"]);
    }
}
