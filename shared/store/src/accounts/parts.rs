//! The parts of a change to an account: the items of the transaction that writes it.

use std::collections::{BTreeSet, HashMap};

use api::definition::ProfileField;
use api::{Error, Id, Timestamp};
use auth::leaver::KeysOfLeaver;
use auth::session::Client;
use auth::user::Deletion;
use auth::{Session, User};
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use super::sessions::session_item;
use super::users::{KIND, identity_item, identity_key, reserved, user_item};
use crate::fault::built;
use crate::item::{Item, from_object, id, number, text, time};
use crate::tables::Store;

/// The items that are written with an account.
#[derive(Clone, Copy, Debug, Default)]
pub struct Along<'a> {
    /// The hash of a new password.
    pub password_hash: Option<&'a str>,
    /// The session that survives a raised `auth_version`: it must stand, and its version is raised too.
    pub survivor: Option<Id>,
    /// A new session.
    pub begins: Option<(&'a Session, &'a Client)>,
    /// The mark of the import line that a new user is made from.
    pub mark: Option<&'a str>,
    /// The fate of the API keys of an admin who leaves by this change; without it none may stand.
    pub keys: Option<KeysOfLeaver>,
    /// Whether a new admin must be the first there has ever been.
    pub first_admin: bool,
}

/// The attribute of a user that holds the mark of its import line.
pub(crate) const MARK: &str = "import";

/// The purpose of an item of the transaction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    User,
    Identity,
    /// A value of this field that the user takes.
    Claim(String),
    /// A reservation that stays or is removed, by its key. Where `unique` was declared later than the value was stored,
    /// it may belong to another user.
    Reservation(String),
    /// The number of admins.
    Admins,
    Survivor,
    Session,
    /// The number of API keys ever made.
    KeysMade,
    /// An API key of an admin who leaves.
    Key,
}

pub(super) type Parts = Vec<(Part, TransactWriteItem)>;

impl Store {
    /// The items to write when a user changes into another; either may be absent.
    pub(super) fn parts_of(
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
            [false, true] => add(Part::Admins, self.count_admin(along.first_admin)?),
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

    /// Puts an item into `_users` whose key is free, belongs to `owner`, or belongs to an account whose deletion is
    /// final.
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
        // No list of users shows a deleted user.
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

    /// The identity gets the user's version and deletion.
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

    /// The session gets the user's version, on condition that it stands.
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
}

/// The condition that a user is unchanged since it was read.
struct AsItWas {
    condition: String,
    names: HashMap<String, String>,
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

/// The attributes of the items of a deleted account.
fn deleted_attributes(deletion: Deletion) -> [(String, AttributeValue); 2] {
    [
        ("deleted_at".to_owned(), time(deletion.at)),
        ("expires_at".to_owned(), number(deletion.until)),
    ]
}
