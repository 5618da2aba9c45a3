//! `docs/openapi.json`: the API as OpenAPI 3.1, each declared collection with its own paths and schemas.

use std::collections::{BTreeMap, BTreeSet};

use api::definition::{Field, FieldType, SYSTEM_FIELDS};
use api::endpoints::{Entry, Guard, Method, schemas};
use api::error::{Code, ErrorBody};
use api::wire::RecordCount;
use api::{Definition, Operation, Rule};
use schemars::generate::{Contract, SchemaGenerator, SchemaSettings};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::names::pascal;

const DESCRIPTION: &str = "\
Accounts, sessions and records over HTTP. Bodies are JSON objects in UTF-8 of at most 256 KiB, a query string at most \
4 KiB. Every reply of the service carries `x-request-id`, and every refusal has one shape, `Error`, with a code out of \
one closed list. What the gateway refuses by itself (throttling, headers over 10 KB, a time-out) is \
`{\"message\": …}` instead. A path that does not exist is 404 `common/not-found`, a method that a path does not answer \
405 `common/method-not-allowed` with `Allow`. An `Authorization` header that is present and invalid is 401, also where \
none is needed; `register`, `login` and `refresh` never read it.";

/// The file's text.
///
/// # Errors
/// An endpoint has no schemas, or two operations would share an id.
pub fn draw(page: &[&Entry], collections: &[&Definition]) -> Result<String, String> {
    let mut document = Document::new();
    for entry in page {
        match entry.guard {
            guard if guard.is_of_records() => {
                for collection in collections {
                    document.collection(entry, collection)?;
                }
            }
            _ if entry.methods.is_empty() => {}
            _ => document.plain(entry)?,
        }
    }
    for collection in collections {
        document.schemas.extend(collection_schemas(collection));
    }
    let tags = document.tags(collections);
    document.finish_schemas();
    let text = serde_json::to_string_pretty(&OpenApi {
        openapi: "3.1.0",
        generated: "by cargo generate; edit shared/api/src/endpoints.rs or collections/ instead",
        info: json!({
            "title": "Bakend",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        }),
        servers: json!([{ "url": "http://localhost:8080", "description": "cargo dev" }]),
        tags,
        paths: document.paths,
        components: json!({
            "schemas": document.schemas,
            "headers": headers(),
            "parameters": parameters(),
            "responses": responses(),
            "securitySchemes": {
                "accessToken": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
            },
        }),
    })
    .map_err(|error| format!("Cannot write docs/openapi.json: {error}"))?;
    Ok(text + "\n")
}

/// The file, in the order in which a person reads it.
#[derive(Serialize)]
struct OpenApi {
    openapi: &'static str,
    #[serde(rename = "x-generated")]
    generated: &'static str,
    info: Value,
    servers: Value,
    tags: Value,
    paths: BTreeMap<String, BTreeMap<String, Value>>,
    components: Value,
}

/// The document while it is put together.
struct Document {
    paths: BTreeMap<String, BTreeMap<String, Value>>,
    schemas: Map<String, Value>,
    ids: BTreeSet<String>,
    /// What a caller sends: an absent `Option` is left out.
    bodies: SchemaGenerator,
    /// The schemas that bodies point to.
    sent: Vec<Value>,
    /// What a caller receives: an absent `Option` is null.
    replies: SchemaGenerator,
}

/// What an operation adds to its entry.
struct Shape<'a> {
    id: String,
    tag: &'a str,
    /// The body's schema and whether it must be there.
    body: Option<(Value, bool)>,
    /// The reply's schema, unless it has no body.
    reply: Option<Value>,
    parameters: Vec<Value>,
    /// The codes it may answer, beside those of every endpoint.
    codes: Vec<Code>,
    security: Value,
    headers: &'a [&'a str],
}

impl Document {
    fn new() -> Self {
        let generator = |contract: Contract| {
            let mut settings = SchemaSettings::draft2020_12();
            settings.definitions_path = "/components/schemas".into();
            settings.contract = contract;
            settings.into_generator()
        };
        Self {
            paths: BTreeMap::new(),
            schemas: Map::new(),
            ids: BTreeSet::new(),
            bodies: generator(Contract::Deserialize),
            sent: Vec::new(),
            replies: generator(Contract::Serialize),
        }
    }

    /// An endpoint whose path is as it stands.
    fn plain(&mut self, entry: &Entry) -> Result<(), String> {
        let missing = || format!("{} has no schemas in the endpoint page.", entry.name);
        let (body, _) = schemas(entry.name, &mut self.bodies).ok_or_else(missing)?;
        let (_, reply) = schemas(entry.name, &mut self.replies).ok_or_else(missing)?;
        let body = Value::from(body);
        let body = (!points_to(&body, "NoBody")).then(|| {
            let required = self.is_object_with_required_fields(&body);
            self.sent.push(body.clone());
            (body, required)
        });
        let is_auth = entry.path.starts_with("/api/auth/");
        let id = pascal(entry.name);
        let shape = Shape {
            id: uncapitalised(&id),
            tag: if is_auth { "auth" } else { "service" },
            body,
            reply: (entry.status != 204).then(|| Value::from(reply)),
            parameters: if entry.name == "refresh" { vec![parameter("IdempotencyKey")] } else { Vec::new() },
            codes: Vec::new(),
            security: match entry.guard {
                Guard::Open => json!([]),
                // The body may name the session instead.
                _ => json!([{ "accessToken": [] }, {}]),
            },
            headers: if is_auth { &["Cache-Control"] } else { &[] },
        };
        for method in entry.methods {
            self.operation(entry, *method, entry.path, &shape)?;
        }
        Ok(())
    }

    /// An endpoint of every collection, for one of them.
    fn collection(&mut self, entry: &Entry, collection: &Definition) -> Result<(), String> {
        let name = pascal(&collection.name);
        let path = entry.path.replace("{collection}", &collection.name);
        let open = operations(entry).iter().any(|operation| collection.rule(*operation) == Rule::Public);
        let token = json!({ "accessToken": [] });
        for method in entry.methods {
            let reply = |name: &str| schema(&format!("{}{name}", pascal(&collection.name)));
            let (verb, body, reply) = match (entry.name, method) {
                ("records-create", _) => ("Create", Some("Create"), reply("Record")),
                ("records-list", _) => ("List", None, reply("Page")),
                ("records-count", _) => ("Count", None, schema("RecordCount")),
                ("records-spec", _) => ("Spec", None, schema("Definition")),
                ("records-bulk", _) => ("Bulk", Some("Bulk"), reply("Items")),
                ("records-get", _) => ("Get", None, reply("Record")),
                ("records-update", Method::Put) => ("Replace", Some("Put"), reply("Record")),
                ("records-update", _) => ("Update", Some("Patch"), reply("Record")),
                ("records-delete", _) => ("Delete", None, Value::Null),
                _ => return Err(format!("{} is not known here: say what it sends and replies.", entry.name)),
            };
            let mut parameters = Vec::new();
            if path.contains("{id}") {
                parameters.push(parameter("RecordId"));
            }
            if entry.name == "records-list" {
                parameters.extend([parameter("Limit"), parameter("Cursor")]);
            }
            let shape = Shape {
                id: format!("{}{verb}", uncapitalised(&name)),
                tag: &collection.name,
                body: body.map(|kind| (schema(&format!("{name}{kind}")), true)),
                reply: (entry.status != 204).then_some(reply),
                parameters,
                codes: rule_codes(entry, collection),
                security: if open { json!([{}, token]) } else { json!([token]) },
                headers: match entry.name {
                    "records-create" => &["Location"],
                    _ if *method == Method::Get => &["Cache-Control", "Vary"],
                    _ => &[],
                },
            };
            self.operation(entry, *method, &path, &shape)?;
        }
        Ok(())
    }

    fn operation(&mut self, entry: &Entry, method: Method, path: &str, shape: &Shape<'_>) -> Result<(), String> {
        if !self.ids.insert(shape.id.clone()) {
            return Err(format!("Two operations would be called {}: rename an endpoint or a collection.", shape.id));
        }
        let mut operation = json!({
            "operationId": shape.id,
            "summary": summary(entry, shape),
            "tags": [shape.tag],
            "security": shape.security,
            "responses": operation_responses(entry, shape),
        });
        if !shape.parameters.is_empty() {
            operation["parameters"] = json!(shape.parameters);
        }
        if let Some((schema, required)) = &shape.body {
            operation["requestBody"] =
                json!({ "required": required, "content": { "application/json": { "schema": schema } } });
        }
        self.paths.entry(path.to_owned()).or_default().insert(method.as_str().to_lowercase(), operation);
        Ok(())
    }

    /// Whether the schema that `reference` points to has a field that must be there.
    fn is_object_with_required_fields(&self, reference: &Value) -> bool {
        let definitions = self.bodies.definitions();
        definitions
            .iter()
            .find(|(name, _)| points_to(reference, name))
            .and_then(|(_, schema)| schema.get("required"))
            .and_then(Value::as_array)
            .is_some_and(|required| !required.is_empty())
    }

    fn tags(&self, collections: &[&Definition]) -> Value {
        let mut tags = vec![
            json!({ "name": "auth", "description": "Accounts, tokens and sessions." }),
            json!({ "name": "service", "description": "The service itself." }),
        ];
        tags.extend(collections.iter().map(|collection| {
            json!({ "name": collection.name, "description": format!("The collection `{}`.", collection.name) })
        }));
        Value::from(tags)
    }

    /// Gathers the schemas of the wire types, and puts the closed list of codes into the error's.
    fn finish_schemas(&mut self) {
        self.replies.subschema_for::<ErrorBody>();
        self.replies.subschema_for::<Definition>();
        self.replies.subschema_for::<RecordCount>();
        // Either generator has seen both sides, so only what bodies point to is taken from theirs.
        let sent = self.bodies.take_definitions(true).into_iter();
        let sent = sent.filter(|(name, _)| self.sent.iter().any(|body| points_to(body, name)));
        let received = self.replies.take_definitions(true).into_iter();
        let received = received.filter(|(name, _)| !["NoBody", "NoContent"].contains(&name.as_str()));
        self.schemas.extend(received.chain(sent));
        let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        let listed: Vec<String> = Code::ALL
            .iter()
            .map(|code| format!("- `{}` ({}): {}", code.as_str(), code.status(), code.message()))
            .collect();
        self.schemas.insert(
            "ErrorCode".to_owned(),
            json!({ "type": "string", "enum": codes, "description": listed.join("\n") }),
        );
        if let Some(code) = self.schemas.get_mut("ErrorContent").and_then(|it| it.pointer_mut("/properties/code")) {
            *code = schema("ErrorCode");
        }
        self.schemas.insert(
            "GatewayError".to_owned(),
            json!({
                "type": "object",
                "description": "What the gateway refuses by itself.",
                "properties": { "message": { "type": "string" } },
                "required": ["message"],
            }),
        );
    }
}

/// A reference to a schema.
fn schema(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn parameter(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

fn points_to(reference: &Value, name: &str) -> bool {
    reference.get("$ref").and_then(Value::as_str).is_some_and(|path| path.rsplit('/').next() == Some(name))
}

fn uncapitalised(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect()
}

/// The entry's sentence, with the collection where it has one.
fn summary(entry: &Entry, shape: &Shape<'_>) -> String {
    let sentence = entry.doc.replace('`', "");
    let sentence = sentence.trim_end_matches('.');
    if entry.guard.is_of_records() { format!("{sentence} ({})", shape.tag) } else { sentence.to_owned() }
}

/// What is done to records by an endpoint of theirs.
fn operations(entry: &Entry) -> Vec<Operation> {
    match entry.guard {
        Guard::Rule(operation) => vec![operation],
        Guard::Rules => vec![Operation::Create, Operation::Update, Operation::Delete],
        Guard::Open | Guard::Signed => Vec::new(),
    }
}

/// What the rules of an endpoint's operations, and the owner field, may refuse.
fn rule_codes(entry: &Entry, collection: &Definition) -> Vec<Code> {
    let mut codes = vec![Code::InvalidToken, Code::TokenExpired, Code::SessionRevoked];
    let may_name_an_owner = collection.owner_is_declared();
    for operation in operations(entry) {
        let rule = collection.rule(operation);
        if rule != Rule::Public {
            codes.push(Code::AuthenticationRequired);
        }
        let forbids = match operation {
            // What the caller may not read does not exist for them: 404.
            Operation::Read => false,
            Operation::List => rule == Rule::Admin,
            Operation::Create => rule == Rule::Admin || may_name_an_owner,
            Operation::Update => matches!(rule, Rule::Owner | Rule::Admin) || may_name_an_owner,
            Operation::Delete => matches!(rule, Rule::Owner | Rule::Admin),
        };
        if forbids {
            codes.push(Code::Forbidden);
        }
        match operation {
            Operation::List => codes.push(Code::ValidationFailed),
            Operation::Create | Operation::Update => codes.push(Code::RecordTooLarge),
            Operation::Read | Operation::Delete => {}
        }
    }
    codes
}

/// Every response an operation can have, by status.
fn operation_responses(entry: &Entry, shape: &Shape<'_>) -> BTreeMap<String, Value> {
    let mut codes: BTreeSet<&str> = BTreeSet::new();
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    let mut all = vec![Code::InvalidRequest];
    if shape.body.is_some() {
        all.extend([Code::InvalidJson, Code::ValidationFailed, Code::PayloadTooLarge, Code::UnsupportedMediaType]);
    }
    if !entry.access.is_empty() {
        all.extend([Code::Internal, Code::Unavailable]);
    }
    all.extend(entry.errors);
    all.extend(&shape.codes);
    for code in all {
        if codes.insert(code.as_str()) {
            by_status.entry(code.status()).or_default().push(code);
        }
    }
    let mut responses = BTreeMap::from([
        (entry.status.to_string(), success(entry, shape)),
        ("429".to_owned(), json!({ "$ref": "#/components/responses/Throttled" })),
    ]);
    for (status, codes) in by_status {
        responses.insert(status.to_string(), refusal(status, &codes, shape.headers.contains(&"Cache-Control")));
    }
    responses
}

fn success(entry: &Entry, shape: &Shape<'_>) -> Value {
    let mut headers = Map::from_iter([("x-request-id".to_owned(), header("RequestId"))]);
    headers.extend(shape.headers.iter().map(|name| ((*name).to_owned(), header(&name.replace('-', "")))));
    let description = match entry.status {
        201 => "Created.",
        204 => "Done.",
        _ => "The reply.",
    };
    let mut response = json!({ "description": description, "headers": headers });
    if let Some(schema) = &shape.reply {
        response["content"] = json!({ "application/json": { "schema": schema } });
    }
    response
}

/// A refusal with the codes that can occur here.
fn refusal(status: u16, codes: &[Code], no_store: bool) -> Value {
    let mut headers = Map::from_iter([("x-request-id".to_owned(), header("RequestId"))]);
    if status == 503 {
        headers.insert("Retry-After".to_owned(), header("RetryAfter"));
    }
    if no_store {
        headers.insert("Cache-Control".to_owned(), header("CacheControl"));
    }
    let description: Vec<String> =
        codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.message())).collect();
    json!({
        "description": description.join("\n\n"),
        "headers": headers,
        "content": { "application/json": { "schema": error_with(codes) } },
    })
}

/// The error shape, narrowed to some codes.
fn error_with(codes: &[Code]) -> Value {
    let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    json!({
        "allOf": [
            schema("Error"),
            { "properties": { "error": { "properties": { "code": { "enum": codes } } } } },
        ],
    })
}

fn headers() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "RequestId": { "description": "The request's id, as in the log.", "required": true, "schema": text },
        "Location": { "description": "The path of the new record.", "required": true, "schema": text },
        "RetryAfter": {
            "description": "In how many seconds to try again.",
            "required": true,
            "schema": { "type": "integer", "minimum": 0 },
        },
        "Allow": { "description": "The methods that the path answers.", "required": true, "schema": text },
        "CacheControl": {
            "description": "`no-store` on `/api/auth/*`; `private, no-cache` on records read by an identified caller.",
            "schema": text,
        },
        "Vary": { "description": "On records read by an identified caller.", "schema": text },
    })
}

fn parameters() -> Value {
    json!({
        "RecordId": {
            "name": "id", "in": "path", "required": true,
            "description": "The record's id; anything else is 404.",
            "schema": { "type": "string", "format": "uuid" },
        },
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
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header",
            "description": "The same key with the same refresh token, within 60 s and while its successor is unused, \
                            gets the same successor again: a lost reply logs nobody out.",
            "schema": { "type": "string", "pattern": "^[\\x21-\\x7E]{16,128}$" },
        },
    })
}

/// The refusals that belong to no operation, and the gateway's.
fn responses() -> Value {
    let refused = |code: Code| refusal(code.status(), &[code], false);
    let mut method_not_allowed = refused(Code::MethodNotAllowed);
    method_not_allowed["headers"]["Allow"] = header("Allow");
    json!({
        "NotFound": refused(Code::NotFound),
        "MethodNotAllowed": method_not_allowed,
        "Throttled": {
            "description": "The gateway refuses: too many requests.",
            "content": { "application/json": { "schema": schema("GatewayError") } },
        },
    })
}

/// The schemas of a collection: the record, a page of them, and the three bodies.
fn collection_schemas(collection: &Definition) -> Vec<(String, Value)> {
    let name = pascal(&collection.name);
    let owner = collection.owner_field();
    let required: Vec<&str> = collection
        .fields
        .iter()
        .filter(|field| field.required && field.name != owner)
        .map(|field| field.name.as_str())
        .collect();

    let mut record = system_fields();
    for field in &collection.fields {
        let value = field_schema(field);
        record.insert(field.name.clone(), if field.name == owner { nullable(value) } else { value });
    }
    let always: Vec<&str> = SYSTEM_FIELDS.iter().copied().chain(required.iter().copied()).collect();

    let body = |merge: bool| -> Map<String, Value> {
        let ignored = json!({ "readOnly": true, "description": "Ignored." });
        let system = SYSTEM_FIELDS.iter().map(|name| ((*name).to_owned(), ignored.clone()));
        let declared = collection.fields.iter().map(|field| {
            let value = if field.name == owner { owner_schema(field) } else { field_schema(field) };
            // Null removes a field, or says that there is none.
            let must_stay = field.required && field.name != owner;
            let value = if must_stay { value } else { nullable(value) };
            (field.name.clone(), if merge { value } else { with_note(value, field, owner) })
        });
        system.chain(declared).collect()
    };
    let object = |description: String, properties: Map<String, Value>, required: &[&str]| {
        let mut object = json!({
            "type": "object",
            "description": description,
            "properties": properties,
            "additionalProperties": false,
        });
        if !required.is_empty() {
            object["required"] = json!(required);
        }
        object
    };
    let of = &collection.name;
    vec![
        (format!("{name}Record"), object(format!("A record of `{of}`."), record, &always)),
        (
            format!("{name}Page"),
            json!({
                "type": "object",
                "description": format!("A page of `{of}`, newest first."),
                "properties": {
                    "items": { "type": "array", "items": schema(&format!("{name}Record")) },
                    "nextCursor": {
                        "type": ["string", "null"],
                        "description": "What to send as `cursor` for the next page; null at the end.",
                    },
                },
                "required": ["items", "nextCursor"],
                "additionalProperties": false,
            }),
        ),
        (
            format!("{name}Items"),
            json!({
                "type": "object",
                "description": format!("The records of `{of}`, in the order of the operations."),
                "properties": { "items": { "type": "array", "items": { "type": "object" } } },
                "required": ["items"],
                "additionalProperties": false,
            }),
        ),
        (
            format!("{name}Bulk"),
            json!({
                "type": "object",
                "description": format!("Operations on records of `{of}`: all or nothing."),
                "properties": {
                    "operations": { "type": "array", "minItems": 1, "maxItems": 100, "items": { "type": "object" } },
                },
                "required": ["operations"],
                "additionalProperties": false,
            }),
        ),
        (format!("{name}Create"), object(format!("A new record of `{of}`."), body(false), &required)),
        (
            format!("{name}Patch"),
            object(format!("Changes to a record of `{of}`: what is left out stays, null removes."), body(true), &[]),
        ),
        (
            format!("{name}Put"),
            object(format!("A record of `{of}` in full: what is left out goes."), body(false), &required),
        ),
    ]
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

fn field_schema(field: &Field) -> Value {
    match field.kind {
        FieldType::String => json!({ "type": "string" }),
        FieldType::Number => json!({ "type": "number", "description": "At most 38 digits." }),
        FieldType::Integer => json!({ "type": "integer", "description": "At most 38 digits." }),
        FieldType::Boolean => json!({ "type": "boolean" }),
        FieldType::Date => json!({ "type": "string", "format": "date-time" }),
        FieldType::Object => json!({ "type": "object" }),
        FieldType::Array => json!({ "type": "array" }),
        FieldType::Relation => json!({ "type": "string", "format": "uuid", "description": "The id of a user." }),
    }
}

/// The owner field as a caller may send it: an empty string is as good as none.
fn owner_schema(field: &Field) -> Value {
    match field.kind {
        FieldType::Relation => json!({ "type": "string" }),
        _ => field_schema(field),
    }
}

fn with_note(mut value: Value, field: &Field, owner: &str) -> Value {
    if field.name == owner {
        value["description"] = json!("The owner's id; the caller's when it is left out.");
    }
    value
}

/// The same schema, or null.
fn nullable(mut schema: Value) -> Value {
    if let Some(kind) = schema.get("type").cloned() {
        schema["type"] = json!([kind, "null"]);
    }
    schema
}

#[cfg(test)]
mod tests {
    use api::endpoints::PAGE;

    use super::*;

    fn document() -> Value {
        let collections: Vec<&Definition> = collections::all().collect();
        serde_json::from_str(&draw(PAGE, &collections).expect("drawn")).expect("JSON")
    }

    fn codes(document: &Value, path: &str, method: &str, status: &str) -> Vec<String> {
        let response = &document["paths"][path][method]["responses"][status];
        let codes = &response["content"]["application/json"]["schema"]["allOf"][1]["properties"]["error"];
        let codes = codes["properties"]["code"]["enum"].as_array().cloned().unwrap_or_default();
        codes.iter().filter_map(|code| code.as_str().map(str::to_owned)).collect()
    }

    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 50);
        for reference in found {
            let pointer = reference.strip_prefix('#').expect("local");
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_endpoint_is_there_once_for_each_collection() {
        let document = document();
        let mut ids = BTreeSet::new();
        for entry in PAGE {
            for method in entry.methods {
                for collection in collections::all() {
                    let path = entry.path.replace("{collection}", &collection.name);
                    let operation = &document["paths"][&path][method.as_str().to_lowercase()];
                    let id = operation["operationId"].as_str().expect("an id");
                    assert!(operation["summary"].is_string() && operation["tags"][0].is_string(), "{id}");
                    assert!(operation["responses"][entry.status.to_string()].is_object(), "{id}");
                    ids.insert(id.to_owned());
                }
            }
        }
        let count: usize =
            document["paths"].as_object().expect("paths").values().map(|p| p.as_object().map_or(0, Map::len)).sum();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn a_body_is_required_where_it_has_required_fields() {
        let document = document();
        let body = |path: &str| &document["paths"][path]["post"]["requestBody"];
        assert_eq!(body("/api/auth/login")["required"], json!(true));
        assert_eq!(body("/api/auth/logout")["required"], json!(false));
        assert_eq!(document["paths"]["/api/health"]["get"].get("requestBody"), None);
        assert_eq!(document["components"]["schemas"]["LogoutRequest"].get("required"), None);
    }

    #[test]
    fn codes_follow_the_page_the_rules_and_the_body() {
        let document = document();
        assert_eq!(codes(&document, "/api/auth/login", "post", "401"), ["auth/invalid-credentials"]);
        assert_eq!(codes(&document, "/api/auth/login", "post", "415"), ["common/unsupported-media-type"]);
        assert_eq!(codes(&document, "/api/posts", "get", "415"), [""; 0]);
        assert_eq!(
            codes(&document, "/api/posts", "get", "401"),
            ["auth/invalid-token", "auth/token-expired", "auth/session-revoked"]
        );
        assert!(codes(&document, "/api/notes", "get", "401").contains(&"auth/authentication-required".to_owned()));
        assert_eq!(codes(&document, "/api/notes/{id}", "get", "403"), [""; 0]);
        assert_eq!(codes(&document, "/api/posts/{id}", "put", "403"), ["auth/forbidden"]);
        assert_eq!(codes(&document, "/api/posts/{id}", "delete", "404"), ["data/record-not-found"]);
        assert_eq!(document["paths"]["/api/health"]["get"]["responses"].get("503"), None);
        assert_eq!(document["paths"]["/api/posts"]["get"]["security"], json!([{}, { "accessToken": [] }]));
        assert_eq!(document["paths"]["/api/notes"]["get"]["security"], json!([{ "accessToken": [] }]));
    }

    #[test]
    fn a_collection_has_schemas_of_its_own() {
        let schemas = &document()["components"]["schemas"];
        assert_eq!(schemas["PostsCreate"]["required"], json!(["title"]));
        assert_eq!(schemas["PostsPatch"].get("required"), None);
        assert_eq!(schemas["PostsRecord"]["required"], json!(["id", "createdAt", "updatedAt", "createdBy", "title"]));
        assert_eq!(schemas["PostsRecord"]["properties"]["id"]["readOnly"], json!(true));
        assert_eq!(schemas["NotesRecord"]["properties"]["due"]["format"], json!("date-time"));
        assert_eq!(schemas["NotesCreate"]["properties"]["assignee"]["format"], json!("uuid"));
        assert_eq!(schemas["NotesCreate"]["properties"]["title"]["type"], json!("string"));
        assert_eq!(schemas["NotesPatch"]["properties"]["body"]["type"], json!(["string", "null"]));
        assert_eq!(schemas["ErrorCode"]["enum"].as_array().map(Vec::len), Some(Code::ALL.len()));
        assert_eq!(schemas["ErrorContent"]["properties"]["code"], schema("ErrorCode"));
    }
}
