//! The operator's commands about a deployed stack, as `docs/operations.md` has them.

use std::path::Path;
use std::process::Command;

use super::{Aws, REGION, STACK, documented};

/// The beginnings of the code blocks whose commands are run.
const BLOCKS: [&str; 2] = ["cargo admin status", "cargo admin usage"];

/// A command that finds nothing, since no request has this id.
const UNKNOWN: &str = "cargo admin logs 00000000-0000-4000-8000-000000000000";

/// Writes the protection of each table anew. The emulator keeps that of a template as text, which no client of AWS reads.
const PROTECTION: &str = "
import boto3
dynamodb = boto3.client('dynamodb')
for page in dynamodb.get_paginator('list_tables').paginate():
    for name in page['TableNames']:
        dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
";

/// Runs every documented command of the blocks, and looks at the line of one that finds nothing.
///
/// # Errors
/// One line: the command that failed, or that told something else.
pub(super) fn run(aws: &Aws<'_>, sam: &Path) -> Result<(), String> {
    let mut python = Command::new(sam.with_file_name("python"));
    aws.run("The tables' protection", python.args(["-c", PROTECTION]))?;
    for line in commands(aws.root)? {
        let (done, told) = admin(aws, &line)?;
        if !done || !told.contains(STACK) {
            return Err(format!("{line} failed: {told}"));
        }
    }
    let (done, told) = admin(aws, UNKNOWN)?;
    let expected = format!("cargo admin: no line of /bakend/{STACK}/functions ");
    if done || !told.starts_with(&expected) {
        return Err(format!("{UNKNOWN} told something else: {told}"));
    }
    Ok(())
}

/// The commands of the document.
fn commands(root: &Path) -> Result<Vec<String>, String> {
    let blocks = BLOCKS.map(|start| documented(root, "docs/operations.md", start));
    let blocks: Vec<Vec<String>> = blocks.into_iter().collect::<Result<_, _>>()?;
    Ok(blocks.concat())
}

/// Runs `cargo admin …` on the stack, and tells whether it succeeded and its text.
fn admin(aws: &Aws<'_>, line: &str) -> Result<(bool, String), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["run", "--quiet", "--bin", "admin", "--", "--stack", STACK])
        .args(line.split_whitespace().skip(2));
    aws.environment(&mut command).env("AWS_REGION", REGION);
    for name in [
        "CARGO_HOME",
        "RUSTUP_HOME",
        "RUSTUP_TOOLCHAIN",
        "BAKEND_TOOLS",
        "XDG_CACHE_HOME",
    ] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    let output = command.output();
    let output = output.map_err(|error| format!("Cannot run cargo: {error}"))?;
    print!("{}", String::from_utf8_lossy(&output.stdout));
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    Ok((
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans;

    #[test]
    fn the_document_gives_the_commands_that_are_run() {
        let commands = commands(&plans::root()).expect("there");
        let expected = [
            "cargo admin status",
            "cargo admin usage",
            "cargo admin usage --days 7",
        ];
        assert_eq!(commands, expected);
    }
}
