//! `cargo admin check`: looks over a whole stack for items that contradict each other, and repairs what needs no choice.

use std::cell::Cell;
use std::io::{Write as _, stderr};
use std::time::Duration;

use api::Definition;
use api::definition::ProfileField;
use api::event::Event;
use api::settings::Settings;
use api::tables::{SESSIONS, USERS};
use clap::Args;
use store::{Checked, Finding, Mended, Place, Store};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use crate::printable::printable;
use crate::user::writer;
use crate::{now, say, words};

/// The most passes of repairs: a repair can make another one possible.
const PASSES: u32 = 4;

/// How often a fill looks whether it is to stop.
const LOOKED: Duration = Duration::from_millis(200);

/// The trouble where a table of the system itself is missing.
const NO_TABLE: &str = "the stack has no such table: bring it back as \"A table that was lost or spoilt\" of docs/operations.md says";

/// The end of a command that was stopped.
const STOPPED: &str =
    "stopped; repairs that were made stay, and the same command goes on from there";

/// The treatment of findings.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Also repair what needs no choice. Every repair is one write on condition that nothing has changed.
    #[arg(long)]
    repair: bool,
}

/// A part of the stack that is looked over by pages.
#[derive(Clone, Copy)]
enum Part<'a> {
    Users(&'a [ProfileField]),
    Sessions,
    Records(&'a Definition, &'a [String]),
}

impl Part<'_> {
    /// The table, without the prefix of the deployment.
    fn table(&self) -> &str {
        match self {
            Self::Users(_) => USERS.name,
            Self::Sessions => SESSIONS.name,
            Self::Records(definition, _) => &definition.name,
        }
    }
}

/// The results so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    read: u64,
    repaired: u64,
    left: u64,
    repairable: u64,
    harmless: u64,
}

impl Sum {
    /// The results in a sentence; an error while something is left.
    pub(crate) fn told(self) -> Result<String, String> {
        let Self {
            read,
            repaired,
            left,
            repairable,
            harmless,
        } = self;
        let mut told = match (left, repaired) {
            (0, 0) => format!("No contradiction in {read} items."),
            (0, _) => format!("{repaired} repaired, none left in {read} items."),
            (_, 0) => format!("{left} contradictions in {read} items"),
            _ => format!("{repaired} repaired, {left} left in {read} items"),
        };
        if left > 0 && repairable > 0 {
            told.push_str(&format!("; --repair repairs {repairable} of them"));
        }
        if left > 0 {
            told.push('.');
        }
        if harmless > 0 {
            told.push_str(&format!(
                " {harmless} sessions without a user do no harm; --repair ends them."
            ));
        }
        if left == 0 { Ok(told) } else { Err(told) }
    }
}

/// Runs the command, and reports the result in a sentence.
pub(crate) async fn run(
    store: &Store,
    settings: &Settings,
    arguments: &Arguments,
) -> Result<String, String> {
    let look = look(store, settings, arguments.repair, &|_| true);
    look.await?.told()
}

/// Looks over the tables with these names, and prints a line for each finding. Ctrl-C ends it after the present write and the
/// mark of the repairs.
///
/// # Errors
/// One line: a table could not be read or written, or Ctrl-C has ended it. Repairs that were made stay.
pub(crate) async fn look(
    store: &Store,
    settings: &Settings,
    repairs: bool,
    is_meant: &dyn Fn(&str) -> bool,
) -> Result<Sum, String> {
    let is_stopped = Cell::new(false);
    let way = Way {
        repairs,
        is_stopped: &is_stopped,
    };
    let work = parts(store, settings, way, is_meant);
    tokio::pin!(work);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    loop {
        tokio::select! {
            outcome = &mut work => return outcome,
            _ = interrupt.recv() => {
                is_stopped.set(true);
                let _ = writeln!(stderr(), "\nStopping after what is being written");
            }
        }
    }
}

/// The way of a look: whether it repairs, and whether Ctrl-C has ended it.
#[derive(Clone, Copy)]
struct Way<'a> {
    repairs: bool,
    is_stopped: &'a Cell<bool>,
}

impl Way<'_> {
    fn go_on(self) -> Result<(), String> {
        match self.is_stopped.get() {
            true => Err(STOPPED.to_owned()),
            false => Ok(()),
        }
    }
}

/// Looks over each table that is meant.
async fn parts(
    store: &Store,
    settings: &Settings,
    way: Way<'_>,
    is_meant: &dyn Fn(&str) -> bool,
) -> Result<Sum, String> {
    let mut sum = Sum::default();
    for system in [Part::Users(&settings.users.fields), Part::Sessions] {
        if !is_meant(system.table()) {
            continue;
        }
        let there = store.has_table(system.table()).await;
        if there.map_err(|error| at(system.table(), &words(&error)))? {
            part(store, system, way, &mut sum).await?;
        } else {
            say(&format!("{}: {NO_TABLE}", system.table()));
            sum.left += 1;
        }
    }
    for definition in collections::all().filter(|it| is_meant(&it.name)) {
        let there = store.has_table(&definition.name).await;
        if !there.map_err(|error| at(&definition.name, &words(&error)))? {
            say(&format!("{}: the stack has no such table", definition.name));
            sum.left += 1;
            continue;
        }
        let marks = store.check_marks(definition).await;
        let (unfilled, ready) = marks.map_err(|error| at(&definition.name, &words(&error)))?;
        for finding in unfilled {
            tell(&finding, "");
            sum.left += 1;
        }
        let records = Part::Records(definition, &ready);
        part(store, records, way, &mut sum).await?;
    }
    Ok(sum)
}

/// Looks over a part, and leaves a mark of its repairs, which the audit log follows.
async fn part(store: &Store, part: Part<'_>, way: Way<'_>, sum: &mut Sum) -> Result<(), String> {
    let before = sum.repaired;
    let looked = look_over(store, part, way, sum).await;
    let repaired = sum.repaired - before;
    // Repairs that were made stay, also where a later one could not be made, or Ctrl-C came before it.
    if repaired > 0 {
        let table = part.table();
        let deed = Event::TableRepaired {
            table: table.to_owned(),
            repaired,
        };
        let marked = store.mark_table(table, &deed, &writer()?).await;
        marked.map_err(|error| at(table, &words(&error)))?;
    }
    looked
}

/// Repairs a part until a pass repairs nothing, and tells what is left.
async fn look_over(
    store: &Store,
    part: Part<'_>,
    way: Way<'_>,
    sum: &mut Sum,
) -> Result<(), String> {
    let told = Way {
        repairs: false,
        ..way
    };
    if way.repairs {
        for _ in 0..PASSES {
            let mut pass = Sum::default();
            let walked = walk(store, part, &mut pass, way).await;
            sum.repaired += pass.repaired;
            walked?;
            if pass.left == 0 && pass.repaired == 0 {
                sum.read += pass.read;
                return Ok(());
            }
            let (written, filled) = match part {
                Part::Records(definition, ready) if pass.repairable > 0 => {
                    fill(store, definition, ready, way).await
                }
                _ => (0, Ok(())),
            };
            sum.repaired += written;
            filled?;
            if pass.repaired == 0 && written == 0 {
                break;
            }
        }
    }
    let mut last = Sum::default();
    walk(store, part, &mut last, told).await?;
    sum.read += last.read;
    sum.left += last.left;
    sum.harmless += last.harmless;
    if !way.repairs {
        sum.repairable += last.repairable;
    }
    Ok(())
}

/// Reads a part from its beginning to its end. Either it repairs each finding, or it tells it.
async fn walk(store: &Store, part: Part<'_>, sum: &mut Sum, way: Way<'_>) -> Result<(), String> {
    let (mut from, mut admins) = (None, 0);
    loop {
        way.go_on()?;
        let page = page(store, part, from).await?;
        sum.read += page.read;
        admins += page.admins;
        for finding in page.findings {
            way.go_on()?;
            take(store, &finding, sum, way.repairs).await?;
        }
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    if let Part::Users(_) = part {
        let number = store.check_admins(admins).await;
        if let Some(finding) = number.map_err(|error| at(USERS.name, &words(&error)))? {
            take(store, &finding, sum, way.repairs).await?;
        }
    }
    Ok(())
}

async fn page(store: &Store, part: Part<'_>, from: Option<Place>) -> Result<Checked, String> {
    let page = match part {
        Part::Users(declared) => store.check_users(declared, from, now()).await,
        Part::Sessions => store.check_sessions(from, now()).await,
        Part::Records(definition, ready) => store.check_records(definition, ready, from).await,
    };
    page.map_err(|error| at(part.table(), &words(&error)))
}

/// Repairs a finding, or tells it.
async fn take(
    store: &Store,
    finding: &Finding,
    sum: &mut Sum,
    repairs: bool,
) -> Result<(), String> {
    if repairs {
        let mended = store.mend(finding, &writer()?).await;
        match mended.map_err(|error| at(&finding.table, &words(&error)))? {
            Mended::Done => {
                tell(finding, "; repaired");
                sum.repaired += 1;
                return Ok(());
            }
            // It is told by the last pass, unless it is gone by then.
            Mended::Changed | Mended::Left => {}
        }
    } else {
        tell(finding, "");
    }
    if finding.is_harmless {
        sum.harmless += 1;
    } else {
        sum.left += 1;
    }
    sum.repairable += u64::from(finding.is_repairable() && !finding.is_harmless);
    Ok(())
}

/// Fills the names that every writer has kept, and tells the records that it cannot fill. Returns the number of those that it
/// has written, also where it could not go on.
async fn fill(
    store: &Store,
    definition: &Definition,
    ready: &[String],
    way: Way<'_>,
) -> (u64, Result<(), String>) {
    let run = store.refill(definition, ready.to_vec());
    let work = run.fill();
    tokio::pin!(work);
    let found = loop {
        tokio::select! {
            found = &mut work => break found,
            () = sleep(LOOKED) => {
                if way.is_stopped.get() {
                    run.stop();
                }
            }
        }
    };
    let written = run.progress().written;
    if written > 0 {
        say(&format!("{}: {written} records filled", definition.name));
    }
    let found = match found {
        Ok(found) => found,
        Err(error) => return (written, Err(at(&definition.name, &words(&error)))),
    };
    // The last pass counts such a record; this line says why it could not be filled.
    for failure in &found.failures {
        say(&printable(&at(&definition.name, failure)));
    }
    (written, way.go_on())
}

/// Prints a finding.
fn tell(finding: &Finding, end: &str) {
    let (table, id, what) = (&finding.table, &finding.id, &finding.what);
    say(&format!(
        "{table} {}: {}{end}",
        printable(id),
        printable(what)
    ));
}

fn at(table: &str, reason: &str) -> String {
    format!("{table}: {reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_says_what_is_left_and_fails_while_something_is() {
        let sum = |repaired, left, repairable| Sum {
            read: 9,
            repaired,
            left,
            repairable,
            harmless: 0,
        };
        let ok = |text: &str| Ok::<_, String>(text.to_owned());
        let left = |text: &str| Err::<String, _>(text.to_owned());
        assert_eq!(sum(0, 0, 0).told(), ok("No contradiction in 9 items."));
        assert_eq!(sum(2, 0, 0).told(), ok("2 repaired, none left in 9 items."));
        assert_eq!(sum(0, 3, 0).told(), left("3 contradictions in 9 items."));
        let some = "3 contradictions in 9 items; --repair repairs 2 of them.";
        assert_eq!(sum(0, 3, 2).told(), left(some));
        assert_eq!(sum(1, 3, 0).told(), left("1 repaired, 3 left in 9 items."));
        let harmless = Sum {
            harmless: 2,
            ..sum(0, 0, 0)
        };
        let told = "No contradiction in 9 items. 2 sessions without a user do no harm; --repair ends them.";
        assert_eq!(harmless.told(), ok(told));
    }
}
