//! The black-box suite against the deployed API: the tests that prove what only a deployment can, or all of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use api::Code;
use api::endpoints::{Entry, PAGE};

use super::aws::succeed;
use crate::tools;

/// The tests that a deployment is needed for: a name and the endpoints that it covers, a line each.
const MARKED: &str = "tests/deployed.txt";

/// The origin whose pages may call the deployed API.
pub(super) const ORIGIN: &str = "https://app.example.com";

/// The program to run against the deployed API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Suite {
    /// The marked tests.
    Marked,
    /// Every test of the suite.
    All,
    /// This program, with the same environment.
    Instead(String),
}

/// Where the deployed API is.
pub(super) struct Deployed<'a> {
    pub(super) root: &'a Path,
    pub(super) url: &'a str,
    pub(super) host: &'a str,
    /// The folder of this rehearsal.
    pub(super) folder: &'a Path,
}

impl Suite {
    /// Runs it, and reports how many tests ran, how many of them stepped aside and which endpoints answered.
    pub(super) fn run(&self, deployed: &Deployed<'_>) -> Result<(), String> {
        let seen = deployed.folder.join("seen.txt");
        if let Self::Instead(program) = self {
            return succeed(program, deployed.prepare(&mut Command::new(program), &seen));
        }
        let marked = match self {
            Self::Marked => marked(deployed.root)?,
            Self::All | Self::Instead(_) => Vec::new(),
        };
        let there = deployed.listed(&marked)?;
        if let Some(gone) = marked.iter().find(|name| !there.contains(*name)) {
            return Err(format!("{MARKED} names {gone}, which is no test."));
        }
        let mut suite = cargo_test(&marked);
        let done = succeed("The black-box suite", deployed.prepare(&mut suite, &seen));
        let seen = Seen::read(&seen);
        println!("{}", seen.summary(there.len()));
        done?;
        if *self == Self::Marked {
            seen.is_enough()?;
        }
        Ok(())
    }
}

impl Deployed<'_> {
    fn prepare<'c>(&self, suite: &'c mut Command, seen: &Path) -> &'c mut Command {
        tools::forget_package(suite);
        suite
            .current_dir(self.root)
            .env("BAKEND_TEST_URL", self.url)
            .env("BAKEND_TEST_HOST", self.host)
            .env("BAKEND_TEST_ORIGIN", ORIGIN)
            .env(
                "BAKEND_TEST_INBOX",
                format!("{}/_ministack/ses/messages", self.url),
            )
            .env("BAKEND_TEST_SEEN", seen)
    }

    /// The names of the tests that would run.
    fn listed(&self, marked: &[String]) -> Result<BTreeSet<String>, String> {
        let mut list = cargo_test(marked);
        let output = self
            .prepare(list.arg("--list"), &PathBuf::new())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| format!("Cannot run cargo: {error}"))?;
        if !output.status.success() {
            return Err("The black-box suite does not build; the reason is above.".to_owned());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
        Ok(names.map(str::to_owned).collect())
    }
}

/// `cargo test` with these tests, or with all of the suite where none is named. By target, not by package: cargo then
/// chooses the features that it chose for the workspace.
fn cargo_test(names: &[String]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["test", "--quiet", "--test", "api", "--"]);
    if !names.is_empty() {
        command.arg("--exact").args(names);
    }
    command
}

/// The marked tests.
fn marked(root: &Path) -> Result<Vec<String>, String> {
    let text = fs::read_to_string(root.join(MARKED))
        .map_err(|error| format!("Cannot read {MARKED}: {error}"))?;
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect())
}

/// The notes of the harness: the tests that stepped aside, wholly or in part, and the endpoints that answered with
/// success.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    aside: BTreeSet<String>,
    partly: BTreeSet<String>,
    answered: BTreeSet<String>,
}

impl Seen {
    fn read(file: &Path) -> Self {
        Self::parse(&fs::read_to_string(file).unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let mut seen = Self::default();
        for line in text.lines() {
            match line.split_once(' ') {
                Some(("aside", test)) => seen.aside.insert(test.to_owned()),
                Some(("went-on", test)) => seen.partly.insert(test.to_owned()),
                Some(("answered", endpoint)) => seen.answered.insert(endpoint.to_owned()),
                _ => continue,
            };
        }
        seen.aside.retain(|test| !seen.partly.contains(test));
        seen
    }

    fn summary(&self, tests: usize) -> String {
        let aside = self.aside.len();
        format!(
            "{} of {tests} tests ran against the deployment, {} of them without what needs the inside of a stack; \
             {aside} stepped aside. {} of {} endpoints answered with success.{}",
            tests.saturating_sub(aside),
            self.partly.len(),
            self.answered.len(),
            PAGE.len(),
            match self.silent(needs_setting) {
                silent if silent.is_empty() => String::new(),
                silent => format!(" Without success, for want of a setting: {}.", join(silent)),
            }
        )
    }

    /// The endpoints of this kind without a success.
    fn silent(&self, kind: impl Fn(&Entry) -> bool) -> Vec<&'static str> {
        let of_kind = PAGE.iter().filter(|entry| kind(entry));
        of_kind
            .map(|entry| entry.name)
            .filter(|name| !self.answered.contains(*name))
            .collect()
    }

    /// Whether no marked test stepped aside, and every endpoint answered that needs no setting.
    fn is_enough(&self) -> Result<(), String> {
        if !self.aside.is_empty() {
            return Err(format!(
                "These need the inside of a stack or are no test of a deployment; {MARKED} must not name them: {}.",
                join(self.aside.iter().map(String::as_str))
            ));
        }
        let silent = self.silent(|entry| !needs_setting(entry));
        if silent.is_empty() {
            return Ok(());
        }
        Err(format!(
            "No test that {MARKED} names had a success of {}.",
            join(silent)
        ))
    }
}

/// Whether a setting that the rehearsed project has not may keep an endpoint from a success, or from being there. A provider of
/// sign-ins is one: a deployment reaches public addresses alone, and no provider is played there.
fn needs_setting(entry: &Entry) -> bool {
    let of_setting = [
        Code::MethodDisabled,
        Code::NotFound,
        Code::InvalidOauthCode,
        Code::AccountNotLinked,
    ];
    let needs_provider = entry.path.contains("{provider}");
    needs_provider || entry.errors.iter().any(|code| of_setting.contains(code))
}

fn join<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stepped_aside_is_not_counted_as_run() {
        let seen = Seen::parse(
            "aside one::test\nanswered health\naside two\nanswered login\nwent-on two\nx\n",
        );
        let summary = seen.summary(5);
        assert!(
            summary.starts_with(
                "4 of 5 tests ran against the deployment, 1 of them without what needs the inside of a stack; 1 \
                 stepped aside. 2 of "
            ),
            "{summary}"
        );
        assert!(seen.is_enough().unwrap_err().contains("one::test"));
    }

    #[test]
    fn every_endpoint_has_to_answer() {
        let mut seen = Seen {
            answered: PAGE.iter().map(|entry| entry.name.to_owned()).collect(),
            ..Seen::default()
        };
        assert_eq!(seen.is_enough(), Ok(()));
        let _ = seen.answered.remove("health");
        assert!(seen.is_enough().unwrap_err().contains(" health."));
    }

    #[test]
    fn the_marked_tests_are_named_once() {
        let marked = marked(&crate::plans::root()).unwrap();
        let distinct: BTreeSet<&String> = marked.iter().collect();
        assert!(!marked.is_empty());
        assert_eq!(distinct.len(), marked.len());
    }
}
