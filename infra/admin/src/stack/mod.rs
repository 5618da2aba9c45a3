//! The commands about a deployed stack as a whole, which ask AWS for more than its tables.

pub(crate) mod logs;
pub(crate) mod status;
pub(crate) mod usage;

use std::process::{Command, Stdio};

use infra::tools;
use serde::de::DeserializeOwned;

use crate::root;

/// Asks AWS about a stack; see its first lines.
const SCRIPT: &str = include_str!("stack.py");

/// The place that a command works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The stack that `cargo dev` runs.
    Local,
    /// A deployed stack: its name and its region.
    Deployed(String, String),
}

/// Asks AWS about a stack.
///
/// # Errors
/// Those of [`answer`].
fn ask<T: DeserializeOwned>(what: &str, place: (&str, &str), more: &[&str]) -> Result<T, String> {
    answer(SCRIPT, what, place, more)
}

/// Runs a script by SAM's Python, which asks AWS with the credentials of the environment, and reads the answer.
///
/// # Errors
/// One line: what AWS has refused, or what is missing here.
pub(crate) fn answer<T: DeserializeOwned>(
    script: &str,
    what: &str,
    (stack, region): (&str, &str),
    more: &[&str],
) -> Result<T, String> {
    let python = tools::sam(&root())?.with_file_name("python");
    let mut command = Command::new(python);
    command.args(["-c", script, what, stack, region]).args(more);
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("SAM's Python does not run: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let line = said.lines().rfind(|line| !line.trim().is_empty());
        return Err(line.unwrap_or("AWS gives no reason").trim().to_owned());
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("the answer of AWS is not understood: {error}"))
}
