//! The items of an account, one by one: each with its condition.

use std::collections::HashMap;

use api::{Error, Id, Timestamp};
use auth::User;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};

use super::stamp::CHANGE;
use super::users::{MARK, VERSION, identity_key, kind_of, optional_attributes};
use crate::fault::built;
use crate::item::{Item, from_object, id, number, text, time};
use crate::tables::Store;

/// The attributes of a user that its tombstone does not have.
const BURIED: [&str; 14] = [
    "kind",
    "email",
    "disabled",
    "auth_version",
    "created_at",
    "profile",
    "email_verified_at",
    "locale",
    "terms",
    "mail_failed",
    "mfa",
    "methods",
    "service",
    MARK,
];

/// The users for whom a key of `_users` is free that is taken.
#[derive(Clone, Copy, Debug)]
pub(super) enum Free {
    /// For nobody, unless it belongs to an account whose deletion is final.
    ForAnybody,
    /// Likewise, and where it belongs to a user who was removed, whatever the clock that the removal went by.
    ForUser,
    /// For this user as well.
    For(Id),
}

/// The change of an identity's password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Password<'a> {
    /// None.
    Same,
    /// This hash takes its place.
    New(&'a str),
    /// It is removed: then no login succeeds.
    None,
}

impl Store {
    /// Puts an item into `_users` whose key nobody has, or is free in this way.
    pub(super) fn put_free(
        &self,
        item: Item,
        free: Free,
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
        match free {
            Free::ForAnybody => {}
            Free::ForUser => {
                condition.push_str(" OR attribute_not_exists(#version)");
                put = put.expression_attribute_names("#version", VERSION);
            }
            Free::For(owner) => {
                condition.push_str(" OR #user = :user");
                put = put
                    .expression_attribute_names("#user", "user_id")
                    .expression_attribute_values(":user", id(owner));
            }
        }
        let put = put.condition_expression(condition).build().map_err(built)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Deletes an identity or a reservation of this user, if there is one.
    pub(super) fn delete_held(&self, key: String, owner: Id) -> Result<TransactWriteItem, Error> {
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

    /// Makes a tombstone of a user: it names the actor in the stream, reads as absent, and is removed by TTL.
    pub(super) fn bury_user(
        &self,
        before: &User,
        change: AttributeValue,
        now: Timestamp,
    ) -> Result<TransactWriteItem, Error> {
        let was = AsItWas::new(before);
        let mut update = Update::builder()
            .table_name(self.users())
            .key("id", id(before.id))
            .condition_expression(was.condition)
            .set_expression_attribute_names(Some(was.names))
            .set_expression_attribute_values(Some(was.values))
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_names("#change", CHANGE)
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":expires", number(now.seconds()))
            .expression_attribute_values(":change", change)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut removed = Vec::new();
        for (at, name) in BURIED.into_iter().enumerate() {
            update = update.expression_attribute_names(format!("#buried{at}"), name);
            removed.push(format!("#buried{at}"));
        }
        let update = update.update_expression(format!(
            "SET #deleted = :now, #expires = :expires, #change = :change REMOVE {}",
            removed.join(", ")
        ));
        Ok(TransactWriteItem::builder()
            .update(update.build().map_err(built)?)
            .build())
    }

    /// The condition that a user is unchanged since it was read.
    pub(crate) fn as_it_was(&self, user: &User) -> Result<TransactWriteItem, Error> {
        let was = AsItWas::new(user);
        let check = ConditionCheck::builder()
            .table_name(self.users())
            .key("id", id(user.id))
            .condition_expression(was.condition)
            .set_expression_attribute_names(Some(was.names))
            .set_expression_attribute_values(Some(was.values));
        let check = check.build().map_err(built)?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    pub(super) fn update_user(
        &self,
        before: &User,
        after: &User,
        change: AttributeValue,
    ) -> Result<TransactWriteItem, Error> {
        let was = AsItWas::new(before);
        let mut set =
            "SET #version = :version, #role = :role, #disabled = :disabled, #profile = :profile, \
                       #change = :change"
                .to_owned();
        let mut removed = String::new();
        let mut update = Update::builder()
            .table_name(self.users())
            .key("id", id(before.id))
            .condition_expression(was.condition)
            .set_expression_attribute_names(Some(was.names))
            .set_expression_attribute_values(Some(was.values))
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_names("#kind", "kind")
            .expression_attribute_names("#change", CHANGE)
            .expression_attribute_values(":change", change)
            .expression_attribute_values(":version", number(after.auth_version))
            .expression_attribute_values(":role", text(&after.role))
            .expression_attribute_values(":disabled", AttributeValue::Bool(after.disabled))
            .expression_attribute_values(":profile", from_object(after.profile.clone()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, value) in optional_attributes(after) {
            match value {
                Some(value) => {
                    set.push_str(&format!(", #{name} = :{name}"));
                    update = update.expression_attribute_values(format!(":{name}"), value);
                }
                None => removed.push_str(&format!(", #{name}")),
            }
        }
        // No list of users shows a deleted user.
        let update = match (after.deleted, after.lapses_at) {
            (None, None) => update
                .update_expression(format!(
                    "{set}, #kind = :kind REMOVE #deleted, #expires{removed}"
                ))
                .expression_attribute_values(":kind", text(kind_of(after))),
            (None, Some(lapse)) => update
                .update_expression(format!(
                    "{set}, #kind = :kind, #expires = :expires REMOVE #deleted{removed}"
                ))
                .expression_attribute_values(":kind", text(kind_of(after)))
                .expression_attribute_values(":expires", number(lapse)),
            (Some(deletion), _) => update
                .update_expression(format!(
                    "{set}, #deleted = :deleted, #expires = :expires REMOVE #kind{removed}"
                ))
                .expression_attribute_values(":deleted", time(deletion.at))
                .expression_attribute_values(":expires", number(deletion.until)),
        };
        Ok(TransactWriteItem::builder()
            .update(update.build().map_err(built)?)
            .build())
    }

    /// The identity of the user's address gets the user's version and deletion.
    pub(super) fn update_identity(
        &self,
        after: &User,
        email: &str,
        password: Password<'_>,
    ) -> Result<TransactWriteItem, Error> {
        let mut set = "SET #version = :version".to_owned();
        let mut update = Update::builder()
            .table_name(self.users())
            .key("id", text(identity_key(email)))
            .condition_expression("#user = :user")
            .expression_attribute_names("#user", "user_id")
            .expression_attribute_names("#version", "auth_version")
            .expression_attribute_names("#deleted", "deleted_at")
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_values(":user", id(after.id))
            .expression_attribute_values(":version", number(after.auth_version));
        let mut removed = "";
        if password != Password::Same {
            update = update.expression_attribute_names("#hash", "password_hash");
        }
        match password {
            Password::Same => {}
            Password::New(hash) => {
                set.push_str(", #hash = :hash");
                update = update.expression_attribute_values(":hash", text(hash));
            }
            Password::None => removed = "#hash, ",
        }
        let update = match after.deleted {
            None => update.update_expression(format!("{set} REMOVE {removed}#deleted, #expires")),
            Some(deletion) => update
                .update_expression(format!(
                    "{set}, #deleted = :deleted, #expires = :expires{}",
                    if removed.is_empty() {
                        ""
                    } else {
                        " REMOVE #hash"
                    }
                ))
                .expression_attribute_values(":deleted", time(deletion.at))
                .expression_attribute_values(":expires", number(deletion.until)),
        };
        Ok(TransactWriteItem::builder()
            .update(update.build().map_err(built)?)
            .build())
    }

    /// The session gets the user's version, and methods where it proves more, on condition that it stands.
    pub(super) fn raise_session(
        &self,
        before: &User,
        after: &User,
        (session, proves): (Id, Option<&[String]>),
        now: Timestamp,
    ) -> Result<TransactWriteItem, Error> {
        let mut update = Update::builder()
            .table_name(self.sessions())
            .key("user_id", id(before.id))
            .key("id", id(session))
            .condition_expression(
                "#version = :was AND #expires > :now AND attribute_not_exists(#revoked)",
            )
            .expression_attribute_names("#version", "auth_version")
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_names("#revoked", "revoked_at")
            .expression_attribute_values(":version", number(after.auth_version))
            .expression_attribute_values(":was", number(before.auth_version))
            .expression_attribute_values(":now", number(now.seconds()));
        update = match proves {
            None => update.update_expression("SET #version = :version"),
            Some(methods) => update
                .update_expression("SET #version = :version, #amr = :amr")
                .expression_attribute_names("#amr", "amr")
                .expression_attribute_values(
                    ":amr",
                    AttributeValue::L(methods.iter().map(text).collect()),
                ),
        };
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
        let mut names: HashMap<String, String> = names
            .map(|(placeholder, name)| (placeholder.to_owned(), name.to_owned()))
            .into();
        for (name, value) in optional_attributes(user) {
            names.insert(format!("#{name}"), name.to_owned());
            match value {
                Some(value) => {
                    condition.push_str(&format!(" AND #{name} = :was_{name}"));
                    values.insert(format!(":was_{name}"), value);
                }
                None => condition.push_str(&format!(" AND attribute_not_exists(#{name})")),
            }
        }
        Self {
            condition,
            names,
            values,
        }
    }
}

#[cfg(test)]
mod tests {
    use api::settings::Auth;
    use auth::user::ServiceAccount;

    use super::*;
    use crate::accounts::users::{read_user, user_item};

    #[test]
    fn a_user_without_an_address_is_read_as_it_was_written() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let user = User::anonymous(Id::new(now, [1; 10]), &Auth::default(), now);
        let item = user_item(&user);
        assert!(!item.contains_key("email") && item.contains_key("expires_at"));
        let read = read_user(item).expect("a user");
        assert_eq!(read, Some(user.clone()));
        let service = ServiceAccount {
            name: "billing".to_owned(),
            secret: "hash".to_owned(),
            rotated_at: None,
            previous: None,
        };
        for service in [service.clone(), service.rotated("another", now)] {
            let user = User {
                service: Some(service),
                ..user.clone()
            };
            let item = user_item(&user);
            assert_eq!(item["kind"], text("service"));
            assert_eq!(read_user(item).expect("a user"), Some(user));
        }
    }

    #[test]
    fn a_tombstone_has_nothing_of_the_user_but_id_and_role() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let user = User::new(Id::new(now, [1; 10]), "a@b".into(), false, now);
        let item = user_item(&user);
        let mut left: Vec<&String> = item
            .keys()
            .filter(|name| !BURIED.contains(&name.as_str()))
            .collect();
        left.sort_unstable();
        assert_eq!(left, ["id", "role"]);
    }
}
