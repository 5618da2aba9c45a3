//! The tables: of the system and of the collections.

use api::Definition;
use api::tables::{Stream, SystemTable};
use serde::Serialize;
use serde_yaml_ng::{Mapping, Value};

use super::resource::{Metadata, Resource};
use crate::intrinsic::{either, reference, sub};

/// A DynamoDB table.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Table {
    table_name: Value,
    billing_mode: &'static str,
    on_demand_throughput: Value,
    attribute_definitions: Vec<Attribute>,
    key_schema: Vec<Key>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    global_secondary_indexes: Vec<Index>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_to_live_specification: Option<TimeToLive>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_specification: Option<StreamSpecification>,
    point_in_time_recovery_specification: PointInTimeRecovery,
    #[serde(rename = "SSESpecification")]
    sse_specification: Value,
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
    /// An index does not share that of its table.
    on_demand_throughput: Value,
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
struct StreamSpecification {
    stream_view_type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PointInTimeRecovery {
    point_in_time_recovery_enabled: bool,
}

/// An attribute that is part of a key: its name and its type.
type KeyAttribute<'a> = (&'a str, &'static str);

/// The partition of a record.
const SHARD: KeyAttribute = ("shard", "N");

/// The owner of a record.
const OWNER: KeyAttribute = ("owner", "S");

/// An index of a table: its name and its two keys.
type IndexKeys = (String, [(String, &'static str); 2]);

pub(super) fn system_table(system: &SystemTable) -> Resource<Table> {
    let key: Vec<KeyAttribute> = system.key.iter().map(|name| (*name, "S")).collect();
    let indexes: Vec<IndexKeys> = system
        .indexes
        .iter()
        .map(|index| {
            (
                index.name.to_owned(),
                index.key.map(|name| (name.to_owned(), "S")),
            )
        })
        .collect();
    let mut table = table(system.name, None, &key, system.expires, &indexes);
    table.properties.stream_specification = system.stream.map(stream);
    table
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
    let mut table = table(
        &collection.name,
        Some(metadata),
        &[SHARD, ("id", "S")],
        Some("expires_at"),
        &indexes,
    );
    table.properties.stream_specification =
        collection.events.then(|| stream(Stream::NewAndOldImages));
    table
}

fn stream(content: Stream) -> StreamSpecification {
    let stream_view_type = match content {
        Stream::NewAndOldImages => "NEW_AND_OLD_IMAGES",
        Stream::NewImage => "NEW_IMAGE",
    };
    StreamSpecification { stream_view_type }
}

fn table(
    name: &str,
    metadata: Option<Metadata>,
    key: &[KeyAttribute],
    expires: Option<&'static str>,
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
        on_demand_throughput: most_reads(),
    };
    Resource {
        metadata,
        deletion_policy: Some("RetainExceptOnCreate"),
        update_replace_policy: Some("Retain"),
        ..Resource::of(
            "AWS::DynamoDB::Table",
            Table {
                table_name: sub(&format!("${{AWS::StackName}}-{name}")),
                billing_mode: "PAY_PER_REQUEST",
                on_demand_throughput: most_reads(),
                attribute_definitions: attributes,
                key_schema: keys(key.iter().map(|(name, _)| *name)),
                global_secondary_indexes: indexes.iter().map(index).collect(),
                time_to_live_specification: expires.map(|attribute_name| TimeToLive {
                    attribute_name,
                    enabled: true,
                }),
                stream_specification: None,
                point_in_time_recovery_specification: PointInTimeRecovery {
                    point_in_time_recovery_enabled: true,
                },
                sse_specification: encryption(),
                deletion_protection_enabled: reference("DeletionProtection"),
            },
        )
    }
}

/// The most units that may be read in a second; what is above is throttled and costs nothing.
fn most_reads() -> Value {
    Mapping::from_iter([("MaxReadRequestUnits".into(), reference("MaxReadUnits"))]).into()
}

/// Nothing for the key that AWS owns, which costs no requests; else the key of the owner.
fn encryption() -> Value {
    let own = Mapping::from_iter([
        ("SSEEnabled".into(), true.into()),
        ("SSEType".into(), "KMS".into()),
        ("KMSMasterKeyId".into(), reference("TableKeyArn")),
    ]);
    either("HasTableKey", own.into(), reference("AWS::NoValue"))
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
