//! The owner's part of a project: the settings in `bakend.json`, and the collections and triggers beside it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::check::{self, Checked};
use crate::fingerprint::Fingerprints;
use crate::settings::Settings;
use crate::trigger::{self, Trigger};

/// The variable that names another folder with `bakend.json` and `collections/` than the root of the checkout: the
/// suite's own, or a rehearsal's. Build scripts embed that project, tools draw its plans, and functions built with
/// debug assertions read it when they start.
pub const VARIABLE: &str = "BAKEND_PROJECT";

/// A file of every checkout and of no other folder.
const MARK: &str = "infra/base.yaml";

/// The checkout that one of these folders or files is in, the first that is in one.
///
/// A tool asks when it runs: a checkout that was copied or moved with its `target` has binaries that were built
/// elsewhere.
#[must_use]
pub fn root_above(starts: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    starts.into_iter().find_map(|start| {
        let mut above = start.ancestors();
        above
            .find(|folder| folder.join(MARK).is_file())
            .map(Path::to_path_buf)
    })
}

/// Settings, collections and triggers that fit each other.
#[derive(Clone)]
pub struct Project {
    /// The settings of `bakend.json`; the environment overrides nothing here.
    pub settings: Settings,
    /// The collections, with the warnings about them.
    pub collections: Checked,
    /// The triggers.
    pub triggers: Vec<Trigger>,
    /// The marks of all of it, for the template and the functions.
    pub fingerprints: Fingerprints,
}

impl Project {
    /// Reads the project in `folder`, with settings that are fit for a developer's machine.
    ///
    /// # Errors
    /// Every problem, in one line each: with file, field and reason.
    pub fn read(folder: &Path) -> Result<Self, Vec<String>> {
        let read = |path: &Path, error: std::io::Error| {
            vec![format!("Cannot read {}: {error}", path.display())]
        };
        let file = folder.join("bakend.json");
        let text = fs::read_to_string(&file).map_err(|error| read(&file, error))?;
        let settings = Settings::read(&text, |_| None, true)
            .map_err(|problem| vec![format!("bakend.json: {problem}")])?;
        let triggers = match fs::read_to_string(folder.join(trigger::FILE)) {
            Ok(text) => text,
            // A project from before there were triggers.
            Err(error) if error.kind() == ErrorKind::NotFound => "[]".to_owned(),
            Err(error) => return Err(read(&folder.join(trigger::FILE), error)),
        };
        let folder = folder.join("collections");
        let files = check::read_folder(&folder).map_err(|error| read(&folder, error))?;
        let lines =
            |problems: Vec<check::Problem>| problems.iter().map(ToString::to_string).collect();
        let collections = check::check(&files).map_err(lines)?;
        let triggers = check::check_triggers(&triggers, &collections.definitions)?;
        let refused = collections.refused_by(&settings.auth);
        if refused.is_empty() {
            let fingerprints = Fingerprints::of(&text, &collections.definitions, &triggers);
            Ok(Self {
                settings,
                collections,
                triggers,
                fingerprints,
            })
        } else {
            Err(lines(refused))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_found_from_where_a_tool_runs() {
        let parent = std::env::temp_dir().join(format!("bakend-roots-{}", std::process::id()));
        let (old, moved) = (parent.join("old"), parent.join("moved"));
        for root in [&old, &moved] {
            fs::create_dir_all(root.join("infra/src")).expect("a folder");
            fs::write(root.join(MARK), "").expect("a file");
        }
        let found = |starts: &[&str]| root_above(starts.iter().map(|start| parent.join(start)));
        assert_eq!(found(&["moved/infra/src", "old"]), Some(moved.clone()));
        assert_eq!(found(&["nowhere", "moved/target/debug/infra"]), Some(moved));
        assert_eq!(found(&["", "nowhere/infra"]), None);
        fs::remove_dir_all(parent).expect("removed");
        drop(old);
    }
}
