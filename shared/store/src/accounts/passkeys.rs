//! Passkeys: their items, which are written with their user, and the sessions that begin by them.

use std::collections::HashMap;

use api::event::Reason;
use api::tables::USERS;
use api::{Code, Error, Id, Timestamp};
use auth::passkey::{Passkey, Use, key_of};
use auth::user::{Deletion, PASSKEY};
use auth::{Session, User, Writer};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};

use super::items::Free;
use crate::batch::strong;
use crate::fault::built;
use crate::item::{Item, Reader, id, number, text, time};
use crate::send::Unsent;
use crate::tables::Store;

/// The change of a passkey that goes with a change of its user. One that its user no longer has is removed without this.
#[derive(Clone, Copy, Debug)]
pub enum PasskeyChange<'a> {
    /// A new one.
    Adds(&'a Passkey),
    /// One that has another name, by its key.
    Renames(&'a str, &'a str),
    /// One that has signed in, by its key, when its deleted account came back.
    Uses(&'a str, &'a Use),
}

impl Store {
    /// Reads the passkey with this id. Strongly consistent: 1 RRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn passkey(&self, id: &str) -> Result<Option<Passkey>, Error> {
        let item = self.users_item(key_of(id)).await?;
        item.map(read_passkey).transpose()
    }

    /// Reads the passkeys of a user, oldest first. Strongly consistent: 1 RRU each in one request, none where there are none.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn passkeys(&self, user: &User) -> Result<Vec<Passkey>, Error> {
        let keys = passkey_keys(user);
        let keys: Vec<_> = keys
            .map(|key| Item::from([("id".to_owned(), text(key))]))
            .collect();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = HashMap::from([(self.users(), strong(keys)?)]);
        let mut found = self.batch(wanted).await?;
        let items = found.remove(&self.users()).unwrap_or_default();
        let passkeys: Result<Vec<_>, _> = items.into_iter().map(read_passkey).collect();
        let mut passkeys = passkeys?;
        passkeys.sort_by(|one, other| {
            (one.added_at, &one.credential).cmp(&(other.added_at, &other.credential))
        });
        Ok(passkeys)
    }

    /// Begins a session by a passkey, which is used, all or nothing; `old` ends with it where it is to be replaced. The
    /// session's id makes a ceremony good once. 4 WRU, and 2 more with `old`.
    ///
    /// # Errors
    /// `auth/invalid-passkey` when another request was faster; `auth/session-revoked` when `old` does not stand;
    /// `common/unavailable`, `common/internal`.
    pub async fn begin_by_passkey(
        &self,
        session: &Session,
        (key, used): (&str, &Use),
        old: Option<Id>,
        writer: &Writer,
    ) -> Result<(), Error> {
        if old == Some(session.id) {
            // The session that asks has begun by this very ceremony.
            return Err(Code::InvalidPasskey.into());
        }
        let reason = match old {
            None => Reason::Passkey,
            Some(_) => Reason::Reauthentication,
        };
        let mut items = vec![
            self.beginning(session, reason, writer)?,
            self.using_passkey(key, session.user, used, "")?,
        ];
        if let Some(old) = old {
            items.push(self.replaced(session, old, writer)?);
        }
        let token = format!("{}p", writer.rev.replace('-', ""));
        match self.send_items(&items, &token, writer).await {
            Ok(failed) => match failed.iter().map(|(place, _)| *place).min() {
                None => Ok(()),
                Some(0 | 1) => Err(Code::InvalidPasskey.into()),
                Some(_) => Err(Code::SessionRevoked.into()),
            },
            Err(Unsent::TooLarge(_)) => Err(Error::internal("a session is too large")),
            Err(Unsent::Fault(fault)) => Err(fault),
        }
    }

    /// The writes of passkeys that go with a change of their user. A passkey that the user no longer has is
    /// removed, and those of a deleted account expire.
    pub(super) fn passkey_parts(
        &self,
        (before, after): (Option<&User>, Option<&User>),
        change: Option<PasskeyChange<'_>>,
        now: Timestamp,
    ) -> Result<Vec<TransactWriteItem>, Error> {
        let mut parts = Vec::new();
        let Some(user) = before else {
            return Ok(parts);
        };
        let asked = match change {
            None => None,
            Some(PasskeyChange::Adds(passkey)) => {
                let put = self.put_free(passkey_item(passkey), Free::ForAnybody, now)?;
                parts.push(put);
                None
            }
            Some(PasskeyChange::Renames(key, name)) => {
                let rename = self.renaming_passkey(key, user.id, name)?;
                parts.push(rename);
                Some(key)
            }
            Some(PasskeyChange::Uses(key, used)) => {
                let used = self.using_passkey(key, user.id, used, " REMOVE #expires")?;
                parts.push(used);
                Some(key)
            }
        };
        for key in passkey_keys(user).filter(|key| asked != Some(key.as_str())) {
            let there = after.filter(|after| after.methods.contains_key(key));
            let part = match there {
                Some(after) if after.deleted == user.deleted => continue,
                Some(after) => self.expiring_passkey(key, user.id, after.deleted)?,
                None => self.delete_held(key.clone(), user.id)?,
            };
            parts.push(part);
        }
        Ok(parts)
    }

    /// Counts a signature, on condition that none is newer. `besides` is what else the update does: only an account that
    /// comes back keeps a passkey that was to expire.
    fn using_passkey(
        &self,
        key: &str,
        owner: Id,
        used: &Use,
        besides: &str,
    ) -> Result<TransactWriteItem, Error> {
        let grows = match used.sign_count {
            0 => "#count = :count",
            _ => "#count < :count",
        };
        let update = self
            .own_passkey(key, owner, Some(grows))
            .update_expression(format!(
                "SET #count = :count, #backed = :backed, #used = :used{besides}"
            ))
            .expression_attribute_names("#count", "sign_count")
            .expression_attribute_names("#backed", "backed_up")
            .expression_attribute_names("#used", "used_at");
        let update = match besides {
            "" => update,
            _ => update.expression_attribute_names("#expires", "expires_at"),
        };
        let update = update
            .expression_attribute_values(":count", number(used.sign_count))
            .expression_attribute_values(":backed", AttributeValue::Bool(used.backed_up))
            .expression_attribute_values(":used", time(used.at));
        finished(update)
    }

    fn renaming_passkey(
        &self,
        key: &str,
        owner: Id,
        name: &str,
    ) -> Result<TransactWriteItem, Error> {
        let update = self
            .own_passkey(key, owner, None)
            .update_expression("SET #name = :name")
            .expression_attribute_names("#name", "name")
            .expression_attribute_values(":name", text(name));
        finished(update)
    }

    /// A passkey of an account that is deleted expires with it; one of an account that is back does not.
    fn expiring_passkey(
        &self,
        key: &str,
        owner: Id,
        deletion: Option<Deletion>,
    ) -> Result<TransactWriteItem, Error> {
        let update = self
            .own_passkey(key, owner, None)
            .expression_attribute_names("#expires", "expires_at");
        finished(match deletion {
            None => update.update_expression("REMOVE #expires"),
            Some(deletion) => update
                .update_expression("SET #expires = :expires")
                .expression_attribute_values(":expires", number(deletion.until)),
        })
    }

    /// An update of a passkey on condition that it is this user's.
    fn own_passkey(
        &self,
        key: &str,
        owner: Id,
        besides: Option<&str>,
    ) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        let condition = match besides {
            None => "#user = :user".to_owned(),
            Some(besides) => format!("#user = :user AND {besides}"),
        };
        Update::builder()
            .table_name(self.users())
            .key("id", text(key))
            .condition_expression(condition)
            .expression_attribute_names("#user", "user_id")
            .expression_attribute_values(":user", id(owner))
    }
}

fn finished(
    update: aws_sdk_dynamodb::types::builders::UpdateBuilder,
) -> Result<TransactWriteItem, Error> {
    let update = update.build().map_err(built)?;
    Ok(TransactWriteItem::builder().update(update).build())
}

/// The keys of a user's passkeys.
fn passkey_keys(user: &User) -> impl Iterator<Item = &String> {
    user.methods.keys().filter(|key| key.starts_with(PASSKEY))
}

fn passkey_item(passkey: &Passkey) -> Item {
    let transports = passkey.transports.iter().map(text).collect();
    let credential = aws_sdk_dynamodb::primitives::Blob::new(passkey.credential.clone());
    let mut item = Item::from([
        ("id".to_owned(), text(passkey.key())),
        ("user_id".to_owned(), id(passkey.user)),
        ("credential".to_owned(), AttributeValue::B(credential)),
        ("public_key".to_owned(), text(&passkey.public_key)),
        ("sign_count".to_owned(), number(passkey.sign_count)),
        (
            "backup_eligible".to_owned(),
            AttributeValue::Bool(passkey.backup_eligible),
        ),
        (
            "backed_up".to_owned(),
            AttributeValue::Bool(passkey.backed_up),
        ),
        ("transports".to_owned(), AttributeValue::L(transports)),
        ("aaguid".to_owned(), text(&passkey.aaguid)),
        ("name".to_owned(), text(&passkey.name)),
        ("added_at".to_owned(), time(passkey.added_at)),
    ]);
    item.extend(passkey.used_at.map(|at| ("used_at".to_owned(), time(at))));
    item
}

fn read_passkey(mut item: Item) -> Result<Passkey, Error> {
    let credential = match item.remove("credential") {
        Some(AttributeValue::B(bytes)) => bytes.into_inner(),
        _ => return Err(Error::internal("a passkey without its credential")),
    };
    let mut reader = Reader::new(USERS.name, &mut item);
    Ok(Passkey {
        credential,
        user: reader.id("user_id")?,
        public_key: reader.text("public_key")?,
        sign_count: u32::try_from(reader.number("sign_count")?)
            .map_err(|_| Error::internal("sign_count out of range"))?,
        backup_eligible: reader.flag("backup_eligible"),
        backed_up: reader.flag("backed_up"),
        transports: reader.texts("transports"),
        aaguid: reader.text("aaguid")?,
        name: reader.text("name")?,
        added_at: reader.time("added_at")?,
        used_at: reader
            .optional_number("used_at")
            .map(Timestamp::from_millis),
    })
}
