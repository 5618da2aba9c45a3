//! Programs that work on the emulator, as they would on AWS.

use std::path::Path;
use std::process::{Command, Stdio};

use super::REGION;
use super::emulator::free_port;

/// The address of AWS for a program: the emulator, and nothing of the machine's own profile.
pub(super) struct Aws<'a> {
    pub(super) root: &'a Path,
    pub(super) folder: &'a Path,
    pub(super) endpoint: String,
}

impl<'a> Aws<'a> {
    /// The emulator of a rehearsal in this folder, on a port that nobody has.
    pub(super) fn new(root: &'a Path, folder: &'a Path) -> Result<Self, String> {
        Ok(Self {
            root,
            folder,
            endpoint: format!("http://127.0.0.1:{}", free_port()?),
        })
    }

    /// The emulator's port.
    pub(super) fn port(&self) -> &str {
        self.endpoint.rsplit(':').next().unwrap_or_default()
    }

    /// Gives a command nothing but what it needs. The emulator's functions inherit it, as they do on AWS nothing.
    pub(super) fn environment<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .current_dir(self.root)
            .stdin(Stdio::null())
            .env_clear();
        for name in ["PATH", "HOME", "LANG"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("TMPDIR", self.folder.join("tmp"))
            .envs([
                ("AWS_DEFAULT_REGION", REGION),
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "test"),
                ("AWS_CONFIG_FILE", "/dev/null"),
                ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
                ("AWS_EC2_METADATA_DISABLED", "true"),
                ("NO_PROXY", "127.0.0.1,localhost"),
                ("SAM_CLI_TELEMETRY", "0"),
            ])
    }

    /// By which name the emulator knows a deployed API.
    pub(super) fn host(&self, api: &str) -> String {
        format!("{api}.execute-api.localhost:{}", self.port())
    }

    /// This cargo, for the emulator.
    pub(super) fn cargo(&self) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        self.environment(&mut command);
        for name in [
            "CARGO",
            "CARGO_HOME",
            "CARGO_TARGET_DIR",
            "RUSTUP_HOME",
            "RUSTUP_TOOLCHAIN",
            "RUSTC_WORKSPACE_WRAPPER",
            "CLIPPY_ARGS",
            "CARGO_INCREMENTAL",
            "CARGO_PROFILE_DEV_DEBUG",
            "BAKEND_TOOLS",
            "XDG_CACHE_HOME",
        ] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }

    pub(super) fn run(&self, what: &str, command: &mut Command) -> Result<(), String> {
        succeed(what, self.environment(command))
    }
}

/// Runs a command that has to succeed.
pub(super) fn succeed(what: &str, command: &mut Command) -> Result<(), String> {
    let status = command
        .status()
        .map_err(|error| format!("Cannot run {what}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{what} failed; its reason is above."))
    }
}

/// Runs a command that asks, and says yes to whatever it asks.
pub(super) fn agree(what: &str, command: &mut Command) -> Result<(), String> {
    let trouble = |error: std::io::Error| format!("Cannot run yes: {error}");
    let mut yes = Command::new("yes")
        .stdout(Stdio::piped())
        .spawn()
        .map_err(trouble)?;
    if let Some(answers) = yes.stdout.take() {
        command.stdin(answers);
    }
    let done = succeed(what, command);
    yes.kill().and_then(|()| yes.wait()).map_err(trouble)?;
    done
}
