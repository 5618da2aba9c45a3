//! The early ends of sessions, one by one. A raised version of the user ends many at once.

use api::event::Reason;
use api::{Code, Error, Id};
use auth::{Session, User, Writer};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};

use super::stamp::{self, ENDED};
use crate::fault;
use crate::fault::built;
use crate::item::{id, number, text, time};
use crate::send::Unsent;
use crate::tables::Store;

impl Store {
    /// Ends a session, if it exists and has not ended. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn end_session(
        &self,
        user: Id,
        session: Id,
        reason: Reason,
        writer: &Writer,
    ) -> Result<(), Error> {
        let update = self
            .ending(user, session, reason, writer)
            .condition_expression("attribute_exists(#id) AND attribute_not_exists(#revoked)")
            .expression_attribute_names("#id", "id");
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) => match fault::failed_condition(&error) {
                Some(_) => Ok(()),
                None => Err(fault::of(&error)),
            },
        }
    }

    /// Ends a session of this user that stands; `false` when there is no such session. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn end_own_session(
        &self,
        user: &User,
        session: Id,
        reason: Reason,
        writer: &Writer,
    ) -> Result<bool, Error> {
        let update = self
            .ending(user.id, session, reason, writer)
            .condition_expression(
                "#version = :version AND #expires > :seconds AND attribute_not_exists(#revoked)",
            )
            .expression_attribute_names("#version", "auth_version")
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_values(":version", number(user.auth_version))
            .expression_attribute_values(":seconds", number(writer.now.seconds()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match update.send().await {
            Ok(_) => Ok(true),
            // A retry of the SDK after a lost reply finds the item of the first attempt.
            Err(error) => match fault::failed_condition(&error) {
                Some(found) => Ok(found.is_some_and(|item| {
                    item.get("revoked_at") == Some(&time(writer.now))
                        && item.get(ENDED) == Some(&stamp::ended(writer))
                })),
                None => Err(fault::of(&error)),
            },
        }
    }

    /// Begins a session and ends another of the same user, on condition that this one stands (ASVS 5.0, 7.2.4). 4 WRU.
    ///
    /// # Errors
    /// `auth/session-revoked` when it does not; `common/unavailable`, `common/internal`.
    pub async fn replace_session(
        &self,
        session: &Session,
        old: Id,
        writer: &Writer,
    ) -> Result<(), Error> {
        let begins = self.beginning(session, Reason::Reauthentication, writer)?;
        let items = [begins, self.replaced(session, old, writer)?];
        let token = writer.rev.replace('-', "");
        match self.send_items(&items, &token, writer).await {
            Ok(failed) if failed.is_empty() => Ok(()),
            Ok(_) => Err(Code::SessionRevoked.into()),
            Err(Unsent::TooLarge(_)) => Err(Error::internal("a session is too large")),
            Err(Unsent::Fault(fault)) => Err(fault),
        }
    }

    /// The end of a session that stands and has the version of its successor.
    pub(super) fn replaced(
        &self,
        session: &Session,
        old: Id,
        writer: &Writer,
    ) -> Result<TransactWriteItem, Error> {
        let update = Update::builder()
            .table_name(self.sessions())
            .key("user_id", id(session.user))
            .key("id", id(old))
            .update_expression("SET #revoked = :now, #reason = :reason, #ended = :ended")
            .condition_expression(
                "#version = :version AND #expires > :seconds AND attribute_not_exists(#revoked)",
            )
            .expression_attribute_names("#version", "auth_version")
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_names("#revoked", "revoked_at")
            .expression_attribute_names("#reason", "revoked_reason")
            .expression_attribute_names("#ended", ENDED)
            .expression_attribute_values(":version", number(session.auth_version))
            .expression_attribute_values(":now", time(writer.now))
            .expression_attribute_values(":seconds", number(writer.now.seconds()))
            .expression_attribute_values(":reason", text(Reason::Reauthenticated.as_str()))
            .expression_attribute_values(":ended", stamp::ended(writer));
        let update = update.build().map_err(built)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// The update that ends a session, without its condition.
    fn ending(
        &self,
        user: Id,
        session: Id,
        reason: Reason,
        writer: &Writer,
    ) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(self.sessions())
            .key("user_id", id(user))
            .key("id", id(session))
            .update_expression("SET #revoked = :now, #reason = :reason, #ended = :ended")
            .expression_attribute_names("#revoked", "revoked_at")
            .expression_attribute_names("#reason", "revoked_reason")
            .expression_attribute_names("#ended", ENDED)
            .expression_attribute_values(":now", time(writer.now))
            .expression_attribute_values(":reason", text(reason.as_str()))
            .expression_attribute_values(":ended", stamp::ended(writer))
    }
}
