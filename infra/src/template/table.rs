//! The tables: of the system and of the collections.

use api::Definition;
use serde::Serialize;
use serde_yaml_ng::Value;

use super::resource::{Metadata, Resource};
use crate::intrinsic::{reference, sub};

/// A DynamoDB table.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Table {
    table_name: Value,
    billing_mode: &'static str,
    attribute_definitions: Vec<Attribute>,
    key_schema: Vec<Key>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    global_secondary_indexes: Vec<Index>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_to_live_specification: Option<TimeToLive>,
    point_in_time_recovery_specification: PointInTimeRecovery,
    #[serde(rename = "SSESpecification")]
    sse_specification: Encryption,
    deletion_protection_enabled: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    attribute_name: String,
    attribute_type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Key {
    attribute_name: String,
    key_type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Index {
    index_name: String,
    key_schema: Vec<Key>,
    projection: Projection,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Projection {
    projection_type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TimeToLive {
    attribute_name: &'static str,
    enabled: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PointInTimeRecovery {
    point_in_time_recovery_enabled: bool,
}

#[derive(Serialize)]
struct Encryption {
    #[serde(rename = "SSEEnabled")]
    enabled: bool,
}

/// An attribute that is part of a key: its name and its type.
type KeyAttribute<'a> = (&'a str, &'static str);

/// The partition of a record.
const SHARD: KeyAttribute = ("shard", "N");

/// The owner of a record.
const OWNER: KeyAttribute = ("owner", "S");

/// An index of a table: its name and its two keys.
type IndexKeys = (String, [(String, &'static str); 2]);

/// `_users` and `_settings` have the key `id`; `_sessions` gathers a user's sessions under `user_id`, `_api_keys` its
/// keys under their `kind`. The index `by_kind`
/// of `_users` holds the users alone, in the order of their ids: the list of all of them. What expires there is what a
/// deleted account has left.
pub(super) fn system_table(name: &str) -> Resource<Table> {
    match name {
        "_api_keys" => table(name, None, &[("kind", "S"), ("id", "S")], false, &[]),
        "_sessions" => table(name, None, &[("user_id", "S"), ("id", "S")], true, &[]),
        "_throttle" => table(name, None, &[("id", "S")], true, &[]),
        "_users" => {
            let by_kind = ["kind", "id"].map(|name| (name.to_owned(), "S"));
            table(
                name,
                None,
                &[("id", "S")],
                true,
                &[("by_kind".to_owned(), by_kind)],
            )
        }
        _ => table(name, None, &[("id", "S")], false, &[]),
    }
}

pub(super) fn collection_table(collection: &Definition) -> Resource<Table> {
    let own = |(name, kind): KeyAttribute| (name.to_owned(), kind);
    let by_owner = || ("by_owner".to_owned(), [own(OWNER), own(("id", "S"))]);
    let mut indexes: Vec<IndexKeys> = collection
        .has_owner_index()
        .then(by_owner)
        .into_iter()
        .collect();
    // A sort key is binary and called as its index.
    indexes.extend(collection.indexes.iter().map(|index| {
        let hash = if index.per_owner { OWNER } else { SHARD };
        (index.name(), [own(hash), (index.name(), "B")])
    }));
    let unique = collection
        .fields
        .iter()
        .filter(|field| field.unique)
        .map(|field| field.name.clone());
    let metadata = Metadata {
        skip_build: None,
        shards: Some(collection.shards),
        owner_field: Some(collection.owner_field().to_owned()),
        unique: unique.collect(),
    };
    table(
        &collection.name,
        Some(metadata),
        &[SHARD, ("id", "S")],
        true,
        &indexes,
    )
}

fn table(
    name: &str,
    metadata: Option<Metadata>,
    key: &[KeyAttribute],
    expires: bool,
    indexes: &[IndexKeys],
) -> Resource<Table> {
    let mut attributes: Vec<Attribute> = Vec::new();
    let indexed = indexes
        .iter()
        .flat_map(|(_, keys)| keys)
        .map(|(name, kind)| (name.as_str(), *kind));
    for (name, kind) in key.iter().copied().chain(indexed) {
        if !attributes
            .iter()
            .any(|attribute| attribute.attribute_name == name)
        {
            attributes.push(Attribute {
                attribute_name: name.to_owned(),
                attribute_type: kind,
            });
        }
    }
    let index = |(name, attributes): &IndexKeys| Index {
        index_name: name.clone(),
        key_schema: keys(attributes.iter().map(|(name, _)| name.as_str())),
        projection: Projection {
            projection_type: "ALL",
        },
    };
    Resource {
        r#type: "AWS::DynamoDB::Table",
        metadata,
        deletion_policy: Some("RetainExceptOnCreate"),
        update_replace_policy: Some("Retain"),
        properties: Table {
            table_name: sub(&format!("${{AWS::StackName}}-{name}")),
            billing_mode: "PAY_PER_REQUEST",
            attribute_definitions: attributes,
            key_schema: keys(key.iter().map(|(name, _)| *name)),
            global_secondary_indexes: indexes.iter().map(index).collect(),
            time_to_live_specification: expires.then_some(TimeToLive {
                attribute_name: "expires_at",
                enabled: true,
            }),
            point_in_time_recovery_specification: PointInTimeRecovery {
                point_in_time_recovery_enabled: true,
            },
            sse_specification: Encryption { enabled: true },
            deletion_protection_enabled: reference("DeletionProtection"),
        },
    }
}

/// The partition key and, if there is one, the sort key.
fn keys<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Key> {
    let types = ["HASH", "RANGE"];
    names
        .zip(types)
        .map(|(name, key_type)| Key {
            attribute_name: name.to_owned(),
            key_type,
        })
        .collect()
}
