//! Accounts whose address is proven.

use api::definition::ProfileField;
use api::{Code, Error};
use auth::user::ADMIN;
use auth::{User, Writer};

use super::parts::Along;
use crate::tables::Store;

impl Store {
    /// Makes a user whose address is proven, as [`Store::create_user`] does. Where the address is the bootstrap one, it
    /// makes an admin, on condition that there has never been one. Otherwise the user has the own role.
    ///
    /// # Errors
    /// Those of [`Store::create_user`].
    pub async fn create_proven(
        &self,
        declared: &[ProfileField],
        user: User,
        along: &Along<'_>,
        (writer, bootstraps): (&Writer, bool),
    ) -> Result<User, Error> {
        if bootstraps {
            let first = Along {
                first_admin: true,
                ..*along
            };
            let admin = User {
                role: ADMIN.to_owned(),
                ..user.clone()
            };
            match self.create_user(declared, &admin, &first, writer).await {
                Ok(()) => return Ok(admin),
                Err(refusal) if refusal.code == Code::LastAdmin => {}
                Err(refusal) => return Err(refusal),
            }
        }
        let again = Writer {
            rev: format!("{}b", writer.rev),
            ..writer.clone()
        };
        let writer = if bootstraps { &again } else { writer };
        self.create_user(declared, &user, along, writer).await?;
        Ok(user)
    }

    /// Changes a user whose address is proven, as [`Store::change_user`] does. Where the address is the bootstrap one, the
    /// change makes an admin, on condition that there has never been one; otherwise it is made without.
    ///
    /// # Errors
    /// Those of `decide`, which is told whether the change makes an admin, and of [`Store::change_user`].
    pub async fn change_proven(
        &self,
        declared: &[ProfileField],
        user: &User,
        along: &Along<'_>,
        (writer, bootstraps): (&Writer, bool),
        decide: impl Fn(&User, bool) -> Result<User, Error>,
    ) -> Result<User, Error> {
        let changed = async |along: &Along<'_>, writer: &Writer, bootstraps| {
            let decided = |found: &User| decide(found, bootstraps).map(Some);
            let change = self.change_user(declared, user.clone(), along, writer, decided);
            let changed = change.await.map_err(|refusal| match refusal.code {
                // The account is gone that the proof was for.
                Code::UserNotFound => Code::InvalidCode.into(),
                _ => refusal,
            });
            changed?.ok_or(Error::new(Code::InvalidCode))
        };
        if bootstraps {
            let first = Along {
                first_admin: true,
                ..*along
            };
            match changed(&first, writer, true).await {
                Err(refusal) if refusal.code == Code::LastAdmin => {}
                result => return result,
            }
        }
        // A write with other items needs another token.
        let again = Writer {
            rev: format!("{}b", writer.rev),
            ..writer.clone()
        };
        changed(along, if bootstraps { &again } else { writer }, false).await
    }
}
