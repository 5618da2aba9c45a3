//! A valid body and its parts.

use serde_json::{Map, Value};

use crate::id::Id;

/// The treatment of fields that the body leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// A new record: required fields must be there.
    Create,
    /// `PATCH`: absent fields stay, null removes.
    Merge,
    /// `PUT`: absent fields are removed, required fields must be there.
    Replace,
}

/// The owner in a body, where the owner field is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnerInput {
    /// Nothing.
    Absent,
    /// Null or an empty string.
    Empty,
    /// This user.
    Named(String),
}

/// A valid body, the values in their stored form.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The fields to store, without the owner field.
    pub fields: Map<String, Value>,
    /// The fields to remove.
    pub removed: Vec<String>,
    /// The owner field.
    pub owner: OwnerInput,
    /// The relations whose targets must exist, without the owner field, see [`Input::related`].
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
