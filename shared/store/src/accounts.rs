//! Accounts as a whole: a user, what it signs in with, its unique profile values and the number of admins change
//! together, in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use api::definition::{ProfileField, USERNAME};
use api::record::is_username;
use api::{Code, Error, Id, Timestamp};
use auth::session::Client;
use auth::user::Deletion;
use auth::{Session, User};
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::item::{Item, from_object, id, number, text, time};
use crate::records::Writer;
use crate::sessions::session_item;
use crate::transaction::{TRIES, Unsent, pause};
use crate::users::{KIND, identity_item, identity_key, read_user, user_item};
use crate::{Store, built};

/// What else is written with an account.
#[derive(Clone, Copy, Debug, Default)]
pub struct Along<'a> {
    /// The hash of a new password.
    pub password_hash: Option<&'a str>,
    /// The session that outlives a raised `auth_version`: it must stand, and is raised too.
    pub survivor: Option<Id>,
    /// A session that begins.
    pub begins: Option<(&'a Session, &'a Client)>,
    /// What tells the line of an import that a new user is made of.
    pub mark: Option<&'a str>,
}

/// The attribute of a user that tells the line of an import.
pub(crate) const MARK: &str = "import";

/// What an item of the transaction is for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    User,
    Identity,
    /// A value of this field that is taken.
    Claim(String),
    /// A reservation that stays or goes, by its key. Where `unique` was declared after the value was there, it may be
    /// another user's.
    Reservation(String),
    /// The number of admins.
    Admins,
    Survivor,
    Session,
}

type Parts = Vec<(Part, TransactWriteItem)>;

impl Store {
    /// Makes a user, the identity to sign in with and what goes `along`, all or nothing, in one request: 5 WRU, one of
    /// them for the index; 2 more for each of a session, a unique profile value, and an admin, who is counted. What an
    /// account had whose deletion is final is free, also while TTL has not removed it.
    ///
    /// # Errors
    /// `auth/email-already-exists`, `users/unique-violation`, `data/record-too-large`, `common/unavailable`,
    /// `common/internal`.
    pub async fn create_user(
        &self,
        declared: &[ProfileField],
        user: &User,
        along: &Along<'_>,
        writer: &Writer,
    ) -> Result<(), Error> {
        let failed = self.try_to_create(declared, user, along, writer).await?;
        // A retry of the SDK after a lost reply finds what the first attempt wrote.
        let own = |item: &Item| item.get("user_id") == Some(&id(user.id));
        if failed.is_empty()
            || failed
                .iter()
                .any(|(_, found)| found.as_ref().is_some_and(own))
        {
            return Ok(());
        }
        Err(refusal(&failed))
    }

    /// The conditions that keep a user from being made; none when it is.
    pub(crate) async fn try_to_create(
        &self,
        declared: &[ProfileField],
        user: &User,
        along: &Along<'_>,
        writer: &Writer,
    ) -> Result<Vec<(Part, Option<Item>)>, Error> {
        let parts = self.parts_of(
            (None, Some(user)),
            declared,
            along,
            &BTreeSet::new(),
            writer.now,
        )?;
        self.send_account(parts, writer, 1).await
    }

    /// Changes a user into what `decide` makes of it; `None` removes the account at once. One transaction on condition
    /// that the user is still as it was: when it is not, `decide` is asked again with what it is by then. A raised
    /// `auth_version` ends every session but the surviving one. The user as it is now.
    ///
    /// # Errors
    /// Those of `decide`; `users/not-found` when the user is gone, `users/last-admin`, `users/unique-violation`,
    /// `auth/session-revoked` when the surviving session does not stand, `data/record-too-large`,
    /// `common/unavailable`, `common/internal`.
    pub async fn change_user(
        &self,
        declared: &[ProfileField],
        mut user: User,
        along: &Along<'_>,
        writer: &Writer,
        decide: impl Fn(&User) -> Result<Option<User>, Error>,
    ) -> Result<Option<User>, Error> {
        let alone =
            along.password_hash.is_none() && along.survivor.is_none() && along.begins.is_none();
        let mut without = BTreeSet::new();
        for tries in 1..=TRIES {
            let after = decide(&user)?;
            if alone && after.as_ref() == Some(&user) {
                return Ok(after);
            }
            let parts = self.parts_of(
                (Some(&user), after.as_ref()),
                declared,
                along,
                &without,
                writer.now,
            )?;
            let failed = self.send_account(parts, writer, tries).await?;
            if failed.is_empty() {
                return Ok(after);
            }
            let moved = failed.iter().find(|(part, _)| *part == Part::User);
            let foreign: Vec<_> = failed
                .iter()
                .filter_map(|(part, _)| reservation(part))
                .collect();
            match moved {
                Some((_, None)) => return Err(Code::UserNotFound.into()),
                Some((_, Some(item))) => user = read_user(item.clone())?,
                // What is nobody else's to lose is left to who has it.
                None if foreign.len() == failed.len() => without.extend(foreign),
                // Its address is another account's by now.
                None if failed.iter().any(|(part, _)| *part == Part::Identity) => {
                    return Err(Code::UserNotFound.into());
                }
                None => return Err(refusal(&failed)),
            }
            pause(writer, tries).await;
        }
        Err(Error::unavailable("the user keeps changing"))
    }

    /// The user who has a username, whatever its case. Strongly consistent: 2 RRU in two requests, whether somebody has
    /// it or not; nothing is read for what nobody can have.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn user_called(&self, username: &str, nobody: Id) -> Result<Option<User>, Error> {
        if !is_username(username) {
            return Ok(None);
        }
        let reservation = self.users_item(username_key(username)).await?;
        let owner = reservation.and_then(|item| match item.get("user_id") {
            Some(AttributeValue::S(owner)) => owner.parse::<Id>().ok(),
            _ => None,
        });
        let user = self.user(owner.unwrap_or(nobody)).await?;
        // Nobody is found by a name that was given up while it was looked up.
        let has_it = |user: &User| {
            user.profile
                .get(USERNAME)
                .and_then(Value::as_str)
                .map(username_key)
        };
        Ok(user.filter(|user| has_it(user) == Some(username_key(username))))
    }

    async fn send_account(
        &self,
        parts: Parts,
        writer: &Writer,
        attempt: u32,
    ) -> Result<Vec<(Part, Option<Item>)>, Error> {
        let (parts, items): (Vec<Part>, Vec<TransactWriteItem>) = parts.into_iter().unzip();
        let token = format!("{}-{attempt}", writer.rev.replace('-', ""));
        match self.send_items(&items, &token, writer).await {
            Ok(failed) => Ok(failed
                .into_iter()
                .filter_map(|(at, item)| Some((parts.get(at)?.clone(), item)))
                .collect()),
            Err(Unsent::TooLarge(_)) => Err(Code::RecordTooLarge.into()),
            Err(Unsent::Fault(error)) => Err(error),
        }
    }

    /// What has to be written for a user to become another, from nothing or to nothing.
    fn parts_of(
        &self,
        (before, after): (Option<&User>, Option<&User>),
        declared: &[ProfileField],
        along: &Along<'_>,
        without: &BTreeSet<String>,
        now: Timestamp,
    ) -> Result<Parts, Error> {
        let mut parts = Parts::new();
        let mut add = |part: Part, item: TransactWriteItem| parts.push((part, item));
        match (before, after) {
            (None, None) => {}
            (None, Some(after)) => {
                add(
                    Part::Identity,
                    self.put_free(identity_item(after, along.password_hash), None, now)?,
                );
                let mut item = user_item(after);
                item.extend(along.mark.map(|mark| (MARK.to_owned(), text(mark))));
                add(Part::User, self.put_free(item, None, now)?);
            }
            (Some(before), None) => {
                add(Part::User, self.delete_user(before)?);
                add(
                    Part::Identity,
                    self.delete_held(identity_key(&before.email), before.id)?,
                );
            }
            (Some(before), Some(after)) => {
                add(Part::User, self.update_user(before, after)?);
                let signs_in_as_before =
                    before.auth_version == after.auth_version && before.deleted == after.deleted;
                if !signs_in_as_before || along.password_hash.is_some() {
                    add(
                        Part::Identity,
                        self.update_identity(after, along.password_hash)?,
                    );
                }
            }
        }
        let (held, wanted) = (reserved(declared, before), reserved(declared, after));
        let owner = before.or(after).map(|user| user.id);
        let deletion = |user: Option<&User>| user.and_then(|user| user.deleted);
        for (key, field) in &wanted {
            let stays = held.contains_key(key);
            let is_as_it_was = stays && deletion(before) == deletion(after);
            if let (Some(owner), false) = (owner, is_as_it_was || without.contains(key)) {
                let mut item = Item::from([
                    ("id".to_owned(), text(key)),
                    ("user_id".to_owned(), id(owner)),
                ]);
                item.extend(deletion(after).into_iter().flat_map(deleted_attributes));
                let part = if stays {
                    Part::Reservation(key.clone())
                } else {
                    Part::Claim(field.clone())
                };
                add(part, self.put_free(item, Some(owner), now)?);
            }
        }
        for key in held
            .keys()
            .filter(|key| !wanted.contains_key(*key) && !without.contains(*key))
        {
            if let Some(owner) = owner {
                add(
                    Part::Reservation(key.clone()),
                    self.delete_held(key.clone(), owner)?,
                );
            }
        }
        match [before, after].map(|user| user.is_some_and(User::is_acting_admin)) {
            [false, true] => add(Part::Admins, self.count_admin()?),
            [true, false] => add(Part::Admins, self.discount_admin()?),
            _ => {}
        }
        if let (Some(before), Some(after), Some(survivor)) = (before, after, along.survivor) {
            add(
                Part::Survivor,
                self.raise_session(before, after, survivor, now)?,
            );
        }
        if let Some((session, client)) = along.begins {
            let put = Put::builder()
                .table_name(self.sessions())
                .set_item(Some(session_item(session, client)))
                .condition_expression("attribute_not_exists(#id)")
                .expression_attribute_names("#id", "id");
            add(
                Part::Session,
                TransactWriteItem::builder()
                    .put(put.build().map_err(built)?)
                    .build(),
            );
        }
        Ok(parts)
    }

    /// Puts an item into `_users` whose key is free: nobody's, or `owner`'s, or of an account whose deletion is final.
    fn put_free(
        &self,
        item: Item,
        owner: Option<Id>,
        now: Timestamp,
    ) -> Result<TransactWriteItem, Error> {
        let mut condition = "attribute_not_exists(#id) OR #expires <= :now".to_owned();
        let mut put = Put::builder()
            .table_name(self.users())
            .set_item(Some(item))
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_values(":now", number(now.seconds()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if let Some(owner) = owner {
            condition.push_str(" OR #user = :user");
            put = put
                .expression_attribute_names("#user", "user_id")
                .expression_attribute_values(":user", id(owner));
        }
        let put = put.condition_expression(condition).build().map_err(built)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Deletes an identity or a reservation of this user, if there is one.
    fn delete_held(&self, key: String, owner: Id) -> Result<TransactWriteItem, Error> {
        let delete = Delete::builder()
            .table_name(self.users())
            .key("id", text(key))
            .condition_expression("attribute_not_exists(#id) OR #user = :user")
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#user", "user_id")
            .expression_attribute_values(":user", id(owner));
        Ok(TransactWriteItem::builder()
            .delete(delete.build().map_err(built)?)
            .build())
    }

    fn delete_user(&self, before: &User) -> Result<TransactWriteItem, Error> {
        let was = AsItWas::new(before);
        let delete = Delete::builder()
            .table_name(self.users())
            .key("id", id(before.id))
            .condition_expression(was.condition)
            .set_expression_attribute_names(Some(was.names))
            .set_expression_attribute_values(Some(was.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        Ok(TransactWriteItem::builder()
            .delete(delete.build().map_err(built)?)
            .build())
    }

    fn update_user(&self, before: &User, after: &User) -> Result<TransactWriteItem, Error> {
        let was = AsItWas::new(before);
        let set =
            "SET #version = :version, #role = :role, #disabled = :disabled, #profile = :profile";
        let update = Update::builder()
            .table_name(self.users())
            .key("id", id(before.id))
            .condition_expression(was.condition)
            .set_expression_attribute_names(Some(was.names))
            .set_expression_attribute_values(Some(was.values))
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_names("#kind", "kind")
            .expression_attribute_values(":version", number(after.auth_version))
            .expression_attribute_values(":role", text(&after.role))
            .expression_attribute_values(":disabled", AttributeValue::Bool(after.disabled))
            .expression_attribute_values(":profile", from_object(after.profile.clone()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        // Who is deleted is in no list of users.
        let update = match after.deleted {
            None => update
                .update_expression(format!("{set}, #kind = :kind REMOVE #deleted, #expires"))
                .expression_attribute_values(":kind", text(KIND)),
            Some(deletion) => update
                .update_expression(format!(
                    "{set}, #deleted = :deleted, #expires = :expires REMOVE #kind"
                ))
                .expression_attribute_values(":deleted", time(deletion.at))
                .expression_attribute_values(":expires", number(deletion.until)),
        };
        Ok(TransactWriteItem::builder()
            .update(update.build().map_err(built)?)
            .build())
    }

    /// What the user signs in with goes on with the user: its version and its deletion.
    fn update_identity(
        &self,
        after: &User,
        password_hash: Option<&str>,
    ) -> Result<TransactWriteItem, Error> {
        let mut set = "SET #version = :version".to_owned();
        let mut update = Update::builder()
            .table_name(self.users())
            .key("id", text(identity_key(&after.email)))
            .condition_expression("#user = :user")
            .expression_attribute_names("#user", "user_id")
            .expression_attribute_names("#version", "auth_version")
            .expression_attribute_names("#deleted", "deleted_at")
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_values(":user", id(after.id))
            .expression_attribute_values(":version", number(after.auth_version));
        if let Some(hash) = password_hash {
            set.push_str(", #hash = :hash");
            update = update
                .expression_attribute_names("#hash", "password_hash")
                .expression_attribute_values(":hash", text(hash));
        }
        let update = match after.deleted {
            None => update.update_expression(format!("{set} REMOVE #deleted, #expires")),
            Some(deletion) => update
                .update_expression(format!("{set}, #deleted = :deleted, #expires = :expires"))
                .expression_attribute_values(":deleted", time(deletion.at))
                .expression_attribute_values(":expires", number(deletion.until)),
        };
        Ok(TransactWriteItem::builder()
            .update(update.build().map_err(built)?)
            .build())
    }

    /// The session goes on with the user's version, on condition that it stands.
    fn raise_session(
        &self,
        before: &User,
        after: &User,
        session: Id,
        now: Timestamp,
    ) -> Result<TransactWriteItem, Error> {
        let update = Update::builder()
            .table_name(self.sessions())
            .key("user_id", id(before.id))
            .key("id", id(session))
            .update_expression("SET #version = :version")
            .condition_expression(
                "#version = :was AND #expires > :now AND attribute_not_exists(#revoked)",
            )
            .expression_attribute_names("#version", "auth_version")
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_names("#revoked", "revoked_at")
            .expression_attribute_values(":version", number(after.auth_version))
            .expression_attribute_values(":was", number(before.auth_version))
            .expression_attribute_values(":now", number(now.seconds()));
        Ok(TransactWriteItem::builder()
            .update(update.build().map_err(built)?)
            .build())
    }

    /// One admin more, in the transaction that makes one.
    fn count_admin(&self) -> Result<TransactWriteItem, Error> {
        let update = Update::builder()
            .table_name(self.users())
            .key("id", text("#admins"))
            .update_expression("ADD #count :one")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":one", number(1));
        Ok(TransactWriteItem::builder()
            .update(update.build().map_err(built)?)
            .build())
    }

    /// One admin less, on condition that another is left.
    fn discount_admin(&self) -> Result<TransactWriteItem, Error> {
        let update = Update::builder()
            .table_name(self.users())
            .key("id", text("#admins"))
            .update_expression("ADD #count :less")
            .condition_expression("#count > :one")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":less", number(-1))
            .expression_attribute_values(":one", number(1));
        Ok(TransactWriteItem::builder()
            .update(update.build().map_err(built)?)
            .build())
    }
}

/// The condition that a user is as it was read.
struct AsItWas {
    condition: String,
    names: std::collections::HashMap<String, String>,
    values: Item,
}

impl AsItWas {
    fn new(user: &User) -> Self {
        let names = [
            ("#version", "auth_version"),
            ("#role", "role"),
            ("#disabled", "disabled"),
            ("#profile", "profile"),
            ("#deleted", "deleted_at"),
        ];
        let mut values = Item::from([
            (":was_version".to_owned(), number(user.auth_version)),
            (":was_role".to_owned(), text(&user.role)),
            (
                ":was_disabled".to_owned(),
                AttributeValue::Bool(user.disabled),
            ),
            (":was_profile".to_owned(), from_object(user.profile.clone())),
        ]);
        let mut condition = "#version = :was_version AND #role = :was_role".to_owned();
        // An attribute that is missing reads as false, or as nothing.
        for (name, value, may_miss) in [
            ("#disabled", ":was_disabled", !user.disabled),
            ("#profile", ":was_profile", user.profile.is_empty()),
        ] {
            let or_missing = if may_miss {
                format!(" OR attribute_not_exists({name})")
            } else {
                String::new()
            };
            condition.push_str(&format!(" AND ({name} = {value}{or_missing})"));
        }
        match user.deleted {
            None => condition.push_str(" AND attribute_not_exists(#deleted)"),
            Some(deletion) => {
                condition.push_str(" AND #deleted = :was_deleted");
                values.insert(":was_deleted".to_owned(), time(deletion.at));
            }
        }
        let names = names
            .map(|(placeholder, name)| (placeholder.to_owned(), name.to_owned()))
            .into();
        Self {
            condition,
            names,
            values,
        }
    }
}

/// The attributes of what belongs to a deleted account.
fn deleted_attributes(deletion: Deletion) -> [(String, AttributeValue); 2] {
    [
        ("deleted_at".to_owned(), time(deletion.at)),
        ("expires_at".to_owned(), number(deletion.until)),
    ]
}

/// The key of a username's reservation. No id begins so.
fn username_key(username: &str) -> String {
    format!("username#{}", username.to_ascii_lowercase())
}

/// The keys of a user's unique values, each with its field.
pub(crate) fn reserved(declared: &[ProfileField], user: Option<&User>) -> BTreeMap<String, String> {
    let unique = declared.iter().filter(|field| field.field.unique);
    let key = |field: &ProfileField| {
        let name = &field.field.name;
        let value = user?.profile.get(name)?;
        let key = match value {
            Value::String(username) if field.is_username() => username_key(username),
            value => {
                let hash = digest(&SHA256, json!([name, value]).to_string().as_bytes());
                format!("unique#{name}#{}", URL_SAFE_NO_PAD.encode(hash))
            }
        };
        Some((key, name.clone()))
    };
    unique.filter_map(key).collect()
}

fn reservation(part: &Part) -> Option<String> {
    match part {
        Part::Reservation(key) => Some(key.clone()),
        _ => None,
    }
}

/// What is wrong when the user is as it should be.
fn refusal(failed: &[(Part, Option<Item>)]) -> Error {
    let has = |part: &Part| failed.iter().any(|(failed, _)| failed == part);
    let taken = failed.iter().find_map(|(part, _)| match part {
        Part::Claim(field) => Some(field),
        _ => None,
    });
    if has(&Part::Survivor) {
        Code::SessionRevoked.into()
    } else if has(&Part::Identity) {
        Code::EmailAlreadyExists.into()
    } else if has(&Part::Admins) {
        Code::LastAdmin.into()
    } else if let Some(field) = taken {
        Error::new(Code::UserUniqueViolation)
            .with_message(format!("Another user has this value of `{field}`."))
    } else {
        Error::internal("a condition failed that nothing explains")
    }
}
