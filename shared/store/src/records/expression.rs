//! Builds expressions of DynamoDB: conditions and changes of one record.

use std::collections::HashMap;

use auth::Requirement;
use auth::precondition::Precondition;
use auth::terms::{OwnerChange, Terms};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value};

use super::operation::Change;
use crate::item::{Item, from_json, from_object, id, text};

/// An unfinished expression: every name and every value has a placeholder.
pub(super) struct Expression {
    sets: Vec<String>,
    removes: Vec<String>,
    conditions: Vec<String>,
    pub(super) names: HashMap<String, String>,
    pub(super) values: Item,
}

impl Expression {
    /// The condition that the record exists, is not deleted and meets `requirement`.
    pub(super) fn new(requirement: &Requirement) -> Self {
        let mut expression = Self {
            sets: Vec::new(),
            removes: Vec::new(),
            conditions: Vec::new(),
            names: HashMap::new(),
            values: Item::new(),
        };
        let id_name = expression.name("id");
        expression
            .conditions
            .push(format!("attribute_exists({id_name})"));
        expression.require_absent("deleted_at");
        match requirement {
            Requirement::Exists => {}
            Requirement::OwnedBy(owner) => expression.require("owner", id(*owner)),
            // Every record has an id, so this fails on every record, and the failure shows the record.
            Requirement::Never => expression.require_absent("id"),
        }
        expression
    }

    /// The condition that the record has this revision.
    pub(super) fn of_revision(rev: &str) -> Self {
        let mut expression = Self::new(&Requirement::Exists);
        expression.require("rev", text(rev));
        expression
    }

    /// The conditions of all terms.
    pub(super) fn on(terms: &Terms<'_>) -> Self {
        let mut expression = Self::new(&terms.wanted());
        match &terms.owner {
            OwnerChange::MustBe(Some(owner)) => expression.require("owner", text(owner)),
            OwnerChange::MustBe(None) => expression.require_absent("owner"),
            OwnerChange::Keep | OwnerChange::Set(_) => {}
        }
        match &terms.precondition {
            Precondition::Any => {}
            Precondition::OneOf(revs) if revs.is_empty() => expression.require_absent("id"),
            Precondition::OneOf(revs) => {
                let name = expression.name("rev");
                let revs: Vec<String> =
                    revs.iter().map(|rev| expression.value(text(rev))).collect();
                expression
                    .conditions
                    .push(format!("{name} IN ({})", revs.join(", ")));
            }
        }
        expression
    }

    /// Sets and removes fields; `after` are the fields of the record after a replacement.
    pub(super) fn change(&mut self, change: &Change, after: Option<&Map<String, Value>>) {
        if change.replace {
            self.set("data", from_object(after.unwrap_or(&change.fields).clone()));
            return;
        }
        for (field, value) in &change.fields {
            let (data, field, value) = (
                self.name("data"),
                self.name(field),
                self.value(from_json(value.clone())),
            );
            self.sets.push(format!("{data}.{field} = {value}"));
        }
        for field in &change.removed {
            let (data, field) = (self.name("data"), self.name(field));
            self.removes.push(format!("{data}.{field}"));
        }
    }

    fn name(&mut self, name: &str) -> String {
        let placeholder = format!("#n{}", self.names.len());
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    pub(super) fn set(&mut self, name: &str, value: AttributeValue) {
        let (name, value) = (self.name(name), self.value(value));
        self.sets.push(format!("{name} = {value}"));
    }

    pub(super) fn remove(&mut self, name: &str) {
        let name = self.name(name);
        self.removes.push(name);
    }

    fn require(&mut self, name: &str, value: AttributeValue) {
        let (name, value) = (self.name(name), self.value(value));
        self.conditions.push(format!("{name} = {value}"));
    }

    fn require_absent(&mut self, name: &str) {
        let name = self.name(name);
        self.conditions
            .push(format!("attribute_not_exists({name})"));
    }

    pub(super) fn condition(&self) -> String {
        self.conditions.join(" AND ")
    }

    pub(super) fn update(&self) -> String {
        let mut update = format!("SET {}", self.sets.join(", "));
        if !self.removes.is_empty() {
            update.push_str(" REMOVE ");
            update.push_str(&self.removes.join(", "));
        }
        update
    }
}
