//! The transport of a refresh token: in the body, in a header, or in a cookie.

use api::endpoints::{Endpoint, HasCookie, SetsCookie, TakesCookie};
use api::wire::{Bearing, Proven, SignedIn, Tokens};
use api::{Code, Error};
use auth::{Admitted, Keys, RefreshToken, Session, User, consent, session};

use super::Call;
use super::arrival::Arrival;
use crate::reply::Reply;
use crate::{cookie, cors};

/// How a refresh token goes to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// In the body.
    Body,
    /// In a cookie that no script can read.
    Cookie,
}

/// A refresh token as it was sent.
#[derive(Clone)]
pub struct Presented {
    /// The token, unchecked.
    pub token: String,
    /// How its successor goes back.
    pub transport: Transport,
}

impl Presented {
    /// The refusal of this token: only a token from a cookie has a cookie to forget.
    #[must_use]
    pub fn refused(&self, refusal: Error) -> Error {
        Error {
            forgets_cookie: refusal.forgets_cookie && self.transport == Transport::Cookie,
            ..refusal
        }
    }
}

impl<E: Endpoint<Guard: Arrival> + TakesCookie> Call<E> {
    /// The refresh token: that of the body, else that of the header `x-refresh-token`, else that of the cookie.
    ///
    /// A browser adds a cookie to every request of any page. So the page's origin must be allowed (CSRF; ASVS 5.0,
    /// 3.5.1).
    ///
    /// # Errors
    /// `auth/origin-not-allowed` for a cookie on a request without an allowed `Origin`.
    pub fn refresh_token(&self, in_body: Option<&str>) -> Result<Option<Presented>, Error> {
        let plain = |token: &str| Presented {
            token: token.to_owned(),
            transport: Transport::Body,
        };
        if let Some(token) = in_body.or_else(|| self.event.header("x-refresh-token")) {
            return Ok(Some(plain(token)));
        }
        let Some(token) = self.event.cookie(cookie::name(self.deployment.local)) else {
            return Ok(None);
        };
        if !cors::is_ours(self.boot, self.event.header("origin")) {
            return Err(Code::OriginNotAllowed.into());
        }
        Ok(Some(Presented {
            transport: Transport::Cookie,
            ..plain(token)
        }))
    }

    /// The reply that makes a browser forget the cookie, if the token came by one.
    #[must_use]
    pub fn forgetting(&self, reply: Reply<E>, presented: Option<&Presented>) -> Reply<E> {
        match presented {
            Some(presented) if presented.transport == Transport::Cookie => {
                reply.with_cookie(cookie::forget(self.boot))
            }
            _ => reply,
        }
    }
}

impl<E: Endpoint<Guard: Arrival> + SetsCookie> Call<E> {
    /// The transport that a login asks for: by cookie where the header `x-refresh-token-mode` says so.
    #[must_use]
    pub fn transport(&self) -> Transport {
        match self.event.header("x-refresh-token-mode") {
            Some(mode) if mode.trim().eq_ignore_ascii_case("cookie") => Transport::Cookie,
            _ => Transport::Body,
        }
    }
}

impl<E: Endpoint<Guard: Arrival, Reply: Bearing> + HasCookie> Call<E> {
    /// The reply with these tokens, the refresh token by `transport`; a cookie is kept until the session runs out, at
    /// `expires_at` in seconds.
    #[must_use]
    pub fn hand_out(
        &self,
        admitted: &Admitted,
        mut body: E::Reply,
        transport: Transport,
        expires_at: u64,
    ) -> Reply<E> {
        let token = match transport {
            Transport::Body => None,
            Transport::Cookie => body.tokens().and_then(|tokens| tokens.refresh_token.take()),
        };
        let reply = Reply::to(admitted, body);
        let seconds = expires_at.saturating_sub(self.now.seconds());
        match token {
            None => reply,
            Some(token) => reply.with_cookie(cookie::keep(self.boot, &token, seconds)),
        }
    }
}

impl<E: Endpoint<Guard: Arrival, Reply = SignedIn> + SetsCookie + HasCookie> Call<E> {
    /// The reply to a user whose session begins: the user and the first pair of tokens, by the transport that the
    /// request asks for.
    ///
    /// # Errors
    /// `common/internal` when signing fails.
    pub fn sign_in(
        &self,
        admitted: &Admitted,
        keys: &Keys,
        user: &User,
        (session, token): (&Session, &RefreshToken),
    ) -> Result<Reply<E>, Error> {
        let tokens = self.first_tokens(keys, user, (session, token))?;
        let user = user.wire(&self.settings.users.fields);
        let body = SignedIn { user, tokens };
        Ok(self.hand_out(admitted, body, self.transport(), session.expires_at))
    }
}

impl<E: Endpoint<Guard: Arrival> + SetsCookie> Call<E> {
    /// The first pair of tokens of a session that begins, which the log names from then on.
    ///
    /// # Errors
    /// `common/internal` when signing fails.
    pub fn first_tokens(
        &self,
        keys: &Keys,
        user: &User,
        (session, token): (&Session, &RefreshToken),
    ) -> Result<Tokens, Error> {
        self.identified(user.id, session.id);
        let settings = &self.settings.auth;
        let tokens = session::tokens(keys, session, token, &user.role, settings, self.now)?;
        Ok(Tokens {
            terms_required: consent::is_due(user, settings).then_some(true),
            ..tokens
        })
    }
}

impl<E: Endpoint<Guard: Arrival, Reply = Proven> + SetsCookie + HasCookie> Call<E> {
    /// The reply to a user who has proven the address, with the tokens of the session that begins with it, if one does.
    ///
    /// # Errors
    /// `common/internal` when signing fails.
    pub fn show_proven(
        &self,
        admitted: &Admitted,
        keys: &Keys,
        user: &User,
        begun: Option<&(Session, RefreshToken)>,
    ) -> Result<Reply<E>, Error> {
        let tokens = begun.map(|(session, token)| self.first_tokens(keys, user, (session, token)));
        let body = Proven {
            user: user.wire(&self.settings.users.fields),
            tokens: tokens.transpose()?,
        };
        let until = begun.map_or(0, |(session, _)| session.expires_at);
        Ok(self.hand_out(admitted, body, self.transport(), until))
    }
}
