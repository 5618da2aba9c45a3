//! The audit log as an operator takes it away: every entry of a time, the oldest first.

use std::collections::VecDeque;

use api::tables::AUDIT;
use api::wire::AuditEntry;
use api::{Error, Id};

use crate::events::audit::{SHARDS, read};
use crate::fault;
use crate::item::{Item, id, text};
use crate::tables::Store;

/// A walk through the audit log, the oldest entries first.
pub struct AuditWalk<'a> {
    store: &'a Store,
    from: Option<Id>,
    to: Option<Id>,
    parts: [Part; 4],
}

/// The entries of a partition that were read and not yet given, and where it goes on.
#[derive(Default)]
struct Part {
    read: VecDeque<AuditEntry>,
    start: Option<Item>,
    is_done: bool,
}

impl Store {
    /// Begins a walk through the entries from the id `from` on, or from the first, to that before `to`, or to the last.
    #[must_use]
    pub fn walk_audit(&self, from: Option<Id>, to: Option<Id>) -> AuditWalk<'_> {
        AuditWalk {
            store: self,
            from,
            to,
            parts: Default::default(),
        }
    }
}

impl AuditWalk<'_> {
    /// The next entries, some thousands at most; none at the end. 0.5 RRU per 4 KB.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn next(&mut self) -> Result<Vec<AuditEntry>, Error> {
        let mut entries = Vec::new();
        while entries.is_empty() && self.parts.iter().any(Part::has_more) {
            let (store, range) = (self.store, (self.from, self.to));
            let [a, b, c, d] = &mut self.parts;
            tokio::try_join!(
                fill(store, a, SHARDS[0], range),
                fill(store, b, SHARDS[1], range),
                fill(store, c, SHARDS[2], range),
                fill(store, d, SHARDS[3], range)
            )?;
            // An entry comes next where every partition has told its own next one.
            while let Some(entry) = self.oldest() {
                entries.push(entry);
            }
        }
        Ok(entries)
    }

    /// Takes the oldest of the entries that were read; `None` where a partition may have an older one.
    fn oldest(&mut self) -> Option<AuditEntry> {
        if self.parts.iter().any(Part::is_hungry) {
            return None;
        }
        let first = |part: &Part| part.read.front().map(|entry| entry.id);
        let parts = self.parts.iter_mut().filter(|part| !part.read.is_empty());
        parts.min_by_key(|part| first(part))?.read.pop_front()
    }
}

impl Part {
    fn is_hungry(&self) -> bool {
        self.read.is_empty() && !self.is_done
    }

    fn has_more(&self) -> bool {
        !self.read.is_empty() || !self.is_done
    }
}

/// Reads on in a partition that has given everything, up to 1 MB.
async fn fill(
    store: &Store,
    part: &mut Part,
    shard: &str,
    (from, to): (Option<Id>, Option<Id>),
) -> Result<(), Error> {
    if !part.is_hungry() {
        return Ok(());
    }
    let query = store
        .client
        .query()
        .table_name(store.table(AUDIT.name))
        .key_condition_expression("#shard = :shard AND #id BETWEEN :from AND :to")
        .expression_attribute_names("#shard", AUDIT.key[0])
        .expression_attribute_names("#id", "id")
        .expression_attribute_values(":shard", text(shard))
        .expression_attribute_values(":from", from.map_or_else(|| text("0"), id))
        .expression_attribute_values(":to", to.map_or_else(|| text("~"), id))
        .set_exclusive_start_key(part.start.take());
    let output = query.send().await.map_err(|error| fault::of(&error))?;
    part.start = output.last_evaluated_key;
    part.is_done = part.start.is_none();
    for item in output.items.unwrap_or_default() {
        let entry = read(item)?;
        // `BETWEEN` has both ends.
        part.read.extend((Some(entry.id) != to).then_some(entry));
    }
    Ok(())
}
