//! `cargo admin`: the operator's commands for a deployment, with AWS credentials or on the local stack.

mod addresses;
mod admins;
mod api_keys;
mod audit;
mod backfill;
mod check;
mod export;
mod ids;
mod import;
mod key_status;
mod keys;
mod order;
mod printable;
mod progress;
mod records;
mod recover;
mod rotation;
mod rows;
mod sealing;
mod stack;
mod throttle;
mod user;
mod verify;
mod whole;

use std::fs;
use std::io::{Write as _, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use api::settings::{Settings, Span};
use api::{Code, Deployment, Error, Timestamp, project};
use clap::{Parser, Subcommand};
use store::Store;

use self::stack::Place;

/// Operator commands. They work on the stack named by --stack with the AWS credentials of the environment, or with
/// --local on what `cargo dev` runs.
#[derive(Parser)]
#[command(name = "cargo admin", bin_name = "cargo admin")]
struct Arguments {
    /// The stack's name, as given to `sam deploy`.
    #[arg(long, default_value = "bakend", conflicts_with = "local", value_parser = stack_name)]
    stack: String,
    /// Work on the stack that `cargo dev` runs on this machine.
    #[arg(long)]
    local: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the user with this address an admin; holds on the user's next request.
    Promote {
        /// The address the user registered with.
        email: String,
    },
    /// Show an account; or list and end its sessions, switch it off and on, unlock it, or take an admin's rights away.
    User(user::Arguments),
    /// List the admins.
    Admins,
    /// List the API keys of apps and servers, or revoke one.
    ApiKeys(api_keys::Arguments),
    /// Forget attempts that count against an account or a source address.
    Throttle {
        #[command(subcommand)]
        throttle: throttle::Use,
    },
    /// Tell the versions of stack and functions, the sizes of tables, the state of indexes, consumers and alarms.
    Status,
    /// Show every line of the log about one request, from whichever function.
    Logs(stack::logs::Arguments),
    /// Show units, invocations and money of the last days, by table and by endpoint.
    Usage(stack::usage::Arguments),
    /// Mark addresses as proven without a mail: the address of one account, or those of every account from before a date.
    Verify(verify::Arguments),
    /// Look over the whole stack for items that contradict each other; --repair repairs what needs no choice.
    Check(check::Arguments),
    /// Take a table of the running stack back to a point in time.
    Recover(recover::Arguments),
    /// Fill new indexes and unique fields from the records that were there before.
    Backfill(backfill::Arguments),
    /// Make users of the lines of a file: JSON objects, as another system or `export` writes them.
    Import(import::Arguments),
    /// Write all users as lines that `import` reads.
    Export(export::Arguments),
    /// Bring what `export --all` has written into an empty stack.
    Restore(whole::restore::Arguments),
    /// Move the records of a collection in and out.
    Records {
        #[command(subcommand)]
        records: records::Use,
    },
    /// Name the accounts whose address no new account could have: they sign in as before, and mail may not reach them.
    Addresses,
    /// Use the audit log.
    Audit {
        #[command(subcommand)]
        audit: audit::Use,
    },
    /// List the numbers of the sealing keys, with how many stored items name each; or see and change keys.
    Keys {
        #[command(subcommand)]
        keys: Option<keys::Use>,
    },
    /// Seal anew what is stored under older numbers than the highest. It can be repeated.
    Reseal,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(done) => {
            // The standard output carries the export itself.
            match &arguments.command {
                Command::Export(export) if export.is_to_stdout() => eprintln!("{done}"),
                Command::Records { records } if records.is_to_stdout() => eprintln!("{done}"),
                Command::Audit { .. } => eprintln!("{done}"),
                _ => say(&done),
            }
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("cargo admin: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<String, String> {
    let deployment = deployment(arguments)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let store = Store::connect(&deployment);
        if let Some(table) = store.missing_table().await {
            return Err(not_found(&table, arguments, &deployment));
        }
        match &arguments.command {
            Command::Promote { email } => promote(&store, email).await,
            Command::User(arguments) => user::run(&store, &settings()?, arguments).await,
            Command::Admins => admins::run(&store).await,
            Command::ApiKeys(arguments) => api_keys::run(&store, arguments).await,
            Command::Throttle { throttle } => throttle::run(&store, &settings()?, throttle).await,
            Command::Status => stack::status::run(&store, &place(arguments, &deployment)).await,
            Command::Logs(asked) => stack::logs::run(&place(arguments, &deployment), asked),
            Command::Usage(asked) => stack::usage::run(&place(arguments, &deployment), asked),
            Command::Verify(arguments) => verify::run(&store, arguments).await,
            Command::Check(arguments) => check::run(&store, &settings()?, arguments).await,
            Command::Recover(asked) => {
                let place = recover::Where {
                    region: &deployment.aws.region,
                    is_local: arguments.local,
                };
                recover::run(&store, &settings()?, place, asked).await
            }
            Command::Backfill(arguments) => backfill::run(&store, arguments).await,
            Command::Import(arguments) => import::run(store, settings()?, arguments).await,
            Command::Audit { audit } => audit::run(&store, audit).await,
            Command::Keys { keys } => keys::run(&store, keys.as_ref()).await,
            Command::Reseal => sealing::reseal(&store).await,
            Command::Restore(arguments) => whole::restore::run(store, arguments).await,
            Command::Records { records } => records::run(store, records).await,
            Command::Addresses => addresses::run(&store).await,
            Command::Export(arguments) => export::run(&store, &settings()?, arguments).await,
        }
    })
}

/// The line for a stack whose tables are not there.
fn not_found(table: &str, arguments: &Arguments, deployment: &Deployment) -> String {
    if arguments.local {
        return format!("the local stack has no table {table}; restart `cargo dev`");
    }
    format!(
        "there is no table {table} of the stack {} in {}: name the stack with --stack, its region with AWS_REGION, \
         and its account with the credentials",
        arguments.stack, deployment.aws.region
    )
}

/// The stack that the arguments name, and its region.
fn place(arguments: &Arguments, deployment: &Deployment) -> Place {
    match arguments.local {
        true => Place::Local,
        false => Place::Deployed(arguments.stack.clone(), deployment.aws.region.clone()),
    }
}

/// A name that CloudFormation takes for a stack.
fn stack_name(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(fits) {
        Ok(text.to_owned())
    } else {
        Err("a stack's name has letters, digits and hyphens, and begins with a letter".to_owned())
    }
}

/// Prints a line. A reader that is gone, such as `head`, does not end the command: it leaves its marks first.
pub(crate) fn say(line: &str) {
    let _ = writeln!(stdout(), "{line}");
}

/// An error in the operator's words: a fault has no log but this line.
pub(crate) fn words(error: &Error) -> String {
    match &error.cause {
        Some(cause) if matches!(error.code, Code::Internal | Code::Unavailable) => cause.clone(),
        Some(cause) => format!("{}: {cause}", error.message),
        None => error.message.clone(),
    }
}

/// Whether an error is of the stack or of AWS, so that what follows would meet it as well.
pub(crate) fn is_fault(error: &Error) -> bool {
    matches!(error.code, Code::Internal | Code::Unavailable)
}

/// Makes a user an admin, and reports the result in a sentence.
async fn promote(store: &Store, email: &str) -> Result<String, String> {
    let email =
        auth::email::known(email).map_err(|detail| format!("{email}: {}", detail.message))?;
    match store.promote(&email, now()).await {
        Ok(Some(true)) => Ok(format!(
            "{email} is an admin now; it holds on the next request."
        )),
        Ok(Some(false)) => Ok(format!("{email} was an admin already.")),
        Ok(None) => Err(format!(
            "nobody has registered {email}; register first, then promote"
        )),
        Err(error) => Err(words(&error)),
    }
}

/// The checkout that this runs in: cargo says its package's folder; else it is looked for from here, or from the binary.
pub(crate) fn root() -> PathBuf {
    let starts = [
        std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from),
        std::env::current_dir().ok(),
        std::env::current_exe().ok(),
    ];
    project::root_above(starts.into_iter().flatten()).unwrap_or_else(|| PathBuf::from("."))
}

/// The settings of this checkout, which define the roles and profile fields.
pub(crate) fn settings() -> Result<Settings, String> {
    let project = std::env::var_os(project::VARIABLE).unwrap_or_default();
    let text = fs::read_to_string(root().join(project).join("bakend.json"))
        .map_err(|error| format!("bakend.json: {error}"))?;
    Settings::read(&text, |name| std::env::var(name).ok(), true)
        .map_err(|problem| format!("bakend.json: {problem}"))
}

/// The time.
pub(crate) fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let since = Timestamp::from_millis(0).after(now.unwrap_or_default());
    // Tests put the clock forward, as they do for functions.
    let forward = std::env::var("BAKEND_CLOCK_OFFSET").unwrap_or_default();
    let forward = Span::parse(&forward).filter(|_| cfg!(debug_assertions));
    since.after(forward.map(Span::duration).unwrap_or_default())
}

/// The deployment that the arguments name.
fn deployment(arguments: &Arguments) -> Result<Deployment, String> {
    let local = arguments.local.then(local_endpoint).transpose()?;
    let variable = |name: &str| match (name, &local) {
        ("BAKEND_ENV", Some(_)) => Some("local".to_owned()),
        ("BAKEND_TABLE_PREFIX", Some(_)) => Some("local-".to_owned()),
        ("AWS_REGION", Some(_)) => Some("us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY", Some(_)) => Some("local".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", Some(endpoint)) => Some(endpoint.clone()),
        ("BAKEND_TABLE_PREFIX", None) => Some(format!("{}-", arguments.stack)),
        ("BAKEND_ENV" | "BAKEND_CLOCK_OFFSET", None) => None,
        (_, Some(_)) => None,
        (name, None) => std::env::var(name).ok(),
    };
    Deployment::read(variable).map_err(|problem| problem.to_string())
}

/// Where the running local stack has its DynamoDB, from the file that it writes for this command.
fn local_endpoint() -> Result<String, String> {
    let path = root().join(".bakend/local.json");
    let not_running =
        "the local stack is not running; start it with `cargo dev` in another terminal";
    let text = std::fs::read_to_string(path).map_err(|_| not_running.to_owned())?;
    let file: serde_json::Value =
        serde_json::from_str(&text).map_err(|_| not_running.to_owned())?;
    file["dynamodb"]
        .as_str()
        .map(ToOwned::to_owned)
        .ok_or_else(|| not_running.to_owned())
}
