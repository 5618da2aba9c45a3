//! Passwords: only an endpoint whose entry on the page says that it hashes can hash them. A hash takes longer than the
//! rest of a request: without that entry the function would have neither the processor nor the throttle.

use api::endpoints::{Endpoint, Hashes};
use api::{Error, Id};
use auth::{Guess, password};

use crate::call::Call;
use crate::call::arrival::Arrival;

impl<E: Endpoint<Guard: Arrival> + Hashes> Call<E> {
    /// The password that the request gives for an address, ready to be counted and checked.
    ///
    /// # Errors
    /// `common/internal` when the system has no random bytes.
    pub fn guess<'a>(&'a self, email: &'a str, password: &'a str) -> Result<Guess<'a>, Error> {
        Ok(Guess {
            email,
            password,
            source: self.source(),
            mark: Id::new(self.now, self.random()?),
            settings: &self.settings.auth,
            now: self.now,
        })
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// `common/internal` when the system has no random bytes.
    pub fn hash_password(&self, password: &str) -> Result<String, Error> {
        password::hash(password, self.settings.auth.bcrypt_cost, self.random()?)
    }
}
