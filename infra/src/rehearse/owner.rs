//! An owner's clone of an earlier revision of this project, built as its own README says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::PROJECT;
use super::aws::{Aws, succeed};
use crate::ship;

/// The folder of the clone. It stays, so that another rehearsal builds little.
const CLONE: &str = ".bakend/year/before";

/// Clones the revision with the rehearsed project's files in the place of its own, and ships it. Returns the folder.
pub(super) fn clone(aws: &Aws<'_>, revision: &str) -> Result<PathBuf, String> {
    let folder = aws.root.join(CLONE);
    let git = |arguments: &[&str], at: &Path| {
        let mut git = Command::new("git");
        let _ = git.arg("-C").arg(at).args(arguments);
        succeed(&format!("git {}", arguments.join(" ")), &mut git)
    };
    let id = resolved(aws.root, revision)?;
    if !folder.exists() {
        let target = folder.to_string_lossy();
        git(
            &["clone", "--quiet", "--no-checkout", ".", &target],
            aws.root,
        )?;
    }
    git(&["fetch", "--quiet", "origin"], &folder)?;
    git(
        &["checkout", "--quiet", "--force", "--detach", &id],
        &folder,
    )?;
    take_files(aws, &folder)?;
    let mut build = aws.cargo();
    build
        .current_dir(&folder)
        .arg("ship")
        // The packages that both revisions need are built once.
        .env("CARGO_TARGET_DIR", aws.root.join("target"));
    for variable in [
        ship::FOLDER_VARIABLE,
        ship::REST_VARIABLE,
        api::project::VARIABLE,
    ] {
        build.env_remove(variable);
    }
    succeed("cargo ship of the version before", &mut build)?;
    Ok(folder)
}

/// The id of a revision.
fn resolved(root: &Path, revision: &str) -> Result<String, String> {
    let mut git = Command::new("git");
    let commit = format!("{revision}^{{commit}}");
    let output = git
        .current_dir(root)
        .args([
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &commit,
        ])
        .output()
        .map_err(|error| format!("Cannot run git: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(format!(
        "There is no revision {revision}: name a commit, a tag or a branch with --from."
    ))
}

/// Puts the rehearsed project's own files in the place of the clone's.
fn take_files(aws: &Aws<'_>, folder: &Path) -> Result<(), String> {
    let project = aws.root.join(PROJECT);
    let take = || {
        let collections = folder.join("collections");
        fs::remove_dir_all(&collections)?;
        fs::create_dir_all(&collections)?;
        for file in fs::read_dir(project.join("collections"))?.flatten() {
            fs::copy(file.path(), collections.join(file.file_name()))?;
        }
        fs::copy(project.join("bakend.json"), folder.join("bakend.json")).map(drop)
    };
    take().map_err(|error| format!("Cannot write to {}: {error}", folder.display()))
}
