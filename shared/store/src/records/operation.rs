//! Operations on records: an act, the fields that it changes, and the records that must exist for it.

use api::definition::Index;
use api::record::{Input, OwnerInput};
use api::{Definition, Id};
use auth::Writer;
use auth::prepare::{self, Creation, Prepared, Removal};
use auth::terms::{OwnerChange, Related, Terms};
use serde_json::{Map, Value};

use super::record::StoredRecord;

/// The fields that a write changes.
#[derive(Clone, Debug)]
pub struct Change {
    /// The fields to set; with `replace`, all fields of the record.
    pub fields: Map<String, Value>,
    /// The fields to remove.
    pub removed: Vec<String>,
    /// Whether all other fields are removed.
    pub replace: bool,
    /// The fields that `replace` does not remove.
    pub kept: Vec<String>,
}

/// An operation on one record.
#[derive(Clone, Debug)]
pub(crate) struct Operation<'a> {
    /// The act on the record.
    pub(crate) act: Act<'a>,
    /// The targets that must exist for it.
    pub(crate) related: Vec<Related<'a>>,
}

/// An act on a record.
#[derive(Clone, Debug)]
pub(crate) enum Act<'a> {
    /// Create this record.
    Create(StoredRecord),
    /// Change the record, on these terms.
    Update(Id, Terms<'a>, Change),
    /// Delete the record, on these terms.
    Delete(Id, Terms<'a>),
}

impl<'a> Operation<'a> {
    /// The operation for a prepared write.
    pub(crate) fn of(prepared: Prepared<'a>, writer: &Writer) -> Self {
        match prepared {
            Prepared::Create(creation) => Self::create(creation, writer),
            Prepared::Update(update) => Self::update(update),
            Prepared::Delete(removal) => Self::delete(removal),
        }
    }

    pub(crate) fn create(mut creation: Creation<'a>, writer: &Writer) -> Self {
        let related = std::mem::take(&mut creation.related);
        let act = Act::Create(StoredRecord::created(creation, writer));
        Self { act, related }
    }

    pub(crate) fn update(update: prepare::Update<'a>) -> Self {
        let change = Change {
            fields: update.fields,
            removed: update.removed,
            replace: update.replace,
            kept: update.kept,
        };
        Self {
            act: Act::Update(update.id, update.terms, change),
            related: update.related,
        }
    }

    pub(crate) fn delete(removal: Removal<'a>) -> Self {
        Self {
            act: Act::Delete(removal.id, removal.terms),
            related: Vec::new(),
        }
    }

    /// The record that it deletes.
    pub(crate) fn deletes(&self) -> Option<Id> {
        match &self.act {
            Act::Delete(id, _) => Some(*id),
            Act::Create(_) | Act::Update(..) => None,
        }
    }
}

impl Act<'_> {
    /// The record's id.
    pub(crate) fn id(&self) -> Id {
        match self {
            Self::Create(record) => record.id,
            Self::Update(id, ..) | Self::Delete(id, _) => *id,
        }
    }

    /// The terms of a write to a record that exists.
    pub(crate) fn terms(&self) -> Option<&Terms<'_>> {
        match self {
            Self::Create(_) => None,
            Self::Update(_, terms, _) | Self::Delete(_, terms) => Some(terms),
        }
    }

    /// The record after it, given the record before.
    pub(crate) fn after(
        &self,
        old: Option<&StoredRecord>,
        writer: &Writer,
    ) -> Option<StoredRecord> {
        match (self, old) {
            (Self::Create(record), _) => Some(record.clone()),
            (Self::Update(_, terms, change), Some(old)) => {
                let mut fields = old.fields.clone();
                let stays = |name: &String| !change.replace || change.kept.contains(name);
                fields.retain(|name, _| stays(name) && !change.removed.contains(name));
                fields.extend(change.fields.clone());
                let owner = match &terms.owner {
                    OwnerChange::Set(owner) => owner.clone(),
                    OwnerChange::Keep | OwnerChange::MustBe(_) => old.owner.clone(),
                };
                Some(StoredRecord {
                    owner,
                    fields,
                    updated_at: writer.now,
                    rev: writer.rev.clone(),
                    ..old.clone()
                })
            }
            (Self::Update(..), None) | (Self::Delete(..), _) => None,
        }
    }
}

impl Change {
    /// Whether the record must be read before this change. That is so where the body has relations, or a unique value
    /// is freed or taken. It is also so where the body lacks other fields of a touched index, row filters apply, or a
    /// replacement keeps fields.
    #[must_use]
    pub fn needs_record(definition: &Definition, input: &Input, replace: bool) -> bool {
        let told = |field: &str| {
            let replaced =
                replace && definition.field(field).is_some() && field != definition.owner_field();
            replaced
                || input.fields.contains_key(field)
                || input.removed.iter().any(|removed| removed == field)
        };
        let owner =
            |field: &str| field == definition.owner_field() && input.owner != OwnerInput::Absent;
        let touched = |field: &str| told(field) || owner(field);
        let known = |field: &str| told(field) || ["id", "createdAt", "updatedAt"].contains(&field);
        let hidden = |index: &Index| {
            let fields: Vec<String> = index.order().map(|order| order.field).collect();
            let mut changes = fields.iter().map(String::as_str);
            changes.any(|field| field == "updatedAt" || touched(field))
                && !fields.iter().all(|field| known(field))
        };
        !definition.row_filters.is_empty()
            || (replace && definition.ruled().next().is_some())
            || !input.related(definition).is_empty()
            || definition
                .fields
                .iter()
                .any(|field| field.unique && touched(&field.name))
            || definition.indexes.iter().any(hidden)
    }
}
