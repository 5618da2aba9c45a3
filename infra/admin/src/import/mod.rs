//! `cargo admin import`: makes users of the lines of a file.

mod line;
mod lines;

use std::collections::HashSet;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufReader, IsTerminal, Write, stderr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::definition::ProfileField;
use api::settings::Settings;
use api::{Code, Error};
use clap::Args;
use ring::rand::{SecureRandom, SystemRandom};
use store::{Imported, Store, Writer};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::sleep;

use line::Newcomer;
use lines::Lines;

use crate::now;

/// How many users are made at the same time.
const PARALLEL: usize = 32;

/// How often a user is tried to be made where the table is busy.
const TRIES: u32 = 8;

/// How often the progress is shown on a terminal, and elsewhere.
const SHOWN: Duration = Duration::from_millis(200);
const LOGGED: Duration = Duration::from_secs(10);

/// The file to import.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The file: a user per line, as a JSON object with `email`. As needed, it has `passwordHash` (bcrypt), `role`,
    /// `id`, `createdAt`, `disabled` and profile fields.
    file: PathBuf,
    /// Check every line, and whether its address is there already, and make nobody.
    #[arg(long)]
    dry_run: bool,
    /// Write what is refused, line by line, into this file; otherwise it is printed.
    #[arg(long)]
    report: Option<PathBuf>,
}

/// How far an import is.
#[derive(Default)]
struct Tally {
    lines: u64,
    made: u64,
    there: u64,
    refused: u64,
}

/// The result of a line.
enum Outcome {
    /// A user.
    Made,
    /// The user was made before.
    There,
    /// No user, with the reason.
    Refused(String),
}

/// Runs the command, and reports the result in a sentence; a refused line is an error.
pub(crate) async fn run(
    store: Store,
    settings: Settings,
    arguments: &Arguments,
) -> Result<String, String> {
    let name = arguments.file.display().to_string();
    let file = File::open(&arguments.file).map_err(|error| format!("{name}: {error}"))?;
    let size = file
        .metadata()
        .map_err(|error| format!("{name}: {error}"))?
        .len();
    let mut report: Box<dyn Write> = match &arguments.report {
        Some(path) => {
            Box::new(File::create(path).map_err(|error| format!("{}: {error}", path.display()))?)
        }
        None => Box::new(stderr()),
    };
    let (store, settings, random) = (Arc::new(store), Arc::new(settings), SystemRandom::new());
    let mut lines = Lines::new(BufReader::new(file));
    let (mut tally, mut work) = (Tally::default(), JoinSet::new());
    let mut addresses = HashSet::new();
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let (mut stopped, mut done) = (false, false);
    let mut progress = Progress::new(name, size);
    while !done || !work.is_empty() {
        while !done && work.len() < PARALLEL {
            let Some(next) = lines.next().map_err(|error| error.to_string())? else {
                done = true;
                break;
            };
            tally.lines += 1;
            let mut bytes = [0; 10];
            random.fill(&mut bytes).map_err(|_| "no random bytes")?;
            let newcomer = next
                .text
                .and_then(|text| line::parse(&text, &settings, now(), bytes));
            // An import recognises a user that it has made; a dry run makes no user to recognise.
            let mut repeated =
                |it: &Newcomer| arguments.dry_run && !addresses.insert(digest(&it.user.email));
            match newcomer {
                Err(reason) => note(
                    &mut report,
                    &mut tally,
                    next.number,
                    Outcome::Refused(reason),
                )?,
                Ok(newcomer) if repeated(&newcomer) => {
                    let reason = "has the address of an earlier line.".to_owned();
                    note(
                        &mut report,
                        &mut tally,
                        next.number,
                        Outcome::Refused(reason),
                    )?;
                }
                Ok(newcomer) => {
                    let (store, settings, dry_run) =
                        (Arc::clone(&store), Arc::clone(&settings), arguments.dry_run);
                    let writer = Writer::new(None, String::new(), now(), bytes);
                    work.spawn(async move {
                        let declared = &settings.users.fields;
                        (
                            next.number,
                            bring_in(&store, declared, &newcomer, &writer, dry_run).await,
                        )
                    });
                }
            }
        }
        tokio::select! {
            Some(outcome) = work.join_next() => {
                let (number, outcome) = outcome.map_err(|error| error.to_string())?;
                note(&mut report, &mut tally, number, outcome)?;
            }
            _ = interrupt.recv() => {
                eprintln!("\nStopping after what is under way");
                (stopped, done) = (true, true);
            }
            () = sleep(SHOWN) => {}
        }
        progress.show(&tally, lines.read(), false);
    }
    progress.show(&tally, lines.read(), true);
    report.flush().map_err(|error| error.to_string())?;
    outcome(&tally, stopped, arguments)
}

/// Makes a user, or checks whether it could be made.
async fn bring_in(
    store: &Store,
    declared: &[ProfileField],
    newcomer: &Newcomer,
    writer: &Writer,
    dry_run: bool,
) -> Outcome {
    for tries in 1.. {
        let Newcomer {
            user,
            password_hash,
            mark,
        } = newcomer;
        let imported = if dry_run {
            store.could_import(declared, user, mark, writer.now).await
        } else {
            store
                .import_user(declared, user, password_hash.as_deref(), mark, writer)
                .await
        };
        return match imported {
            Ok(Imported::Made) => Outcome::Made,
            Ok(Imported::There) => Outcome::There,
            Ok(Imported::EmailTaken) => {
                Outcome::Refused(format!("{}: somebody has this address.", user.email))
            }
            Ok(Imported::IdTaken) => {
                Outcome::Refused(format!("{}: somebody has the id {}.", user.email, user.id))
            }
            Ok(Imported::ValueTaken(field)) => {
                Outcome::Refused(format!("{}: somebody has this `{field}`.", user.email))
            }
            Err(error) if error.code == Code::Unavailable && tries < TRIES => {
                sleep(Duration::from_millis(100 << tries)).await;
                continue;
            }
            Err(error) => Outcome::Refused(format!("{}: {}", user.email, words(&error))),
        };
    }
    Outcome::Refused("is not done.".to_owned())
}

/// Hashes an address, so that many of them take little memory.
fn digest(email: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    email.hash(&mut hasher);
    hasher.finish()
}

/// Counts the result of a line, and reports a refused line.
fn note(
    report: &mut dyn Write,
    tally: &mut Tally,
    number: u64,
    outcome: Outcome,
) -> Result<(), String> {
    match outcome {
        Outcome::Made => tally.made += 1,
        Outcome::There => tally.there += 1,
        Outcome::Refused(reason) => {
            tally.refused += 1;
            writeln!(report, "line {number}: {reason}")
                .map_err(|error| format!("the report: {error}"))?;
        }
    }
    Ok(())
}

/// The progress that is shown while it runs.
struct Progress {
    name: String,
    size: u64,
    terminal: bool,
    shown: Instant,
}

impl Progress {
    fn new(name: String, size: u64) -> Self {
        Self {
            name,
            size,
            terminal: stderr().is_terminal(),
            shown: Instant::now(),
        }
    }

    fn show(&mut self, tally: &Tally, read: u64, last: bool) {
        let every = if self.terminal { SHOWN } else { LOGGED };
        if self.shown.elapsed() < every && !(last && self.terminal) {
            return;
        }
        self.shown = Instant::now();
        let percent = (read * 100).checked_div(self.size).unwrap_or(100).min(100);
        let bar: String = (0..20)
            .map(|at| if at * 5 < percent { '#' } else { '-' })
            .collect();
        let Tally {
            made,
            there,
            refused,
            ..
        } = tally;
        let line = format!(
            "{} [{bar}] {percent:>3} %  {made} made  {there} there already  {refused} refused",
            self.name
        );
        let _ = match (self.terminal, last) {
            (true, false) => write!(stderr(), "\r{line}"),
            (true, true) => writeln!(stderr(), "\r{line}"),
            (false, _) => writeln!(stderr(), "{line}"),
        };
    }
}

/// The result, as a sentence.
fn outcome(tally: &Tally, stopped: bool, arguments: &Arguments) -> Result<String, String> {
    let Tally {
        lines,
        made,
        there,
        refused,
    } = tally;
    let verb = if arguments.dry_run {
        "could be made"
    } else {
        "made"
    };
    let counts = format!(
        "{lines} lines read, {made} users {verb}, {there} there already, {refused} refused"
    );
    let place = arguments
        .report
        .as_ref()
        .map_or("above".to_owned(), |path| format!("in {}", path.display()));
    if stopped {
        return Err(format!(
            "stopped; {counts}. The same command goes on from there."
        ));
    }
    if *refused > 0 {
        return Err(format!(
            "{counts}; {place} is why. Correct those lines and run it again: who is there is skipped."
        ));
    }
    Ok(format!("{counts}."))
}

fn words(error: &Error) -> String {
    crate::words(error)
}
