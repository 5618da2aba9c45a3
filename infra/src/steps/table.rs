//! A table as a template declares it, and its indexes.

use serde::Deserialize;
use serde_yaml_ng::Value;

/// A table as it is deployed, by the stack's present template.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Table {
    pub(super) metadata: Metadata,
    pub(super) key: Value,
    pub(super) attributes: Vec<Value>,
    pub(super) indexes: Vec<Value>,
}

/// The template's notes about a collection beside its table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Metadata {
    pub(super) shards: u8,
    pub(super) owner_field: Option<String>,
    pub(super) unique: Vec<String>,
}

pub(super) fn is_named(index: &Value, name: &str) -> bool {
    index.get("IndexName").and_then(Value::as_str) == Some(name)
}

pub(super) fn index_names(indexes: &[Value]) -> Vec<String> {
    indexes
        .iter()
        .filter_map(|index| index.get("IndexName")?.as_str().map(str::to_owned))
        .collect()
}

/// The table with this logical id in a template.
pub(super) fn table_of(template: &Value, id: &str) -> Option<Table> {
    let resource = template.get("Resources")?.get(id)?;
    let list = |name| {
        resource
            .get("Properties")?
            .get(name)?
            .as_sequence()
            .cloned()
    };
    Some(Table {
        metadata: metadata_of(template, id),
        key: resource.get("Properties")?.get("KeySchema")?.clone(),
        attributes: list("AttributeDefinitions").unwrap_or_default(),
        indexes: list("GlobalSecondaryIndexes").unwrap_or_default(),
    })
}

/// A template's notes about the collection with this logical id.
fn metadata_of(template: &Value, id: &str) -> Metadata {
    let metadata = template
        .get("Resources")
        .and_then(|all| all.get(id)?.get("Metadata"))
        .cloned();
    metadata
        .and_then(|metadata| serde_yaml_ng::from_value(metadata).ok())
        .unwrap_or_default()
}
