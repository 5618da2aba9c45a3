//! `_users`: users against the items that they sign in by, and these items against their users.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use api::definition::ProfileField;
use api::settings::PROVIDER;
use api::tables::{IDENTITIES, USERS};
use api::{Error, Id, Timestamp};
use auth::User;
use auth::factor::Factor;
use auth::user::PASSKEY;
use tokio::time::sleep;

use super::{Checked, Finding, LOOKS, Place, Repair, counted, is_over, named, said};
use crate::accounts::factor_items::read_factor;
use crate::accounts::parts::ending_attributes;
use crate::accounts::users::{identity_item, identity_key, read_user, reserved};
use crate::item::{Item, id, text};
use crate::tables::Store;

/// The starts of the keys of items that belong to a user.
const OWNED: [&str; 6] = [
    IDENTITIES,
    "username#",
    "unique#",
    FACTOR,
    PASSKEY,
    PROVIDER,
];
const FACTOR: &str = Factor::PREFIX;

/// The items that a judgement needs, by their keys.
type Found = HashMap<String, Item>;

impl Store {
    /// Looks over a page of `_users`. It reads the table once and each user's items once more, strongly consistent.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn check_users(
        &self,
        declared: &[ProfileField],
        from: Option<Place>,
        now: Timestamp,
    ) -> Result<Checked, Error> {
        let scan = self.client.scan().table_name(self.users());
        let (items, next) = self.checked_page(scan, from).await?;
        let mut found: Found = keyed(items.clone());
        let wanted: BTreeSet<String> = items.iter().flat_map(|it| needs(declared, it)).collect();
        let wanted = wanted.into_iter().filter(|key| !found.contains_key(key));
        let more = self.users_items(wanted.collect()).await?;
        found.extend(more);
        let mut checked = Checked {
            findings: Vec::new(),
            read: items.len() as u64,
            admins: 0,
            next,
        };
        for item in &items {
            let user = read_user(item.clone()).ok().flatten();
            let is_user = said(item, "id").is_some_and(|key| key.parse::<Id>().is_ok());
            let acts = |user: &User| is_user && user.is_acting_admin();
            checked.admins += u64::from(user.as_ref().is_some_and(acts));
            if judge(declared, item, &found, now).is_empty() {
                continue;
            }
            if let Some(key) = said(item, "id") {
                let settled = self.settled_user_item(declared, &key, now).await?;
                checked.findings.extend(settled);
            }
        }
        Ok(checked)
    }

    /// Judges an item by itself and what it names, which are read again until nothing changes in between.
    async fn settled_user_item(
        &self,
        declared: &[ProfileField],
        key: &str,
        now: Timestamp,
    ) -> Result<Vec<Finding>, Error> {
        for look in 0..LOOKS {
            let Some(item) = self.users_item(key.to_owned()).await? else {
                return Ok(Vec::new());
            };
            let found = self.users_items(needs(declared, &item)).await?;
            if self.users_item(key.to_owned()).await?.as_ref() == Some(&item) {
                return Ok(judge(declared, &item, &found, now));
            }
            sleep(Duration::from_millis(50 << look.min(5))).await;
        }
        Err(Error::unavailable(format!("{key} keeps changing")))
    }

    /// Items of `_users` by their keys.
    async fn users_items(&self, keys: Vec<String>) -> Result<Found, Error> {
        let key = |key: String| Item::from([("id".to_owned(), text(key))]);
        let keys = keys.into_iter().map(key).collect();
        Ok(keyed(self.read_all(USERS.name, keys).await?))
    }
}

fn keyed(items: Vec<Item>) -> Found {
    let key = |item: Item| Some((said(&item, "id")?, item));
    items.into_iter().filter_map(key).collect()
}

/// The keys of the items by which an item is judged.
fn needs(declared: &[ProfileField], item: &Item) -> Vec<String> {
    let Some(key) = said(item, "id") else {
        return Vec::new();
    };
    if OWNED.iter().any(|start| key.starts_with(start)) {
        return said(item, "user_id").into_iter().collect();
    }
    let Ok(Some(user)) = read_user(item.clone()) else {
        return Vec::new();
    };
    let address = user.email.as_deref().map(identity_key);
    let factor = user.mfa.map(|_| Factor::key(user.id));
    let methods = user.methods.keys().cloned();
    let unique = reserved(declared, Some(&user)).into_keys();
    let all = address
        .into_iter()
        .chain(factor)
        .chain(methods)
        .chain(unique);
    all.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The contradictions between an item and those that it names. An item whose time is over has none.
fn judge(declared: &[ProfileField], item: &Item, found: &Found, now: Timestamp) -> Vec<Finding> {
    let key = said(item, "id").unwrap_or_default();
    if is_over(item, now) {
        return Vec::new();
    }
    if OWNED.iter().any(|start| key.starts_with(start)) {
        return judge_owned(declared, (&key, item), found)
            .into_iter()
            .collect();
    }
    if key.parse::<Id>().is_err() {
        return Vec::new();
    }
    match read_user(item.clone()) {
        Ok(None) => Vec::new(),
        Ok(Some(user)) => judge_user(declared, &user, found),
        Err(error) => {
            let cause = error.cause.unwrap_or(error.message);
            vec![Finding::new(
                USERS.name,
                key,
                format!("cannot be read: {cause}"),
            )]
        }
    }
}

/// The contradictions of a user: what it signs in by is missing, or belongs to another.
fn judge_user(declared: &[ProfileField], user: &User, found: &Found) -> Vec<Finding> {
    let wrong = |what: String| Finding::new(USERS.name, user.id.to_string(), what);
    let holder = |key: &str| found.get(key).map(|item| named(item, "user_id"));
    let is_own = |key: &str| holder(key) == Some(Some(user.id));
    let mut findings = Vec::new();
    if let Some(email) = &user.email {
        let key = identity_key(email);
        match found.get(&key) {
            None => {
                let mut identity = identity_item(user, email, None);
                identity.extend(ending_attributes(user));
                let put = Repair::Put(identity, Box::new(user.clone()));
                let what = "has an address without an identity: nobody signs in by it, and anybody can register it";
                findings.push(wrong(what.to_owned()).repaired_by(put));
            }
            Some(identity) if is_own(&key) => findings.extend(judge_identity(user, identity)),
            Some(identity) => findings.push(wrong(of_another("its address", identity))),
        }
    }
    for (key, field) in reserved(declared, Some(user)) {
        match found.get(&key) {
            None => {
                let mut item = Item::from([
                    ("id".to_owned(), text(&key)),
                    ("user_id".to_owned(), id(user.id)),
                ]);
                item.extend(ending_attributes(user));
                let put = Repair::Put(item, Box::new(user.clone()));
                let what = format!("has a value of `{field}` that is not reserved");
                findings.push(wrong(what).repaired_by(put));
            }
            Some(_) if is_own(&key) => {}
            Some(item) => {
                findings.push(wrong(of_another(&format!("its value of `{field}`"), item)))
            }
        }
    }
    if user.mfa.is_some() {
        let factor = found.get(&Factor::key(user.id)).cloned();
        let factor = factor.and_then(|item| read_factor(user.id, item).ok());
        if !factor.is_some_and(|factor| factor.is_confirmed()) {
            findings.push(wrong(
                "has a second factor that is not there: no sign-in ends".to_owned(),
            ));
        }
    }
    for key in user.methods.keys() {
        match holder(key) {
            None => findings.push(wrong(format!("names {key}, which is not there"))),
            Some(owner) if owner == Some(user.id) => {}
            // A provider of another issuer than before has other accounts under the same keys.
            Some(_) if key.starts_with(PROVIDER) => {}
            Some(_) => findings.push(wrong(format!("names {key}, which belongs to another user"))),
        }
    }
    findings
}

fn judge_identity(user: &User, identity: &Item) -> Option<Finding> {
    let (version, deleted) = (
        counted(identity, "auth_version"),
        counted(identity, "deleted_at"),
    );
    let what = if version != Some(user.auth_version) {
        "has another version than its identity: its password signs nobody in"
    } else if deleted != user.deleted.map(|it| it.at.millis()) {
        "is deleted, or is not, and its identity says otherwise"
    } else {
        return None;
    };
    Some(Finding::new(USERS.name, user.id.to_string(), what))
}

/// The trouble that an item belongs to another user.
fn of_another(what: &str, item: &Item) -> String {
    match said(item, "user_id") {
        Some(owner) => format!("has another user where {what} is reserved: {owner}"),
        None => format!("has nobody where {what} is reserved"),
    }
}

/// The contradiction of an item that belongs to a user: the user is gone, or does not have it.
fn judge_owned(
    declared: &[ProfileField],
    (key, item): (&str, &Item),
    found: &Found,
) -> Option<Finding> {
    let wrong = |what: String| Finding::new(USERS.name, key, what);
    let Some(owner) = named(item, "user_id") else {
        return Some(wrong("names no user".to_owned()));
    };
    let user = found.get(&owner.to_string()).cloned().map(read_user);
    let user = match user {
        // The user is told by itself.
        Some(Err(_)) => return None,
        Some(Ok(Some(user))) => user,
        None | Some(Ok(None)) => {
            let delete = Repair::Delete(key.to_owned(), owner, None);
            let what = format!("belongs to user {owner}, who is gone");
            return Some(wrong(what).repaired_by(delete));
        }
    };
    let has_it = if let Some(email) = key.strip_prefix(IDENTITIES) {
        user.email.as_deref() == Some(email)
    } else if key.starts_with(FACTOR) {
        // Removing a factor that its user does not know of would be a choice.
        let is_pending = item.contains_key("pending_until");
        let has_it = is_pending || user.mfa.is_some();
        let what = format!("is a second factor that user {owner} does not know of");
        return (!has_it).then(|| wrong(what));
    } else if key.starts_with(PASSKEY) || key.starts_with(PROVIDER) {
        user.methods.contains_key(key)
    } else if is_declared(declared, key) {
        reserved(declared, Some(&user)).contains_key(key)
    } else {
        true
    };
    let delete = Repair::Delete(key.to_owned(), owner, Some(Box::new(user)));
    let what = format!("belongs to user {owner}, who does not have it");
    (!has_it).then(|| wrong(what).repaired_by(delete))
}

/// Whether the field of a reservation is declared as unique: only then users say whether they have its value.
fn is_declared(declared: &[ProfileField], key: &str) -> bool {
    let field = key
        .strip_prefix("unique#")
        .and_then(|rest| rest.split('#').next());
    let mut unique = declared.iter().filter(|it| it.field.unique);
    match field {
        Some(name) => unique.any(|it| it.field.name == name && !it.is_username()),
        None => unique.any(ProfileField::is_username),
    }
}

#[cfg(test)]
mod tests;
