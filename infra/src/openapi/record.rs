//! The schema of a record, a profile and their fields.

use api::Definition;
use api::definition::{Field, FieldType, Format, SYSTEM_FIELDS, USERNAME, USERS};
use serde_json::{Map, Value, json};

use super::shared::{nullable, schema, with, with_required};
use crate::names::pascal;

/// Which side of a write a schema is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// A reply.
    Reply,
    /// A body that is a whole record: what has a default may be left out.
    Whole,
    /// A body that changes a record: everything may be left out.
    Merge,
}

/// Says in the schema of an object which profile fields it has, and that there are no others.
pub(crate) fn declare(schema: &mut Value, fields: &[&Field], side: Side) {
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
        // A user from before a field was required may lack it.
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
pub(super) fn required<'a>(fields: &'a [Field], owner: &str, side: Side) -> Vec<&'a str> {
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
pub(super) fn properties(
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
        // `uri` would refuse brackets in a query and letters beyond ASCII, which browsers open.
        Format::Url => ("pattern", r#"^[Hh][Tt][Tt][Pp][Ss]?://[^\s"<>\\`]+$"#),
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
