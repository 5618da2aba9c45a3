//! Names of the declared indexes and unique fields that a record was written into.

use api::Definition;
use api::definition::Index;

/// The attribute that holds these names.
pub(crate) const INDEXED: &str = "indexed";

/// The name that a record holds once its value of a unique field is reserved.
#[must_use]
pub fn unique_name(field: &str) -> String {
    format!("unique.{field}")
}

/// The names that records of a collection can hold: those of its indexes and unique fields.
#[must_use]
pub fn names(definition: &Definition) -> Vec<String> {
    let unique = definition
        .fields
        .iter()
        .filter(|field| field.unique)
        .map(|field| unique_name(&field.name));
    definition
        .indexes
        .iter()
        .map(Index::name)
        .chain(unique)
        .collect()
}
