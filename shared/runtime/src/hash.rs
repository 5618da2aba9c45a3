//! Passwords: only an endpoint whose entry on the page says that it hashes them can. A hash takes longer than everything
//! else that a request does; without the entry's word its function would have neither the processor nor the throttle.

use api::Error;
use api::endpoints::{Endpoint, Hashes};
use auth::Identity;
use auth::password::{self, Verdict};

use crate::call::{Arrival, Call};

impl<E: Endpoint<Guard: Arrival> + Hashes> Call<E> {
    /// Hashes a new password.
    ///
    /// # Errors
    /// `common/internal` when the system has no random bytes.
    pub fn hash_password(&self, password: &str) -> Result<String, Error> {
        password::hash(password, self.settings.auth.bcrypt_cost, self.random()?)
    }

    /// Checks a password against what an address signs in with, on the blocking pool; where that is nothing, at the same
    /// cost (ASVS 5.0, 6.3.8).
    ///
    /// # Errors
    /// `common/internal`, which no password makes happen.
    pub async fn verify_password(
        &self,
        password: &str,
        identity: Option<&Identity>,
    ) -> Result<Verdict, Error> {
        let cost = self.settings.auth.bcrypt_cost;
        let (password, stored) = (
            password.to_owned(),
            identity.and_then(|identity| identity.password_hash.clone()),
        );
        let verdict = tokio::task::spawn_blocking(move || {
            password::verify(&password, stored.as_deref(), cost)
        })
        .await;
        verdict.map_err(|error| Error::internal(error.to_string()))
    }
}
