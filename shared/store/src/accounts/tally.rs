//! The entries of `_throttle`: reads and writes that lose no attempt of another request at the same time.

use std::collections::{BTreeMap, BTreeSet};

use api::tables::THROTTLE;
use api::{Error, Id, Timestamp};
use auth::throttle::{Entry, Limits, Tally};
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;

use crate::fault;
use crate::item::{Item, Reader, id, number, text, time};
use crate::tables::Store;

/// The attribute with the note of the last attempt.
const NOTE: &str = "flow";

/// A key of the table, with its counts.
pub(super) struct Counter {
    pub(super) key: String,
    /// The name of the source within the entry; empty where sources are not counted apart.
    pub(super) source: String,
    pub(super) limits: Limits,
    /// An id that no other request has: it marks the writes of this request.
    pub(super) mark: Id,
    /// A note that the entry keeps of the last attempt.
    pub(super) note: Option<Id>,
}

/// An entry, and the write that made it.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) entry: Entry,
    pub(super) rev: String,
    pub(super) note: Option<Id>,
}

/// The outcome of one write.
pub(super) enum Written {
    Done,
    /// Its condition failed; the entry as it is.
    Not(Option<Found>),
}

impl Store {
    /// The entry of a counter; also one that is over. 1 RRU.
    pub(super) async fn entry(&self, counter: &Counter) -> Result<Option<Found>, Error> {
        let get = self.client.get_item().table_name(self.throttle());
        let get = get
            .key("id", text(&counter.key))
            .consistent_read(true)
            .send();
        let found = get.await.map_err(|error| fault::of(&error))?;
        found.item.map(read).transpose()
    }

    /// Replaces an entry that was found. Where the two differ by counts alone, any number of such writes may run at
    /// once.
    pub(super) async fn replace(
        &self,
        counter: &Counter,
        from: Option<&Found>,
        to: Option<&Found>,
        now: Timestamp,
    ) -> Result<Written, Error> {
        match (from, to) {
            (Some(from), Some(to)) if counter.only_counts(&from.entry, &to.entry) => {
                self.add(counter, from, to).await
            }
            (from, Some(to)) => self.put(counter, from, to, now).await,
            (Some(from), None) => self.forget(counter, from).await,
            (None, None) => Ok(Written::Done),
        }
    }

    /// Takes back a write whose outcome is unknown, if the entry is still as that write left it. An entry that the write
    /// made stays without a count: not every function that counts may delete.
    pub(super) async fn take_back(
        &self,
        counter: &Counter,
        from: Option<Found>,
        to: &Found,
        now: Timestamp,
    ) {
        let note = from.as_ref().and_then(|from| from.note);
        let entry = from.map_or_else(|| emptied(&to.entry), |from| from.entry);
        let rev = format!("{}.undone", to.rev);
        let undone = Found { entry, rev, note };
        let _ = self.put(counter, Some(to), &undone, now).await;
    }

    async fn put(
        &self,
        counter: &Counter,
        from: Option<&Found>,
        to: &Found,
        now: Timestamp,
    ) -> Result<Written, Error> {
        let put = self
            .client
            .put_item()
            .table_name(self.throttle())
            .set_item(Some(counter.item(to, now)));
        let put = match from {
            // TTL deletes late: an expired entry counts as absent.
            None => put
                .condition_expression("attribute_not_exists(#id) OR #expires <= :now")
                .expression_attribute_names("#id", "id")
                .expression_attribute_names("#expires", "expires_at")
                .expression_attribute_values(":now", number(now.seconds())),
            Some(from) => put
                .condition_expression("#rev = :from")
                .expression_attribute_names("#rev", "rev")
                .expression_attribute_values(":from", text(&from.rev)),
        };
        let put = put
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match put.send().await {
            Ok(_) => Ok(Written::Done),
            Err(error) => match fault::failed_put(&error) {
                Some(found) => written(found, Some(&to.rev)),
                None => Err(fault::of(&error)),
            },
        }
    }

    async fn add(&self, counter: &Counter, from: &Found, to: &Found) -> Result<Written, Error> {
        let more = to.entry.total.count > from.entry.total.count;
        let mut update = self
            .client
            .update_item()
            .table_name(self.throttle())
            .key("id", text(&counter.key));
        let mut conditions = vec!["#rev <> :rev".to_owned()];
        let mut adds = Vec::new();
        for (at, (name, tally, most)) in counter.tallies(&from.entry).into_iter().enumerate() {
            let bound = if more {
                format!("#count{at} < :most{at}")
            } else {
                format!("#count{at} > :none")
            };
            conditions.push(format!(
                "#since{at} = :since{at} AND #until{at} = :until{at} AND {bound}"
            ));
            adds.push(format!("#count{at} :step"));
            update = update
                .expression_attribute_names(format!("#since{at}"), format!("{name}since"))
                .expression_attribute_names(format!("#until{at}"), format!("{name}until"))
                .expression_attribute_names(format!("#count{at}"), format!("{name}count"))
                .expression_attribute_values(format!(":since{at}"), time(tally.since))
                .expression_attribute_values(format!(":until{at}"), time(tally.until));
            if more {
                // The attempt that reaches the limit causes a lock, and is written as a whole entry.
                update = update.expression_attribute_values(
                    format!(":most{at}"),
                    number(most.saturating_sub(1)),
                );
            }
        }
        if !more {
            update = update.expression_attribute_values(":none", number(0));
        }
        let mut set = "#rev = :rev".to_owned();
        if let Some(note) = to.note {
            set.push_str(", #note = :note");
            update = update
                .expression_attribute_names("#note", NOTE)
                .expression_attribute_values(":note", id(note));
        }
        let update = update
            .update_expression(format!("SET {set} ADD {}", adds.join(", ")))
            .condition_expression(conditions.join(" AND "))
            .expression_attribute_names("#rev", "rev")
            .expression_attribute_values(":rev", text(&to.rev))
            .expression_attribute_values(":step", number(if more { 1 } else { -1 }))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match update.send().await {
            Ok(_) => Ok(Written::Done),
            Err(error) => match fault::failed_condition(&error) {
                Some(found) => written(found, Some(&to.rev)),
                None => Err(fault::of(&error)),
            },
        }
    }

    async fn forget(&self, counter: &Counter, from: &Found) -> Result<Written, Error> {
        let delete = self
            .client
            .delete_item()
            .table_name(self.throttle())
            .key("id", text(&counter.key))
            .condition_expression("#rev = :from")
            .expression_attribute_names("#rev", "rev")
            .expression_attribute_values(":from", text(&from.rev))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match delete.send().await {
            Ok(_) => Ok(Written::Done),
            Err(error) => match fault::failed_delete(&error) {
                Some(found) => written(found, None),
                None => Err(fault::of(&error)),
            },
        }
    }
}

impl Counter {
    /// The tallies of an entry that an attempt counts in: the prefix of their attributes, and their limit.
    fn tallies(&self, entry: &Entry) -> Vec<(String, Tally, u32)> {
        let by_source = self.limits.source.zip(entry.sources.get(&self.source));
        let by_source = by_source.map(|(limit, tally)| (prefix(&self.source), *tally, limit.most));
        std::iter::once((String::new(), entry.total, self.limits.total.most))
            .chain(by_source)
            .collect()
    }

    /// Whether one entry continues the other, and each of its counts changes in the same direction.
    fn only_counts(&self, from: &Entry, to: &Entry) -> bool {
        let (before, after) = (self.tallies(from), self.tallies(to));
        let all = self.limits.source.is_none() || before.len() == 2;
        let one_more = to.total.count > from.total.count;
        let goes_on = |(one, other): (&(String, Tally, u32), &(String, Tally, u32))| {
            other.1.continues(&one.1) && (other.1.count > one.1.count) == one_more
        };
        // An attempt that causes a lock changes `until`; without a lock any number of attempts may be added.
        let unlocked = !one_more || after.iter().all(|(_, tally, most)| tally.count < *most);
        all && before.len() == after.len() && unlocked && before.iter().zip(&after).all(goes_on)
    }

    fn item(&self, found: &Found, now: Timestamp) -> Item {
        let entry = found.entry.clone().pruned(&self.limits, &self.source, now);
        let mut item = Item::from([
            ("id".to_owned(), text(&self.key)),
            ("rev".to_owned(), text(&found.rev)),
            // TTL is in whole seconds, and must not end before the entry does.
            (
                "expires_at".to_owned(),
                number(entry.end(&self.limits).millis().div_ceil(1000)),
            ),
        ]);
        item.extend(found.note.map(|note| (NOTE.to_owned(), id(note))));
        let named = entry
            .sources
            .iter()
            .map(|(name, tally)| (prefix(name), tally));
        for (prefix, tally) in std::iter::once((String::new(), &entry.total)).chain(named) {
            item.insert(format!("{prefix}since"), time(tally.since));
            item.insert(format!("{prefix}count"), number(tally.count));
            item.insert(format!("{prefix}until"), time(tally.until));
        }
        item
    }
}

/// An entry without any count.
pub(super) fn emptied(entry: &Entry) -> Entry {
    let total = Tally {
        count: 0,
        until: Timestamp::default(),
        ..entry.total
    };
    Entry {
        total,
        sources: BTreeMap::new(),
    }
}

/// The prefix of the attributes of a source's tally; those of the total have none.
fn prefix(source: &str) -> String {
    format!("{source}#")
}

/// A condition that failed on the request's own write means success: its reply was lost, and the SDK tried again.
fn written(found: Option<Item>, rev: Option<&str>) -> Result<Written, Error> {
    let found = found.map(read).transpose()?;
    let own = found
        .as_ref()
        .is_some_and(|found| Some(found.rev.as_str()) == rev);
    Ok(if own {
        Written::Done
    } else {
        Written::Not(found)
    })
}

fn read(mut item: Item) -> Result<Found, Error> {
    let names: BTreeSet<String> = item
        .keys()
        .filter_map(|name| name.split_once('#'))
        .map(|(source, _)| source.to_owned())
        .collect();
    let mut reader = Reader::new(THROTTLE.name, &mut item);
    let mut tally = |prefix: &str| -> Result<Tally, Error> {
        let count = reader.number(&format!("{prefix}count"))?;
        Ok(Tally {
            since: reader.time(&format!("{prefix}since"))?,
            count: u32::try_from(count).map_err(|_| Error::internal("count out of range"))?,
            until: reader.time(&format!("{prefix}until"))?,
        })
    };
    let total = tally("")?;
    let mut sources = BTreeMap::new();
    for name in names {
        let tally = tally(&prefix(&name))?;
        sources.insert(name, tally);
    }
    Ok(Found {
        entry: Entry { total, sources },
        rev: reader.text("rev")?,
        note: reader.optional_id(NOTE)?,
    })
}

#[cfg(test)]
mod tests {
    use api::settings::Throttle;
    use auth::throttle::account;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn counter() -> Counter {
        let (limits, mark) = (account(&Throttle::default()), Id::new(NOW, [7; 10]));
        Counter {
            key: "login#x".to_owned(),
            source: "a".to_owned(),
            limits,
            mark,
            note: None,
        }
    }

    fn attempt(counter: &Counter, entry: Option<&Entry>, source: &str) -> Entry {
        Entry::attempt(entry, &counter.limits, source, NOW).expect("allowed")
    }

    #[test]
    fn an_entry_comes_back_as_it_went() {
        let counter = counter();
        let first = attempt(&counter, None, "a");
        let entry = attempt(&counter, Some(&first), "b");
        let item = counter.item(
            &Found {
                entry: entry.clone(),
                rev: "r".to_owned(),
                note: None,
            },
            NOW,
        );
        assert_eq!(item.len(), 3 + 3 * 3);
        assert_eq!(item["expires_at"], number(NOW.seconds() + 15 * 60));
        let found = read(item).expect("an entry");
        assert_eq!((found.entry, found.rev.as_str()), (entry, "r"));
    }

    #[test]
    fn only_what_changes_nothing_but_counts_is_added() {
        let counter = counter();
        let mut entry = attempt(&counter, None, "b");
        let mut added = Vec::new();
        // Expect whole writes for the first attempt of this source and for the fifth, which locks.
        for _ in 0..5 {
            let next = attempt(&counter, Some(&entry), "a");
            added.push(counter.only_counts(&entry, &next));
            let back = next.without(&next, "a", NOW).expect("another's attempt");
            assert_eq!(
                counter.only_counts(&next, &back),
                added == [false, true] || added.len() > 1 && added.len() < 5
            );
            entry = next;
        }
        assert_eq!(added, [false, true, true, true, false]);
    }
}
