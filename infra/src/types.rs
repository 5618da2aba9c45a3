//! Types for TypeScript: those of the client's package, and those of the collections for the app that uses it.
//!
//! Both are drawn from the schemas of `docs/openapi.json`, by their names.

mod app;
mod events;
mod filter;
mod package;
mod profile;
mod script;
#[cfg(test)]
mod tests;

use std::path::Path;

use api::Definition;
use api::endpoints::PAGE;
use api::project::Project;

/// The folder of the package, from that of the checkout.
const PACKAGE: &str = "clients/typescript";

/// The file of the package's types, in its folder.
const FILE: &str = "src/generated.ts";

/// The files of types of the project in `root`, each as its path from there and its content. The types of the package are
/// among them where the folder has the package, and those of the collections where `client.types` names a file.
///
/// # Errors
/// An endpoint has no schemas.
pub fn draw(root: &Path, project: &Project) -> Result<Vec<(String, String)>, String> {
    let mut files = Vec::new();
    if root.join(PACKAGE).is_dir() {
        files.push((format!("{PACKAGE}/{FILE}"), package::draw(PAGE)?));
    }
    if let Some(path) = &project.settings.client.types {
        files.push((path.clone(), of_collections(project)?));
    }
    Ok(files)
}

/// The types of a project's collections and of its users.
///
/// # Errors
/// An endpoint has no schemas.
pub fn of_collections(project: &Project) -> Result<String, String> {
    let collections: Vec<&Definition> = project.collections.definitions.iter().collect();
    app::draw(&collections, &project.settings.users.fields)
}
