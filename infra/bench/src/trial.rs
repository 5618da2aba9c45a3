//! One cold start: a process from its spawn to its second answer.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use api::endpoints::{PAGE, Route, route};
use local::dynamo::{Dynamo, Storage};
use local::template::Template;
use serde_json::{Value, json};

use crate::relay::Relay;
use crate::runtime_api::RuntimeApi;

/// A binary that is measured, and its request.
#[derive(Clone, Debug)]
pub(crate) struct Contestant {
    /// The function's name.
    pub(crate) name: &'static str,
    /// The binary.
    pub(crate) binary: PathBuf,
    event: Value,
    /// The status it must answer with.
    status: u16,
}

impl Contestant {
    /// The three contestants, from a folder of binaries: the bare function first.
    ///
    /// The page says which function answers a request. Two requests fail, but cost as much as a success, except for one
    /// write at a login. They are a login with an unknown address (two reads and a hash) and a read of a missing record
    /// (one read).
    ///
    /// # Errors
    /// One line: no endpoint answers a request.
    pub(crate) fn all(binary: impl Fn(&str) -> PathBuf) -> Result<Vec<Self>, String> {
        let login = json!({ "email": "nobody@example.com", "password": "a password of nobody" });
        let record = "/api/posts/01890a5d-ac96-7700-bcce-b302099a8057";
        let (sign_in, read) = ("/api/auth/login", event("GET", record));
        let signing_in = with_body(event("POST", sign_in), &login);
        Ok(vec![
            Self::new(&binary, "bare", event("GET", "/"), 200),
            Self::new(&binary, answering("GET", record)?, read, 404),
            Self::new(&binary, answering("POST", sign_in)?, signing_in, 401),
        ])
    }

    fn new(
        binary: impl Fn(&str) -> PathBuf,
        name: &'static str,
        event: Value,
        status: u16,
    ) -> Self {
        Self {
            name,
            binary: binary(name),
            event,
            status,
        }
    }
}

/// The function that answers a request.
fn answering(method: &str, path: &str) -> Result<&'static str, String> {
    match route(PAGE, method, path, |_| true) {
        Route::To(name) => Ok(name),
        _ => Err(format!("no endpoint answers {method} {path}")),
    }
}

/// An event of API Gateway, payload format 2.0.
fn event(method: &str, path: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": { "host": "api.example.com", "user-agent": "bench" },
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "api.example.com",
            "domainPrefix": "api",
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1",
                "userAgent": "bench" },
            "requestId": "cold",
            "routeKey": "$default",
            "stage": "$default",
            "time": "21/Nov/2026:00:00:00 +0000",
            "timeEpoch": 1_795_219_200_000_u64
        },
        "isBase64Encoded": false
    })
}

fn with_body(mut event: Value, body: &Value) -> Value {
    event["headers"]["content-type"] = json!("application/json");
    event["body"] = json!(body.to_string());
    event
}

/// The figures of one cold start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trial {
    /// From spawning to the instant that DynamoDB accepts the connection; `None` where nothing connects.
    pub(crate) connecting: Option<Duration>,
    /// From spawning to asking for the first event.
    pub(crate) first_poll: Duration,
    /// How long DynamoDB took for its answers before the first poll.
    pub(crate) dynamodb: Duration,
    /// From handing out the first event to its answer.
    pub(crate) first_request: Duration,
    /// From handing out the second event to its answer.
    pub(crate) second_request: Duration,
    /// The most memory that was resident until the first answer, in megabytes of a million bytes (`VmHWM`).
    pub(crate) peak: f64,
    /// The memory resident after the first answer, in megabytes of a million bytes (`VmRSS`).
    pub(crate) resident: f64,
}

/// Where functions are started: a DynamoDB with the template's tables, all empty.
pub(crate) struct Bench {
    relay: Relay,
    // Dropping it stops it.
    _dynamo: Dynamo,
}

impl Bench {
    /// Starts DynamoDB in memory with the tables of template.yaml.
    ///
    /// # Errors
    /// One line: the template is not understood, or no port.
    pub(crate) fn start() -> Result<Self, String> {
        let dynamo = Dynamo::start(&Storage::Memory, 0)?;
        dynamo.make(&Template::read(&local::root().join("template.yaml"))?.tables()?)?;
        let endpoint = dynamo.endpoint();
        let address: SocketAddr = endpoint
            .trim_start_matches("http://")
            .parse()
            .map_err(|error| format!("DynamoDB listens at {endpoint}: {error}"))?;
        Ok(Self {
            relay: Relay::start(address)?,
            _dynamo: dynamo,
        })
    }

    /// Every contestant's cold starts, taken in turn: A B C A B C …, after one of each that does not count.
    ///
    /// # Errors
    /// One line: a binary is missing, or does not behave as expected.
    pub(crate) fn rounds(
        &self,
        contestants: &[Contestant],
        rounds: usize,
    ) -> Result<Vec<Vec<Trial>>, String> {
        let mut trials = vec![Vec::with_capacity(rounds); contestants.len()];
        for round in 0..=rounds {
            for (contestant, trials) in contestants.iter().zip(&mut trials) {
                let trial = self
                    .trial(contestant)
                    .map_err(|why| format!("{}: {why}", contestant.binary.display()))?;
                if round > 0 {
                    trials.push(trial);
                }
            }
        }
        Ok(trials)
    }

    fn trial(&self, contestant: &Contestant) -> Result<Trial, String> {
        let api = RuntimeApi::start()?;
        self.relay.forget();
        let mut command = self.command(&api, contestant);
        let start = Instant::now();
        let process = Running(
            command
                .spawn()
                .map_err(|error| format!("cannot be run: {error}"))?,
        );
        let polled = api.polled()?;
        let before = self.relay.seen(polled);
        let first = api.ask(&contestant.event)?;
        let [peak, resident] = process.memory()?;
        api.polled()?;
        let second = api.ask(&contestant.event)?;
        for status in [first.status, second.status] {
            if status != contestant.status {
                return Err(format!("answers {status} instead of {}", contestant.status));
            }
        }
        Ok(Trial {
            connecting: before.connected.map(|at| at - start),
            first_poll: polled - start,
            dynamodb: before.answering,
            first_request: first.time,
            second_request: second.time,
            peak,
            resident,
        })
    }

    /// The process to start, in the environment of a local deployment and nothing else.
    fn command(&self, api: &RuntimeApi, contestant: &Contestant) -> Command {
        let mut command = Command::new(&contestant.binary);
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", api.address())
            .env("AWS_LAMBDA_FUNCTION_NAME", contestant.name)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env(
                "AWS_LAMBDA_LOG_GROUP_NAME",
                format!("/aws/lambda/{}", contestant.name),
            )
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "cold")
            .env("AWS_ACCESS_KEY_ID", contestant.name)
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .env("AWS_REGION", local::REGION)
            .env("AWS_ENDPOINT_URL_DYNAMODB", self.relay.endpoint())
            .env("BAKEND_ENV", "local")
            .env("BAKEND_TABLE_PREFIX", local::TABLE_PREFIX)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

/// A function's process; dropping it ends it.
struct Running(Child);

impl Running {
    /// `VmHWM` and `VmRSS` in megabytes.
    fn memory(&self) -> Result<[f64; 2], String> {
        let path = format!("/proc/{}/status", self.0.id());
        let status =
            fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
        let field = |name| kilobytes(&status, name).map(|kilobytes| kilobytes * 1024.0 / 1e6);
        field("VmHWM")
            .zip(field("VmRSS"))
            .map(<[f64; 2]>::from)
            .ok_or_else(|| format!("{path} has no memory in it"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn kilobytes(status: &str, name: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_by_name() {
        let status = "Name:\tlogin\nVmHWM:\t    8000 kB\nVmRSS:\t    7000 kB\n";
        assert_eq!(
            (kilobytes(status, "VmHWM"), kilobytes(status, "VmRSS")),
            (Some(8000.0), Some(7000.0))
        );
        assert_eq!(kilobytes(status, "VmData"), None);
    }
}
