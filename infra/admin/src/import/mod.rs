//! `cargo admin import`: makes users of the lines of a file.

mod line;
mod lines;
mod member;
mod order;
mod seal;
mod ways;

use std::fs::File;
use std::io::{BufReader, IsTerminal, Write, stderr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::definition::ProfileField;
use api::settings::Settings;
use api::{Code, Error};
use auth::user::ADMIN;
use clap::Args;
use ring::rand::{SecureRandom, SystemRandom};
use store::{Imported, Store, Writer, claims};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::sleep;

use line::Newcomer;
use lines::{Line, Lines};
use order::{Claims, Earlier, Order, Won};
use seal::{Sealing, sealed};

use crate::now;
use crate::printable::printable;

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
    /// The file: a user per line, as a JSON object with `email` or `identities`. As needed, it has `passwordHash`
    /// (bcrypt), `totpSecret`, `role`, `id`, `createdAt`, `emailVerifiedAt`, `disabled` and profile fields.
    file: PathBuf,
    /// Check every line, say what the import would do, and make nobody.
    #[arg(long)]
    dry_run: bool,
    /// Make admins of the lines with the role admin; otherwise such a line is refused.
    #[arg(long)]
    allow_admins: bool,
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
    admins: u64,
}

/// The result of a line.
enum Outcome {
    /// A user.
    Made,
    /// An admin with this address.
    MadeAdmin(String),
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
    // A line without the secret of an authenticator app needs no key.
    let keys = store.keys_that_seal().await.map_err(|error| words(&error));
    let (store, settings, random) = (Arc::new(store), Arc::new(settings), SystemRandom::new());
    let mut lines = Lines::new(BufReader::new(file));
    let (mut tally, mut work) = (Tally::default(), JoinSet::new());
    let (mut order, mut held) = (Order::default(), None);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let (mut stopped, mut done) = (false, false);
    let mut progress = Progress::new(name, size);
    while !done || held.is_some() || !work.is_empty() {
        while (!done || held.is_some()) && work.len() < PARALLEL {
            let next = match held.take() {
                Some(next) => next,
                None => {
                    let Some(line) = lines.next().map_err(|error| error.to_string())? else {
                        done = true;
                        break;
                    };
                    tally.lines += 1;
                    let mut bytes = [0; 10];
                    random.fill(&mut bytes).map_err(|_| "no random bytes")?;
                    Next::read(line, &settings, arguments, (&keys, bytes))
                }
            };
            if next.claims().is_some_and(|claims| order.waits(claims)) {
                held = Some(next);
                break;
            }
            let number = next.number;
            let begun = match next.newcomer {
                Ok(begun) => begun,
                Err(reason) => {
                    note(&mut report, &mut tally, number, Outcome::Refused(reason))?;
                    continue;
                }
            };
            match order.earlier(&begun.claims) {
                Some(Earlier::Same) => note(&mut report, &mut tally, number, Outcome::There)?,
                Some(Earlier::Other(reason)) => {
                    let reason = format!("{}: {reason}", begun.newcomer.name());
                    note(&mut report, &mut tally, number, Outcome::Refused(reason))?;
                }
                None => {
                    order.begin(&begun.claims);
                    let (store, settings, dry_run) =
                        (Arc::clone(&store), Arc::clone(&settings), arguments.dry_run);
                    work.spawn(async move {
                        let declared = &settings.users.fields;
                        let Begun {
                            newcomer,
                            claims,
                            writer,
                        } = begun;
                        let outcome = bring_in(&store, declared, &newcomer, &writer, dry_run);
                        (number, claims, outcome.await)
                    });
                }
            }
        }
        tokio::select! {
            Some(outcome) = work.join_next() => {
                let (number, claims, outcome) = outcome.map_err(|error| error.to_string())?;
                let won = if matches!(outcome, Outcome::Refused(_)) { Won::Nothing } else { Won::All };
                order.end(number, &claims, won);
                note(&mut report, &mut tally, number, outcome)?;
            }
            _ = interrupt.recv() => {
                eprintln!("\nStopping after what is under way");
                (stopped, done, held) = (true, true, None);
            }
            () = sleep(SHOWN) => {}
        }
        progress.show(&tally, lines.read(), false);
    }
    progress.show(&tally, lines.read(), true);
    report.flush().map_err(|error| error.to_string())?;
    outcome(&tally, stopped, arguments)
}

/// A line that is read, with its user or the reason that it makes none.
struct Next {
    number: u64,
    newcomer: Result<Begun, String>,
}

/// A user to be made, and what the line claims for it.
struct Begun {
    newcomer: Newcomer,
    claims: Claims,
    writer: Writer,
}

impl Next {
    fn read(
        line: Line,
        settings: &Settings,
        arguments: &Arguments,
        (keys, bytes): (&Sealing, [u8; 10]),
    ) -> Self {
        let admits = |newcomer: &Newcomer| newcomer.user.role != ADMIN || arguments.allow_admins;
        let newcomer = line.text.and_then(|text| {
            let newcomer = line::parse(&text, settings, now(), bytes)?;
            let name = newcomer.name();
            if !admits(&newcomer) {
                return Err(format!(
                    "{name}: would be an admin; --allow-admins makes admins."
                ));
            }
            let newcomer = sealed(newcomer, keys).map_err(|reason| format!("{name}: {reason}"))?;
            let claims = claims(&settings.users.fields, &newcomer.user);
            Ok(Begun {
                claims: Claims::new(&claims, &newcomer.mark),
                writer: Writer::operator(now(), bytes),
                newcomer,
            })
        });
        Self {
            number: line.number,
            newcomer,
        }
    }

    fn claims(&self) -> Option<&Claims> {
        self.newcomer.as_ref().ok().map(|begun| &begun.claims)
    }
}

/// Makes a user, or checks whether it could be made.
async fn bring_in(
    store: &Store,
    declared: &[ProfileField],
    newcomer: &Newcomer,
    writer: &Writer,
    dry_run: bool,
) -> Outcome {
    let name = newcomer.name();
    for tries in 1.. {
        let Newcomer {
            user, ways, mark, ..
        } = newcomer;
        let imported = if dry_run {
            store.could_import(declared, user, mark, writer.now).await
        } else {
            store
                .import_user(declared, (user, ways), mark, writer)
                .await
        };
        return match imported {
            Ok(Imported::Made) if user.role == ADMIN => Outcome::MadeAdmin(name),
            Ok(Imported::Made) => Outcome::Made,
            Ok(Imported::There) => Outcome::There,
            Ok(Imported::EmailTaken) => {
                Outcome::Refused(format!("{name}: somebody has this address."))
            }
            Ok(Imported::IdTaken) => {
                Outcome::Refused(format!("{name}: somebody has the id {}.", user.id))
            }
            Ok(Imported::AccountTaken(provider)) => {
                Outcome::Refused(format!("{name}: somebody has this account at {provider}."))
            }
            Ok(Imported::ValueTaken(field)) => {
                Outcome::Refused(format!("{name}: somebody has this `{field}`."))
            }
            Err(error) if error.code == Code::Unavailable && tries < TRIES => {
                sleep(Duration::from_millis(100 << tries)).await;
                continue;
            }
            Err(error) => Outcome::Refused(format!("{name}: {}", words(&error))),
        };
    }
    Outcome::Refused("is not done.".to_owned())
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
        Outcome::MadeAdmin(email) => {
            tally.made += 1;
            tally.admins += 1;
            eprintln!("line {number}: {} is an admin.", printable(&email));
        }
        Outcome::Refused(reason) => {
            tally.refused += 1;
            writeln!(report, "line {number}: {}", printable(&reason))
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
            name: printable(&name),
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
        admins,
    } = tally;
    let verb = if arguments.dry_run {
        "could be made"
    } else {
        "made"
    };
    let admins = match admins {
        0 => String::new(),
        admins => format!(" ({admins} of them admins)"),
    };
    let counts = format!(
        "{lines} lines read, {made} users {verb}{admins}, {there} there already, {refused} refused"
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
