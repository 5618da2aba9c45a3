//! A deployed stack that an operator works on for a year.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::aws::{Aws, agree, succeed};
use super::{CHANGED, Parts, REGION, block, documented, walk};

/// The people, their questions and their webhook; see the first lines of each.
const PEOPLE: &str = concat!(
    include_str!("requests.py"),
    include_str!("year.py"),
    include_str!("webhook.py"),
    "\nSTEPS[what]()\n"
);

/// How long an operator waits for the next step of the keys, and how often the command is tried.
const PATIENCE: Duration = Duration::from_secs(30 * 60);
const PAUSE: Duration = Duration::from_secs(20);

/// The binaries that know the added collection by its name.
const KEPT: &str = ".bakend/rehearsal/kept";

/// A stack that is lived with.
pub(super) struct Stack<'a> {
    pub(super) aws: Aws<'a>,
    pub(super) sam: PathBuf,
    /// The program `aws`.
    pub(super) aws_cli: PathBuf,
    pub(super) api: String,
    /// The folder that the first deployment came from.
    pub(super) first: PathBuf,
    /// The folder of the project whose definitions are deployed.
    pub(super) definitions: PathBuf,
    /// The binaries of the functions that the next change leaves as they are, if there are any.
    pub(super) rest: Option<&'static str>,
    pub(super) parts: &'a mut Parts,
}

impl Stack<'_> {
    /// A step of the year, and the questions after it.
    pub(super) fn step(
        &mut self,
        name: &'static str,
        step: impl FnOnce(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        println!("== {name}");
        let start = Instant::now();
        let done = step(self).and_then(|()| {
            self.people("ask", &[])?;
            self.admin("check")
        });
        self.parts.note(name, start.elapsed());
        done
    }

    /// Brings the stack to these definitions by the documented commands.
    pub(super) fn change(&mut self, definitions: &Path) -> Result<(), String> {
        for line in documented(self.aws.root, "docs/operations.md", "cargo ship --steps")? {
            walk(&self.aws, &line, definitions, self.rest)?;
        }
        definitions.clone_into(&mut self.definitions);
        super::make_routes(&self.aws, &self.sam).map(drop)
    }

    /// Keeps the functions that were built last: those that the next changes leave as they are.
    pub(super) fn keep_binaries(&mut self) -> Result<(), String> {
        let root = self.aws.root;
        fs::rename(root.join(CHANGED), root.join(KEPT))
            .map_err(|error| format!("Cannot move {CHANGED} to {KEPT}: {error}"))?;
        self.rest = Some(KEPT);
        Ok(())
    }

    /// The next step of a rotation, when it is due.
    pub(super) fn rotate(&mut self) -> Result<(), String> {
        let start = Instant::now();
        loop {
            let (done, told) = self.told("cargo admin keys rotate")?;
            print!("{told}");
            if done {
                return Ok(());
            }
            let is_early = told.contains("may sign from") || told.contains("may be dropped from");
            if !is_early || start.elapsed() > PATIENCE {
                return Err(format!("cargo admin keys rotate failed: {told}"));
            }
            thread::sleep(PAUSE);
        }
    }

    /// Runs the lines of a documented block, each of which has to succeed.
    pub(super) fn documented(&self, start: &str) -> Result<(), String> {
        let lines = documented(self.aws.root, "docs/operations.md", start)?;
        lines.iter().try_for_each(|line| self.line(line))
    }

    pub(super) fn admin(&self, arguments: &str) -> Result<(), String> {
        self.line(&format!("cargo admin {arguments}"))
    }

    pub(super) fn line(&self, line: &str) -> Result<(), String> {
        let (done, told) = self.told(line)?;
        print!("$ {line}\n{told}");
        if done {
            return Ok(());
        }
        Err(format!("{line} failed: {told}"))
    }

    /// Runs `cargo admin …` on the stack, and tells whether it succeeded and its text.
    pub(super) fn told(&self, line: &str) -> Result<(bool, String), String> {
        let mut command = self.aws.cargo();
        command
            .args(["run", "--quiet", "--manifest-path"])
            .arg(self.aws.root.join("Cargo.toml"))
            .args(["--bin", "admin", "--"])
            .args(line.split_whitespace().skip(2))
            .current_dir(self.aws.folder)
            .env("AWS_REGION", REGION)
            .env(api::project::VARIABLE, &self.definitions);
        let output = command
            .output()
            .map_err(|error| format!("Cannot run cargo: {error}"))?;
        let text = [output.stdout, output.stderr].concat();
        Ok((
            output.status.success(),
            String::from_utf8_lossy(&text).into_owned(),
        ))
    }

    pub(super) fn host(&self) -> String {
        self.aws.host(&self.api)
    }

    pub(super) fn people(&self, what: &str, more: &[&str]) -> Result<(), String> {
        let (url, host) = (self.aws.endpoint.as_str(), self.host());
        self.python(&[&[what, url, &host], more].concat())
    }

    /// Runs the lines of a documented block as a shell does, between a line before and a line behind. Words of this stack take the
    /// place of those of the document.
    pub(super) fn shell(
        &self,
        folder: &Path,
        start: &str,
        [before, behind]: [&str; 2],
        words: &[(&str, &str)],
    ) -> Result<(), String> {
        let mut block = block(self.aws.root, "docs/operations.md", start)?;
        for (of_document, of_stack) in words {
            if !block.contains(of_document) {
                return Err(format!("docs/operations.md does not say `{of_document}`."));
            }
            block = block.replace(of_document, of_stack);
        }
        println!("{block}");
        let programs = [&self.sam, &self.aws_cli].map(|program| program.with_file_name(""));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(programs.into_iter().chain(std::env::split_paths(&path)))
            .map_err(|error| format!("The PATH cannot be extended: {error}"))?;
        let mut bash = Command::new("bash");
        self.aws
            .environment(bash.args(["-euo", "pipefail", "-c"]))
            .arg(format!("{before}\n{block}\n{behind}"))
            .env("PATH", path)
            .current_dir(folder);
        agree(start, &mut bash)
    }

    pub(super) fn python(&self, arguments: &[&str]) -> Result<(), String> {
        succeed(
            "A look at the people of the year",
            &mut self.script(arguments),
        )
    }

    pub(super) fn script(&self, arguments: &[&str]) -> Command {
        let mut python = Command::new(self.sam.with_file_name("python"));
        let _ = self
            .aws
            .environment(&mut python)
            .args(["-c", PEOPLE])
            .arg(self.aws.folder)
            .args(arguments);
        python
    }
}
