//! Conditions: the parameters that select records.

use serde_json::Value;

use crate::query::column::Column;
use crate::query::filter::{Filter, Test};
use crate::query::join::{all, any};
use crate::query::limits::{MAX_SEARCH, shown};
use crate::query::matches::caseless;
use crate::query::operator::{Operand, Operator};
use crate::query::reader::Reader;
use crate::value::{count_colons, count_members, parse};

const MAX_DEPTH: usize = 5;

/// The parameters that select records.
const FILTERS: &str = "filter, andFilters, orFilters, search";

impl Reader<'_> {
    /// Reads a parameter that selects records.
    pub(super) fn condition(&mut self, name: &str, text: &str) {
        let filter = match name {
            "filter" | "andFilters" => all(self.filters_of(name, text)),
            "orFilters" => match self.filters_of(name, text) {
                filters if filters.is_empty() => Filter::everything(),
                filters => any(filters),
            },
            "search" => self.search(text),
            _ => self.suffixed(name, text),
        };
        self.filters.push(filter);
    }

    fn search(&mut self, text: &str) -> Filter {
        self.conditions += 1;
        let fields = Column::searched(self.definition);
        if fields.is_empty() {
            self.fault(
                "search",
                "type",
                "`search`: this collection has no string fields.",
            );
        } else if !(1..=MAX_SEARCH).contains(&text.chars().count()) {
            self.fault(
                "search",
                "range",
                format!("`search` must be 1 to {MAX_SEARCH} characters."),
            );
        }
        Filter::Search(caseless(text), fields)
    }

    /// `field=` or `field_suffix=`.
    fn suffixed(&mut self, name: &str, text: &str) -> Filter {
        let definition = self.definition;
        let (column, operator) = match (Column::find(definition, name), name.rsplit_once('_')) {
            (Some(column), _) => (column, Operator::Eq),
            (None, Some((field, suffix))) => {
                match (Column::find(definition, field), Operator::suffix(suffix)) {
                    (Some(column), Some(operator)) => (column, operator),
                    (Some(column), None) => {
                        let choices = Operator::choices(&column, "_");
                        let message = format!(
                            "`{}` ends in no operator of `{field}`; there are: {choices}.",
                            shown(name)
                        );
                        self.fault(name, "unknown-operator", message);
                        return Filter::everything();
                    }
                    (None, _) => return self.unknown_parameter(name),
                }
            }
            (None, None) => return self.unknown_parameter(name),
        };
        self.test(
            &column,
            operator,
            Operand::Text(text),
            name,
            &format!("`{}`", shown(name)),
        )
    }

    fn unknown_parameter(&mut self, name: &str) -> Filter {
        let (shown, others) = (shown(name), self.others);
        let message = format!(
            "`{shown}` is neither a field of this collection nor one of {others}{FILTERS}."
        );
        self.fault(name, "unknown-parameter", message);
        Filter::everything()
    }

    /// The value of `filter`, `andFilters` or `orFilters`.
    fn filters_of(&mut self, parameter: &str, text: &str) -> Vec<Filter> {
        match parse(text) {
            Ok(value) if count_members(&value) != count_colons(text) => {
                self.fault(
                    parameter,
                    "repeated",
                    format!("`{parameter}` has an object with one name twice."),
                );
                Vec::new()
            }
            Ok(Value::Object(members)) => self.members(parameter, members, 1),
            Ok(value @ Value::Array(_)) => self.objects(parameter, parameter, value, 1),
            _ => {
                let message =
                    format!("`{parameter}` must be a JSON object, or an array of JSON objects.");
                self.fault(parameter, "type", message);
                Vec::new()
            }
        }
    }

    fn objects(&mut self, parameter: &str, place: &str, value: Value, depth: usize) -> Vec<Filter> {
        match value {
            Value::Array(objects) if !objects.is_empty() => objects
                .into_iter()
                .map(|object| self.object(parameter, place, object, depth))
                .collect(),
            _ => {
                let message = format!(
                    "`{parameter}`: `{place}` must be an array of at least one JSON object."
                );
                self.fault(parameter, "type", message);
                Vec::new()
            }
        }
    }

    fn object(&mut self, parameter: &str, place: &str, value: Value, depth: usize) -> Filter {
        if let Value::Object(members) = value {
            return all(self.members(parameter, members, depth));
        }
        self.fault(
            parameter,
            "type",
            format!("`{parameter}`: what `{place}` holds must be JSON objects."),
        );
        Filter::everything()
    }

    /// Reads the members of an object, unless it is too deep.
    pub(crate) fn members(
        &mut self,
        parameter: &str,
        members: serde_json::Map<String, Value>,
        depth: usize,
    ) -> Vec<Filter> {
        if self.is_too_deep(parameter, depth) {
            return Vec::new();
        }
        members
            .into_iter()
            .map(|(key, value)| self.member(parameter, &key, value, depth))
            .collect()
    }

    fn member(&mut self, parameter: &str, key: &str, value: Value, depth: usize) -> Filter {
        match key {
            "$and" => all(self.objects(parameter, key, value, depth + 1)),
            "$or" => any(self.objects(parameter, key, value, depth + 1)),
            "$not" => Filter::Not(Box::new(self.object(parameter, key, value, depth + 1))),
            _ => match (Column::find(self.definition, key), value) {
                (Some(column), Value::Object(tests)) => {
                    all(self.tests(parameter, &column, tests, depth))
                }
                (Some(column), value) => self.test(
                    &column,
                    Operator::Eq,
                    Operand::Json(value),
                    parameter,
                    &format!("`{parameter}`: `{key}`"),
                ),
                (None, _) if key.starts_with('$') => {
                    let message = format!(
                        "`{parameter}`: `{}` is not $and, $or, $not or a field.",
                        shown(key)
                    );
                    self.fault(parameter, "unknown-operator", message);
                    Filter::everything()
                }
                (None, _) => {
                    self.unknown_field(parameter, key);
                    Filter::everything()
                }
            },
        }
    }

    /// The operators on one field.
    fn tests(
        &mut self,
        parameter: &str,
        column: &Column,
        tests: serde_json::Map<String, Value>,
        depth: usize,
    ) -> Vec<Filter> {
        if self.is_too_deep(parameter, depth) {
            return Vec::new();
        }
        let field = column.name;
        if tests.is_empty() {
            self.fault(
                parameter,
                "type",
                format!("`{parameter}`: `{field}` has no operator."),
            );
        }
        let mut filters = Vec::new();
        for (key, value) in tests {
            let operator = key.strip_prefix('$').and_then(Operator::named);
            match (operator, value) {
                (Some(operator), value) => {
                    let place = format!("`{parameter}`: `{field}` `{key}`");
                    filters.push(self.test(
                        column,
                        operator,
                        Operand::Json(value),
                        parameter,
                        &place,
                    ));
                }
                (None, Value::Object(tests)) if key == "$not" => {
                    filters.push(Filter::Not(Box::new(all(self.tests(
                        parameter,
                        column,
                        tests,
                        depth + 1,
                    )))));
                }
                (None, _) => {
                    let choices = Operator::choices(column, "$");
                    let message = format!(
                        "`{parameter}`: `{}` is no operator of `{field}`; there are: {choices}.",
                        shown(&key)
                    );
                    self.fault(parameter, "unknown-operator", message);
                }
            }
        }
        filters
    }

    fn is_too_deep(&mut self, parameter: &str, depth: usize) -> bool {
        let too_deep = depth > MAX_DEPTH;
        if too_deep {
            self.fault(
                parameter,
                "depth",
                format!("`{parameter}` nests deeper than {MAX_DEPTH} levels."),
            );
        }
        too_deep
    }

    /// Reads one condition. `place` tells the caller its position.
    fn test(
        &mut self,
        column: &Column,
        operator: Operator,
        operand: Operand,
        parameter: &str,
        place: &str,
    ) -> Filter {
        self.conditions += 1;
        let test = if operator.fits(column) {
            operator.test(column, operand)
        } else {
            let prefix = if matches!(operand, Operand::Text(_)) {
                "_"
            } else {
                "$"
            };
            let choices = Operator::choices(column, prefix);
            Err((
                "operator",
                format!(
                    "does not go with the type of `{}`, which has: {choices}",
                    column.name
                ),
            ))
        };
        if let Ok(Test::In(values) | Test::Nin(values)) = &test {
            self.values += values.len();
        }
        match test {
            Ok(test) => Filter::Field(column.name.to_owned(), test),
            Err((code, reason)) => {
                self.fault(parameter, code, format!("{place} {reason}."));
                Filter::everything()
            }
        }
    }
}
