//! A deployment as a whole: `cargo admin export --all` writes it into a folder, and `cargo admin restore` brings it into an
//! empty deployment.

pub(crate) mod export;
mod manifest;
pub(crate) mod restore;

use std::collections::BTreeMap;

use store::Kept;

/// The most bytes of an item: those of the largest one, with every character escaped and every value with its type.
const MAX_ITEM: usize = 8 * 1024 * 1024;

/// Every part of this deployment.
fn parts() -> Vec<Kept> {
    Kept::all(collections::all())
}

/// The shards of each collection of this checkout.
fn shards() -> BTreeMap<String, u64> {
    let shards = collections::all().map(|it| (it.name.clone(), u64::from(it.shards)));
    shards.collect()
}

/// The file of a part.
fn file_of(kept: &Kept) -> String {
    format!("{}.jsonl", kept.table())
}
