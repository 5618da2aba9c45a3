//! `cargo admin audit export`: writes the entries of the audit log, the oldest first.

mod csv;

use std::io::{self, BufWriter, Write, stdout};

use api::wire::AuditEntry;
use api::{Id, Timestamp};
use clap::{Args, Subcommand, ValueEnum};
use store::Store;

use crate::words;

/// A use of the audit log.
#[derive(Subcommand)]
pub(crate) enum Use {
    /// Write the entries of a time to the standard output, the oldest first.
    Export(Arguments),
}

/// The extent and the form of the export.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The time from which entries are written: `2026-11-28` in UTC, or `2026-11-28T11:05:00Z`; from the first if absent.
    #[arg(long, value_parser = time)]
    from: Option<Timestamp>,
    /// The time before which entries end; a date is its beginning in UTC. To the last entry if absent.
    #[arg(long, value_parser = time)]
    to: Option<Timestamp>,
    /// The form: lines of JSON as the API shows entries, or CSV with a line of names.
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Jsonl,
    Csv,
}

/// Runs the command, and reports the result in a sentence.
pub(crate) async fn run(store: &Store, Use::Export(arguments): &Use) -> Result<String, String> {
    let Arguments { from, to, format } = arguments;
    if let (Some(from), Some(to)) = (from, to)
        && from >= to
    {
        return Err("--to must be after --from".to_owned());
    }
    let least = |at: &Option<Timestamp>| at.map(|at| Id::new(at, [0; 10]));
    let mut walk = store.walk_audit(least(from), least(to));
    let mut out = BufWriter::new(stdout());
    let failed = |error: io::Error| format!("writing: {error}");
    if matches!(format, Format::Csv) {
        csv::write_names(&mut out).map_err(failed)?;
    }
    let mut count = 0_u64;
    loop {
        let entries = walk.next().await.map_err(|error| words(&error))?;
        if entries.is_empty() {
            break;
        }
        for entry in &entries {
            match format {
                Format::Jsonl => write_json(&mut out, entry).map_err(failed)?,
                Format::Csv => csv::write(&mut out, entry).map_err(failed)?,
            }
            count += 1;
        }
    }
    out.flush().map_err(failed)?;
    Ok(format!("{count} entries written to the standard output."))
}

fn write_json(out: &mut impl Write, entry: &AuditEntry) -> io::Result<()> {
    let line = serde_json::to_string(entry)?;
    writeln!(out, "{line}")
}

/// A time of the command line.
fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| {
        "a time is a date such as 2026-11-28, or has the form 2026-11-28T11:05:00Z".to_owned()
    })
}
