//! Invitations with their mails: made, sent again and read.

use api::event::Reason;
use api::{Code, Error, Id};
use auth::invitation::Invitation;
use auth::proof::{Link, Posted, Purpose, Shown};
use auth::{Caller, Writer};
use aws_sdk_dynamodb::types::{
    Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use super::item::{expires_at, invitation_item, invitation_key, read_invitation};
use crate::accounts::stamp::{self, CHANGE};
use crate::fault;
use crate::fault::built;
use crate::item::{text, time};
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
        self.send_with_mail([put, self.posting(posted)?], writer)
            .await
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
        self.send_with_mail([update, self.posting(posted)?], writer)
            .await
    }

    /// The link of a token, even one that has ended: its invitation tells how. Garbage makes no request.
    ///
    /// # Errors
    /// `common/validation-failed` naming `token`; `auth/invalid-code`; `common/unavailable`, `common/internal`.
    pub async fn invitation_link(&self, token: &str) -> Result<Link, Error> {
        let shown = Shown {
            token: Some(token),
            ..Shown::default()
        };
        shown.check(false)?;
        let keys = self.sealing_keys(shown.sealed()).await?;
        let link = Link::parse(&keys, token);
        let link = link.filter(|link| link.ticket.place.purpose == Purpose::Invitation);
        Ok(link.ok_or(Code::InvalidCode)?)
    }

    /// The invitation with this id, for its inviter and for admins. For others there is none. 1 RRU.
    ///
    /// # Errors
    /// `invitations/not-found`; `common/unavailable`, `common/internal`.
    pub async fn invitation_for(&self, caller: &Caller, id: &str) -> Result<Invitation, Error> {
        let id: Id = id.parse().map_err(|_| Code::InvitationNotFound)?;
        let found = self.invitation(id).await?;
        let own = found.filter(|invitation| invitation.is_for(caller));
        Ok(own.ok_or(Code::InvitationNotFound)?)
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
