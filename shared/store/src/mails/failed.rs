//! Mails that came back, or that a reader complained of.

use api::definition::ProfileField;
use api::event::Reason;
use api::{Code, Error};
use auth::user::MailFailure;
use auth::{User, Writer};

use crate::accounts::parts::Along;
use crate::tables::Store;

impl Store {
    /// Keeps the failure of a mail with the user who has the address; `false` where nobody has it. 2 RRU, and the change of
    /// a user.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn keep_failure(
        &self,
        declared: &[ProfileField],
        address: &str,
        failure: MailFailure,
        writer: &Writer,
    ) -> Result<bool, Error> {
        let Some(identity) = self.identity(address).await? else {
            return Ok(false);
        };
        let user = self.user(identity.user).await?;
        let Some(user) = user.filter(|user| user.email.as_deref() == Some(address)) else {
            return Ok(false);
        };
        let along = Along::of(Reason::MailFailed);
        let decide = |user: &User| {
            Ok(Some(User {
                mail_failed: Some(failure.after(user.mail_failed)),
                ..user.clone()
            }))
        };
        match self
            .change_user(declared, user, &along, writer, decide)
            .await
        {
            Ok(_) => Ok(true),
            Err(error) if error.code == Code::UserNotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}
