//! The part of a collection that a caller sees: records, and fields of each.
//!
//! A caller who may read a record by the rules sees it if a row filter shows it, where the collection has any. The
//! caller sees each of its fields whose own rule admits the caller. Everything else does not exist for the caller: no
//! reply, condition or order reveals it.

use api::definition::Order;
use api::query::{Filter, row_filter};
use api::wire::Record;
use api::{Code, Definition, Error, Operation};

use crate::caller::Caller;
use crate::grant::{Requirement, Scope, granted};
use crate::permission::may_list;

/// The part of a collection that a caller sees.
#[derive(Clone, Debug, PartialEq)]
pub struct Visibility<'a> {
    /// The collection.
    pub definition: &'a Definition,
    /// The caller.
    pub caller: &'a Caller,
    /// The requirement of the rule for reading on a record.
    rule: Requirement,
    /// Which of those records the row filters show; `None` for all.
    rows: Option<Filter>,
    /// The fields that some records do not show, and the requirement on a record to show each.
    fields: Vec<(&'a str, Requirement)>,
}

impl<'a> Visibility<'a> {
    /// Determines the part of this collection that this caller sees.
    #[must_use]
    pub fn new(definition: &'a Definition, caller: &'a Caller) -> Self {
        let fields = definition
            .hidden()
            .map(|field| (field.name.as_str(), granted(&field.read, caller)));
        Self {
            definition,
            caller,
            rule: granted(definition.rule(Operation::Read), caller),
            rows: rows(definition, caller),
            fields: fields
                .filter(|(_, requirement)| *requirement != Requirement::Exists)
                .collect(),
        }
    }

    /// Whether the caller sees this record. A record that is not seen is 404.
    #[must_use]
    pub fn shows(&self, record: &Record) -> bool {
        self.caller
            .is_in_scope(&self.definition.name, Operation::Read)
            && self.passes(record)
    }

    /// Whether the rule for reading and the row filters show this record, regardless of an API key's scopes: it exists
    /// for the caller.
    #[must_use]
    pub fn passes(&self, record: &Record) -> bool {
        self.rule.is_met(record.owner.as_deref())
            && self.rows.as_ref().is_none_or(|rows| rows.matches(record))
    }

    /// A record without the fields that the caller does not see in it.
    #[must_use]
    pub fn of(&self, mut record: Record) -> Record {
        for (field, requirement) in &self.fields {
            if !requirement.is_met(record.owner.as_deref()) {
                record.fields.remove(*field);
            }
        }
        record
    }

    /// Which records a list reads: its scope, and the filter that they must pass, from the caller's own and the row
    /// filters.
    ///
    /// # Errors
    /// Those of [`may_list`]; 401 or 403 for an order or a condition that names a field which is not shown in all of
    /// them.
    pub fn list(&self, sort: &[Order], filter: &Filter) -> Result<(Scope, Filter), Error> {
        let scope = may_list(self.definition, self.caller)?;
        let in_all = |field: &str| {
            let hidden = self.fields.iter().find(|(name, _)| *name == field);
            hidden.is_none_or(|(_, requirement)| match (requirement, &scope) {
                (Requirement::OwnedBy(owner), Scope::OwnedBy(only)) => owner == only,
                _ => false,
            })
        };
        let mut named = sort
            .iter()
            .map(|order| order.field.as_str())
            .chain(filter.fields());
        if let Some(field) = named.find(|field| !in_all(field)) {
            let code = if self.caller.is_stranger() {
                Code::AuthenticationRequired
            } else {
                Code::Forbidden
            };
            let message = format!(
                "`{field}` is not shown to you in every record, so no list can be asked for by it."
            );
            return Err(Error::new(code).with_message(message));
        }
        let filter = filter.clone().searching(&in_all);
        let filter = match &self.rows {
            Some(rows) => rows.clone().and(filter),
            None => filter,
        };
        Ok((scope, filter))
    }

    /// Whether the record itself must be read to decide whether the caller sees it: its owner is not enough.
    #[must_use]
    pub fn has_rows(&self) -> bool {
        self.rows.is_some()
    }
}

/// The filter of the records that a collection's row filters show to a caller; `None` for everything. A caller to whom
/// no row filter applies sees nothing.
fn rows(definition: &Definition, caller: &Caller) -> Option<Filter> {
    if definition.row_filters.is_empty() || caller.is_admin() {
        return None;
    }
    let shown = definition.row_filters.iter().filter_map(|row| {
        let whose = match granted(&row.when, caller) {
            Requirement::Exists => Filter::everything(),
            Requirement::OwnedBy(owner) => Filter::Owned(owner.to_string()),
            Requirement::Never => return None,
        };
        Some(whose.and(row_filter(definition, &row.filter, caller.id())?))
    });
    Some(Filter::one_of(shown.collect())).filter(|rows| *rows != Filter::everything())
}

#[cfg(test)]
mod tests;
