//! The template of each step.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_yaml_ng::Value;

use super::plan::{Change, Plan};
use super::table::{Table, is_named, table_of};
use crate::template;

/// Writes each step's template and returns the paths.
pub(super) fn write_steps(
    root: &Path,
    binaries: &Path,
    plan: &Plan,
    present: &BTreeMap<String, Table>,
    drawn: &Value,
) -> Result<Vec<PathBuf>, String> {
    let folder = root.join(".bakend/steps");
    let trouble = |error: std::io::Error| format!("Cannot write to {}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(trouble)?;
    for old in fs::read_dir(&folder).map_err(trouble)?.flatten() {
        if old
            .path()
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            fs::remove_file(old.path()).map_err(trouble)?;
        }
    }
    let mut files = Vec::new();
    for done in 1..=plan.steps.len() {
        let steps = plan.steps.get(..done).unwrap_or_default();
        let changed = steps.last().into_iter().flatten().next();
        let what = match changed {
            Some((_, Change::Add(_))) => "add",
            Some((_, Change::Drop(_))) => "drop",
            None => "deploy",
        };
        let path = Path::new(".bakend/steps").join(format!("{done}-{what}.yaml"));
        let text = template::write(&step(binaries, steps, present, drawn))?;
        fs::write(root.join(&path), text).map_err(trouble)?;
        files.push(path);
    }
    Ok(files)
}

/// Names the code of an earlier step in the templates of later ones: SAM then packs and sends no binary again.
pub(super) fn take_code(
    root: &Path,
    files: &[PathBuf],
    code: &BTreeMap<String, String>,
) -> Result<(), String> {
    for file in files {
        let path = root.join(file);
        let trouble = |error: std::io::Error| format!("Cannot change {}: {error}", path.display());
        let text = fs::read_to_string(&path).map_err(trouble)?;
        let template: Value = serde_yaml_ng::from_str(&text).map_err(|error| error.to_string())?;
        fs::write(&path, template::write(&with_code(template, code))?).map_err(trouble)?;
    }
    Ok(())
}

/// The template with these addresses in place of paths.
pub(super) fn with_code(mut template: Value, code: &BTreeMap<String, String>) -> Value {
    let resources = template
        .get_mut("Resources")
        .and_then(Value::as_mapping_mut);
    for (id, resource) in resources.into_iter().flatten() {
        let path = resource
            .get_mut("Properties")
            .and_then(|properties| properties.get_mut("CodeUri"));
        if let (Some(path), Some(address)) = (path, id.as_str().and_then(|id| code.get(id))) {
            *path = Value::from(address.as_str());
        }
    }
    template
}

/// The template after these steps: the new one with the indexes that exist by then.
pub(super) fn step(
    binaries: &Path,
    steps: &[BTreeMap<String, Change>],
    present: &BTreeMap<String, Table>,
    drawn: &Value,
) -> Value {
    let mut template = drawn.clone();
    let Some(resources) = template
        .get_mut("Resources")
        .and_then(Value::as_mapping_mut)
    else {
        return template;
    };
    for (id, resource) in resources {
        let Some(properties) = resource
            .get_mut("Properties")
            .and_then(Value::as_mapping_mut)
        else {
            continue;
        };
        if let Some(code) = properties.get_mut("CodeUri") {
            // SAM looks for code from the template's folder.
            let name = code
                .as_str()
                .and_then(|path| path.trim_end_matches('/').rsplit('/').next())
                .unwrap_or_default();
            *code = Value::from(format!("../../{}/{name}/", binaries.display()));
        }
        let Some((before, wanted)) = id
            .as_str()
            .and_then(|id| Some((present.get(id)?, table_of(drawn, id)?)))
        else {
            continue;
        };
        // DynamoDB changes an index beside a new one or a removed one in no update.
        let is_changed = steps
            .last()
            .is_some_and(|step| step.contains_key(id.as_str().unwrap_or_default()));
        let as_wanted = |index: &Value| {
            let same = |it: &&Value| it.get("IndexName") == index.get("IndexName");
            wanted.indexes.iter().find(same).filter(|_| !is_changed)
        };
        let mut indexes: Vec<Value> = before
            .indexes
            .iter()
            .map(|index| as_wanted(index).unwrap_or(index).clone())
            .collect();
        for change in steps
            .iter()
            .filter_map(|step| step.get(id.as_str().unwrap_or_default()))
        {
            match change {
                Change::Add(name) => {
                    indexes.extend(wanted.indexes.iter().find(|it| is_named(it, name)).cloned())
                }
                Change::Drop(name) => indexes.retain(|it| !is_named(it, name)),
            }
        }
        // DynamoDB refuses attributes that no key uses.
        let used = |attribute: &&Value| {
            let name = attribute.get("AttributeName");
            let keys = indexes
                .iter()
                .filter_map(|index| index.get("KeySchema"))
                .chain([&wanted.key]);
            keys.filter_map(Value::as_sequence)
                .flatten()
                .any(|key| key.get("AttributeName") == name)
        };
        let mut attributes: Vec<Value> = Vec::new();
        for attribute in wanted
            .attributes
            .iter()
            .chain(&before.attributes)
            .filter(used)
        {
            if !attributes.contains(attribute) {
                attributes.push(attribute.clone());
            }
        }
        properties.insert("AttributeDefinitions".into(), attributes.into());
        if indexes.is_empty() {
            properties.remove("GlobalSecondaryIndexes");
        } else {
            properties.insert("GlobalSecondaryIndexes".into(), indexes.into());
        }
    }
    template
}
