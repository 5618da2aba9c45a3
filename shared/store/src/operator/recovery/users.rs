//! Users who go back: none of their sessions stands afterwards, and one admin at least is left.

use std::collections::{BTreeMap, BTreeSet};

use api::{Error, Timestamp};
use auth::user::ADMIN;

use super::decision::{self, Act, act, is_admin_after};
use super::table::{Kind, Recovery, is_admin};
use super::{Copied, put};
use crate::accounts::stamp::CHANGE;
use crate::accounts::users::{VERSION, identity_key};
use crate::events::stream::RESTORED;
use crate::fault;
use crate::item::{Item, number, text};
use crate::operator::check::{counted, said};
use crate::tables::Store;

impl Store {
    /// Takes a user back, with the identity of the address in the same write: otherwise an interrupted run would lock the user
    /// out. The number of admins changes with it.
    pub(super) async fn recover_user(
        &self,
        recovery: &Recovery,
        (then, there): (&Item, Option<&Item>),
        writes: bool,
        now: Timestamp,
    ) -> Result<Copied, Error> {
        let mut copied = Copied::default();
        let user = match self.act_on_user(recovery, then, there, now).await? {
            Act::Same | Act::Remove => return Ok(copied),
            Act::Left => {
                copied.left = 1;
                return Ok(copied);
            }
            Act::PutBack(user) => user,
        };
        let admins = i8::from(is_admin(&user)) - i8::from(there.is_some_and(is_admin));
        let mut all = Vec::new();
        if let Some((identity, before)) = self.identity_with(recovery, &user, now).await? {
            all.push(put(self.users(), identity, before.as_ref())?);
        }
        all.push(put(self.users(), user, there)?);
        let put_back = all.len() as u64;
        if writes && !self.send_together(all, admins).await? {
            copied.left = 1;
            return Ok(copied);
        }
        copied.put_back = put_back;
        copied.signed_out = 1;
        Ok(copied)
    }

    /// The identity of the address of a user who goes back, and the one that it takes the place of.
    async fn identity_with(
        &self,
        recovery: &Recovery,
        user: &Item,
        now: Timestamp,
    ) -> Result<Option<(Item, Option<Item>)>, Error> {
        let Some(email) = said(user, "email") else {
            return Ok(None);
        };
        let key = || vec![Item::from([("id".to_owned(), text(identity_key(&email)))])];
        let then = self.items_in(&recovery.helper, key()).await?.pop();
        let Some(then) = then.filter(|it| it.get("user_id") == user.get("id")) else {
            return Ok(None);
        };
        let there = self
            .items_in(&self.table(&recovery.table), key())
            .await?
            .pop();
        let taken = there.as_ref();
        let taken = taken.filter(|it| it.get("user_id") != user.get("id"));
        let taker = match taken {
            Some(taken) => self.owner_of(recovery, taken, true).await?,
            None => None,
        };
        let users = [Some(user), taker.as_ref()];
        match act(recovery, (&then, there.as_ref()), users, now) {
            Act::PutBack(identity) => Ok(Some((identity, there))),
            _ => Ok(None),
        }
    }

    /// Whether an item is an identity that goes back with its user. A run that writes nothing would count it twice.
    pub(super) async fn goes_with_user(
        &self,
        recovery: &Recovery,
        item: &Item,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let Some(owner) = recovery.owner(item) else {
            return Ok(false);
        };
        let key = || vec![owner.clone()];
        let then = self.items_in(&recovery.helper, key()).await?.pop();
        let Some(then) = then else {
            return Ok(false);
        };
        let address = said(&then, "email").map(|email| identity_key(&email));
        if address.is_none() || address != said(item, "id") {
            return Ok(false);
        }
        let there = self
            .items_in(&self.table(&recovery.table), key())
            .await?
            .pop();
        if there.as_ref() == Some(&then) {
            return Ok(false);
        }
        let fate = decision::user(recovery, (&then, there.as_ref()), now);
        Ok(matches!(fate, Act::PutBack(_)))
    }

    /// Whether a recovery of `_users` would leave nobody who is an admin, although there is one now or was at the time.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn leaves_no_admin(
        &self,
        recovery: &Recovery,
        now: Timestamp,
    ) -> Result<bool, Error> {
        if recovery.kind != Kind::Users {
            return Ok(false);
        }
        let here = self.table(&recovery.table);
        let mut keys = BTreeSet::new();
        for table in [&here, &recovery.helper] {
            keys.extend(self.admins_in(table).await?);
        }
        let key = |key: &String| Item::from([("id".to_owned(), text(key))]);
        let all: Vec<Item> = keys.iter().map(key).collect();
        let then = self.items_in(&recovery.helper, all.clone()).await?;
        let there = self.items_in(&here, all).await?;
        let by_key = |items: Vec<Item>| -> BTreeMap<String, Item> {
            let items = items.into_iter();
            items
                .filter_map(|it| Some((said(&it, "id")?, it)))
                .collect()
        };
        let (then, there) = (by_key(then), by_key(there));
        let stays = |key: &String| is_admin_after(recovery, (then.get(key), there.get(key)), now);
        Ok(!keys.is_empty() && !keys.iter().any(stays))
    }

    /// The keys of the acting admins in a table with users.
    async fn admins_in(&self, table: &str) -> Result<Vec<String>, Error> {
        let (mut from, mut admins) = (None, Vec::new());
        loop {
            let scan = self
                .client
                .scan()
                .table_name(table)
                .filter_expression("#role = :admin")
                .expression_attribute_names("#role", "role")
                .expression_attribute_values(":admin", text(ADMIN));
            let (items, next) = self.checked_page(scan, from).await?;
            let acting = items.iter().filter(|it| is_admin(it));
            admins.extend(acting.filter_map(|it| said(it, "id")));
            from = next;
            if from.is_none() {
                return Ok(admins);
            }
        }
    }

    /// The fate of a user. One who is put back gets a version above every one that the user or a session has ever had.
    pub(super) async fn act_on_user(
        &self,
        recovery: &Recovery,
        then: &Item,
        there: Option<&Item>,
        now: Timestamp,
    ) -> Result<Act, Error> {
        let Act::PutBack(mut item) = decision::user(recovery, (then, there), now) else {
            return Ok(decision::user(recovery, (then, there), now));
        };
        let id = said(then, "id").unwrap_or_default();
        let versions = [Some(then), there].into_iter().flatten();
        let highest = versions.filter_map(|it| counted(it, VERSION)).max();
        let of_sessions = self.highest_version_of_sessions(id).await?;
        let version = highest.max(of_sessions).unwrap_or_default() + 1;
        item.insert(VERSION.to_owned(), number(version));
        item.insert(CHANGE.to_owned(), recovery.stamp());
        // Otherwise a user whom a restore has brought once would make no event.
        item.remove(RESTORED);
        Ok(Act::PutBack(item))
    }

    async fn highest_version_of_sessions(&self, user: String) -> Result<Option<u64>, Error> {
        let (mut from, mut highest) = (None, None);
        loop {
            let query = self
                .client
                .query()
                .table_name(self.sessions())
                .key_condition_expression("#user = :user")
                .projection_expression("#version")
                .expression_attribute_names("#user", "user_id")
                .expression_attribute_names("#version", VERSION)
                .expression_attribute_values(":user", text(&user))
                .consistent_read(true)
                .set_exclusive_start_key(from);
            let output = query.send().await.map_err(|error| fault::of(&error))?;
            let items = output.items.unwrap_or_default();
            let versions = items.iter().filter_map(|it| counted(it, VERSION));
            highest = highest.max(versions.max());
            from = output.last_evaluated_key;
            if from.is_none() {
                return Ok(highest);
            }
        }
    }

    /// The user to whom an item of `_users` belongs, or the record of a reservation, as the stack has it. Before anything is
    /// written, the one of the point stands for one that is not there yet.
    pub(super) async fn owner_of(
        &self,
        recovery: &Recovery,
        item: &Item,
        writes: bool,
    ) -> Result<Option<Item>, Error> {
        let Some(owner) = recovery.owner(item) else {
            return Ok(None);
        };
        let key = || vec![owner.clone()];
        let mut found = self.items_in(&self.table(&recovery.table), key()).await?;
        if found.is_empty() && !writes {
            found = self.items_in(&recovery.helper, key()).await?;
        }
        Ok(found.pop())
    }
}
