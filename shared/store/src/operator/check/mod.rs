//! A look over a whole stack: items that contradict each other, and the repairs that need no choice.
//!
//! Tables are read by pages. A contradiction that a page shows may be a write that was under way. So its item is read
//! again, then everything that it names, then the item once more, until it stayed the same.

mod accounts;
mod admins;
mod marks;
mod mend;
mod records;
mod sessions;

use std::collections::HashMap;

use api::{Code, Error, Id};
use auth::User;
use aws_sdk_dynamodb::operation::scan::ScanError;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;

use crate::batch::strong;
use crate::fault;
use crate::item::Item;
use crate::operator::backfill::{TRIES, pause};
use crate::tables::Store;

/// The most items of a page: with the items that they name, a page stays small.
const PAGE: i32 = 250;

/// The most keys of one request.
const KEYS: usize = 100;

/// The most looks at items that keep changing.
const LOOKS: u32 = 8;

/// A contradiction in the tables of a stack.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The table, without the prefix of the deployment.
    pub table: String,
    /// The key of the item; a user's address is in the key of an identity.
    pub id: String,
    /// The trouble, as the rest of a sentence about the item.
    pub what: String,
    /// Whether it is no damage: every stack has such items for a while.
    pub is_harmless: bool,
    /// Whether a fill of its collection repairs it.
    pub needs_fill: bool,
    repair: Option<Repair>,
}

/// The repair of a finding, with everything that it was judged by.
#[derive(Clone, Debug)]
enum Repair {
    /// Puts what this user lacks, where nobody has it.
    Put(Item, Box<User>),
    /// Deletes an item of `_users` that names this user, who is gone, or unchanged and does not have it.
    Delete(String, Id, Option<Box<User>>),
    /// Sets the number of admins, which was this before, to the number of these users.
    Count(Option<u64>, Vec<Id>),
    /// Ends the session of this user.
    End(Id, Id),
    /// Frees a value that is reserved for a record, which is gone or has this revision.
    Free(String, Item, Id, Option<String>),
}

/// The findings of a page.
#[derive(Debug)]
pub struct Checked {
    /// The contradictions, which were looked at twice.
    pub findings: Vec<Finding>,
    /// The number of items read.
    pub read: u64,
    /// The acting admins among them.
    pub admins: u64,
    /// The place to go on from; `None` at the end.
    pub next: Option<Place>,
}

/// A place in a table, between two pages.
#[derive(Clone, Debug)]
pub struct Place(Item);

/// The outcome of a repair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mended {
    /// It is repaired.
    Done,
    /// Another write was faster: it is to be looked at again.
    Changed,
    /// It needs a choice.
    Left,
}

impl Finding {
    fn new(table: &str, id: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            table: table.to_owned(),
            id: id.into(),
            what: what.into(),
            is_harmless: false,
            needs_fill: false,
            repair: None,
        }
    }

    fn repaired_by(self, repair: Repair) -> Self {
        Self {
            repair: Some(repair),
            ..self
        }
    }

    /// Whether a repair needs no choice.
    #[must_use]
    pub fn is_repairable(&self) -> bool {
        self.needs_fill || self.repair.is_some()
    }
}

impl Store {
    /// A page of a table, and the place after it. It waits while the table is busy.
    pub(super) async fn checked_page(
        &self,
        scan: ScanFluentBuilder,
        from: Option<Place>,
    ) -> Result<(Vec<Item>, Option<Place>), Error> {
        let scan = scan
            .consistent_read(true)
            .limit(PAGE)
            .set_exclusive_start_key(from.map(|place| place.0));
        for attempt in 0..TRIES {
            match scan.clone().send().await {
                Ok(output) => {
                    let items = output.items.unwrap_or_default();
                    return Ok((items, output.last_evaluated_key.map(Place)));
                }
                Err(error) => match fault::of(&error) {
                    error if error.code == Code::Unavailable => pause(attempt).await,
                    error => return Err(error),
                },
            }
        }
        Err(Error::unavailable("the table was busy all the time"))
    }

    /// Whether the stack has a table.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn has_table(&self, table: &str) -> Result<bool, Error> {
        let look = self.client.scan().table_name(self.table(table)).limit(1);
        let Err(error) = look.send().await else {
            return Ok(true);
        };
        let service = error.as_service_error();
        if service.is_some_and(ScanError::is_resource_not_found_exception) {
            return Ok(false);
        }
        Err(fault::of(&error))
    }

    /// Reads items of a table by their keys, strongly consistent.
    async fn read_all(&self, table: &str, keys: Vec<Item>) -> Result<Vec<Item>, Error> {
        self.items_in(&self.table(table), keys).await
    }

    /// The same of a table by its whole name.
    pub(super) async fn items_in(&self, table: &str, keys: Vec<Item>) -> Result<Vec<Item>, Error> {
        let mut found = Vec::with_capacity(keys.len());
        for some in keys.chunks(KEYS) {
            let wanted = HashMap::from([(table.to_owned(), strong(some.to_vec())?)]);
            let mut attempt = 0;
            let read = loop {
                match self.batch(wanted.clone()).await {
                    Err(error) if error.code == Code::Unavailable && attempt < TRIES => {
                        pause(attempt).await;
                        attempt += 1;
                    }
                    read => break read?,
                }
            };
            found.extend(read.into_values().flatten());
        }
        Ok(found)
    }
}

/// The text of an attribute.
pub(super) fn said(item: &Item, name: &str) -> Option<String> {
    item.get(name)?.as_s().ok().cloned()
}

/// The id in an attribute.
pub(super) fn named(item: &Item, name: &str) -> Option<Id> {
    said(item, name)?.parse().ok()
}

/// The number in an attribute.
pub(super) fn counted(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// Whether the time of an item is over: TTL removes it.
fn is_over(item: &Item, now: api::Timestamp) -> bool {
    counted(item, "expires_at").is_some_and(|until| until <= now.seconds())
}
