//! The check of a body against its definition.

use serde_json::{Map, Value};

use crate::definition::{Definition, Field, FieldType, SYSTEM_FIELDS};
use crate::error::Error;
use crate::id::Id;
use crate::record::input::{Input, OwnerInput, Relation, Write};
use crate::record::value::{Checker, Place, add_defaults, relation};
use crate::wire::UNKNOWN;

/// Checks a body against a definition. System fields are ignored.
///
/// # Errors
/// `common/validation-failed` with a detail for each field that is unknown, missing or breaks a constraint (the first
/// twenty).
pub fn check(
    definition: &Definition,
    body: Map<String, Value>,
    write: Write,
) -> Result<Input, Error> {
    check_but(definition, body, write, &[])
}

/// Checks a body as [`check`] does, but the fields in `left` may be absent: they are neither required nor filled in.
///
/// # Errors
/// Those of [`check`].
pub fn check_but(
    definition: &Definition,
    mut body: Map<String, Value>,
    write: Write,
    left: &[String],
) -> Result<Input, Error> {
    let mut input = Input {
        fields: Map::new(),
        removed: Vec::new(),
        owner: OwnerInput::Absent,
        relations: Vec::new(),
    };
    let mut checker = Checker::default();
    let mut missing = Vec::new();
    if write != Write::Merge {
        let missed: Vec<&Field> = definition
            .fields
            .iter()
            .filter(|field| !left.contains(&field.name))
            .collect();
        add_defaults(missed.iter().copied(), &mut body);
        let required = missed
            .into_iter()
            .filter(|field| field.required && field.name != definition.owner_field());
        missing.extend(
            required
                .map(|field| &field.name)
                .filter(|name| body.get(*name).is_none_or(Value::is_null))
                .cloned(),
        );
    }
    for (name, value) in body {
        let Some(field) = definition.field(&name) else {
            if !SYSTEM_FIELDS.contains(&name.as_str()) {
                checker.fault(Place::Field(&name), "unknown-field", UNKNOWN);
            }
            continue;
        };
        if name == definition.owner_field() {
            match owner(field, value) {
                Ok(owner) => input.owner = owner,
                Err(reason) => checker.fault(Place::Field(&name), "type", reason),
            }
        } else if value.is_null() {
            match write {
                Write::Merge if field.required => missing.push(name),
                Write::Merge => input.removed.push(name),
                Write::Create | Write::Replace => {}
            }
        } else if let Some(value) = checker.stored(field, value) {
            input.fields.insert(name, value);
        }
    }
    for name in &missing {
        checker.fault(Place::Field(name), "required", "is required");
    }
    input.relations = checker.relations;
    if checker.details.is_empty() {
        Ok(input)
    } else {
        Err(Error::invalid(checker.details))
    }
}

impl Input {
    /// The relations whose targets must exist, including the owner where that field is a relation.
    #[must_use]
    pub fn related(&self, definition: &Definition) -> Vec<Relation> {
        let owner = match (&self.owner, definition.field(definition.owner_field())) {
            (OwnerInput::Named(id), Some(field)) => relation(field, Place::Field(&field.name), id),
            _ => None,
        };
        self.relations.iter().cloned().chain(owner).collect()
    }
}

/// Reads the owner field. An owner is an index key, so its length is bounded.
fn owner(field: &Field, value: Value) -> Result<OwnerInput, &'static str> {
    match value {
        Value::Null => Ok(OwnerInput::Empty),
        Value::String(id) if id.is_empty() => Ok(OwnerInput::Empty),
        Value::String(id) if field.kind == FieldType::Relation && id.parse::<Id>().is_err() => {
            Err("must be the id of a user")
        }
        Value::String(id) if id.len() > 128 || id.contains('\0') => Err("must be the id of a user"),
        Value::String(id) => Ok(OwnerInput::Named(id)),
        _ => Err("must be the id of a user"),
    }
}
