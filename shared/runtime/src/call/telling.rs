//! The log's part of a request: who is at work, and what is unusual.

use std::time::Duration;

use api::Id;
use api::endpoints::Endpoint;

use super::Call;
use super::arrival::Arrival;
use crate::log;

impl<E: Endpoint<Guard: Arrival>> Call<E> {
    /// Has the log name the user and the session of a token that this deployment signed, or of a session that begins.
    pub fn identified(&self, user: Id, session: Id) {
        let _ = self.identified_as.set((user, session));
    }

    /// Writes a line that the successor of a refresh token was given once more, so long after the first time.
    pub fn log_repeated_refresh(&self, session: Id, age: Duration) {
        log::repeated_refresh(&self.request_id, session, age);
    }

    /// Writes a warning that leaves the reply as it is.
    pub fn warn(&self, reason: &str) {
        log::warn(reason);
    }
}
