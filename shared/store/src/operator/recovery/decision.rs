//! The fate of an item when its table goes back: a pure comparison of the item then and now.

use std::collections::{BTreeSet, HashMap};

use api::Timestamp;
use api::tables::{GONE, IDENTITIES};
use aws_sdk_dynamodb::types::AttributeValue;

use super::table::{Kind, Recovery, is_admin, is_count, is_user};
use crate::accounts::stamp::CHANGE;
use crate::accounts::users::{VERSION, read_user};
use crate::events::stream::RESTORED;
use crate::item::Item;
use crate::operator::check::{counted, said};
use crate::records::index::INDEXED;

/// The attribute of a second factor that waits for its first code.
const PENDING: &str = "pending_until";

/// The fate of an item.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    /// Nothing is to be done.
    Same,
    /// It was written since the recovery began, or belongs to a user who was.
    Left,
    /// This item takes its place.
    PutBack(Item),
    /// It is removed.
    Remove,
}

/// Whether an item says of a user or a record alone that there was one.
fn is_tombstone(kind: Kind, item: &Item) -> bool {
    match kind {
        Kind::Users => is_user(item) && matches!(read_user(item.clone()), Ok(None)),
        Kind::Records => item.contains_key("deleted_at"),
        Kind::ApiKeys => item.contains_key(GONE),
        _ => false,
    }
}

/// The fate of a user that the point has.
pub(super) fn user(
    recovery: &Recovery,
    (then, now_there): (&Item, Option<&Item>),
    now: Timestamp,
) -> Act {
    if is_tombstone(Kind::Users, then) || recovery.times.is_over(then, now) {
        return Act::Same;
    }
    match now_there {
        Some(there) if is_done(recovery, there) => Act::Same,
        Some(there) if recovery.times.is_since(there) => Act::Left,
        _ => Act::PutBack(then.clone()),
    }
}

/// Whether this recovery has put a user back.
fn is_done(recovery: &Recovery, there: &Item) -> bool {
    there.get(CHANGE) == Some(&recovery.stamp())
}

/// Whether a user was written since, other than by this recovery.
fn is_ahead(recovery: &Recovery, owner: &Item) -> bool {
    !is_done(recovery, owner) && recovery.times.is_since(owner)
}

/// Whether a user is an acting admin after the recovery.
pub(super) fn is_admin_after(
    recovery: &Recovery,
    (then, there): (Option<&Item>, Option<&Item>),
    now: Timestamp,
) -> bool {
    match (then, there) {
        (Some(then), there) => match user(recovery, (then, there), now) {
            Act::PutBack(item) => is_admin(&item),
            _ => there.is_some_and(is_admin),
        },
        (None, Some(there)) => {
            is_admin(there) && removal(recovery, there, None, now) != Act::Remove
        }
        (None, None) => false,
    }
}

/// The fate of any other item that the point has and that differs. An item of `_users` has two users, as they are by now:
/// its own, and another who has its key. So a reservation of a unique value has two records.
pub(super) fn act(
    recovery: &Recovery,
    (then, there): (&Item, Option<&Item>),
    [owner, taker]: [Option<&Item>; 2],
    now: Timestamp,
) -> Act {
    let (kind, times) = (recovery.kind, recovery.times);
    if is_tombstone(kind, then) || times.is_over(then, now) {
        return Act::Same;
    }
    if there.is_some() && (is_count(then) || kind == Kind::Audit) {
        return Act::Same;
    }
    if kind == Kind::Users {
        // A user who went on working keeps what was free by then.
        if taker.is_some_and(|taker| is_ahead(recovery, taker)) {
            return Act::Left;
        }
        return owned(recovery, (then, there), owner);
    }
    // A record that was written since has the values that it has now, and no other.
    if [owner, taker]
        .into_iter()
        .flatten()
        .any(|it| is_ahead(recovery, it))
    {
        return Act::Left;
    }
    match there {
        Some(there) if is_same(kind, then, there) => Act::Same,
        Some(there) if is_stamped(kind) && is_done(recovery, there) => Act::Same,
        Some(there) if times.is_since(there) => Act::Left,
        _ => Act::PutBack(stamped(recovery, then)),
    }
}

/// Whether the items of a table say who has changed them last, and events tell of it.
fn is_stamped(kind: Kind) -> bool {
    matches!(kind, Kind::ApiKeys | Kind::Others | Kind::Deliveries)
}

/// An item that goes back. This recovery has changed it, and not the one who did so at the time. It makes an event, although
/// a restore has brought it once.
fn stamped(recovery: &Recovery, then: &Item) -> Item {
    let mut item = then.clone();
    item.remove(RESTORED);
    if is_stamped(recovery.kind) && item.contains_key(CHANGE) {
        item.insert(CHANGE.to_owned(), recovery.stamp());
    }
    item
}

/// Whether two items say the same. The places of a record in indexes are not of the point: a fill renews them. The mark of a
/// restore is no content.
fn is_same(kind: Kind, then: &Item, there: &Item) -> bool {
    let is_place = |name: &str| {
        let starts = ["by.", "own."];
        name == INDEXED || starts.iter().any(|start| name.starts_with(start))
    };
    let counts = |(name, _): &(&String, &AttributeValue)| {
        *name != RESTORED && (kind != Kind::Records || !is_place(name))
    };
    let of = |item: &'_ Item| -> Vec<(String, AttributeValue)> {
        let mut all: Vec<_> = item
            .iter()
            .filter(counts)
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        all.sort_by(|one, other| one.0.cmp(&other.0));
        all
    };
    of(then) == of(there)
}

/// The fate of an item that belongs to a user. An identity has the version of its user.
fn owned(recovery: &Recovery, (then, there): (&Item, Option<&Item>), owner: Option<&Item>) -> Act {
    let Some(owner) = owner.filter(|it| !is_tombstone(Kind::Users, it)) else {
        // Its user does not come back.
        return Act::Same;
    };
    if is_ahead(recovery, owner) {
        return Act::Left;
    }
    let mut item = then.clone();
    if said(then, "id").is_some_and(|key| key.starts_with(IDENTITIES)) {
        let version = owner.get(VERSION).cloned();
        item.extend(version.map(|version| (VERSION.to_owned(), version)));
    }
    if let Some(there) = there.filter(|it| it.get("user_id") == then.get("user_id")) {
        keep_used(&mut item, there);
    }
    if there == Some(&item) {
        Act::Same
    } else {
        Act::PutBack(item)
    }
}

/// Keeps used what was used since: the step of an app's codes, recovery codes, and the count of a passkey never go back.
/// These writes leave no stamp on their user.
fn keep_used(item: &mut Item, there: &Item) {
    for name in ["last_step", "sign_count", "used_at"] {
        if counted(there, name) > counted(item, name) {
            item.extend(there.get(name).cloned().map(|it| (name.to_owned(), it)));
        }
    }
    // Recovery codes of another generation are other codes.
    if item.get("generation") != there.get("generation") {
        return;
    }
    let numbers = |item: &Item| match item.get("used") {
        Some(AttributeValue::Ns(numbers)) => numbers.iter().cloned().collect(),
        _ => BTreeSet::new(),
    };
    let (used, used_there): (BTreeSet<String>, _) = (numbers(item), numbers(there));
    if used_there.is_superset(&used) {
        item.extend(there.get("used").cloned().map(|it| ("used".to_owned(), it)));
    } else {
        let all = used.union(&used_there).cloned().collect();
        item.insert("used".to_owned(), AttributeValue::Ns(all));
    }
}

/// The fate of an item that the point does not have.
pub(super) fn removal(
    recovery: &Recovery,
    there: &Item,
    owner: Option<&Item>,
    now: Timestamp,
) -> Act {
    let (kind, times) = (recovery.kind, recovery.times);
    if is_count(there) || is_tombstone(kind, there) || times.is_over(there, now) {
        return Act::Same;
    }
    // A second factor that is being enrolled ends by itself.
    if kind == Kind::Users && there.contains_key(PENDING) {
        return Act::Same;
    }
    let is_ahead = match owner {
        Some(owner) => is_ahead(recovery, owner),
        None => times.is_since(there),
    };
    if is_ahead { Act::Left } else { Act::Remove }
}

/// The condition that an item is as it was read.
pub(super) struct Unchanged {
    pub(super) condition: String,
    pub(super) names: HashMap<String, String>,
    pub(super) values: Item,
}

impl Unchanged {
    /// The condition for this item. Where another takes its place, no attribute of that one was added meanwhile.
    pub(super) fn of(item: &Item, after: Option<&Item>) -> Self {
        let mut unchanged = Self {
            condition: String::new(),
            names: HashMap::new(),
            values: Item::new(),
        };
        let mut conditions = Vec::new();
        for (at, (name, value)) in item.iter().enumerate() {
            conditions.push(format!("#c{at} = :c{at}"));
            unchanged.names.insert(format!("#c{at}"), name.clone());
            unchanged.values.insert(format!(":c{at}"), value.clone());
        }
        let added = after.into_iter().flat_map(Item::keys);
        let added = added.filter(|name| !item.contains_key(*name));
        for (at, name) in added.enumerate() {
            conditions.push(format!("attribute_not_exists(#a{at})"));
            unchanged.names.insert(format!("#a{at}"), name.clone());
        }
        unchanged.condition = conditions.join(" AND ");
        unchanged
    }
}

#[cfg(test)]
mod tests;
