//! Pages: merges the partitions that a plan reads.

use api::query::Filter;
use api::{Definition, Error, wire};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::types::AttributeValue;

use super::plan::{Plan, Source};
use super::record::read_record;
use crate::item::{Item, Reader, number, text};
use crate::size;

/// The most rounds of queries of a list that finds mostly tombstones.
const MAX_ROUNDS: usize = 4;

/// The most bytes of records in one page: a Lambda reply ends at 6 MB.
const MAX_PAGE: usize = 2 * 1024 * 1024;

/// The most queries of a list whose filter no index serves; one for each shard where there are more shards.
const MAX_QUERIES: usize = 4;

/// About how many bytes such a list may read.
const MAX_READ: f64 = 1024.0 * 1024.0;

/// The most records that the first queries of such a list read, while their size is unknown.
const MAX_FIRST: usize = 1000;

/// The records of one page, in the order of its plan.
#[derive(Clone, Debug)]
pub struct Page {
    /// The records.
    pub records: Vec<wire::Record>,
    /// The key before the next page; `None` at the end.
    pub next: Option<Vec<u8>>,
    /// The cost of the reads.
    pub cost: Cost,
}

/// The number of records.
#[derive(Clone, Debug, PartialEq)]
pub struct Count {
    /// The number of records found.
    pub count: u64,
    /// Whether these are all records.
    pub exact: bool,
    /// The cost of the reads.
    pub cost: Cost,
}

/// The cost of a read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// The number of queries.
    pub requests: u32,
    /// The read capacity units.
    pub units: f64,
}

impl Cost {
    pub(super) fn add(&mut self, output: &QueryOutput) {
        self.requests += 1;
        self.units += output
            .consumed_capacity
            .as_ref()
            .and_then(|capacity| capacity.capacity_units)
            .unwrap_or(0.0);
    }

    /// About how many bytes these units have read: 4 KB for a unit of a strongly consistent read, else 8 KB.
    pub(super) fn bytes(&self, plan: &Plan) -> f64 {
        self.units
            * if plan.source == Source::Table {
                4096.0
            } else {
                8192.0
            }
    }
}

/// The key of an item in a plan's order.
fn key(plan: &Plan, item: &mut Item) -> Result<Vec<u8>, Error> {
    match &plan.source {
        Source::Table | Source::ByOwner => {
            let mut id = Item::from_iter(item.get("id").map(|id| ("id".to_owned(), id.clone())));
            Ok(Reader::new("collection", &mut id)
                .id("id")?
                .bytes()
                .to_vec())
        }
        Source::Declared(index) => match item.remove(&index.name()) {
            Some(AttributeValue::B(key)) => Ok(key.into_inner()),
            _ => Err(Error::internal("an item of an index without its key")),
        },
    }
}

/// The work that a list may still do.
pub(super) struct Work {
    /// Whether the list has the smaller limits of a filter that no index serves.
    bounded: bool,
    rounds: usize,
    round: usize,
    partitions: usize,
    limit: usize,
    /// The number of records read.
    pub(super) scanned: usize,
}

impl Work {
    pub(super) fn new(plan: &Plan, partitions: usize, limit: usize) -> Self {
        let rounds = if plan.residual {
            (MAX_QUERIES / partitions.max(1)).max(1)
        } else {
            MAX_ROUNDS
        };
        Self {
            bounded: plan.residual,
            rounds,
            round: 0,
            partitions,
            limit,
            scanned: 0,
        }
    }

    /// The number of records that each of the next `queries` reads; `None` where the list ends. `read` bytes have been
    /// read, and `found` records pass.
    pub(super) fn next(&mut self, queries: usize, read: f64, found: usize) -> Option<usize> {
        if queries == 0 || self.round == self.rounds {
            return None;
        }
        let round = self.round;
        self.round += 1;
        // One record more than the page tells whether another follows. A round without result makes the next one read
        // eight times as far: a list must not look empty because its newest records were deleted.
        let page = self.limit.saturating_add(1);
        if !self.bounded {
            return Some(page << (3 * round));
        }
        let is_last = self.round == self.rounds;
        if round == 0 {
            let all = if is_last {
                MAX_FIRST
            } else {
                (page * 4).min(MAX_FIRST)
            };
            return Some(all.div_ceil(self.partitions.max(1)));
        }
        let per_record = (read / self.scanned.max(1) as f64).max(1.0);
        let affordable = ((MAX_READ - read) / per_record / queries as f64).floor();
        if affordable < 1.0 {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 1 to a million"
        )]
        let affordable = affordable as usize;
        let enough = match found {
            0 if is_last => affordable,
            0 => page << (3 * round + 2),
            // Read half as many again as the results so far predict.
            found => (page * self.scanned * 3 / (found * 2))
                .saturating_sub(self.scanned)
                .div_ceil(queries),
        };
        Some(enough.max(page).min(affordable))
    }
}

/// A partition of a list, and how far it has been read.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) key: AttributeValue,
    /// Everything up to this key has been read.
    pub(super) after: Option<Vec<u8>>,
    pub(super) found: Vec<Found>,
    pub(super) exhausted: bool,
    /// Whether the partition ends for this request.
    pub(super) full: bool,
}

/// A record, and its place in the order.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) key: Vec<u8>,
    pub(super) record: wire::Record,
}

impl Partition {
    pub(super) fn all(definition: &Definition, plan: &Plan, position: Option<&[u8]>) -> Vec<Self> {
        let exhausted = plan.range(position).is_none();
        let after = position.map(<[u8]>::to_vec);
        let new = |key| Self {
            key,
            after: after.clone(),
            found: Vec::new(),
            exhausted,
            full: false,
        };
        match &plan.owner {
            Some(owner) => vec![new(text(owner))],
            None => (0..definition.shards)
                .map(|shard| new(number(shard)))
                .collect(),
        }
    }

    pub(super) fn take(
        &mut self,
        definition: &Definition,
        plan: &Plan,
        filter: &Filter,
        output: QueryOutput,
    ) -> Result<(), Error> {
        for mut item in output.items.unwrap_or_default() {
            let key = key(plan, &mut item)?;
            let record = read_record(item)?;
            if plan.owner.is_some() && record.owner != plan.owner {
                return Err(Error::internal(
                    "another owner's record in an owner's index",
                ));
            }
            let record = record.wire(definition);
            if filter.matches(&record) {
                self.found.push(Found { key, record });
            }
        }
        match output.last_evaluated_key {
            None => self.exhausted = true,
            Some(mut last) => {
                self.after = Some(key(plan, &mut last)?);
                self.exhausted = plan.range(self.after.as_deref()).is_none();
            }
        }
        Ok(())
    }
}

/// The partitions to read on for a full page: those that may hold a record before its end.
pub(super) fn wanting(plan: &Plan, partitions: &[Partition], limit: usize) -> Vec<usize> {
    let mut keys: Vec<&[u8]> = partitions
        .iter()
        .flat_map(|one| &one.found)
        .map(|found| found.key.as_slice())
        .collect();
    keys.sort_by(|a, b| plan.compare(a, b));
    let end = keys.get(limit);
    let wants = |one: &Partition| {
        let behind = |after: &Vec<u8>| end.is_none_or(|end| plan.compare(after, end).is_lt());
        !one.exhausted && !one.full && one.after.as_ref().is_none_or(behind)
    };
    partitions
        .iter()
        .enumerate()
        .filter(|(_, one)| wants(one))
        .map(|(index, _)| index)
        .collect()
}

/// Merges the partitions of a list in the order of their plan.
///
/// An unread record of one partition may belong before the records of another. So the page ends at the first position
/// that an unfinished partition has reached.
pub(super) fn merge(plan: &Plan, partitions: Vec<Partition>, limit: usize, cost: Cost) -> Page {
    let unfinished = partitions
        .iter()
        .filter(|one| !one.exhausted)
        .filter_map(|one| one.after.clone());
    let complete_to = unfinished.min_by(|a, b| plan.compare(a, b));
    let is_complete = |found: &Found| {
        complete_to
            .as_ref()
            .is_none_or(|end| plan.compare(&found.key, end).is_le())
    };
    let mut found: Vec<Found> = partitions
        .into_iter()
        .flat_map(|one| one.found)
        .filter(is_complete)
        .collect();
    found.sort_by(|a, b| plan.compare(&a.key, &b.key));
    let mut bytes = 0;
    let fits = found.iter().take(limit).take_while(|found| {
        let first = bytes == 0;
        bytes += size::in_reply(&found.record.fields);
        first || bytes <= MAX_PAGE
    });
    let fits = fits.count();
    let next = if found.len() > fits {
        found.truncate(fits);
        found.last().map(|found| found.key.clone())
    } else {
        complete_to
    };
    Page {
        records: found.into_iter().map(|found| found.record).collect(),
        next,
        cost,
    }
}

#[cfg(test)]
mod tests {
    use api::{Id, Timestamp};
    use serde_json::{Map, json};

    use super::*;

    const NEWEST_FIRST: Plan = Plan {
        source: Source::Table,
        owner: None,
        backward: true,
        lower: None,
        upper: None,
        residual: false,
    };

    fn found(millis: u64, bytes: usize) -> Found {
        let at = Timestamp::from_millis(millis);
        let id = Id::new(at, [0; 10]);
        let fields = Map::from_iter([("text".to_owned(), json!("x".repeat(bytes)))]);
        let record = wire::Record {
            id,
            created_at: at,
            updated_at: at,
            created_by: None,
            owner: None,
            fields,
        };
        Found {
            key: id.bytes().to_vec(),
            record,
        }
    }

    fn partition(times: &[u64], read_to: Option<u64>) -> Partition {
        Partition {
            key: number(0),
            after: read_to.map(|millis| found(millis, 0).key),
            found: times.iter().map(|millis| found(*millis, 1)).collect(),
            exhausted: read_to.is_none(),
            full: false,
        }
    }

    fn page(plan: &Plan, partitions: Vec<Partition>, limit: usize) -> (Vec<u64>, Option<u64>) {
        let page = merge(plan, partitions, limit, Cost::default());
        let times = page
            .records
            .iter()
            .map(|record| record.created_at.millis())
            .collect();
        let time =
            |key: Vec<u8>| Id::from_bytes(key.try_into().ok()?).map(|id| id.created_at().millis());
        (times, page.next.and_then(time))
    }

    #[test]
    fn partitions_are_put_together_in_order() {
        let two = || vec![partition(&[9, 5, 1], None), partition(&[8, 6, 2], None)];
        assert_eq!(
            page(&NEWEST_FIRST, two(), 10),
            (vec![9, 8, 6, 5, 2, 1], None)
        );
        assert_eq!(
            page(&NEWEST_FIRST, two(), 6),
            (vec![9, 8, 6, 5, 2, 1], None)
        );
        assert_eq!(page(&NEWEST_FIRST, two(), 4), (vec![9, 8, 6, 5], Some(5)));
        assert_eq!(
            page(&NEWEST_FIRST, vec![partition(&[], None)], 4),
            (vec![], None)
        );
        let forward = Plan {
            backward: false,
            ..NEWEST_FIRST
        };
        assert_eq!(page(&forward, two(), 4), (vec![1, 2, 5, 6], Some(6)));
        assert_eq!(
            page(
                &forward,
                vec![partition(&[1, 5], Some(5)), partition(&[2], Some(3))],
                4
            ),
            (vec![1, 2], Some(3))
        );
    }

    #[test]
    fn a_page_ends_where_an_unfinished_partition_has_come_to() {
        // The second may still hold 7, 6, 5 and 4: a page with 5 would skip them.
        let unread = vec![partition(&[9, 5, 1], None), partition(&[8], Some(8))];
        assert_eq!(wanting(&NEWEST_FIRST, &unread, 10), [1]);
        assert_eq!(
            wanting(&NEWEST_FIRST, &unread, 1),
            [0; 0],
            "9 and 8 are enough to know of more"
        );
        assert_eq!(page(&NEWEST_FIRST, unread, 10), (vec![9, 8], Some(8)));
        // Partition with tombstones only, down to 3: the page is empty, and the list goes on from there.
        assert_eq!(
            page(&NEWEST_FIRST, vec![partition(&[], Some(3))], 10),
            (vec![], Some(3))
        );
    }

    #[test]
    fn a_page_is_bounded_in_bytes_and_never_empty_of_what_it_can_show() {
        let mut heavy = partition(&[], None);
        heavy.found = (1..=5).map(|millis| found(millis, MAX_PAGE / 2)).collect();
        assert_eq!(page(&NEWEST_FIRST, vec![heavy], 10), (vec![5], Some(5)));
    }

    #[test]
    fn an_unserved_filter_is_bounded_work() {
        let residual = Plan {
            residual: true,
            ..NEWEST_FIRST
        };
        let takes = |partitions: usize, limit: usize, bytes: f64, hits: usize| {
            let mut work = Work::new(&residual, partitions, limit);
            let mut takes = Vec::new();
            while let Some(take) = work.next(
                partitions,
                work.scanned as f64 * bytes,
                work.scanned * hits / 100,
            ) {
                takes.push(take);
                work.scanned += take * partitions;
            }
            (takes, work.scanned as f64 * bytes)
        };
        for (partitions, limit, bytes, hits, expected) in [
            (1, 20, 100.0, 0, vec![84, 672, 5376, 4353]),
            (1, 20, 1000.0, 0, vec![84, 672, 292]),
            (1, 20, 1000.0, 10, vec![84, 246, 21, 21]),
            (2, 20, 500.0, 0, vec![42, 1006]),
            (3, 20, 500.0, 0, vec![334]),
            (16, 100, 500.0, 0, vec![63]),
            (1, 100, 2000.0, 0, vec![404, 120]),
        ] {
            let (takes, read) = takes(partitions, limit, bytes, hits);
            assert_eq!(
                takes, expected,
                "{partitions} partitions of records of {bytes} bytes"
            );
            assert!(
                read <= MAX_READ * 1.6 && takes.len() * partitions <= MAX_QUERIES.max(partitions),
                "{read}"
            );
        }
    }
}
