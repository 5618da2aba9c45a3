//! Merges the partitions that a plan reads, and judges their records in the order of the list.

use std::collections::VecDeque;

use api::query::{Comparisons, Filter};
use api::{Definition, Error, wire};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::types::AttributeValue;

use super::page::{Cost, Page, key, keyed};
use super::plan::Plan;
use super::record::StoredRecord;
use super::work::State;
use crate::item::{number, text};
use crate::size;

/// The most bytes of records in one page: a Lambda reply ends at 6 MB.
const MAX_PAGE: usize = 2 * 1024 * 1024;

/// The most bytes of memory that the records of a page take.
const MAX_PAGE_HELD: usize = 32 * 1024 * 1024;

/// The result of a query. Made where the reply arrives, so that no two replies are held as DynamoDB's attributes.
#[derive(Debug)]
pub(super) struct Batch {
    records: Vec<(Vec<u8>, StoredRecord)>,
    /// Everything up to this key has been read; `None` at the end.
    last: Option<Vec<u8>>,
    /// The number of items that were read, with those that the query's filter dropped.
    pub(super) scanned: usize,
    /// The number of those that passed it.
    pub(super) counted: u64,
}

impl Batch {
    pub(super) fn of(plan: &Plan, output: QueryOutput) -> Result<Self, Error> {
        let scanned = usize::try_from(output.scanned_count).unwrap_or(0);
        let counted = u64::try_from(output.count).unwrap_or(0);
        let items = output.items.unwrap_or_default();
        let mut records = Vec::with_capacity(items.len());
        for item in items {
            let (key, record) = keyed(plan, item)?;
            if plan.owner.is_some() && record.owner != plan.owner {
                return Err(Error::internal(
                    "another owner's record in an owner's index",
                ));
            }
            records.push((key, record));
        }
        let last = output.last_evaluated_key;
        let last = last.map(|mut last| key(plan, &mut last)).transpose()?;
        Ok(Self {
            records,
            last,
            scanned,
            counted,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Its records as callers see them.
    pub(super) fn records(self, definition: &Definition) -> impl Iterator<Item = wire::Record> {
        let records = self.records.into_iter();
        records.map(|(_, record)| record.wire(definition))
    }
}

/// A partition of a list, and how far it has been read.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) key: AttributeValue,
    /// Everything up to this key has been read.
    pub(super) after: Option<Vec<u8>>,
    /// The records that were read and not judged yet, in their order.
    waiting: VecDeque<Waiting>,
    pub(super) exhausted: bool,
}

/// A record, its place in the order, and the bytes of memory that it takes.
#[derive(Debug)]
struct Waiting {
    key: Vec<u8>,
    record: wire::Record,
    held: usize,
}

impl Partition {
    pub(super) fn all(definition: &Definition, plan: &Plan, position: Option<&[u8]>) -> Vec<Self> {
        let exhausted = plan.range(position).is_none();
        let new = |key| Self {
            key,
            after: position.map(<[u8]>::to_vec),
            waiting: VecDeque::new(),
            exhausted,
        };
        match &plan.owner {
            Some(owner) => vec![new(text(owner))],
            None => (0..definition.shards)
                .map(|shard| new(number(shard)))
                .collect(),
        }
    }

    /// Notes how far a batch has read.
    pub(super) fn pass(&mut self, plan: &Plan, batch: &Batch) {
        match &batch.last {
            None => self.exhausted = true,
            Some(last) => {
                self.after = Some(last.clone());
                self.exhausted = plan.range(Some(last)).is_none();
            }
        }
    }

    fn is_empty_and_open(&self) -> bool {
        self.waiting.is_empty() && !self.exhausted
    }
}

/// The merge of a list's partitions in the order of their plan.
///
/// An unread record of one partition may belong before the records of another. So no record is judged before every
/// unfinished partition has one waiting, or was read past its place.
pub(super) struct Merge<'a> {
    definition: &'a Definition,
    plan: &'a Plan,
    filter: &'a Filter,
    limit: usize,
    allowed: Comparisons,
    made: Comparisons,
    pub(super) partitions: Vec<Partition>,
    found: Vec<wire::Record>,
    /// The bytes of those in a reply, and in memory.
    bytes: usize,
    page_held: usize,
    /// Everything up to this key has been judged.
    judged_to: Option<Vec<u8>>,
    end: End,
    state: State,
}

/// The reason why no further record is judged.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// There is none.
    Open,
    /// Another record passes, and the page is full.
    Full,
    /// The comparisons are used up.
    Spent,
}

impl<'a> Merge<'a> {
    pub(super) fn new(
        definition: &'a Definition,
        (plan, filter): (&'a Plan, &'a Filter),
        partitions: Vec<Partition>,
        limit: usize,
        allowed: Comparisons,
    ) -> Self {
        Self {
            definition,
            plan,
            filter,
            limit,
            allowed,
            made: Comparisons::default(),
            partitions,
            found: Vec::new(),
            bytes: 0,
            page_held: 0,
            judged_to: None,
            end: End::Open,
            state: State::default(),
        }
    }

    /// The state before a round, after `read` bytes.
    pub(super) fn state(&self, read: f64) -> State {
        State {
            read,
            found: self.found.len(),
            open: self.partitions.iter().filter(|one| !one.exhausted).count(),
            ..self.state
        }
    }

    /// The partitions to read on, each with the number of records that it lacks; none where the list ends. A round that
    /// is needed for one partition fills up those that come next.
    pub(super) fn wanting(&self, take: usize) -> Vec<(usize, usize)> {
        let lack = |(index, one): (usize, &Partition)| {
            let few = one.waiting.is_empty() || one.waiting.len() * 2 < take;
            let lack = take.saturating_sub(one.waiting.len()).max(1);
            (!one.exhausted && few).then_some((index, lack))
        };
        self.partitions
            .iter()
            .enumerate()
            .filter_map(lack)
            .collect()
    }

    /// Whether the list needs no further read.
    pub(super) fn is_done(&self) -> bool {
        self.end != End::Open || !self.partitions.iter().any(Partition::is_empty_and_open)
    }

    /// Lays the records of a batch to those of its partition.
    pub(super) fn take(&mut self, index: usize, batch: Batch) {
        let Some(partition) = self.partitions.get_mut(index) else {
            return;
        };
        partition.pass(self.plan, &batch);
        self.state.scanned += batch.scanned;
        partition.waiting.reserve(batch.records.len());
        for (key, record) in batch.records {
            let record = record.wire(self.definition);
            let held = size::in_memory(&record.fields);
            self.state.held += held;
            partition.waiting.push_back(Waiting { key, record, held });
        }
    }

    /// Judges the records whose place is certain, until the page is full or the comparisons are used up.
    pub(super) fn judge(&mut self) {
        while self.end == End::Open
            && let Some(next) = self.next()
        {
            self.state.judged += 1;
            if !self.filter.judge(&next.record, &mut self.made) {
                self.state.held -= next.held;
                self.judged_to = Some(next.key);
            } else if !self.keep(next) {
                self.end = End::Full;
            }
            if self.end == End::Open && self.made >= self.allowed {
                self.end = End::Spent;
            }
        }
    }

    /// Keeps a record for the page, unless that is full.
    fn keep(&mut self, next: Waiting) -> bool {
        let (bytes, held) = (
            self.bytes + size::in_reply(&next.record.fields),
            self.page_held + next.held,
        );
        let fits = bytes <= MAX_PAGE && held <= MAX_PAGE_HELD;
        if self.found.len() == self.limit || !(fits || self.found.is_empty()) {
            return false;
        }
        (self.bytes, self.page_held) = (bytes, held);
        self.judged_to = Some(next.key);
        self.found.push(next.record);
        true
    }

    /// Takes the next record of the list, if its place is certain.
    fn next(&mut self) -> Option<Waiting> {
        let heads = self.partitions.iter().enumerate();
        let heads = heads.filter_map(|(at, one)| Some((at, &one.waiting.front()?.key)));
        let (at, first) = heads.min_by(|(_, a), (_, b)| self.plan.compare(a, b))?;
        let is_before = |end: &Vec<u8>| self.plan.compare(first, end).is_le();
        let mut unread = self.partitions.iter().filter(|one| one.is_empty_and_open());
        if !unread.all(|one| one.after.as_ref().is_some_and(is_before)) {
            return None;
        }
        self.partitions.get_mut(at)?.waiting.pop_front()
    }

    /// The page. Where the list was not read to its end, the next page begins where every partition has come to.
    pub(super) fn finish(self, cost: Cost) -> Page {
        let open = self.partitions.iter();
        let open = open.filter(|one| one.is_empty_and_open());
        let complete_to = open.filter_map(|one| one.after.clone());
        let complete_to = complete_to.min_by(|a, b| self.plan.compare(a, b));
        let is_left = |one: &Partition| !one.exhausted || !one.waiting.is_empty();
        let next = match self.end {
            End::Full => self.judged_to,
            End::Spent if self.partitions.iter().any(is_left) => self.judged_to,
            End::Spent | End::Open => complete_to,
        };
        Page {
            records: self.found,
            next,
            cost,
        }
    }
}

#[cfg(test)]
mod tests;
