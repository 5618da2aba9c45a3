//! Import of records from another system, and export.

use std::collections::{HashMap, HashSet};

use api::definition::USERS;
use api::{Definition, Detail, Error, Id, wire};
use auth::Writer;
use auth::prepare::Creation;
use aws_sdk_dynamodb::types::AttributeValue;

use super::transfer::Position;
use crate::fault;
use crate::item::{Item, number};
use crate::records::record::{StoredRecord, read_record};
use crate::records::reservation::{Claim, moves};
use crate::records::tombstone::is_tombstone;
use crate::tables::Store;

/// The records that a dry run would have made, and their unique values.
#[derive(Debug, Default)]
pub struct Planned {
    /// The records, by their collections.
    records: HashSet<(String, Id)>,
    /// The reservations, by the text of their keys, with their records.
    values: HashMap<String, Id>,
}

/// A part of all records of a collection, in no order.
#[derive(Debug)]
pub struct ExportedRecords {
    /// The records.
    pub records: Vec<wire::Record>,
    /// The position to go on from; `None` at the end.
    pub next: Option<Position>,
}

impl Store {
    /// Checks as [`Store::create`] does whether a record could be made beside those that are planned, which it joins.
    ///
    /// # Errors
    /// Those of [`Store::create`].
    pub async fn plan_record(
        &self,
        definition: &Definition,
        creation: Creation<'_>,
        find: impl Fn(&str) -> Option<&'static Definition>,
        planned: &mut Planned,
        writer: &Writer,
    ) -> Result<(), Error> {
        let related = creation.related.clone();
        let record = StoredRecord::created(creation, writer);
        let steps = [(None, Some(&record))];
        let (claims, _) = moves(definition, &steps).map_err(|(_, field)| Claim::refusal(&field))?;
        let mut values = Vec::new();
        for claim in &claims {
            let (key, record) = claim.holder();
            let name = format!(
                "{} {:?} {:?}",
                definition.name,
                key.get("shard"),
                key.get("id")
            );
            let holder = match planned.values.get(&name) {
                Some(holder) => Some(*holder),
                None => self.reserved_for(definition, key).await?,
            };
            if holder.is_some_and(|holder| holder != record) {
                return Err(Claim::refusal(&claim.field));
            }
            values.push((name, record));
        }
        for related in &related {
            let (collection, id) = (&related.relation.collection, related.relation.id);
            let is_there = match find(collection) {
                _ if collection == USERS => self.user(id).await?.is_some(),
                Some(target) => {
                    planned.records.contains(&(collection.clone(), id))
                        || self.record(target, id).await?.is_some()
                }
                None => false,
            };
            if !is_there {
                let target = if collection == USERS {
                    "a user who"
                } else {
                    "a record that"
                };
                let field = related.relation.field.clone();
                let message = format!("`{field}` names {target} does not exist.");
                return Err(Error::invalid(vec![Detail::new(
                    field,
                    "not-found",
                    message,
                )]));
            }
        }
        planned.values.extend(values);
        planned.records.insert((definition.name.clone(), record.id));
        Ok(())
    }

    /// The record that has reserved a unique value.
    async fn reserved_for(&self, definition: &Definition, key: Item) -> Result<Option<Id>, Error> {
        let get = self
            .client
            .get_item()
            .table_name(self.table(&definition.name))
            .set_key(Some(key))
            .consistent_read(true);
        let item = get.send().await.map_err(|error| fault::of(&error))?.item;
        let holder = item.and_then(|mut item| item.remove("record"));
        match holder {
            None => Ok(None),
            Some(AttributeValue::S(id)) => id.parse().map(Some).map_err(|_| broken()),
            Some(_) => Err(broken()),
        }
    }

    /// Reads some of all records of a collection. Reads the whole table, 1 MB at a time, strongly consistent.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn export_records(
        &self,
        definition: &Definition,
        from: Option<Position>,
    ) -> Result<ExportedRecords, Error> {
        let scan = self
            .client
            .scan()
            .table_name(self.table(&definition.name))
            .consistent_read(true)
            // Reservations and other items lie in the partitions behind.
            .filter_expression("#shard < :shards")
            .expression_attribute_names("#shard", "shard")
            .expression_attribute_values(":shards", number(definition.shards))
            .set_exclusive_start_key(from.map(|position| position.0));
        let output = scan.send().await.map_err(|error| fault::of(&error))?;
        let items = output.items.unwrap_or_default().into_iter();
        let records = items.filter(|item| !is_tombstone(item)).map(read_record);
        let records = records.map(|record| Ok(record?.wire(definition)));
        Ok(ExportedRecords {
            records: records.collect::<Result<_, Error>>()?,
            next: output.last_evaluated_key.map(Position),
        })
    }
}

fn broken() -> Error {
    Error::internal("a reservation without its record")
}
