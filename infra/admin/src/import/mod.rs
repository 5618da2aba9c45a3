//! `cargo admin import`: makes users of the lines of a file.

mod from;
mod line;
mod member;
mod reader;
mod seal;
mod tally;
mod ways;

use std::fs::{OpenOptions, Permissions, metadata};
use std::io::{Write, stderr};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use api::Code;
use api::Id;
use api::definition::ProfileField;
use api::settings::Settings;
use auth::user::ADMIN;
use clap::Args;
use ring::rand::{SecureRandom, SystemRandom};
use store::{Imported, Store, Writer};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::order::{Earlier, Order, Won};
use from::System;
use line::Newcomer;
use reader::{Begun, Next, Reading};
use tally::{Outcome, Tally};

use crate::printable::printable;
use crate::progress::{Progress, SHOWN};
use crate::rows::Rows;
use crate::{is_fault, words};

/// How many users are made at the same time.
const PARALLEL: usize = 32;

/// How often a user is tried to be made where the table is busy.
const TRIES: u32 = 8;

/// The most bytes of a user.
const MAX_USER: usize = 256 * 1024;

/// The file to import.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The file: a user per line, as a JSON object with `email` or `identities`. As needed, it has `passwordHash`
    /// (bcrypt), `totpSecret`, `role`, `id`, `createdAt`, `emailVerifiedAt`, `disabled` and profile fields. A JSON list and
    /// CSV with these names are read as well.
    file: PathBuf,
    /// The file is an export of this system, in its own form.
    #[arg(long)]
    from: Option<System>,
    /// A JSON object that names profile fields which have other names there, such as {"full_name": "name"}.
    #[arg(long, requires = "from")]
    fields: Option<PathBuf>,
    /// Write the id that each user had there, with the id here, into this file, which `records import` reads.
    #[arg(long, requires = "from", default_value = "old-ids.jsonl")]
    ids: PathBuf,
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

/// Runs the command, and reports the result in a sentence; a refused line is an error.
pub(crate) async fn run(
    store: Store,
    settings: Settings,
    arguments: &Arguments,
) -> Result<String, String> {
    let name = arguments.file.display().to_string();
    let mut rows = Rows::open(&arguments.file, MAX_USER)?;
    let keys = store.keys_that_seal().await.map_err(|error| words(&error));
    let mut reading = Reading::new(&settings, arguments, keys, rows.are_texts())?;
    let mut kept = vec![arguments.file.as_path(), arguments.ids.as_path()];
    kept.extend(arguments.fields.as_deref());
    let mut report = report(arguments.report.as_ref(), &kept)?;
    let (store, random) = (Arc::new(store), SystemRandom::new());
    let declared: Arc<[ProfileField]> = settings.users.fields.clone().into();
    let (mut tally, mut work) = (Tally::new(rows.word()), JoinSet::new());
    let (mut order, mut held) = (Order::default(), None);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let (mut stopped, mut done, mut has_begun) = (None, false, false);
    let mut progress = Progress::new(&name);
    while !done || held.is_some() || !work.is_empty() {
        while (!done || held.is_some()) && work.len() < PARALLEL {
            let next = match held.take() {
                Some(next) => next,
                None => {
                    let Some(row) = rows.next().map_err(|error| error.to_string())? else {
                        done = true;
                        break;
                    };
                    // Nobody is made yet: the whole file is meant for another command.
                    if let Some(reason) = reading.stranger(&row).filter(|_| !has_begun) {
                        let (word, number) = (rows.word(), row.number);
                        return Err(format!("{name}: {word} {number} {reason}"));
                    }
                    tally.lines += 1;
                    let mut bytes = [0; 10];
                    random.fill(&mut bytes).map_err(|_| "no random bytes")?;
                    reading.next(row, bytes)
                }
            };
            if next.claims().is_some_and(|claims| order.waits(claims)) {
                held = Some(next);
                break;
            }
            let Next { number, newcomer } = next;
            let begun = match newcomer {
                Ok(begun) => begun,
                Err(reason) => {
                    tally.note(&mut report, number, Outcome::Refused(reason))?;
                    continue;
                }
            };
            match order.earlier(&begun.claims, rows.word()) {
                Some(Earlier::Same) => tally.note(&mut report, number, Outcome::There)?,
                Some(Earlier::Other(reason)) => {
                    let reason = format!("{}: {reason}", begun.newcomer.name());
                    tally.note(&mut report, number, Outcome::Refused(reason))?;
                }
                None => {
                    order.begin(&begun.claims);
                    has_begun = true;
                    let (store, declared) = (Arc::clone(&store), Arc::clone(&declared));
                    let dry_run = arguments.dry_run;
                    work.spawn(async move {
                        let Begun {
                            newcomer,
                            claims,
                            writer,
                            old,
                        } = begun;
                        let made = bring_in(&store, &declared, &newcomer, &writer, dry_run);
                        (number, claims, made.await, old)
                    });
                }
            }
        }
        tokio::select! {
            Some(outcome) = work.join_next() => {
                let (number, claims, made, old) = outcome.map_err(|error| error.to_string())?;
                match made {
                    Ok((outcome, user)) => {
                        let won = if matches!(outcome, Outcome::Refused(_)) { Won::Nothing } else { Won::All };
                        order.end(number, &claims, won);
                        tally.note(&mut report, number, outcome)?;
                        if let Some((old, user)) = old.zip(user) {
                            reading.keep(&old, user)?;
                        }
                    }
                    Err(reason) => {
                        let reason = format!("{} {number}: {}", rows.word(), printable(&reason));
                        stopped = stopped.or(Some(reason));
                        (done, held) = (true, None);
                    }
                }
            }
            _ = interrupt.recv() => {
                eprintln!("\nStopping after what is under way");
                stopped = stopped.or_else(|| Some("stopped".to_owned()));
                (done, held) = (true, None);
            }
            () = sleep(SHOWN) => {}
        }
        progress.show(rows.percent(), &tally.counts(), false);
    }
    progress.show(rows.percent(), &tally.counts(), true);
    report.flush().map_err(|error| error.to_string())?;
    let left = reading.left();
    let told = tally.told(
        stopped.as_deref(),
        arguments.dry_run,
        arguments.report.as_deref(),
    );
    match told {
        Ok(told) => Ok(format!("{told}{left}")),
        Err(told) => Err(format!("{told}{left}")),
    }
}

/// The place for refused lines. They name people, so a file is for the one who runs the command alone. It replaces what was there,
/// so it is none of the files that are `kept`.
///
/// # Errors
/// One line that names the file.
pub(crate) fn report(path: Option<&PathBuf>, kept: &[&Path]) -> Result<Box<dyn Write>, String> {
    let Some(path) = path else {
        return Ok(Box::new(stderr()));
    };
    if kept.iter().any(|kept| is_same(path, kept)) {
        return Err(format!(
            "{}: the import needs this file: name another one with --report",
            path.display()
        ));
    }
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let file = options.open(path).map_err(named)?;
    // The file of an earlier run may be open to others; a device is for all of them.
    if file.metadata().map_err(named)?.is_file() {
        let closed = file.set_permissions(Permissions::from_mode(0o600));
        closed.map_err(named)?;
    }
    Ok(Box::new(file))
}

/// Whether two paths lead to one file. A device, such as /dev/null, is for all of them.
fn is_same(one: &Path, other: &Path) -> bool {
    match (metadata(one), metadata(other)) {
        (Ok(one), Ok(other)) => {
            one.is_file() && (one.dev(), one.ino()) == (other.dev(), other.ino())
        }
        _ => one == other,
    }
}

/// Makes a user, or checks whether it could be made. Returns the id of the user who is there afterwards.
///
/// # Errors
/// A fault of the stack, which is not one of the line.
async fn bring_in(
    store: &Store,
    declared: &[ProfileField],
    newcomer: &Newcomer,
    writer: &Writer,
    dry_run: bool,
) -> Result<(Outcome, Option<Id>), String> {
    let name = newcomer.name();
    let refused = |reason: String| (Outcome::Refused(format!("{name}: {reason}")), None);
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
        let made = Some(user.id).filter(|_| !dry_run);
        return Ok(match imported {
            Ok(Imported::Made) if user.role == ADMIN => (Outcome::MadeAdmin(name), made),
            Ok(Imported::Made) => (Outcome::Made, made),
            Ok(Imported::There(there)) => (Outcome::There, Some(there).filter(|_| !dry_run)),
            Ok(Imported::EmailTaken) => refused("somebody has this address.".to_owned()),
            Ok(Imported::IdTaken) => refused(format!("somebody has the id {}.", user.id)),
            Ok(Imported::AccountTaken(provider)) => {
                refused(format!("somebody has this account at {provider}."))
            }
            Ok(Imported::ValueTaken(field)) => refused(format!("somebody has this `{field}`.")),
            Err(error) if error.code == Code::Unavailable && tries < TRIES => {
                sleep(Duration::from_millis(100 << tries)).await;
                continue;
            }
            Err(error) if is_fault(&error) => return Err(words(&error)),
            Err(error) => refused(words(&error)),
        });
    }
    Ok(refused("is not done.".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_a_file_that_others_cannot_read() {
        let path = std::env::temp_dir().join(format!("report-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let mode = || {
            let data = std::fs::metadata(&path).expect("there");
            data.permissions().mode() & 0o777
        };
        report(Some(&path), &[]).expect("made");
        assert_eq!(mode(), 0o600);
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("open");
        report(Some(&path), &[]).expect("taken");
        assert_eq!(mode(), 0o600);
        std::fs::remove_file(&path).expect("gone");
    }

    #[test]
    fn a_report_replaces_no_file_that_the_import_needs() {
        let path = std::env::temp_dir().join(format!("kept-{}", std::process::id()));
        std::fs::write(&path, "kept").expect("written");
        let other = path.with_extension("other");
        let again = std::env::temp_dir()
            .join(".")
            .join(format!("kept-{}", std::process::id()));
        let _ = std::fs::remove_file(&other);
        for kept in [&path, &again, &other] {
            let named = if *kept == other { &other } else { &path };
            let refused = report(Some(named), &[kept.as_path()]).map(|_| ());
            let refused = refused.expect_err("refused");
            assert!(refused.contains("name another one"), "{refused}");
        }
        assert_eq!(std::fs::read_to_string(&path).expect("text"), "kept");
        assert!(!other.exists());
        let device = PathBuf::from("/dev/null");
        report(Some(&device), &[device.as_path()]).expect("a device");
        std::fs::remove_file(&path).expect("gone");
    }
}
