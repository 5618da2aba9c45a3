//! Copies of the rehearsed project whose `products` are changed.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::PROJECT;
use super::aws::Aws;

/// The project with this change of `products`, in a folder of this name. Returns the folder.
pub(super) fn copy(
    aws: &Aws<'_>,
    name: &str,
    change: impl Fn(&mut Value),
) -> Result<PathBuf, String> {
    let project = aws.folder.join(name);
    let folder = project.join("collections");
    let trouble = |error: std::io::Error| format!("Cannot copy the collections: {error}");
    fs::create_dir_all(&folder).map_err(trouble)?;
    let present = aws.root.join(PROJECT);
    // The binaries know these settings. Without a sender among them, the change takes the parts of mail away as well.
    fs::copy(present.join("bakend.json"), project.join("bakend.json")).map_err(trouble)?;
    for (name, text) in api::check::read_folder(&present.join("collections")).map_err(trouble)? {
        let text = if name == "products.json" {
            let mut definition = serde_json::from_str(&text).map_err(|error| error.to_string())?;
            change(&mut definition);
            definition.to_string()
        } else {
            text
        };
        fs::write(folder.join(name), text).map_err(trouble)?;
    }
    Ok(project)
}

/// Adds an index of these fields.
pub(super) fn add_index(definition: &mut Value, fields: &[&str]) {
    if let Some(indexes) = definition["indexes"].as_array_mut() {
        indexes.push(json!(fields));
    }
}

/// Takes the index of these fields away.
pub(super) fn drop_index(definition: &mut Value, fields: &[&str]) {
    if let Some(indexes) = definition["indexes"].as_array_mut() {
        indexes.retain(|index| *index != json!(fields));
    }
}

/// Lets a text have fewer characters.
pub(super) fn narrow(definition: &mut Value, field: &str, length: u64) {
    let fields = definition["fields"].as_array_mut().into_iter().flatten();
    for found in fields.filter(|found| found["name"] == field) {
        found["maxLength"] = json!(length);
    }
}
