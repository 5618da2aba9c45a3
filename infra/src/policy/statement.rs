//! Statements of a policy: actions, their resources and a condition.

use std::collections::{BTreeMap, BTreeSet};

use api::endpoints::Action;
use serde::{Serialize, Serializer};

use super::arn::Arn;

/// Actions on the resources they are for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    pub(super) effect: &'static str,
    pub(super) action: Vec<String>,
    pub(super) resource: Vec<Arn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) condition: Option<Condition>,
}

/// The condition of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// It is for the items whose partition keys start so.
    Items(&'static str),
    /// It is for mails from this address.
    From(String),
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (operator, key, value) = match self {
            Self::Items(start) => (
                "ForAnyValue:StringLike",
                "dynamodb:LeadingKeys",
                format!("{start}*"),
            ),
            Self::From(address) => ("StringEquals", "ses:FromAddress", address.clone()),
        };
        BTreeMap::from([(operator, BTreeMap::from([(key, [value])]))]).serialize(serializer)
    }
}

impl Condition {
    /// Its length once deployed, as compact JSON.
    fn length(&self) -> usize {
        let around =
            r#","Condition":{"ForAnyValue:StringLike":{"dynamodb:LeadingKeys":["*"]}}"#.len();
        around
            + match self {
                Self::Items(start) => start.len(),
                Self::From(address) => address.len(),
            }
    }
}

impl Statement {
    pub(super) fn new(
        effect: &'static str,
        actions: &BTreeSet<Action>,
        resource: Vec<Arn>,
    ) -> Self {
        Self {
            effect,
            action: actions
                .iter()
                .map(|action| format!("dynamodb:{}", action.as_str()))
                .collect(),
            resource,
            condition: None,
        }
    }

    pub(super) fn allow(actions: &[&str], resource: Vec<Arn>) -> Self {
        Self {
            effect: "Allow",
            action: actions.iter().map(ToString::to_string).collect(),
            resource,
            condition: None,
        }
    }

    /// The statement for the items alone whose partition keys start so.
    pub(super) fn of_items(self, start: &'static str) -> Self {
        Self {
            condition: Some(Condition::Items(start)),
            ..self
        }
    }

    /// Its length once deployed, as compact JSON.
    pub(super) fn length(&self) -> usize {
        let frame = r#"{"Effect":"","Action":[],"Resource":[]},"#.len();
        let quoted = r#""","#.len();
        let actions: usize = self.action.iter().map(|action| action.len() + quoted).sum();
        let resources: usize = self.resource.iter().map(|arn| arn.length() + quoted).sum();
        let condition = self.condition.as_ref().map_or(0, Condition::length);
        frame + self.effect.len() + actions + resources + condition
    }
}
