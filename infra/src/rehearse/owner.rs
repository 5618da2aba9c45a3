//! An owner's clone of an earlier revision of this project, built as its own README says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::PROJECT;
use super::aws::{Aws, succeed};

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
    let is_new = !folder.exists();
    if is_new {
        let target = folder.to_string_lossy();
        git(
            &["clone", "--quiet", "--no-checkout", ".", &target],
            aws.root,
        )?;
    }
    // Files that stay as they are let cargo keep what it has built of them.
    if is_new || resolved(&folder, "HEAD")? != id {
        git(&["fetch", "--quiet", "origin"], &folder)?;
        git(
            &["checkout", "--quiet", "--force", "--detach", &id],
            &folder,
        )?;
    }
    take_files(aws, &folder)?;
    for command in ["generate", "ship"] {
        let mut cargo = aws.cargo();
        cargo
            .current_dir(&folder)
            .arg(command)
            // Of its own: cargo tells two revisions of one package in one folder apart by the time of their files alone.
            .env_remove("CARGO_TARGET_DIR")
            // An owner has no lints.
            .env_remove("RUSTC_WORKSPACE_WRAPPER");
        succeed(
            &format!("cargo {command} of the version before"),
            &mut cargo,
        )?;
    }
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
    let (theirs, ours) = (folder.join("collections"), project.join("collections"));
    let take = || {
        let files = api::check::read_folder(&ours)?;
        // The crate that embeds the definitions is in the same folder.
        for (name, _) in api::check::read_folder(&theirs)? {
            if files.iter().all(|(of_ours, _)| *of_ours != name) {
                fs::remove_file(theirs.join(name))?;
            }
        }
        for (name, text) in files {
            write_changed(&theirs.join(name), &text)?;
        }
        let settings = fs::read_to_string(project.join("bakend.json"))?;
        write_changed(&folder.join("bakend.json"), &settings)
    };
    take().map_err(|error| format!("Cannot write to {}: {error}", folder.display()))
}

/// Writes a file that has another text.
fn write_changed(file: &Path, text: &str) -> std::io::Result<()> {
    if fs::read_to_string(file).is_ok_and(|present| present == text) {
        return Ok(());
    }
    fs::write(file, text)
}
