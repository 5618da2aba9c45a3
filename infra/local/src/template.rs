//! The parts of `template.yaml` that the local stack reads: the tables to make and the grants of each function.

mod worker;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use api::endpoints::Variable;
use serde_json::{Map, Value, json};

pub use self::worker::{Mapping, Schedule};
use crate::{REGION, STACK};

/// The template, with names resolved as in a stack called `local`.
#[derive(Clone, Debug)]
pub struct Template {
    resources: Map<String, Value>,
}

/// One `AWS::DynamoDB::Table`.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The name, such as `local-posts`.
    pub name: String,
    /// The body of its `CreateTable`.
    pub create: Value,
    /// The attribute that holds the time to live, if there is one.
    pub ttl: Option<String>,
    /// The `StreamSpecification` of its changes, if it has a stream.
    pub stream: Option<Value>,
}

/// One statement of a function's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Whether it allows or denies.
    pub allow: bool,
    /// Actions such as `dynamodb:GetItem`, `*` standing for anything.
    pub actions: Vec<String>,
    /// ARNs, `*` standing for anything.
    pub resources: Vec<String>,
    /// The items that it is for, where it does not mean all of them.
    pub leading: Option<Leading>,
}

/// A condition on `dynamodb:LeadingKeys`, the partition keys of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leading {
    /// The attribute that is the table's partition key.
    pub attribute: String,
    /// The keys, `*` standing for anything: one of the request's is enough.
    pub patterns: Vec<String>,
}

impl Template {
    /// Reads the template at `path`.
    ///
    /// # Errors
    /// One line with the problem.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path)
            .map_err(|error| format!("Cannot read {}: {error}", path.display()))?;
        Self::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Reads a template's text; intrinsic functions must be in their long form.
    ///
    /// # Errors
    /// One line with the problem.
    pub fn parse(text: &str) -> Result<Self, String> {
        let tree: Value = serde_yaml_ng::from_str(text).map_err(|error| error.to_string())?;
        let resources = tree
            .get("Resources")
            .and_then(Value::as_object)
            .ok_or("it has no Resources")?;
        Ok(Self {
            resources: resources.clone(),
        })
    }

    /// The tables, by name.
    ///
    /// # Errors
    /// A table whose name cannot be resolved.
    pub fn tables(&self) -> Result<Vec<Table>, String> {
        let mut tables = Vec::new();
        for (id, properties) in self.of_type("AWS::DynamoDB::Table") {
            let name = self.table_name(id)?;
            let mut create = Map::new();
            for key in [
                "AttributeDefinitions",
                "KeySchema",
                "GlobalSecondaryIndexes",
                "LocalSecondaryIndexes",
            ] {
                if let Some(value) = properties.get(key) {
                    create.insert(key.to_owned(), value.clone());
                }
            }
            // The engine knows no limit of units, and a limit is a parameter here.
            for index in create
                .get_mut("GlobalSecondaryIndexes")
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
                .filter_map(Value::as_object_mut)
            {
                index.remove("OnDemandThroughput");
            }
            create.insert("TableName".to_owned(), Value::from(name.clone()));
            create.insert("BillingMode".to_owned(), Value::from("PAY_PER_REQUEST"));
            let view = properties
                .get("StreamSpecification")
                .and_then(|stream| stream.get("StreamViewType"));
            let stream = view.map(|view| json!({ "StreamEnabled": true, "StreamViewType": view }));
            let ttl = properties
                .get("TimeToLiveSpecification")
                .and_then(|ttl| ttl.get("AttributeName"));
            let ttl = ttl.and_then(Value::as_str).map(str::to_owned);
            tables.push(Table {
                name,
                create: Value::Object(create),
                ttl,
                stream,
            });
        }
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(tables)
    }

    /// Each function's statements, by the function's name, such as `records-get`.
    ///
    /// # Errors
    /// A policy that this reader does not understand.
    pub fn policies(&self) -> Result<BTreeMap<String, Vec<Statement>>, String> {
        let mut policies = BTreeMap::new();
        for (id, properties) in self.of_type("AWS::Serverless::Function") {
            let mut statements = Vec::new();
            for policy in list(properties.get("Policies")) {
                for statement in list(policy.get("Statement")) {
                    statements.push(
                        self.statement(statement)
                            .map_err(|error| format!("{id}: {error}"))?,
                    );
                }
            }
            policies.insert(function_name(id, properties), statements);
        }
        Ok(policies)
    }

    fn statement(&self, statement: &Value) -> Result<Statement, String> {
        let is_of_tables = |action: &str| action.starts_with("dynamodb:");
        let mut actions = list(statement.get("Action")).filter_map(Value::as_str);
        // No other service looks at a policy here.
        let leading = match statement.get("Condition") {
            Some(_) if !actions.any(is_of_tables) => None,
            None => None,
            Some(condition) => Some(self.leading(condition, statement.get("Resource"))?),
        };
        let actions = list(statement.get("Action"))
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let resources = list(statement.get("Resource"))
            .map(|value| self.resolve(value))
            .collect::<Result<_, _>>()?;
        Ok(Statement {
            allow: statement.get("Effect").and_then(Value::as_str) == Some("Allow"),
            actions,
            resources,
            leading,
        })
    }

    /// The one condition that is understood: some partition key of a request to one table is like one of these.
    fn leading(&self, condition: &Value, resource: Option<&Value>) -> Result<Leading, String> {
        let unknown = || format!("the Condition {condition} is not understood locally");
        let only = |value: &Value, name: &str| {
            let object = value.as_object().filter(|object| object.len() == 1)?;
            object.get(name).cloned()
        };
        let keys = only(condition, "ForAnyValue:StringLike")
            .and_then(|operator| only(&operator, "dynamodb:LeadingKeys"))
            .ok_or_else(unknown)?;
        let patterns: Vec<String> = list(Some(&keys))
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let resources = list(resource)
            .map(|value| self.resolve(value))
            .collect::<Result<Vec<_>, _>>()?;
        let tables = self.tables()?;
        let table = tables
            .iter()
            .find(|table| resources == [table_arn(&table.name)])
            .ok_or_else(unknown)?;
        let hash = |key: &&Value| key["KeyType"] == "HASH";
        let attribute = list(table.create.get("KeySchema"))
            .find(hash)
            .and_then(|key| key["AttributeName"].as_str())
            .ok_or_else(unknown)?;
        Ok(Leading {
            attribute: attribute.to_owned(),
            patterns,
        })
    }

    /// The text that `value`, a string or an intrinsic function, stands for.
    fn resolve(&self, value: &Value) -> Result<String, String> {
        let unknown = || format!("{value} is not understood locally");
        if let Some(text) = value.as_str() {
            return Ok(text.to_owned());
        }
        let (function, argument) = value
            .as_object()
            .and_then(|object| object.iter().next())
            .ok_or_else(unknown)?;
        match (function.as_str(), argument) {
            ("Ref", Value::String(id)) => self.variable(id),
            ("Fn::GetAtt", Value::String(path)) => self.variable(path),
            ("Fn::GetAtt", Value::Array(path)) => self.variable(
                &path
                    .iter()
                    .filter_map(Value::as_str)
                    .collect::<Vec<_>>()
                    .join("."),
            ),
            ("Fn::Sub", Value::String(text)) => self.substitute(text),
            _ => Err(unknown()),
        }
    }

    fn substitute(&self, text: &str) -> Result<String, String> {
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| format!("{text}: a `${{` without `}}`"))?;
            result.push_str(before);
            result.push_str(&self.variable(name)?);
            rest = after;
        }
        result.push_str(rest);
        Ok(result)
    }

    /// The value of `${name}`.
    fn variable(&self, name: &str) -> Result<String, String> {
        match name {
            "AWS::StackName" => return Ok(STACK.to_owned()),
            "AWS::Partition" => return Ok("aws".to_owned()),
            "AWS::Region" => return Ok(REGION.to_owned()),
            "AWS::AccountId" => return Ok(ACCOUNT.to_owned()),
            _ => {}
        }
        match name.split_once('.') {
            Some((id, "Arn")) if self.is_table(id) => Ok(table_arn(&self.table_name(id)?)),
            Some((id, "StreamArn")) if self.is_table(id) => Ok(stream_arn(&self.table_name(id)?)),
            Some((id, "Arn")) if self.is_bucket(id) => Ok(format!("arn:aws:s3:::{STACK}-{id}")),
            None if name == Variable::EventBusName.parameter() => Ok(STACK.to_owned()),
            None if self.is_table(name) => self.table_name(name),
            _ => Err(format!("`{name}` is not understood locally")),
        }
    }

    fn is_table(&self, id: &str) -> bool {
        self.of_type("AWS::DynamoDB::Table")
            .any(|(table, _)| table == id)
    }

    fn is_bucket(&self, id: &str) -> bool {
        self.of_type("AWS::S3::Bucket")
            .any(|(bucket, _)| bucket == id)
    }

    fn table_name(&self, id: &str) -> Result<String, String> {
        let name = self
            .resources
            .get(id)
            .and_then(|resource| resource.get("Properties")?.get("TableName"));
        self.resolve(name.ok_or_else(|| format!("{id} has no TableName"))?)
    }

    fn of_type<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.resources
            .iter()
            .filter(move |(_, resource)| resource.get("Type").and_then(Value::as_str) == Some(kind))
            .filter_map(|(id, resource)| Some((id, resource.get("Properties")?)))
    }
}

/// The account that local ARNs carry.
const ACCOUNT: &str = "000000000000";

/// The ARN of the table called `name`.
#[must_use]
pub fn table_arn(name: &str) -> String {
    format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}")
}

/// The ARN of the stream of the table called `name`; locally a table has one for ever.
#[must_use]
pub fn stream_arn(name: &str) -> String {
    format!("{}/stream/{STACK}", table_arn(name))
}

/// The ARN of the function of an endpoint or a worker.
#[must_use]
pub fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-{name}")
}

/// The ARN of the event bus.
#[must_use]
pub fn bus_arn() -> String {
    format!("arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{STACK}")
}

/// The folder of the code names the function; without one, `RecordsGet` or `RecordsGetFunction` is `records-get`.
fn function_name(logical_id: &str, properties: &Value) -> String {
    let code = properties
        .get("CodeUri")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .trim_end_matches('/');
    if let Some(folder) = code.rsplit('/').next().filter(|folder| !folder.is_empty()) {
        return folder.to_owned();
    }
    let stem = logical_id
        .strip_suffix("Function")
        .filter(|stem| !stem.is_empty())
        .unwrap_or(logical_id);
    let mut name = String::new();
    for (at, c) in stem.char_indices() {
        if c.is_ascii_uppercase() && at > 0 {
            name.push('-');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

/// A list's members, or the one value that stands for a list of one.
fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let members = match value {
        Some(Value::Array(members)) => members.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    members.iter()
}

/// A small template for the tests of this crate.
#[cfg(test)]
pub(crate) const SAMPLE: &str = include_str!("sample.yaml");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_named_after_the_stack_and_keep_keys_indexes_and_ttl() {
        let tables = Template::parse(SAMPLE).unwrap().tables().unwrap();
        let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["local-_sessions", "local-_users", "local-notes"]);
        assert_eq!(tables[0].ttl.as_deref(), Some("expires_at"));
        assert_eq!(tables[1].ttl, None);
        assert_eq!(
            tables[2].create["GlobalSecondaryIndexes"][0]["IndexName"],
            "by_owner"
        );
        assert_eq!(tables[2].create["BillingMode"], "PAY_PER_REQUEST");
    }

    #[test]
    fn policies_name_functions_actions_and_arns() {
        let policies = Template::parse(SAMPLE).unwrap().policies().unwrap();
        assert_eq!(
            policies.keys().collect::<Vec<_>>(),
            ["health", "login", "records-list"]
        );
        assert_eq!(policies["health"], []);
        let list = &policies["records-list"][0];
        assert!(list.allow);
        assert_eq!(list.actions, ["dynamodb:Query"]);
        assert_eq!(
            list.resources,
            [
                table_arn("local-notes"),
                table_arn("local-notes/index/by_owner")
            ]
        );
    }

    #[test]
    fn the_projects_own_template_is_understood() {
        let template = Template::read(&crate::project().join("template.yaml")).unwrap();
        assert!(
            template
                .tables()
                .unwrap()
                .iter()
                .any(|table| table.name == "local-_users")
        );
        let policies = template.policies().unwrap();
        for entry in api::endpoints::PAGE {
            let granted: usize = policies[entry.name]
                .iter()
                .map(|statement| statement.actions.len())
                .sum();
            assert_eq!(granted == 0, !entry.touches_tables(), "{}", entry.name);
        }
    }

    #[test]
    fn a_condition_is_on_the_partition_keys_of_one_table_or_is_refused() {
        let with = |condition: &str| {
            let allow = r#"{ Effect: Allow, Action: "dynamodb:GetItem","#;
            let conditional = format!("{allow} Condition: {condition},");
            let template = Template::parse(&SAMPLE.replace(allow, &conditional)).unwrap();
            template.policies()
        };
        let policies =
            with(r#"{ "ForAnyValue:StringLike": { "dynamodb:LeadingKeys": ["email#*"] } }"#)
                .unwrap();
        let leading = policies["login"][0].leading.as_ref().unwrap();
        assert_eq!(leading.attribute, "id");
        assert_eq!(leading.patterns, ["email#*"]);
        for other in [
            r#"{ "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["x"] } }"#,
            r#"{ "ForAnyValue:StringLike": { "dynamodb:Attributes": ["x"] } }"#,
            r#"{ "Bool": { "aws:SecureTransport": false } }"#,
        ] {
            assert!(with(other).is_err(), "{other}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(Template::parse("Nothing: 1").is_err());
        assert!(
            Template::parse(&SAMPLE.replace("${Notes.Arn}", "${Missing.Arn}"))
                .unwrap()
                .policies()
                .is_err()
        );
        assert!(
            Template::parse(&SAMPLE.replace("${AWS::StackName}", "${Nope}"))
                .unwrap()
                .tables()
                .is_err()
        );
    }

    #[test]
    fn a_logical_id_in_camel_case_is_a_function_in_kebab_case() {
        for (id, name) in [
            ("Login", "login"),
            ("RecordsGet", "records-get"),
            ("RecordsGetFunction", "records-get"),
        ] {
            assert_eq!(function_name(id, &Value::Null), name);
        }
        let code = serde_json::json!({ "CodeUri": "target/lambda/other/" });
        assert_eq!(function_name("Login", &code), "other");
    }
}
