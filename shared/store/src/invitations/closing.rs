//! The ends of invitations: one wins, whatever is asked at once.

use api::event::Reason;
use api::tables::INVITATIONS;
use api::wire::InvitationStatus;
use api::{Code, Error};
use auth::Writer;
use auth::invitation::Invitation;
use auth::proof::{Place, Purpose, Subject};
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{
    Delete, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use super::item::{invitation_key, read_invitation};
use crate::accounts::stamp::{self, CHANGE};
use crate::fault::built;
use crate::item::{Item, text};
use crate::send::Unsent;
use crate::tables::Store;

impl Store {
    pub(super) fn invitations(&self) -> String {
        self.table(INVITATIONS.name)
    }

    /// Closes an invitation that is pending, and takes back its mail where that has not left. 4 WRU.
    ///
    /// # Errors
    /// `invitations/closed` naming how it was closed meanwhile; `invitations/not-found`; `common/unavailable`,
    /// `common/internal`.
    pub async fn revoke_invitation(
        &self,
        invitation: &Invitation,
        writer: &Writer,
    ) -> Result<(), Error> {
        let update = pending(self.closing(invitation, InvitationStatus::Revoked, writer));
        self.close(invitation, update, writer).await
    }

    /// The same by the token of its newest mail.
    ///
    /// # Errors
    /// `auth/invalid-code` where it was sent again meanwhile, and those of [`Store::revoke_invitation`].
    pub async fn reject_invitation(
        &self,
        invitation: &Invitation,
        writer: &Writer,
    ) -> Result<(), Error> {
        let update = by_token(
            self.closing(invitation, InvitationStatus::Rejected, writer),
            invitation,
        );
        self.close(invitation, update, writer).await
    }

    async fn close(
        &self,
        invitation: &Invitation,
        update: UpdateBuilder,
        writer: &Writer,
    ) -> Result<(), Error> {
        let update = update.build().map_err(built)?;
        let place = Place {
            purpose: Purpose::Invitation,
            subject: Subject::Invitation(invitation.id),
        };
        let delete = Delete::builder()
            .table_name(self.mail())
            .key("id", text(place.to_string()))
            .build()
            .map_err(built)?;
        let items = [
            TransactWriteItem::builder().update(update).build(),
            TransactWriteItem::builder().delete(delete).build(),
        ];
        self.send_with_mail(items, writer).await
    }

    /// Writes an invitation together with its mail.
    pub(super) async fn send_with_mail(
        &self,
        items: [TransactWriteItem; 2],
        writer: &Writer,
    ) -> Result<(), Error> {
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

    /// Accepts an invitation as a part of the transaction of its effect, by the token of its newest mail.
    pub(crate) fn accepting(
        &self,
        invitation: &Invitation,
        writer: &Writer,
    ) -> Result<TransactWriteItem, Error> {
        let update = by_token(
            self.closing(invitation, InvitationStatus::Accepted, writer),
            invitation,
        );
        let update = update.build().map_err(built)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// An update that closes an invitation, without its condition.
    fn closing(
        &self,
        invitation: &Invitation,
        status: InvitationStatus,
        writer: &Writer,
    ) -> UpdateBuilder {
        Update::builder()
            .table_name(self.invitations())
            .set_key(Some(invitation_key(invitation.id)))
            .update_expression("SET #status = :status, #change = :change")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#change", CHANGE)
            .expression_attribute_values(":status", text(status.as_str()))
            .expression_attribute_values(":pending", text(InvitationStatus::Pending.as_str()))
            .expression_attribute_values(":change", stamp::change(writer, Reason::Invitation, None))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

fn pending(update: UpdateBuilder) -> UpdateBuilder {
    update.condition_expression("#status = :pending")
}

fn by_token(update: UpdateBuilder, invitation: &Invitation) -> UpdateBuilder {
    update
        .condition_expression("#status = :pending AND #nonce = :nonce")
        .expression_attribute_names("#nonce", "nonce")
        .expression_attribute_values(":nonce", text(&invitation.nonce))
}

/// The refusal of a write that found this item.
pub(crate) fn refusal(found: Option<Item>) -> Error {
    let Some(found) = found else {
        return Code::InvitationNotFound.into();
    };
    match read_invitation(found).and_then(|invitation| invitation.need_open()) {
        Ok(()) => Code::InvalidCode.into(),
        Err(refusal) => refusal,
    }
}
