//! The AWS emulator that a rehearsal deploys to.

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use super::Aws;

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

/// The settings by which the suite's project sends mail, and takes sign-ins by mail and by passkey.
const SWITCHED_ON: [(&str, &str); 5] = [
    ("BAKEND_MAIL_FROM", super::MAIL_FROM),
    ("BAKEND_AUTH_MAGIC_LINK", "signIn"),
    ("BAKEND_AUTH_PASSKEYS_RP_ID", "app.example.com"),
    ("BAKEND_AUTH_PASSKEYS_ORIGINS", super::suite::ORIGIN),
    // The same mail is asked for twice at once.
    ("BAKEND_AUTH_THROTTLE_MAIL_INTERVAL", "1s"),
];

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
    pub(super) fn start(aws: &Aws<'_>, program: &Path, port: u16) -> Result<Self, String> {
        let path = aws.folder.join("emulator.log");
        let trouble = |error: std::io::Error| format!("Cannot start the emulator: {error}");
        let log = File::create(&path).map_err(trouble)?;
        let mut command = Command::new(program);
        aws.environment(&mut command)
            .env("GATEWAY_PORT", port.to_string())
            .env("BIND_HOST", "127.0.0.1");
        command
            .env("STATE_DIR", aws.folder.join("state"))
            .env("S3_DATA_DIR", aws.folder.join("s3"));
        // Its functions inherit what it has, so the template stays as it is.
        command.envs(UNTHROTTLED.map(|name| (name, "1000000")));
        command.envs(SWITCHED_ON);
        // These listen on every interface.
        command.envs([("SFTP_ENABLED", "0"), ("IOT_MTLS_ENABLED", "0")]);
        command
            .stdout(log.try_clone().map_err(trouble)?)
            .stderr(log);
        let mut emulator = Self {
            process: command.spawn().map_err(trouble)?,
            log: path,
        };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
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
