//! The one way in which a session begins, for every way to sign in: after one factor, after two, or not yet.

use api::settings::{Auth, Mfa};
use api::{Code, Error, Id, MfaChallenge, MfaMethod};

use crate::authentication::Authentication;
use crate::factor::{Challenge, Stage};
use crate::keys::Keys;
use crate::refresh_token::RefreshToken;
use crate::session::Session;
use crate::user::User;

/// The outcome of a sign-in whose proof was right.
#[derive(Clone)]
pub enum Begun {
    /// A session begins.
    Session(Session, RefreshToken),
    /// Something is missing.
    Pending(Pending),
}

/// A sign-in that is not finished: it grants nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The proof so far.
    pub challenge: Challenge,
    /// The next step.
    pub missing: Missing,
}

/// The step that a sign-in lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A code of the second factor, or a passkey where the account has one.
    Factor {
        /// Whether it has one.
        has_passkey: bool,
    },
    /// A second factor, which the policy asks for.
    Enrolment,
    /// A sign-in by a passkey, the one factor of the account that the policy takes.
    Passkey,
}

impl Missing {
    /// The stage of its token, where it has one.
    #[must_use]
    pub fn stage(self) -> Option<Stage> {
        match self {
            Self::Factor { .. } => Some(Stage::Factor),
            Self::Enrolment => Some(Stage::Enrolment),
            Self::Passkey => None,
        }
    }
}

impl Pending {
    /// Whether a code of the second factor finishes it.
    #[must_use]
    pub fn takes_code(&self) -> bool {
        matches!(self.missing, Missing::Factor { .. })
    }

    /// Whether the account has the factor that is missing.
    #[must_use]
    pub fn has_factor(&self) -> bool {
        !matches!(self.missing, Missing::Enrolment)
    }

    /// The refusal that tells the client how to go on. `recovery_left` is the number of recovery codes that are left.
    ///
    /// # Errors
    /// `common/internal` while the deployment has no sealing key.
    pub fn refusal(
        &self,
        keys: &Keys,
        recovery_left: usize,
        nonce: [u8; 12],
    ) -> Result<Error, Error> {
        let stage = self.missing.stage();
        let token = stage.map(|stage| self.challenge.seal(keys, stage, nonce));
        let has_passkey = matches!(self.missing, Missing::Factor { has_passkey: true });
        let methods = match self.missing {
            Missing::Factor { .. } => [
                Some(MfaMethod::Totp),
                (recovery_left > 0).then_some(MfaMethod::Recovery),
                has_passkey.then_some(MfaMethod::Passkey),
            ],
            Missing::Enrolment => [Some(MfaMethod::Totp), None, None],
            Missing::Passkey => [None, None, Some(MfaMethod::Passkey)],
        };
        let code = match self.missing {
            Missing::Factor { .. } | Missing::Passkey => Code::MfaRequired,
            Missing::Enrolment => Code::MfaEnrollmentRequired,
        };
        Ok(Error {
            mfa: Some(Box::new(MfaChallenge {
                token: token.transpose()?,
                methods: methods.into_iter().flatten().collect(),
                expires_in: stage.map_or(0, |stage| stage.lifetime().as_secs()),
            })),
            ..Error::new(code)
        })
    }
}

impl Begun {
    /// The session, where one begins.
    #[must_use]
    pub fn session(&self) -> Option<&Session> {
        match self {
            Self::Session(session, _) => Some(session),
            Self::Pending(_) => None,
        }
    }
}

/// Begins the session `id` of a user who has proven to be one, or tells what is missing. The policy asks users of some roles
/// for a second factor; who has one is asked for it whatever the policy says (ASVS 5.0, 6.3.3).
#[must_use]
pub fn begin(
    user: &User,
    id: Id,
    secret: [u8; 32],
    settings: &Auth,
    proof: Authentication,
) -> Begun {
    match missing(user, settings, &proof) {
        None => {
            let version = user.auth_version;
            let (session, token) = Session::begin(user.id, id, version, secret, settings, proof);
            Begun::Session(session, token)
        }
        Some(missing) => Begun::Pending(Pending {
            challenge: Challenge::of(user, id, &proof),
            missing,
        }),
    }
}

/// Whether a session of one factor is of an account that has another one, where the policy asks for both. Otherwise a stolen
/// password would add a factor of its own to those that are there (ASVS 5.0, 6.3.3).
#[must_use]
pub fn lacks_step_up(policy: Option<&Mfa>, session: Option<&Session>, user: Option<&User>) -> bool {
    let asks = policy.zip(user).is_some_and(|(policy, user)| {
        let has_factor = user.mfa.is_some() || user.passkeys() > 0;
        has_factor && policy.requires(&user.role)
    });
    let proof = session.and_then(|session| session.authentication.as_ref());
    asks && !proof.is_some_and(Authentication::has_both_factors)
}

fn missing(user: &User, settings: &Auth, proof: &Authentication) -> Option<Missing> {
    let has_passkey = user.passkeys() > 0;
    if proof.has_both_factors() {
        None
    } else if user.mfa.is_some() {
        Some(Missing::Factor { has_passkey })
    } else if !settings.mfa.requires(&user.role) {
        None
    } else if has_passkey {
        Some(Missing::Passkey)
    } else {
        Some(Missing::Enrolment)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use api::Timestamp;
    use api::settings::RequiredFor;

    use super::*;
    use crate::authentication::Method;
    use crate::user::{PASSKEY, SignInMethod};

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn user(has_totp: bool, has_passkey: bool) -> User {
        let method = SignInMethod {
            added_at: NOW,
            label: "key".into(),
        };
        let methods = has_passkey.then(|| (format!("{PASSKEY}1"), method));
        User {
            mfa: has_totp.then_some(NOW),
            methods: methods.into_iter().collect::<BTreeMap<_, _>>(),
            ..User::new(Id::new(NOW, [1; 10]), "a@b".into(), false, NOW)
        }
    }

    #[test]
    fn a_session_begins_where_policy_and_account_are_content() {
        let for_admins = Mfa::RequiredFor(RequiredFor {
            required_for: vec!["admin".into()],
        });
        let factor = |has_passkey| Some(Missing::Factor { has_passkey });
        for (policy, has_totp, has_passkey, by_password) in [
            (Mfa::Off, false, false, None),
            (Mfa::Off, true, false, factor(false)),
            (Mfa::Optional, false, false, None),
            (Mfa::Optional, false, true, None),
            (Mfa::Optional, true, true, factor(true)),
            (Mfa::Required, false, false, Some(Missing::Enrolment)),
            (Mfa::Required, false, true, Some(Missing::Passkey)),
            (Mfa::Required, true, false, factor(false)),
            (for_admins, false, false, None),
        ] {
            let user = user(has_totp, has_passkey);
            let settings = Auth {
                mfa: policy.clone(),
                ..Auth::default()
            };
            let found = |proof| match begin(&user, user.id, [7; 32], &settings, proof) {
                Begun::Session(..) => None,
                Begun::Pending(pending) => Some(pending.missing),
            };
            for method in [Method::Password, Method::Email] {
                let found = found(Authentication::by(method, NOW));
                assert_eq!(found, by_password, "{policy:?} {method:?}");
            }
            assert_eq!(found(Authentication::by_passkey(NOW)), None);
            let both = Authentication::by(Method::Password, NOW).and(Method::Otp);
            assert_eq!(found(both), None);
        }
    }
}
