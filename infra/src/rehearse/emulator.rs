//! The AWS emulator that a rehearsal deploys to.

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use super::aws::Aws;

/// The counts of throttling, which a suite from one address would meet at once: out of reach.
const UNTHROTTLED: [&str; 9] = [
    "BAKEND_AUTH_THROTTLE_ATTEMPTS",
    "BAKEND_AUTH_THROTTLE_ACCOUNT_ATTEMPTS",
    "BAKEND_AUTH_THROTTLE_SOURCE_ATTEMPTS",
    "BAKEND_AUTH_THROTTLE_REGISTRATIONS",
    "BAKEND_AUTH_THROTTLE_REFRESHES",
    "BAKEND_AUTH_THROTTLE_MAILS",
    "BAKEND_AUTH_THROTTLE_ADDRESS_MAILS",
    "BAKEND_AUTH_THROTTLE_SOURCE_MAILS",
    "BAKEND_AUTH_THROTTLE_INVITATIONS",
];

/// Starts it; see its first lines.
const EMULATOR: &str = include_str!("emulator.py");

/// For how long the emulator may take to answer, and to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A port of the loopback interface that nobody has.
pub(super) fn free_port() -> Result<u16, String> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("No free port on 127.0.0.1: {error}"))
}

/// The running emulator; ended when dropped.
pub(super) struct Emulator {
    process: Child,
    log: PathBuf,
}

impl Emulator {
    /// Starts the emulator that is installed there, whose functions have these variables as well.
    pub(super) fn start(
        aws: &Aws<'_>,
        installed: &Path,
        variables: &[(&str, &str)],
    ) -> Result<Self, String> {
        let path = aws.folder.join("emulator.log");
        let trouble = |error: std::io::Error| format!("Cannot start the emulator: {error}");
        let log = File::create(&path).map_err(trouble)?;
        let mut command = Command::new(installed.with_file_name("python"));
        aws.environment(&mut command)
            .args(["-c", EMULATOR])
            .env("GATEWAY_PORT", aws.port())
            .env("BIND_HOST", "127.0.0.1");
        command
            .env("STATE_DIR", aws.folder.join("state"))
            .env("S3_DATA_DIR", aws.folder.join("s3"));
        // Its functions inherit what it has, so the template stays as it is.
        command.envs(UNTHROTTLED.map(|name| (name, "1000000")));
        command.envs(variables.iter().copied());
        // These listen on every interface.
        command.envs([("SFTP_ENABLED", "0"), ("IOT_MTLS_ENABLED", "0")]);
        command
            .stdout(log.try_clone().map_err(trouble)?)
            .stderr(log);
        let mut emulator = Self {
            process: command.spawn().map_err(trouble)?,
            log: path,
        };
        let address = aws.endpoint.trim_start_matches("http://");
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            let ended = emulator.process.try_wait().map_err(trouble)?.is_some();
            if ended || start.elapsed() > PATIENCE {
                return Err(format!(
                    "The emulator does not answer; see {}.",
                    emulator.log.display()
                ));
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(emulator)
    }

    pub(super) fn stop(mut self) -> Result<(), String> {
        self.end()
    }

    /// Asks the emulator to end, so that it ends its functions; after a while, insists.
    fn end(&mut self) -> Result<(), String> {
        let trouble = |error: std::io::Error| format!("Cannot stop the emulator: {error}");
        if self.process.try_wait().map_err(trouble)?.is_some() {
            return Ok(());
        }
        let _ = Command::new("kill")
            .arg(self.process.id().to_string())
            .status();
        let start = Instant::now();
        while self.process.try_wait().map_err(trouble)?.is_none() {
            if start.elapsed() > PATIENCE {
                self.process.kill().map_err(trouble)?;
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("{error}");
        }
    }
}
