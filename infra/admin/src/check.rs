//! `cargo admin check`: looks over a whole stack for items that contradict each other, and repairs what needs no choice.

use api::Definition;
use api::definition::ProfileField;
use api::event::Event;
use api::settings::Settings;
use api::tables::{SESSIONS, USERS};
use clap::Args;
use store::{Checked, Finding, Mended, Place, Store};

use crate::printable::printable;
use crate::user::writer;
use crate::{now, words};

/// The most passes of repairs: a repair can make another one possible.
const PASSES: u32 = 4;

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

/// Looks over the tables with these names, and prints a line for each finding.
///
/// # Errors
/// One line: a table could not be read or written. Repairs that were made stay.
pub(crate) async fn look(
    store: &Store,
    settings: &Settings,
    repairs: bool,
    is_meant: &dyn Fn(&str) -> bool,
) -> Result<Sum, String> {
    let mut sum = Sum::default();
    if is_meant(USERS.name) {
        let users = Part::Users(&settings.users.fields);
        part(store, users, repairs, &mut sum).await?;
    }
    if is_meant(SESSIONS.name) {
        part(store, Part::Sessions, repairs, &mut sum).await?;
    }
    for definition in collections::all().filter(|it| is_meant(&it.name)) {
        let there = store.has_table(&definition.name).await;
        if !there.map_err(|error| at(&definition.name, &words(&error)))? {
            println!("{}: the stack has no such table", definition.name);
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
        part(store, records, repairs, &mut sum).await?;
    }
    Ok(sum)
}

/// Looks over a part, and leaves a mark of its repairs, which the audit log follows.
async fn part(store: &Store, part: Part<'_>, repairs: bool, sum: &mut Sum) -> Result<(), String> {
    let before = sum.repaired;
    let looked = look_over(store, part, repairs, sum).await;
    let repaired = sum.repaired - before;
    // Repairs that were made stay, also where a later one could not be made.
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
    repairs: bool,
    sum: &mut Sum,
) -> Result<(), String> {
    if repairs {
        for _ in 0..PASSES {
            let mut pass = Sum::default();
            let walked = walk(store, part, &mut pass, true).await;
            sum.repaired += pass.repaired;
            walked?;
            if pass.left == 0 && pass.repaired == 0 {
                sum.read += pass.read;
                return Ok(());
            }
            let written = match part {
                Part::Records(definition, ready) if pass.repairable > 0 => {
                    fill(store, definition, ready).await?
                }
                _ => 0,
            };
            if pass.repaired == 0 && written == 0 {
                break;
            }
            sum.repaired += written;
        }
    }
    let mut last = Sum::default();
    walk(store, part, &mut last, false).await?;
    sum.read += last.read;
    sum.left += last.left;
    sum.harmless += last.harmless;
    if !repairs {
        sum.repairable += last.repairable;
    }
    Ok(())
}

/// Reads a part from its beginning to its end. Either it repairs each finding, or it tells it.
async fn walk(store: &Store, part: Part<'_>, sum: &mut Sum, repairs: bool) -> Result<(), String> {
    let (mut from, mut admins) = (None, 0);
    loop {
        let page = page(store, part, from).await?;
        sum.read += page.read;
        admins += page.admins;
        for finding in page.findings {
            take(store, &finding, sum, repairs).await?;
        }
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    if let Part::Users(_) = part {
        let number = store.check_admins(admins).await;
        if let Some(finding) = number.map_err(|error| at(USERS.name, &words(&error)))? {
            take(store, &finding, sum, repairs).await?;
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
/// has written.
async fn fill(store: &Store, definition: &Definition, ready: &[String]) -> Result<u64, String> {
    let run = store.refill(definition, ready.to_vec());
    let found = run.fill().await;
    let found = found.map_err(|error| at(&definition.name, &words(&error)))?;
    // The last pass counts such a record; this line says why it could not be filled.
    for failure in &found.failures {
        println!("{}", printable(&at(&definition.name, failure)));
    }
    let written = run.progress().written;
    if written > 0 {
        println!("{}: {written} records filled", definition.name);
    }
    Ok(written)
}

/// Prints a finding.
fn tell(finding: &Finding, end: &str) {
    let (table, id, what) = (&finding.table, &finding.id, &finding.what);
    println!("{table} {}: {}{end}", printable(id), printable(what));
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
