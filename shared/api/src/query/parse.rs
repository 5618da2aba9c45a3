//! The language of lists: from a query string to a [`Query`].
//!
//! A parameter is a name and a value, both after percent-decoding. Two spellings of a filter, the suffixes of `field`
//! and the JSON of `filters`, compile to the same [`Filter`]. What parameters and members say is joined by "and".
//!
//! ```ebnf
//! query      = [ parameter { "&" parameter } ] ;                  (* no name twice *)
//! parameter  = "limit=" digit { digit }                           (* 1 to 100 *)
//!            | "cursor=" text
//!            | "sort=" order { "," order }
//!            | "sortBy=" field | "sortDirection=" direction
//!            | "fields=" field { "," field }
//!            | "expand=" path { "," path }
//!            | "explain=" boolean
//!            | condition ;
//! condition  = field "=" literal                                  (* a field's own name comes before a suffix *)
//!            | field "_" compare "=" literal
//!            | field ( "_in" | "_nin" ) "=" literal { "," literal }
//!            | field "_exists=" boolean
//!            | ( "filter=" | "andFilters=" | "orFilters=" ) filters
//!            | "search=" text ;                                   (* 1 to 128 characters *)
//! compare    = "ne" | "gt" | "gte" | "lt" | "lte" | "contains" | "startsWith" ;
//! order      = [ "-" ] field | field ":" direction ;
//! direction  = "asc" | "desc" ;
//! path       = field [ "." field ] ;
//! boolean    = "true" | "false" ;
//! literal    = (* the value as the field's type writes it: text as it is, a JSON number, true or false, a date; of an
//!                 array without declared items a JSON scalar, else text *) ;
//!
//! filters    = object | "[" object { "," object } "]" ;           (* all of them; of orFilters, one of them *)
//! object     = "{" [ member { "," member } ] "}" ;                (* all of them; of an orFilters object, one *)
//! member     = ( '"$and"' | '"$or"' ) ":" "[" object { "," object } "]"
//!            | '"$not"' ":" object
//!            | '"' field '"' ":" ( value | tests ) ;              (* a value alone is $eq *)
//! tests      = "{" test { "," test } "}" ;                        (* all of them *)
//! test       = ( '"$eq"' | '"$ne"' ) ":" ( value | "null" )       (* null is absent *)
//!            | '"$' compare '"' ":" value
//!            | ( '"$in"' | '"$nin"' ) ":" "[" [ ( value | "null" ) { "," ( value | "null" ) } ] "]"
//!            | '"$exists"' ":" boolean
//!            | '"$not"' ":" tests ;
//! value      = (* a JSON string, number or boolean that fits the field's type *) ;
//! ```
//!
//! Objects nest five deep, counting the outermost and every `$and`, `$or` and `$not` in it; a query has at most 30
//! conditions, and at most 100 values in all its `$in` and `$nin` together. No object has one name twice.

use std::collections::BTreeSet;

use serde_json::{Number, Value};

use super::matches::caseless;
use super::{Filter, Query, Test};
use crate::definition::{Definition, Field, FieldType, Order};
use crate::error::{Detail, Error};
use crate::record::{canonical, is_integer};
use crate::time::Timestamp;

pub(super) const DEFAULT_LIMIT: usize = 20;
pub(super) const MAX_LIMIT: usize = 100;
const MAX_SORT: usize = 10;
const MAX_FIELDS: usize = 100;
const MAX_EXPAND: usize = 10;
pub(super) const MAX_SEARCH: usize = 128;
const MAX_CONDITIONS: usize = 30;
const MAX_DEPTH: usize = 5;
/// In all lists of a query together: a page may check every one of them on thousands of records.
const MAX_VALUES: usize = 100;

/// The parameters that say which records.
const FILTERS: &str = "filter, andFilters, orFilters, search";

/// How much of what the caller wrote an error repeats.
const MAX_SHOWN: usize = 64;

/// Reads the parameters of a list, their names and values percent-decoded.
///
/// # Errors
/// `common/validation-failed` with a detail for every parameter that is not known, comes twice or does not fit.
pub fn parse<N: AsRef<str>, V: AsRef<str>>(
    definition: &Definition,
    parameters: impl IntoIterator<Item = (N, V)>,
) -> Result<Query, Error> {
    let mut query = Query {
        limit: DEFAULT_LIMIT,
        cursor: None,
        sort: Vec::new(),
        filter: Filter::everything(),
        fields: None,
        expand: Vec::new(),
        explain: false,
    };
    let mut reader = Reader::new(
        definition,
        "limit, cursor, sort, sortBy, sortDirection, fields, expand, explain, ",
    );
    let mut sort_by = SortBy::default();
    for (name, value) in parameters {
        let (name, value) = (name.as_ref(), value.as_ref());
        if reader.is_repeated(name) {
            continue;
        }
        match name {
            "limit" => query.limit = reader.limit(value),
            "cursor" => query.cursor = Some(value.to_owned()),
            "sort" => query.sort = reader.sort(name, value),
            "sortBy" => sort_by.field = reader.sort(name, value).pop(),
            "sortDirection" => sort_by.descending = reader.direction(name, value),
            "fields" => query.fields = Some(reader.fields(value)),
            "expand" => query.expand = reader.expand(value),
            "explain" => query.explain = reader.boolean(name, value),
            _ => reader.condition(name, value),
        }
    }
    if let Some(sort) = sort_by.order() {
        if !query.sort.is_empty() && query.sort != sort {
            reader.fault(
                "sortBy",
                "conflict",
                "`sort` and `sortBy` say different things; send one of them.",
            );
        }
        query.sort = sort;
    }
    query.filter = reader.finish()?;
    Ok(query)
}

/// Reads the parameters of a count: those of a list that say which records.
///
/// # Errors
/// As [`parse`]; the other parameters of a list are not known here.
pub fn parse_filter_only<N: AsRef<str>, V: AsRef<str>>(
    definition: &Definition,
    parameters: impl IntoIterator<Item = (N, V)>,
) -> Result<Filter, Error> {
    let mut reader = Reader::new(definition, "");
    for (name, value) in parameters {
        if !reader.is_repeated(name.as_ref()) {
            reader.condition(name.as_ref(), value.as_ref());
        }
    }
    reader.finish()
}

/// `sortBy` and `sortDirection`: the older way to write an order of one field.
#[derive(Default)]
struct SortBy {
    field: Option<Order>,
    descending: Option<bool>,
}

impl SortBy {
    /// The order, if one was asked for: newest first where half of it was left out.
    fn order(self) -> Option<Vec<Order>> {
        if self.field.is_none() && self.descending.is_none() {
            return None;
        }
        let field = self
            .field
            .map_or_else(|| "createdAt".to_owned(), |order| order.field);
        Some(vec![Order {
            field,
            descending: self.descending.unwrap_or(true),
        }])
    }
}

/// A field that a query may name: one of the system, or a declared one.
struct Column<'a> {
    name: &'a str,
    kind: FieldType,
    declared: Option<&'a Field>,
}

impl<'a> Column<'a> {
    /// The one place that knows which fields there are.
    fn find(definition: &'a Definition, name: &'a str) -> Option<Self> {
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

    /// The fields that a search looks through: text, which the owner's id is not.
    fn searched(definition: &Definition) -> Vec<String> {
        let owner = definition.owner_field();
        let texts = definition
            .fields
            .iter()
            .filter(|field| field.kind == FieldType::String && field.name != owner);
        texts.map(|field| field.name.clone()).collect()
    }

    /// What the items of an array are, if that is declared.
    fn items(&self) -> Option<FieldType> {
        self.declared
            .and_then(|field| field.items.as_ref())
            .map(|items| items.kind)
    }

    fn is_scalar(&self) -> bool {
        !matches!(self.kind, FieldType::Object | FieldType::Array)
    }

    fn is_relation(&self) -> bool {
        self.declared.is_some()
            && (self.kind == FieldType::Relation || self.items() == Some(FieldType::Relation))
    }
}

/// Reads parameters, noting every fault.
pub(super) struct Reader<'a> {
    definition: &'a Definition,
    /// The parameters, beside those that say which records.
    others: &'static str,
    seen: BTreeSet<String>,
    details: Vec<Detail>,
    filters: Vec<Filter>,
    conditions: usize,
    /// How many values the lists have so far.
    values: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(definition: &'a Definition, others: &'static str) -> Self {
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

    pub(super) fn finish(mut self) -> Result<Filter, Error> {
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

    fn fault(&mut self, parameter: &str, code: &str, message: impl Into<String>) {
        self.details
            .push(Detail::new(shown(parameter), code, message));
    }

    fn is_repeated(&mut self, name: &str) -> bool {
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

    fn limit(&mut self, text: &str) -> usize {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(limit) if digits && (1..=MAX_LIMIT).contains(&limit) => limit,
            _ => {
                self.fault(
                    "limit",
                    "range",
                    format!("`limit` must be 1 to {MAX_LIMIT}."),
                );
                DEFAULT_LIMIT
            }
        }
    }

    fn boolean(&mut self, name: &str, text: &str) -> bool {
        if !matches!(text, "true" | "false") {
            self.fault(name, "type", format!("`{name}` must be true or false."));
        }
        text == "true"
    }

    fn direction(&mut self, name: &str, text: &str) -> Option<bool> {
        match text {
            "asc" => Some(false),
            "desc" => Some(true),
            _ => {
                self.fault(name, "type", format!("`{name}` must be asc or desc."));
                None
            }
        }
    }

    /// `sort`, a list of orders, or `sortBy`, a field alone.
    fn sort(&mut self, name: &str, text: &str) -> Vec<Order> {
        let mut sort: Vec<Order> = Vec::new();
        for part in self.parts(name, text, if name == "sort" { MAX_SORT } else { 1 }) {
            let order = match part.split_once(':') {
                Some((field, direction)) if name == "sort" => {
                    let Some(descending) = self.direction(name, direction) else {
                        continue;
                    };
                    Order {
                        field: field.to_owned(),
                        descending,
                    }
                }
                None if name == "sort" => Order::parse(part),
                _ => Order {
                    field: part.to_owned(),
                    descending: false,
                },
            };
            match Column::find(self.definition, &order.field) {
                None => self.unknown_field(name, &order.field),
                Some(column) if !column.is_scalar() => {
                    let message = format!(
                        "`{name}` cannot be by `{}`: it is an object or an array.",
                        order.field
                    );
                    self.fault(name, "type", message);
                }
                Some(_) if sort.iter().any(|other| other.field == order.field) => {
                    self.fault(
                        name,
                        "repeated",
                        format!("`{name}` has `{}` twice.", order.field),
                    );
                }
                Some(_) => sort.push(order),
            }
        }
        sort
    }

    fn fields(&mut self, text: &str) -> Vec<String> {
        let mut fields = Vec::new();
        for field in self.parts("fields", text, MAX_FIELDS) {
            if Column::find(self.definition, field).is_none() {
                self.unknown_field("fields", field);
            } else if !fields.iter().any(|other| other == field) {
                fields.push(field.to_owned());
            }
        }
        fields
    }

    fn expand(&mut self, text: &str) -> Vec<Vec<String>> {
        let mut paths = Vec::new();
        for part in self.parts("expand", text, MAX_EXPAND) {
            let path: Vec<String> = part.split('.').map(str::to_owned).collect();
            let first = path.first().map(String::as_str).unwrap_or_default();
            match Column::find(self.definition, first) {
                None => self.unknown_field("expand", first),
                Some(column) if !column.is_relation() => {
                    self.fault(
                        "expand",
                        "type",
                        format!("`expand`: `{first}` is not a relation."),
                    );
                }
                Some(_) if path.len() > 2 || path.iter().any(String::is_empty) => {
                    let message = format!(
                        "`expand`: a path from `{first}` is one or two fields, such as `{first}.author`."
                    );
                    self.fault("expand", "depth", message);
                }
                Some(_) if paths.contains(&path) => {}
                Some(_) => paths.push(path),
            }
        }
        paths
    }

    /// What stands between commas.
    fn parts<'t>(&mut self, name: &str, text: &'t str, most: usize) -> Vec<&'t str> {
        let parts: Vec<&str> = text.split(',').take(most + 1).collect();
        if parts.len() > most {
            self.fault(
                name,
                "range",
                format!("`{name}` has at most {most} of them, separated by commas."),
            );
            return Vec::new();
        }
        parts
    }

    fn unknown_field(&mut self, parameter: &str, field: &str) {
        let message = format!(
            "`{parameter}`: `{}` is not a field of this collection.",
            shown(field)
        );
        self.fault(parameter, "unknown-field", message);
    }

    /// A parameter that says which records.
    fn condition(&mut self, name: &str, text: &str) {
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
        match serde_json::from_str(text) {
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

    /// The members of an object. What is too deep is not looked at.
    pub(super) fn members(
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

    /// One condition. `place` says to the caller where it stands.
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

/// Every one of these holds, in the one form that this has.
pub(super) fn all(filters: Vec<Filter>) -> Filter {
    let mut parts = Vec::with_capacity(filters.len());
    for filter in filters {
        match filter {
            Filter::All(inner) => parts.extend(inner),
            filter => parts.push(filter),
        }
    }
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        Filter::All(parts)
    }
}

/// One of these holds, in the one form that this has.
pub(super) fn any(filters: Vec<Filter>) -> Filter {
    let mut parts = Vec::with_capacity(filters.len());
    for filter in filters {
        match filter {
            Filter::Any(inner) => parts.extend(inner),
            filter => parts.push(filter),
        }
    }
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        Filter::Any(parts)
    }
}

/// How many members the objects of a JSON value have.
pub(crate) fn count_members(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(count_members).sum(),
        Value::Object(members) => members.values().map(|value| count_members(value) + 1).sum(),
        _ => 0,
    }
}

/// How many members the objects of a JSON text have: one for each colon that stands in no string. The value has fewer
/// where a name came twice, and a condition would be lost.
pub(crate) fn count_colons(json: &str) -> usize {
    let (mut colons, mut in_string, mut escaped) = (0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b':' if !in_string => colons += 1,
            _ => {}
        }
    }
    colons
}

/// What the caller wrote, cut to a decent length.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(MAX_SHOWN).collect()
}

/// Why something does not fit: a code and the rest of a sentence.
type Misfit = (&'static str, String);

/// What stands on the right of an operator.
enum Operand<'a> {
    /// As a parameter says it.
    Text(&'a str),
    /// As JSON says it.
    Json(Value),
}

/// An operator of either syntax.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Eq,
    Ne,
    Gt,
    Gte,
    Lt,
    Lte,
    In,
    Nin,
    Exists,
    Contains,
    StartsWith,
}

impl Operator {
    const ALL: [(&str, Self); 11] = [
        ("eq", Self::Eq),
        ("ne", Self::Ne),
        ("gt", Self::Gt),
        ("gte", Self::Gte),
        ("lt", Self::Lt),
        ("lte", Self::Lte),
        ("in", Self::In),
        ("nin", Self::Nin),
        ("exists", Self::Exists),
        ("contains", Self::Contains),
        ("startsWith", Self::StartsWith),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, operator)| *operator)
    }

    /// The operator of a suffix: equality has none.
    fn suffix(name: &str) -> Option<Self> {
        Self::named(name).filter(|operator| *operator != Self::Eq)
    }

    /// The operators of a field, as its type has them.
    fn choices(column: &Column, prefix: &str) -> String {
        let fitting = Self::ALL
            .iter()
            .filter(|(_, operator)| operator.fits(column));
        let written = fitting.filter(|(_, operator)| prefix == "$" || *operator != Self::Eq);
        written
            .map(|(name, _)| format!("{prefix}{name}"))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Whether a field of this type has the operator.
    fn fits(self, column: &Column) -> bool {
        let has_scalars = !matches!(column.items(), Some(FieldType::Object | FieldType::Array));
        match self {
            Self::Exists => true,
            Self::StartsWith => column.kind == FieldType::String,
            Self::Contains => match column.kind {
                FieldType::String => true,
                FieldType::Array => has_scalars,
                _ => false,
            },
            _ => column.is_scalar(),
        }
    }

    fn test(self, column: &Column, operand: Operand) -> Result<Test, Misfit> {
        let kind = if column.kind == FieldType::Array {
            column.items()
        } else {
            Some(column.kind)
        };
        let value = |operand| typed(kind, written(kind, operand));
        let optional = |operand| match written(kind, operand) {
            Value::Null => Ok(None),
            value => typed(kind, value).map(Some),
        };
        Ok(match self {
            Self::Eq => Test::Eq(optional(operand)?),
            Self::Ne => Test::Ne(optional(operand)?),
            Self::Gt => Test::Gt(value(operand)?),
            Self::Gte => Test::Gte(value(operand)?),
            Self::Lt => Test::Lt(value(operand)?),
            Self::Lte => Test::Lte(value(operand)?),
            Self::In | Self::Nin => {
                let operands: Vec<Operand> = match operand {
                    Operand::Text(text) => text.split(',').map(Operand::Text).collect(),
                    Operand::Json(Value::Array(values)) => {
                        values.into_iter().map(Operand::Json).collect()
                    }
                    Operand::Json(_) => return Err(("type", "must be an array".to_owned())),
                };
                if operands.len() > MAX_VALUES {
                    return Err(("range", format!("has at most {MAX_VALUES} values")));
                }
                let mut values: Vec<Option<Value>> = Vec::with_capacity(operands.len());
                for operand in operands {
                    let value = optional(operand)?;
                    if !values.contains(&value) {
                        values.push(value);
                    }
                }
                if self == Self::In {
                    Test::In(values)
                } else {
                    Test::Nin(values)
                }
            }
            Self::Exists => match written(Some(FieldType::Boolean), operand) {
                Value::Bool(exists) => Test::Exists(exists),
                _ => return Err(("type", "must be true or false".to_owned())),
            },
            Self::Contains => Test::Contains(value(operand)?),
            Self::StartsWith => match value(operand)? {
                Value::String(start) => Test::StartsWith(start),
                _ => return Err(("type", "must be a string".to_owned())),
            },
        })
    }
}

/// An operand as JSON, a text read as a field's type writes its values. What does not read so stays a string, which
/// then does not fit.
fn written(kind: Option<FieldType>, operand: Operand) -> Value {
    let text = match operand {
        Operand::Json(value) => return value,
        Operand::Text(text) => text,
    };
    let scalar = || serde_json::from_str(text).ok();
    let read = match kind {
        // A number is nothing but its own characters: JSON would let blanks stand around it.
        Some(FieldType::Number | FieldType::Integer) => scalar()
            .filter(|value: &Value| value.is_number() && !text.contains(char::is_whitespace)),
        Some(FieldType::Boolean) => match text {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        Some(_) => None,
        None => scalar(),
    };
    read.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// A value in the form that a field of this type stores; of an array without declared items, any scalar.
fn typed(kind: Option<FieldType>, value: Value) -> Result<Value, Misfit> {
    const DATE: &str = "must be a date or an RFC 3339 date-time such as 2026-11-21T10:00:00Z";
    match (kind, value) {
        (_, Value::String(text)) if text.contains('\0') => {
            Err(("nul", "must not contain NUL characters".to_owned()))
        }
        (Some(FieldType::Date), Value::String(text)) => match Timestamp::parse(&text) {
            Some(at) => Ok(Value::String(at.to_string())),
            None => Err(("format", DATE.to_owned())),
        },
        (Some(FieldType::Relation), Value::String(id)) if id.is_empty() => {
            Err(("type", "must be an id".to_owned()))
        }
        (Some(FieldType::String | FieldType::Relation) | None, value @ Value::String(_))
        | (Some(FieldType::Boolean) | None, value @ Value::Bool(_)) => Ok(value),
        (Some(FieldType::Number | FieldType::Integer) | None, Value::Number(number)) => {
            let Some(number) = canonical(number.as_str()) else {
                let reason =
                    "must have at most 38 significant digits and be between 1e-130 and 1e126";
                return Err(("range", reason.to_owned()));
            };
            if kind == Some(FieldType::Integer) && !is_integer(&number) {
                return Err(("type", "must be a whole number".to_owned()));
            }
            match serde_json::from_str::<Number>(&number) {
                Ok(number) => Ok(Value::Number(number)),
                Err(_) => Err(("type", "must be a number".to_owned())),
            }
        }
        (kind, _) => Err((
            "type",
            match kind {
                Some(FieldType::String) => "must be a string",
                Some(FieldType::Relation) => "must be an id",
                Some(FieldType::Number) => "must be a number",
                Some(FieldType::Integer) => "must be a whole number",
                Some(FieldType::Boolean) => "must be true or false",
                Some(FieldType::Date) => DATE,
                _ => "must be a string, a number, true or false",
            }
            .to_owned(),
        )),
    }
}
