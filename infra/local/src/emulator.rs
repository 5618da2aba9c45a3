//! cargo-lambda's emulator as the gateway, with the functions' own binaries behind it.
//!
//! The emulator runs in a folder of its own, beside a stub of a package. It serves only functions that are binaries of
//! the package in its folder, and so it never waits for cargo's lock on this package. It also starts no function
//! itself: every process that joins is one instance of its function. Two instances answer two calls at the same time.

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::process::{Output, Process};
use crate::{REGION, TABLE_PREFIX};

/// How many functions may join under names that no route has.
const SLOTS: usize = 6000;

/// How long the emulator may take to listen.
const START: Duration = Duration::from_secs(20);

/// A running emulator; dropping it stops it, not the functions that joined.
#[derive(Debug)]
pub struct Emulator {
    port: u16,
    folder: PathBuf,
    process: Process,
    next_slot: AtomicUsize,
    next_log: AtomicUsize,
}

/// A function's process to start.
#[derive(Clone, Debug)]
pub struct Function<'a> {
    /// The binary.
    pub binary: &'a Path,
    /// The name it polls under: a route's function, or a slot.
    pub name: &'a str,
    /// The access key id it signs with, by which the proxy knows it.
    pub key: &'a str,
    /// Where its DynamoDB is.
    pub dynamodb: &'a str,
    /// More variables.
    pub env: &'a [(&'a str, &'a str)],
}

impl Emulator {
    /// Starts on a free port, in `folder`, with the routes of the file `routes` (a `CargoLambda.toml`) to `functions`.
    ///
    /// # Errors
    /// One line: the folder cannot be written or the emulator does not start.
    pub fn start(
        cargo_lambda: &Path,
        folder: &Path,
        routes: &Path,
        functions: &[&str],
    ) -> Result<Self, String> {
        let trouble = |error: std::io::Error| {
            format!(
                "Cannot prepare the emulator in {}: {error}",
                folder.display()
            )
        };
        fs::create_dir_all(folder).map_err(trouble)?;
        fs::write(folder.join("Cargo.toml"), stub(functions)).map_err(trouble)?;
        fs::write(folder.join("main.rs"), "fn main() {}\n").map_err(trouble)?;
        fs::copy(routes, folder.join("CargoLambda.toml")).map_err(|error| {
            format!(
                "Cannot read {}: {error}; `cargo generate` makes it",
                routes.display()
            )
        })?;
        let port = free_port()?;
        let mut command = Command::new(cargo_lambda);
        command.args([
            "lambda",
            "watch",
            "--only-lambda-apis",
            "--disable-cors",
            "-A",
            "127.0.0.1",
            "-P",
        ]);
        command.arg(port.to_string()).current_dir(folder);
        let log = folder.join("emulator.log");
        let mut process = Process::start(&command, &Output::File(&log))
            .map_err(|error| format!("Cannot run {}: {error}", cargo_lambda.display()))?;
        let deadline = Instant::now() + START;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if process.ended().is_some() || Instant::now() > deadline {
                return Err(format!(
                    "The emulator did not start: {}",
                    process.log().trim()
                ));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let folder = folder.to_path_buf();
        Ok(Self {
            port,
            folder,
            process,
            next_slot: AtomicUsize::new(0),
            next_log: AtomicUsize::new(0),
        })
    }

    /// Where it listens, such as `http://127.0.0.1:45123`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A function name that no route has and no other function uses: reached only through the Invoke API.
    ///
    /// # Errors
    /// All of them are taken.
    pub fn slot(&self) -> Result<String, String> {
        let slot = self.next_slot.fetch_add(1, Ordering::Relaxed);
        if slot < SLOTS {
            Ok(format!("slot-{slot}"))
        } else {
            Err(format!("All {SLOTS} slots are taken"))
        }
    }

    /// Starts one instance of a function; its output goes to a file that [`Process::log`] reads.
    ///
    /// # Errors
    /// One line: the binary cannot be run.
    pub fn spawn(&self, function: &Function<'_>) -> Result<Process, String> {
        let number = self.next_log.fetch_add(1, Ordering::Relaxed);
        let log = self.folder.join(format!("{}-{number}.log", function.key));
        let mut command = Command::new(function.binary);
        command
            .env(
                "AWS_LAMBDA_RUNTIME_API",
                format!("http://127.0.0.1:{}/.rt/{}", self.port, function.name),
            )
            .env("AWS_LAMBDA_FUNCTION_NAME", function.name)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env(
                "AWS_LAMBDA_LOG_GROUP_NAME",
                format!("/aws/lambda/{}", function.name),
            )
            .env("AWS_LAMBDA_LOG_STREAM_NAME", format!("local/{number}"))
            .env("AWS_ACCESS_KEY_ID", function.key)
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .env("AWS_REGION", REGION)
            .env("AWS_ENDPOINT_URL_DYNAMODB", function.dynamodb)
            .env("BAKEND_ENV", "local")
            .env("BAKEND_TABLE_PREFIX", TABLE_PREFIX)
            .envs(function.env.iter().copied());
        if !function.binary.is_file() {
            return Err(format!("There is no binary {}", function.binary.display()));
        }
        Process::start_with(&command, &["AWS_", "BAKEND_"], &Output::File(&log))
            .map_err(|error| format!("Cannot run {}: {error}", function.binary.display()))
    }

    /// The output of the emulator itself.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }
}

/// A package with a binary for every function and slot, never built.
fn stub(functions: &[&str]) -> String {
    let mut text = String::from(
        "[package]\nname = \"stub\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n",
    );
    let slots = (0..SLOTS).map(|slot| format!("slot-{slot}"));
    for name in functions.iter().map(ToString::to_string).chain(slots) {
        let _ = write!(text, "\n[[bin]]\nname = \"{name}\"\npath = \"main.rs\"\n");
    }
    text
}

/// A port that no process listens on at this moment.
///
/// # Errors
/// No port is free.
pub fn free_port() -> Result<u16, String> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("No free port: {error}"))
}
