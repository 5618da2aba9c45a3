//! The resources that a policy names, as the template writes them and with their lengths.

use api::Definition;
use api::endpoints::Variable;
use api::tables::SystemTable;
use serde::{Serialize, Serializer};
use serde_yaml_ng::Value;

use crate::intrinsic::{get_att, sub};
use crate::names;

/// The start of the ARNs of SES.
const SES: &str = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}";

/// A table, an index, or all tables of the stack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Arn {
    /// The table with this logical id and name.
    Table(String, String),
    /// Every index of that table.
    Indexes(String, String),
    /// Every table whose name starts with the stack's.
    EveryTable,
    /// Every index of every such table.
    EveryIndex,
    /// Every stream of every such table.
    EveryStream,
    /// The function of a worker.
    Worker(&'static str),
    /// The event bus that the parameter names.
    Bus,
    /// The bucket of lost records.
    Lost,
    /// Every object of that bucket.
    LostObjects,
    /// The identity of SES with this name.
    Sender(String),
    /// The configuration set of SES.
    ConfigurationSet,
}

impl Arn {
    pub(super) fn of(collection: &Definition) -> (String, String) {
        (names::collection(&collection.name), collection.name.clone())
    }

    pub(super) fn system_table(system: &SystemTable) -> Self {
        Self::Table(names::system_table(system.name), system.name.to_owned())
    }

    pub(super) fn system_indexes(system: &SystemTable) -> Self {
        Self::Indexes(names::system_table(system.name), system.name.to_owned())
    }

    /// The ARN as the template writes it.
    fn intrinsic(&self) -> Value {
        let every = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${AWS::StackName}-*";
        match self {
            Self::Table(id, _) => get_att(id, "Arn"),
            Self::Indexes(id, _) => sub(&format!("${{{id}.Arn}}/index/*")),
            Self::EveryTable => sub(every),
            Self::EveryIndex => sub(&format!("{every}/index/*")),
            Self::EveryStream => sub(&format!("{every}/stream/*")),
            Self::Worker(name) => sub(&format!("{}{name}", names::FUNCTIONS)),
            Self::Bus => sub(&format!(
                "arn:${{AWS::Partition}}:events:${{AWS::Region}}:${{AWS::AccountId}}:event-bus/${{{}}}",
                Variable::EventBusName.parameter()
            )),
            Self::Lost => get_att(names::LOST, "Arn"),
            Self::LostObjects => sub(&format!("${{{}.Arn}}/*", names::LOST)),
            Self::Sender(name) => sub(&format!("{SES}:identity/{name}")),
            Self::ConfigurationSet => sub(&format!("{SES}:configuration-set/${{AWS::StackName}}")),
        }
    }

    /// Its length once deployed, where partition and region have long names.
    pub(super) fn length(&self) -> usize {
        let table =
            "arn:aws-us-gov:dynamodb:ap-southeast-1:123456789012:table/-".len() + names::STACK_NAME;
        match self {
            Self::Table(_, name) => table + name.len(),
            Self::Indexes(_, name) => table + name.len() + "/index/*".len(),
            Self::EveryTable => table + 1,
            Self::EveryIndex => table + 1 + "/index/*".len(),
            Self::EveryStream => table + 1 + "/stream/*".len(),
            Self::Worker(name) => table + name.len(),
            Self::Sender(name) => table + name.len(),
            Self::ConfigurationSet => table + "configuration-set/".len(),
            // A bus has a name of 256 characters at most, a bucket one of 63.
            Self::Bus => table + 256,
            Self::Lost | Self::LostObjects => table + 63,
        }
    }
}

impl Serialize for Arn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.intrinsic().serialize(serializer)
    }
}
