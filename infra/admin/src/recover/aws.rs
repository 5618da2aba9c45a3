//! The tables of a recovery in AWS: the helper from point-in-time recovery, and the settings of the stack's table.

use std::process::{Command, Stdio};

use infra::tools;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::root;

/// Makes and removes tables; see its first lines.
const SCRIPT: &str = include_str!("recover.py");

/// A stack in AWS.
#[derive(Clone, Copy, Debug)]
pub(super) struct Aws<'a> {
    pub(super) stack: &'a str,
    pub(super) region: &'a str,
}

/// Whether the helper was made now, or was there.
#[derive(Deserialize)]
pub(super) struct Made {
    pub(super) made: bool,
}

/// The settings of the stack's table that were set again, and those that differ.
#[derive(Deserialize)]
pub(super) struct Settings {
    pub(super) changed: Vec<String>,
    pub(super) differs: Vec<String>,
}

/// The removal of the helper.
#[derive(Deserialize)]
struct Removed {
    removed: bool,
}

impl Aws<'_> {
    /// Makes a table as another was at a time, in seconds, unless it is there; waits until it can be read.
    pub(super) fn make(self, table: &str, helper: &str, at: u64) -> Result<Made, String> {
        self.ask("make", &[table, helper, &at.to_string()])
    }

    /// Sets the settings of a table that the template has.
    pub(super) fn settings(self, table: &str) -> Result<Settings, String> {
        self.ask("settings", &[table])
    }

    /// Removes the helper, if it is there.
    pub(super) fn remove(self, helper: &str) -> Result<(), String> {
        let removed: Removed = self.ask("remove", &[helper])?;
        match removed.removed {
            true => Ok(()),
            false => Err(format!("{helper} could not be removed")),
        }
    }

    fn ask<T: DeserializeOwned>(self, what: &str, more: &[&str]) -> Result<T, String> {
        let python = tools::sam(&root())?.with_file_name("python");
        let mut command = Command::new(python);
        command
            .args(["-c", SCRIPT, what, self.stack, self.region])
            .args(more)
            .stdin(Stdio::null());
        let output = command.output();
        let output = output.map_err(|error| format!("SAM's Python does not run: {error}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let line = said.lines().rfind(|line| !line.trim().is_empty());
            return Err(line.unwrap_or("AWS gives no reason").trim().to_owned());
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("the answer of AWS is not understood: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The beginning of a program in whose place of AWS the helper goes through these states, one at each look.
    const STAND_IN: &str = r#"
import sys, time, types

states = sys.argv.pop(1).split(",")
time.sleep = lambda seconds: None

class Gone(Exception):
    pass

class Table:
    exceptions = types.SimpleNamespace(ResourceNotFoundException=Gone)

    def describe_table(self, TableName):
        if TableName != "helper":
            return {"Table": {"TableStatus": "ACTIVE"}}
        state = states.pop(0)
        if state == "-":
            raise Gone()
        return {"Table": {"TableStatus": state}}

    def restore_table_to_point_in_time(self, **restored):
        print("restored", file=sys.stderr)

class Session:
    def __init__(self, region_name):
        pass

    def client(self, service):
        return Table()

exceptions = types.ModuleType("botocore.exceptions")
exceptions.BotoCoreError = exceptions.ClientError = Gone
botocore = types.ModuleType("botocore")
botocore.exceptions = exceptions
boto3 = types.ModuleType("boto3")
boto3.Session = Session
sys.modules.update({"boto3": boto3, "botocore": botocore, "botocore.exceptions": exceptions})
"#;

    /// The answer of `make` where the helper goes through these states, and everything else that it says.
    fn make(states: &str) -> (String, String) {
        let program = format!("{STAND_IN}\nexec(sys.argv.pop(1))");
        let output = Command::new("python3")
            .args(["-c", &program, states, SCRIPT])
            .args(["make", "shop", "eu-central-1", "shop-posts", "helper", "1"])
            .stdin(Stdio::null())
            .output()
            .expect("python3");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("a text");
        (text(output.stdout), text(output.stderr))
    }

    #[test]
    fn a_helper_is_waited_for_while_it_is_made_and_no_longer() {
        let made = "{\"made\": true}".to_owned();
        let restored = "restored\n".to_owned();
        assert_eq!(
            make("-,CREATING,CREATING,ACTIVE"),
            (made.clone(), restored.clone())
        );
        // One of an earlier run that is on its way out is no helper of this run.
        assert_eq!(
            make("DELETING,DELETING,-,CREATING,ACTIVE"),
            (made, restored)
        );
        let (answer, said) = make("ACTIVE");
        assert_eq!((answer.as_str(), said.as_str()), ("{\"made\": false}", ""));
        for (states, state) in [
            ("-,CREATING,-", "gone"),
            ("-,CREATING,DELETING", "DELETING"),
        ] {
            let (answer, said) = make(states);
            let expected =
                format!("restored\nhelper is {state} before it could be read: run this again\n");
            assert_eq!((answer.as_str(), said), ("", expected), "{states}");
        }
    }
}
