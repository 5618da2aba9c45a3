//! A collection's table: records against their keys of indexes and the reservations of their unique values, and
//! reservations against their records.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use api::definition::Index;
use api::sort_key::encode;
use api::{Definition, Error, Id};
use aws_sdk_dynamodb::types::AttributeValue;
use tokio::time::sleep;

use super::{Checked, Finding, LOOKS, Place, Repair, counted, named, said};
use crate::fault;
use crate::item::{Item, number, text};
use crate::operator::backfill::{carried, key_of};
use crate::records::index::unique_name;
use crate::records::record::{StoredRecord, read_record};
use crate::records::reservation::{self, Reserved};
use crate::records::tombstone::is_tombstone;
use crate::tables::Store;

/// Items by their partition and id.
type Found = HashMap<(u64, String), Item>;

impl Store {
    /// Looks over a page of a collection. `ready` are the names that every writer has kept: every record is in them. It reads
    /// the table once, and the reservations or their records once more, strongly consistent.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn check_records(
        &self,
        definition: &Definition,
        ready: &[String],
        from: Option<Place>,
    ) -> Result<Checked, Error> {
        let scan = self.client.scan().table_name(self.table(&definition.name));
        let (items, next) = self.checked_page(scan, from).await?;
        let mut wanted: BTreeMap<(u64, String), Item> = BTreeMap::new();
        for key in items.iter().flat_map(|it| needs(definition, ready, it)) {
            wanted.extend(place(&key).map(|at| (at, key)));
        }
        let found = self.collection_items(definition, wanted.into_values().collect());
        let found = found.await?;
        let mut findings = Vec::new();
        for item in &items {
            if !judge(definition, ready, item, &found).is_empty() {
                findings.extend(self.settled_record(definition, ready, item).await?);
            }
        }
        Ok(Checked {
            findings,
            read: items.len() as u64,
            admins: 0,
            next,
        })
    }

    /// Judges an item by itself and what it names, which are read again until nothing changes in between.
    async fn settled_record(
        &self,
        definition: &Definition,
        ready: &[String],
        item: &Item,
    ) -> Result<Vec<Finding>, Error> {
        for look in 0..LOOKS {
            let Some(item) = self.collection_item(definition, item).await? else {
                return Ok(Vec::new());
            };
            let found = self
                .collection_items(definition, needs(definition, ready, &item))
                .await?;
            if self.collection_item(definition, &item).await?.as_ref() == Some(&item) {
                return Ok(judge(definition, ready, &item, &found));
            }
            sleep(Duration::from_millis(50 << look.min(5))).await;
        }
        let id = said(item, "id").unwrap_or_default();
        Err(Error::unavailable(format!("{id} keeps changing")))
    }

    async fn collection_items(
        &self,
        definition: &Definition,
        keys: Vec<Item>,
    ) -> Result<Found, Error> {
        let items = self.read_all(&definition.name, keys).await?;
        let placed = items.into_iter().filter_map(|it| Some((place(&it)?, it)));
        Ok(placed.collect())
    }

    async fn collection_item(
        &self,
        definition: &Definition,
        item: &Item,
    ) -> Result<Option<Item>, Error> {
        let get = self
            .client
            .get_item()
            .table_name(self.table(&definition.name))
            .set_key(Some(key_of(item)))
            .consistent_read(true);
        Ok(get.send().await.map_err(|error| fault::of(&error))?.item)
    }
}

fn place(item: &Item) -> Option<(u64, String)> {
    Some((counted(item, "shard")?, said(item, "id")?))
}

/// Whether an item is a record, neither a tombstone nor one of the items beside the records.
fn is_record(item: &Item) -> bool {
    let first = u64::from(reservation::SHARDS.start);
    counted(item, "shard").is_some_and(|shard| shard < first) && !is_tombstone(item)
}

/// The unique fields whose values every writer has reserved.
fn unique<'a>(definition: &'a Definition, ready: &[String]) -> BTreeSet<&'a str> {
    let fields = definition.fields.iter().filter(|field| field.unique);
    let names = fields.map(|field| field.name.as_str());
    names
        .filter(|name| ready.contains(&unique_name(name)))
        .collect()
}

/// The field of a reservation; `None` for every other item.
fn field_of(item: &Item) -> Option<String> {
    let shard = counted(item, "shard")?;
    if !reservation::SHARDS.contains(&u16::try_from(shard).ok()?) {
        return None;
    }
    let key = said(item, "id")?;
    let (field, _) = key.strip_prefix("unique#")?.rsplit_once('#')?;
    Some(field.to_owned())
}

fn record_key(record: Id) -> Item {
    Item::from([
        ("shard".to_owned(), number(record.shard())),
        ("id".to_owned(), text(record.to_string())),
    ])
}

/// The keys of the items by which an item is judged.
fn needs(definition: &Definition, ready: &[String], item: &Item) -> Vec<Item> {
    let unique = unique(definition, ready);
    if is_record(item) {
        let Ok(record) = read_record(item.clone()) else {
            return Vec::new();
        };
        let reserved = reservation::of(definition, &record).into_iter();
        let reserved = reserved.filter(|it| unique.contains(it.field.as_str()));
        return reserved.map(|it| it.key).collect();
    }
    let is_judged = field_of(item).is_some_and(|field| unique.contains(field.as_str()));
    let record = named(item, "record").filter(|_| is_judged);
    record.map(record_key).into_iter().collect()
}

/// The contradictions between an item and those that it names.
fn judge(definition: &Definition, ready: &[String], item: &Item, found: &Found) -> Vec<Finding> {
    if is_record(item) {
        return judge_record(definition, ready, item, found);
    }
    let unique = unique(definition, ready);
    match field_of(item) {
        Some(field) if unique.contains(field.as_str()) => {
            judge_reservation(definition, &field, item, found)
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

fn judge_record(
    definition: &Definition,
    ready: &[String],
    item: &Item,
    found: &Found,
) -> Vec<Finding> {
    let id = said(item, "id").unwrap_or_default();
    let wrong = |what: String| Finding::new(&definition.name, &id, what);
    let record = match read_record(item.clone()) {
        Ok(record) => record,
        Err(error) => {
            let cause = error.cause.unwrap_or(error.message);
            return vec![wrong(format!("cannot be read: {cause}"))];
        }
    };
    if counted(item, "shard") != Some(record.id.shard().into()) {
        let what = "is in a partition where no request looks for it";
        return vec![wrong(what.to_owned())];
    }
    let filled = |what: String| Finding {
        needs_fill: true,
        ..wrong(what)
    };
    let (carried, shown) = (carried(item), record.clone().wire(definition));
    let mut findings = Vec::new();
    let mut unmarked: Vec<&String> = ready
        .iter()
        .filter(|name| !carried.contains(*name))
        .collect();
    let is_due = |index: &&Index| {
        let name = index.name();
        ready.contains(&name) && carried.contains(&name)
    };
    for index in definition.indexes.iter().filter(is_due) {
        let name = index.name();
        let key = AttributeValue::B(encode(index, &shown).into());
        if item.get(&name) != Some(&key) {
            findings.push(filled(format!(
                "is at another place of {name} than its values are"
            )));
        }
    }
    let unique = unique(definition, ready);
    for Reserved { field, key } in reservation::of(definition, &record) {
        if !unique.contains(field.as_str()) {
            continue;
        }
        let holder = place(&key).and_then(|at| found.get(&at));
        let what = match holder.map(|it| named(it, "record")) {
            Some(holder) if holder == Some(record.id) => continue,
            None => {
                findings.push(filled(format!(
                    "has a value of `{field}` that is not reserved"
                )));
                continue;
            }
            Some(Some(holder)) => {
                format!("has a value of `{field}` that is reserved for record {holder}")
            }
            Some(None) => format!("has a value of `{field}` whose reservation names no record"),
        };
        // No fill marks such a record.
        let name = unique_name(&field);
        unmarked.retain(|unmarked| **unmarked != name);
        findings.push(wrong(what));
    }
    if !unmarked.is_empty() {
        let names: Vec<&str> = unmarked.iter().map(|name| name.as_str()).collect();
        findings.push(filled(format!(
            "is not marked as one of {}",
            names.join(", ")
        )));
    }
    findings
}

fn judge_reservation(
    definition: &Definition,
    field: &str,
    item: &Item,
    found: &Found,
) -> Option<Finding> {
    let key = said(item, "id").unwrap_or_default();
    let wrong = |what: String| Finding::new(&definition.name, &key, what);
    let Some(holder) = named(item, "record") else {
        return Some(wrong("names no record".to_owned()));
    };
    let free =
        |rev: Option<String>| Repair::Free(definition.name.clone(), key_of(item), holder, rev);
    let record = place(&record_key(holder)).and_then(|at| found.get(&at));
    let Some(record) = record.filter(|it| !is_tombstone(it)) else {
        let what = format!("reserves a value of `{field}` for record {holder}, which is gone");
        return Some(wrong(what).repaired_by(free(None)));
    };
    // The record is told by itself.
    let record: StoredRecord = read_record(record.clone()).ok()?;
    let mut held = reservation::of(definition, &record).into_iter();
    if held.any(|it| place(&it.key) == place(item)) {
        return None;
    }
    let what = format!("reserves a value of `{field}` that record {holder} does not have");
    Some(wrong(what).repaired_by(free(Some(record.rev))))
}

#[cfg(test)]
mod tests;
