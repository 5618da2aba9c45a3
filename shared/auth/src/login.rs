//! Whether a login succeeds.

use api::{Code, Error, Timestamp};

use crate::password::Verdict;
use crate::user::{Identity, User};

/// Decides a login, by the identity of the address, the password's verdict and the user.
///
/// The identity's version must still be the user's: an identity from before a password change admits no login.
///
/// # Errors
/// `auth/invalid-credentials`, the same for an unknown address and a wrong password; `auth/account-disabled`, told
/// only after the right password.
pub fn decide(
    identity: Option<Identity>,
    verdict: Verdict,
    user: Option<User>,
) -> Result<(Identity, User), Error> {
    recognise(
        identity,
        verdict,
        user.filter(|user| user.deleted.is_none()),
    )
}

/// Decides whether a deleted account is brought back, as [`decide`] does a login.
///
/// # Errors
/// Those of [`decide`], also for an account that is not deleted or whose deletion is final.
pub fn restore(
    identity: Option<Identity>,
    verdict: Verdict,
    user: Option<User>,
    now: Timestamp,
) -> Result<(Identity, User), Error> {
    recognise(
        identity,
        verdict,
        user.filter(|user| user.deleted.is_some_and(|deletion| !deletion.is_final(now))),
    )
}

fn recognise(
    identity: Option<Identity>,
    verdict: Verdict,
    user: Option<User>,
) -> Result<(Identity, User), Error> {
    match (identity, verdict, user) {
        (Some(identity), Verdict::Right | Verdict::RightButOutdated, Some(user))
            if identity.password_hash.is_some()
                && identity.user == user.id
                && identity.auth_version == user.auth_version =>
        {
            if user.disabled {
                Err(Code::AccountDisabled.into())
            } else {
                Ok((identity, user))
            }
        }
        _ => Err(Code::InvalidCredentials.into()),
    }
}

#[cfg(test)]
mod tests;
