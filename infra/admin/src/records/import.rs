//! `cargo admin records import`: makes records of the rows of a file, as a create by the API does.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use api::{Definition, Error};
use auth::{Admitted, Visibility, Writer};
use clap::Args;
use serde_json::{Map, Value};
use store::{Planned, Store};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{JoinSet, yield_now};
use tokio::time::sleep;

use super::definition;
use super::making::{Outcome, claims, creation, make, refusal};
use super::moved::{Moved, Reading, Unmoved};
use crate::ids::Ids;
use crate::import::report;
use crate::order::{Claims, Earlier, Order, Won};
use crate::printable::printable;
use crate::progress::{Progress, SHOWN};
use crate::rows::{Row, Rows};
use crate::sealing::random;
use crate::{now, words};

/// How many records are made at the same time.
const PARALLEL: usize = 16;

/// The most bytes of a row: those of the largest record, with every character escaped.
const MAX_ROW: usize = 4 * 1024 * 1024;

/// The rows to import.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The collection.
    collection: String,
    /// The file: a record per line, as a JSON object; or a JSON list, or CSV with the fields as its columns.
    file: PathBuf,
    /// The ids that users and records had elsewhere, each with its id here. Relations follow it, and the ids of this file are
    /// added to it.
    #[arg(long, default_value = "old-ids.jsonl")]
    map: PathBuf,
    /// Check every row, say what the import would do, and make nothing.
    #[arg(long)]
    dry_run: bool,
    /// Write what is refused, row by row, into this file; otherwise it is printed.
    #[arg(long)]
    report: Option<PathBuf>,
}

/// A row with the name by which it is known again.
struct Named {
    number: u64,
    old: String,
    fields: Map<String, Value>,
}

/// An import under way.
struct Run {
    definition: &'static Definition,
    store: Arc<Store>,
    ids: Ids,
    planned: Planned,
    is_dry: bool,
    word: &'static str,
    report: Box<dyn Write>,
    /// The fault of the stack that ends the run.
    fault: Option<String>,
    rows: u64,
    made: u64,
    there: u64,
    refused: u64,
}

/// Runs the command, and reports the result in a sentence; a refused row is an error.
pub(super) async fn run(store: Store, arguments: &Arguments) -> Result<String, String> {
    let definition = definition(&arguments.collection)?;
    let mut rows = Rows::open(&arguments.file, MAX_ROW)?;
    // Without the right to look, the first row tells.
    if let Ok(false) = store.has_table(&definition.name).await {
        return Err(format!(
            "the stack has no table of {}: ship the collection first, or start `cargo dev` again",
            definition.name
        ));
    }
    let kept = [arguments.file.as_path(), arguments.map.as_path()];
    let mut run = Run {
        definition,
        store: Arc::new(store),
        ids: Ids::open(&arguments.map, arguments.dry_run)?,
        planned: Planned::default(),
        is_dry: arguments.dry_run,
        word: rows.word(),
        report: report(arguments.report.as_ref(), &kept)?,
        fault: None,
        rows: 0,
        made: 0,
        there: 0,
        refused: 0,
    };
    let mut progress = Progress::new(&arguments.file.display().to_string());
    let mut reading = Reading::new(definition);
    let mut order = Order::default();
    let mut next = || {
        let row = rows.next().map_err(|error| error.to_string())?;
        Ok(row.map(|row| (named(row, &mut reading), rows.percent())))
    };
    let mut is_stopped = false;
    let mut waiting = Vec::new();
    let found = run.pass(&mut next, &mut order, &mut progress, &mut is_stopped);
    waiting.extend(found.await?);
    // A record that points to a later one of the file comes after that.
    while !waiting.is_empty() && !is_stopped {
        let (before, made) = (waiting.len(), run.made);
        let mut again = std::mem::take(&mut waiting).into_iter();
        let mut next = || Ok(again.next().map(|(named, _)| (Ok(named), 100)));
        let found = run.pass(&mut next, &mut order, &mut progress, &mut is_stopped);
        waiting.extend(found.await?);
        if waiting.len() == before && run.made == made {
            break;
        }
    }
    for (number, reason) in unmet(waiting, is_stopped) {
        run.note(number, Outcome::Refused(reason))?;
    }
    run.report.flush().map_err(|error| error.to_string())?;
    run.told(is_stopped, arguments.report.as_ref())
}

/// The row with its name, or the number of one that cannot be read, and why.
fn named(row: Row, reading: &mut Reading) -> Result<Named, (u64, String)> {
    let fields = row.fields.map_err(|reason| (row.number, reason))?;
    Ok(Named {
        number: row.number,
        old: reading.name(&fields),
        fields,
    })
}

/// The rows that point to a record that is not there, by their numbers, each with the reason. Where the command was stopped, a row
/// that was not reached may make that record.
fn unmet(waiting: Vec<(Named, String)>, is_stopped: bool) -> Vec<(u64, String)> {
    let waiting = waiting.into_iter().filter(|_| !is_stopped);
    waiting
        .map(|(named, reason)| (named.number, reason))
        .collect()
}

/// A row, and how much of the file was read with it.
type Next = Option<(Result<Named, (u64, String)>, u64)>;

impl Run {
    /// Makes records of rows, and returns those rows that point to a record that is not there.
    async fn pass(
        &mut self,
        next: &mut dyn FnMut() -> Result<Next, String>,
        order: &mut Order,
        progress: &mut Progress,
        is_stopped: &mut bool,
    ) -> Result<Vec<(Named, String)>, String> {
        let reading = Reading::new(self.definition);
        let is_first = self.rows == 0;
        let (mut work, mut waiting) = (JoinSet::new(), Vec::new());
        let (mut held, mut done, mut percent) = (None, false, 0);
        let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
        while !done || held.is_some() || !work.is_empty() {
            while (!done || held.is_some()) && work.len() < PARALLEL {
                let (named, moved, claims) = match held.take() {
                    Some(held) => held,
                    None => {
                        let Some((row, read)) = next()? else {
                            done = true;
                            break;
                        };
                        percent = read;
                        self.rows += u64::from(is_first);
                        let named = match row {
                            Ok(named) => named,
                            Err((number, reason)) => {
                                self.note(number, Outcome::Refused(reason))?;
                                continue;
                            }
                        };
                        match reading.moved(&named.old, named.fields.clone(), &self.ids, now()) {
                            Ok(moved) => {
                                let claims = claims(self.definition, &moved);
                                (named, moved, claims)
                            }
                            Err(Unmoved::Waits(reason)) => {
                                waiting.push((named, reason));
                                continue;
                            }
                            Err(Unmoved::Wrong(reason)) => {
                                self.note(named.number, Outcome::Refused(reason))?;
                                continue;
                            }
                        }
                    }
                };
                if order.waits(&claims) {
                    held = Some((named, moved, claims));
                    break;
                }
                match order.earlier(&claims, self.word) {
                    Some(Earlier::Same) => {
                        self.note(named.number, Outcome::There)?;
                        continue;
                    }
                    Some(Earlier::Other(reason)) => {
                        self.note(named.number, Outcome::Refused(reason))?;
                        continue;
                    }
                    None => {}
                }
                match self.other(&moved).await {
                    Ok(None) => {}
                    Ok(Some(outcome)) => {
                        self.note(named.number, outcome)?;
                        continue;
                    }
                    Err(reason) => {
                        self.fail(named.number, &reason);
                        break;
                    }
                }
                order.begin(&claims);
                self.keep(&moved)?;
                if self.is_dry {
                    let outcome = self.plan(moved).await;
                    self.end(order, (named, claims), outcome, &mut waiting)?;
                    // Nothing is under way meanwhile: only outside of this loop an interruption is heard.
                    break;
                }
                let (store, definition) = (Arc::clone(&self.store), self.definition);
                work.spawn(async move {
                    let outcome = make(&store, definition, moved).await;
                    (named, claims, outcome)
                });
            }
            tokio::select! {
                Some(outcome) = work.join_next() => {
                    let (named, claims, outcome) = outcome.map_err(|error| error.to_string())?;
                    self.end(order, (named, claims), outcome, &mut waiting)?;
                }
                _ = interrupt.recv() => {
                    eprintln!("\nStopping after what is under way");
                    (*is_stopped, done, held) = (true, true, None);
                }
                () = yield_now(), if self.is_dry => {}
                () = sleep(SHOWN) => {}
            }
            if self.fault.is_some() {
                (*is_stopped, done, held) = (true, true, None);
            }
            progress.show(percent, &self.counts(), false);
        }
        progress.show(percent, &self.counts(), true);
        Ok(waiting)
    }

    /// Notes the id of a row before its record is made: another run finds it again.
    fn keep(&mut self, moved: &Moved) -> Result<(), String> {
        if !moved.is_noted {
            return Ok(());
        }
        let (collection, row) = (&self.definition.name, Some(moved.row.as_str()));
        self.ids.note(collection, &moved.old, moved.id, row)
    }

    /// The refusal of a row whose id was noted for another row, unless that one made no record.
    async fn other(&self, moved: &Moved) -> Result<Option<Outcome>, String> {
        if !moved.is_other {
            return Ok(None);
        }
        let there = self.store.record(self.definition, moved.id).await;
        let there = there.map_err(|error| words(&error))?;
        Ok(there.map(|_| {
            Outcome::Refused(format!(
                "another row has this id, {}, and its record is there: give this row another one.",
                moved.old
            ))
        }))
    }

    /// Notes the fault that ends the run.
    fn fail(&mut self, number: u64, reason: &str) {
        let fault = format!("{} {number}: {}", self.word, printable(reason));
        self.fault = self.fault.take().or(Some(fault));
    }

    fn end(
        &mut self,
        order: &mut Order,
        (named, claims): (Named, Claims),
        outcome: Result<Outcome, String>,
        waiting: &mut Vec<(Named, String)>,
    ) -> Result<(), String> {
        let won = match outcome {
            Ok(Outcome::Made | Outcome::There) => Won::All,
            Ok(Outcome::Waits(_) | Outcome::Refused(_)) | Err(_) => Won::Nothing,
        };
        order.end(named.number, &claims, won);
        match outcome {
            Ok(Outcome::Waits(reason)) => waiting.push((named, reason)),
            Ok(outcome) => self.note(named.number, outcome)?,
            Err(reason) => self.fail(named.number, &reason),
        }
        Ok(())
    }

    /// Whether the record could be made.
    async fn plan(&mut self, moved: Moved) -> Result<Outcome, String> {
        let definition = self.definition;
        let Ok(writer) = random().map(|bytes| Writer::operator(now(), bytes)) else {
            return Err("no random bytes".to_owned());
        };
        let planned = async {
            if self.store.record(definition, moved.id).await?.is_some() {
                return Ok(Outcome::There);
            }
            let caller = Admitted::operator();
            let visibility = Visibility::new(definition, &caller);
            let creation = creation(&visibility, moved)?;
            let store = Arc::clone(&self.store);
            let plan = store.plan_record(
                definition,
                creation,
                collections::get,
                &mut self.planned,
                &writer,
            );
            plan.await?;
            Ok(Outcome::Made)
        };
        planned.await.or_else(|error: Error| refusal(&error))
    }

    /// Counts the result of a row, and reports a refused row.
    fn note(&mut self, number: u64, outcome: Outcome) -> Result<(), String> {
        match outcome {
            Outcome::Made => self.made += 1,
            Outcome::There => self.there += 1,
            Outcome::Waits(reason) | Outcome::Refused(reason) => {
                self.refused += 1;
                let word = self.word;
                writeln!(self.report, "{word} {number}: {}", printable(&reason))
                    .map_err(|error| format!("the report: {error}"))?;
            }
        }
        Ok(())
    }

    fn counts(&self) -> String {
        let Self {
            made,
            there,
            refused,
            ..
        } = self;
        format!("{made} made  {there} there already  {refused} refused")
    }

    /// The result, as a sentence.
    fn told(&self, is_stopped: bool, report: Option<&PathBuf>) -> Result<String, String> {
        let Self {
            rows,
            made,
            there,
            refused,
            ..
        } = self;
        let words = if self.word == "line" {
            "lines"
        } else {
            "entries"
        };
        let verb = if self.is_dry { "could be made" } else { "made" };
        let name = &self.definition.name;
        let counts = format!(
            "{rows} {words} read, {made} records of {name} {verb}, {there} there already, {refused} refused"
        );
        if is_stopped {
            let stopped = self.fault.as_deref().unwrap_or("stopped");
            return Err(format!(
                "{stopped}; {counts}. The same command goes on from there."
            ));
        }
        if *refused > 0 {
            let place = report.map_or("above".to_owned(), |path| format!("in {}", path.display()));
            return Err(format!(
                "{counts}; {place} is why. Correct those {words} and run it again: what is there is skipped."
            ));
        }
        Ok(format!("{counts}."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_waits_is_refused_at_the_end_and_not_where_the_command_was_stopped() {
        let waiting = || {
            let named = Named {
                number: 7,
                old: "a".to_owned(),
                fields: Map::new(),
            };
            vec![(named, "why".to_owned())]
        };
        assert_eq!(unmet(waiting(), false), [(7, "why".to_owned())]);
        assert_eq!(unmet(waiting(), true), []);
    }
}
