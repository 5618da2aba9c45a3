//! `cargo ship --steps`: deploys a change of indexes in as many steps as AWS needs, and fills the new ones.
//!
//! AWS makes or removes one index of a table per update. So every step is a template of its own: the new one, but with
//! the tables' indexes of that step. The plan compares the new template with the deployed one, so an interrupted walk
//! continues where it was.

mod aws;
mod compare;
mod plan;
mod table;
mod write;

use std::fs;
use std::path::{Path, PathBuf};

use api::Definition;
use serde_yaml_ng::Value;

use self::aws::Aws;
use self::compare::compare;
pub(crate) use self::compare::compare_files;
use self::plan::plan;
use self::write::{take_code, write_steps};
use crate::{plans, template, tools};

/// For how many seconds after a deployment instances of the previous code may still write: a function's longest run and
/// a little more.
const SETTLE: &str = "15";

/// Walks from the deployed state to the declared one, or only prints the steps. The binaries are in `folder`, a path
/// from the root; `arguments` go to every `sam deploy`.
///
/// # Errors
/// One line: a change that is impossible, or the part that failed.
pub fn walk(
    root: &Path,
    folder: &Path,
    plan_only: bool,
    arguments: &[String],
) -> Result<(), String> {
    let aws = Aws::new(root, tools::sam(root)?, arguments);
    let deployed = aws.deployed()?;
    let project = plans::project()?;
    let collections: Vec<&Definition> = project.collections.definitions.iter().collect();
    let yours = template::Yours::read(&plans::folder())?;
    let text = template::draw(&template::Plan {
        yours: Some(&yours),
        ..template::Plan::of(&project, &collections)
    })?;
    let drawn: Value = serde_yaml_ng::from_str(&text).map_err(|error| error.to_string())?;
    let Some(present) = &deployed.tables else {
        return Err(format!(
            "There is no stack {} yet, so there is nothing to change: sam deploy --guided",
            deployed.stack
        ));
    };
    for warning in compare(present, &drawn, &collections)? {
        println!("Warning: {warning}");
    }
    let mut plan = plan(present, &drawn, &collections)?;
    let unfilled = Unfilled(root.join(format!(".bakend/steps/{}.unfilled", deployed.stack)));
    plan.fill.extend(unfilled.read());
    plan.fill.sort();
    plan.fill.dedup();
    let files = write_steps(root, folder, &plan, present, &drawn)?;
    plan.print(&files);
    if plan_only {
        return Ok(());
    }
    unfilled.write(&plan.fill)?;
    for (collection, indexes) in &plan.clear {
        let indexes = indexes.iter().map(String::as_str);
        aws.backfill(
            &deployed.stack,
            [collection, "--clear", "--even-deployed"]
                .into_iter()
                .chain(indexes)
                .collect(),
        )?;
    }
    for (done, file) in files.iter().enumerate() {
        println!("\n== step {} of {}", done + 1, files.len());
        aws.deploy(file)?;
        aws.settled()?;
        if let (0, [_, later @ ..]) = (done, files.as_slice()) {
            take_code(root, later, &aws.code()?)?;
        }
        if done + 1 == plan.fill_after.max(1) {
            // The previous code may have changed records meanwhile that the new code had written.
            for collection in &plan.fill {
                aws.backfill(
                    &deployed.stack,
                    vec![collection, "--all", "--settle", SETTLE],
                )?;
            }
            unfilled.write(&[])?;
        }
    }
    println!("\nAll is as declared.");
    Ok(())
}

/// The collections of a stack with unfilled indexes or unique fields, noted until they are filled. The index's own
/// readiness may miss a record that the previous code has written during a deployment.
struct Unfilled(PathBuf);

impl Unfilled {
    fn read(&self) -> Vec<String> {
        fs::read_to_string(&self.0)
            .unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    fn write(&self, collections: &[String]) -> Result<(), String> {
        let done = if collections.is_empty() && self.0.exists() {
            fs::remove_file(&self.0)
        } else if collections.is_empty() {
            Ok(())
        } else {
            fs::write(&self.0, collections.join("\n"))
        };
        done.map_err(|error| format!("Cannot write {}: {error}", self.0.display()))
    }
}

#[cfg(test)]
mod tests;
