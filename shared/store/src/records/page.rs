//! Pages and counts: the results of lists, and what their reads cost.

use api::{Error, wire};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

use super::plan::{Plan, Source};
use super::record::{StoredRecord, read_record};
use crate::item::{Item, Reader};

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
    /// About how many bytes these units have read.
    pub(super) bytes: f64,
}

impl Cost {
    /// The cost of a query. A unit of a strongly consistent read is for 4 KB, else for 8 KB.
    pub(super) fn of(output: &QueryOutput, is_strong: bool) -> Self {
        let units = output
            .consumed_capacity
            .as_ref()
            .and_then(|capacity| capacity.capacity_units)
            .unwrap_or(0.0);
        Self {
            requests: 1,
            units,
            bytes: units * if is_strong { 4096.0 } else { 8192.0 },
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.units += other.units;
        self.bytes += other.bytes;
    }
}

/// The attributes of a record in its stored form, as a projection.
const RECORD: &str = "id, created_by, created_at, updated_at, rev, #owner, #data";

/// Asks for a record's attributes and its key in a plan's order, and for nothing else of an item. The names and the keys
/// of its indexes and its writer cost no units, but a good part of the work of reading a reply.
pub(super) fn with_attributes(query: QueryFluentBuilder, plan: &Plan) -> QueryFluentBuilder {
    let query = query
        .expression_attribute_names("#owner", "owner")
        .expression_attribute_names("#data", "data");
    match &plan.source {
        Source::Table | Source::ByOwner => query.projection_expression(RECORD),
        Source::Declared(index) => query
            .expression_attribute_names("#place", index.name())
            .projection_expression(format!("{RECORD}, #place")),
    }
}

/// A record, and its key in a plan's order.
pub(super) fn keyed(plan: &Plan, mut item: Item) -> Result<(Vec<u8>, StoredRecord), Error> {
    match &plan.source {
        Source::Table | Source::ByOwner => {
            let record = read_record(item)?;
            Ok((record.id.bytes().to_vec(), record))
        }
        Source::Declared(_) => Ok((key(plan, &mut item)?, read_record(item)?)),
    }
}

/// Takes the key in a plan's order out of an item, or out of the key where a query ended.
pub(super) fn key(plan: &Plan, item: &mut Item) -> Result<Vec<u8>, Error> {
    match &plan.source {
        Source::Table | Source::ByOwner => {
            let id = Reader::new("collection", item).id("id")?;
            Ok(id.bytes().to_vec())
        }
        Source::Declared(index) => match item.remove(&index.name()) {
            Some(AttributeValue::B(key)) => Ok(key.into_inner()),
            _ => Err(Error::internal("an item of an index without its key")),
        },
    }
}
