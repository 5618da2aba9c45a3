//! Lists: pages of records, put together out of the partitions that hold them.

use api::{Definition, Error, Id};
use auth::Scope;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::item::{Item, Reader, id, number};
use crate::records::{StoredRecord, read_record};
use crate::{Store, fault};

/// How many rounds of queries a list may take when it finds mostly tombstones.
const MAX_ROUNDS: usize = 4;

/// How many bytes of records one page may hold: a Lambda reply ends at 6 MB.
const MAX_PAGE: usize = 2 * 1024 * 1024;

/// The records of one page, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The records.
    pub records: Vec<StoredRecord>,
    /// The id that the next page comes after; `None` at the end.
    pub next: Option<Id>,
}

impl Store {
    /// A page of records, newest first. One query a shard, or one of the `by_owner` index; more only where it finds
    /// tombstones, within bounds. A page may then hold fewer than `limit` records and go on.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn list(
        &self,
        definition: &Definition,
        scope: &Scope,
        after: Option<Id>,
        limit: usize,
    ) -> Result<Page, Error> {
        let mut sources = match scope {
            Scope::All => (0..definition.shards).map(|shard| Source::new(number(shard), after)).collect(),
            Scope::OwnedBy(owner) => vec![Source::new(id(*owner), after)],
        };
        for round in 0..MAX_ROUNDS {
            // One more than the page tells whether there is another. Where tombstones filled the round before, the next
            // one reads eight times as far: a list must not look empty because its newest records were deleted.
            let take = limit.saturating_add(1) << (3 * round);
            let mut queries = JoinSet::new();
            for (index, source) in sources.iter().enumerate().filter(|(_, source)| source.wants(limit)) {
                let query = self.query(definition, scope, source, take);
                queries.spawn(async move { (index, query.send().await) });
            }
            if queries.is_empty() {
                break;
            }
            while let Some(done) = queries.join_next().await {
                let (index, output) = done.map_err(|error| Error::internal(error.to_string()))?;
                let output = output.map_err(|error| fault::of(&error))?;
                if let Some(source) = sources.get_mut(index) {
                    source.full = usize::try_from(output.scanned_count).is_ok_and(|count| count < take);
                    source.take(output.items.unwrap_or_default(), output.last_evaluated_key)?;
                }
            }
        }
        Ok(merge(sources, limit))
    }

    fn query(
        &self,
        definition: &Definition,
        scope: &Scope,
        source: &Source,
        take: usize,
    ) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        let mut query = self
            .client
            .query()
            .table_name(self.table(&definition.name))
            .expression_attribute_values(":key", source.key.clone())
            .scan_index_forward(false)
            .limit(i32::try_from(take).unwrap_or(i32::MAX));
        query = match scope {
            Scope::All => query
                .consistent_read(true)
                .expression_attribute_names("#key", "shard")
                .filter_expression("attribute_not_exists(#deleted)")
                .expression_attribute_names("#deleted", "deleted_at"),
            // Tombstones have no owner, so the index holds none.
            Scope::OwnedBy(_) => query.index_name("by_owner").expression_attribute_names("#key", "owner"),
        };
        match source.after {
            Some(after) => query
                .key_condition_expression("#key = :key AND #id < :after")
                .expression_attribute_names("#id", "id")
                .expression_attribute_values(":after", id(after)),
            None => query.key_condition_expression("#key = :key"),
        }
    }
}

/// One partition of a list, read downwards.
#[derive(Debug)]
struct Source {
    key: AttributeValue,
    /// Everything above this id has been read.
    after: Option<Id>,
    found: Vec<StoredRecord>,
    exhausted: bool,
    /// Whether a query ended at DynamoDB's 1 MB: enough for one request.
    full: bool,
}

impl Source {
    fn new(key: AttributeValue, after: Option<Id>) -> Self {
        Self { key, after, found: Vec::new(), exhausted: false, full: false }
    }

    /// Whether another query could add to a page of this size.
    fn wants(&self, limit: usize) -> bool {
        !self.exhausted && !self.full && self.found.len() <= limit
    }

    fn take(&mut self, items: Vec<Item>, last: Option<Item>) -> Result<(), Error> {
        for item in items {
            self.found.push(read_record(item)?);
        }
        match last {
            None => self.exhausted = true,
            Some(mut key) => self.after = Some(Reader::new("collection", &mut key).id("id")?),
        }
        Ok(())
    }
}

/// Puts the partitions of a list together, newest first.
///
/// What one partition has not read yet may be newer than what another has: the page ends at the highest id that some
/// unfinished partition has come down to.
fn merge(sources: Vec<Source>, limit: usize) -> Page {
    let complete_to = sources.iter().filter(|source| !source.exhausted).filter_map(|source| source.after).max();
    let mut records: Vec<StoredRecord> = sources
        .into_iter()
        .flat_map(|source| source.found)
        .filter(|record| complete_to.is_none_or(|boundary| record.id >= boundary))
        .collect();
    records.sort_by_key(|record| std::cmp::Reverse(record.id));
    let mut bytes = 0;
    let fits = records.iter().take(limit).take_while(|record| {
        let first = bytes == 0;
        bytes += record.fields.iter().map(|(key, value)| length(key) + weight(value)).sum::<usize>();
        first || bytes <= MAX_PAGE
    });
    let fits = fits.count();
    let next = if records.len() > fits {
        records.truncate(fits);
        records.last().map(|record| record.id)
    } else {
        complete_to
    };
    Page { records, next }
}

/// About how many bytes a value has as JSON, within the string that a Lambda reply makes of its body.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(number) => number.as_str().len(),
        Value::String(text) => length(text),
        Value::Array(items) => items.iter().map(|item| weight(item) + 1).sum::<usize>() + 2,
        Value::Object(entries) => entries.iter().map(|(key, value)| length(key) + weight(value) + 2).sum::<usize>() + 2,
    }
}

/// How many bytes a text has there: a control character becomes `\\u0001`, a quote `\\\"`.
fn length(text: &str) -> usize {
    let escaped = |byte| match byte {
        0..0x20 => 7,
        b'"' | b'\\' => 4,
        _ => 1,
    };
    text.bytes().map(escaped).sum::<usize>() + 4
}

#[cfg(test)]
mod tests {
    use api::Timestamp;
    use serde_json::Map;

    use super::*;

    fn record(millis: u64, bytes: usize) -> StoredRecord {
        let at = Timestamp::from_millis(millis);
        let fields = Map::from_iter([("text".to_owned(), Value::String("x".repeat(bytes)))]);
        StoredRecord {
            id: Id::new(at, [0; 10]),
            owner: None,
            created_by: None,
            created_at: at,
            updated_at: at,
            rev: String::new(),
            fields,
        }
    }

    fn source(times: &[u64], read_down_to: Option<u64>) -> Source {
        let mut source = Source::new(number(0), read_down_to.map(|millis| record(millis, 0).id));
        source.exhausted = read_down_to.is_none();
        source.found = times.iter().map(|millis| record(*millis, 1)).collect();
        source
    }

    fn page(sources: Vec<Source>, limit: usize) -> (Vec<u64>, Option<u64>) {
        let page = merge(sources, limit);
        let times = page.records.iter().map(|record| record.created_at.millis()).collect();
        (times, page.next.map(|next| next.created_at().millis()))
    }

    #[test]
    fn partitions_are_put_together_newest_first() {
        let two = || vec![source(&[9, 5, 1], None), source(&[8, 6, 2], None)];
        assert_eq!(page(two(), 10), (vec![9, 8, 6, 5, 2, 1], None));
        assert_eq!(page(two(), 6), (vec![9, 8, 6, 5, 2, 1], None));
        assert_eq!(page(two(), 4), (vec![9, 8, 6, 5], Some(5)));
        assert_eq!(page(vec![source(&[], None)], 4), (vec![], None));
    }

    #[test]
    fn a_page_ends_where_an_unfinished_partition_has_come_down_to() {
        // The second may still hold 7, 6, 5 and 4: a page that showed 5 would skip them.
        assert_eq!(page(vec![source(&[9, 5, 1], None), source(&[8], Some(8))], 10), (vec![9, 8], Some(8)));
        // Tombstones only, down to 3: nothing to show above it, and the list goes on from there.
        assert_eq!(page(vec![source(&[], Some(3))], 10), (vec![], Some(3)));
    }

    #[test]
    fn a_page_is_bounded_in_bytes_and_never_empty_of_what_it_can_show() {
        let mut heavy = source(&[], None);
        heavy.found = (1..=5).map(|millis| record(millis, MAX_PAGE / 2)).collect();
        let (times, next) = page(vec![heavy], 10);
        assert_eq!((times, next), (vec![5], Some(5)));
    }

    #[test]
    fn a_text_weighs_what_lambda_makes_of_it() {
        for text in ["", "plain", "\u{1}\u{1f}", "\"\\", "\u{7f}é😀", "a\nb"] {
            let body = serde_json::to_string(text).expect("json");
            let sent = serde_json::to_string(&body).expect("json").len() - 2;
            // A few control characters have a shorter form.
            assert!((sent..=sent + 4).contains(&length(text)), "{text:?}: {} for {sent}", length(text));
        }
    }
}
