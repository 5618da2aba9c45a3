//! The language of lists: from a query string to a [`Query`].
//!
//! A parameter is a name and a value, both after percent-decoding. Two spellings of a filter, the suffixes of `field`
//! and the JSON of `filters`, compile to the same [`Filter`]. Parameters are joined by "and", and so are members.
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
//! Objects nest five deep, counting the outermost and every `$and`, `$or` and `$not` in it. A query has at most 30
//! conditions, and at most 100 values in all its `$in` and `$nin` together. No object has one name twice.

use crate::definition::{Definition, Order};
use crate::error::Error;
use crate::query::column::Column;
use crate::query::filter::Filter;
use crate::query::limits::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::query::reader::Reader;

const MAX_SORT: usize = 10;
const MAX_FIELDS: usize = 100;
const MAX_EXPAND: usize = 10;

/// The parameters of a list, checked against the collection's definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The most records to answer, 1 to 100.
    pub limit: usize,
    /// The position where the list goes on, as the caller sent it.
    pub cursor: Option<String>,
    /// The order; empty for the default, newest first.
    pub sort: Vec<Order>,
    /// The records to select; `Filter::All` of nothing selects every record.
    pub filter: Filter,
    /// The fields to show; `None` for all. `id` is always shown.
    pub fields: Option<Vec<String>>,
    /// The relations to inline, each a path of one or two fields.
    pub expand: Vec<Vec<String>>,
    /// Whether to report how the list was read; for admins alone.
    pub explain: bool,
}

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

/// Reads the parameters of a count: those of a list that select records.
///
/// # Errors
/// Those of [`parse`]; the other parameters of a list are not known here.
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

/// `sortBy` and `sortDirection`: the older notation for an order of one field.
#[derive(Default)]
struct SortBy {
    field: Option<Order>,
    descending: Option<bool>,
}

impl SortBy {
    /// The order, if the request has one: newest first where half of it was left out.
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

impl Reader<'_> {
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

    /// Reads `sort`, a list of orders, or `sortBy`, a field alone.
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

    /// The parts between commas.
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
}
