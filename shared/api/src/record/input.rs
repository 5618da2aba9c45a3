//! A body that fits its definition, and its parts.

use serde_json::{Map, Value};

use crate::id::Id;

/// What a write does with the fields that the body leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// A new record: required fields must be there.
    Create,
    /// `PATCH`: what is left out stays, null removes.
    Merge,
    /// `PUT`: what is left out goes, required fields must be there.
    Replace,
}

/// What a body says of the owner field, where that is a declared field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnerInput {
    /// Nothing.
    Absent,
    /// Null or an empty string.
    Empty,
    /// This user.
    Named(String),
}

/// A body that fits its definition, the values in their stored form.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The fields to store, but for the owner field.
    pub fields: Map<String, Value>,
    /// The fields to remove.
    pub removed: Vec<String>,
    /// The owner field.
    pub owner: OwnerInput,
    /// What must exist; the owner field is not among them, see [`Input::related`].
    pub relations: Vec<Relation>,
}

/// A relation that a body names: the target must exist, and the caller may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The place in the body, such as `author` or `readers[2]`.
    pub field: String,
    /// The collection of the target, or `users`.
    pub collection: String,
    /// The target.
    pub id: Id,
}
