//! The event source mappings of the local stack: hands the changes of each table to its function, as Lambda does. They
//! arrive in order and at least once. A record that was delivered is removed, and that is the checkpoint.

mod filter;
mod records;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use self::filter::fits;
use self::records::{Record, Records};
use crate::invocation::{Caller, Front, Outcome};
use crate::listen::runtime;
use crate::template::{Mapping, Schedule, Template};

/// How often the file is asked for new records.
const LOOK: Duration = Duration::from_millis(20);

/// The first pause after a failure and the longest; each is twice the one before.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// A running pump; dropping it stops it. Undelivered records stay for the next pump.
#[derive(Debug)]
pub struct Pump {
    runtime: Option<Runtime>,
}

impl Pump {
    /// Starts to deliver what lies in the engine's file and what comes, by the mappings and schedules of the template.
    /// Records that are too old go to files of the folder `lost`.
    ///
    /// # Errors
    /// One line: a mapping that is not understood, or a file that cannot be opened.
    pub fn start(
        file: &Path,
        lost: &Path,
        template: &Template,
        front: &Front,
    ) -> Result<Self, String> {
        let runtime = runtime()?;
        let (newest, changed) = watch::channel(0);
        let look = Records::open(file)?;
        for mapping in template.mappings()? {
            let records = Records::open(file)?;
            let course = Course {
                size: mapping.batch,
                mapping,
                lost: lost.to_path_buf(),
                caller: front.caller(),
            };
            runtime.spawn(course.run(Arc::new(std::sync::Mutex::new(records)), changed.clone()));
        }
        for schedule in template.schedules()? {
            runtime.spawn(invoke_regularly(schedule, front.caller()));
        }
        runtime.spawn_blocking(move || {
            // The last receiver goes with the runtime.
            while newest.receiver_count() > 0 {
                if let Ok(place) = look.newest() {
                    newest.send_if_modified(|known| std::mem::replace(known, place) != place);
                }
                std::thread::sleep(LOOK);
            }
        });
        drop(changed);
        Ok(Self {
            runtime: Some(runtime),
        })
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn invoke_regularly(schedule: Schedule, caller: Caller) {
    loop {
        tokio::time::sleep(schedule.every).await;
        if let Outcome::Failed(reason) = caller.invoke(&schedule.function, &schedule.input).await {
            eprintln!("{}: {reason}", schedule.function);
        }
    }
}

/// The way of one table's records to its function.
struct Course {
    mapping: Mapping,
    /// How many records the next batch has: half of one that failed as a whole.
    size: usize,
    lost: PathBuf,
    caller: Caller,
}

type Shared = Arc<std::sync::Mutex<Records>>;

impl Course {
    async fn run(mut self, records: Shared, mut changed: watch::Receiver<i64>) {
        let mut pause = PAUSES.0;
        loop {
            match self.step(&records).await {
                Ok(Step::Nothing) => {
                    if changed.changed().await.is_err() {
                        return;
                    }
                }
                Ok(Step::Delivered) => pause = PAUSES.0,
                Ok(Step::Failed) | Err(_) => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSES.1);
                }
            }
        }
    }

    /// Delivers one batch, or passes over what no filter lets through.
    async fn step(&mut self, records: &Shared) -> Result<Step, String> {
        let (table, most) = (self.mapping.table.clone(), self.size);
        let read = with(records, move |records| records.oldest(&table, most)).await?;
        let Some(newest) = read.last().map(|record| record.place) else {
            return Ok(Step::Nothing);
        };
        let patterns = &self.mapping.patterns;
        let passes = |record: &Record| !record.is_idle && fits(patterns, &record.content);
        let batch: Vec<Record> = read.into_iter().filter(passes).collect();
        let Some(oldest) = batch.first() else {
            self.trim(records, newest).await?;
            return Ok(Step::Delivered);
        };
        if oldest.made + self.mapping.longest.as_secs() < now() {
            self.lose(oldest)?;
            self.trim(records, oldest.place).await?;
            return Ok(Step::Delivered);
        }
        let contents: Vec<&Value> = batch.iter().map(|record| &record.content).collect();
        let payload = json!({ "Records": contents });
        let reply = match self.caller.invoke(&self.mapping.function, &payload).await {
            Outcome::Reply(reply) => reply,
            Outcome::Failed(_) => {
                self.size = (batch.len() / 2).max(1);
                return Ok(Step::Failed);
            }
        };
        match first_failure(&reply, &batch) {
            None => {
                self.size = self.mapping.batch;
                self.trim(records, newest).await?;
                Ok(Step::Delivered)
            }
            Some(at) => {
                if let Some(before) = at.checked_sub(1).and_then(|at| batch.get(at)) {
                    self.trim(records, before.place).await?;
                }
                Ok(Step::Failed)
            }
        }
    }

    async fn trim(&self, records: &Shared, place: i64) -> Result<(), String> {
        let table = self.mapping.table.clone();
        with(records, move |records| records.trim(&table, place)).await
    }

    /// Keeps a record that is too old, as Lambda does in a bucket.
    fn lose(&self, record: &Record) -> Result<(), String> {
        let file = self.lost.join(format!("{}.json", record.sequence_number()));
        let text = json!({ "Records": [record.content] }).to_string();
        std::fs::create_dir_all(&self.lost)
            .and_then(|()| std::fs::write(&file, text))
            .map_err(|error| error.to_string())?;
        eprintln!("A record is lost: {}", file.display());
        Ok(())
    }
}

/// The result of one step.
enum Step {
    /// No record waits.
    Nothing,
    /// Some records are dealt with.
    Delivered,
    /// A record has to be delivered again.
    Failed,
}

/// The place in the batch of the first record that comes again; as in Lambda, one that is not in it means all of them.
fn first_failure(reply: &Value, batch: &[Record]) -> Option<usize> {
    let failures = reply["batchItemFailures"].as_array()?;
    let places = failures.iter().map(|failure| {
        let number = failure["itemIdentifier"].as_str().unwrap_or_default();
        let place = batch.iter().position(|it| it.sequence_number() == number);
        place.unwrap_or(0)
    });
    places.min()
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

/// Reads or writes the file on a thread that may wait.
async fn with<T: Send + 'static>(
    records: &Shared,
    act: impl FnOnce(&Records) -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let records = Arc::clone(records);
    let done = spawn_blocking(move || {
        let records = records
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        act(&records)
    });
    done.await.map_err(|error| error.to_string())?
}

#[cfg(test)]
mod tests;
