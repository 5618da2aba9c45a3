//! Password checks. The attempt is counted while the identity is read. The password is hashed while the user is read.
//! A success gives the attempt back while the handler acts, and so does a fault before a verdict: an outage locks nobody.
//!
//! An unknown address costs what a known one does, request by request and hash by hash (ASVS 5.0, 6.3.8).

use api::{Code, Error};
use auth::password::{self, Verdict};
use auth::{Admitted, Door, Guess, Identity, User};

use super::throttle::Judged;
use crate::tables::Store;

/// The caller whose password was right.
#[derive(Debug)]
pub struct Proven {
    /// The caller, as admitted before.
    pub admitted: Admitted,
    /// The user.
    pub user: User,
    /// The stored hash, where it is to be replaced by one of this deployment's cost.
    pub outdated: Option<String>,
}

impl Store {
    /// Proves the user of an address who shows no session, and acts on that while the attempt is given back. Three reads
    /// of 1 RRU and a write of 1 WRU, whatever is found; a failure takes a second write, for the source. An address or a
    /// source that failed of late takes further writes. `admission` is asked beside the attempt, and its refusal is told
    /// before any other.
    ///
    /// # Errors
    /// Those of `admission` and `act`; `auth/too-many-requests`; `auth/invalid-credentials`, the same for an unknown
    /// address and a wrong password; `auth/account-disabled` after the right password alone; `common/unavailable`,
    /// `common/internal`.
    pub async fn prove<T>(
        &self,
        guess: &Guess<'_>,
        door: Door,
        admission: impl Future<Output = Result<Admitted, Error>>,
        act: impl AsyncFnOnce(Proven) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (attempt, admitted) = tokio::join!(self.attempt_login(guess), admission);
        let (attempt, identity, admitted) = match (attempt, admitted) {
            (Ok((attempt, identity)), Ok(admitted)) => (attempt, identity, admitted),
            (Ok((attempt, _)), Err(refusal)) => return attempt.fails(refusal).await,
            (Err(error), Ok(_)) | (Err(_), Err(error)) => return Err(error),
        };
        let judged = self.judge(guess, door, identity, admitted).await;
        attempt.resolve(judged, act).await
    }

    /// Judges a guess. A fault is none of the caller's, unless the password is already known to be wrong.
    async fn judge(
        &self,
        guess: &Guess<'_>,
        door: Door,
        identity: Option<Identity>,
        admitted: Admitted,
    ) -> Result<Judged<Proven>, Error> {
        let identity = identity.filter(|identity| door.takes(identity.deleted, guess.now));
        // For an unknown address, the user that is read is nobody.
        let whose = identity
            .as_ref()
            .map_or(guess.mark, |identity| identity.user);
        let (verdict, user) = tokio::join!(verify(guess, identity.as_ref()), self.user(whose));
        let verdict = verdict?;
        let user = match user {
            Ok(user) => user,
            Err(fault) if verdict == Verdict::Wrong => return Ok(Judged::Against(fault)),
            Err(fault) => return Err(fault),
        };
        let outdated = verdict == Verdict::RightButOutdated;
        Ok(match door.decide(identity, verdict, user, guess.now) {
            Ok((identity, user)) => Judged::For(Proven {
                admitted,
                user,
                outdated: identity.password_hash.filter(|_| outdated),
            }),
            Err(refusal) => Judged::Against(refusal),
        })
    }

    /// Has the reader of a mail prove the password of a registration that waits, by its hash. It is counted as a login's, and
    /// given back while the caller acts.
    ///
    /// # Errors
    /// `auth/invalid-credentials`; those of `act`; `auth/too-many-requests`, `common/unavailable`, `common/internal`.
    pub async fn prove_waiting<T>(
        &self,
        guess: &Guess<'_>,
        hash: &str,
        act: impl AsyncFnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (attempt, _) = self.attempt_login(guess).await?;
        let waiting = Identity {
            user: guess.mark,
            password_hash: Some(hash.to_owned()),
            auth_version: 0,
            deleted: None,
        };
        let judged = verify(guess, Some(&waiting))
            .await
            .map(|verdict| match verdict {
                Verdict::Wrong => Judged::Against(Code::InvalidCredentials.into()),
                Verdict::Right | Verdict::RightButOutdated => Judged::For(()),
            });
        attempt.resolve(judged, async |()| act().await).await
    }

    /// Has a user who is signed in confirm the password, counted as a login's, and acts on that while the attempt is
    /// given back. Two reads of 1 RRU and a write or more.
    ///
    /// # Errors
    /// `wrong` where the password is; those of `act`; `auth/too-many-requests`, `common/unavailable`,
    /// `common/internal`.
    pub async fn confirm<T>(
        &self,
        guess: &Guess<'_>,
        user: &User,
        wrong: Error,
        act: impl AsyncFnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (attempt, identity) = self.attempt_login(guess).await?;
        let judged = verify(guess, identity.as_ref()).await.map(|verdict| {
            match identity.is_some_and(|identity| identity.confirms(user, verdict)) {
                true => Judged::For(()),
                false => Judged::Against(wrong),
            }
        });
        attempt.resolve(judged, async |()| act().await).await
    }

    /// Replaces an outdated hash after a login that has succeeded. The next login makes a renewal that fails.
    ///
    /// # Errors
    /// `common/internal` when bcrypt refuses the cost.
    pub async fn renew_hash(
        &self,
        guess: &Guess<'_>,
        outdated: Option<&str>,
        salt: [u8; 16],
    ) -> Result<(), Error> {
        if let Some(old) = outdated {
            let renewed = guess.hash(salt)?;
            let _ = self.replace_hash(guess.email, old, &renewed).await;
        }
        Ok(())
    }
}

/// Checks a password on the blocking pool, since a hash takes longer than everything else that a request does. Without an
/// identity it costs the same.
async fn verify(guess: &Guess<'_>, identity: Option<&Identity>) -> Result<Verdict, Error> {
    let password = guess.password.to_owned();
    let stored = identity.and_then(|identity| identity.password_hash.clone());
    let cost = guess.settings.bcrypt_cost;
    let check = move || password::verify(&password, stored.as_deref(), cost);
    let verdict = tokio::task::spawn_blocking(check).await;
    verdict.map_err(|error| Error::internal(error.to_string()))
}
