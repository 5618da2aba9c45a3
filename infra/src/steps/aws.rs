//! The requests of the walk to AWS, as `sam deploy` would send them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::table::Table;
use crate::tools;

/// Reads the deployed state from AWS; see its first lines.
const DEPLOYED: &str = include_str!("../deployed.py");

/// The deployed state of a stack.
#[derive(Deserialize)]
pub(super) struct Deployed {
    pub(super) stack: String,
    /// By logical id; none while there is no stack.
    pub(super) tables: Option<BTreeMap<String, Table>>,
}

/// The region and the credentials for AWS, from the arguments of `sam deploy`.
pub(super) struct Aws<'a> {
    pub(super) root: &'a Path,
    pub(super) python: PathBuf,
    pub(super) arguments: &'a [String],
}

impl Aws<'_> {
    /// [`DEPLOYED`], asked for `what`.
    fn ask(&self, what: &str) -> Command {
        let mut command = Command::new(&self.python);
        command
            .current_dir(self.root)
            .args(["-c", DEPLOYED, what])
            .args(self.arguments);
        command
    }

    pub(super) fn deployed(&self) -> Result<Deployed, String> {
        let output = self.ask("tables").stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| format!("Cannot run SAM's Python: {error}"))?;
        if !output.status.success() {
            return Err("What is deployed could not be read; the reason is above.".to_owned());
        }
        // JSON is YAML.
        serde_yaml_ng::from_slice(&output.stdout)
            .map_err(|error| format!("What is deployed is not understood: {error}"))
    }

    pub(super) fn deploy(&self, sam: &Path, template: &Path) -> Result<(), String> {
        let mut deploy = Command::new(sam);
        deploy
            .current_dir(self.root)
            .arg("deploy")
            .arg("--template-file")
            .arg(template);
        deploy
            .arg("--no-fail-on-empty-changeset")
            .args(self.arguments);
        succeed("sam deploy", &mut deploy)
    }

    pub(super) fn settled(&self) -> Result<(), String> {
        succeed("Waiting for the indexes", &mut self.ask("settled"))
    }

    /// `cargo admin backfill` with the credentials of `sam deploy`.
    pub(super) fn backfill(&self, stack: &str, arguments: Vec<&str>) -> Result<(), String> {
        let mut command = self.ask("run");
        command
            .arg("--")
            .arg(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .args([
                "run", "--quiet", "--bin", "admin", "--", "--stack", stack, "backfill",
            ])
            .args(arguments);
        tools::forget_package(&mut command);
        succeed("cargo admin backfill", &mut command)
    }
}

fn succeed(what: &str, command: &mut Command) -> Result<(), String> {
    let status = command
        .status()
        .map_err(|error| format!("Cannot run {what}: {error}"))?;
    if status.success() {
        return Ok(());
    }
    Err(format!(
        "{what} failed; its reason is above. What is done is done: cargo ship --steps goes on from here."
    ))
}
