//! Prepared writes: every write of a record passes here, alone or in bulk, so the order of its security checks is
//! defined in one place.
//!
//! A create: the scope and the rule (401, 403), the rules of its fields (401, 403), the body (400), the owner (403,
//! 400). A change: the scope and the rules (401, 403), the rules of its fields (401), the body (400), the owner (400).
//! Then `If-Match` (400) and the id (404). The conditions that depend on the record are part of the [`Terms`], on which
//! the store writes.

use std::collections::BTreeSet;

use api::record::{Input, Write, check, check_but};
use api::wire::BulkOperation;
use api::{Code, Definition, Detail, Error, Id, Operation, Timestamp};
use serde_json::{Map, Value};

use crate::permission::{may_change, may_create};
use crate::precondition::Precondition;
use crate::terms::{
    Columns, OwnerChange, Related, Terms, columns, may_set, owner_change, owner_of_new, related,
};
use crate::visibility::Visibility;

/// The record that a write names, as the request has it.
#[derive(Clone, Copy, Debug)]
pub struct WriteTarget<'a> {
    /// The id, unchecked.
    pub id: &'a str,
    /// The `If-Match` header, unchecked.
    pub if_match: Option<&'a str>,
}

/// The body of an update, checked before the caller is known, so that the record can be read beside the session.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    definition: &'a Definition,
    body: Map<String, Value>,
    write: Write,
    /// The fields that the check did not require, since a caller may be unable to write them.
    left: Vec<String>,
    input: Result<Input, Error>,
}

/// A create that its caller may ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct Creation<'a> {
    /// The id of the new record.
    pub id: Id,
    /// The owner's id.
    pub owner: Option<String>,
    /// The user who creates it.
    pub created_by: Option<Id>,
    /// The declared fields, but for the owner field.
    pub fields: Map<String, Value>,
    /// The records that must exist for it.
    pub related: Vec<Related<'a>>,
}

/// An update that its caller may ask for.
#[derive(Clone, Debug)]
pub struct Update<'a> {
    /// The record.
    pub id: Id,
    /// The conditions of the update.
    pub terms: Terms<'a>,
    /// The fields to set; with `replace`, all fields of the record.
    pub fields: Map<String, Value>,
    /// The fields to remove.
    pub removed: Vec<String>,
    /// Whether fields that are not set are removed.
    pub replace: bool,
    /// The fields that stay nevertheless.
    pub kept: Vec<String>,
    /// The records that must exist for it.
    pub related: Vec<Related<'a>>,
}

/// A delete that its caller may ask for.
#[derive(Clone, Debug)]
pub struct Removal<'a> {
    /// The record.
    pub id: Id,
    /// The conditions of the delete.
    pub terms: Terms<'a>,
}

/// A write that its caller may ask for.
#[derive(Clone, Debug)]
pub enum Prepared<'a> {
    /// A create.
    Create(Creation<'a>),
    /// An update.
    Update(Update<'a>),
    /// A delete.
    Delete(Removal<'a>),
}

impl Prepared<'_> {
    /// The record's id.
    #[must_use]
    pub fn id(&self) -> Id {
        match self {
            Self::Create(creation) => creation.id,
            Self::Update(update) => update.id,
            Self::Delete(removal) => removal.id,
        }
    }
}

impl<'a> WriteTarget<'a> {
    /// The record of this id, in any revision.
    #[must_use]
    pub fn any_revision(id: &'a str) -> Self {
        Self { id, if_match: None }
    }

    /// The id and the revisions that the write may find. The id comes last: a caller who may not write learns nothing
    /// of it.
    fn read(self) -> Result<(Id, Precondition), Error> {
        let precondition = Precondition::if_match(self.if_match)?;
        let id = self.id.parse().map_err(|_| Code::RecordNotFound)?;
        Ok((id, precondition))
    }
}

impl<'a> Draft<'a> {
    /// Checks the body of a merge or of a replacement; [`update`] reports its errors, after 401 and 403.
    #[must_use]
    pub fn new(definition: &'a Definition, body: Map<String, Value>, write: Write) -> Self {
        // It depends on the caller which fields are required. A merge requires none.
        let left = match write {
            Write::Replace => definition.ruled().map(|field| field.name.clone()).collect(),
            Write::Create | Write::Merge => Vec::new(),
        };
        let input = check_but(definition, body.clone(), write, &left);
        Self {
            definition,
            body,
            write,
            left,
            input,
        }
    }

    /// The collection's definition.
    #[must_use]
    pub fn definition(&self) -> &'a Definition {
        self.definition
    }

    /// The fields of the body, if they fit; for a replacement without the defaults of fields that have rules.
    #[must_use]
    pub fn input(&self) -> Option<&Input> {
        self.input.as_ref().ok()
    }

    /// Whether the update replaces the record.
    #[must_use]
    pub fn replaces(&self) -> bool {
        self.write == Write::Replace
    }

    /// The body, checked with the fields `kept` not required.
    fn settle(self, kept: &[String]) -> Result<Input, Error> {
        if kept == self.left {
            self.input
        } else {
            check_but(self.definition, self.body, self.write, kept)
        }
    }
}

/// The id of a new record, in a shard that the random bytes choose.
#[must_use]
pub fn new_id(definition: &Definition, now: Timestamp, random: [u8; 10]) -> Id {
    Id::in_shard(now, random, random[9] % definition.shards)
}

/// Prepares a create. `find` knows the collections.
///
/// # Errors
/// 401, 403, 400, in the order of this module.
pub fn create<'a, 'd: 'a>(
    visibility: &Visibility<'a>,
    id: Id,
    body: Map<String, Value>,
    find: impl Fn(&str) -> Option<&'d Definition>,
) -> Result<Creation<'a>, Error> {
    let (definition, caller) = (visibility.definition, visibility.caller);
    may_create(definition, caller)?;
    may_set(definition, caller, &body)?;
    let input = check(definition, body, Write::Create)?;
    let owner = owner_of_new(definition, caller, input.owner.clone())?;
    let related = related(definition, &input, caller, find);
    Ok(Creation {
        id,
        owner,
        created_by: caller.id(),
        fields: input.fields,
        related,
    })
}

/// Prepares an update. `find` knows the collections.
///
/// # Errors
/// 401, 403, 400, 404, in the order of this module.
pub fn update<'a, 'd: 'a>(
    visibility: &'a Visibility<'a>,
    target: WriteTarget<'_>,
    draft: Draft<'_>,
    find: impl Fn(&str) -> Option<&'d Definition>,
) -> Result<Update<'a>, Error> {
    let (definition, caller) = (visibility.definition, visibility.caller);
    let replace = draft.replaces();
    let requirement = may_change(definition, Operation::Update, caller)?;
    let Columns { written, kept } =
        columns(definition, caller, &draft.body, replace, &requirement)?;
    let input = draft.settle(&kept)?;
    let related = related(definition, &input, caller, find);
    let owner = owner_change(definition, caller, input.owner)?;
    let (id, precondition) = target.read()?;
    let terms = Terms {
        visibility,
        requirement,
        fields: written,
        owner,
        precondition,
    };
    Ok(Update {
        id,
        terms,
        fields: input.fields,
        removed: input.removed,
        replace,
        kept,
        related,
    })
}

/// Prepares a delete.
///
/// # Errors
/// 401, 403, 400, 404, in the order of this module.
pub fn delete<'a>(
    visibility: &'a Visibility<'a>,
    target: WriteTarget<'_>,
) -> Result<Removal<'a>, Error> {
    let requirement = may_change(visibility.definition, Operation::Delete, visibility.caller)?;
    let (id, precondition) = target.read()?;
    let terms = Terms {
        visibility,
        requirement,
        fields: Vec::new(),
        owner: OwnerChange::Keep,
        precondition,
    };
    Ok(Removal { id, terms })
}

/// Prepares the operations of a bulk write one after the other, each as its own endpoint does it. `new_id` makes the id
/// of a new record, `find` knows the collections.
///
/// # Errors
/// The refusal of the first operation that is refused, naming it; 400 for a record that has two operations.
pub fn bulk<'a, 'd: 'a>(
    visibility: &'a Visibility<'a>,
    operations: Vec<BulkOperation>,
    new_id: impl Fn() -> Result<Id, Error>,
    find: impl Fn(&str) -> Option<&'d Definition>,
) -> Result<Vec<Prepared<'a>>, Error> {
    let prepare = |operation| match operation {
        BulkOperation::Create(body) => {
            create(visibility, new_id()?, body, &find).map(Prepared::Create)
        }
        BulkOperation::Update(id, body) => {
            let draft = Draft::new(visibility.definition, body, Write::Merge);
            let target = WriteTarget::any_revision(&id);
            update(visibility, target, draft, &find).map(Prepared::Update)
        }
        BulkOperation::Delete(id) => {
            delete(visibility, WriteTarget::any_revision(&id)).map(Prepared::Delete)
        }
    };
    let (mut prepared, mut once) = (Vec::new(), BTreeSet::new());
    for (at, operation) in operations.into_iter().enumerate() {
        let operation =
            prepare(operation).map_err(|error| error.within(&format!("operations[{at}]")))?;
        if !once.insert(operation.id()) {
            return Err(repeated(at));
        }
        prepared.push(operation);
    }
    Ok(prepared)
}

fn repeated(at: usize) -> Error {
    let place = format!("operations[{at}].id");
    let message = format!("`{place}` is there twice; a record has one operation.");
    Error::invalid(vec![Detail::new(place, "repeated", message)])
}

#[cfg(test)]
mod tests;
