//! Invitations with their mails: made, sent again and read.

use api::event::Reason;
use api::{Error, Id};
use auth::Writer;
use auth::invitation::Invitation;
use auth::proof::Posted;
use aws_sdk_dynamodb::types::{
    Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use super::closing::refusal;
use super::item::{expires_at, invitation_item, invitation_key, read_invitation};
use crate::accounts::stamp::{self, CHANGE};
use crate::fault;
use crate::fault::built;
use crate::item::{text, time};
use crate::send::Unsent;
use crate::tables::Store;

impl Store {
    /// Keeps a new invitation and its mail. 4 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn invite(
        &self,
        invitation: &Invitation,
        posted: &Posted,
        writer: &Writer,
    ) -> Result<(), Error> {
        let mut item = invitation_item(invitation);
        let change = stamp::change(writer, Reason::Invitation, None);
        item.insert(CHANGE.to_owned(), change);
        let put = Put::builder()
            .table_name(self.invitations())
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#id)")
            .expression_attribute_names("#id", "id");
        let put = put.build().map_err(built)?;
        let put = TransactWriteItem::builder().put(put).build();
        self.send_invitation(put, posted, writer).await
    }

    /// Sends an invitation again that is pending: its newest mail is this one. 4 WRU.
    ///
    /// # Errors
    /// `invitations/closed` naming how it was closed meanwhile; `invitations/not-found`; `common/unavailable`,
    /// `common/internal`.
    pub async fn invite_again(
        &self,
        invitation: &Invitation,
        posted: &Posted,
        writer: &Writer,
    ) -> Result<(), Error> {
        let change = stamp::change(writer, Reason::Invitation, None);
        let update = Update::builder()
            .table_name(self.invitations())
            .set_key(Some(invitation_key(invitation.id)))
            .update_expression(
                "SET #nonce = :nonce, #until = :until, #expires = :expires, #change = :change",
            )
            .condition_expression("#status = :pending")
            .expression_attribute_names("#nonce", "nonce")
            .expression_attribute_names("#until", "valid_until")
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#change", CHANGE)
            .expression_attribute_values(":nonce", text(&posted.ticket.nonce))
            .expression_attribute_values(":until", time(posted.ends.link))
            .expression_attribute_values(":expires", expires_at(posted.ends.link))
            .expression_attribute_values(":pending", text(invitation.status.as_str()))
            .expression_attribute_values(":change", change)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let update = update.build().map_err(built)?;
        let update = TransactWriteItem::builder().update(update).build();
        self.send_invitation(update, posted, writer).await
    }

    async fn send_invitation(
        &self,
        invitation: TransactWriteItem,
        posted: &Posted,
        writer: &Writer,
    ) -> Result<(), Error> {
        let items = [invitation, self.posting(posted)?];
        let token = writer.rev.replace('-', "");
        match self.send_items(&items, &token, writer).await {
            Ok(failed) => match failed.into_iter().next() {
                None => Ok(()),
                Some((_, found)) => Err(refusal(found)),
            },
            Err(Unsent::TooLarge(_)) => Err(Error::internal("an invitation that is too large")),
            Err(Unsent::Fault(error)) => Err(error),
        }
    }

    /// Reads an invitation. Strongly consistent: 1 RRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn invitation(&self, invitation: Id) -> Result<Option<Invitation>, Error> {
        let get = self
            .client
            .get_item()
            .table_name(self.invitations())
            .set_key(Some(invitation_key(invitation)))
            .consistent_read(true);
        let found = get.send().await.map_err(|error| fault::of(&error))?.item;
        found.map(read_invitation).transpose()
    }
}
