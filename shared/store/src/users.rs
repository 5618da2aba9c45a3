//! `_users`: users, what they sign in with, and the number of admins.

use api::{Error, Id};
use auth::{Identity, Session, User};
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use std::time::Duration;

use crate::fault::Cancelled;
use crate::item::{Item, Reader, id, number, text, time};
use crate::sessions::session_item;
use crate::{Store, built, fault};

/// What every user is in the index `by_kind`, which lists them.
pub(crate) const KIND: &str = "user";

/// How often a transaction is tried that others get in the way of.
const CONFLICT_TRIES: u32 = 5;

/// What came of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// The account is there, and its session.
    Done,
    /// The address belongs to somebody.
    EmailTaken,
}

impl Store {
    /// Makes a user, the identity to sign in with and the first session, all or nothing. 7 WRU in one request, one of
    /// them for the index; 9 for an admin, who is counted.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn register(
        &self,
        user: &User,
        password_hash: &str,
        session: &Session,
        client: &auth::session::Client,
    ) -> Result<Registration, Error> {
        let identity = Item::from([
            ("id".to_owned(), text(identity_key(&user.email))),
            ("user_id".to_owned(), id(user.id)),
            ("password_hash".to_owned(), text(password_hash)),
            ("auth_version".to_owned(), number(user.auth_version)),
        ]);
        let mut writes = vec![
            put_new(self.users(), identity)?,
            put_new(self.users(), user_item(user))?,
            put_new(self.sessions(), session_item(session, client))?,
        ];
        if user.role == auth::user::ADMIN {
            writes.push(self.count_admin()?);
        }
        for tries in 1.. {
            let transaction = self
                .client
                .transact_write_items()
                .set_transact_items(Some(writes.clone()))
                .client_request_token(user.id.to_string());
            match transaction.send().await.map_err(fault::of_transaction) {
                Ok(_) => return Ok(Registration::Done),
                // A retry of the SDK after a lost reply finds what the first attempt wrote.
                Err(Cancelled::Conditions(failed)) => {
                    let own = |item: &Item| item.get("user_id") == Some(&id(user.id));
                    let own = failed.iter().any(|(_, found)| found.as_ref().is_some_and(own));
                    return Ok(if own { Registration::Done } else { Registration::EmailTaken });
                }
                Err(Cancelled::Conflict) if tries < CONFLICT_TRIES => {
                    tokio::time::sleep(Duration::from_millis(40 * u64::from(tries))).await;
                }
                Err(Cancelled::Conflict) => break,
                Err(Cancelled::TooLarge(_)) => return Err(Error::internal("an account is too large")),
                Err(Cancelled::Fault(fault)) => return Err(fault),
            }
        }
        Err(Error::unavailable("transaction conflict"))
    }

    /// What an address signs in with. Strongly consistent: 1 RRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn identity(&self, email: &str) -> Result<Option<Identity>, Error> {
        let Some(mut item) = self.users_item(identity_key(email)).await? else { return Ok(None) };
        let mut reader = Reader::new("_users", &mut item);
        Ok(Some(Identity {
            user: reader.id("user_id")?,
            password_hash: reader.optional_text("password_hash"),
            auth_version: reader.number("auth_version")?,
        }))
    }

    /// A user. Strongly consistent: 1 RRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn user(&self, user: Id) -> Result<Option<User>, Error> {
        self.users_item(user.to_string()).await?.map(read_user).transpose()
    }

    /// Replaces a stored password hash, unless somebody has changed it since.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn replace_hash(&self, email: &str, old: &str, new: &str) -> Result<(), Error> {
        let update = self
            .client
            .update_item()
            .table_name(self.users())
            .key("id", text(identity_key(email)))
            .update_expression("SET #hash = :new")
            .condition_expression("#hash = :old")
            .expression_attribute_names("#hash", "password_hash")
            .expression_attribute_values(":new", text(new))
            .expression_attribute_values(":old", text(old));
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(service) if service.is_conditional_check_failed_exception() => Ok(()),
                _ => Err(fault::of(&error)),
            },
        }
    }

    /// Makes the user of an address an admin. `None` when there is no such user, `false` when it was one already.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn promote(&self, email: &str) -> Result<Option<bool>, Error> {
        let Some(identity) = self.identity(email).await? else { return Ok(None) };
        let promote = Update::builder()
            .table_name(self.users())
            .key("id", id(identity.user))
            .update_expression("SET #role = :admin")
            .condition_expression("attribute_exists(#id) AND #role <> :admin")
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#role", "role")
            .expression_attribute_values(":admin", text(auth::user::ADMIN))
            .build()
            .map_err(built)?;
        let writes = vec![TransactWriteItem::builder().update(promote).build(), self.count_admin()?];
        let transaction = self.client.transact_write_items().set_transact_items(Some(writes));
        match transaction.send().await.map_err(fault::of_transaction) {
            Ok(_) => Ok(Some(true)),
            Err(Cancelled::Conditions(_)) => Ok(Some(false)),
            Err(Cancelled::TooLarge(_)) => Err(Error::internal("an account is too large")),
            Err(Cancelled::Conflict) => Err(Error::unavailable("transaction conflict")),
            Err(Cancelled::Fault(fault)) => Err(fault),
        }
    }

    async fn users_item(&self, key: String) -> Result<Option<Item>, Error> {
        let get = self.client.get_item().table_name(self.users()).key("id", text(key)).consistent_read(true);
        Ok(get.send().await.map_err(|error| fault::of(&error))?.item)
    }

    /// One admin more, in the transaction that makes one.
    fn count_admin(&self) -> Result<TransactWriteItem, Error> {
        let update = Update::builder()
            .table_name(self.users())
            .key("id", text("#admins"))
            .update_expression("ADD #count :one")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":one", number(1))
            .build()
            .map_err(built)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// The key of an address's identity item. No id begins so.
fn identity_key(email: &str) -> String {
    format!("email#{email}")
}

fn user_item(user: &User) -> Item {
    Item::from([
        ("id".to_owned(), id(user.id)),
        ("kind".to_owned(), text(KIND)),
        ("email".to_owned(), text(&user.email)),
        ("role".to_owned(), text(&user.role)),
        ("disabled".to_owned(), AttributeValue::Bool(user.disabled)),
        ("auth_version".to_owned(), number(user.auth_version)),
        ("created_at".to_owned(), time(user.created_at)),
    ])
}

/// A user out of its item.
pub(crate) fn read_user(mut item: Item) -> Result<User, Error> {
    let mut reader = Reader::new("_users", &mut item);
    Ok(User {
        id: reader.id("id")?,
        email: reader.text("email")?,
        role: reader.text("role")?,
        disabled: reader.flag("disabled"),
        auth_version: reader.number("auth_version")?,
        created_at: reader.time("created_at")?,
    })
}

/// A write that must not find an item there, and shows it if it does.
fn put_new(table: String, item: Item) -> Result<TransactWriteItem, Error> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(#id)")
        .expression_attribute_names("#id", "id")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .map_err(built)?;
    Ok(TransactWriteItem::builder().put(put).build())
}
