//! Refreshes: a refresh token is swapped for its successor, or judged by the session that the swap found.

use api::Error;
use api::event::Reason;
use auth::refresh::{Exchange, Verdict, over, refusal};
use auth::session::Refreshes;
use auth::{Session, User, Writer};

use super::sessions::Rotation;
use crate::tables::Store;

impl Store {
    /// Swaps a refresh token for its successor while the user is read: 1 WRU and 1 RRU. Beyond the first refresh of a
    /// window, for a lost reply, or against another change of the account, as much again. `writer` ends the session.
    ///
    /// # Errors
    /// `auth/invalid-refresh-token`, which also ends the session where the token is a copy of an old one;
    /// `auth/too-many-requests`, `common/unavailable`, `common/internal`.
    pub async fn succeed(
        &self,
        exchange: &Exchange<'_>,
        writer: &Writer,
    ) -> Result<(Session, User), Error> {
        let whose = exchange.presented.user;
        let (rotation, user) = tokio::join!(self.swap(exchange, None), self.user(whose));
        let session = self.settle(exchange, rotation?, writer).await?;
        // The old token is dead by now: a read that failed is tried again before the client is sent away with nothing.
        let user = match user {
            Ok(user) => user,
            Err(_) => self.user(whose).await?,
        };
        let (session, user) = match user {
            Some(user) if user.auth_version != session.auth_version => self.again(exchange).await?,
            user => (session, user),
        };
        let user = user.filter(|user| session.stands(user, exchange.now));
        Ok((session, user.ok_or_else(over)?))
    }

    /// The session after a swap: one that was refused is judged, and done once more where it only has to be counted.
    async fn settle(
        &self,
        exchange: &Exchange<'_>,
        mut rotation: Rotation,
        writer: &Writer,
    ) -> Result<Session, Error> {
        loop {
            let found = match rotation {
                Rotation::Done(session) => return Ok(session),
                Rotation::Refused(found) => found,
            };
            match (exchange.judge(found.as_ref()), found) {
                (Verdict::Again(None), Some(session)) => return Ok(session),
                (Verdict::Again(Some(counted)), Some(session)) => {
                    rotation = self.recount(session, counted, exchange.now).await?;
                }
                (Verdict::Count(counted), _) => {
                    rotation = self.swap(exchange, Some(counted)).await?;
                }
                (Verdict::Throttle(refused), _) => return Err(refused.error(exchange.now)),
                (Verdict::Revoke, _) => {
                    let (token, reason) = (&exchange.presented, Reason::RefreshTokenReuse);
                    self.end_session(token.user, token.session, reason, writer)
                        .await?;
                    return Err(over());
                }
                // The cookie may be what another tab got.
                (Verdict::Forgive, _) => return Err(refusal()),
                _ => return Err(over()),
            }
        }
    }

    /// Reads session and user once more, where their versions differ. A call that ends all other sessions raises both
    /// versions together, here between the write and the read. The session is found by a write whose condition cannot hold.
    async fn again(&self, exchange: &Exchange<'_>) -> Result<(Session, Option<User>), Error> {
        let user = self.user(exchange.presented.user);
        match tokio::try_join!(self.swap(exchange, None), user)? {
            (Rotation::Refused(Some(found)), user)
                if found.refresh_token_hash == exchange.successor.hash() =>
            {
                Ok((found, user))
            }
            _ => Err(over()),
        }
    }

    async fn swap(
        &self,
        exchange: &Exchange<'_>,
        counted: Option<Refreshes>,
    ) -> Result<Rotation, Error> {
        let Exchange {
            presented,
            successor,
            settings,
            now,
            ..
        } = exchange;
        let expires_at = auth::session::expiry(presented.session, settings, *now);
        let throttle = &settings.throttle;
        self.rotate(presented, successor, expires_at, counted, throttle, *now)
            .await
    }
}
