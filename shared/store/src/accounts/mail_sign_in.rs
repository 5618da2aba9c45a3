//! Sessions that begin by a mail.

use api::event::Reason;
use api::{Code, Error};
use auth::proof::Ticket;
use auth::{Session, Writer};

use crate::send::Unsent;
use crate::tables::Store;

impl Store {
    /// Begins a session and uses the proof up that it rests on, all or nothing. Where the account has changed meanwhile, the
    /// session has an older version and does not stand. 4 WRU.
    ///
    /// # Errors
    /// `auth/invalid-code` when another request was faster; `common/unavailable`, `common/internal`.
    pub async fn begin_by_mail(
        &self,
        session: &Session,
        ticket: &Ticket,
        writer: &Writer,
    ) -> Result<(), Error> {
        let begins = self.beginning(session, Reason::MagicLink, writer)?;
        let items = [begins, self.using_up(ticket)?];
        let token = writer.rev.replace('-', "");
        match self.send_items(&items, &token, writer).await {
            Ok(failed) if failed.is_empty() => Ok(()),
            Ok(_) => Err(Code::InvalidCode.into()),
            Err(Unsent::TooLarge(_)) => Err(Error::internal("a session is too large")),
            Err(Unsent::Fault(fault)) => Err(fault),
        }
    }
}
