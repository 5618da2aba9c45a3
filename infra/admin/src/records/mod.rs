//! `cargo admin records`: moves the records of a collection in and out.

mod export;
mod import;
mod making;
mod moved;

use api::Definition;
use clap::Subcommand;
use store::Store;

/// A use of the records of a collection.
#[derive(Subcommand)]
pub(crate) enum Use {
    /// Make records of the rows of a file: JSON lines, a JSON list or CSV.
    Import(import::Arguments),
    /// Write all records of a collection as JSON lines that `records import` reads.
    Export(export::Arguments),
}

impl Use {
    /// Whether the records themselves go to the standard output.
    pub(crate) fn is_to_stdout(&self) -> bool {
        matches!(self, Self::Export(arguments) if arguments.is_to_stdout())
    }
}

/// Runs the command, and reports the result in a sentence.
pub(crate) async fn run(store: Store, records: &Use) -> Result<String, String> {
    match records {
        Use::Import(arguments) => import::run(store, arguments).await,
        Use::Export(arguments) => export::run(&store, arguments).await,
    }
}

/// The definition of a collection.
fn definition(name: &str) -> Result<&'static Definition, String> {
    collections::get(name).ok_or_else(|| {
        let names: Vec<&str> = collections::all().map(|one| one.name.as_str()).collect();
        format!(
            "there is no collection {name}; there are {}",
            names.join(", ")
        )
    })
}
