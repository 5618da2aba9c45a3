//! Sign-ins by a provider: the cookie that ties them to a browser, and answers that come as a query or a form.

use api::endpoints::{Endpoint, guard};
use api::{Detail, Error, Id};
use auth::User;
use auth::authentication::Authentication;
use auth::provider::{Browser, LIFETIME, cookie_part};
use auth::sign_in::{self, Begun};

use super::{Call, body};
use crate::cookie;
use crate::reply::Reply;

impl<E: Endpoint<Guard = guard::Open>> Call<E> {
    /// Refuses what a browser asks for as anything but a page (Fetch Metadata, section 2.1): images of another site would set a
    /// cookie each.
    ///
    /// # Errors
    /// `common/validation-failed`.
    pub fn need_page(&self) -> Result<(), Error> {
        match self.event.header("sec-fetch-dest") {
            None | Some("document") => Ok(()),
            Some(_) => Err(Detail::new(
                "sec-fetch-dest",
                "format",
                "Open this address as a page of its own: assign it to `location.href`.",
            )
            .into()),
        }
    }

    /// The reply that ties a sign-in with this state to the browser.
    #[must_use]
    pub fn tied(&self, reply: Reply<E>, state: &str, browser: &Browser, by_form: bool) -> Reply<E> {
        let pair = (cookie_part(state), browser.cookie());
        let cookie = cookie::tie(self.boot, pair, LIFETIME.as_secs(), by_form);
        reply.with_cookie(cookie)
    }

    /// The browser of a sign-in with this state, by its cookie.
    #[must_use]
    pub fn browser(&self, state: &str) -> Option<Browser> {
        let name = cookie::sign_in_name(self.boot, cookie_part(state));
        self.event.cookie(&name).map(Browser::of)
    }

    /// The reply that ends the tie.
    #[must_use]
    pub fn untied(&self, reply: Reply<E>, state: &str, by_form: bool) -> Reply<E> {
        let pair = (cookie_part(state), "");
        reply.with_cookie(cookie::tie(self.boot, pair, 0, by_form))
    }

    /// The answer of a provider: the pairs of the query, or those of the form that was posted. `None` for a body that is no
    /// form.
    #[must_use]
    pub fn answer(&self) -> Option<Vec<(String, String)>> {
        if self.event.method() == "POST" {
            return body::pairs(&self.event);
        }
        let pairs = self.parameters().into_iter();
        let owned = pairs.map(|(name, value)| (name.into_owned(), value.into_owned()));
        Some(owned.collect())
    }

    /// Begins the session `id` of a user whom a provider has proven, or tells what is missing. At the first sign-in by it, no
    /// provider stands for a factor that the user has: trust is for identities that are linked.
    ///
    /// # Errors
    /// `common/internal` when the system has no random bytes.
    pub fn begin_by_provider(
        &self,
        user: &User,
        id: Id,
        (provider, is_first, auth_time): (&str, bool, Option<u64>),
    ) -> Result<Begun, Error> {
        let settings = &self.settings.auth;
        let trusted = settings.mfa_trusted_providers.iter();
        let has_factor = user.mfa.is_some() || user.passkeys() > 0;
        let is_trusted = trusted.into_iter().any(|name| name == provider);
        let is_trusted = is_trusted && !(is_first && has_factor);
        let seconds = auth_time.unwrap_or(u64::MAX).min(self.now.seconds());
        let at = match auth_time {
            None => self.now,
            Some(_) => api::Timestamp::from_millis(seconds.saturating_mul(1000)),
        };
        let proof = Authentication::by_provider(provider, is_trusted, at);
        Ok(sign_in::begin(user, id, self.random()?, settings, proof))
    }
}
