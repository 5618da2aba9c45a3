//! The report on scale: what reads and writes cost while a collection grows.

mod base;
mod cost;
pub(crate) mod peak;
mod replies;
mod things;

use std::time::{Duration, Instant};

use api::query::parse;
use api::{Definition, Error, Id, Timestamp};
use auth::prepare::Creation;
use auth::{Caller, Scope};
use local::dynamo::Dynamo;
use local::proxy::{Call, OPERATOR, Proxy};
use local::seed::{Seed, fill};
use serde_json::{Map, Value, json};
use store::{Budget, Page, Store, Writer};

use self::base::{definition, deployment, made};
use self::cost::{Aim, Cost, Row, cells, verdict};
use self::things::{DEFINITION, pad};
use crate::figures::table;

/// The bound of a stranger's list whose filter no index serves: 4 queries and 256 KB, with some overshoot.
const FILTERED: (usize, f64) = (4, 72.0);

/// The bound of a count: 4 MB in queries of 1 MB, from an index at half the price.
const COUNTED: (usize, f64) = (5, 640.0);

/// How long a request may take at most before the client asks again: what took so long may have been asked twice.
const PATIENCE: Duration = Duration::from_millis(900);

/// How often that is done again at most.
const TRIES: usize = 10;

/// How many users own the records.
const OWNERS: u8 = 20;

/// Fills the collection to each of `sizes` in turn, measures, and writes the report; whether every aim is met.
///
/// # Errors
/// One line: no port, or an operation that fails.
pub(crate) fn report(sizes: &[u64]) -> Result<(String, bool), String> {
    let mut sizes = sizes.to_vec();
    sizes.sort_unstable();
    sizes.dedup();
    let bench = Bench::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    let mut rows: Vec<Row> = Vec::new();
    let mut there = 0;
    for (at, size) in sizes.iter().enumerate() {
        let start = Instant::now();
        bench.grow(size - there, u64::try_from(at).unwrap_or_default())?;
        there = *size;
        let filled = start.elapsed().as_secs_f64();
        let costs = runtime
            .block_on(bench.measure())
            .map_err(|error| said(&error))?;
        eprintln!(
            "{size} records: filled in {filled:.1} s, measured after {:.1} s",
            start.elapsed().as_secs_f64()
        );
        for (index, (name, aim, cost)) in costs.into_iter().enumerate() {
            match rows.get_mut(index) {
                Some(row) => row.2.push(cost),
                None => rows.push((name, aim, vec![cost])),
            }
        }
    }
    let met = rows.iter().all(|(_, aim, costs)| verdict(*aim, costs).1);
    Ok((table(&cells(&sizes, &rows)), met))
}

fn budget() -> Budget {
    Budget::of(&Caller::stranger())
}

fn said(error: &Error) -> String {
    format!(
        "{} {}",
        error.message,
        error.cause.as_deref().unwrap_or_default()
    )
}

/// The collection, its tables, and a proxy that counts.
struct Bench {
    definition: Definition,
    owners: Vec<Id>,
    proxy: Proxy,
    dynamo: Dynamo,
}

/// A list to measure.
struct Asked<'a> {
    scope: Scope,
    query: &'a [(&'static str, &'static str)],
    /// Which page, from 1.
    page: usize,
}

impl Bench {
    fn start() -> Result<Self, String> {
        let definition = definition(DEFINITION)?;
        let (dynamo, template) = made(&definition)?;
        let proxy = Proxy::start(&dynamo.endpoint(), &template)?;
        let owners: Vec<Id> = (0..OWNERS)
            .map(|n| Id::new(Timestamp::from_millis(0), [n; 10]))
            .collect();
        let users = owners
            .iter()
            .map(|owner| json!({ "PutRequest": { "Item": { "id": { "S": owner } } } }));
        let users: Vec<Value> = users.collect();
        let table = format!("{}_users", local::TABLE_PREFIX);
        dynamo.engine().call(
            "BatchWriteItem",
            &json!({ "RequestItems": { table: users } }),
        )?;
        Ok(Self {
            definition,
            owners,
            proxy,
            dynamo,
        })
    }

    /// Adds records, newer than those that are there.
    fn grow(&self, count: u64, round: u64) -> Result<(), String> {
        let year = 365 * 86_400_000;
        let now = Timestamp::from_millis(1_700_000_000_000 + round * year);
        let seed = Seed {
            count,
            seed: round,
            now,
        };
        fill(&self.dynamo.engine(), &self.definition, seed, pad, |_| {}).map(drop)
    }

    async fn measure(&self) -> Result<Vec<(&'static str, Aim, Cost)>, Error> {
        let store = self.store();
        let (all, own) = (|| Scope::All, || Scope::OwnedBy(self.owners[0]));
        let (_, newest) = self
            .list(
                &store,
                &Asked {
                    scope: all(),
                    query: &[],
                    page: 1,
                },
            )
            .await?;
        let newest = newest
            .records
            .first()
            .ok_or_else(|| Error::internal("an empty list"))?
            .id;
        let mut rows = Vec::new();
        let _ = self.calls();
        store.record(&self.definition, newest).await?;
        rows.push(("get", Aim::Same, Cost::of(&self.calls())));
        // The first write of an instance looks at the kept names.
        self.create(&store).await?;
        let _ = self.calls();
        self.create(&store).await?;
        rows.push(("create", Aim::Same, Cost::of(&self.calls())));
        for (name, aim, asked) in [
            (
                "first page",
                Aim::Same,
                Asked {
                    scope: all(),
                    query: &[],
                    page: 1,
                },
            ),
            (
                "page 100, of 5",
                Aim::Same,
                Asked {
                    scope: all(),
                    query: &[("limit", "5")],
                    page: 100,
                },
            ),
            (
                "owner's first page",
                Aim::Same,
                Asked {
                    scope: own(),
                    query: &[],
                    page: 1,
                },
            ),
            (
                "by price, first page",
                Aim::Same,
                Asked {
                    scope: all(),
                    query: &[("sort", "price")],
                    page: 1,
                },
            ),
            (
                "by price, page 100, of 5",
                Aim::Same,
                Asked {
                    scope: all(),
                    query: &[("sort", "price"), ("limit", "5")],
                    page: 100,
                },
            ),
            (
                "indexed filter: status",
                Aim::Same,
                Asked {
                    scope: all(),
                    query: &[("status", "gold"), ("sort", "-createdAt")],
                    page: 1,
                },
            ),
            (
                "indexed filter: price range",
                Aim::Same,
                Asked {
                    scope: all(),
                    query: &[("price_gt", "300"), ("price_lt", "600"), ("sort", "-price")],
                    page: 1,
                },
            ),
            (
                "filter that no index serves",
                Aim::AtMost(FILTERED.0, FILTERED.1),
                Asked {
                    scope: all(),
                    query: &[("name_contains", "nowhere")],
                    page: 1,
                },
            ),
        ] {
            // The first list of an instance also asks whether its index is filled: the last row has that.
            let _ = self.list(&store, &asked).await?;
            rows.push((name, aim, self.list(&store, &asked).await?.0));
        }
        // The embedded engine reads all of a partition for a query without a limit, so the partition is one owner's.
        let query = parse(&self.definition, [("name_ne", "nowhere")])?;
        let plan = store::plan(&self.definition, &own(), None, &query.filter)?;
        let counted = self
            .patiently(async || {
                store
                    .count(&self.definition, &plan, &query.filter, budget())
                    .await
            })
            .await?;
        rows.push((
            "owner's count",
            Aim::AtMost(COUNTED.0, COUNTED.1),
            counted.0,
        ));
        let cold = Asked {
            scope: all(),
            query: &[("sort", "price")],
            page: 1,
        };
        rows.push((
            "by price, first page, new instance",
            Aim::Same,
            self.list(&self.store(), &cold).await?.0,
        ));
        Ok(rows)
    }

    /// The cost of one page of a list, and the page.
    async fn list(&self, store: &Store, asked: &Asked<'_>) -> Result<(Cost, Page), Error> {
        let query = parse(&self.definition, asked.query.iter().copied())?;
        let plan = store::plan(
            &self.definition,
            &asked.scope,
            Some(&query.sort),
            &query.filter,
        )?;
        let mut position: Option<Vec<u8>> = None;
        for _ in 1..asked.page {
            let page = store
                .list(
                    &self.definition,
                    &plan,
                    &query.filter,
                    position.as_deref(),
                    query.limit,
                    budget(),
                )
                .await?;
            position = Some(
                page.next
                    .ok_or_else(|| Error::internal("too few records for that page"))?,
            );
        }
        self.patiently(async || {
            store
                .list(
                    &self.definition,
                    &plan,
                    &query.filter,
                    position.as_deref(),
                    query.limit,
                    budget(),
                )
                .await
        })
        .await
    }

    /// Does it again while a request takes too long, as it may on a busy machine.
    async fn patiently<T>(
        &self,
        act: impl AsyncFn() -> Result<T, Error>,
    ) -> Result<(Cost, T), Error> {
        let mut tries = 0;
        loop {
            let _ = self.calls();
            let done = act().await;
            let calls = self.calls();
            tries += 1;
            let in_time = calls.iter().all(|call| call.end - call.start < PATIENCE);
            match done {
                Ok(done) if in_time || tries == TRIES => return Ok((Cost::of(&calls), done)),
                Err(error) if in_time || tries == TRIES => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
    }

    async fn create(&self, store: &Store) -> Result<(), Error> {
        let now = Timestamp::from_millis(1_600_000_000_000);
        let mut fields = Map::new();
        for (name, value) in [
            ("name", json!("Quiet kettle")),
            ("status", json!("blue")),
            ("price", json!(500)),
        ] {
            fields.insert(name.to_owned(), value);
        }
        pad(&mut fields);
        let owner = self.owners.first().copied();
        let id = Id::in_shard(now, [1; 10], 0);
        let creation = Creation {
            id,
            owner: owner.map(|owner| owner.to_string()),
            created_by: owner,
            fields,
            related: Vec::new(),
        };
        let writer = Writer::new(owner, "bench".to_owned(), now, [2; 10]);
        store
            .create(&self.definition, creation, None, &writer)
            .await?;
        // The next size makes it again.
        let key = json!({ "shard": { "N": "0" }, "id": { "S": id } });
        let table = format!("{}{}", local::TABLE_PREFIX, self.definition.name);
        let gone = json!({ "RequestItems": { table: [{ "DeleteRequest": { "Key": key } }] } });
        self.dynamo
            .engine()
            .call("BatchWriteItem", &gone)
            .map_err(Error::internal)?;
        Ok(())
    }

    /// A store that has asked for nothing yet.
    fn store(&self) -> Store {
        Store::connect(&deployment(self.proxy.endpoint()))
    }

    /// The requests since the last call of this method.
    fn calls(&self) -> Vec<Call> {
        self.proxy.drain(OPERATOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_pages_of_a_thousand_records_can_be_measured() {
        let (text, met) = report(&[600, 1200]).unwrap();
        assert!(met, "{text}");
        assert!(
            text.contains("page 100") && text.contains("× 1.00"),
            "{text}"
        );
    }
}
