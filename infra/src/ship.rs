//! `cargo ship`: every endpoint's release binary, built once and checked.

use std::fs;
use std::path::{Component, Path};
use std::process::{Command, Stdio};

use api::consumers::WORKERS;
use api::endpoints::PAGE;
use api::project::VARIABLE;
use clap::ValueEnum;

use crate::elf::{self, Version};
use crate::tools;

/// The glibc of `provided.al2023`.
const GLIBC: Version = (2, 34);

/// The processor architecture of the functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Arch {
    /// Intel and AMD: the rehearsed architecture.
    #[default]
    #[value(name = "x86_64")]
    X86,
    /// Graviton.
    #[value(name = "arm64")]
    Arm,
}

impl Arch {
    /// The architecture of this machine.
    #[must_use]
    pub fn host() -> Self {
        if cfg!(target_arch = "aarch64") {
            Self::Arm
        } else {
            Self::X86
        }
    }

    /// As the template's parameter `Architecture` has it.
    #[must_use]
    pub fn parameter(self) -> &'static str {
        match self {
            Self::X86 => "x86_64",
            Self::Arm => "arm64",
        }
    }

    /// Rust's name of the target.
    fn target(self) -> &'static str {
        match self {
            Self::X86 => "x86_64-unknown-linux-gnu",
            Self::Arm => "aarch64-unknown-linux-gnu",
        }
    }
}

/// The default folder of the binaries: template.yaml expects them there.
pub const FOLDER: &str = "target/lambda";

/// The variable that names another folder of binaries for `cargo ship --steps`: a path from the root.
pub const FOLDER_VARIABLE: &str = "BAKEND_SHIP_FOLDER";

/// The variable that names the folder of another build's binaries, which a change of definitions leaves as they are.
pub const REST_VARIABLE: &str = "BAKEND_SHIP_REST";

/// The binaries to build, and their folder.
#[derive(Clone, Copy, Debug)]
pub struct Build<'a> {
    /// The processor architecture of the functions.
    pub arch: Arch,
    /// Where the binaries go: a path from the root.
    pub folder: &'a Path,
    /// The project to embed, if not the owner's: a path from the root.
    pub project: Option<&'a Path>,
    /// Where the binaries are, from another build, of the endpoints that are not of records: a path from the root. They
    /// know a collection by its name alone, so a change of its definition leaves them as they are.
    pub rest: Option<&'a Path>,
    /// Other packages of the workspace that are built beside the endpoints.
    pub more: &'a [&'a str],
}

impl Default for Build<'_> {
    /// The owner's project for this machine, where template.yaml expects it.
    fn default() -> Self {
        Self {
            arch: Arch::host(),
            folder: Path::new(FOLDER),
            project: None,
            rest: None,
            more: &[],
        }
    }
}

impl Build<'_> {
    /// Whether a function is built anew that knows definitions whole, or not.
    fn builds(&self, knows_definitions: bool) -> bool {
        self.rest.is_none() || knows_definitions
    }
}

/// Builds every endpoint into `<name>/bootstrap`, checks the glibc that each needs, and prints a table.
///
/// # Errors
/// One line: a missing tool, a failed build, or a binary that needs a newer glibc.
pub fn ship(root: &Path, what: &Build<'_>) -> Result<(), String> {
    let (arch, folder) = (what.arch, what.folder);
    let program = tools::cargo_lambda(root)?;
    let zig = tools::zig(root)?;
    has_target(root, arch.target())?;
    // A binary of an endpoint that is gone, or of another architecture, must not be deployed.
    // It is emptied below.
    let ours = ["target", ".bakend"]
        .iter()
        .any(|start| folder.starts_with(start));
    if !ours || folder.components().any(|part| part == Component::ParentDir) {
        return Err(format!(
            "The binaries cannot go to {}: choose a folder under target.",
            folder.display()
        ));
    }
    let folder = root.join(folder);
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .map_err(|error| format!("Cannot remove {}: {error}", folder.display()))?;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([zig].into_iter().chain(std::env::split_paths(&path)))
        .map_err(|error| format!("The PATH cannot be extended: {error}"))?;
    let (major, minor) = GLIBC;
    let mut build = Command::new(program);
    // The wrapper of the lints marks every build as another one: cargo would build everything anew.
    build.env_remove("RUSTC_WORKSPACE_WRAPPER");
    build.current_dir(root).env("PATH", path).args([
        "lambda",
        "build",
        "--release",
        "--lambda-dir",
    ]);
    build.arg(&folder).arg("--target");
    build.arg(format!("{}.{major}.{minor}", arch.target()));
    for (name, _) in functions().filter(|(_, knows)| what.builds(*knows)) {
        build.args(["--package", name]);
    }
    for package in what.more {
        build.args(["--package", package]);
    }
    if let Some(project) = what.project {
        build.env(VARIABLE, root.join(project));
    }
    tools::forget_package(&mut build);
    let status = build
        .status()
        .map_err(|error| format!("Cannot run cargo-lambda: {error}"))?;
    if !status.success() {
        return Err("The release build failed; its reason is above.".to_owned());
    }
    if let Some(rest) = what.rest {
        take_over(&root.join(rest), &folder, |knows| !what.builds(knows))?;
    }
    println!("{:<20} {:>9}  highest GLIBC", "function", "MB");
    let mut refused = Vec::new();
    for (name, _) in functions() {
        let file = folder.join(name).join("bootstrap");
        let binary =
            fs::read(&file).map_err(|error| format!("Cannot read {}: {error}", file.display()))?;
        if reads_projects(&binary) {
            return Err(format!(
                "{} was built with debug assertions and reads another project when it starts: leave debug-assertions of \
                 the release profile off.",
                file.display()
            ));
        }
        let highest = elf::highest_glibc(&binary)
            .map_err(|error| format!("{} is {error}.", file.display()))?;
        let shown = highest.map_or_else(
            || "none".to_owned(),
            |(major, minor)| format!("{major}.{minor}"),
        );
        #[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
        let size = binary.len() as f64 / 1e6;
        println!("{name:<20} {size:>9.2}  {shown}");
        if highest > Some(GLIBC) {
            refused.push(format!("{name} ({shown})"));
        }
    }
    if refused.is_empty() {
        return Ok(());
    }
    Err(format!(
        "These ask for a newer glibc than the {major}.{minor} of provided.al2023: {}. Build them with cargo ship, which \
         pins it.",
        refused.join(", ")
    ))
}

/// Whether a binary names the variable of another project, which only builds with debug assertions read.
fn reads_projects(binary: &[u8]) -> bool {
    let (first, rest) = VARIABLE.as_bytes().split_at(1);
    binary
        .split(|byte| first.contains(byte))
        .skip(1)
        .any(|after| after.starts_with(rest))
}

/// Every function, and whether it knows the definitions of collections whole: endpoints of records do, and workers.
fn functions() -> impl Iterator<Item = (&'static str, bool)> {
    let endpoints = PAGE
        .iter()
        .map(|entry| (entry.name, entry.guard.is_of_records()));
    endpoints.chain(WORKERS.iter().map(|worker| (worker.name, true)))
}

/// Links the binaries of the functions that `wanted` chooses from one folder into another.
fn take_over(from: &Path, to: &Path, wanted: impl Fn(bool) -> bool) -> Result<(), String> {
    for (name, _) in functions().filter(|(_, knows)| wanted(*knows)) {
        let folder = to.join(name);
        let file = from.join(name).join("bootstrap");
        fs::create_dir_all(&folder)
            .and_then(|()| fs::hard_link(&file, folder.join("bootstrap")))
            .map_err(|error| format!("Cannot link {}: {error}", file.display()))?;
    }
    Ok(())
}

/// Whether the standard library of `target` is installed.
fn has_target(root: &Path, target: &str) -> Result<(), String> {
    let output = Command::new("rustc")
        .current_dir(root)
        .args(["--print", "target-libdir", "--target", target])
        .stderr(Stdio::null())
        .output()
        .map_err(|error| format!("Cannot run rustc: {error}"))?;
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let there = output.status.success()
        && fs::read_dir(&folder).is_ok_and(|files| {
            files
                .flatten()
                .any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
        });
    if there {
        Ok(())
    } else {
        Err(format!(
            "Rust's standard library for {target} is missing: rustup target add {target}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_that_names_the_variable_is_noticed() {
        assert!(reads_projects(b"\0BBAKEND_PROJECT\0") && reads_projects(b"BAKEND_PROJECT"));
        assert!(!reads_projects(b"\0BAKEND_TABLE_PREFIX\0AKEND_PROJECT") && !reads_projects(b""));
    }
}
