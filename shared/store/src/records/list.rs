//! Lists and counts: the queries of a plan, partition by partition.

use std::sync::{Arc, PoisonError};

use api::definition::Index;
use api::query::{Comparisons, Filter};
use api::{Code, Definition, Error};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, Select};
use tokio::task::JoinSet;

use super::budget::Budget;
use super::index::INDEXED;
use super::merge::{Batch, Merge, Partition};
use super::page::{Cost, Count, Page, with_attributes};
use super::plan::{Plan, Source};
use super::tombstone::is_tombstone;
use super::work::Work;
use crate::fault;
use crate::item::{number, text};
use crate::tables::Store;

/// About how many bytes a count may read, and the most that a query reads.
const MAX_COUNT: f64 = 4.0 * MAX_QUERY;
const MAX_QUERY: f64 = 1024.0 * 1024.0;

/// Whether the table is read strongly consistently: a list is, a count is not. An index cannot be.
const STRONG: bool = true;

/// The most queries that look for the oldest record of a shard.
const MAX_LOOKS: u32 = 12;

impl Store {
    /// A page of the records that a plan reads and a filter lets pass, after the key `position`. It reads a little from
    /// each partition, and more where the order wants it, or within the budget after records that fail the filter. A
    /// page may then hold fewer than `limit` records and go on.
    ///
    /// # Errors
    /// `data/index-building`, `common/unavailable`, `common/internal`.
    pub async fn list(
        &self,
        definition: &Definition,
        plan: &Plan,
        filter: &Filter,
        position: Option<&[u8]>,
        limit: usize,
        budget: Budget,
    ) -> Result<Page, Error> {
        if filter.is_nothing() {
            return Ok(Page {
                records: Vec::new(),
                next: None,
                cost: Cost::default(),
            });
        }
        let (ready, page) = tokio::join!(
            self.ready(definition, plan),
            self.page(definition, (plan, filter), position, limit, budget)
        );
        ready.and(page)
    }

    async fn page(
        &self,
        definition: &Definition,
        (plan, filter): (&Plan, &Filter),
        position: Option<&[u8]>,
        limit: usize,
        budget: Budget,
    ) -> Result<Page, Error> {
        let partitions = Partition::all(definition, plan, position);
        let mut work = Work::new(plan, partitions.len(), limit, budget.read);
        let mut merge = Merge::new(
            definition,
            (plan, filter),
            partitions,
            limit,
            budget.comparisons,
        );
        let (shared, mut cost) = (Arc::new(plan.clone()), Cost::default());
        while !merge.is_done()
            && let Some(round) = work.next(merge.state(cost.bytes))
        {
            let mut wanting = merge.wanting(round.take).into_iter();
            let (mut queries, mut any) = (JoinSet::new(), false);
            loop {
                while queries.len() < round.at_once
                    && round.goes_on(merge.state(cost.bytes))
                    && let Some((index, lack)) = wanting.next()
                {
                    let partition = merge.partitions.get(index);
                    let query = partition.and_then(|one| self.query(definition, plan, one, STRONG));
                    let Some(query) = query else { continue };
                    let query = with_attributes(query, plan);
                    let query = query.limit(i32::try_from(lack).unwrap_or(i32::MAX));
                    let plan = Arc::clone(&shared);
                    queries.spawn(async move { (index, read(query, &plan, STRONG).await) });
                }
                let Some(done) = queries.join_next().await else {
                    break;
                };
                let (index, read) = done.map_err(|error| Error::internal(error.to_string()))?;
                let (batch, spent) = read?;
                cost.add(spent);
                any |= !batch.is_empty();
                merge.take(index, batch);
            }
            work.note(any);
            merge.judge();
        }
        Ok(merge.finish(cost))
    }

    /// The number of records that a plan reads and a filter lets pass, within about 4 MB and the budget. Eventually
    /// consistent, which costs half.
    ///
    /// # Errors
    /// `data/index-building`, `common/unavailable`, `common/internal`.
    pub async fn count(
        &self,
        definition: &Definition,
        plan: &Plan,
        filter: &Filter,
        budget: Budget,
    ) -> Result<Count, Error> {
        if filter.is_nothing() {
            return Ok(Count {
                count: 0,
                exact: true,
                cost: Cost::default(),
            });
        }
        let (ready, count) = tokio::join!(
            self.ready(definition, plan),
            self.tally(definition, plan, filter, budget)
        );
        ready.and(count)
    }

    async fn tally(
        &self,
        definition: &Definition,
        plan: &Plan,
        filter: &Filter,
        budget: Budget,
    ) -> Result<Count, Error> {
        let mut partitions = Partition::all(definition, plan, None);
        let mut count = Count {
            count: 0,
            exact: false,
            cost: Cost::default(),
        };
        let (shared, mut made, mut is_cut) =
            (Arc::new(plan.clone()), Comparisons::default(), false);
        // Records are held until they are judged; without a filter DynamoDB sends none.
        let most = if plan.residual { 2.0 } else { 4.0 };
        loop {
            // Send as many queries at once as the limit allows, each at its largest.
            let left = ((MAX_COUNT - count.cost.bytes) / MAX_QUERY)
                .ceil()
                .min(most);
            let mut queries = JoinSet::new();
            for (index, partition) in partitions
                .iter()
                .enumerate()
                .filter(|(_, partition)| !partition.exhausted)
            {
                let Some(query) = self
                    .query(definition, plan, partition, !STRONG)
                    .filter(|_| (queries.len() as f64) < left && made < budget.comparisons)
                else {
                    break;
                };
                let query = if plan.residual {
                    with_attributes(query, plan)
                } else {
                    query.select(Select::Count)
                };
                let plan = Arc::clone(&shared);
                queries.spawn(async move { (index, read(query, &plan, !STRONG).await) });
            }
            if queries.is_empty() {
                break;
            }
            while let Some(done) = queries.join_next().await {
                let (index, read) = done.map_err(|error| Error::internal(error.to_string()))?;
                let (batch, spent) = read?;
                count.cost.add(spent);
                if let Some(partition) = partitions.get_mut(index) {
                    partition.pass(plan, &batch);
                }
                count.count += batch.counted * u64::from(!plan.residual);
                for record in batch.records(definition) {
                    if made >= budget.comparisons {
                        is_cut = true;
                        break;
                    }
                    count.count += u64::from(filter.judge(&record, &mut made));
                }
            }
        }
        count.exact = !is_cut && partitions.iter().all(|partition| partition.exhausted);
        Ok(count)
    }

    /// The query for the rest of a partition; `None` where nothing is left.
    fn query(
        &self,
        definition: &Definition,
        plan: &Plan,
        source: &Partition,
        is_strong: bool,
    ) -> Option<QueryFluentBuilder> {
        let (lower, upper) = plan.range(source.after.as_deref())?;
        let mut query = self
            .client
            .query()
            .table_name(self.table(&definition.name))
            .expression_attribute_names(
                "#key",
                if plan.owner.is_some() {
                    "owner"
                } else {
                    "shard"
                },
            )
            .expression_attribute_values(":key", source.key.clone())
            .scan_index_forward(!plan.backward)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        query = match &plan.source {
            Source::Table => without_tombstones(query).consistent_read(is_strong),
            // Code that does not know the index leaves its key on deletes: during a deployment, and before one that was
            // rolled back.
            Source::Declared(_) => without_tombstones(query).index_name(plan.name()),
            // Tombstones have no owner.
            Source::ByOwner => query.index_name(plan.name()),
        };
        let condition = match (&lower, &upper) {
            (None, None) => "#key = :key",
            (Some(_), None) => "#key = :key AND #sort >= :lower",
            (None, Some(_)) => "#key = :key AND #sort <= :upper",
            (Some(_), Some(_)) => "#key = :key AND #sort BETWEEN :lower AND :upper",
        };
        if lower.is_some() || upper.is_some() {
            query = query.expression_attribute_names("#sort", sort_attribute(plan));
        }
        for (name, bound) in [(":lower", lower), (":upper", upper)] {
            if let Some(bound) = bound {
                query = query.expression_attribute_values(name, sort_value(plan, bound)?);
            }
        }
        Some(query.key_condition_expression(condition))
    }

    /// Refuses a plan whose index does not hold every record yet.
    ///
    /// A record holds the names of the indexes that it was written into, at its creation or when the index was filled.
    /// Filling goes from the newest record to the oldest, so the oldest record of each shard tells whether it is done.
    /// An index that some writer did not keep is not ready, whatever the records hold. A ready index stays ready, and is
    /// not checked again.
    async fn ready(&self, definition: &Definition, plan: &Plan) -> Result<(), Error> {
        let Source::Declared(index) = &plan.source else {
            return Ok(());
        };
        let this = (definition.name.clone(), index.name());
        if self
            .ready
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&this)
        {
            return Ok(());
        }
        let mut looks = JoinSet::new();
        for shard in 0..definition.shards {
            looks.spawn(is_filled(self.oldest(definition, shard), index.clone()));
        }
        let kept = self.kept(definition).names().await?;
        if kept.is_some_and(|names| !names.contains(&this.1)) {
            return Err(Code::IndexBuilding.into());
        }
        while let Some(look) = looks.join_next().await {
            if !look.map_err(|error| Error::internal(error.to_string()))?? {
                return Err(Code::IndexBuilding.into());
            }
        }
        self.ready
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(this);
        Ok(())
    }

    /// The query for the oldest records of a shard.
    fn oldest(&self, definition: &Definition, shard: u8) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(self.table(&definition.name))
            .consistent_read(true)
            .key_condition_expression("#shard = :shard")
            .projection_expression("#indexed, #deleted")
            .expression_attribute_names("#shard", "shard")
            .expression_attribute_names("#deleted", "deleted_at")
            .expression_attribute_names("#indexed", INDEXED)
            .expression_attribute_values(":shard", number(shard))
    }
}

/// Sends a query; returns its result and its cost.
async fn read(
    query: QueryFluentBuilder,
    plan: &Plan,
    is_strong: bool,
) -> Result<(Batch, Cost), Error> {
    let output = query.send().await.map_err(|error| fault::of(&error))?;
    let cost = Cost::of(&output, is_strong && plan.source == Source::Table);
    Ok((Batch::of(plan, output)?, cost))
}

fn without_tombstones(query: QueryFluentBuilder) -> QueryFluentBuilder {
    query
        .filter_expression("attribute_not_exists(#deleted)")
        .expression_attribute_names("#deleted", "deleted_at")
}

/// Whether the oldest record of a shard is in an index, or the shard has no record. A tombstone keeps the names of the
/// record, so one with this name counts as well; one without it tells nothing.
async fn is_filled(oldest: QueryFluentBuilder, index: Index) -> Result<bool, Error> {
    let mut start = None;
    for look in 0..MAX_LOOKS {
        let query = oldest
            .clone()
            .limit(4 << (2 * look))
            .set_exclusive_start_key(start);
        let output = query.send().await.map_err(|error| fault::of(&error))?;
        for oldest in output.items.unwrap_or_default() {
            let names = oldest.get(INDEXED).and_then(|names| names.as_ss().ok());
            let carries = names.is_some_and(|names| names.contains(&index.name()));
            if carries || !is_tombstone(&oldest) {
                return Ok(carries);
            }
        }
        start = output.last_evaluated_key;
        if start.is_none() {
            return Ok(true);
        }
    }
    // After tens of thousands of tombstones the answer is unknown until they are gone.
    Ok(false)
}

/// The attribute that holds a plan's keys.
fn sort_attribute(plan: &Plan) -> String {
    match &plan.source {
        Source::Table | Source::ByOwner => "id".to_owned(),
        Source::Declared(index) => index.name(),
    }
}

/// A key in the form of the attribute: ids are written as text.
fn sort_value(plan: &Plan, key: Vec<u8>) -> Option<AttributeValue> {
    match &plan.source {
        Source::Table | Source::ByOwner => {
            let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
            let part = |range| hex.get(range);
            let parts = [
                part(0..8)?,
                part(8..12)?,
                part(12..16)?,
                part(16..20)?,
                part(20..32)?,
            ];
            Some(text(parts.join("-")))
        }
        Source::Declared(_) => Some(AttributeValue::B(key.into())),
    }
}

#[cfg(test)]
mod tests {
    use api::{Id, Timestamp};

    use super::*;

    const NEWEST_FIRST: Plan = Plan {
        source: Source::Table,
        owner: None,
        backward: true,
        lower: None,
        upper: None,
        residual: false,
    };

    #[test]
    fn a_key_of_the_table_is_an_id_written_out() {
        let id = Id::new(Timestamp::from_millis(1_790_000_000_000), [9; 10]);
        assert_eq!(
            sort_value(&NEWEST_FIRST, id.bytes().to_vec()),
            Some(crate::item::id(id))
        );
    }
}
