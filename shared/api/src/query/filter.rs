//! Filters: trees of conditions.

use std::collections::BTreeSet;

use serde_json::Value;

/// A selection of records: a tree of conditions.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Every one of these holds.
    All(Vec<Filter>),
    /// One of these holds.
    Any(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
    /// This condition on a field holds.
    Field(String, Test),
    /// One of these string fields contains this text, whatever the case; the text is in the form of `caseless`.
    Search(String, Vec<String>),
    /// This user owns the record, whichever field shows the owner.
    Owned(String),
}

/// A condition on the value of a field, in the stored form of the field's type. `None` stands for absent.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Equal.
    Eq(Option<Value>),
    /// Not equal: the exact opposite, so an absent value passes unless the operand is absent.
    Ne(Option<Value>),
    /// Greater. Absent values and those of another type are neither greater nor less.
    Gt(Value),
    /// Greater or equal.
    Gte(Value),
    /// Less.
    Lt(Value),
    /// Less or equal.
    Lte(Value),
    /// One of these.
    In(Vec<Option<Value>>),
    /// None of these.
    Nin(Vec<Option<Value>>),
    /// Whether there is a value.
    Exists(bool),
    /// A string that contains this text, or an array with this item.
    Contains(Value),
    /// A string that starts with this text.
    StartsWith(String),
}

impl Filter {
    /// The filter that every record passes.
    #[must_use]
    pub fn everything() -> Self {
        Self::All(Vec::new())
    }

    /// The filter that no record passes.
    #[must_use]
    pub fn nothing() -> Self {
        Self::Any(Vec::new())
    }

    /// Whether its form alone shows that no record passes.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        match self {
            Self::All(filters) => filters.iter().any(Self::is_nothing),
            Self::Any(filters) => filters.iter().all(Self::is_nothing),
            Self::Not(_) | Self::Field(..) | Self::Search(..) | Self::Owned(_) => false,
        }
    }

    /// The fields that its conditions name, without those of a search.
    #[must_use]
    pub fn fields(&self) -> BTreeSet<&str> {
        match self {
            Self::All(filters) | Self::Any(filters) => {
                filters.iter().flat_map(Self::fields).collect()
            }
            Self::Not(filter) => filter.fields(),
            Self::Field(field, _) => BTreeSet::from([field.as_str()]),
            Self::Search(..) | Self::Owned(_) => BTreeSet::new(),
        }
    }

    /// The same filter, which searches only those fields that `may` allows.
    #[must_use]
    pub fn searching(self, may: &impl Fn(&str) -> bool) -> Self {
        let each = |filters: Vec<Self>| {
            filters
                .into_iter()
                .map(|filter| filter.searching(may))
                .collect()
        };
        match self {
            Self::All(filters) => Self::All(each(filters)),
            Self::Any(filters) => Self::Any(each(filters)),
            Self::Not(filter) => Self::Not(Box::new(filter.searching(may))),
            Self::Search(text, fields) => Self::Search(
                text,
                fields.into_iter().filter(|field| may(field)).collect(),
            ),
            other => other,
        }
    }

    /// The conditions that every record must meet: those joined by nothing but "and". An index can serve them.
    #[must_use]
    pub fn conjunction(&self) -> Vec<(&str, &Test)> {
        match self {
            Self::Field(field, test) => vec![(field, test)],
            Self::All(filters) => filters.iter().flat_map(Self::conjunction).collect(),
            _ => Vec::new(),
        }
    }
}
