//! The plan: which index changes in which step, and the collections to fill afterwards.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;

use api::Definition;
use serde_yaml_ng::Value;

use super::table::{Table, index_names, table_of};
use crate::names;

/// The most indexes of a table that DynamoDB allows.
pub(super) const MAX_INDEXES: usize = 20;

/// A change of one index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Add(String),
    Drop(String),
}

/// The plan of a walk.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Each step's changes, by logical id of the table.
    pub(super) steps: Vec<BTreeMap<String, Change>>,
    /// Collections, each with the indexes that it gets: old keys of an index of that name are cleared first.
    pub(super) clear: BTreeMap<String, Vec<String>>,
    /// Collections with an index or a unique field to fill.
    pub(super) fill: Vec<String>,
    /// After how many steps they are filled.
    pub(super) fill_after: usize,
}

/// The steps from the deployed state to the drawn one.
pub(super) fn plan(
    present: &BTreeMap<String, Table>,
    drawn: &Value,
    collections: &[&Definition],
) -> Result<Plan, String> {
    let mut plan = Plan::default();
    let mut differs = false;
    for (id, table) in present {
        let Some(wanted) = table_of(drawn, id) else {
            continue;
        };
        for index in &table.indexes {
            if index_named(&wanted, index)
                .is_some_and(|other| other.get("KeySchema") != index.get("KeySchema"))
            {
                return Err(format!(
                    "An index of {id} has another key than deployed: remove it by hand first."
                ));
            }
        }
        differs |= table
            .indexes
            .iter()
            .any(|index| index_named(&wanted, index).is_some_and(|other| other != index));
        let changes = changes(&index_names(&table.indexes), &index_names(&wanted.indexes));
        let added: Vec<String> = changes
            .iter()
            .filter_map(Change::added)
            .map(str::to_owned)
            .collect();
        if let Some(last) = changes.iter().rposition(|change| change.added().is_some()) {
            plan.fill_after = plan.fill_after.max(last + 1);
        }
        for (step, change) in changes.into_iter().enumerate() {
            if plan.steps.len() <= step {
                plan.steps.push(BTreeMap::new());
            }
            plan.steps
                .get_mut(step)
                .map(|tables| tables.insert(id.clone(), change));
        }
        if let Some(collection) = collections
            .iter()
            .find(|it| names::collection(&it.name) == *id)
        {
            // DynamoDB itself fills the index of owners, whose key every record has.
            let declared: Vec<String> = added
                .into_iter()
                .filter(|name| name != "by_owner")
                .collect();
            let unique = wanted
                .metadata
                .unique
                .iter()
                .filter(|field| !table.metadata.unique.contains(field));
            let new: Vec<String> = declared
                .into_iter()
                .chain(unique.map(|field| format!("unique.{field}")))
                .collect();
            if !new.is_empty() {
                plan.fill.push(collection.name.clone());
                plan.clear.insert(collection.name.clone(), new);
            }
        }
    }
    // There is always one deployment: of the code. Indexes that stay and differ get the last one, without other changes.
    if plan.steps.is_empty() || differs {
        plan.steps.push(BTreeMap::new());
    }
    Ok(plan)
}

/// The index of a table that is called as this one.
fn index_named<'a>(table: &'a Table, index: &Value) -> Option<&'a Value> {
    let same = |other: &&Value| other.get("IndexName") == index.get("IndexName");
    table.indexes.iter().find(same)
}

/// One table's changes in their order: new indexes first, since the previous code may need the removed ones until then.
pub(super) fn changes(present: &[String], wanted: &[String]) -> Vec<Change> {
    let mut drops: VecDeque<&String> = present
        .iter()
        .filter(|name| !wanted.contains(name))
        .collect();
    let mut count = present.len();
    let mut changes = Vec::new();
    for name in wanted.iter().filter(|name| !present.contains(name)) {
        // Where the table is full, an index has to be removed first.
        if count >= MAX_INDEXES
            && let Some(drop) = drops.pop_front()
        {
            changes.push(Change::Drop(drop.clone()));
            count -= 1;
        }
        changes.push(Change::Add(name.clone()));
        count += 1;
    }
    changes.extend(drops.into_iter().cloned().map(Change::Drop));
    changes
}

impl Change {
    pub(super) fn added(&self) -> Option<&str> {
        match self {
            Self::Add(name) => Some(name),
            Self::Drop(_) => None,
        }
    }
}

impl Plan {
    pub(super) fn print(&self, files: &[PathBuf]) {
        if self.steps.iter().all(BTreeMap::is_empty) {
            println!("No index changes: one deployment does.");
        }
        for (collection, indexes) in &self.clear {
            println!(
                "- clear keys that {collection} may have of an earlier {}",
                indexes.join(", ")
            );
        }
        for (at, (tables, file)) in self.steps.iter().zip(files).enumerate() {
            println!("{}. deploy {}", at + 1, file.display());
            for (id, change) in tables {
                match change {
                    Change::Add(index) => println!("   {id}: add {index}"),
                    Change::Drop(index) => println!("   {id}: drop {index}"),
                }
            }
            if at + 1 == self.fill_after.max(1) {
                for collection in &self.fill {
                    println!("   then: cargo admin backfill {collection} --all");
                }
            }
        }
    }
}
