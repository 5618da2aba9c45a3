//! The conditions of a write of a record: its owner, its fields, its relations and its revision.

use api::definition::{Field, USERS};
use api::record::{Input, OwnerInput, Relation};
use api::wire::Record;
use api::{Code, Definition, Detail, Error};
use serde_json::{Map, Value};

use crate::caller::Caller;
use crate::grant::{Requirement, granted, is_granted_to_creator};
use crate::permission::readable;
use crate::precondition::Precondition;
use crate::visibility::Visibility;

/// The statement of a write about the owner of an existing record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnerChange {
    /// Nothing.
    Keep,
    /// It must be this owner already: the owner cannot be changed.
    MustBe(Option<String>),
    /// It becomes this owner, by an admin's decision.
    Set(Option<String>),
}

/// The owner of a new record: the caller, when the body leaves it out, null or empty. Only an admin may name another
/// user.
///
/// # Errors
/// 403; 400 when the owner is required and a stranger has none.
pub fn owner_of_new(
    definition: &Definition,
    caller: &Caller,
    named: OwnerInput,
) -> Result<Option<String>, Error> {
    let own = caller.id().map(|id| id.to_string());
    match named {
        OwnerInput::Absent | OwnerInput::Empty => need_owner(definition, own),
        OwnerInput::Named(name) if caller.is_admin() || own.as_ref() == Some(&name) => {
            Ok(Some(name))
        }
        OwnerInput::Named(_) => Err(owner_refusal(definition)),
    }
}

/// Whether the caller may give a new record the fields that a body names.
///
/// # Errors
/// 401, 403, each naming the field.
pub fn may_set(
    definition: &Definition,
    caller: &Caller,
    body: &Map<String, Value>,
) -> Result<(), Error> {
    let refused = |field: &&Field| {
        body.contains_key(&field.name) && !is_granted_to_creator(&field.write, caller)
    };
    definition
        .ruled()
        .find(refused)
        .map_or(Ok(()), |field| Err(field_refusal(caller, &field.name)))
}

/// The requirements of the field rules on an update.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// The fields that it names, and the requirement on a record for the caller to write each.
    pub written: Vec<(String, Requirement)>,
    /// The fields that a replacement leaves as they are. It does not name them, and the caller may not both see and
    /// write them in every record that the update may affect.
    pub kept: Vec<String>,
}

/// Applies the rules of single fields to an update with this body, of a record that meets `requirement`.
///
/// # Errors
/// 401, naming the field.
pub fn columns(
    definition: &Definition,
    caller: &Caller,
    body: &Map<String, Value>,
    replace: bool,
    requirement: &Requirement,
) -> Result<Columns, Error> {
    let mut columns = Columns::default();
    for field in definition.ruled() {
        let name = field.name.clone();
        let is_owner = name == definition.owner_field();
        let (read, write) = (granted(&field.read, caller), granted(&field.write, caller));
        if body.contains_key(&name) {
            // A caller who may not see the owner must not find out by naming a user.
            let wanted = if is_owner { read } else { write };
            if wanted == Requirement::Never && caller.is_stranger() {
                return Err(field_refusal(caller, &name));
            }
            columns.written.push((name, wanted));
        } else if replace && !is_owner && read.and(write).and(requirement.clone()) != *requirement {
            columns.kept.push(name);
        }
    }
    Ok(columns)
}

/// Decides about the owner in an update: only an admin may change it.
///
/// # Errors
/// 400 when an admin would leave a record without the owner it requires.
pub fn owner_change(
    definition: &Definition,
    caller: &Caller,
    named: OwnerInput,
) -> Result<OwnerChange, Error> {
    let name = match named {
        OwnerInput::Absent => return Ok(OwnerChange::Keep),
        OwnerInput::Empty => None,
        OwnerInput::Named(name) => Some(name),
    };
    if caller.is_admin() {
        need_owner(definition, name).map(OwnerChange::Set)
    } else {
        Ok(OwnerChange::MustBe(name))
    }
}

/// Refuses to leave a required owner field empty.
fn need_owner(definition: &Definition, owner: Option<String>) -> Result<Option<String>, Error> {
    let field = definition.owner_field();
    if owner.is_none() && definition.field(field).is_some_and(|field| field.required) {
        return Err(Error::invalid(vec![Detail::new(
            field,
            "required",
            format!("`{field}` is required."),
        )]));
    }
    Ok(owner)
}

/// The conditions of a caller's change of a record. All of them are conditions of the write itself.
#[derive(Clone, Debug)]
pub struct Terms<'a> {
    /// The part of the record's collection that the caller sees.
    pub visibility: &'a Visibility<'a>,
    /// The requirement of the rules on the record.
    pub requirement: Requirement,
    /// The requirements of the rules of the written fields on it.
    pub fields: Vec<(String, Requirement)>,
    /// The change of its owner.
    pub owner: OwnerChange,
    /// The caller's precondition on its revision.
    pub precondition: Precondition,
}

impl Terms<'_> {
    /// The requirement of all the rules on the record: the part of the terms that depends on its owner.
    #[must_use]
    pub fn wanted(&self) -> Requirement {
        let fields = self
            .fields
            .iter()
            .map(|(_, requirement)| requirement.clone());
        fields.fold(self.requirement.clone(), Requirement::and)
    }

    /// Why a record of this revision may not be changed; `None` when it may.
    ///
    /// A record that the caller may not read is 404, before any other refusal.
    #[must_use]
    pub fn refusal(&self, record: &Record, rev: &str) -> Option<Error> {
        let owner = record.owner.as_deref();
        if !self.visibility.passes(record) {
            Some(Code::RecordNotFound.into())
        } else if !self.requirement.is_met(owner) {
            Some(Code::Forbidden.into())
        } else if let Some((field, _)) = self
            .fields
            .iter()
            .find(|(_, requirement)| !requirement.is_met(owner))
        {
            Some(field_refusal(self.visibility.caller, field))
        } else if matches!(&self.owner, OwnerChange::MustBe(expected) if expected.as_deref() != owner)
        {
            Some(owner_refusal(self.visibility.definition))
        } else if !self.precondition.holds(rev) {
            Some(Code::PreconditionFailed.into())
        } else {
            None
        }
    }
}

/// A target that a write names, and its conditions at that moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Related<'a> {
    /// The relation and its target.
    pub relation: Relation,
    /// It must exist and be readable by the caller.
    pub requirement: Requirement,
    /// The part of the target's collection that the caller sees, where row filters decide: the target must be read.
    pub rows: Option<Visibility<'a>>,
}

/// The targets of a body's relations. A target that the caller may not read must look like a missing one. So a rule
/// that never lets the caller read becomes a condition that no target meets. `find` knows the collections.
pub fn related<'a, 'd: 'a>(
    definition: &Definition,
    input: &Input,
    caller: &'a Caller,
    find: impl Fn(&str) -> Option<&'d Definition>,
) -> Vec<Related<'a>> {
    // The caller exists; only an admin names another owner.
    let own = |relation: &Relation| {
        relation.field == definition.owner_field()
            && (!caller.is_admin() || caller.id() == Some(relation.id))
    };
    let relations = input
        .related(definition)
        .into_iter()
        .filter(|relation| !own(relation));
    let related = |relation: Relation| {
        let target = find(&relation.collection);
        let requirement = match target {
            _ if relation.collection == USERS => Requirement::Exists,
            Some(target) => readable(target, caller),
            None => Requirement::Never,
        };
        let rows = target
            .map(|target| Visibility::new(target, caller))
            .filter(Visibility::has_rows);
        Related {
            relation,
            requirement,
            rows,
        }
    };
    relations.map(related).collect()
}

fn owner_refusal(definition: &Definition) -> Error {
    let field = definition.owner_field();
    Error::new(Code::Forbidden).with_message(format!(
        "`{field}` is the record's owner: only an admin may set it."
    ))
}

fn field_refusal(caller: &Caller, field: &str) -> Error {
    let code = if caller.is_stranger() {
        Code::AuthenticationRequired
    } else {
        Code::Forbidden
    };
    Error::new(code).with_message(format!("`{field}` is not yours to write."))
}

#[cfg(test)]
mod tests;
