//! A table that goes back to a point in time, from another table that has the items of that point.
//!
//! Every write has the condition that its item is as it was read, so a running stack loses no write of its own. Items that
//! were written since the recovery began are left alone. A repeated run finds what is done already.

mod decision;
mod source;
mod table;
mod users;

use std::collections::{BTreeMap, BTreeSet};

use api::event::Reason;
use api::{Code, Error, Id, Timestamp};
use auth::{User, Writer};
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem, Update};

use self::decision::{Act, Unchanged, act, removal};
use self::source::Described;
use self::table::{Kind, Times, is_admin, keys_of, kind_of};
pub use self::table::{Recovery, Step};
use crate::accounts::admins::ADMINS;
use crate::accounts::parts::Along;
use crate::fault::{self, Cancelled, built};
use crate::item::{Item, number, text};
use crate::operator::backfill::{TRIES, pause};
use crate::operator::check::{Place, named};
use crate::tables::Store;

/// A write of a recovery.
enum Write {
    Put(Put),
    Delete(Delete),
}

/// The results of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// The items read.
    pub read: u64,
    /// The items that are put back, or would be.
    pub put_back: u64,
    /// The items that are removed, or would be.
    pub removed: u64,
    /// The items that were written since the recovery began, or while they were looked at: they are left alone.
    pub left: u64,
    /// The users whose sessions end.
    pub signed_out: u64,
}

impl Copied {
    /// Adds the results of another page.
    pub fn add(&mut self, other: Self) {
        self.read += other.read;
        self.put_back += other.put_back;
        self.removed += other.removed;
        self.left += other.left;
        self.signed_out += other.signed_out;
    }
}

impl Store {
    /// The recovery of a table from another one in the same region, whose making counts as the beginning. `None` where there
    /// is no such other table.
    ///
    /// # Errors
    /// `common/unavailable`; `common/internal`, also where the table cannot go back: the cause says why.
    pub async fn recovery(&self, table: &str, helper: &str) -> Result<Option<Recovery>, Error> {
        let kind = kind_of(table).map_err(refused)?;
        let Some(own) = self.described(&self.table(table)).await? else {
            return Err(refused(format!("the stack has no table {table}")));
        };
        let Some(its) = self.described(helper).await? else {
            return Ok(None);
        };
        if let Some(reason) = its.refusal(&own) {
            return Err(refused(reason));
        }
        let times = Times::new(its.made, kind == Kind::ApiKeys);
        Ok(Some(Recovery {
            kind,
            table: table.to_owned(),
            helper: helper.to_owned(),
            keys: keys_of(table),
            times,
        }))
    }

    /// A table by its whole name.
    async fn described(&self, table: &str) -> Result<Option<Described>, Error> {
        let described = self.client.describe_table().table_name(table).send().await;
        let described = match described {
            Ok(described) => described.table,
            Err(error) => {
                let service = error.as_service_error();
                if service.is_some_and(DescribeTableError::is_resource_not_found_exception) {
                    return Ok(None);
                }
                return Err(fault::of(&error));
            }
        };
        let described =
            described.ok_or_else(|| Error::internal("a table without a description"))?;
        let read = Described::read(table, &described);
        let read = read.ok_or_else(|| Error::internal("a table without a time of its making"))?;
        Ok(Some(read))
    }

    /// Takes a page of a step: compares the items, and where it `writes`, writes what differs. Goes on at the place that it
    /// returns.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn recover(
        &self,
        recovery: &Recovery,
        (step, writes): (Step, bool),
        from: Option<Place>,
        now: Timestamp,
    ) -> Result<(Copied, Option<Place>), Error> {
        let (here, there) = (self.table(&recovery.table), recovery.helper.clone());
        let (source, other) = match step.is_of_point() {
            true => (there, here),
            false => (here, there),
        };
        let scan = self.client.scan().table_name(source);
        let (items, next) = self.checked_page(scan, from).await?;
        let meant = items.iter().filter(|it| recovery.takes(step, it));
        let meant: Vec<&Item> = meant.collect();
        let keys = meant.iter().map(|it| recovery.key(it)).collect();
        let found = self.items_in(&other, keys).await?;
        let found: BTreeMap<String, Item> = found
            .into_iter()
            .map(|it| (recovery.name(&it), it))
            .collect();
        let mut copied = Copied {
            read: items.len() as u64,
            ..Copied::default()
        };
        let mut signed_out = BTreeSet::new();
        for item in meant {
            let other = found.get(&recovery.name(item));
            let items = (item, other);
            if !matches!(step, Step::Admins | Step::Users) {
                let done = self.recover_item(recovery, (step, writes), items, now, &mut signed_out);
                copied.add(done.await?);
            } else if other != Some(item) {
                let done = self.recover_user(recovery, items, writes, now);
                copied.add(done.await?);
            }
        }
        Ok((copied, next))
    }

    /// Takes an item back that is no user, or removes one. The users whose sessions have ended are remembered.
    async fn recover_item(
        &self,
        recovery: &Recovery,
        (step, writes): (Step, bool),
        (item, other): (&Item, Option<&Item>),
        now: Timestamp,
        signed_out: &mut BTreeSet<Id>,
    ) -> Result<Copied, Error> {
        let mut copied = Copied::default();
        let fate = self.fate(recovery, (step, writes), (item, other), now);
        let write = match fate.await? {
            Act::Same => return Ok(copied),
            Act::Left => {
                copied.left = 1;
                return Ok(copied);
            }
            Act::PutBack(item) => put(self.table(&recovery.table), item, other)?,
            Act::Remove => delete(self.table(&recovery.table), recovery.key(item), item)?,
        };
        let is_session = recovery.kind == Kind::Sessions && step.is_of_point();
        let owner = named(item, "user_id").filter(|_| is_session);
        // Before the session is there again: it must not stand in between.
        if let Some(owner) = owner.filter(|it| signed_out.insert(*it)) {
            copied.signed_out = 1;
            if writes {
                self.sign_out(owner, now).await?;
            }
        }
        let is_sent = match step {
            _ if !writes => true,
            Step::NewUsers if is_admin(item) => self.send_together(vec![write], -1).await?,
            _ => self.send_alone(&write).await?,
        };
        match step.is_of_point() {
            _ if !is_sent => copied.left = 1,
            true => copied.put_back = 1,
            false => copied.removed = 1,
        }
        Ok(copied)
    }

    /// The fate of an item that the point has and that is no user, or of one that the point does not have.
    async fn fate(
        &self,
        recovery: &Recovery,
        (step, writes): (Step, bool),
        (item, other): (&Item, Option<&Item>),
        now: Timestamp,
    ) -> Result<Act, Error> {
        if !step.is_of_point() {
            if other.is_some() {
                return Ok(Act::Same);
            }
            let owner = self.owner_of(recovery, item, writes).await?;
            return Ok(removal(recovery, item, owner.as_ref(), now));
        }
        if other == Some(item) {
            return Ok(Act::Same);
        }
        if recovery.kind == Kind::Users
            && !writes
            && self.goes_with_user(recovery, item, now).await?
        {
            return Ok(Act::Same);
        }
        let owner = self.owner_of(recovery, item, writes).await?;
        let taker = other.filter(|it| recovery.owner(it) != recovery.owner(item));
        let taker = match taker {
            Some(taken) => self.owner_of(recovery, taken, writes).await?,
            None => None,
        };
        let users = [owner.as_ref(), taker.as_ref()];
        Ok(act(recovery, (item, other), users, now))
    }

    /// Sends a write, again while the table is busy; `false` where the item has changed since.
    async fn send_alone(&self, write: &Write) -> Result<bool, Error> {
        for tries in 0..TRIES {
            let sent = match write {
                Write::Put(put) => self.put_one(put.clone()).await,
                Write::Delete(delete) => self.delete_one(delete.clone()).await,
            };
            match sent {
                Ok(()) => return Ok(true),
                Err(Cancelled::Conditions(_)) => return Ok(false),
                Err(Cancelled::TooLarge(_)) => return Err(Error::internal("an item is too large")),
                Err(Cancelled::Fault(fault)) if fault.code != Code::Unavailable => {
                    return Err(fault);
                }
                Err(Cancelled::Conflict | Cancelled::Fault(_)) => pause(tries).await,
            }
        }
        Err(Error::unavailable("the table was busy all the time"))
    }

    /// Sends writes as one transaction that also counts so many more acting admins. It goes again while the table is busy.
    /// `false` is for an item that has changed since. An admin less is refused where none would be left: one who was to stay
    /// may have gone meanwhile.
    async fn send_together(&self, writes: Vec<Write>, admins: i8) -> Result<bool, Error> {
        let item = TransactWriteItem::builder;
        let mut items: Vec<TransactWriteItem> = writes
            .into_iter()
            .map(|write| match write {
                Write::Put(put) => item().put(put).build(),
                Write::Delete(delete) => item().delete(delete).build(),
            })
            .collect();
        if admins != 0 {
            let count = Update::builder()
                .table_name(self.users())
                .key(KEY, text(ADMINS))
                .update_expression("ADD #count :more")
                .expression_attribute_names("#count", "count")
                .expression_attribute_values(":more", number(admins));
            let count = match admins < 0 {
                true => count
                    .condition_expression("#count > :one")
                    .expression_attribute_values(":one", number(1)),
                false => count,
            };
            items.push(item().update(count.build().map_err(built)?).build());
        }
        for tries in 0..TRIES {
            let send = self.client.transact_write_items();
            let send = send.set_transact_items(Some(items.clone()));
            let Err(error) = send.send().await else {
                return Ok(true);
            };
            match fault::of_transaction(error) {
                Cancelled::Conditions(failed)
                    if admins < 0 && failed.iter().all(|(at, _)| *at + 1 == items.len()) =>
                {
                    return Err(refused(NO_ADMIN));
                }
                Cancelled::Conditions(_) => return Ok(false),
                Cancelled::TooLarge(_) => return Err(Error::internal("an item is too large")),
                Cancelled::Fault(fault) if fault.code != Code::Unavailable => return Err(fault),
                Cancelled::Conflict | Cancelled::Fault(_) => pause(tries).await,
            }
        }
        Err(Error::unavailable("the table was busy all the time"))
    }

    /// Ends every session of a user, if there is one, by its version.
    async fn sign_out(&self, user: Id, now: Timestamp) -> Result<(), Error> {
        let Some(found) = self.user(user).await? else {
            return Ok(());
        };
        let random = user.bytes().last_chunk().copied().unwrap_or_default();
        let writer = Writer::operator(now, random);
        let raised = |found: &User| {
            Ok(Some(User {
                auth_version: found.auth_version + 1,
                ..found.clone()
            }))
        };
        let along = Along::of(Reason::SessionsEnd);
        match self.change_user(&[], found, &along, &writer, raised).await {
            Err(gone) if gone.code == Code::UserNotFound => Ok(()),
            changed => changed.map(|_| ()),
        }
    }
}

/// The refusal of a write that takes away the last admin.
const NO_ADMIN: &str = "by the number of admins there would be none afterwards: see it with `cargo admin check`, and run `cargo \
    admin promote` for somebody, or `check --repair` where the number is wrong";

/// The refusal of a recovery, for this reason.
fn refused(reason: impl Into<String>) -> Error {
    Error::internal(reason)
}

/// A put on condition that the item is as it was read.
fn put(table: String, item: Item, before: Option<&Item>) -> Result<Write, Error> {
    let unchanged = before.map(|before| Unchanged::of(before, Some(&item)));
    let put = Put::builder().table_name(table).set_item(Some(item));
    let put = match unchanged {
        None => put
            .condition_expression("attribute_not_exists(#k)")
            .expression_attribute_names("#k", KEY),
        Some(unchanged) => put
            .condition_expression(unchanged.condition)
            .set_expression_attribute_names(Some(unchanged.names))
            .set_expression_attribute_values(Some(unchanged.values)),
    };
    put.build().map(Write::Put).map_err(built)
}

/// The key that every table with such items has.
const KEY: &str = "id";

/// A deletion on condition that the item is as it was read.
fn delete(table: String, key: Item, before: &Item) -> Result<Write, Error> {
    let unchanged = Unchanged::of(before, None);
    let delete = Delete::builder()
        .table_name(table)
        .set_key(Some(key))
        .condition_expression(unchanged.condition)
        .set_expression_attribute_names(Some(unchanged.names))
        .set_expression_attribute_values(Some(unchanged.values));
    delete.build().map(Write::Delete).map_err(built)
}
