//! The losses of a change: refused where DynamoDB cannot do it, else a warning.

use std::collections::BTreeMap;

use api::Definition;
use api::project::Project;
use serde_yaml_ng::Value;

use super::table::{Metadata, Table, table_of};
use crate::names;

/// Compares the deployed tables with the drawn ones: an impossible change is the error, a risky one a warning.
pub(super) fn compare(
    present: &BTreeMap<String, Table>,
    drawn: &Value,
    collections: &[&Definition],
) -> Result<Vec<String>, String> {
    let mut warnings = Vec::new();
    for (id, table) in present {
        let Some(wanted) = table_of(drawn, id) else {
            if let Some(name) = id.strip_suffix("Collection") {
                warnings.push(format!(
                    "{name} is no longer declared: its table stays in the account with all records, outside of the \
                     stack. Deploying a collection of that name again fails until the table is imported or deleted."
                ));
            }
            continue;
        };
        let name = collections
            .iter()
            .find(|it| names::collection(&it.name) == *id)
            .map_or(id.as_str(), |it| &it.name);
        if wanted.key != table.key {
            return Err(format!(
                "The key of {name}'s table is another one than deployed, and DynamoDB cannot change it: copy the \
                 records to a collection of another name."
            ));
        }
        warnings.extend(compare_metadata(name, &table.metadata, &wanted.metadata)?);
    }
    Ok(warnings)
}

/// Compares two texts of `template.yaml`, before any deployment; a text that is no template is ignored.
///
/// # Errors
/// One line: the impossible change.
pub(crate) fn compare_files(
    present: &str,
    drawn: &str,
    project: &Project,
) -> Result<Vec<String>, String> {
    let read = |text| serde_yaml_ng::from_str::<Value>(text).unwrap_or_default();
    let (present, drawn) = (read(present), read(drawn));
    let ids = present
        .get("Resources")
        .and_then(Value::as_mapping)
        .into_iter()
        .flatten();
    let ids = ids.filter_map(|(id, _)| id.as_str());
    let tables = ids
        .filter_map(|id| Some((id.to_owned(), table_of(&present, id)?)))
        .collect();
    let collections: Vec<&Definition> = project.collections.definitions.iter().collect();
    compare(&tables, &drawn, &collections)
}

/// Compares a collection's facts beside its table; an impossible change is the error.
fn compare_metadata(name: &str, old: &Metadata, new: &Metadata) -> Result<Option<String>, String> {
    if new.shards < old.shards {
        return Err(format!(
            "collections/{name}.json: shards: {} is less than the {} before, and the records of the others would be \
             out of reach: put {} back. To have fewer, copy the records to a collection of another name.",
            new.shards, old.shards, old.shards
        ));
    }
    let moved = old.owner_field.is_some() && old.owner_field != new.owner_field;
    Ok(moved.then(|| {
        format!(
            "the owner field of {name} is another one now: records keep the owner they have, shown under the new \
             name, and what they have in a declared field of that name is not shown."
        )
    }))
}
