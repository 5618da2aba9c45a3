//! The demands of an endpoint and of the policy on a session that stands.

use api::endpoints::Demand;
use api::{Code, Error, Timestamp};

use super::Credentials;
use crate::session::Session;
use crate::sign_in::lacks_step_up;
use crate::user::{ANONYMOUS, User};

impl Credentials {
    /// Refuses a session whose user has not authenticated within `auth.recentAuth`, where an endpoint asks for that in some
    /// cases alone. Sessions from before authentications were kept count as not recent. An anonymous account, by its role, has
    /// nothing to authenticate with.
    ///
    /// # Errors
    /// `auth/reauthentication-required`.
    pub fn need_recent(
        &self,
        session: Option<&Session>,
        role: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        let authentication = session.and_then(|session| session.authentication.as_ref());
        let is_recent = authentication.is_some_and(|it| it.is_recent(self.recent, now));
        if is_recent || role == ANONYMOUS {
            return Ok(());
        }
        let message = format!(
            "This needs an authentication within the last {} minutes: POST /api/auth/reauthenticate.",
            self.recent.as_secs() / 60
        );
        Err(Error::new(Code::ReauthenticationRequired).with_message(message))
    }

    /// Refuses a session that lacks the second factor which the policy asks of its user's role. An admin who acts in it is not
    /// asked for the user's, and a program has none.
    pub(super) fn need_factor(
        &self,
        role: &str,
        has_factors: bool,
        is_exempt: bool,
    ) -> Result<(), Error> {
        let asks = self.policy.is_some_and(|policy| policy.requires(role));
        if asks && !has_factors && !is_exempt {
            return Err(Code::MfaEnrollmentRequired.into());
        }
        Ok(())
    }

    /// Refuses a service account, where an endpoint is for the own hand of a person.
    pub(super) fn need_person(&self, is_service: bool) -> Result<(), Error> {
        if self.demand == Demand::Any || !is_service {
            return Ok(());
        }
        let message = "This is for people: no service account may do it.";
        Err(Error::new(Code::Forbidden).with_message(message))
    }

    /// Refuses a session that [`lacks_step_up`].
    fn need_step_up(&self, session: Option<&Session>, user: Option<&User>) -> Result<(), Error> {
        if !lacks_step_up(self.step_up, session, user) {
            return Ok(());
        }
        let message = "POST /api/auth/reauthenticate with the factor that the account has.";
        Err(Error::new(Code::ReauthenticationRequired).with_message(message))
    }

    /// Refuses a session that stands and is not what the endpoint demands.
    pub(super) fn demand_of(
        &self,
        session: Option<&Session>,
        user: Option<&User>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let actor = session.and_then(|session| session.actor);
        if self.demand != Demand::Any && actor.is_some() {
            return Err(Code::Impersonated.into());
        }
        let is_service = user.is_some_and(|user| user.service.is_some());
        self.need_person(is_service)?;
        match self.demand {
            Demand::Recent => {
                let role = user.map_or("", |user| &user.role);
                self.need_recent(session, role, now)?;
                self.need_step_up(session, user)
            }
            Demand::Any | Demand::Own => Ok(()),
        }
    }
}
