//! The world in which functions are measured: a DynamoDB in memory with records, an admin and a member.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use api::endpoints::{PAGE, Route, route};
use api::fingerprint::Fingerprints;
use api::{Definition, Timestamp};
use infra::template::Yours;
use local::dynamo::{Dynamo, Storage};
use local::seed::{Seed, fill};
use local::template::Template;
use serde_json::{Value, json};

use crate::environment;
use crate::event::{event, with_body, with_token};
use crate::relay::Relay;
use crate::runtime_api::{Answer, RuntimeApi};
use crate::settled::Settled;

/// The address whose account becomes an admin.
pub(crate) const ADMIN: &str = "admin@example.com";

/// bcrypt's cost, the least there is: a hash is measured apart.
pub(crate) const COST: &str = "4";

/// The address and the password of the member.
pub(crate) const MEMBER: [&str; 2] = ["member@example.com", "a password of nobody else"];

/// How many records the lists are taken from.
const RECORDS: u64 = 200;

/// The time of the newest of them: 2026-01-01.
const NEWEST: u64 = 1_767_225_600_000;

/// The letters of a record's text: the record is just below 1 KB.
const LETTERS: usize = 700;

/// The binaries that are measured.
#[derive(Clone, Debug)]
pub(crate) struct Binaries(pub(crate) PathBuf);

impl Binaries {
    /// A function's binary, from the folder of `cargo ship` or from that of `cargo build`.
    pub(crate) fn of(&self, name: &str) -> PathBuf {
        let shipped = self.0.join(name).join("bootstrap");
        if shipped.is_file() {
            shipped
        } else {
            self.0.join(name)
        }
    }
}

/// Where functions are started.
pub(crate) struct World {
    pub(crate) binaries: Binaries,
    pub(crate) settled: Settled,
    pub(crate) relay: Relay,
    /// The tokens of the admin.
    pub(crate) admin: Tokens,
    /// The tokens of the member.
    pub(crate) member: Tokens,
    /// The path of a record of the member.
    pub(crate) record: String,
    marks: Fingerprints,
    // Dropping it stops it.
    _dynamo: Dynamo,
}

/// The tokens of a session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Tokens {
    fn of(body: &Value) -> Result<Self, String> {
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        text("accessToken")
            .zip(text("refreshToken"))
            .map(|(access, refresh)| Self { access, refresh })
            .ok_or_else(|| format!("no tokens in {body}"))
    }
}

impl World {
    /// Starts DynamoDB with the tables of the project, fills it, and registers an admin and a member.
    ///
    /// # Errors
    /// One line: no port, or a function does not do its part.
    pub(crate) fn start(binaries: Binaries) -> Result<Self, String> {
        let project = infra::plans::read(&local::root().join(infra::rehearse::PROJECT))?;
        let [(_, template), ..] = infra::plans::draw(&project, &Yours::default())?;
        let dynamo = Dynamo::start(&Storage::Memory, 0)?;
        dynamo.make(&Template::parse(&template)?.tables()?)?;
        let things = things(&project.collections.definitions)?;
        let seed = Seed {
            count: RECORDS,
            seed: 1,
            now: Timestamp::from_millis(NEWEST),
        };
        fill(&dynamo.engine(), things, seed, |_| {}, |_| {})?;
        let endpoint = dynamo.endpoint();
        let address: SocketAddr = endpoint
            .trim_start_matches("http://")
            .parse()
            .map_err(|error| format!("DynamoDB listens at {endpoint}: {error}"))?;
        let settled = Settled::default();
        let mut world = Self {
            binaries,
            relay: Relay::start(address, &settled)?,
            settled,
            admin: Tokens::default(),
            member: Tokens::default(),
            record: String::new(),
            marks: project.fingerprints,
            _dynamo: dynamo,
        };
        world.admin = Tokens::of(&world.ask(&credentials("/api/auth/register", ADMIN), 201)?)?;
        world.member = Tokens::of(&world.ask(&credentials("/api/auth/register", MEMBER[0]), 201)?)?;
        let record = world.ask(&world.creation(), 201)?;
        let id = record["id"].as_str().ok_or("a record without an id")?;
        world.record = format!("/api/posts/{id}");
        Ok(world)
    }

    /// Begins a session of the member.
    ///
    /// # Errors
    /// One line: the login fails.
    pub(crate) fn session(&self) -> Result<Tokens, String> {
        Tokens::of(&self.ask(&self.login(), 200)?)
    }

    /// The request that trades the refresh token of a new session of the member.
    ///
    /// # Errors
    /// One line: the login before it fails.
    pub(crate) fn refresh(&self) -> Result<Value, String> {
        let token = self.session()?.refresh;
        let request = event("POST", "/api/auth/refresh");
        Ok(with_body(request, &json!({ "refreshToken": token })))
    }

    /// The request that begins a session of the member.
    pub(crate) fn login(&self) -> Value {
        credentials("/api/auth/login", MEMBER[0])
    }

    /// The request that makes a record of the member.
    pub(crate) fn creation(&self) -> Value {
        let request = with_token(event("POST", "/api/posts"), &self.member.access);
        with_body(request, &json!({ "title": letters('a') }))
    }

    /// The request that changes the record, the `n`th time.
    pub(crate) fn change(&self, n: usize) -> Value {
        let request = with_token(event("PATCH", &self.record), &self.member.access);
        let letter = if n.is_multiple_of(2) { 'b' } else { 'c' };
        with_body(request, &json!({ "title": letters(letter) }))
    }

    /// The body of the answer of the function that answers such a request, started for it.
    fn ask(&self, event: &Value, status: u16) -> Result<Value, String> {
        let http = &event["requestContext"]["http"];
        let (method, path) = (&http["method"], &http["path"]);
        let name = answering(
            method.as_str().unwrap_or_default(),
            path.as_str().unwrap_or_default(),
        )?;
        let function = Function::start(self, name, &[], &[])?;
        function.api.polled()?;
        let answer = function.ask(event, status)?;
        Ok(answer.body)
    }
}

/// The collection of the lists.
fn things(definitions: &[Definition]) -> Result<&Definition, String> {
    definitions
        .iter()
        .find(|definition| definition.name == "products")
        .ok_or_else(|| "no collection for the lists".to_owned())
}

fn letters(letter: char) -> String {
    letter.to_string().repeat(LETTERS)
}

fn credentials(path: &str, email: &str) -> Value {
    with_body(
        event("POST", path),
        &json!({ "email": email, "password": MEMBER[1] }),
    )
}

/// The function that answers a request.
///
/// # Errors
/// One line: no endpoint answers it.
pub(crate) fn answering(method: &str, path: &str) -> Result<&'static str, String> {
    let path = path.split('?').next().unwrap_or_default();
    match route(PAGE, method, path, |_| true) {
        Route::To(name) => Ok(name),
        _ => Err(format!("no endpoint answers {method} {path}")),
    }
}

/// A function's process; dropping it ends it.
pub(crate) struct Function {
    pub(crate) api: RuntimeApi,
    /// The instant before its start.
    pub(crate) started: Instant,
    name: String,
    process: Child,
}

impl Function {
    /// Starts a function; `watcher` is the program that starts it, `variables` win over the environment's.
    ///
    /// # Errors
    /// One line: it cannot be run.
    pub(crate) fn start(
        world: &World,
        name: &str,
        watcher: &[String],
        variables: &[(&str, &str)],
    ) -> Result<Self, String> {
        let binary = world.binaries.of(name);
        let api = RuntimeApi::start(&world.settled)?;
        let mut command =
            environment::start(&binary, &api.address(), &world.relay.endpoint(), watcher);
        if let Some(entry) = PAGE.iter().find(|entry| entry.name == name) {
            command.envs(environment::template(entry, &world.marks));
        } else {
            command.env("BAKEND_TABLE_PREFIX", local::TABLE_PREFIX);
        }
        command
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let started = Instant::now();
        let process = command
            .spawn()
            .map_err(|error| format!("Cannot run {}: {error}", binary.display()))?;
        Ok(Self {
            api,
            started,
            name: name.to_owned(),
            process,
        })
    }

    /// Hands out an event that must be answered with `status`.
    ///
    /// # Errors
    /// One line: it is not.
    pub(crate) fn ask(&self, event: &Value, status: u16) -> Result<Answer, String> {
        let said = |why: String| format!("{}: {why}", self.name);
        let answer = self.api.ask(event).map_err(said)?;
        if answer.status == status {
            return Ok(answer);
        }
        Err(said(format!(
            "answers {} instead of {status}: {}",
            answer.status, answer.body
        )))
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Ends it by a signal that lets a watcher write what it has seen, and waits for that.
    pub(crate) fn end(&mut self) {
        let _ = Command::new("kill")
            .args(["-TERM", &self.id().to_string()])
            .status();
        let _ = self.process.wait();
    }

    /// The memory that is resident (`VmRSS`), in megabytes of a million bytes.
    ///
    /// # Errors
    /// One line: the system does not say.
    pub(crate) fn resident(&self) -> Result<f64, String> {
        let path = format!("/proc/{}/status", self.id());
        let status =
            fs::read_to_string(&path).map_err(|error| format!("Cannot read {path}: {error}"))?;
        kilobytes(&status, "VmRSS")
            .map(|kilobytes| kilobytes * 1024.0 / 1e6)
            .ok_or_else(|| format!("{path} has no memory in it"))
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A figure of `/proc/<id>/status`.
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
