//! Requests that begin a session, prove a second factor, or wait for one.

use std::collections::BTreeSet;

use api::endpoints::{Endpoint, guard};
use api::mail::Kind;
use api::settings::MagicLink;
use api::{Error, Id};
use auth::authentication::Authentication;
use auth::factor::{Trial, Typed};
use auth::notice::Notice;
use auth::sign_in::{self, Begun};
use auth::user::OtherWays;
use auth::{Credentials, User};

use super::Call;
use super::arrival::Arrival;

impl<E: Endpoint<Guard: Arrival>> Call<E> {
    /// Begins the session of a user who has proven to be one, or tells what is missing.
    ///
    /// # Errors
    /// `common/internal` when the system has no random bytes.
    pub fn begin(&self, user: &User, proof: Authentication) -> Result<Begun, Error> {
        let id = Id::new(self.now, self.random()?);
        let settings = &self.settings.auth;
        Ok(sign_in::begin(user, id, self.random()?, settings, proof))
    }

    /// A code that was typed for a user, ready to be counted and judged.
    ///
    /// # Errors
    /// `common/internal` when the system has no random bytes.
    pub fn trial<'a>(&'a self, user: Id, typed: Typed<'a>) -> Result<Trial<'a>, Error> {
        let mark = Id::new(self.now, self.random()?);
        let notice = match self.settings.mail.tells(Kind::MfaAttempts) {
            true => Some((
                Notice::of_attempts(mark, user, &self.client()),
                self.random()?,
            )),
            false => None,
        };
        Ok(Trial {
            user,
            typed,
            source: self.source(),
            mark,
            settings: &self.settings.auth,
            now: self.now,
            notice,
        })
    }

    /// Whether a mail signs this user in.
    #[must_use]
    pub fn mail_signs_in(&self, user: &User) -> bool {
        self.has_mail()
            && self.settings.auth.magic_link != MagicLink::Off
            && user.email_verified_at.is_some()
    }

    /// The ways to sign in that this user has, by the settings alone. Neither a password nor a provider is looked up.
    #[must_use]
    pub fn other_ways(&self, user: &User) -> OtherWays {
        OtherWays {
            password: false,
            mail: self.mail_signs_in(user),
            passkeys: self.settings.auth.passkeys.rp_id.is_some(),
            providers: BTreeSet::new(),
            requires_factor: self.settings.auth.mfa.requires(&user.role),
        }
    }

    /// Whether this project sends mails.
    #[must_use]
    pub fn has_mail(&self) -> bool {
        self.settings.mail.from.is_some()
    }
}

impl<E: Endpoint<Guard = guard::User>> Call<E> {
    /// The token of a sign-in that waits for a second factor, in the place of an access token. `None` for anything that has the
    /// form of an access token. It is not opened here.
    #[must_use]
    pub fn enrolment(&self) -> Option<&str> {
        let token = self.bearer()?.ok()?;
        (!token.contains('.')).then_some(token)
    }

    /// The credentials of a request beside such a token: the API key alone.
    #[must_use]
    pub fn keyed(&self) -> Credentials {
        self.without_token()
    }
}
