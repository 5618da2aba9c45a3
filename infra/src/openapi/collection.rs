//! What the document says of one collection: its records, what may be sent as one, and how a list is asked for.

use std::collections::BTreeSet;

use api::Definition;
use api::definition::{Field, FieldType, Format, SYSTEM_FIELDS, USERNAME, USERS};
use api::endpoints::{Entry, Query};
use api::wire::BulkOperations;
use serde_json::{Map, Value, json};

use super::{parameter, schema};
use crate::names::pascal;

/// Which side of a write a schema is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// What is replied.
    Reply,
    /// A body that is a whole record: what has a default may be left out.
    Whole,
    /// A body that changes a record: everything may be left out.
    Merge,
}

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
    // Who may not write or see a field need not send it in a replacement.
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

/// The schemas and parameters that all collections share.
pub(super) fn shared_schemas() -> Vec<(&'static str, Value)> {
    let tests = |operand: Value, more: &[(&str, Value)]| {
        let or_null = json!({ "anyOf": [operand, { "type": "null" }] });
        let several = json!({ "type": "array", "items": or_null, "maxItems": 100 });
        let mut operators = Map::from_iter([
            ("$eq".to_owned(), or_null.clone()),
            ("$ne".to_owned(), or_null),
            ("$in".to_owned(), several.clone()),
            ("$nin".to_owned(), several),
            ("$exists".to_owned(), json!({ "type": "boolean" })),
        ]);
        operators
            .extend(["$gt", "$gte", "$lt", "$lte"].map(|name| (name.to_owned(), operand.clone())));
        operators.extend(
            more.iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
        json!({
            "type": "object", "description": "Conditions on one field: all of them hold.",
            "properties": operators, "minProperties": 1, "additionalProperties": false,
        })
    };
    let text = schema("Text");
    vec![
        (
            "Text",
            json!({ "type": "string", "pattern": "^[^\\u0000]*$", "description": "Text without NUL." }),
        ),
        (
            "Integer",
            json!({
                "type": "integer",
                "minimum": serde_json::from_str::<Value>(&format!("-{}", "9".repeat(38))).unwrap_or_default(),
                "maximum": serde_json::from_str::<Value>(&"9".repeat(38)).unwrap_or_default(),
            }),
        ),
        (
            "Number",
            json!({
                "type": "number",
                "description": "At most 38 significant digits, of a magnitude from 1e-130 to less than 1e126, or 0.",
            }),
        ),
        (
            "Date",
            json!({
                "anyOf": [{ "type": "string", "format": "date-time" }, { "type": "string", "format": "date" }],
                "description": "An RFC 3339 date-time from 1970 on, kept in UTC with milliseconds, or a date, its \
                                midnight.",
            }),
        ),
        (
            "Reference",
            json!({
                "type": "string",
                "format": "uuid",
                "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
                "description": "The id of a record or user that exists and that the caller may read.",
            }),
        ),
        (
            "TextTests",
            tests(
                text.clone(),
                &[("$contains", text.clone()), ("$startsWith", text)],
            ),
        ),
        ("IdTests", tests(id_operand(), &[])),
        ("NumberTests", tests(schema("Number"), &[])),
        ("IntegerTests", tests(schema("Integer"), &[])),
        ("BooleanTests", tests(json!({ "type": "boolean" }), &[])),
        ("DateTests", tests(schema("Date"), &[])),
    ]
}

/// The parameters that all lists share.
pub(super) fn shared_parameters() -> Value {
    json!({
        "Limit": {
            "name": "limit", "in": "query",
            "description": "How many records to answer at most.",
            "schema": { "type": "integer", "minimum": 1, "maximum": 100, "default": 20 },
        },
        "Cursor": {
            "name": "cursor", "in": "query",
            "description": "The `nextCursor` of the page before: opaque, valid for 24 hours, for this list and caller.",
            "schema": { "type": "string" },
        },
        "SortDirection": {
            "name": "sortDirection", "in": "query",
            "description": "The direction of `sortBy`.",
            "schema": { "type": "string", "enum": ["asc", "desc"], "default": "desc" },
        },
        "Explain": {
            "name": "explain", "in": "query",
            "description": "Whether to tell how the list was read; for admins alone.",
            "schema": { "type": "boolean", "default": false },
        },
        "Search": {
            "name": "search", "in": "query",
            "description": "Text that one of the string fields has in it, whatever the case.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[^\\u0000]*$" },
        },
    })
}

/// An object that has these properties and no others.
fn object(description: &str, properties: Map<String, Value>) -> Value {
    json!({ "type": "object", "description": description, "properties": properties, "additionalProperties": false })
}

fn with(mut schema: Value, key: &str, value: Value) -> Value {
    schema[key] = value;
    schema
}

fn with_required(schema: Value, required: &[&str]) -> Value {
    if required.is_empty() {
        schema
    } else {
        with(schema, "required", json!(required))
    }
}

/// Says in the schema of an object which profile fields it has, and that there are no others.
pub(super) fn declare(schema: &mut Value, fields: &[&Field], side: Side) {
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    let of_object = |key: &str| members.get(key).cloned();
    let mut properties = of_object("properties").unwrap_or_else(|| json!({}));
    let mut required = of_object("required").unwrap_or_else(|| json!([]));
    for field in fields {
        let is_required = field.required && field.default.is_none();
        let value = match side {
            Side::Reply => field_schema(field, side, &[]),
            _ if field.required => field_schema(field, side, &[]),
            _ => nullable(field_schema(field, side, &[])),
        };
        properties[&field.name] = if field.name == USERNAME {
            username(value)
        } else {
            value
        };
        // Who was there before a field was required may be without it.
        if let (Side::Whole, true, Some(required)) = (side, is_required, required.as_array_mut()) {
            required.push(json!(field.name));
        }
    }
    members.insert("type".to_owned(), json!("object"));
    members.insert("properties".to_owned(), properties);
    if required
        .as_array()
        .is_some_and(|required| !required.is_empty())
    {
        members.insert("required".to_owned(), required);
    }
    members.insert("additionalProperties".to_owned(), json!(false));
}

/// The schema of a username, with what holds of every one.
fn username(mut schema: Value) -> Value {
    for (key, value) in [("minLength", json!(3)), ("maxLength", json!(50))] {
        let members = schema.as_object_mut();
        if let Some(members) = members {
            members.entry(key).or_insert(value);
        }
    }
    if schema["pattern"]
        .as_str()
        .is_none_or(|pattern| pattern == "^[^\\u0000]*$")
    {
        schema["pattern"] = json!("^[a-zA-Z0-9_.-]*$");
    }
    schema
}

/// The fields that must be there.
fn required<'a>(fields: &'a [Field], owner: &str, side: Side) -> Vec<&'a str> {
    let required = fields
        .iter()
        .filter(|field| field.required && field.name != owner);
    // Of a reply, what not everybody sees may be missing.
    let required = required.filter(|field| {
        if side == Side::Reply {
            field.read.is_public()
        } else {
            field.default.is_none()
        }
    });
    required.map(|field| field.name.as_str()).collect()
}

/// The properties of a record; relations to `expandable` collections may be records.
fn properties(
    collection: &Definition,
    side: Side,
    expandable: &[&Definition],
) -> Map<String, Value> {
    let owner = collection.owner_field();
    let system = match side {
        Side::Reply => system_fields(),
        _ => {
            let ignored = json!({ "readOnly": true, "description": "Ignored." });
            SYSTEM_FIELDS
                .iter()
                .map(|name| ((*name).to_owned(), ignored.clone()))
                .collect()
        }
    };
    let declared = collection.fields.iter().map(|field| {
        let value = match side {
            Side::Reply if field.name == owner => nullable(field_schema(field, side, expandable)),
            _ if field.name == owner => owner_schema(field),
            Side::Reply => field_schema(field, side, expandable),
            // Null removes a field, or asks for its default.
            Side::Whole if field.required && field.default.is_none() => {
                field_schema(field, side, &[])
            }
            Side::Merge if field.required => field_schema(field, side, &[]),
            _ => nullable(field_schema(field, side, &[])),
        };
        (field.name.clone(), value)
    });
    system.into_iter().chain(declared).collect()
}

fn system_fields() -> Map<String, Value> {
    let fields = json!({
        "id": { "type": "string", "format": "uuid", "readOnly": true },
        "createdAt": { "type": "string", "format": "date-time", "readOnly": true },
        "updatedAt": { "type": "string", "format": "date-time", "readOnly": true },
        "createdBy": {
            "type": ["string", "null"],
            "format": "uuid",
            "readOnly": true,
            "description": "The user who created it; null for a stranger.",
        },
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// The schema of a field's value, with all that the field demands of it.
fn field_schema(field: &Field, side: Side, expandable: &[&Definition]) -> Value {
    let is_reply = side == Side::Reply;
    let mut value = match field.kind {
        FieldType::String if is_reply => json!({ "type": "string" }),
        // A pattern of its own stands in the place of the one of `Text`.
        FieldType::String => json!({ "type": "string", "pattern": "^[^\\u0000]*$" }),
        FieldType::Number if is_reply => json!({ "type": "number" }),
        FieldType::Integer if is_reply => json!({ "type": "integer" }),
        FieldType::Number => schema("Number"),
        FieldType::Integer => schema("Integer"),
        FieldType::Boolean => json!({ "type": "boolean" }),
        FieldType::Date if is_reply => json!({ "type": "string", "format": "date-time" }),
        FieldType::Date => schema("Date"),
        FieldType::Object => match &field.fields {
            Some(fields) => nested(fields, side),
            None => json!({ "type": "object" }),
        },
        FieldType::Array => match &field.items {
            Some(items) => {
                json!({ "type": "array", "items": field_schema(items, side, expandable) })
            }
            None => json!({ "type": "array" }),
        },
        FieldType::Relation => relation(field, side, expandable),
    };
    let members = value.as_object_mut();
    let Some(members) = members else { return value };
    let mut set = |key: &str, value: Option<Value>| {
        members.extend(value.map(|value| (key.to_owned(), value)))
    };
    let (least, most) = if field.kind == FieldType::Array {
        ("minItems", "maxItems")
    } else {
        ("minLength", "maxLength")
    };
    set(least, field.min_length.map(Value::from));
    set(most, field.max_length.map(Value::from));
    set("minimum", field.min.clone().map(Value::from));
    set("maximum", field.max.clone().map(Value::from));
    let format = field.format.map(|format| match format {
        Format::Email => ("format", "email"),
        Format::Url => ("format", "uri"),
        Format::Uuid => ("format", "uuid"),
        Format::Slug => ("pattern", "^[a-z0-9]+(-[a-z0-9]+)*$"),
        Format::Color => ("pattern", "^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"),
    });
    if let Some((key, format)) = format {
        set(key, Some(json!(format)));
    }
    set(
        "pattern",
        field.pattern.as_ref().map(|pattern| json!(pattern)),
    );
    // A date may be sent in other spellings than the one that is kept.
    if field.kind != FieldType::Date || is_reply {
        set("enum", field.choices.as_ref().map(|choices| json!(choices)));
    }
    let mut said = Vec::new();
    if is_reply {
        said.extend((!field.read.is_public()).then(|| format!("Shown to: {}.", field.read)));
    } else {
        set(
            "default",
            field.default.clone().filter(|_| side == Side::Whole),
        );
        said.extend(
            field
                .unique
                .then(|| "No two records have the same; 409 otherwise.".to_owned()),
        );
        said.extend(
            (!field.write.is_public())
                .then(|| format!("To be sent by: {}; 403 otherwise.", field.write)),
        );
    }
    set(
        "description",
        Some(said.join(" "))
            .filter(|said| !said.is_empty())
            .map(Value::from),
    );
    value
}

/// An object with declared fields: it is always sent as a whole.
fn nested(fields: &[Field], side: Side) -> Value {
    let side = if side == Side::Merge {
        Side::Whole
    } else {
        side
    };
    let properties = fields.iter().map(|field| {
        let value = field_schema(field, side, &[]);
        let may_be_null = side == Side::Whole && !(field.required && field.default.is_none());
        (
            field.name.clone(),
            if may_be_null { nullable(value) } else { value },
        )
    });
    let properties: Map<String, Value> = properties.collect();
    let object =
        json!({ "type": "object", "properties": properties, "additionalProperties": false });
    with_required(object, &required(fields, "", side))
}

fn relation(field: &Field, side: Side, expandable: &[&Definition]) -> Value {
    let id = json!({ "type": "string", "format": "uuid" });
    let target = field.collection.as_deref().unwrap_or(USERS);
    match side {
        Side::Reply
            if expandable
                .iter()
                .any(|collection| collection.name == target) =>
        {
            json!({ "anyOf": [id, schema(&format!("{}View", pascal(target)))] })
        }
        // The caller's own account, or for admins any.
        Side::Reply if target == USERS && !expandable.is_empty() => {
            json!({ "anyOf": [id, schema("User")] })
        }
        Side::Reply => id,
        _ => schema("Reference"),
    }
}

/// The owner field as a caller may send it: an empty string is as good as none.
fn owner_schema(field: &Field) -> Value {
    let description = "The owner's id; the caller's when it is left out, null or empty. Only admins name another.";
    let form = match field.kind {
        FieldType::Relation => {
            json!({ "anyOf": [schema("Reference"), { "type": "string", "maxLength": 0 }] })
        }
        _ => json!({ "type": "string", "maxLength": 128, "pattern": "^[^\\u0000]*$" }),
    };
    with(nullable(form), "description", json!(description))
}

/// The same schema, or null.
fn nullable(mut schema: Value) -> Value {
    let Some(kind) = schema.get("type").cloned() else {
        return match schema.get_mut("anyOf").and_then(Value::as_array_mut) {
            Some(forms) => {
                forms.push(json!({ "type": "null" }));
                schema
            }
            None => json!({ "anyOf": [schema, { "type": "null" }] }),
        };
    };
    schema["type"] = json!([kind, "null"]);
    if let Some(choices) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        choices.push(Value::Null);
    }
    schema
}

/// The fields that a list may name, each with its declaration or the type that it has in every collection.
fn columns(collection: &Definition) -> impl Iterator<Item = (&str, Column<'_>)> {
    let system = SYSTEM_FIELDS.iter().map(|name| {
        let kind = if name.ends_with("At") {
            FieldType::Date
        } else {
            FieldType::Relation
        };
        (*name, Column { kind, items: None })
    });
    let declared = collection.fields.iter().map(|field| {
        (
            field.name.as_str(),
            Column {
                kind: field.kind,
                items: field.items.as_deref(),
            },
        )
    });
    system.chain(declared)
}

/// What a condition on a field needs to know of it.
struct Column<'a> {
    kind: FieldType,
    items: Option<&'a Field>,
}

/// A value that is compared with ids: any text, for an owner need not be one.
fn id_operand() -> Value {
    json!({ "type": "string", "minLength": 1, "pattern": "^[^\\u0000]*$" })
}

/// What a scalar of this type is compared with, as JSON.
fn operand(kind: FieldType) -> Option<Value> {
    Some(match kind {
        FieldType::String => schema("Text"),
        FieldType::Number => schema("Number"),
        FieldType::Integer => schema("Integer"),
        FieldType::Boolean => json!({ "type": "boolean" }),
        FieldType::Date => schema("Date"),
        FieldType::Relation => id_operand(),
        FieldType::Object | FieldType::Array => return None,
    })
}

impl Column<'_> {
    /// What an array of these may be asked to contain; `None` where nothing can be asked.
    fn contained(&self) -> Option<Value> {
        match self.items {
            Some(items) => operand(items.kind),
            None => {
                Some(json!({ "anyOf": [schema("Text"), schema("Number"), { "type": "boolean" }] }))
            }
        }
    }

    /// The conditions on it, as JSON.
    fn tests(&self) -> Value {
        let tests = |kind: &str| {
            let value = operand(self.kind).unwrap_or_default();
            json!({ "anyOf": [value, { "type": "null" }, schema(&format!("{kind}Tests"))] })
        };
        match self.kind {
            FieldType::String => tests("Text"),
            FieldType::Relation => tests("Id"),
            FieldType::Number => tests("Number"),
            FieldType::Integer => tests("Integer"),
            FieldType::Boolean => tests("Boolean"),
            FieldType::Date => tests("Date"),
            FieldType::Object | FieldType::Array => {
                let mut operators = json!({ "$exists": { "type": "boolean" } });
                if let Some(contained) = self.contained().filter(|_| self.kind == FieldType::Array)
                {
                    operators["$contains"] = contained;
                }
                json!({
                    "type": "object", "properties": operators, "minProperties": 1, "additionalProperties": false,
                })
            }
        }
    }
}

/// What `filter` may say.
fn filter(collection: &Definition) -> Value {
    let name = pascal(&collection.name);
    let itself = schema(&format!("{name}Filter"));
    let several = json!({ "type": "array", "items": itself, "minItems": 1 });
    let joined = [
        ("$and", several.clone()),
        ("$or", several),
        ("$not", itself),
    ];
    let joined = joined
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    let fields = columns(collection).map(|(name, column)| (name.to_owned(), column.tests()));
    object(
        "Which records: all members hold. At most 30 conditions, nested at most 5 deep.",
        joined.chain(fields).collect(),
    )
}

/// What the suffixes of the fields may say: a member is a parameter of its own.
fn conditions(collection: &Definition) -> Value {
    let mut members = Map::new();
    for (name, column) in columns(collection) {
        let mut add = |suffix: &str, value: Value| members.insert(format!("{name}{suffix}"), value);
        add("_exists", json!({ "type": "boolean" }));
        if let Some(contained) = column
            .contained()
            .filter(|_| column.kind == FieldType::Array)
        {
            add("_contains", contained);
        }
        let Some(operand) = operand(column.kind) else {
            continue;
        };
        for suffix in ["", "_ne", "_gt", "_gte", "_lt", "_lte"] {
            add(suffix, operand.clone());
        }
        for suffix in ["_in", "_nin"] {
            add(suffix, values(column.kind));
        }
        if column.kind == FieldType::String {
            add("_contains", operand.clone());
            add("_startsWith", operand);
        }
    }
    // A declared field comes before a suffix of another.
    for (name, column) in columns(collection) {
        if let Some(operand) = operand(column.kind) {
            members.insert(name.to_owned(), operand);
        }
    }
    object("Conditions on fields.", members)
}

/// Several values of a type with commas between, as a parameter has them.
fn values(kind: FieldType) -> Value {
    let one = match kind {
        FieldType::Number => r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?",
        FieldType::Integer => r"-?(0|[1-9][0-9]*)",
        FieldType::Boolean => "(true|false)",
        FieldType::Date => "[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt][0-9:.]+([Zz]|[+-][0-9:]+))?",
        FieldType::Relation => r"[^,\u0000]+",
        _ => r"[^,\u0000]*",
    };
    json!({ "type": "string", "pattern": format!("^{one}(,{one}){{0,99}}$") })
}

/// The orders that some index serves, alone or with its first fields fixed.
fn orders(collection: &Definition) -> Vec<String> {
    let mut orders = vec!["-createdAt".to_owned(), "createdAt".to_owned()];
    for index in &collection.indexes {
        for fixed in 0..index.fields.len() {
            let rest = index.fields.get(fixed..).unwrap_or_default();
            let reverse = rest.iter().map(|field| match field.strip_prefix('-') {
                Some(field) => field.to_owned(),
                None => format!("-{field}"),
            });
            for order in [rest.join(","), reverse.collect::<Vec<_>>().join(",")] {
                if !orders.contains(&order) {
                    orders.push(order);
                }
            }
        }
    }
    orders
}

/// The paths that `expand` takes: relations, and the relations of where they lead.
fn paths(collection: &Definition, all: &[&Definition]) -> Vec<String> {
    let mut paths = Vec::new();
    for (name, target) in relations(collection) {
        paths.push(name.to_owned());
        let target = all.iter().find(|definition| definition.name == target);
        paths.extend(
            target
                .into_iter()
                .flat_map(|target| relations(target))
                .map(|(next, _)| format!("{name}.{next}")),
        );
    }
    paths
}

fn relations(collection: &Definition) -> impl Iterator<Item = (&str, &str)> {
    collection.fields.iter().filter_map(|field| {
        let leads = [Some(field), field.items.as_deref()]
            .into_iter()
            .flatten()
            .find(|it| it.kind == FieldType::Relation);
        Some((field.name.as_str(), leads?.collection.as_deref()?))
    })
}

fn is_searchable(collection: &Definition) -> bool {
    let owner = collection.owner_field();
    collection
        .fields
        .iter()
        .any(|field| field.kind == FieldType::String && field.name != owner)
}
