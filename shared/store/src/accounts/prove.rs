//! Password checks. The attempt is counted while the identity is read. The password is hashed while the user is read.
//! A success gives the attempt back while the handler acts.
//!
//! An unknown address costs what a known one does, request by request and hash by hash (ASVS 5.0, 6.3.8).

use api::Error;
use auth::password::{self, Verdict};
use auth::{Admitted, Door, Guess, Identity, User};

use super::throttle::Attempt;
use crate::tables::Store;

/// A guess that was right.
#[must_use = "an attempt that succeeded is given back"]
pub struct Proven<'a> {
    /// The attempt that was counted.
    pub attempt: Attempt<'a>,
    /// The user.
    pub user: User,
    /// The stored hash, where it is to be replaced by one of this deployment's cost.
    pub outdated: Option<String>,
}

impl Store {
    /// Proves the user of an address who shows no session: two reads of 1 RRU and two writes of 1 WRU, whatever is found.
    /// An address or a source that failed of late takes further writes. `admission` is asked beside the attempt, and its
    /// refusal is told before any other.
    ///
    /// # Errors
    /// Those of `admission`; `auth/too-many-requests`; `auth/invalid-credentials`, the same for an unknown address and a
    /// wrong password; `auth/account-disabled` after the right password alone; `common/unavailable`, `common/internal`.
    pub async fn prove(
        &self,
        guess: &Guess<'_>,
        door: Door,
        admission: impl Future<Output = Result<Admitted, Error>>,
    ) -> Result<(Admitted, Proven<'_>), Error> {
        let (attempt, admitted) = tokio::join!(self.attempt_login(guess), admission);
        let admitted = admitted?;
        let (attempt, identity) = attempt?;
        let identity = identity.filter(|identity| door.takes(identity.deleted, guess.now));
        // For an unknown address, the user that is read is nobody.
        let whose = identity
            .as_ref()
            .map_or(guess.mark, |identity| identity.user);
        let (verdict, user) = tokio::join!(verify(guess, identity.as_ref()), self.user(whose));
        let verdict = verdict?;
        let (identity, user) = door.decide(identity, verdict, user?, guess.now)?;
        let is_outdated = verdict == Verdict::RightButOutdated;
        let outdated = identity.password_hash.filter(|_| is_outdated);
        let proven = Proven {
            attempt,
            user,
            outdated,
        };
        Ok((admitted, proven))
    }

    /// Has a user who is signed in confirm the password, counted as a login's; `None` where it is wrong. A read of 1 RRU
    /// and two writes or more.
    ///
    /// # Errors
    /// `auth/too-many-requests`, `common/unavailable`, `common/internal`.
    pub async fn confirm(
        &self,
        guess: &Guess<'_>,
        user: &User,
    ) -> Result<Option<Attempt<'_>>, Error> {
        let (attempt, identity) = self.attempt_login(guess).await?;
        let verdict = verify(guess, identity.as_ref()).await?;
        let confirms = identity.is_some_and(|identity| identity.confirms(user, verdict));
        Ok(confirms.then_some(attempt))
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
