//! `cargo admin export`: writes all users as lines that `cargo admin import` reads.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write, stderr, stdout};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use api::definition::ProfileField;
use api::settings::Settings;
use auth::factor::Factor;
use auth::provider::{Federated, split_key};
use auth::{Keys, User};
use clap::Args;
use serde_json::{Value, json};
use store::{Exported, Store, Ways};
use tokio::signal::unix::{SignalKind, signal};

use crate::{now, words};

/// The destination of the export, and its extent.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The file, which must not be there yet; without one, the standard output.
    file: Option<PathBuf>,
    /// Write the stored hashes of passwords as well, the accounts at providers, and the secrets of authenticator apps. An
    /// attacker who gets the file has every second factor, can try passwords at leisure, and will find weak ones. Keep it
    /// as you would keep the passwords, and no longer than you need it.
    #[arg(long)]
    with_hashes: bool,
    /// Write everything instead, as `restore` reads it, into this folder, which must not be there yet. It has users with hashes
    /// and all ways to sign in, records, API keys, templates, providers and webhooks.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["file", "with_hashes"])]
    all: Option<PathBuf>,
}

impl Arguments {
    /// Whether the users go to the standard output.
    pub(crate) fn is_to_stdout(&self) -> bool {
        self.file.is_none() && self.all.is_none()
    }
}

/// Runs the command, and reports the result in a sentence.
pub(crate) async fn run(
    store: &Store,
    settings: &Settings,
    arguments: &Arguments,
) -> Result<String, String> {
    if let Some(folder) = &arguments.all {
        return crate::whole::export::run(store, folder).await;
    }
    unless_stopped(users(store, settings, arguments)).await
}

/// Writes the users, and reports the result in a sentence.
async fn users(
    store: &Store,
    settings: &Settings,
    arguments: &Arguments,
) -> Result<String, String> {
    let mut out = Destination::open(arguments.file.as_deref())?;
    let keys = match arguments.with_hashes {
        true => {
            let keys = store.keys_that_seal().await;
            keys.map_err(|error| words(&error))?
        }
        false => None,
    };
    let (mut from, mut count, mut left) = (None, 0_u64, Left::default());
    let shows = stderr().is_terminal() && arguments.file.is_some();
    loop {
        let page = store.export_users(from, arguments.with_hashes).await;
        let page = page.map_err(|error| words(&error))?;
        left.count(&page);
        let next = page.next;
        for (user, ways) in page.users.into_iter().chain(page.nameless) {
            let mut line = line(&user, &settings.users.fields)?;
            if arguments.with_hashes && !add_ways(&mut line, &user, ways, keys.as_ref()) {
                left.closed.push(user.id.to_string());
            }
            writeln!(out, "{line}").map_err(|error| format!("writing: {error}"))?;
            count += 1;
        }
        if shows {
            let _ = write!(stderr(), "\r{count} users");
        }
        from = next;
        if from.is_none() {
            break;
        }
    }
    out.end().map_err(|error| format!("writing: {error}"))?;
    let place = arguments
        .file
        .as_ref()
        .map_or("the standard output".to_owned(), |path| {
            path.display().to_string()
        });
    let hashes = if arguments.with_hashes {
        "with the hashes of their passwords"
    } else {
        "without their passwords"
    };
    let line_end = if shows { "\r" } else { "" };
    let left_out = left.told();
    let done = format!("{line_end}{count} users written to {place}, {hashes}{left_out}.");
    if left.closed.is_empty() {
        return Ok(done);
    }
    let closed = left.closed.iter().map(|user| {
        format!(
            "the second factor of user {user} does not open and is not written: bring its key back"
        )
    });
    let closed: Vec<String> = closed.collect();
    Err(format!("{}\n{done}", closed.join("\n")))
}

/// The accounts that are left out, and the users whose second factor is.
#[derive(Default)]
struct Left {
    anonymous: u64,
    services: u64,
    closed: Vec<String>,
}

impl Left {
    /// Counts the accounts of a page that do not move. An anonymous one that is over is none.
    fn count(&mut self, page: &Exported) {
        let now = now();
        for user in page.staying.iter().filter(|user| !user.has_lapsed(now)) {
            match user.service {
                Some(_) => self.services += 1,
                None => self.anonymous += 1,
            }
        }
    }

    /// The counts, as the end of a sentence.
    fn told(&self) -> String {
        match (self.anonymous, self.services) {
            (0, 0) => String::new(),
            (anonymous, services) => {
                format!("; {anonymous} anonymous and {services} service accounts left out")
            }
        }
    }
}

/// The outcome of an export, which Ctrl-C ends. Its file goes then.
pub(crate) async fn unless_stopped(
    work: impl Future<Output = Result<String, String>>,
) -> Result<String, String> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    tokio::select! {
        outcome = work => outcome,
        _ = interrupt.recv() => Err("stopped; the export is not whole: run it again".to_owned()),
    }
}

/// The place that an export goes to: a new file, or the standard output. A file that does not become whole is removed, since it
/// would look so and keep the next run from its name.
pub(crate) struct Destination {
    out: Box<dyn Write>,
    made: Option<PathBuf>,
}

impl Destination {
    pub(crate) fn open(file: Option<&Path>) -> Result<Self, String> {
        Ok(match file {
            Some(path) => Self {
                out: Box::new(BufWriter::new(create(path)?)),
                made: Some(path.to_owned()),
            },
            None => Self {
                out: Box::new(BufWriter::new(stdout())),
                made: None,
            },
        })
    }

    /// Writes what is left. The file stays from then on.
    pub(crate) fn end(mut self) -> io::Result<()> {
        self.out.flush()?;
        self.made = None;
        Ok(())
    }
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for Destination {
    fn drop(&mut self) {
        if let Some(path) = self.made.take() {
            let _ = fs::remove_file(path);
        }
    }
}

/// A new file that no other user of the machine can read.
fn create(path: &Path) -> Result<File, String> {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    made.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => format!("{}: is there already", path.display()),
        _ => format!("{}: {error}", path.display()),
    })
}

/// A user as a line: the fields that the API shows to admins.
fn line(user: &User, declared: &[ProfileField]) -> Result<Value, String> {
    let mut line =
        serde_json::to_value(user.for_admins(declared)).map_err(|error| error.to_string())?;
    if let Some(line) = line.as_object_mut() {
        // A failure is of this deployment's mails, and a proof that there is not says nothing.
        let _ = line.remove("mailFailed");
        // The secret says it, where that is asked for.
        let _ = line.remove("mfa");
        let may_lack = ["email", "emailVerifiedAt"];
        line.retain(|name, value| !may_lack.contains(&name.as_str()) || !value.is_null());
    }
    Ok(line)
}

/// Adds the ways to sign in. Returns whether all of them are there: a second factor whose key is missing is not.
fn add_ways(line: &mut Value, user: &User, ways: Ways, keys: Option<&Keys>) -> bool {
    if let Some(hash) = ways.password_hash {
        line["passwordHash"] = hash.into();
    }
    let identities: Vec<Value> = ways.identities.iter().filter_map(identity).collect();
    if !identities.is_empty() {
        line["identities"] = identities.into();
    }
    let open = |factor: &Factor| factor.unsealed(keys?);
    match ways.factor.as_ref().and_then(open) {
        Some(secret) => line["totpSecret"] = secret.base32().into(),
        None => return user.mfa.is_none(),
    }
    true
}

/// An account at a provider as a line has it.
fn identity(federated: &Federated) -> Option<Value> {
    let (provider, subject) = split_key(&federated.key)?;
    let mut identity = json!({ "provider": provider, "issuer": federated.issuer, "subject": subject,
        "linkedAt": federated.linked_at });
    if let Some(email) = &federated.email {
        identity["email"] = json!(email);
    }
    Some(identity)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use api::{Id, Timestamp};
    use auth::factor::TotpSecret;
    use auth::keys::Stored;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    /// Keys, of which this one seals.
    fn keys(sealing: u8) -> Keys {
        let stored = Stored {
            current: vec![7; 32],
            sealing: BTreeMap::from([(u32::from(sealing), [sealing; 32])]),
            ..Stored::default()
        };
        Keys::of("a-", stored).expect("keys")
    }

    #[test]
    fn a_file_stays_once_it_is_whole_and_one_of_before_stays_as_it_is() {
        let path = std::env::temp_dir().join(format!("users-{}.jsonl", std::process::id()));
        let _ = fs::remove_file(&path);
        let mut out = Destination::open(Some(&path)).expect("new");
        writeln!(out, "half").expect("written");
        drop(out);
        assert!(!path.exists());
        let mut out = Destination::open(Some(&path)).expect("new");
        writeln!(out, "whole").expect("written");
        out.end().expect("written");
        let refused = Destination::open(Some(&path)).err().unwrap_or_default();
        assert!(refused.ends_with("is there already"), "{refused}");
        assert_eq!(fs::read_to_string(&path).expect("there"), "whole\n");
        fs::remove_file(&path).expect("gone");
    }

    #[test]
    fn what_is_left_out_is_counted_by_kind() {
        let mut left = Left::default();
        assert_eq!(left.told(), "");
        left.services = 2;
        let told = "; 0 anonymous and 2 service accounts left out";
        assert_eq!(left.told(), told);
    }

    #[test]
    fn a_secret_is_written_where_it_opens_and_missed_where_it_does_not() {
        let user = User::new(Id::new(NOW, [1; 10]), "ada@example.com".into(), false, NOW);
        let with = User {
            mfa: Some(NOW),
            ..user.clone()
        };
        let text = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        let secret = TotpSecret::read(text).expect("a secret");
        let factor = Factor::brought(&keys(1), (user.id, &secret), ([9; 12], NOW));
        let factor = factor.expect("sealed");
        let ways = || Ways {
            factor: Some(factor.clone()),
            ..Ways::default()
        };
        let add = |user: &User, ways: Ways, keys: Option<&Keys>| {
            let mut line = json!({});
            let is_whole = add_ways(&mut line, user, ways, keys);
            (is_whole, line)
        };
        let (whole, none) = (json!({ "totpSecret": text }), json!({}));
        assert_eq!(add(&with, ways(), Some(&keys(1))), (true, whole));
        for (user, ways, keys, expected) in [
            (&with, ways(), Some(keys(2)), false),
            (&with, ways(), None, false),
            (&with, Ways::default(), Some(keys(1)), false),
            (&user, Ways::default(), None, true),
        ] {
            assert_eq!(add(user, ways, keys.as_ref()), (expected, none.clone()));
        }
    }
}
