//! The run of `cargo dev`, from the checks to Ctrl-C.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use api::project;
use local::dynamo::{Dynamo, Storage};
use local::hold::Hold;
use local::invocation::Front;
use local::mailbox::Mailbox;
use local::process::{Output, Process};
use local::pump::Pump;
use local::template::Template;
use local::{LOCAL_KEY, REGION, TABLE_PREFIX, tools};
use tokio::signal::unix::{SignalKind, signal};

use crate::{Arguments, checks, welcome};

/// The data file.
const DATA: &str = ".bakend/dynamodb.sqlite";

/// The folder of the changes that could not be delivered for most of a day.
const LOST: &str = ".bakend/lost";

/// The setting of the address that links of mails lead to.
const PUBLIC_URL: &str = "BAKEND_AUTH_PUBLIC_URL";

/// How often the run checks whether `cargo lambda watch` still lives.
const LOOK: Duration = Duration::from_millis(100);

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let (root, project) = (local::root(), local::project());
    for warning in checks::configuration(&project)? {
        eprintln!("warning: {warning}");
    }
    if arguments.dynamodb.is_none() && !arguments.memory {
        // Before the ports, which the other run has as well.
        drop(Hold::of_data(&root.join(DATA))?);
    }
    checks::port(arguments.port, "--port")?;
    if arguments.dynamodb.is_none() {
        checks::port(arguments.dynamodb_port, "--dynamodb-port")?;
    }
    let mailbox = Mailbox::start(arguments.mailbox_port)
        .map_err(|reason| format!("{reason} (--mailbox-port)"))?;
    let cargo_lambda = tools::cargo_lambda(&root)?;

    let (dynamo, data) = dynamo(&root, arguments)?;
    let template = Template::read(&project.join("template.yaml"))?;
    let tables = template.tables()?;
    for line in dynamo.make(&tables)? {
        println!("DynamoDB: {line}");
        if line.starts_with("added index ") && !line.contains(" by_owner ") {
            println!(
                "          old records are not in it; when this runs: cargo admin --local backfill --all"
            );
        }
    }
    let note = Note::write(&root, &dynamo.endpoint(), arguments.port)?;

    println!("Building the functions (the first time takes a few minutes)");
    build(&root)?;
    // Alone what listens: `localhost` may be ::1, where another program may answer.
    let api = format!("http://127.0.0.1:{}", arguments.port);
    let front = Front::start(&api, &template)?;
    let watch = watch(
        &root,
        &cargo_lambda,
        arguments.port,
        &dynamo.endpoint(),
        &front,
        &mailbox,
    )?;
    // An engine that ran already has the pump of the process that runs it.
    let pump = match dynamo.file() {
        Some(file) => {
            dynamo.stream(&tables)?;
            Some(Pump::start(file, &root.join(LOST), &template, &front)?)
        }
        None => None,
    };
    let outcome = until_stopped(watch, arguments.port, || {
        println!(
            "{}",
            welcome::text(&api, &dynamo.endpoint(), &mailbox.endpoint(), &data)
        );
    });
    drop((pump, front, mailbox));
    drop(note);
    drop(dynamo);
    outcome
}

/// The DynamoDB of this run, and where its data is, in words.
fn dynamo(root: &Path, arguments: &Arguments) -> Result<(Dynamo, String), String> {
    if let Some(address) = &arguments.dynamodb {
        let data = "in the DynamoDB that ran already, and there when this stops";
        return Ok((Dynamo::at(address)?, data.to_owned()));
    }
    let file = root.join(DATA);
    let (storage, data) = if arguments.memory {
        (
            Storage::Scratch,
            "in memory, gone when this stops".to_owned(),
        )
    } else {
        (Storage::File(file.clone()), file.display().to_string())
    };
    Ok((Dynamo::start(&storage, arguments.dynamodb_port)?, data))
}

/// Builds every binary once, with the features and the profile that `cargo lambda watch` and `cargo test` use.
fn build(root: &Path) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--workspace", "--bins"])
        .current_dir(root);
    tools::forget_package(&mut command);
    let status = command
        .status()
        .map_err(|error| format!("Cannot run cargo: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err("The functions do not build; the reason is above".to_owned())
    }
}

fn watch(
    root: &Path,
    cargo_lambda: &Path,
    port: u16,
    dynamodb: &str,
    front: &Front,
    mailbox: &Mailbox,
) -> Result<Process, String> {
    let mut command = Command::new(cargo_lambda);
    command
        .args([
            "lambda",
            "watch",
            "--disable-cors",
            "-A",
            "127.0.0.1",
            "-P",
            &port.to_string(),
        ])
        .current_dir(root)
        .env("BAKEND_ENV", "local")
        .env("BAKEND_TABLE_PREFIX", TABLE_PREFIX)
        .env("AWS_ENDPOINT_URL_DYNAMODB", dynamodb)
        .env("AWS_ENDPOINT_URL_LAMBDA", front.endpoint())
        .env("AWS_ENDPOINT_URL_SESV2", mailbox.endpoint())
        .env("AWS_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", LOCAL_KEY)
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env_remove("AWS_SESSION_TOKEN");
    if std::env::var_os(PUBLIC_URL).is_none() {
        // The emulator tells the functions neither the scheme nor the port.
        command.env(PUBLIC_URL, format!("http://127.0.0.1:{port}"));
    }
    if std::env::var_os(project::VARIABLE).is_some() {
        // The functions run in another folder than this.
        command.env(project::VARIABLE, local::project());
    }
    tools::forget_package(&mut command);
    Process::start(&command, &Output::Inherit)
        .map_err(|error| format!("Cannot run {}: {error}", cargo_lambda.display()))
}

/// Waits for Ctrl-C or for the end of `watch`; `greet` once it listens.
fn until_stopped(mut watch: Process, port: u16, greet: impl FnOnce()) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
        let mut hang_up = signal(SignalKind::hangup()).map_err(|error| error.to_string())?;
        let mut greet = Some(greet);
        loop {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => break,
                _ = terminate.recv() => break,
                _ = hang_up.recv() => break,
                () = tokio::time::sleep(LOOK) => {}
            }
            if watch.ended().is_some() {
                return Err("cargo lambda watch ended; the reason is above".to_owned());
            }
            if greet.is_some()
                && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
                && let Some(greet) = greet.take()
            {
                greet();
            }
        }
        println!("\nStopping");
        Ok(())
    })
}

/// `.bakend/local.json`: where this run's DynamoDB is, for `cargo admin --local`; removed at the end.
struct Note {
    path: PathBuf,
    _hold: Hold,
}

impl Note {
    /// Leaves the note of another run as it is.
    fn write(root: &Path, dynamodb: &str, port: u16) -> Result<Option<Self>, String> {
        let path = root.join(".bakend/local.json");
        let Some(hold) = Hold::take(&path)? else {
            println!(
                "Another `cargo dev` runs in this folder: `cargo admin --local` works on that one"
            );
            return Ok(None);
        };
        let note =
            serde_json::json!({ "dynamodb": dynamodb, "api": format!("http://127.0.0.1:{port}") });
        fs::write(&path, format!("{note:#}\n"))
            .map_err(|error| format!("Cannot write {}: {error}", path.display()))?;
        Ok(Some(Self { path, _hold: hold }))
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_second_run_leaves_the_note_of_the_first() {
        let root = std::env::temp_dir().join(format!("bakend-note-{}", std::process::id()));
        let note = || fs::read_to_string(root.join(".bakend/local.json")).unwrap_or_default();
        let first = Note::write(&root, "http://127.0.0.1:8000", 8080).expect("written");
        let (written, second) = (note(), Note::write(&root, "http://127.0.0.1:8001", 8081));
        assert!(first.is_some() && written.contains(":8000"), "{written}");
        assert!(second.as_ref().is_ok_and(Option::is_none));
        drop(second);
        assert_eq!(note(), written);
        drop(first);
        assert_eq!(note(), "");
        fs::remove_dir_all(root).expect("removed");
    }
}
