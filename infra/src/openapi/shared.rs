//! References to components, and the shapes that several parts of the document have.

use api::error::Code;
use serde_json::{Map, Value, json};

/// A reference to a schema.
pub(super) fn schema(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

pub(super) fn parameter(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

pub(super) fn response(name: &str) -> Value {
    json!({ "$ref": format!("#/components/responses/{name}") })
}

pub(super) fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

pub(super) fn points_to(reference: &Value, name: &str) -> bool {
    reference
        .get("$ref")
        .and_then(Value::as_str)
        .is_some_and(|path| path.rsplit('/').next() == Some(name))
}

pub(super) fn uncapitalised(name: &str) -> String {
    let mut chars = name.chars();
    chars
        .next()
        .map(|first| first.to_ascii_lowercase())
        .into_iter()
        .chain(chars)
        .collect()
}

/// A refusal with the codes that can occur here.
pub(super) fn refusal(status: u16, codes: &[Code], no_store: bool) -> Value {
    let mut headers = Map::from_iter([("x-request-id".to_owned(), header("RequestId"))]);
    if [429, 503].contains(&status) {
        headers.insert("Retry-After".to_owned(), header("RetryAfter"));
    }
    if no_store {
        headers.insert("Cache-Control".to_owned(), header("CacheControl"));
    }
    let description: Vec<String> = codes
        .iter()
        .map(|code| format!("`{}`: {}", code.as_str(), code.message()))
        .collect();
    // The gateway throttles as well, without a time to wait.
    let schema = match status {
        429 => json!({ "anyOf": [error_with(codes), schema("GatewayError")] }),
        _ => error_with(codes),
    };
    json!({
        "description": description.join("\n\n"),
        "headers": headers,
        "content": { "application/json": { "schema": schema } },
    })
}

/// A refusal in the terms of OAuth 2.0.
pub(super) fn oauth_refusal(status: u16) -> Value {
    let mut headers = Map::from_iter([
        ("x-request-id".to_owned(), header("RequestId")),
        ("Cache-Control".to_owned(), header("CacheControl")),
    ]);
    let (description, own) = match status {
        401 => ("`invalid_client`", Some(("WWW-Authenticate", "Challenge"))),
        429 | 503 => (
            "`temporarily_unavailable`",
            Some(("Retry-After", "RetryAfter")),
        ),
        500 => ("`server_error`", None),
        _ => (
            "`invalid_request`, `unsupported_grant_type`, `invalid_scope`",
            None,
        ),
    };
    headers.extend(own.map(|(name, component)| (name.to_owned(), header(component))));
    let schema = match status {
        429 => json!({ "anyOf": [schema("OAuthError"), schema("GatewayError")] }),
        _ => schema("OAuthError"),
    };
    json!({
        "description": description,
        "headers": headers,
        "content": { "application/json": { "schema": schema } },
    })
}

/// The error shape, narrowed to some codes.
pub(super) fn error_with(codes: &[Code]) -> Value {
    let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    json!({
        "allOf": [
            schema("Error"),
            { "properties": { "error": { "properties": { "code": { "enum": codes } } } } },
        ],
    })
}

/// An object that has these properties and no others.
pub(super) fn object(description: &str, properties: Map<String, Value>) -> Value {
    json!({ "type": "object", "description": description, "properties": properties, "additionalProperties": false })
}

pub(super) fn with(mut schema: Value, key: &str, value: Value) -> Value {
    schema[key] = value;
    schema
}

pub(super) fn with_required(schema: Value, required: &[&str]) -> Value {
    if required.is_empty() {
        schema
    } else {
        with(schema, "required", json!(required))
    }
}

/// The same schema, or null.
pub(super) fn nullable(mut schema: Value) -> Value {
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

/// A value that is compared with ids: any text, for an owner need not be one.
pub(super) fn id_operand() -> Value {
    json!({ "type": "string", "minLength": 1, "pattern": "^[^\\u0000]*$" })
}
