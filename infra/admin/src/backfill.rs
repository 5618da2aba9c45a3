//! `cargo admin backfill`: fills new indexes and unique fields from the records that were there before.

use std::io::{IsTerminal, Write as _, stderr};
use std::sync::Arc;
use std::time::Duration;

use api::Definition;
use clap::Args;
use store::backfill::{Backfill, Found};
use store::{Store, index};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use crate::words;

/// How often the progress is shown on a terminal, and elsewhere.
const SHOWN: Duration = Duration::from_millis(200);
const LOGGED: Duration = Duration::from_secs(10);

/// The indexes and unique fields to fill.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The collection; every one if --all stands alone.
    #[arg(required_unless_present = "all")]
    collection: Option<String>,
    /// Indexes, as `status,-createdAt` or by their names such as `by.status.-createdAt`, and unique fields.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    names: Vec<String>,
    /// Everything that the collection declares; without a collection, everything of every collection.
    #[arg(long)]
    all: bool,
    /// Instead, remove what there is of indexes and unique fields that are not deployed, before these are made again.
    #[arg(long, requires = "names")]
    clear: bool,
    /// Clear also what the stack uses: until it is filled, lists by it are refused and unique values are not protected.
    #[arg(long, requires = "clear")]
    even_deployed: bool,
    /// Wait so many seconds first, if there is anything to fill: until nothing runs any more that was deployed before.
    #[arg(long, default_value_t = 0)]
    settle: u64,
}

/// Runs the command, and reports the result in a sentence per collection.
pub(crate) async fn run(store: &Store, arguments: &Arguments) -> Result<String, String> {
    let mut said = Vec::new();
    let mut settle = Duration::from_secs(arguments.settle);
    for definition in definitions(arguments)? {
        let names = if arguments.all {
            index::names(definition)
        } else {
            chosen(definition, &arguments.names)?
        };
        if names.is_empty() {
            continue;
        }
        let run = store.backfill(definition, names);
        if arguments.clear && !arguments.even_deployed {
            refuse_deployed(&definition.name, &run).await?;
        }
        sleep(std::mem::take(&mut settle)).await;
        let found = watch(&definition.name, &run, arguments.clear).await?;
        let outcome = outcome(&definition.name, &run, &found, arguments.clear)?;
        if arguments.collection.is_some() || run.progress().written > 0 {
            said.push(outcome);
        }
    }
    Ok(if said.is_empty() {
        "Nothing is left to fill.".to_owned()
    } else {
        said.join("\n")
    })
}

/// Refuses to clear what the stack uses. The others' lists and unique values would suffer until it is filled.
async fn refuse_deployed(collection: &str, run: &Backfill) -> Result<(), String> {
    let used = run.in_use().await.map_err(|error| words(&error))?;
    if used.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{collection}: the stack uses {}. Deploy without it first, or add --even-deployed to clear it now and fill it again",
        used.join(", ")
    ))
}

/// The collections that the arguments mean.
fn definitions(arguments: &Arguments) -> Result<Vec<&'static Definition>, String> {
    match &arguments.collection {
        None => Ok(collections::all().collect()),
        Some(name) => {
            let definition =
                collections::get(name).ok_or_else(|| format!("there is no collection {name}"))?;
            Ok(vec![definition])
        }
    }
}

/// The names that are meant: `status,-createdAt` is the index `by.status.-createdAt`.
fn chosen(definition: &Definition, names: &[String]) -> Result<Vec<String>, String> {
    let known = index::names(definition);
    let find = |name: &String| {
        let spellings = [
            name.clone(),
            format!("by.{}", name.replace(',', ".")),
            index::unique_name(name),
        ];
        spellings
            .into_iter()
            .find(|name| known.contains(name))
            .ok_or_else(|| {
                let choices = if known.is_empty() {
                    "nothing".to_owned()
                } else {
                    known.join(", ")
                };
                format!(
                    "{} has no index and no unique field {name}; it has {choices}",
                    definition.name
                )
            })
    };
    names.iter().map(find).collect()
}

/// Runs it to its end and shows its progress; Ctrl-C ends it after the current write.
async fn watch(collection: &str, run: &Arc<Backfill>, clear: bool) -> Result<Found, String> {
    let work = async {
        if clear {
            run.clear().await
        } else {
            run.fill().await
        }
    };
    tokio::pin!(work);
    let terminal = stderr().is_terminal();
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let outcome = loop {
        tokio::select! {
            outcome = &mut work => break outcome,
            _ = interrupt.recv() => {
                eprintln!("\nStopping after what is being written");
                run.stop();
            }
            () = sleep(if terminal { SHOWN } else { LOGGED }) => {
                let line = line(collection, run);
                let _ = if terminal { write!(stderr(), "\r{line}") } else { writeln!(stderr(), "{line}") };
            }
        }
    };
    if terminal {
        eprintln!("\r{}", line(collection, run));
    }
    outcome.map_err(|error| words(&error))
}

/// `products [#########-----------]  45 %  12000 read  11873 written`
fn line(collection: &str, run: &Backfill) -> String {
    let progress = run.progress();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a percentage"
    )]
    let percent = (progress.share * 100.0) as usize;
    let bar: String = (0..20)
        .map(|at| if at * 5 < percent { '#' } else { '-' })
        .collect();
    format!(
        "{collection} [{bar}] {percent:>3} %  {} read  {} written",
        progress.read, progress.written
    )
}

/// The result, as a sentence.
fn outcome(collection: &str, run: &Backfill, found: &Found, clear: bool) -> Result<String, String> {
    let progress = run.progress();
    let done = if clear { "cleared" } else { "filled" };
    let counts = format!(
        "{} records read, {} {done}",
        progress.read, progress.written
    );
    if run.is_stopped() {
        return Err(format!(
            "{collection}: stopped; {counts}. The same command goes on from there."
        ));
    }
    let mut problems: Vec<String> = found.failures.clone();
    for (field, record, holder) in &found.duplicates {
        problems.push(format!(
            "record {record} has the same `{field}` as {holder}, which keeps it"
        ));
    }
    if problems.is_empty() {
        return Ok(format!("{collection}: {counts}."));
    }
    problems.push(format!("{counts}. Run it again when these are settled."));
    let lines = problems
        .into_iter()
        .map(|problem| format!("{collection}: {problem}"));
    Err(lines.collect::<Vec<_>>().join("\n"))
}
