//! The items of second factors, and their writes, each with its condition.

use std::collections::HashMap;

use api::tables::USERS;
use api::{Error, Id, Timestamp};
use auth::factor::{Factor, Numbers, Recovery, Used};
use auth::user::Deletion;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};

use crate::fault::built;
use crate::item::{Item, Reader, id, number, text, time};
use crate::tables::Store;

/// The change of a factor that goes with a change of its user.
#[derive(Clone, Copy, Debug)]
pub enum FactorChange<'a> {
    /// One that was pending is confirmed.
    Confirms(&'a Factor),
    /// It has other recovery codes, after this code was used.
    Renews(&'a Factor, Used),
    /// It is removed, after this code was used.
    Removes(Used),
    /// A code is used, and what waited for it is done: a deleted account is back, or a provider is linked.
    Restores(Used),
    /// A new user comes with it.
    Brings(&'a Factor),
}

impl Store {
    /// The write of a factor that changes with its user, whose condition says that no other request has used the code.
    pub(super) fn changing_factor(
        &self,
        user: Id,
        change: FactorChange<'_>,
    ) -> Result<TransactWriteItem, Error> {
        match change {
            FactorChange::Restores(used) => self.using_code(user, used, " REMOVE #expires"),
            FactorChange::Confirms(confirmed) => {
                let put = Put::builder()
                    .table_name(self.users())
                    .set_item(Some(factor_item(confirmed)))
                    .condition_expression("attribute_exists(#pending)")
                    .expression_attribute_names("#pending", PENDING);
                let put = put.build().map_err(built)?;
                Ok(TransactWriteItem::builder().put(put).build())
            }
            // The condition on the user says that nobody has the id.
            FactorChange::Brings(factor) => {
                let put = Put::builder()
                    .table_name(self.users())
                    .set_item(Some(factor_item(factor)));
                let put = put.build().map_err(built)?;
                Ok(TransactWriteItem::builder().put(put).build())
            }
            FactorChange::Renews(renewed, used) => {
                let unused = Unused::of(used);
                let put = Put::builder()
                    .table_name(self.users())
                    .set_item(Some(factor_item(renewed)))
                    .condition_expression(unused.condition)
                    .set_expression_attribute_names(Some(unused.names))
                    .set_expression_attribute_values(Some(unused.values));
                let put = put.build().map_err(built)?;
                Ok(TransactWriteItem::builder().put(put).build())
            }
            FactorChange::Removes(used) => {
                let unused = Unused::of(used);
                let delete = Delete::builder()
                    .table_name(self.users())
                    .key("id", text(Factor::key(user)))
                    .condition_expression(unused.condition)
                    .set_expression_attribute_names(Some(unused.names))
                    .set_expression_attribute_values(Some(unused.values));
                let delete = delete.build().map_err(built)?;
                Ok(TransactWriteItem::builder().delete(delete).build())
            }
        }
    }

    /// Uses a code up, on condition that nobody has; `besides` is the end of its expression.
    pub(super) fn using_code(
        &self,
        user: Id,
        used: Used,
        besides: &str,
    ) -> Result<TransactWriteItem, Error> {
        let Unused {
            condition,
            names,
            values,
        } = Unused::of(used);
        let change = match used {
            Used::Step(_) => "SET #last = :step",
            Used::Recovery { .. } => "ADD #used :number",
        };
        let mut update = Update::builder()
            .table_name(self.users())
            .key("id", text(Factor::key(user)))
            .update_expression(format!("{change}{besides}"))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values));
        if let Used::Recovery { number, .. } = used {
            let numbers = AttributeValue::Ns(vec![number.to_string()]);
            update = update.expression_attribute_values(":number", numbers);
        }
        if !besides.is_empty() {
            update = update.expression_attribute_names("#expires", "expires_at");
        }
        let update = update.build().map_err(built)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Removes the factor of a user, if there is one.
    pub(super) fn deleting_factor(&self, user: Id) -> Result<TransactWriteItem, Error> {
        let delete = Delete::builder()
            .table_name(self.users())
            .key("id", text(Factor::key(user)));
        let delete = delete.build().map_err(built)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// The factor of an account that is deleted expires with it; one of an account that is back does not.
    pub(super) fn expiring_factor(
        &self,
        user: Id,
        deletion: Option<Deletion>,
    ) -> Result<TransactWriteItem, Error> {
        let update = Update::builder()
            .table_name(self.users())
            .key("id", text(Factor::key(user)))
            .expression_attribute_names("#expires", "expires_at");
        let update = match deletion {
            None => update.update_expression("REMOVE #expires"),
            Some(deletion) => update
                .update_expression("SET #expires = :expires")
                .expression_attribute_values(":expires", number(deletion.until)),
        };
        let update = update
            .condition_expression("attribute_exists(#id)")
            .expression_attribute_names("#id", "id");
        let update = update.build().map_err(built)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// The attribute with the time until which a factor can be confirmed.
pub(super) const PENDING: &str = "pending_until";

/// The condition that a code was not used.
struct Unused {
    condition: &'static str,
    names: HashMap<String, String>,
    values: Item,
}

impl Unused {
    fn of(used: Used) -> Self {
        let names = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter();
            pairs
                .map(|(placeholder, name)| ((*placeholder).to_owned(), (*name).to_owned()))
                .collect()
        };
        match used {
            Used::Step(step) => Self {
                condition: "#last < :step AND attribute_exists(#generation)",
                names: names(&[("#last", "last_step"), ("#generation", "generation")]),
                values: Item::from([(":step".to_owned(), number(step))]),
            },
            Used::Recovery {
                generation,
                number: code,
                ..
            } => Self {
                condition: "#generation = :generation AND NOT contains(#used, :one)",
                names: names(&[("#generation", "generation"), ("#used", "used")]),
                values: Item::from([
                    (":generation".to_owned(), number(generation)),
                    (":one".to_owned(), number(code)),
                ]),
            },
        }
    }
}

pub(crate) fn factor_item(factor: &Factor) -> Item {
    let mut item = Item::from([
        ("id".to_owned(), text(Factor::key(factor.user))),
        ("user_id".to_owned(), id(factor.user)),
        ("secret".to_owned(), text(&factor.secret)),
        ("last_step".to_owned(), number(factor.last_step)),
    ]);
    if let Some(until) = factor.pending_until {
        item.insert(PENDING.to_owned(), time(until));
        item.insert("expires_at".to_owned(), number(until.seconds() + 1));
    }
    if let Some(recovery) = &factor.recovery {
        item.insert("generation".to_owned(), number(recovery.generation));
        item.insert("recovery_key".to_owned(), number(recovery.key));
        if !recovery.used.is_empty() {
            let used = recovery.used.iter().map(ToString::to_string).collect();
            item.insert("used".to_owned(), AttributeValue::Ns(used));
        }
    }
    item
}

pub(crate) fn read_factor(user: Id, mut item: Item) -> Result<Factor, Error> {
    let used = match item.remove("used") {
        Some(AttributeValue::Ns(numbers)) => {
            let numbers = numbers.iter().map(|number| number.parse().ok());
            let numbers: Option<_> = numbers.collect();
            numbers.ok_or_else(|| Error::internal("a second factor without proper `used`"))?
        }
        _ => Numbers::new(),
    };
    let mut reader = Reader::new(USERS.name, &mut item);
    let recovery = match reader.optional_number("generation") {
        None => None,
        Some(generation) => Some(Recovery {
            generation,
            key: u32::try_from(reader.number("recovery_key")?)
                .map_err(|_| Error::internal("recovery_key out of range"))?,
            used,
        }),
    };
    Ok(Factor {
        user,
        secret: reader.text("secret")?,
        pending_until: reader.optional_number(PENDING).map(Timestamp::from_millis),
        last_step: reader.number("last_step")?,
        recovery,
    })
}
