//! `cargo rehearse`: a real deployment of the untouched template into a local AWS emulator.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::ship::{self, Arch, Build};
use crate::template::Yours;
use crate::{plans, tools};

mod emulator;
mod suite;

use self::emulator::{Emulator, free_port};
pub use self::suite::Suite;

/// The region of the documented deployment.
const REGION: &str = "eu-central-1";

/// The name of the stack in `samconfig.toml`.
const STACK: &str = "bakend";

/// Makes the routes of the deployed API; see its first lines.
const ROUTES: &str = include_str!("routes.py");

/// Looks at the records before and after a change of indexes; see its first lines.
const CHANGE: &str = include_str!("change.py");

/// The project that is deployed: the suite's own, so that the suite holds whatever the owner's is.
pub const PROJECT: &str = "tests";

/// The packages that are built beside the endpoints: the function that `cargo perf` compares them with.
const MORE: &[&str] = &["bare"];

/// Its binaries. Those of the owner's project are elsewhere, where a deployment looks for them.
const BINARIES: &str = "target/rehearsal";

/// The sender of the deployed project's mails. The suite's project has none, and most of its tests run without.
const MAIL_FROM: &str = "mail@example.com";

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
    let mut parts = Parts::default();
    let done = run(root, suite, &mut parts);
    println!("\n{:<28} seconds", "part");
    for (name, time) in &parts.0 {
        println!("{name:<28} {:>7.1}", time.as_secs_f64());
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

fn run(root: &Path, suite: &Suite, parts: &mut Parts) -> Result<(), String> {
    let (sam, ministack) = parts.time("install the tools", || {
        Ok((tools::sam(root)?, tools::ministack(root)?))
    })?;
    parts.time("cargo ship", || build(root))?;
    let folder = fresh_folder(root)?;
    let port = free_port()?;
    let aws = Aws {
        root,
        folder: &folder,
        endpoint: format!("http://127.0.0.1:{port}"),
    };
    write_project(&aws)?;
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
        Emulator::start(&aws, &ministack, port)
    })?;
    parts.time("sam deploy", || {
        make_identity(&aws, &sam)?;
        deploy(&aws, &sam)
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
    let Some(definitions) = changed_definitions(aws)? else {
        println!("There is no collection `products` whose change could be rehearsed.");
        return Ok(());
    };
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
            .try_for_each(|line| walk(aws, line, &definitions))
    })?;
    parts.time("make the routes", || make_routes(aws, sam).map(drop))?;
    parts.time("records after the change", || look("after"))
}

/// Runs a documented command of the walk on these definitions.
fn walk(aws: &Aws<'_>, line: &str, definitions: &Path) -> Result<(), String> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(line.split_whitespace().skip(1));
    aws.environment(&mut command)
        .env(api::project::VARIABLE, definitions)
        // The binaries of other definitions must not be where a deployment looks for them.
        .env(ship::FOLDER_VARIABLE, ".bakend/rehearsal/lambda")
        .env(ship::REST_VARIABLE, BINARIES);
    // Its cargo is this one.
    for name in ["CARGO", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    agree(line, &mut command)
}

/// A copy of the project in which `products` has two more indexes and one less; where that is.
fn changed_definitions(aws: &Aws<'_>) -> Result<Option<PathBuf>, String> {
    let folder = aws.folder.join("collections");
    let trouble = |error: std::io::Error| format!("Cannot copy the collections: {error}");
    fs::create_dir_all(&folder).map_err(trouble)?;
    let project = aws.root.join(PROJECT);
    // The binaries know these settings. Without a sender among them, the change takes the parts of mail away as well.
    fs::copy(project.join("bakend.json"), aws.folder.join("bakend.json")).map_err(trouble)?;
    let mut found = false;
    for (name, text) in api::check::read_folder(&project.join("collections")).map_err(trouble)? {
        let mut text = text;
        if name == "products.json" {
            let mut definition: serde_json::Value =
                serde_json::from_str(&text).map_err(|error| error.to_string())?;
            if let Some(indexes) = definition
                .get_mut("indexes")
                .and_then(serde_json::Value::as_array_mut)
            {
                indexes.retain(|index| *index != serde_json::json!(["name", "-price"]));
                indexes.extend([
                    serde_json::json!(["stock"]),
                    serde_json::json!(["status", "stock"]),
                ]);
                found = true;
            }
            text = definition.to_string();
        }
        fs::write(folder.join(name), text).map_err(trouble)?;
    }
    Ok(found.then(|| aws.folder.to_path_buf()))
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

/// Deploys with the command that the README gives, in a folder where `sam build` has left an old template.
fn deploy(aws: &Aws<'_>, sam: &Path) -> Result<(), String> {
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
    deploy.args(["MailIdentity=existing", "Dashboard=true"]);
    aws.environment(&mut deploy)
        .current_dir(aws.root.join(DEPLOYED));
    agree(line, &mut deploy)
}

/// The code block of a document with a line that begins so, without comments.
fn documented(root: &Path, document: &str, start: &str) -> Result<Vec<String>, String> {
    let text = fs::read_to_string(root.join(document))
        .map_err(|error| format!("Cannot read {document}: {error}"))?;
    let command = |line: &str| {
        line.split(" #")
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    // Every second part is a block; its first line is the language.
    text.split("```")
        .skip(1)
        .step_by(2)
        .map(|block| block.lines().skip(1).map(command).collect::<Vec<_>>())
        .find(|block| block.iter().any(|line| line.starts_with(start)))
        .ok_or_else(|| format!("{document} has no `{start}`."))
}

/// Runs a command that asks, and says yes to whatever it asks.
fn agree(what: &str, command: &mut Command) -> Result<(), String> {
    let trouble = |error: std::io::Error| format!("Cannot run yes: {error}");
    let mut yes = Command::new("yes")
        .stdout(Stdio::piped())
        .spawn()
        .map_err(trouble)?;
    if let Some(answers) = yes.stdout.take() {
        command.stdin(answers);
    }
    let done = succeed(what, command);
    yes.kill().and_then(|()| yes.wait()).map_err(trouble)?;
    done
}

/// Lays the suite's project out as an owner has it: the drawn template, the root's `samconfig.toml`, the binaries.
fn write_project(aws: &Aws<'_>) -> Result<(), String> {
    let mut project = plans::read(&aws.root.join(PROJECT))?;
    project.settings.mail.from = Some(MAIL_FROM.to_owned());
    let [(_, template), ..] = plans::draw(&project, &Yours::default())?;
    let folder = aws.root.join(DEPLOYED);
    let write = || {
        fs::create_dir_all(folder.join(".aws-sam/build"))?;
        fs::write(folder.join(".aws-sam/build/template.yaml"), STALE)?;
        fs::write(folder.join("template.yaml"), template)?;
        fs::copy(
            aws.root.join("samconfig.toml"),
            folder.join("samconfig.toml"),
        )?;
        let binaries = folder.join(ship::FOLDER);
        fs::create_dir_all(binaries.parent().unwrap_or(&folder))?;
        symlink(aws.root.join(BINARIES), binaries)
    };
    write().map_err(|error| format!("Cannot write to {}: {error}", folder.display()))
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
        self.0.push((name, start.elapsed()));
        done
    }
}

/// The address of AWS for a program: the emulator, and nothing of the machine's own profile.
struct Aws<'a> {
    root: &'a Path,
    folder: &'a Path,
    endpoint: String,
}

impl Aws<'_> {
    /// Gives a command nothing but what it needs. The emulator's functions inherit it, as they do on AWS nothing.
    fn environment<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .current_dir(self.root)
            .stdin(Stdio::null())
            .env_clear();
        for name in ["PATH", "HOME", "LANG"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("TMPDIR", self.folder.join("tmp"))
            .envs([
                ("AWS_DEFAULT_REGION", REGION),
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "test"),
                ("AWS_CONFIG_FILE", "/dev/null"),
                ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
                ("AWS_EC2_METADATA_DISABLED", "true"),
                ("NO_PROXY", "127.0.0.1,localhost"),
                ("SAM_CLI_TELEMETRY", "0"),
            ])
    }

    /// By which name the emulator knows a deployed API.
    fn host(&self, api: &str) -> String {
        let port = self.endpoint.rsplit(':').next().unwrap_or_default();
        format!("{api}.execute-api.localhost:{port}")
    }

    fn run(&self, what: &str, command: &mut Command) -> Result<(), String> {
        succeed(what, self.environment(command))
    }
}

fn succeed(what: &str, command: &mut Command) -> Result<(), String> {
    let status = command
        .status()
        .map_err(|error| format!("Cannot run {what}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{what} failed; its reason is above."))
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
    }
}
