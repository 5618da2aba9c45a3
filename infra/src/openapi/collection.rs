//! The part of the document about one collection: what may be sent and shown, and how a list is asked for.

use std::collections::BTreeSet;

use api::Definition;
use api::definition::SYSTEM_FIELDS;
use api::endpoints::{Entry, Query};
use api::wire::BulkOperations;
use serde_json::{Value, json};

use super::filter::{columns, conditions, filter, is_searchable, orders, paths};
use super::record::{Side, properties, required};
use super::shared::{object, parameter, schema, with, with_required};
use crate::names::pascal;

/// The schemas of a collection, by name.
pub(super) fn schemas(collection: &Definition, all: &[&Definition]) -> Vec<(String, Value)> {
    let name = pascal(&collection.name);
    let of = &collection.name;
    let own = |kind: &str| schema(&format!("{name}{kind}"));
    let record = object(
        &format!("A record of `{of}`."),
        properties(collection, Side::Reply, &[]),
    );
    let view = object(
        &format!(
            "What is shown of a record of `{of}`: all of it or the `fields` asked for, relations inlined."
        ),
        properties(collection, Side::Reply, all),
    );
    let whole = required(&collection.fields, collection.owner_field(), Side::Whole);
    // A caller who may not write or see a field need not send it in a replacement.
    let ruled: Vec<&str> = collection
        .ruled()
        .map(|field| field.name.as_str())
        .collect();
    let replaced: Vec<&str> = whole
        .iter()
        .copied()
        .filter(|name| !ruled.contains(name))
        .collect();
    let always: Vec<&str> = [
        SYSTEM_FIELDS,
        &required(&collection.fields, collection.owner_field(), Side::Reply),
    ]
    .concat();
    let one = |kind: &str, body: Value| json!({ "type": "object", "properties": { kind: body }, "required": [kind], "additionalProperties": false });
    let id = json!({ "type": "string", "description": "The record's id; anything else is 404." });
    let id_alone = json!({ "type": "object", "properties": { "id": id }, "required": ["id"] });
    let deleted = with(id_alone.clone(), "additionalProperties", json!(false));
    let gone = json!({
        "type": "object",
        "properties": { "id": { "type": "string", "format": "uuid" }, "deleted": { "const": true } },
        "required": ["id", "deleted"],
        "additionalProperties": false,
    });
    vec![
        (
            format!("{name}Record"),
            with(record, "required", json!(always)),
        ),
        (format!("{name}View"), with(view, "required", json!(["id"]))),
        (
            format!("{name}Page"),
            json!({
                "type": "object",
                "description": format!("A page of `{of}`."),
                "properties": {
                    "items": { "type": "array", "items": own("View"), "maxItems": 100 },
                    "nextCursor": {
                        "type": ["string", "null"],
                        "description": "What to send as `cursor` for the next page; null at the end. A page of a \
                                        filtered list may be short, and even empty, and go on.",
                    },
                    "explain": schema("Explanation"),
                },
                "required": ["items", "nextCursor"],
                "additionalProperties": false,
            }),
        ),
        (
            format!("{name}Create"),
            with_required(
                object(
                    &format!("A new record of `{of}`."),
                    properties(collection, Side::Whole, &[]),
                ),
                &whole,
            ),
        ),
        (
            format!("{name}Patch"),
            object(
                &format!("Changes to a record of `{of}`: what is left out stays, null removes."),
                properties(collection, Side::Merge, &[]),
            ),
        ),
        (
            format!("{name}Put"),
            with_required(
                object(
                    &format!("A record of `{of}` in full: what is left out goes."),
                    properties(collection, Side::Whole, &[]),
                ),
                &replaced,
            ),
        ),
        (
            format!("{name}Bulk"),
            json!({
                "type": "object",
                "description": format!("Operations on records of `{of}`, each on another one: all or nothing."),
                "properties": {
                    "operations": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": BulkOperations::MOST,
                        "items": { "oneOf": [
                            one("create", own("Create")),
                            one("update", json!({ "allOf": [own("Patch"), id_alone] })),
                            one("delete", deleted.clone()),
                        ] },
                    },
                },
                "required": ["operations"],
                "additionalProperties": false,
            }),
        ),
        (
            format!("{name}Items"),
            json!({
                "type": "object",
                "description": format!("The records of `{of}` in the order of the operations; of a deleted one the id, and that it is."),
                "properties": { "items": { "type": "array", "items": { "anyOf": [own("Record"), gone] } } },
                "required": ["items"],
                "additionalProperties": false,
            }),
        ),
        (format!("{name}Filter"), filter(collection)),
        (format!("{name}Conditions"), conditions(collection)),
    ]
}

/// The parameters of a collection's lists, by name.
pub(super) fn parameters(collection: &Definition, all: &[&Definition]) -> Vec<(String, Value)> {
    let name = pascal(&collection.name);
    let list = |values: &[String], most: usize| json!({ "type": "array", "items": { "type": "string", "enum": values }, "minItems": 1, "maxItems": most });
    let query = |parameter: &str, description: &str, schema: Value| {
        json!({
            "name": parameter, "in": "query", "style": "form", "explode": false,
            "description": description, "schema": schema,
        })
    };
    let in_json = |parameter: &str, description: &str| {
        let filter = schema(&format!("{name}Filter"));
        let several = json!({ "type": "array", "items": filter, "minItems": 1 });
        json!({
            "name": parameter, "in": "query", "description": description,
            "content": { "application/json": { "schema": { "anyOf": [filter, several] } } },
        })
    };
    let names: Vec<String> = columns(collection)
        .map(|(name, _)| name.to_owned())
        .collect();
    let orders = orders(collection);
    let single: BTreeSet<&str> = orders
        .iter()
        .filter(|order| !order.contains(','))
        .map(|order| order.trim_start_matches('-'))
        .collect();
    let indexes: Vec<String> = collection
        .indexes
        .iter()
        .map(|index| {
            let of = if index.per_owner {
                " (of one owner)"
            } else {
                ""
            };
            format!("`{}`{of}", index.fields.join(","))
        })
        .collect();
    let declared = match indexes.is_empty() {
        true => "No other order is declared.".to_owned(),
        false => format!("The declared ones: {}.", indexes.join("; ")),
    };
    let mut parameters = vec![
        (
            format!("{name}Sort"),
            query(
                "sort",
                &format!(
                    "The order: `createdAt`, `-createdAt`, or that of a declared index or its full reverse; fields that \
                     come first in an index may be fixed by equality and left out. {declared} `field:asc` and \
                     `field:desc` say the same. Anything else is 400 and says the choices."
                ),
                json!({ "type": "string", "enum": orders, "default": "-createdAt" }),
            ),
        ),
        (
            format!("{name}SortBy"),
            query(
                "sortBy",
                "An order of one field, with `sortDirection`.",
                json!({ "type": "string", "enum": single }),
            ),
        ),
        (
            format!("{name}Fields"),
            query(
                "fields",
                "What to show of each record, beside its `id`.",
                list(&names, 100),
            ),
        ),
        (
            format!("{name}Conditions"),
            json!({
                "name": "conditions", "in": "query", "style": "form", "explode": true,
                "description": "Which records, each member a parameter of its own: `field=value`, or `field_gt=value` \
                                and the like. Several must all hold; at most 30 with those of the filters, and at most \
                                100 different values in all lists together.",
                "schema": schema(&format!("{name}Conditions")),
            }),
        ),
        (
            format!("{name}Filter"),
            in_json("filter", "Which records, as JSON; several must all hold."),
        ),
        (
            format!("{name}AndFilters"),
            in_json("andFilters", "The same as `filter`."),
        ),
        (
            format!("{name}OrFilters"),
            in_json("orFilters", "The same, but one of several must hold."),
        ),
    ];
    let paths = paths(collection, all);
    if !paths.is_empty() {
        let description =
            "The relations to inline, two levels deep; what the caller may not read stays an id.";
        parameters.push((
            format!("{name}Expand"),
            query("expand", description, list(&paths, 10)),
        ));
    }
    parameters
}

/// References to the query parameters that an endpoint of the collection takes.
pub(super) fn references(
    entry: &Entry,
    collection: &Definition,
    all: &[&Definition],
) -> Vec<Value> {
    let name = pascal(&collection.name);
    let reference = |query: &Query| match query {
        Query::Expand if paths(collection, all).is_empty() => None,
        Query::Search if !is_searchable(collection) => None,
        Query::Sort
        | Query::SortBy
        | Query::Fields
        | Query::Expand
        | Query::Conditions
        | Query::Filter
        | Query::AndFilters
        | Query::OrFilters => Some(parameter(&format!("{name}{query:?}"))),
        _ => Some(parameter(&format!("{query:?}"))),
    };
    entry.query.iter().filter_map(reference).collect()
}
