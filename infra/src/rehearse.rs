//! `cargo rehearse`: a real deployment of the untouched template into a local AWS emulator.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::ship::{self, Arch, Build};
use crate::template::Yours;
use crate::{plans, tools};

mod aws;
mod definitions;
mod emulator;
mod lived;
mod losing;
mod owner;
mod suite;
mod year;

use self::aws::{Aws, agree};
use self::emulator::Emulator;
pub use self::suite::Suite;
pub use self::year::year;

/// The region of the documented deployment.
const REGION: &str = "eu-central-1";

/// The name of the stack in `samconfig.toml`.
const STACK: &str = "bakend";

/// Makes the routes of the deployed API; see its first lines.
const ROUTES: &str = include_str!("routes.py");

/// Looks at the records before and after a change of indexes; see its first lines.
const CHANGE: &str = concat!(
    include_str!("rehearse/requests.py"),
    include_str!("change.py")
);

/// The project that is deployed: the suite's own, so that the suite holds whatever the owner's is.
pub const PROJECT: &str = "tests";

/// The packages that are built beside the endpoints: the function that `cargo perf` compares them with.
const MORE: &[&str] = &["bare"];

/// Its binaries. Those of the owner's project are elsewhere, where a deployment looks for them.
const BINARIES: &str = "target/rehearsal";

/// The binaries of changed definitions.
const CHANGED: &str = ".bakend/rehearsal/lambda";

/// The sender of the deployed project's mails. The suite's project has none, and most of its tests run without.
const MAIL_FROM: &str = "mail@example.com";

/// The settings by which the suite's project sends mail, and takes sign-ins by mail and by passkey.
const SWITCHED_ON: [(&str, &str); 5] = [
    ("BAKEND_MAIL_FROM", MAIL_FROM),
    ("BAKEND_AUTH_MAGIC_LINK", "signIn"),
    ("BAKEND_AUTH_PASSKEYS_RP_ID", "app.example.com"),
    ("BAKEND_AUTH_PASSKEYS_ORIGINS", suite::ORIGIN),
    // The same mail is asked for twice at once.
    ("BAKEND_AUTH_THROTTLE_MAIL_INTERVAL", "1s"),
];

/// The folder that the project is deployed from, as an owner deploys from the root.
const DEPLOYED: &str = ".bakend/rehearsal/project";

/// A template that a `sam build` of long ago has left behind: no deployment takes it.
const STALE: &str =
    "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Stale:\n    Type: AWS::SNS::Topic\n";

/// Builds, checks and deploys, then runs `suite` against the deployed API and changes a definition. Prints how long each
/// part took, and always ends what it started.
///
/// # Errors
/// One line: which part failed, and where it says why.
pub fn rehearse(root: &Path, suite: &Suite) -> Result<(), String> {
    with_parts(|parts| run(root, suite, parts))
}

/// Runs what is made of parts, and prints how long each took.
fn with_parts(all: impl FnOnce(&mut Parts) -> Result<(), String>) -> Result<(), String> {
    let mut parts = Parts::default();
    let done = all(&mut parts);
    println!("\n{:<32} seconds", "part");
    for (name, time) in &parts.0 {
        println!("{name:<32} {:>7.1}", time.as_secs_f64());
    }
    done
}

/// Builds the release binaries of the suite's project, and returns their folder.
///
/// # Errors
/// As [`ship::ship`].
pub fn build(root: &Path) -> Result<PathBuf, String> {
    let build = Build {
        folder: Path::new(BINARIES),
        project: Some(Path::new(PROJECT)),
        more: MORE,
        ..Build::default()
    };
    ship::ship(root, &build)?;
    Ok(root.join(BINARIES))
}

/// The programs of a rehearsal.
struct Tools {
    sam: PathBuf,
    ministack: PathBuf,
}

impl Tools {
    fn install(root: &Path, parts: &mut Parts) -> Result<Self, String> {
        parts.time("install the tools", || {
            Ok(Self {
                sam: tools::sam(root)?,
                ministack: tools::ministack(root)?,
            })
        })
    }
}

fn run(root: &Path, suite: &Suite, parts: &mut Parts) -> Result<(), String> {
    let Tools { sam, ministack } = Tools::install(root, parts)?;
    parts.time("cargo ship", || build(root))?;
    let folder = fresh_folder(root)?;
    let aws = Aws::new(root, &folder)?;
    let project = write_project(&aws, Some(MAIL_FROM))?;
    parts.time("sam validate --lint", || {
        // The owner's template is validated as well: what differs is the collections.
        let suites = format!("{DEPLOYED}/template.yaml");
        let templates = ["template.yaml", "front.yaml", &suites];
        templates.iter().try_for_each(|template| {
            let mut validate = Command::new(&sam);
            validate.args(["validate", "--lint", "--template", template]);
            aws.run("sam validate", &mut validate)
        })
    })?;
    let emulator = parts.time("start the emulator", || {
        Emulator::start(&aws, &ministack, &SWITCHED_ON)
    })?;
    parts.time("sam deploy", || {
        make_identity(&aws, &sam)?;
        deploy(&aws, &sam, &project, &["MailIdentity=existing"])
    })?;
    let api = parts.time("make the routes", || make_routes(&aws, &sam))?;
    let host = aws.host(&api);
    let tested = parts.time("black-box suite", || {
        suite.run(&suite::Deployed {
            root,
            url: &aws.endpoint,
            host: &host,
            folder: &folder,
        })
    });
    let changed = tested.and_then(|()| change(&aws, &sam, &api, parts));
    parts.time("stop the emulator", || emulator.stop())?;
    changed
}

/// Changes the indexes of a collection that has records, in steps, and looks whether all is there.
fn change(aws: &Aws<'_>, sam: &Path, api: &str, parts: &mut Parts) -> Result<(), String> {
    let definitions = definitions::copy(aws, "collections-changed", |products| {
        definitions::drop_index(products, &["name", "-price"]);
        definitions::add_index(products, &["stock"]);
        definitions::add_index(products, &["status", "stock"]);
    })?;
    let look = |when: &str| {
        let mut python = Command::new(sam.with_file_name("python"));
        python
            .args(["-c", CHANGE, when, &aws.endpoint])
            .arg(aws.host(api))
            .arg(aws.folder.join("products.json"));
        aws.run("The look at the products", &mut python)
    };
    parts.time("records before the change", || look("before"))?;
    parts.time("cargo ship --steps", || {
        documented(aws.root, "docs/operations.md", "cargo ship --steps")?
            .iter()
            .try_for_each(|line| walk(aws, line, &definitions, Some(BINARIES)))
    })?;
    parts.time("make the routes", || make_routes(aws, sam).map(drop))?;
    parts.time("records after the change", || look("after"))
}

/// Runs a documented command of the walk on these definitions.
///
/// The functions that know collections by their names alone are those in `rest`, where the names are the same.
fn walk(aws: &Aws<'_>, line: &str, definitions: &Path, rest: Option<&str>) -> Result<(), String> {
    let mut command = aws.cargo();
    command
        .args(line.split_whitespace().skip(1))
        .env(api::project::VARIABLE, definitions)
        // The binaries of other definitions must not be where a deployment looks for them.
        .env(ship::FOLDER_VARIABLE, CHANGED);
    if let Some(rest) = rest {
        command.env(ship::REST_VARIABLE, rest);
    }
    agree(line, &mut command)
}

/// The address whose account becomes an admin of the rehearsed stack.
const ADMIN: &str = "admin@example.com";

/// Makes the identity that the mails come from. The emulator makes the one of the template as well, but without the DKIM
/// records that the stack puts out.
fn make_identity(aws: &Aws<'_>, sam: &Path) -> Result<(), String> {
    let script =
        "import sys, boto3; boto3.client('sesv2').create_email_identity(EmailIdentity=sys.argv[1])";
    let mut python = Command::new(sam.with_file_name("python"));
    python.args(["-c", script, MAIL_FROM]);
    aws.run("The identity of SES", &mut python)
}

/// Deploys a project with the command that the README gives, and with more parameters.
fn deploy(aws: &Aws<'_>, sam: &Path, project: &Path, more: &[&str]) -> Result<(), String> {
    let lines = documented(aws.root, "README.md", "sam deploy --region")?;
    let line = lines
        .iter()
        .find(|line| line.starts_with("sam deploy"))
        .ok_or("README.md has no command that deploys.")?;
    let mut deploy = Command::new(sam);
    deploy.args(
        line.replace("you@example.com", ADMIN)
            .split_whitespace()
            .skip(1),
    );
    deploy.arg(format!("AllowedOrigins={}", suite::ORIGIN));
    deploy.arg(format!("Architecture={}", Arch::host().parameter()));
    deploy.arg("Dashboard=true").args(more);
    aws.environment(&mut deploy).current_dir(project);
    agree(line, &mut deploy)
}

/// The commands of the code block with a line that begins so: without comments, and without answers, which are indented.
fn documented(root: &Path, document: &str, start: &str) -> Result<Vec<String>, String> {
    let command = |line: &str| {
        line.split(" #")
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let block = block(root, document, start)?;
    let lines = block.lines().filter(|line| !line.starts_with(' '));
    Ok(lines.map(command).collect())
}

/// The text of the code block with a line that begins so.
fn block(root: &Path, document: &str, start: &str) -> Result<String, String> {
    let text = fs::read_to_string(root.join(document))
        .map_err(|error| format!("Cannot read {document}: {error}"))?;
    // Every second part is a block; its first line is the language.
    text.split("```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.split_once('\n'))
        .map(|(_, block)| block)
        .find(|block| block.lines().any(|line| line.starts_with(start)))
        .map(str::to_owned)
        .ok_or_else(|| format!("{document} has no `{start}`."))
}

/// Lays the suite's project out as an owner has it: the drawn template, the root's files of a deployment, the binaries. Beside
/// them is an old template of `sam build`. Returns the folder.
fn write_project(aws: &Aws<'_>, mail_from: Option<&str>) -> Result<PathBuf, String> {
    let mut project = plans::read(&aws.root.join(PROJECT))?;
    project.settings.mail.from = mail_from.map(str::to_owned);
    let [(_, template), ..] = plans::draw(&project, &Yours::default())?;
    let folder = aws.root.join(DEPLOYED);
    let write = || {
        fs::create_dir_all(folder.join(".aws-sam/build"))?;
        fs::write(folder.join(".aws-sam/build/template.yaml"), STALE)?;
        fs::write(folder.join("template.yaml"), template)?;
        for name in ["samconfig.toml", "front.yaml"] {
            fs::copy(aws.root.join(name), folder.join(name))?;
        }
        let binaries = folder.join(ship::FOLDER);
        fs::create_dir_all(binaries.parent().unwrap_or(&folder))?;
        symlink(aws.root.join(BINARIES), binaries)
    };
    write().map_err(|error| format!("Cannot write to {}: {error}", folder.display()))?;
    Ok(folder)
}

/// Makes the routes and returns the API's id.
fn make_routes(aws: &Aws<'_>, sam: &Path) -> Result<String, String> {
    // SAM brings boto3.
    let python = sam.with_file_name("python");
    let output = aws
        .environment(Command::new(python).args(["-c", ROUTES, STACK]))
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("Cannot run SAM's Python: {error}"))?;
    let api = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && !api.is_empty() {
        return Ok(api);
    }
    Err("The routes could not be made in the emulator; the reason is above.".to_owned())
}

/// The parts done so far and how long each took.
#[derive(Default)]
struct Parts(Vec<(&'static str, Duration)>);

impl Parts {
    fn time<T>(
        &mut self,
        name: &'static str,
        part: impl FnOnce() -> Result<T, String>,
    ) -> Result<T, String> {
        println!("== {name}");
        let start = Instant::now();
        let done = part();
        self.note(name, start.elapsed());
        done
    }

    fn note(&mut self, name: &'static str, time: Duration) {
        self.0.push((name, time));
    }
}

/// The emulator's own folder, emptied: a rehearsal begins with an account that has nothing.
fn fresh_folder(root: &Path) -> Result<PathBuf, String> {
    let folder = root.join(".bakend/rehearsal");
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .map_err(|error| format!("Cannot empty {}: {error}", folder.display()))?;
    }
    fs::create_dir_all(folder.join("tmp"))
        .map_err(|error| format!("Cannot make {}: {error}", folder.display()))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_give_the_commands_that_are_rehearsed() {
        let root = plans::root();
        let walk = documented(&root, "docs/operations.md", "cargo ship --steps").expect("there");
        let expected = [
            "cargo generate",
            "cargo ship --steps --plan-only",
            "cargo ship --steps",
        ];
        assert_eq!(walk, expected);
        let deploy = documented(&root, "README.md", "sam deploy --region").expect("there");
        let region = format!("--region {REGION}");
        assert!(
            deploy.iter().any(|line| line.contains(&region)),
            "{deploy:?}"
        );
        assert!(documented(&root, "README.md", "sam destroy").is_err());
        let run_book = [
            losing::RECOVER,
            "cargo admin status",
            "cargo admin usage",
            "secret=$(openssl rand -hex 32)",
            "aws s3 cp \"s3://$BUCKET/$OBJECT\"",
            "sam delete",
            "aws dynamodb update-table",
        ];
        for start in run_book {
            assert!(
                documented(&root, "docs/operations.md", start).is_ok(),
                "{start}"
            );
        }
    }
}
