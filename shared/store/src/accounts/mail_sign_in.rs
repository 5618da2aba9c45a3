//! Sessions that begin by a mail.

use api::event::Reason;
use api::{Code, Error};
use auth::proof::Ticket;
use auth::{Session, Writer};
use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::send::Unsent;
use crate::tables::Store;

impl Store {
    /// Uses a proof up whose reader has yet to prove a second factor. 2 WRU.
    ///
    /// # Errors
    /// Those of [`Store::begin_by_mail`].
    pub async fn use_proof(&self, ticket: &Ticket, writer: &Writer) -> Result<(), Error> {
        self.send_proof(&[self.using_up(ticket)?], writer).await
    }

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
        self.send_proof(&[begins, self.using_up(ticket)?], writer)
            .await
    }

    async fn send_proof(&self, items: &[TransactWriteItem], writer: &Writer) -> Result<(), Error> {
        let token = writer.rev.replace('-', "");
        match self.send_items(items, &token, writer).await {
            Ok(failed) if failed.is_empty() => Ok(()),
            Ok(_) => Err(Code::InvalidCode.into()),
            Err(Unsent::TooLarge(_)) => Err(Error::internal("a session is too large")),
            Err(Unsent::Fault(fault)) => Err(fault),
        }
    }
}
