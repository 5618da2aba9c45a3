//! The tables of a recovery in AWS: the helper from point-in-time recovery, and the settings of the stack's table.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::stack::answer;

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
        answer(SCRIPT, what, (self.stack, self.region), more)
    }
}

#[cfg(test)]
mod tests;
