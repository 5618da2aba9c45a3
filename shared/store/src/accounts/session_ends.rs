//! The early ends of sessions, one by one. A raised version of the user ends many at once.

use api::event::Reason;
use api::{Error, Id};
use auth::{User, Writer};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;

use super::stamp::{self, ENDED};
use crate::fault;
use crate::item::{id, number, text, time};
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
