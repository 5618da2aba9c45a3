//! The first admin, made by an operator.

use api::event::Reason;
use api::{Code, Error, Timestamp};
use auth::{User, Writer};

use crate::accounts::parts::Along;
use crate::tables::Store;

impl Store {
    /// Makes the user of an address an admin. `None` when there is no such user, `false` when the user was an admin
    /// already.
    ///
    /// # Errors
    /// `common/unavailable`; `common/internal`, also where the address has lost its user: the cause says what to do.
    pub async fn promote(&self, email: &str, now: Timestamp) -> Result<Option<bool>, Error> {
        let identity = self
            .identity(email)
            .await?
            .filter(|identity| identity.deleted.is_none());
        let Some(identity) = identity else {
            return Ok(None);
        };
        let user = self
            .user(identity.user)
            .await?
            .filter(|user| user.deleted.is_none());
        let Some(user) = user else {
            return Err(Error::internal(format!(
                "{email} belongs to a user who is gone: `cargo admin check` tells more"
            )));
        };
        if user.role == auth::user::ADMIN {
            return Ok(Some(false));
        }
        let promoted = |user: &User| {
            Ok(Some(User {
                role: auth::user::ADMIN.to_owned(),
                ..user.clone()
            }))
        };
        let random = user.id.bytes().last_chunk().copied().unwrap_or_default();
        let writer = Writer::operator(now, random);
        let along = Along::of(Reason::Promote);
        // The profile does not change.
        match self.change_user(&[], user, &along, &writer, promoted).await {
            Ok(_) => Ok(Some(true)),
            Err(error) if error.code == Code::UserNotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
