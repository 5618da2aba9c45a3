//! `cargo admin records export`: writes all records of a collection as lines that `records import` reads.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use store::Store;

use super::definition;
use crate::export::{Destination, unless_stopped};
use crate::words;

/// The records to export, and the destination.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The collection.
    collection: String,
    /// The file, which must not be there yet; without one, the standard output.
    file: Option<PathBuf>,
}

impl Arguments {
    /// Whether the records go to the standard output.
    pub(super) fn is_to_stdout(&self) -> bool {
        self.file.is_none()
    }
}

/// Runs the command, and reports the result in a sentence.
pub(super) async fn run(store: &Store, arguments: &Arguments) -> Result<String, String> {
    unless_stopped(records(store, arguments)).await
}

async fn records(store: &Store, arguments: &Arguments) -> Result<String, String> {
    let definition = definition(&arguments.collection)?;
    let mut out = Destination::open(arguments.file.as_deref())?;
    let shows = stderr().is_terminal() && arguments.file.is_some();
    let writing = |error: std::io::Error| format!("writing: {error}");
    let (mut from, mut count) = (None, 0_u64);
    loop {
        let page = store.export_records(definition, from).await;
        let page = page.map_err(|error| words(&error))?;
        for record in page.records {
            writeln!(out, "{}", json!(record.view(None))).map_err(writing)?;
            count += 1;
        }
        if shows {
            let _ = write!(stderr(), "\r{count} records");
        }
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    out.end().map_err(writing)?;
    let line_end = if shows { "\r" } else { "" };
    let file = arguments
        .file
        .as_ref()
        .map(|path| path.display().to_string());
    let place = file.unwrap_or_else(|| "the standard output".to_owned());
    Ok(format!(
        "{line_end}{count} records of {} written to {place}.",
        definition.name
    ))
}
