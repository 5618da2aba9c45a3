//! Deletes expired items of the embedded engine, as DynamoDB does in the background.

use std::time::Duration;

use dynoxide::Database;
use tokio::task::spawn_blocking;

use super::{Dynamo, Place};

/// How often expired items are deleted.
const SWEEP: Duration = Duration::from_secs(60);

/// Sweeps until the runtime ends. A sweep reads every table, so it must not hold a worker that answers requests.
pub(super) async fn sweep_regularly(database: Database) {
    loop {
        tokio::time::sleep(SWEEP).await;
        sweep(&database).await;
    }
}

async fn sweep(database: &Database) {
    let database = database.clone();
    // A sweep that fails is made up for by the next one.
    let _ = spawn_blocking(move || database.sweep_ttl()).await;
}

impl Dynamo {
    /// Deletes what has expired, as happens by itself once a minute.
    ///
    /// # Errors
    /// One line: the engine is in another process, or an item cannot be deleted.
    pub fn expire(&self) -> Result<(), String> {
        let Place::Here(embedded) = &self.place else {
            return Err("Only the embedded engine deletes on demand".to_owned());
        };
        let swept = embedded.database.sweep_ttl();
        swept
            .map(|_| ())
            .map_err(|error| format!("Cannot delete what has expired: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Instant;

    use serde_json::json;

    use super::*;
    use crate::dynamo::Storage;
    use crate::engine::Engine;
    use crate::template::{SAMPLE, Template};

    /// The records of the sample's table with the most indexes.
    const RECORDS: usize = 100_000;
    /// The time between two requests.
    const PAUSE: Duration = Duration::from_millis(100);
    /// A machine under other load delays a request now and then: one round of this many has to be quiet.
    const ROUNDS: usize = 5;

    fn fill(engine: &Engine<'_>, table: &str) {
        let numbers: Vec<usize> = (0..RECORDS).collect();
        for batch in numbers.chunks(25) {
            let puts: Vec<_> = batch
                .iter()
                .map(|number| {
                    json!({ "PutRequest": { "Item": { "shard": { "S": "0" }, "id": { "S": format!("{number:06}") },
                        "owner": { "S": "me" }, "expires_at": { "N": "9999999999" } } } })
                })
                .collect();
            let batch = json!({ "RequestItems": { table: puts } });
            engine.call("BatchWriteItem", &batch).unwrap();
        }
    }

    /// The times of the requests that were made while a sweep ran.
    fn requests(dynamo: &Dynamo, swept: &AtomicBool) -> Vec<Duration> {
        let engine = Engine::There(&dynamo.endpoint);
        let get = json!({ "TableName": "local-notes", "Key": { "shard": { "S": "0" }, "id": { "S": "050000" } } });
        let mut times = Vec::new();
        while !swept.load(Ordering::Relaxed) {
            let started = Instant::now();
            engine.call("GetItem", &get).unwrap();
            times.push(started.elapsed());
            std::thread::sleep(PAUSE);
        }
        times
    }

    #[test]
    fn no_request_waits_for_a_sweep_of_many_records() {
        let dynamo = Dynamo::start(&Storage::Memory, 0).unwrap();
        let mut tables = Template::parse(SAMPLE).unwrap().tables().unwrap();
        tables[2].ttl = Some("expires_at".to_owned());
        dynamo.make(&tables).unwrap();
        fill(&dynamo.engine(), "local-notes");
        let Place::Here(embedded) = &dynamo.place else {
            unreachable!("the engine is in this process")
        };
        let runtime = embedded.runtime.as_ref().unwrap();
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let swept = AtomicBool::new(false);
            let mut times = std::thread::scope(|scope| {
                let asking = scope.spawn(|| requests(&dynamo, &swept));
                let sweeping = runtime.spawn({
                    let database = embedded.database.clone();
                    async move { sweep(&database).await }
                });
                runtime.block_on(sweeping).unwrap();
                swept.store(true, Ordering::Relaxed);
                asking.join().unwrap()
            });
            times.sort();
            let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
            println!(
                "{} requests, median {median:?}, longest {longest:?}",
                times.len()
            );
            assert!(
                times.len() > 3,
                "the sweep ended before it could disturb: {times:?}"
            );
            if longest <= median * 10 {
                return;
            }
            rounds.push((median, longest));
        }
        panic!("a request waited for the sweep: {rounds:?}");
    }
}
