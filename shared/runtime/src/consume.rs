//! The second doorway: runs one worker on Lambda. Decodes the payload, hands it over, answers the record that failed first,
//! and writes one line of the log for each invocation.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use api::consumers::{Work, Worker};
use api::settings::Settings;
use api::{Deployment, Error, Timestamp};
use auth::{Backing, Fresh, Opening};
use lambda_http::lambda_runtime::{self, LambdaEvent};
use lambda_http::service_fn;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use crate::answer::Pending;
use crate::boot::Boot;
use crate::log;

/// The part of an invocation's time that stays for the answer.
const REST: Duration = Duration::from_secs(2);

/// One invocation of a worker.
pub struct Task<W: Work> {
    /// The payload.
    pub input: W::Input,
    /// The id of the invocation.
    pub request_id: String,
    boot: &'static Boot,
}

/// The result of an invocation: the record that failed first, if one did, and what the log tells.
#[derive(Debug, Default)]
pub struct Done {
    failed: Option<String>,
    counts: Vec<(&'static str, usize)>,
    warnings: Vec<String>,
}

impl<W: Work> Task<W> {
    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.boot.now()
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &'static Settings {
        &self.boot.settings
    }

    /// Where this process runs.
    #[must_use]
    pub fn deployment(&self) -> &'static Deployment {
        &self.boot.deployment
    }

    /// Random bytes, fit for secrets.
    ///
    /// # Errors
    /// `common/internal` when the system has none.
    pub fn random<const N: usize>(&self) -> Result<[u8; N], Error> {
        self.boot.random()
    }
}

impl Done {
    /// Names the sequence number of the record that failed first: it comes again, with all that follow it.
    #[must_use]
    pub fn failed_at(mut self, sequence_number: Option<String>) -> Self {
        self.failed = sequence_number;
        self
    }

    /// Tells the log a number under this name.
    #[must_use]
    pub fn count(mut self, name: &'static str, number: usize) -> Self {
        self.counts.push((name, number));
        self
    }

    /// Tells the log why something was passed over, on a line of its own.
    #[must_use]
    pub fn warn(mut self, reasons: impl IntoIterator<Item = String>) -> Self {
        self.warnings.extend(reasons);
        self
    }
}

/// The worker's own part of an invocation.
type Handling = Box<dyn Fn(Value, String) -> Pending<Done>>;

/// Opens the state of a worker.
type Open = Box<dyn FnOnce(&'static Boot) -> Pending<Handling>>;

/// Runs a worker until Lambda stops it. The state that every invocation shares is opened during init.
pub fn consume<W, S>(
    _: W,
    handler: impl AsyncFn(&'static S, Task<W>) -> Result<Done, Error> + 'static,
) -> ExitCode
where
    W: Work,
    S: Backing + 'static,
{
    let open = async move |boot: &'static Boot| {
        let state = S::open(Opening {
            deployment: &boot.deployment,
            secret: boot.secret(),
            tokens: boot.tokens(),
            now: boot.now(),
            reads_keys: W::WORKER.reads_keys(),
            keeps_first_secret: false,
            fresh: Fresh {
                signing: boot.random()?,
                sealing: boot.random()?,
            },
        })
        .await?;
        // Both live as long as the process.
        let (state, handler) = (&*Box::leak(Box::new(state)), &*Box::leak(Box::new(handler)));
        let handling: Handling = Box::new(move |payload, request_id| {
            Box::pin(async move {
                let input = W::Input::deserialize(payload)
                    .map_err(|error| Error::internal(format!("not a payload: {error}")))?;
                let task = Task {
                    input,
                    request_id,
                    boot,
                };
                let looking = state.look_again(boot.now());
                let (done, ()) = tokio::join!(handler(state, task), looking);
                done
            })
        });
        Ok(handling)
    };
    run(W::WORKER, Box::new(move |boot| Box::pin(open(boot))))
}

fn run(worker: &'static Worker, open: Open) -> ExitCode {
    let marks = collections::fingerprints();
    // Lives as long as the process.
    let started = Boot::read(&marks.records).map(|boot| &*Box::leak(Box::new(boot)));
    match started.and_then(|boot| until_stopped(worker, open(boot))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            log::start_failed(worker.name, &problem);
            ExitCode::FAILURE
        }
    }
}

fn until_stopped(worker: &'static Worker, open: Pending<Handling>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let handling = open.await.map_err(|error| error.message)?;
        let service = async |event: LambdaEvent<Value>| {
            answer(worker, &handling, event.payload, event.context.request_id).await
        };
        lambda_runtime::run(service_fn(service))
            .await
            .map_err(|error| error.to_string())
    })
}

/// Answers one invocation. A batch of a stream is never answered with an error: Lambda would cut it in halves, where the
/// first record tells as much.
async fn answer(
    worker: &Worker,
    handling: &Handling,
    payload: Value,
    request_id: String,
) -> Result<Value, lambda_runtime::Error> {
    #[expect(clippy::disallowed_methods, reason = "the one place that measures")]
    let started = Instant::now();
    let (records, first) = (count(&payload), first(&payload));
    let longest = Duration::from_secs(worker.timeout.into()).saturating_sub(REST);
    let result = timeout(longest, handling(payload, request_id.clone()))
        .await
        .unwrap_or_else(|_| Err(Error::unavailable("the invocation took too long")));
    let mut line = Map::new();
    line.insert("requestId".into(), request_id.into());
    line.insert("worker".into(), worker.name.into());
    line.insert("ms".into(), json!(started.elapsed().as_millis()));
    line.extend(records.map(|number| ("records".to_owned(), number.into())));
    let failed = match &result {
        Ok(done) => done.failed.clone(),
        Err(_) => first,
    };
    if let Ok(done) = &result {
        let counts = done.counts.iter();
        line.extend(counts.map(|(name, number)| ((*name).to_owned(), json!(number))));
        done.warnings.iter().for_each(|reason| log::warn(reason));
    }
    line.extend(failed.clone().map(|at| ("failedAt".to_owned(), at.into())));
    log::invocation(line, failed.is_some(), result.as_ref().err());
    match (worker.source, result) {
        (source, _) if source.is_stream() => {
            let failures = failed.map(|at| json!({ "itemIdentifier": at }));
            Ok(json!({ "batchItemFailures": failures.into_iter().collect::<Vec<_>>() }))
        }
        (_, Ok(_)) => Ok(Value::Null),
        (_, Err(error)) => Err(error.code.as_str().into()),
    }
}

/// How many records a batch of a stream has.
fn count(payload: &Value) -> Option<usize> {
    payload["Records"].as_array().map(Vec::len)
}

/// The sequence number of the first record of a batch.
fn first(payload: &Value) -> Option<String> {
    let number = &payload["Records"][0]["dynamodb"]["SequenceNumber"];
    number.as_str().map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use api::Code;
    use api::consumers::Source;

    use super::*;

    fn handling(result: fn() -> Result<Done, Error>) -> Handling {
        Box::new(move |_, _| Box::pin(async move { result() }))
    }

    async fn answered(
        source: Source,
        result: fn() -> Result<Done, Error>,
    ) -> Result<Value, String> {
        let worker = Worker {
            name: "sample",
            doc: "A sample.",
            source,
            access: &[],
            rights: &[],
            needs: &[],
            serves: None,
            timeout: 60,
            memory: 256,
        };
        let payload = json!({ "Records": [{ "dynamodb": { "SequenceNumber": "17" } }, {}] });
        let answer = answer(&worker, &handling(result), payload, "r".to_owned()).await;
        answer.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_batch_is_answered_with_the_record_that_failed_first() {
        let failures = |at: Option<&str>| {
            let failed: Vec<Value> = at
                .map(|at| json!({ "itemIdentifier": at }))
                .into_iter()
                .collect();
            Ok(json!({ "batchItemFailures": failed }))
        };
        let stream = Source::Streams;
        let done = answered(stream, || Ok(Done::default())).await;
        assert_eq!(done, failures(None));
        let some = answered(stream, || Ok(Done::default().failed_at(Some("18".into())))).await;
        assert_eq!(some, failures(Some("18")));
        let all = answered(stream, || Err(Error::unavailable("away"))).await;
        assert_eq!(all, failures(Some("17")));
    }

    #[tokio::test]
    async fn a_wake_up_is_answered_with_nothing_or_an_error() {
        let done = answered(Source::Wakes, || Ok(Done::default())).await;
        assert_eq!(done, Ok(Value::Null));
        let failed = answered(Source::Wakes, || Err(Error::unavailable("away"))).await;
        assert_eq!(failed, Err(Code::Unavailable.as_str().to_owned()));
    }
}
