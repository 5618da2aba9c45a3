//! Import of users from another system, and export.

use std::collections::HashMap;

use api::definition::ProfileField;
use api::event::Reason;
use api::{Error, Timestamp};
use auth::{User, Writer};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::accounts::parts::{Along, Part};
use crate::accounts::users::{MARK, identity_key, read_user, reserved};
use crate::batch::strong;
use crate::fault;
use crate::item::{Item, text};
use crate::tables::Store;

/// The most identities that one request reads.
const BATCH: usize = 100;

/// The outcome for a user of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// The user was made, or could be.
    Made,
    /// The same import made the user before.
    There,
    /// Another user has the address.
    EmailTaken,
    /// Another user has the id.
    IdTaken,
    /// Another user has the value of this profile field.
    ValueTaken(String),
}

/// A part of all users, in no order.
#[derive(Debug)]
pub struct Exported {
    /// The users, each with its stored hash where that was asked for and there is one.
    pub users: Vec<(User, Option<String>)>,
    /// The position to go on from; `None` at the end.
    pub next: Option<Position>,
}

/// The position of an export.
#[derive(Clone, Debug)]
pub struct Position(Item);

/// The keys of a user that no other can have, each with a name: of the address, the id and the unique profile values.
#[must_use]
pub fn claims(declared: &[ProfileField], user: &User) -> Vec<(String, String)> {
    let address = user.email.as_deref();
    let address = address.map(|email| (identity_key(email), "address".to_owned()));
    let id = (user.id.to_string(), "id".to_owned());
    let unique = reserved(declared, Some(user)).into_iter();
    let unique = unique.map(|(key, field)| (key, format!("`{field}`")));
    address.into_iter().chain([id]).chain(unique).collect()
}

impl Store {
    /// Makes a user of an import, all or nothing, unless the line with this `mark` made the user before.
    ///
    /// # Errors
    /// `data/record-too-large`, `common/unavailable`, `common/internal`.
    pub async fn import_user(
        &self,
        declared: &[ProfileField],
        user: &User,
        password_hash: Option<&str>,
        mark: &str,
        writer: &Writer,
    ) -> Result<Imported, Error> {
        let along = Along {
            password_hash,
            mark: Some(mark),
            ..Along::of(Reason::Import)
        };
        let failed = self
            .try_to_create(declared, user, &along, writer, 1)
            .await?;
        let has = |part: &Part| failed.iter().any(|(failed, _)| failed == part);
        if failed.is_empty() {
            Ok(Imported::Made)
        } else if has(&Part::Identity) {
            let email = user.email.as_deref().unwrap_or_default();
            self.who_has_the_address(email, mark, writer.now).await
        } else if has(&Part::User) {
            Ok(Imported::IdTaken)
        } else {
            let taken = failed.into_iter().find_map(|(part, _)| match part {
                Part::Claim(field) => Some(field),
                _ => None,
            });
            taken
                .map(Imported::ValueTaken)
                .ok_or_else(|| Error::internal("a condition failed that nothing explains"))
        }
    }

    /// The result that [`Store::import_user`] would have.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn could_import(
        &self,
        declared: &[ProfileField],
        user: &User,
        mark: &str,
        now: Timestamp,
    ) -> Result<Imported, Error> {
        let email = user.email.as_deref().unwrap_or_default();
        match self.who_has_the_address(email, mark, now).await? {
            Imported::Made => {}
            there => return Ok(there),
        }
        let holder = self.user(user.id).await?;
        if holder.is_some_and(|holder| holder.deleted.is_none_or(|it| !it.is_final(now))) {
            return Ok(Imported::IdTaken);
        }
        for (key, field) in reserved(declared, Some(user)) {
            if self.is_taken(key, now).await? {
                return Ok(Imported::ValueTaken(field));
            }
        }
        Ok(Imported::Made)
    }

    /// Whether an address is free, belongs to a user of this import line, or belongs to another user.
    async fn who_has_the_address(
        &self,
        email: &str,
        mark: &str,
        now: Timestamp,
    ) -> Result<Imported, Error> {
        let identity = self.identity(email).await?;
        let Some(identity) =
            identity.filter(|it| it.deleted.is_none_or(|deletion| !deletion.is_final(now)))
        else {
            return Ok(Imported::Made);
        };
        let user = self.users_item(identity.user.to_string()).await?;
        let own = user.is_some_and(|item| item.get(MARK) == Some(&text(mark)));
        Ok(if own {
            Imported::There
        } else {
            Imported::EmailTaken
        })
    }

    async fn is_taken(&self, key: String, now: Timestamp) -> Result<bool, Error> {
        let Some(item) = self.users_item(key).await? else {
            return Ok(false);
        };
        let until = match item.get("expires_at") {
            Some(AttributeValue::N(until)) => until.parse().ok(),
            _ => None,
        };
        Ok(until.is_none_or(|until: u64| until > now.seconds()))
    }

    /// Reads some of all users who have an address and are not deleted, with their stored hashes if asked. Reads the whole table, 1 MB at a
    /// time, strongly consistent.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn export_users(
        &self,
        from: Option<Position>,
        with_hashes: bool,
    ) -> Result<Exported, Error> {
        let scan = self
            .client
            .scan()
            .table_name(self.users())
            .consistent_read(true)
            // Only users have an address, and none who comes and goes without one is taken along; identities and reservations name their user.
            .filter_expression("attribute_exists(#email) AND attribute_not_exists(#deleted)")
            .expression_attribute_names("#email", "email")
            .expression_attribute_names("#deleted", "deleted_at")
            .set_exclusive_start_key(from.map(|position| position.0));
        let output = scan.send().await.map_err(|error| fault::of(&error))?;
        let users = output
            .items
            .unwrap_or_default()
            .into_iter()
            .filter_map(|item| read_user(item).transpose())
            .collect::<Result<Vec<_>, _>>()?;
        let next = output.last_evaluated_key.map(Position);
        if !with_hashes {
            return Ok(Exported {
                users: users.into_iter().map(|user| (user, None)).collect(),
                next,
            });
        }
        let mut hashes = HashMap::new();
        for some in users.chunks(BATCH) {
            let addresses = some.iter().filter_map(|user| user.email.as_deref());
            let keys = addresses.map(|it| Item::from([("id".to_owned(), text(identity_key(it)))]));
            let wanted = HashMap::from([(self.users(), strong(keys.collect())?)]);
            for mut item in self.batch(wanted).await?.into_values().flatten() {
                if let (Some(AttributeValue::S(user)), Some(AttributeValue::S(hash))) =
                    (item.remove("user_id"), item.remove("password_hash"))
                {
                    hashes.insert(user, hash);
                }
            }
        }
        let with_hash = |user: User| {
            let hash = hashes.remove(&user.id.to_string());
            (user, hash)
        };
        Ok(Exported {
            users: users.into_iter().map(with_hash).collect(),
            next,
        })
    }
}
