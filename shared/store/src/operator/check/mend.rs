//! Repairs, each as one write on condition that nothing has changed since it was judged. A running stack is not harmed.

use api::event::Reason;
use api::{Error, Id};
use auth::Writer;
use auth::user::ADMIN;
use aws_sdk_dynamodb::types::builders::ConditionCheckBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update,
};

use super::{Finding, Mended, Repair};
use crate::accounts::admins::ADMINS;
use crate::accounts::users::VERSION;
use crate::fault::built;
use crate::item::{Item, id, number, text};
use crate::send::Unsent;
use crate::tables::Store;

impl Store {
    /// Repairs a finding that needs no choice, other than by a fill.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn mend(&self, finding: &Finding, writer: &Writer) -> Result<Mended, Error> {
        let items = match &finding.repair {
            None => return Ok(Mended::Left),
            Some(Repair::End(user, session)) => {
                let reason = Reason::Admin;
                self.end_session(*user, *session, reason, writer).await?;
                return Ok(Mended::Done);
            }
            Some(Repair::Put(item, user)) => {
                vec![self.put_where_none(item.clone())?, self.as_it_was(user)?]
            }
            Some(Repair::Delete(key, owner, user)) => {
                let owner_check = match user {
                    Some(user) => self.as_it_was(user)?,
                    None => self.is_gone(*owner)?,
                };
                vec![self.delete_of(key, *owner)?, owner_check]
            }
            Some(Repair::Count(before, admins)) => self.recount_admins(*before, admins)?,
            Some(Repair::Free(table, key, record, rev)) => {
                let table = self.table(table);
                vec![
                    free(table.clone(), key.clone(), *record)?,
                    is_still(table, *record, rev.as_deref())?,
                ]
            }
        };
        let token = format!("{}r", writer.rev.replace('-', ""));
        match self.send_once(&items, &token, writer).await {
            Ok(failed) if failed.is_empty() => Ok(Mended::Done),
            Ok(_) => Ok(Mended::Changed),
            Err(Unsent::TooLarge(_)) => Err(Error::internal("an item is too large")),
            Err(Unsent::Fault(fault)) => Err(fault),
        }
    }

    fn put_where_none(&self, item: Item) -> Result<TransactWriteItem, Error> {
        let put = Put::builder()
            .table_name(self.users())
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#id)")
            .expression_attribute_names("#id", "id");
        let put = put.build().map_err(built)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn delete_of(&self, key: &str, owner: Id) -> Result<TransactWriteItem, Error> {
        let delete = Delete::builder()
            .table_name(self.users())
            .key("id", text(key))
            .condition_expression("#user = :user")
            .expression_attribute_names("#user", "user_id")
            .expression_attribute_values(":user", id(owner));
        let delete = delete.build().map_err(built)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// The condition that a user is gone: there is nothing, or a tombstone.
    fn is_gone(&self, user: Id) -> Result<TransactWriteItem, Error> {
        let check = ConditionCheck::builder()
            .table_name(self.users())
            .key("id", id(user))
            .condition_expression("attribute_not_exists(#version)")
            .expression_attribute_names("#version", VERSION);
        checked(check)
    }

    /// Sets the number of admins, which was this before, on condition that these are the admins.
    fn recount_admins(
        &self,
        before: Option<u64>,
        admins: &[Id],
    ) -> Result<Vec<TransactWriteItem>, Error> {
        let update = Update::builder()
            .table_name(self.users())
            .key("id", text(ADMINS))
            .update_expression("SET #count = :count")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":count", number(admins.len()));
        let update = match before {
            None => update.condition_expression("attribute_not_exists(#count)"),
            Some(before) => update
                .condition_expression("#count = :before")
                .expression_attribute_values(":before", number(before)),
        };
        let update = update.build().map_err(built)?;
        let mut items = vec![TransactWriteItem::builder().update(update).build()];
        // A new admin would have changed the number, unless one of these went.
        for admin in admins {
            let check = ConditionCheck::builder()
                .table_name(self.users())
                .key("id", id(*admin))
                .condition_expression(
                    "#role = :admin AND attribute_not_exists(#deleted) AND (attribute_not_exists(#disabled) OR #disabled = :no)",
                )
                .expression_attribute_names("#role", "role")
                .expression_attribute_names("#deleted", "deleted_at")
                .expression_attribute_names("#disabled", "disabled")
                .expression_attribute_values(":admin", text(ADMIN))
                .expression_attribute_values(":no", AttributeValue::Bool(false));
            items.push(checked(check)?);
        }
        Ok(items)
    }
}

/// Frees a value of a collection, on condition that it is still reserved for this record.
fn free(table: String, key: Item, record: Id) -> Result<TransactWriteItem, Error> {
    let delete = Delete::builder()
        .table_name(table)
        .set_key(Some(key))
        .condition_expression("#record = :record")
        .expression_attribute_names("#record", "record")
        .expression_attribute_values(":record", id(record));
    let delete = delete.build().map_err(built)?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}

/// The condition that a record is gone, or still has this revision.
fn is_still(table: String, record: Id, rev: Option<&str>) -> Result<TransactWriteItem, Error> {
    let check = ConditionCheck::builder()
        .table_name(table)
        .key("shard", number(record.shard()))
        .key("id", id(record));
    let check = match rev {
        None => check
            .condition_expression("attribute_not_exists(#id) OR attribute_exists(#deleted)")
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#deleted", "deleted_at"),
        Some(rev) => check
            .condition_expression("#rev = :rev")
            .expression_attribute_names("#rev", "rev")
            .expression_attribute_values(":rev", text(rev)),
    };
    checked(check)
}

fn checked(check: ConditionCheckBuilder) -> Result<TransactWriteItem, Error> {
    let check = check.build().map_err(built)?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}
