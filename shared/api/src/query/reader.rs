//! The reader of parameters: the parts read so far, and every fault.

use std::collections::BTreeSet;

use crate::definition::Definition;
use crate::error::{Detail, Error};
use crate::query::filter::Filter;
use crate::query::join::all;
use crate::query::limits::{MAX_VALUES, shown};

const MAX_CONDITIONS: usize = 30;

/// Reads parameters, noting every fault.
pub(crate) struct Reader<'a> {
    pub(super) definition: &'a Definition,
    /// The parameters, beside those that select records.
    pub(super) others: &'static str,
    seen: BTreeSet<String>,
    details: Vec<Detail>,
    pub(super) filters: Vec<Filter>,
    pub(super) conditions: usize,
    /// How many values the lists have so far.
    pub(super) values: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(definition: &'a Definition, others: &'static str) -> Self {
        let (seen, details, filters) = (BTreeSet::new(), Vec::new(), Vec::new());
        Self {
            definition,
            others,
            seen,
            details,
            filters,
            conditions: 0,
            values: 0,
        }
    }

    pub(crate) fn finish(mut self) -> Result<Filter, Error> {
        if self.conditions > MAX_CONDITIONS {
            let message = format!(
                "A query has at most {MAX_CONDITIONS} conditions; this has {}.",
                self.conditions
            );
            self.fault("filter", "range", message);
        }
        if self.values > MAX_VALUES {
            let message = format!(
                "The lists of a query have at most {MAX_VALUES} values together; these have {}.",
                self.values
            );
            self.fault("filter", "range", message);
        }
        if self.details.is_empty() {
            Ok(all(self.filters))
        } else {
            Err(Error::invalid(self.details))
        }
    }

    pub(super) fn fault(&mut self, parameter: &str, code: &str, message: impl Into<String>) {
        self.details
            .push(Detail::new(shown(parameter), code, message));
    }

    pub(super) fn is_repeated(&mut self, name: &str) -> bool {
        let is_new = self.seen.insert(name.to_owned());
        if !is_new {
            self.fault(
                name,
                "repeated",
                format!("`{}` is there twice.", shown(name)),
            );
        }
        !is_new
    }

    pub(super) fn unknown_field(&mut self, parameter: &str, field: &str) {
        let message = format!(
            "`{parameter}`: `{}` is not a field of this collection.",
            shown(field)
        );
        self.fault(parameter, "unknown-field", message);
    }
}
