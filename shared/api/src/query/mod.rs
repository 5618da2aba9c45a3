//! What a list is asked for: filters, order, page, and what is shown of each record.

mod listing;
mod matches;
mod order;
mod parse;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub use listing::{Listing, listing};
pub use matches::caseless;
pub use order::compare;
pub use parse::{parse, parse_filter_only};

use crate::definition::Order;

/// The parameters of a list, checked against the collection's definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// How many records to answer at most, 1 to 100.
    pub limit: usize,
    /// Where to go on, as the caller sent it.
    pub cursor: Option<String>,
    /// The order; empty for the default, newest first.
    pub sort: Vec<Order>,
    /// Which records; `Filter::All` of nothing is every one.
    pub filter: Filter,
    /// The fields to show; `None` for all. `id` is always shown.
    pub fields: Option<Vec<String>>,
    /// The relations to inline, each a path of one or two fields.
    pub expand: Vec<Vec<String>>,
    /// Whether to tell how the list was read; for admins alone.
    pub explain: bool,
}

/// Which records: a tree of conditions.
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
    /// One of these string fields has this text in it, whatever the case; the text is as `caseless` writes it.
    Search(String, Vec<String>),
}

/// A condition on the value of a field, in the stored form of the field's type. `None` stands for absent.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Equal.
    Eq(Option<Value>),
    /// Not equal: the exact opposite, so an absent value passes unless absent is what it must not be.
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
    /// A string with this text in it, or an array with this item.
    Contains(Value),
    /// A string that starts so.
    StartsWith(String),
}

impl Filter {
    /// The filter that every record passes.
    #[must_use]
    pub fn everything() -> Self {
        Self::All(Vec::new())
    }

    /// The conditions that every record must meet, as far as they are joined by nothing but "and": what an index can
    /// serve.
    #[must_use]
    pub fn conjunction(&self) -> Vec<(&str, &Test)> {
        match self {
            Self::Field(field, test) => vec![(field, test)],
            Self::All(filters) => filters.iter().flat_map(Self::conjunction).collect(),
            _ => Vec::new(),
        }
    }
}
