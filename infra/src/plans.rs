//! The generated files: their content, their paths, and whether they are fresh.

use std::fs;
use std::path::{Path, PathBuf};

use api::Definition;
use api::endpoints::PAGE;
use api::project::{self, Project};

use crate::template::{Plan, Yours};
use crate::{events, openapi, routes, schema, steps, tables, template, tools, types};

/// The workspace's folder.
#[must_use]
pub fn root() -> PathBuf {
    tools::root()
}

/// The folder of the owner's project: the root, or the folder that `BAKEND_PROJECT` names.
#[must_use]
pub fn folder() -> PathBuf {
    root().join(std::env::var_os(project::VARIABLE).unwrap_or_default())
}

/// Reads the owner's project.
///
/// # Errors
/// Every problem of its settings and collections, a line each.
pub fn project() -> Result<Project, String> {
    read(&folder())
}

/// Reads the project of a folder.
///
/// # Errors
/// Every problem of its settings and collections, a line each.
pub fn read(folder: &Path) -> Result<Project, String> {
    Project::read(folder).map_err(|problems| problems.join("\n"))
}

/// Every plan of a project, as its path from the project's folder and its content.
///
/// # Errors
/// One line: the limit of AWS that is exceeded, and the remedy.
pub fn draw(project: &Project, yours: &Yours) -> Result<[(&'static str, String); 5], String> {
    let collections: Vec<&Definition> = project.collections.definitions.iter().collect();
    let profile = &project.settings.users.fields;
    Ok([
        (
            "template.yaml",
            template::draw(&Plan {
                yours: Some(yours),
                ..Plan::of(project, &collections)
            })?,
        ),
        ("CargoLambda.toml", routes::draw(PAGE)?),
        (
            "docs/openapi.json",
            openapi::draw(PAGE, &collections, profile)?,
        ),
        ("docs/collection.schema.json", schema::draw()?),
        ("docs/events.schema.json", events::draw()?),
    ])
}

/// Writes the generated files of the project in `root` that are not fresh, and returns which.
///
/// # Errors
/// The problem of the project, the limit of AWS that is exceeded, or the file that cannot be written.
pub fn generate(root: &Path) -> Result<Vec<String>, String> {
    let mut written = Vec::new();
    let project = read(root)?;
    for warning in &project.collections.warnings {
        eprintln!("Warning: {warning}");
    }
    let yours = Yours::read(root)?;
    let drawn = draw(&project, &yours)?;
    let collections: Vec<&Definition> = project.collections.definitions.iter().collect();
    println!(
        "{}",
        template::usage(&Plan {
            yours: Some(&yours),
            ..Plan::of(&project, &collections)
        })?
    );
    let present = fs::read_to_string(root.join("template.yaml")).unwrap_or_default();
    for warning in steps::compare_files(&present, &drawn[0].1, &project)? {
        eprintln!("Warning: {warning}");
    }
    for (path, content) in with_others(root, &project, drawn)? {
        let file = root.join(&path);
        // A file that is written restarts `cargo dev`, so one that would stay the same is left alone.
        if fs::read_to_string(&file).is_ok_and(|present| present == content) {
            continue;
        }
        let folder = file.parent().unwrap_or(root);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&file, content))
            .map_err(|error| format!("Cannot write {path}: {error}"))?;
        written.push(path);
    }
    Ok(written)
}

/// Every generated file: the plans that are drawn, tables of documents, and types for clients.
fn with_others(
    root: &Path,
    project: &Project,
    drawn: impl IntoIterator<Item = (&'static str, String)>,
) -> Result<Vec<(String, String)>, String> {
    let drawn = drawn.into_iter().chain(tables::refreshed(root)?);
    let drawn = drawn.map(|(path, content)| (path.to_owned(), content));
    Ok(drawn.chain(types::draw(root, project)?).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_generated_files_are_fresh() {
        let yours = Yours::read(&folder()).expect("read");
        let project = project().expect("a project");
        let drawn = draw(&project, &yours).expect("drawn");
        for (path, content) in with_others(&folder(), &project, drawn).expect("drawn") {
            let present = fs::read_to_string(folder().join(&path)).unwrap_or_default();
            assert!(present == content, "{path} is stale: run cargo generate");
        }
    }

    #[test]
    fn drawing_twice_gives_the_same() {
        let project = project().expect("a project");
        assert_eq!(
            draw(&project, &Yours::default()).expect("drawn"),
            draw(&project, &Yours::default()).expect("drawn")
        );
    }

    #[test]
    fn every_entry_has_a_folder_and_every_folder_an_entry() {
        let endpoints = PAGE.iter().map(|entry| entry.name);
        let workers = api::consumers::WORKERS.iter().map(|worker| worker.name);
        let entries: BTreeSet<String> = endpoints.chain(workers).map(ToOwned::to_owned).collect();
        let folders: BTreeSet<String> = fs::read_dir(root().join("functions"))
            .expect("functions/")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.is_dir())
            .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
            .collect();
        assert_eq!(
            entries, folders,
            "functions/ and the two pages of shared/api must name the same functions"
        );
        for name in entries {
            let manifest = root().join("functions").join(&name).join("Cargo.toml");
            let manifest = fs::read_to_string(manifest).expect("a manifest");
            assert!(
                manifest.contains(&format!("name = \"{name}\"")),
                "functions/{name} must be the package {name}"
            );
        }
    }

    /// The emulator starts a function with `cargo run --bin`, which takes one binary of that name, also a fuzz target.
    #[test]
    fn no_two_packages_have_a_binary_of_one_name() {
        let mut folders = vec![root()];
        let mut seen = BTreeSet::new();
        while let Some(folder) = folders.pop() {
            let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
            for binary in manifest.split("[[bin]]\nname = \"").skip(1) {
                let name = binary.split('"').next().expect("a name").to_owned();
                assert!(seen.insert(name.clone()), "two binaries are called {name}");
            }
            let inside = fs::read_dir(&folder).expect("a folder");
            let inside = inside.map(|entry| entry.expect("an entry").path());
            let own = |path: &PathBuf| {
                let name = path.file_name().and_then(|name| name.to_str());
                path.is_dir() && name.is_some_and(|name| name != "target" && !name.starts_with('.'))
            };
            folders.extend(inside.filter(own));
        }
        assert!(PAGE.iter().all(|entry| seen.contains(entry.name)));
    }

    #[test]
    fn no_two_entries_share_method_and_path() {
        let mut seen = BTreeSet::new();
        for entry in PAGE {
            for method in entry.methods {
                assert!(
                    seen.insert((method.as_str(), entry.path)),
                    "{} {} twice",
                    method.as_str(),
                    entry.path
                );
            }
        }
    }

    /// The documents that people follow.
    fn documents() -> Vec<(PathBuf, String)> {
        let folders = ["", "docs", "docs/decisions"].map(|folder| root().join(folder));
        let files = folders
            .iter()
            .flat_map(|folder| fs::read_dir(folder).expect("a folder"));
        let markdown = files
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "md"));
        markdown
            .map(|path| (path.clone(), fs::read_to_string(path).expect("a text")))
            .collect()
    }

    #[test]
    fn every_cargo_command_in_the_documents_exists() {
        let aliases = fs::read_to_string(root().join(".cargo/config.toml")).expect("the aliases");
        let own = [
            "install", "fmt", "test", "build", "run", "clippy", "deny", "lambda",
        ];
        for (path, text) in documents() {
            let words = text.split("cargo ").skip(1).map(|rest| {
                let end = rest
                    .find(|c: char| !c.is_ascii_lowercase() && c != '-')
                    .unwrap_or(rest.len());
                &rest[..end]
            });
            for word in words.filter(|word| !word.is_empty()) {
                let known = own.contains(&word) || aliases.contains(&format!("\n{word} = "));
                assert!(known, "{}: `cargo {word}` is no command", path.display());
            }
        }
    }

    #[test]
    fn every_link_in_the_documents_leads_to_a_file() {
        for (path, text) in documents() {
            let links = text
                .split("](")
                .skip(1)
                .filter_map(|rest| rest.split_once(')'))
                .map(|(link, _)| link);
            for link in links.filter(|link| !link.starts_with("http")) {
                let target = path
                    .parent()
                    .expect("a folder")
                    .join(link.split('#').next().unwrap_or(link));
                assert!(target.exists(), "{}: {link} leads nowhere", path.display());
            }
        }
    }
}
