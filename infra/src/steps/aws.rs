//! The requests of the walk to AWS, as `sam deploy` would send them.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::table::Table;
use crate::tools;

/// Reads the deployed state from AWS; see its first lines.
const DEPLOYED: &str = include_str!("../deployed.py");

/// The deployed state of a stack.
#[derive(Deserialize)]
pub(super) struct Deployed {
    pub(super) stack: String,
    /// By logical id; none while there is no stack.
    pub(super) tables: Option<BTreeMap<String, Table>>,
}

/// The region and the credentials for AWS, from the arguments of `sam deploy`.
pub(super) struct Aws<'a> {
    root: &'a Path,
    sam: PathBuf,
    arguments: Vec<OsString>,
}

impl<'a> Aws<'a> {
    pub(super) fn new(root: &'a Path, sam: PathBuf, arguments: &[String]) -> Self {
        Self {
            root,
            sam,
            arguments: configured(root, arguments),
        }
    }

    /// [`DEPLOYED`], asked for `what`.
    fn ask(&self, what: &str) -> Command {
        let mut command = Command::new(self.sam.with_file_name("python"));
        command
            .current_dir(self.root)
            .args(["-c", DEPLOYED, what])
            .args(&self.arguments);
        with_region(&mut command);
        command
    }

    pub(super) fn deployed(&self) -> Result<Deployed, String> {
        self.read("tables")
    }

    /// Where the stack has the code of its functions: addresses in S3 by logical id.
    pub(super) fn code(&self) -> Result<BTreeMap<String, String>, String> {
        self.read("code")
    }

    /// The reply of [`DEPLOYED`] about `what`.
    fn read<T: DeserializeOwned>(&self, what: &str) -> Result<T, String> {
        let output = self.ask(what).stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| format!("Cannot run SAM's Python: {error}"))?;
        if !output.status.success() {
            return Err("What is deployed could not be read; the reason is above.".to_owned());
        }
        // JSON is YAML.
        serde_yaml_ng::from_slice(&output.stdout)
            .map_err(|error| format!("What is deployed is not understood: {error}"))
    }

    pub(super) fn deploy(&self, template: &Path) -> Result<(), String> {
        let mut deploy = Command::new(&self.sam);
        deploy
            .current_dir(self.root)
            .arg("deploy")
            .arg("--template-file")
            .arg(template)
            .arg("--no-fail-on-empty-changeset")
            .args(&self.arguments);
        with_region(&mut deploy);
        succeed("sam deploy", &mut deploy)
    }

    pub(super) fn settled(&self) -> Result<(), String> {
        succeed("Waiting for the indexes", &mut self.ask("settled"))
    }

    /// `cargo admin backfill` with the credentials of `sam deploy`.
    pub(super) fn backfill(&self, stack: &str, arguments: Vec<&str>) -> Result<(), String> {
        let mut command = self.ask("run");
        command
            .arg("--")
            .arg(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .args([
                "run", "--quiet", "--bin", "admin", "--", "--stack", stack, "backfill",
            ])
            .args(arguments);
        tools::forget_package(&mut command);
        succeed("cargo admin backfill", &mut command)
    }
}

/// The arguments, with `samconfig.toml` of the root named by its absolute path. SAM looks for its configuration beside
/// the template, and the templates of steps are elsewhere.
fn configured(root: &Path, arguments: &[String]) -> Vec<OsString> {
    const OPTION: &str = "--config-file";
    let absolute = |file: &str| root.join(file).into_os_string();
    let mut given = Vec::new();
    let mut is_named = false;
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let (option, joined) = match argument.split_once('=') {
            Some((option, value)) => (option, Some(value)),
            None => (argument.as_str(), None),
        };
        if option != OPTION {
            given.push(argument.into());
            continue;
        }
        is_named = true;
        given.push(OPTION.into());
        given.extend(
            joined
                .or_else(|| arguments.next().map(String::as_str))
                .map(absolute),
        );
    }
    let present = root.join("samconfig.toml");
    if !is_named && present.exists() {
        given.extend([OPTION.into(), present.into_os_string()]);
    }
    given
}

/// Gives SAM and boto3 the region of `AWS_REGION`, which neither of them reads.
fn with_region(command: &mut Command) {
    if env::var_os("AWS_DEFAULT_REGION").is_none()
        && let Some(region) = env::var_os("AWS_REGION")
    {
        command.env("AWS_DEFAULT_REGION", region);
    }
}

fn succeed(what: &str, command: &mut Command) -> Result<(), String> {
    let status = command
        .status()
        .map_err(|error| format!("Cannot run {what}: {error}"))?;
    if status.success() {
        return Ok(());
    }
    Err(format!(
        "{what} failed; its reason is above. What is done is done: cargo ship --steps goes on from here."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The arguments of `sam deploy` for these, in the root of this project.
    fn of(arguments: &[&str]) -> Vec<OsString> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        configured(&crate::plans::root(), &arguments)
    }

    #[test]
    fn a_step_is_deployed_with_the_configuration_of_the_project() {
        let root = crate::plans::root();
        let file = |name: &str| root.join(name).into_os_string();
        assert!(root.is_absolute());
        let named = |name: &str| ["--config-file".into(), file(name)].to_vec();
        assert_eq!(of(&[]), named("samconfig.toml"));
        let more = ["--stack-name".into(), "x".into()].to_vec();
        assert_eq!(
            of(&["--stack-name", "x"]),
            [more, named("samconfig.toml")].concat()
        );
        assert_eq!(of(&["--config-file", "own.toml"]), named("own.toml"));
        assert_eq!(of(&["--config-file=/own.toml"]), named("/own.toml"));
        assert_eq!(configured(Path::new("/nowhere"), &[]), [""; 0]);
    }

    #[test]
    fn a_deployment_takes_the_generated_template_whatever_sam_has_built() {
        let text = std::fs::read_to_string(crate::plans::root().join("samconfig.toml"));
        let text = text.expect("a configuration");
        let (_, deploy) = text
            .split_once("[default.deploy.parameters]")
            .expect("a section");
        let section = deploy.split("\n[").next().unwrap_or_default();
        assert!(
            section
                .lines()
                .any(|line| line == "template_file = \"template.yaml\""),
            "{section}"
        );
    }
}
