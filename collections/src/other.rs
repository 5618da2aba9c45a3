//! Another project's collections in place of the embedded ones, only in builds with debug assertions. `cargo dev` and
//! the suite share their binaries, each with its own definitions. No release build has this.

use std::path::Path;
use std::sync::OnceLock;

use api::fingerprint::Fingerprints;
use api::project::{self, Project};
use api::trigger::Trigger;

use crate::{File, Parsed};

/// The marks, the files, a place for each definition, and the triggers.
type Other = (Fingerprints, Vec<File>, Vec<Parsed>, Vec<Trigger>);

/// The files of the project that the environment names, and a place for each definition.
pub(crate) fn table() -> Option<(&'static [File], &'static [Parsed])> {
    let (_, files, places, _) = other()?;
    Some((files, places))
}

/// The marks of the project that the environment names.
pub(crate) fn fingerprints() -> Option<Fingerprints> {
    other().map(|(fingerprints, ..)| fingerprints.clone())
}

/// The triggers of the project that the environment names.
pub(crate) fn triggers() -> Option<&'static [Trigger]> {
    other().map(|(.., triggers)| &triggers[..])
}

/// The project that the environment names, read once.
///
/// # Panics
/// The project is broken: only developers run this, and they must learn of it.
#[expect(clippy::panic, reason = "not in a release build")]
fn other() -> Option<&'static Other> {
    static OTHER: OnceLock<Option<Other>> = OnceLock::new();
    let read = || {
        let folder = std::env::var_os(project::VARIABLE)?;
        let project = Project::read(Path::new(&folder))
            .unwrap_or_else(|problems| panic!("{}", problems.join("\n")));
        let definitions = project.collections.definitions;
        let files = definitions.iter().map(|definition| {
            let text = serde_json::to_string(definition).unwrap_or_default();
            // They live as long as the process, as the embedded ones do.
            (&*definition.name.clone().leak(), &*text.leak())
        });
        let files: Vec<File> = files.collect();
        let places = files.iter().map(|_| OnceLock::new()).collect();
        Some((project.fingerprints, files, places, project.triggers))
    };
    OTHER.get_or_init(read).as_ref()
}
