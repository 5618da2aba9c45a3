//! `cargo admin export`: writes all users as lines that `cargo admin import` reads.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write, stderr, stdout};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use api::definition::ProfileField;
use api::settings::Settings;
use auth::User;
use clap::Args;
use serde_json::Value;
use store::Store;

use crate::words;

/// The destination of the export, and its extent.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The file, which must not be there yet; without one, the standard output.
    file: Option<PathBuf>,
    /// Write the stored hashes of passwords as well. An attacker who gets the file can try passwords against them at
    /// leisure, and will find weak ones. Keep it as you would keep the passwords, and no longer than you need it.
    #[arg(long)]
    with_hashes: bool,
}

impl Arguments {
    /// Whether the users go to the standard output.
    pub(crate) fn is_to_stdout(&self) -> bool {
        self.file.is_none()
    }
}

/// Runs the command, and reports the result in a sentence.
pub(crate) async fn run(
    store: &Store,
    settings: &Settings,
    arguments: &Arguments,
) -> Result<String, String> {
    let mut out: Box<dyn Write> = match &arguments.file {
        Some(path) => Box::new(BufWriter::new(create(path)?)),
        None => Box::new(BufWriter::new(stdout())),
    };
    let (mut from, mut count) = (None, 0_u64);
    let shows = stderr().is_terminal() && arguments.file.is_some();
    loop {
        let page = store.export_users(from, arguments.with_hashes).await;
        let page = page.map_err(|error| words(&error))?;
        for (user, hash) in page.users {
            let line = line(&user, hash, &settings.users.fields)?;
            writeln!(out, "{line}").map_err(|error| format!("writing: {error}"))?;
            count += 1;
        }
        if shows {
            let _ = write!(stderr(), "\r{count} users");
        }
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    out.flush().map_err(|error| format!("writing: {error}"))?;
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
    Ok(format!(
        "{line_end}{count} users written to {place}, {hashes}."
    ))
}

/// A new file that no other user of the machine can read.
fn create(path: &PathBuf) -> Result<File, String> {
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

/// A user as a line: the fields that the API shows to admins, and the hash.
fn line(user: &User, hash: Option<String>, declared: &[ProfileField]) -> Result<Value, String> {
    let mut line =
        serde_json::to_value(user.for_admins(declared)).map_err(|error| error.to_string())?;
    if let Some(line) = line.as_object_mut() {
        // A failure is of this deployment's mails, and a proof that there is not says nothing.
        let _ = line.remove("mailFailed");
        // The factor itself stays: its codes would open nothing elsewhere.
        let _ = line.remove("mfa");
        line.retain(|name, value| name != "emailVerifiedAt" || !value.is_null());
    }
    if let Some(hash) = hash {
        line["passwordHash"] = hash.into();
    }
    Ok(line)
}
