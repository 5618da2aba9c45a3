//! The caller of a request: session, user and API key, read at once.

use std::collections::HashMap;

use api::settings::SessionCheck;
use api::{Code, Error, Timestamp};
use auth::caller::{Found, admit_all};
use auth::{Admitted, Claims, Credentials, PresentedKey, Session, User};

use super::key_items::{api_key_key, read_api_key};
use super::sessions::read_session;
use super::users::read_user;
use crate::batch::strong;
use crate::item::{Item, id};
use crate::tables::Store;

impl Store {
    /// Reads the caller: one strongly consistent read of session, user and API key, 1 RRU each. Nothing is read where nothing
    /// is asked; with `auth.sessionCheck: "expiry"` the key alone.
    ///
    /// # Errors
    /// `auth/invalid-api-key`, `auth/origin-not-allowed`, `auth/session-revoked`, `auth/scope-insufficient`,
    /// `common/unavailable`, `common/internal`.
    pub async fn caller(
        &self,
        credentials: &Credentials,
        check: SessionCheck,
        now: Timestamp,
    ) -> Result<Admitted, Error> {
        let claims = credentials
            .claims
            .as_ref()
            .filter(|_| check == SessionCheck::Immediate);
        let found = self.found(claims, credentials.key.as_ref()).await?;
        self.confirm_signer(credentials).await?;
        admit_all(credentials, found, check, now)
    }

    /// The caller with the session and the user that are asking, read as for [`Store::caller`] whatever `auth.sessionCheck` says.
    ///
    /// # Errors
    /// `auth/authentication-required` where nobody is, and as [`Store::caller`].
    pub async fn signed_in(
        &self,
        credentials: &Credentials,
        now: Timestamp,
    ) -> Result<(Admitted, Session, User), Error> {
        let claims = credentials
            .claims
            .as_ref()
            .ok_or(Code::AuthenticationRequired)?;
        let found = self.found(Some(claims), credentials.key.as_ref()).await?;
        self.confirm_signer(credentials).await?;
        let both = found.session.clone().zip(found.user.clone());
        let caller = admit_all(credentials, found, SessionCheck::Immediate, now)?;
        let (session, user) = both.ok_or(Code::SessionRevoked)?;
        Ok((caller, session, user))
    }

    /// The user who is asking, or the server without a user, read as for [`Store::caller`] whatever `auth.sessionCheck` says.
    ///
    /// # Errors
    /// `auth/authentication-required` where neither is, and as [`Store::caller`].
    pub async fn user_or_server(
        &self,
        credentials: &Credentials,
        now: Timestamp,
    ) -> Result<(Admitted, Option<User>), Error> {
        if credentials.claims.is_none() && !credentials.is_server() {
            return Err(Code::AuthenticationRequired.into());
        }
        let claims = credentials.claims.as_ref();
        let found = self.found(claims, credentials.key.as_ref()).await?;
        self.confirm_signer(credentials).await?;
        let user = found.user.clone();
        let caller = admit_all(credentials, found, SessionCheck::Immediate, now)?;
        Ok((caller, user))
    }

    /// The admin who is asking, or where the endpoint says so a server, read as for [`Store::caller`] whatever
    /// `auth.sessionCheck` says.
    ///
    /// # Errors
    /// `auth/forbidden` for anybody else, and as [`Store::signed_in`].
    pub async fn admin(
        &self,
        credentials: &Credentials,
        now: Timestamp,
    ) -> Result<Admitted, Error> {
        if !(credentials.is_server() && credentials.scope.is_some()) && credentials.claims.is_none()
        {
            return Err(Code::AuthenticationRequired.into());
        }
        let caller = self
            .caller(credentials, SessionCheck::Immediate, now)
            .await?;
        if caller.is_admin() {
            Ok(caller)
        } else {
            Err(Code::Forbidden.into())
        }
    }

    /// Admits a caller by the API key alone. 1 RRU with a key, no read without one.
    ///
    /// # Errors
    /// `auth/invalid-api-key`, `auth/origin-not-allowed`, `common/unavailable`, `common/internal`.
    pub(crate) async fn admit_key(
        &self,
        key: Option<&PresentedKey>,
        now: Timestamp,
    ) -> Result<Admitted, Error> {
        let found = self.found(None, key).await?;
        // The endpoints without a caller are those that sign.
        self.await_look().await?;
        Admitted::by_key(key, found.key, now)
    }

    async fn found(
        &self,
        claims: Option<&Claims>,
        key: Option<&PresentedKey>,
    ) -> Result<Found, Error> {
        let mut wanted = HashMap::new();
        if let Some(claims) = claims {
            let session = Item::from([
                ("user_id".to_owned(), id(claims.sub)),
                ("id".to_owned(), id(claims.sid)),
            ]);
            let user = Item::from([("id".to_owned(), id(claims.sub))]);
            wanted.insert(self.sessions(), strong(vec![session])?);
            wanted.insert(self.users(), strong(vec![user])?);
        }
        if let Some(key) = key {
            wanted.insert(self.api_keys(), strong(vec![api_key_key(key.id)])?);
        }
        if wanted.is_empty() {
            return Ok(Found::default());
        }
        let mut found = self.batch(wanted).await?;
        let mut take = |table| {
            found
                .remove(&table)
                .and_then(|mut items: Vec<Item>| items.pop())
        };
        Ok(Found {
            session: take(self.sessions()).map(read_session).transpose()?,
            user: take(self.users()).map(read_user).transpose()?.flatten(),
            key: take(self.api_keys())
                .map(read_api_key)
                .transpose()?
                .flatten(),
        })
    }
}
