//! Fields that a query may name.

use crate::definition::{Definition, Field, FieldType};

/// A field that a query may name: a system field or a declared one.
pub(super) struct Column<'a> {
    pub(super) name: &'a str,
    pub(super) kind: FieldType,
    pub(super) declared: Option<&'a Field>,
}

impl<'a> Column<'a> {
    /// Finds a field. No other place knows which fields exist.
    pub(super) fn find(definition: &'a Definition, name: &'a str) -> Option<Self> {
        match name {
            "id" | "createdBy" => Some(Self {
                name,
                kind: FieldType::Relation,
                declared: None,
            }),
            "createdAt" | "updatedAt" => Some(Self {
                name,
                kind: FieldType::Date,
                declared: None,
            }),
            _ => definition.field(name).map(|field| Self {
                name,
                kind: field.kind,
                declared: Some(field),
            }),
        }
    }

    /// The fields that a search looks through: text fields, but not the owner's id.
    pub(super) fn searched(definition: &Definition) -> Vec<String> {
        let owner = definition.owner_field();
        let texts = definition
            .fields
            .iter()
            .filter(|field| field.kind == FieldType::String && field.name != owner);
        texts.map(|field| field.name.clone()).collect()
    }

    /// The declared type of an array's items.
    pub(super) fn items(&self) -> Option<FieldType> {
        self.declared
            .and_then(|field| field.items.as_ref())
            .map(|items| items.kind)
    }

    pub(super) fn is_scalar(&self) -> bool {
        !matches!(self.kind, FieldType::Object | FieldType::Array)
    }

    pub(super) fn is_relation(&self) -> bool {
        self.declared.is_some()
            && (self.kind == FieldType::Relation || self.items() == Some(FieldType::Relation))
    }
}
