//! `template.yaml`: the hand-written base, one function per endpoint and one table per collection.

use std::collections::BTreeMap;

use api::Definition;
use api::endpoints::Entry;
use serde::Serialize;
use serde_yaml_ng::{Mapping, Value};

use crate::names;
use crate::policy::{Policy, SYSTEM_TABLES, policy};

/// What is in the template once, whatever the endpoints and collections are.
const BASE: &str = include_str!("../base.yaml");

/// The endpoints that hash a password: a whole vCPU, and a throttle of their own.
const HASHES_PASSWORDS: [&str; 7] = [
    "register",
    "login",
    "me-delete",
    "me-restore",
    "password-change",
    "users-create",
    "users-password",
];

/// The endpoints that take a refresh token out of a cookie, and so have to know which origins are ours.
pub(crate) const TAKES_COOKIE: [&str; 2] = ["refresh", "logout"];

/// The memory, in MB, that comes with one whole vCPU.
const ONE_VCPU: u16 = 1769;

/// CloudFormation allows 500; the rest is for what a project adds by hand.
const MAX_RESOURCES: usize = 450;

/// How many collections the other limits leave room for.
const MAX_COLLECTIONS: usize = 150;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Resource<P> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion_policy: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_replace_policy: Option<&'static str>,
    properties: P,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    /// `cargo ship` builds all binaries at once; SAM only packs them.
    #[serde(skip_serializing_if = "Option::is_none")]
    skip_build: Option<bool>,
    /// Over how many partitions the records are spread, so that the next `cargo generate` sees it shrink.
    #[serde(skip_serializing_if = "Option::is_none")]
    shards: Option<u8>,
    /// The field that shows the owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_field: Option<String>,
    /// The unique fields: a new one has to be filled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unique: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Function {
    description: &'static str,
    code_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_size: Option<u16>,
    logging_config: Logging,
    environment: Environment,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    policies: Vec<Policy>,
    events: BTreeMap<String, Event>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Logging {
    log_format: &'static str,
    log_group: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    variables: BTreeMap<&'static str, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    r#type: &'static str,
    properties: HttpApiEvent,
}

/// A route; without method and path it is `$default`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct HttpApiEvent {
    api_id: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'static str>,
    payload_format_version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LogGroup {
    log_group_name: Value,
    retention_in_days: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RouteSettings {
    throttling_rate_limit: Value,
    throttling_burst_limit: Value,
}

/// A DynamoDB table.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Table {
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

/// `{Ref: id}`.
#[must_use]
pub fn reference(id: &str) -> Value {
    intrinsic("Ref", id.into())
}

/// `{Fn::Sub: text}`.
#[must_use]
pub fn sub(text: &str) -> Value {
    intrinsic("Fn::Sub", text.into())
}

/// `{Fn::GetAtt: [id, attribute]}`.
#[must_use]
pub fn get_att(id: &str, attribute: &str) -> Value {
    intrinsic(
        "Fn::GetAtt",
        vec![Value::from(id), Value::from(attribute)].into(),
    )
}

fn intrinsic(name: &str, argument: Value) -> Value {
    Value::Mapping(Mapping::from_iter([(Value::from(name), argument)]))
}

/// The file's text.
///
/// # Errors
/// One line: what CloudFormation or IAM would refuse, and what to do.
pub fn draw(page: &[&Entry], collections: &[&Definition]) -> Result<String, String> {
    if collections.len() > MAX_COLLECTIONS {
        return Err(format!(
            "There are {} collections, one stack has room for {MAX_COLLECTIONS}: split them over two stacks.",
            collections.len()
        ));
    }
    let mut template: Mapping = serde_yaml_ng::from_str(BASE)
        .map_err(|error| format!("infra/base.yaml is not YAML: {error}"))?;
    let mut resources = Resources::of(&mut template)?;
    resources.throttle(page)?;
    for entry in page {
        resources.add(names::function(entry.name), &function(entry, collections)?)?;
        resources.add(names::logs(entry.name), &log_group(entry))?;
    }
    for (_, name) in SYSTEM_TABLES {
        resources.add(names::system_table(name), &system_table(name))?;
    }
    for collection in collections {
        resources.add(
            names::collection(&collection.name),
            &collection_table(collection),
        )?;
    }
    // SAM makes a role for every function, a permission for every route and the API's stage.
    let made: usize = page
        .iter()
        .map(|entry| 1 + entry.methods.len().max(1))
        .sum::<usize>()
        + 1;
    let all = resources.map.len() + made;
    if all > MAX_RESOURCES {
        return Err(format!(
            "The stack would have {all} resources, CloudFormation has room for {MAX_RESOURCES} beside what you add: \
             remove collections or endpoints."
        ));
    }
    let text = write(&Value::Mapping(template))?;
    Ok(format!(
        "# Generated by cargo generate; edit infra/base.yaml, shared/api/src/endpoints.rs or collections/ instead.\n{text}"
    ))
}

/// A template's text.
///
/// # Errors
/// It is none.
pub(crate) fn write(template: &Value) -> Result<String, String> {
    let mut text = serde_yaml_ng::to_string(template)
        .map_err(|error| format!("Cannot write a template: {error}"))?;
    // Readers of YAML 1.1 take an unquoted version for a date.
    for version in ["2010-09-09", "2012-10-17"] {
        text = text.replace(
            &format!("Version: {version}\n"),
            &format!("Version: '{version}'\n"),
        );
    }
    Ok(text)
}

/// The template's resources while they are put together.
struct Resources<'a> {
    map: &'a mut Mapping,
}

impl<'a> Resources<'a> {
    fn of(template: &'a mut Mapping) -> Result<Self, String> {
        let map = template
            .get_mut("Resources")
            .and_then(Value::as_mapping_mut);
        Ok(Self {
            map: map.ok_or("infra/base.yaml has no Resources.")?,
        })
    }

    fn add<P: Serialize>(&mut self, id: String, resource: &Resource<P>) -> Result<(), String> {
        let value = serde_yaml_ng::to_value(resource)
            .map_err(|error| format!("Cannot write {id}: {error}"))?;
        match self.map.insert(Value::from(id.as_str()), value) {
            None => Ok(()),
            Some(_) => Err(format!(
                "Two resources would be called {id}: rename an endpoint or a collection."
            )),
        }
    }

    /// Gives the routes that hash passwords their own throttle.
    fn throttle(&mut self, page: &[&Entry]) -> Result<(), String> {
        let api = self
            .map
            .get_mut("Api")
            .and_then(|api| api.get_mut("Properties"))
            .and_then(Value::as_mapping_mut);
        let api = api.ok_or("infra/base.yaml has no Resources.Api.Properties.")?;
        let mut settings = BTreeMap::new();
        for entry in page
            .iter()
            .filter(|entry| HASHES_PASSWORDS.contains(&entry.name))
        {
            for method in entry.methods {
                let route = RouteSettings {
                    throttling_rate_limit: reference("PasswordThrottlingRate"),
                    throttling_burst_limit: reference("PasswordThrottlingBurst"),
                };
                settings.insert(format!("{} {}", method.as_str(), entry.path), route);
            }
        }
        let settings = serde_yaml_ng::to_value(settings).map_err(|error| error.to_string())?;
        api.insert("RouteSettings".into(), settings);
        Ok(())
    }
}

fn function(entry: &Entry, collections: &[&Definition]) -> Result<Resource<Function>, String> {
    let event = |method, path| Event {
        r#type: "HttpApi",
        properties: HttpApiEvent {
            api_id: reference("Api"),
            method,
            path,
            payload_format_version: "2.0",
        },
    };
    let mut events: BTreeMap<String, Event> = entry
        .methods
        .iter()
        .map(|method| {
            (
                names::pascal(&method.as_str().to_lowercase()),
                event(Some(method.as_str()), Some(entry.path)),
            )
        })
        .collect();
    if entry.methods.is_empty() {
        events.insert("Default".to_owned(), event(None, None));
    }
    Ok(Resource {
        r#type: "AWS::Serverless::Function",
        metadata: Some(Metadata {
            skip_build: Some(true),
            ..Metadata::default()
        }),
        deletion_policy: None,
        update_replace_policy: None,
        properties: Function {
            description: entry.doc,
            code_uri: format!("target/lambda/{}/", entry.name),
            memory_size: HASHES_PASSWORDS.contains(&entry.name).then_some(ONE_VCPU),
            logging_config: Logging {
                log_format: "JSON",
                log_group: reference(&names::logs(entry.name)),
            },
            environment: environment(entry),
            policies: policy(entry, collections)?.into_iter().collect(),
            events,
        },
    })
}

/// The settings of an endpoint: where it runs, for the one that strangers make users with who becomes an admin, for one
/// that takes cookies from whom, and for one that touches tables the version of the keys.
fn environment(entry: &Entry) -> Environment {
    let mut variables = BTreeMap::from([
        ("BAKEND_ENV", "cloud".into()),
        ("BAKEND_TABLE_PREFIX", sub("${AWS::StackName}-")),
    ]);
    if entry.name == "register" {
        variables.insert("BAKEND_ADMIN_EMAIL", reference("AdminEmail"));
    }
    if TAKES_COOKIE.contains(&entry.name) {
        variables.insert("BAKEND_CORS_ALLOWED_ORIGINS", reference("AllowedOrigins"));
    }
    if !entry.access.is_empty() {
        // Read by nobody: another value replaces every instance, and with it the keys that it has read.
        variables.insert("BAKEND_KEYS_VERSION", reference("KeysVersion"));
    }
    Environment { variables }
}

fn log_group(entry: &Entry) -> Resource<LogGroup> {
    Resource {
        r#type: "AWS::Logs::LogGroup",
        metadata: None,
        deletion_policy: None,
        update_replace_policy: None,
        properties: LogGroup {
            log_group_name: sub(&format!("/bakend/${{AWS::StackName}}/{}", entry.name)),
            retention_in_days: reference("LogRetentionDays"),
        },
    }
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
fn system_table(name: &str) -> Resource<Table> {
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

fn collection_table(collection: &Definition) -> Resource<Table> {
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

#[cfg(test)]
mod tests {
    use api::endpoints::{Guard, Method, PAGE};
    use serde_json::json;

    use super::*;

    fn definition(name: &str) -> Definition {
        serde_json::from_value(
            json!({ "name": name, "fields": [], "permissions": { "read": "owner" } }),
        )
        .expect("a definition")
    }

    fn drawn(definitions: &[Definition]) -> Result<Value, String> {
        let collections: Vec<&Definition> = definitions.iter().collect();
        draw(PAGE, &collections).map(|text| serde_yaml_ng::from_str(&text).expect("YAML"))
    }

    fn properties<'a>(template: &'a Value, id: &str) -> &'a Value {
        template
            .get("Resources")
            .and_then(|all| all.get(id))
            .and_then(|it| it.get("Properties"))
            .expect("there")
    }

    #[test]
    fn every_endpoint_is_a_function_with_its_routes() {
        let template = drawn(&[]).expect("drawn");
        for entry in PAGE {
            let function = properties(&template, &names::function(entry.name));
            assert_eq!(
                function.get("CodeUri"),
                Some(&Value::from(format!("target/lambda/{}/", entry.name)))
            );
            let events = function
                .get("Events")
                .and_then(Value::as_mapping)
                .expect("events");
            assert_eq!(events.len(), entry.methods.len().max(1), "{}", entry.name);
            let version = function
                .get("Environment")
                .and_then(|environment| environment.get("Variables"))
                .and_then(|variables| variables.get("BAKEND_KEYS_VERSION"));
            assert_eq!(
                version.is_some(),
                !entry.access.is_empty(),
                "{}",
                entry.name
            );
        }
        let origins = |name: &str| {
            let function = properties(&template, &names::function(name));
            function
                .get("Environment")?
                .get("Variables")?
                .get("BAKEND_CORS_ALLOWED_ORIGINS")
                .cloned()
        };
        assert_eq!(
            TAKES_COOKIE.map(origins),
            [
                Some(reference("AllowedOrigins")),
                Some(reference("AllowedOrigins"))
            ]
        );
        assert_eq!(origins("login"), None);
        for name in HASHES_PASSWORDS {
            let function = properties(&template, &names::function(name));
            assert_eq!(function.get("MemorySize"), Some(&Value::from(ONE_VCPU)));
        }
        let routes = properties(&template, "Api")
            .get("RouteSettings")
            .and_then(Value::as_mapping)
            .expect("there");
        assert_eq!(routes.len(), HASHES_PASSWORDS.len());
    }

    #[test]
    fn a_collection_is_a_table_with_the_indexes_it_needs() {
        let template = drawn(&[definition("my-notes")]).expect("drawn");
        let table = properties(&template, "MyNotesCollection");
        let shown = serde_json::to_value(table).expect("JSON");
        assert_eq!(
            shown["TableName"],
            json!({ "Fn::Sub": "${AWS::StackName}-my-notes" })
        );
        assert_eq!(
            shown["AttributeDefinitions"],
            json!([
                { "AttributeName": "shard", "AttributeType": "N" },
                { "AttributeName": "id", "AttributeType": "S" },
                { "AttributeName": "owner", "AttributeType": "S" },
            ])
        );
        assert_eq!(
            shown["GlobalSecondaryIndexes"][0]["IndexName"],
            json!("by_owner")
        );
        assert_eq!(
            shown["TimeToLiveSpecification"],
            json!({ "AttributeName": "expires_at", "Enabled": true })
        );
        let metadata = template
            .get("Resources")
            .and_then(|all| all.get("MyNotesCollection")?.get("Metadata")?.get("Shards"));
        assert_eq!(metadata, Some(&Value::from(1)));
    }

    #[test]
    fn a_declared_index_sorts_a_shard_or_an_owner_by_its_binary_key() {
        let mut notes = definition("notes");
        notes.permissions.list = Some(api::Rule::public());
        notes.indexes = serde_json::from_value(json!([
            ["status", "-createdAt"],
            { "fields": ["total"], "perOwner": true },
        ]))
        .expect("indexes");
        let template = drawn(&[notes]).expect("drawn");
        let shown = serde_json::to_value(properties(&template, "NotesCollection")).expect("JSON");
        let index = |hash: &str, name: &str| {
            json!({ "IndexName": name, "Projection": { "ProjectionType": "ALL" }, "KeySchema": [
                { "AttributeName": hash, "KeyType": "HASH" }, { "AttributeName": name, "KeyType": "RANGE" } ] })
        };
        let expected = json!([
            index("shard", "by.status.-createdAt"),
            index("owner", "own.total")
        ]);
        assert_eq!(shown["GlobalSecondaryIndexes"], expected);
        assert_eq!(
            shown["AttributeDefinitions"],
            json!([
                { "AttributeName": "shard", "AttributeType": "N" },
                { "AttributeName": "id", "AttributeType": "S" },
                { "AttributeName": "by.status.-createdAt", "AttributeType": "B" },
                { "AttributeName": "owner", "AttributeType": "S" },
                { "AttributeName": "own.total", "AttributeType": "B" },
            ])
        );
    }

    #[test]
    fn what_cloudformation_would_refuse_is_refused_in_one_line() {
        let many: Vec<Definition> = (0..151)
            .map(|number| definition(&format!("c{number}")))
            .collect();
        assert!(drawn(&many[..150]).is_ok());
        let error = drawn(&many).expect_err("refused");
        assert!(
            error.starts_with("There are 151 collections") && !error.contains('\n'),
            "{error}"
        );

        let extra: Vec<String> = (0..120).map(|number| format!("extra-{number}")).collect();
        let entries: Vec<Entry> = extra
            .iter()
            .map(|name| Entry {
                name: Box::leak(name.clone().into_boxed_str()),
                doc: "",
                methods: &[Method::Get],
                path: "/api/x",
                guard: Guard::Open,
                access: &[],
                status: 200,
                errors: &[],
            })
            .collect();
        let page: Vec<&Entry> = entries.iter().collect();
        let error = draw(&page, &[]).expect_err("refused");
        assert!(
            error.contains("resources") && !error.contains('\n'),
            "{error}"
        );

        let twice = draw(&[PAGE[0], PAGE[0]], &[]).expect_err("refused");
        assert!(twice.contains("RegisterFunction"), "{twice}");
    }
}
