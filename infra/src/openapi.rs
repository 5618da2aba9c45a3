//! `docs/openapi.json`: the API as OpenAPI 3.1, each declared collection with its own paths and schemas.

mod collection;

use std::collections::{BTreeMap, BTreeSet};

use api::definition::{Field, ProfileField};
use api::endpoints::{
    Cookie, Entry, Form, Guard, Method, Query, ReplyHeader, RequestHeader, schemas,
};
use api::error::{Code, ErrorBody};
use api::wire::{Explanation, RecordCount};
use api::{Definition, Operation};
use schemars::generate::{Contract, SchemaGenerator, SchemaSettings};
use serde::Serialize;
use serde_json::{Map, Value, json};

use self::collection::Side;
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
pub fn draw(
    page: &[&Entry],
    collections: &[&Definition],
    profile: &[ProfileField],
) -> Result<String, String> {
    let mut document = Document::new();
    for entry in page {
        match entry.guard {
            guard if guard.is_of_records() => {
                for collection in collections {
                    document.collection(entry, collection, collections)?;
                }
            }
            _ if entry.methods.is_empty() => {}
            _ => document.plain(entry)?,
        }
    }
    let mut parameters = parameters();
    for collection in collections {
        document
            .schemas
            .extend(collection::schemas(collection, collections));
        for (name, parameter) in collection::parameters(collection, collections) {
            parameters[name] = parameter;
        }
    }
    let tags = document.tags(collections);
    document.finish_schemas();
    document.profile(profile);
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
            "parameters": parameters,
            "responses": document.responses,
            "securitySchemes": {
                "accessToken": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
                "apiKey": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "x-api-key",
                    "description": "A secret key (`sk_live_…`) is a server: it stands in for an access token within its \
                        scopes. A publishable key (`pk_live_…`) names an app beside it, and is needed where \
                        `auth.requireApiKey` is set.",
                },
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
    /// The refusals, each said once.
    responses: Map<String, Value>,
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
    headers: Vec<&'static str>,
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
            schemas: collection::shared_schemas()
                .into_iter()
                .map(|(name, it)| (name.to_owned(), it))
                .collect(),
            responses: responses(),
            ids: BTreeSet::new(),
            bodies: generator(Contract::Deserialize),
            sent: Vec::new(),
            replies: generator(Contract::Serialize),
        }
    }

    /// The schema of the reply that is the same for every collection.
    fn reply(&mut self, entry: &Entry) -> Result<Value, String> {
        let (_, reply) = schemas(entry.name, &mut self.replies).ok_or_else(|| no_schemas(entry))?;
        Ok(reply.into())
    }

    /// An endpoint whose path is as it stands.
    fn plain(&mut self, entry: &Entry) -> Result<(), String> {
        let (body, _) = schemas(entry.name, &mut self.bodies).ok_or_else(|| no_schemas(entry))?;
        let reply = self.reply(entry)?;
        let body = Value::from(body);
        let body = (!points_to(&body, "NoBody")).then(|| {
            // What changes something may leave out all of its fields, but not the object.
            let required = self.is_object_with_required_fields(&body)
                || entry.methods.contains(&Method::Patch);
            self.sent.push(body.clone());
            (body, required)
        });
        let is_auth = entry.path.starts_with("/api/auth/");
        let is_kept_by_nobody =
            is_auth || matches!(entry.guard, Guard::User | Guard::Admin | Guard::Users(_));
        let id = pascal(entry.name);
        let shape = Shape {
            id: uncapitalised(&id),
            tag: match entry.path {
                _ if is_auth => "auth",
                path if path.starts_with("/api/admin/") => "admin",
                path if path.starts_with("/api/users") => "users",
                _ => "service",
            },
            body,
            reply: (entry.status != 204).then_some(reply),
            parameters: plain_parameters(entry)?,
            codes: guard_codes(entry.guard),
            security: match entry.guard {
                _ if !entry.reads_api_keys() => json!([]),
                Guard::Open => json!([{}, key()]),
                Guard::User | Guard::Admin => json!([token(), both()]),
                Guard::Users(_) => json!([token(), key(), both()]),
                // The body may name the session instead.
                _ => json!([token(), {}, key(), both()]),
            },
            headers: reply_headers(entry, is_kept_by_nobody.then_some("Cache-Control")),
        };
        for method in entry.methods {
            self.operation(entry, *method, entry.path, &shape)?;
        }
        Ok(())
    }

    /// Says of the schemas that show or take a profile which fields it has.
    fn profile(&mut self, declared: &[ProfileField]) {
        let all: Vec<&Field> = declared.iter().map(|field| &field.field).collect();
        let public: Vec<&Field> = declared
            .iter()
            .filter(|field| field.public)
            .map(|field| &field.field)
            .collect();
        for (name, fields, side) in [
            ("User", &all, Side::Reply),
            ("PublicUser", &public, Side::Reply),
            ("UserForAdmins", &all, Side::Reply),
            ("RegisterRequest", &all, Side::Whole),
            ("NewUser", &all, Side::Whole),
            ("UserChanges", &all, Side::Merge),
            ("ProfileChanges", &all, Side::Merge),
        ] {
            if let Some(schema) = self.schemas.get_mut(name) {
                collection::declare(schema, fields, side);
            }
        }
    }

    /// An endpoint of every collection, for one of them.
    fn collection(
        &mut self,
        entry: &Entry,
        collection: &Definition,
        all: &[&Definition],
    ) -> Result<(), String> {
        let name = pascal(&collection.name);
        let path = entry.path.replace("{collection}", &collection.name);
        let open = operations(entry)
            .iter()
            .any(|operation| is_open(collection, *operation));
        let form = |form: Form| schema(&format!("{name}{form:?}"));
        for deed in entry.deeds {
            let reply = match deed.shown {
                _ if entry.status == 204 => None,
                Some(shown) => Some(form(shown)),
                None => Some(self.reply(entry)?),
            };
            let mut parameters = Vec::new();
            if path.contains("{id}") {
                parameters.push(parameter("RecordId"));
            }
            parameters.extend(collection::references(entry, collection, all));
            parameters.extend(header_parameters(entry));
            let shape = Shape {
                id: format!("{}{}", uncapitalised(&name), deed.verb),
                tag: &collection.name,
                body: deed.sent.map(|sent| (form(sent), true)),
                reply,
                parameters,
                codes: rule_codes(entry, collection),
                security: if open {
                    json!([{}, token(), key(), both()])
                } else {
                    json!([token(), key(), both()])
                },
                headers: reply_headers(
                    entry,
                    ["Cache-Control", "Vary"]
                        .into_iter()
                        .filter(|_| deed.method == Method::Get),
                ),
            };
            self.operation(entry, deed.method, &path, &shape)?;
        }
        Ok(())
    }

    fn operation(
        &mut self,
        entry: &Entry,
        method: Method,
        path: &str,
        shape: &Shape<'_>,
    ) -> Result<(), String> {
        if !self.ids.insert(shape.id.clone()) {
            return Err(format!(
                "Two operations would be called {}: rename an endpoint or a collection.",
                shape.id
            ));
        }
        let mut operation = json!({
            "operationId": shape.id,
            "summary": summary(entry, shape),
            "tags": [shape.tag],
            "security": shape.security,
            "responses": self.operation_responses(entry, shape),
        });
        if !shape.parameters.is_empty() {
            operation["parameters"] = json!(shape.parameters);
        }
        if let Some((schema, required)) = &shape.body {
            operation["requestBody"] = json!({ "required": required, "content": { "application/json": { "schema": schema } } });
        }
        self.paths
            .entry(path.to_owned())
            .or_default()
            .insert(method.as_str().to_lowercase(), operation);
        Ok(())
    }

    /// Every response an operation can have, by status.
    fn operation_responses(&mut self, entry: &Entry, shape: &Shape<'_>) -> BTreeMap<String, Value> {
        let mut codes: BTreeSet<&str> = BTreeSet::new();
        let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
        let mut all = vec![Code::InvalidRequest];
        if shape.body.is_some() {
            all.extend([
                Code::InvalidJson,
                Code::ValidationFailed,
                Code::PayloadTooLarge,
                Code::UnsupportedMediaType,
            ]);
        }
        if entry.touches_tables() {
            all.extend([Code::Internal, Code::Unavailable]);
        }
        all.extend(entry.errors);
        all.extend(&shape.codes);
        if entry.reads_api_keys() {
            all.extend([
                Code::InvalidApiKey,
                Code::ApiKeyRequired,
                Code::OriginNotAllowed,
            ]);
        }
        for code in all {
            if codes.insert(code.as_str()) {
                by_status.entry(code.status()).or_default().push(code);
            }
        }
        let mut responses = BTreeMap::from([
            (entry.status.to_string(), success(entry, shape)),
            ("429".to_owned(), response("Throttled")),
        ]);
        if entry.headers.contains(&RequestHeader::IfNoneMatch) {
            responses.insert("304".to_owned(), response("NotModified"));
        }
        for (status, codes) in by_status {
            let refusal = refusal(status, &codes, shape.headers.contains(&"Cache-Control"));
            responses.insert(status.to_string(), self.said_once(status, refusal));
        }
        responses
    }

    /// A reference to a refusal, which becomes a component the first time.
    fn said_once(&mut self, status: u16, refusal: Value) -> Value {
        let present = self
            .responses
            .iter()
            .find(|(_, present)| **present == refusal);
        let name = match present {
            Some((name, _)) => name.clone(),
            None => {
                let prefix = format!("Refused{status}");
                let number = self
                    .responses
                    .keys()
                    .filter(|name| name.starts_with(&prefix))
                    .count()
                    + 1;
                let name = format!("{prefix}N{number}");
                self.responses.insert(name.clone(), refusal);
                name
            }
        };
        response(&name)
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
            json!({ "name": "admin", "description": "What admins do." }),
            json!({ "name": "users", "description": "Users, for admins." }),
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
        self.replies.subschema_for::<Explanation>();
        // Either generator has seen both sides, so only what bodies point to is taken from theirs.
        let sent = self.bodies.take_definitions(true).into_iter();
        let sent = sent.filter(|(name, _)| self.sent.iter().any(|body| points_to(body, name)));
        let received = self.replies.take_definitions(true).into_iter();
        let received =
            received.filter(|(name, _)| !["NoBody", "NoContent"].contains(&name.as_str()));
        self.schemas.extend(received.chain(sent));
        let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        let listed: Vec<String> = Code::ALL
            .iter()
            .map(|code| {
                format!(
                    "- `{}` ({}): {}",
                    code.as_str(),
                    code.status(),
                    code.message()
                )
            })
            .collect();
        self.schemas.insert(
            "ErrorCode".to_owned(),
            json!({ "type": "string", "enum": codes, "description": listed.join("\n") }),
        );
        if let Some(code) = self
            .schemas
            .get_mut("ErrorContent")
            .and_then(|it| it.pointer_mut("/properties/code"))
        {
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

fn no_schemas(entry: &Entry) -> String {
    format!("{} has no schemas in the endpoint page.", entry.name)
}

/// The parameters of an endpoint whose path is as it stands.
fn plain_parameters(entry: &Entry) -> Result<Vec<Value>, String> {
    let placeholders = entry
        .path
        .split('/')
        .filter(|segment| segment.starts_with('{'));
    let in_path = placeholders.map(|placeholder| match placeholder {
        "{id}" => Ok(parameter("Id")),
        "{sid}" => Ok(parameter("SessionId")),
        "{username}" => Ok(parameter("Username")),
        other => Err(format!(
            "{}: nothing says what {other} in its path is.",
            entry.name
        )),
    });
    let in_query = entry.query.iter().map(|it| parameter(&format!("{it:?}")));
    Ok(in_path
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .chain(in_query)
        .chain(header_parameters(entry))
        .collect())
}

/// The headers and the cookie that an endpoint takes.
fn header_parameters(entry: &Entry) -> Vec<Value> {
    let (first, last): (&[&str], &[&str]) = match entry.cookie {
        Cookie::Unused => (&[], &[]),
        Cookie::Takes => (&["RefreshTokenHeader", "RefreshTokenCookie"], &[]),
        Cookie::Sets => (&[], &["RefreshTokenMode"]),
    };
    let own = entry.headers.iter().map(|it| parameter(&format!("{it:?}")));
    first
        .iter()
        .map(|name| parameter(name))
        .chain(own)
        .chain(last.iter().map(|name| parameter(name)))
        .collect()
}

/// The names of the headers of a success: those that the page says, the cookie, and those that `derived` adds.
fn reply_headers(
    entry: &Entry,
    derived: impl IntoIterator<Item = &'static str>,
) -> Vec<&'static str> {
    let said = entry.replies.iter().map(|header| match header {
        ReplyHeader::Location => "Location",
        ReplyHeader::ETag | ReplyHeader::OptionalETag => "ETag",
    });
    let cookie = (entry.cookie != Cookie::Unused).then_some("Set-Cookie");
    said.chain(derived).chain(cookie).collect()
}

/// A reference to a schema.
fn schema(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn parameter(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

fn response(name: &str) -> Value {
    json!({ "$ref": format!("#/components/responses/{name}") })
}

fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

fn points_to(reference: &Value, name: &str) -> bool {
    reference
        .get("$ref")
        .and_then(Value::as_str)
        .is_some_and(|path| path.rsplit('/').next() == Some(name))
}

fn uncapitalised(name: &str) -> String {
    let mut chars = name.chars();
    chars
        .next()
        .map(|first| first.to_ascii_lowercase())
        .into_iter()
        .chain(chars)
        .collect()
}

/// The entry's sentence, with the collection where it has one.
fn summary(entry: &Entry, shape: &Shape<'_>) -> String {
    let sentence = entry.doc.replace('`', "");
    let sentence = sentence.trim_end_matches('.');
    if entry.guard.is_of_records() {
        format!("{sentence} ({})", shape.tag)
    } else {
        sentence.to_owned()
    }
}

/// An access token, alone.
fn token() -> Value {
    json!({ "accessToken": [] })
}

/// An API key, alone.
fn key() -> Value {
    json!({ "apiKey": [] })
}

/// An access token beside an API key.
fn both() -> Value {
    json!({ "accessToken": [], "apiKey": [] })
}

/// What the guard of an endpoint that is not about records may refuse.
fn guard_codes(guard: Guard) -> Vec<Code> {
    let user = [
        Code::AuthenticationRequired,
        Code::InvalidToken,
        Code::TokenExpired,
        Code::SessionRevoked,
    ]
    .to_vec();
    match guard {
        Guard::User => user,
        Guard::Admin => [user, vec![Code::Forbidden]].concat(),
        Guard::Users(_) => [user, vec![Code::Forbidden, Code::ScopeInsufficient]].concat(),
        _ => Vec::new(),
    }
}

/// What is done to records by an endpoint of theirs.
fn operations(entry: &Entry) -> Vec<Operation> {
    match entry.guard {
        Guard::Rule(operation) => vec![operation],
        Guard::Rules => vec![Operation::Create, Operation::Update, Operation::Delete],
        Guard::Open | Guard::Signed | Guard::User | Guard::Admin | Guard::Users(_) => Vec::new(),
    }
}

/// Whether a stranger may do it. To change takes reading, too.
fn is_open(collection: &Definition, operation: Operation) -> bool {
    let changes = matches!(operation, Operation::Update | Operation::Delete);
    collection.rule(operation).is_public()
        && (!changes || collection.rule(Operation::Read).is_public())
}

/// What the rules of an endpoint's operations, and the owner field, may refuse.
fn rule_codes(entry: &Entry, collection: &Definition) -> Vec<Code> {
    let mut codes = vec![
        Code::InvalidToken,
        Code::TokenExpired,
        Code::SessionRevoked,
        Code::ScopeInsufficient,
    ];
    let may_name_an_owner = collection.owner_is_declared();
    for operation in operations(entry) {
        let rule = collection.rule(operation);
        // Whether the rule of a single field may refuse.
        let of_fields = match operation {
            Operation::List => !entry.query.is_empty() && collection.hidden().next().is_some(),
            Operation::Create | Operation::Update => collection.ruled().next().is_some(),
            Operation::Read | Operation::Delete => false,
        };
        let writes = !matches!(operation, Operation::Read | Operation::List);
        // With an app's key alone, nothing is written where nothing is said of who may.
        let undeclared = writes && !collection.permissions.declared;
        if !is_open(collection, operation) || undeclared || of_fields {
            codes.push(Code::AuthenticationRequired);
        }
        // Whether there may be users whom it lets do nothing.
        let selective = rule.is_admin() || !rule.roles().is_empty();
        let forbids = match operation {
            // What the caller may not read does not exist for them: 404.
            Operation::Read => false,
            // To explain is for admins.
            Operation::List => selective || entry.query.contains(&Query::Explain),
            Operation::Create => selective || may_name_an_owner,
            Operation::Update => selective || rule.names_owner() || may_name_an_owner,
            Operation::Delete => selective || rule.names_owner(),
        };
        if forbids || of_fields {
            codes.push(Code::Forbidden);
        }
        match operation {
            Operation::List | Operation::Read => codes.push(Code::ValidationFailed),
            Operation::Create | Operation::Update => {
                codes.push(Code::RecordTooLarge);
                codes.extend(
                    collection
                        .fields
                        .iter()
                        .any(|field| field.unique)
                        .then_some(Code::UniqueViolation),
                );
            }
            Operation::Delete => {}
        }
    }
    codes
}

fn success(entry: &Entry, shape: &Shape<'_>) -> Value {
    let mut headers = Map::from_iter([("x-request-id".to_owned(), header("RequestId"))]);
    headers.extend(shape.headers.iter().map(|name| {
        let component = match *name {
            // What is inlined has revisions of its own.
            "ETag" if entry.replies.contains(&ReplyHeader::OptionalETag) => {
                "OptionalETag".to_owned()
            }
            name => name.replace('-', ""),
        };
        ((*name).to_owned(), header(&component))
    }));
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
    let tag = json!({ "type": "string", "pattern": "^\"[^\"]*\"$" });
    json!({
        "OptionalETag": { "description": "As `ETag`; not there where relations are inlined.", "schema": tag },
        "RequestId": { "description": "The request's id, as in the log.", "required": true, "schema": text },
        "ETag": {
            "description": "The record's revision in quotation marks: what to send as `If-Match` or `If-None-Match`.",
            "required": true,
            "schema": tag,
        },
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
        "SetCookie": {
            "description": "The refresh token as `__Host-refresh` (`HttpOnly; Secure; SameSite=Lax; Path=/`; from `cargo \
                            dev` it is `refresh`, without `Secure`), where it goes by cookie; or its end.",
            "schema": text,
        },
        "Vary": { "description": "On records read by an identified caller.", "schema": text },
    })
}

fn parameters() -> Value {
    let key = json!({ "type": "string", "pattern": "^[\\x21-\\x7E]{16,128}$" });
    let mut parameters = json!({
        "RecordId": {
            "name": "id", "in": "path", "required": true,
            "description": "The record's id; anything else is 404.",
            "schema": { "type": "string", "format": "uuid" },
        },
        "Id": {
            "name": "id", "in": "path", "required": true,
            "description": "The id; anything else is 404.",
            "schema": { "type": "string", "format": "uuid" },
        },
        "Username": {
            "name": "username", "in": "path", "required": true,
            "description": "The username, whatever its case.",
            "schema": { "type": "string", "pattern": "^[a-zA-Z0-9_.-]{3,50}$" },
        },
        "SessionId": {
            "name": "sid", "in": "path", "required": true,
            "description": "The session's id; anything else is 404.",
            "schema": { "type": "string", "format": "uuid" },
        },
        "UserSearch": {
            "name": "search", "in": "query",
            "description": "What the address or a text of the profile contains, whatever its case.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 128 },
        },
        "UserRole": {
            "name": "role", "in": "query",
            "description": "The users of this role alone: `admin`, `authenticated`, or one of the declared roles.",
            "schema": { "type": "string" },
        },
        "RefreshKey": {
            "name": "Idempotency-Key", "in": "header",
            "description": "The same key with the same refresh token, within 60 s and while its successor is unused, \
                            gets the same successor again: a lost reply logs nobody out.",
            "schema": key,
        },
        "RefreshTokenMode": {
            "name": "x-refresh-token-mode", "in": "header",
            "description": "`cookie`: the refresh token goes by cookie, and is not in the body.",
            "schema": { "type": "string", "enum": ["cookie", "body"], "default": "body" },
        },
        "RefreshTokenHeader": {
            "name": "x-refresh-token", "in": "header",
            "description": "The refresh token, where the body has none.",
            "schema": { "type": "string" },
        },
        "RefreshTokenCookie": {
            "name": "__Host-refresh", "in": "cookie",
            "description": "The refresh token, where neither body nor header has one. The request needs an `Origin` that \
                            is allowed; the answer goes by cookie as well.",
            "schema": { "type": "string" },
        },
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header",
            "description": "The same key of the same caller, within a day, gets the record that it made, as it is \
                            now; with another body it is 409. Of a caller without token it is ignored.",
            "schema": key,
        },
        "IfMatch": {
            "name": "If-Match", "in": "header",
            "description": "The `ETag` that the record must still have, or `*`: 412 when it has moved on.",
            "schema": { "type": "string" },
        },
        "IfNoneMatch": {
            "name": "If-None-Match", "in": "header",
            "description": "The `ETag` of what the caller has: 304 when the record is still that, as a whole.",
            "schema": { "type": "string" },
        },
    });
    for (name, parameter) in collection::shared_parameters()
        .as_object()
        .into_iter()
        .flatten()
    {
        parameters[name] = parameter.clone();
    }
    parameters
}

/// The refusals that belong to no operation, the gateway's, and what is no refusal.
fn responses() -> Map<String, Value> {
    let refused = |code: Code| refusal(code.status(), &[code], false);
    let mut method_not_allowed = refused(Code::MethodNotAllowed);
    method_not_allowed["headers"]["Allow"] = header("Allow");
    let not_modified = ["ETag", "Cache-Control", "Vary"]
        .map(|name| (name.to_owned(), header(&name.replace('-', ""))));
    let request_id = ("x-request-id".to_owned(), header("RequestId"));
    let not_modified: Map<String, Value> = not_modified.into_iter().chain([request_id]).collect();
    let throttled = json!({
        "description": "The gateway refuses: too many requests.",
        "content": { "application/json": { "schema": schema("GatewayError") } },
    });
    Map::from_iter([
        ("NotFound".to_owned(), refused(Code::NotFound)),
        ("MethodNotAllowed".to_owned(), method_not_allowed),
        (
            "NotModified".to_owned(),
            json!({ "description": "The caller has it.", "headers": not_modified }),
        ),
        ("Throttled".to_owned(), throttled),
    ])
}

#[cfg(test)]
mod tests {
    use api::endpoints::PAGE;

    use super::*;

    fn document() -> Value {
        let collections: Vec<&Definition> = collections::all().collect();
        serde_json::from_str(&draw(PAGE, &collections, &[]).expect("drawn")).expect("JSON")
    }

    fn codes(document: &Value, path: &str, method: &str, status: &str) -> Vec<String> {
        let response = &document["paths"][path][method]["responses"][status];
        let reference = response["$ref"]
            .as_str()
            .and_then(|reference| reference.strip_prefix('#'));
        let response = reference
            .and_then(|pointer| document.pointer(pointer))
            .unwrap_or(response);
        let codes =
            &response["content"]["application/json"]["schema"]["allOf"][1]["properties"]["error"];
        let codes = codes["properties"]["code"]["enum"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        codes
            .iter()
            .filter_map(|code| code.as_str().map(str::to_owned))
            .collect()
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
                    assert!(
                        operation["summary"].is_string() && operation["tags"][0].is_string(),
                        "{id}"
                    );
                    assert!(
                        operation["responses"][entry.status.to_string()].is_object(),
                        "{id}"
                    );
                    ids.insert(id.to_owned());
                }
            }
        }
        let count: usize = document["paths"]
            .as_object()
            .expect("paths")
            .values()
            .map(|p| p.as_object().map_or(0, Map::len))
            .sum();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn a_body_is_required_where_it_has_required_fields() {
        let document = document();
        let body = |path: &str| &document["paths"][path]["post"]["requestBody"];
        assert_eq!(body("/api/auth/login")["required"], json!(true));
        assert_eq!(body("/api/auth/logout")["required"], json!(false));
        assert_eq!(
            document["paths"]["/api/health"]["get"].get("requestBody"),
            None
        );
        assert_eq!(
            document["components"]["schemas"]["LogoutRequest"].get("required"),
            None
        );
    }

    #[test]
    fn codes_follow_the_page_the_rules_and_the_body() {
        let document = document();
        let keys = ["auth/invalid-api-key", "auth/api-key-required"];
        let login = codes(&document, "/api/auth/login", "post", "401");
        assert_eq!(login, [&["auth/invalid-credentials"], &keys[..]].concat());
        assert_eq!(codes(&document, "/api/health", "get", "401"), [""; 0]);
        assert_eq!(
            codes(&document, "/api/auth/login", "post", "415"),
            ["common/unsupported-media-type"]
        );
        assert_eq!(codes(&document, "/api/posts", "get", "415"), [""; 0]);
        let tokens = [
            "auth/invalid-token",
            "auth/token-expired",
            "auth/session-revoked",
        ];
        assert_eq!(
            codes(&document, "/api/posts", "get", "401"),
            [&tokens[..], &keys[..]].concat()
        );
        assert!(
            codes(&document, "/api/notes", "get", "401")
                .contains(&"auth/authentication-required".to_owned())
        );
        let bound = ["auth/scope-insufficient", "auth/origin-not-allowed"];
        assert_eq!(codes(&document, "/api/notes/{id}", "get", "403"), bound);
        let put = codes(&document, "/api/posts/{id}", "put", "403");
        assert_eq!(
            put,
            [
                "auth/scope-insufficient",
                "auth/forbidden",
                "auth/origin-not-allowed"
            ]
        );
        assert_eq!(
            codes(&document, "/api/posts/{id}", "delete", "404"),
            ["data/record-not-found"]
        );
        assert_eq!(
            document["paths"]["/api/health"]["get"]["responses"].get("503"),
            None
        );
        let security =
            |path: &str, method: &str| document["paths"][path][method]["security"].clone();
        assert_eq!(
            security("/api/posts", "get"),
            json!([{}, token(), key(), both()])
        );
        assert_eq!(
            security("/api/notes", "get"),
            json!([token(), key(), both()])
        );
        assert_eq!(security("/api/auth/login", "post"), json!([{}, key()]));
        assert_eq!(
            security("/api/admin/api-keys", "get"),
            json!([token(), both()])
        );
        assert_eq!(security("/api/health", "get"), json!([]));
    }

    #[test]
    fn a_field_says_what_it_demands() {
        let schemas = &document()["components"]["schemas"];
        let create = &schemas["ProductsCreate"]["properties"];
        assert_eq!(
            schemas["ProductsCreate"]["required"],
            json!(["name", "sku"])
        );
        assert_eq!(
            (&create["name"]["maxLength"], &create["name"]["type"]),
            (&json!(200), &json!("string"))
        );
        assert_eq!(create["sku"]["pattern"], json!("^[A-Z0-9-]{3,32}$"));
        assert_eq!(
            create["status"]["enum"],
            json!(["draft", "active", "retired", null])
        );
        assert_eq!(create["status"]["default"], json!("draft"));
        assert_eq!(create["price"]["anyOf"][0]["minimum"], json!(0));
        assert_eq!(create["tags"]["items"]["maxLength"], json!(20));
        assert_eq!(create["size"]["additionalProperties"], json!(false));
        assert_eq!(
            schemas["ProductsRecord"]["properties"]["homepage"]["format"],
            json!("uri")
        );
        assert_eq!(
            schemas["ProductsPatch"]["properties"]["status"].get("default"),
            None
        );
        let post = &schemas["CommentsView"]["properties"]["post"]["anyOf"][1];
        assert_eq!(*post, schema("PostsView"));
        assert_eq!(
            schemas["CommentsRecord"]["properties"]["post"]["type"],
            json!("string")
        );
    }

    #[test]
    fn a_list_says_how_it_may_be_asked() {
        let document = document();
        let parameters = &document["components"]["parameters"];
        let sort = &parameters["ProductsSort"]["schema"]["enum"];
        for order in [
            "-createdAt",
            "status,-createdAt",
            "-status,createdAt",
            "-price",
            "name,-price",
        ] {
            assert!(
                sort.as_array()
                    .is_some_and(|orders| orders.contains(&json!(order))),
                "{order}: {sort}"
            );
        }
        let paths = &parameters["CommentsExpand"]["schema"]["items"]["enum"];
        assert!(
            paths
                .as_array()
                .is_some_and(|paths| paths.contains(&json!("order.product"))),
            "{paths}"
        );
        assert_eq!(parameters.get("ProductsExpand"), None);
        let conditions = &document["components"]["schemas"]["ProductsConditions"]["properties"];
        for name in [
            "status",
            "price_gte",
            "name_startsWith",
            "tags_contains",
            "createdAt_lt",
            "size_exists",
        ] {
            assert!(conditions[name].is_object(), "{name}");
        }
        for name in ["price_contains", "size", "tags", "tags_in", "status_eq"] {
            assert_eq!(conditions.get(name), None, "{name}");
        }
        assert_eq!(
            document["paths"]["/api/products/count"]["get"]["parameters"]
                .as_array()
                .map(Vec::len),
            Some(5)
        );
        assert_eq!(codes(&document, "/api/products", "post", "409").len(), 2);
        assert_eq!(
            codes(&document, "/api/posts", "post", "409"),
            ["common/idempotency-mismatch"]
        );
    }

    #[test]
    fn a_collection_has_schemas_of_its_own() {
        let schemas = &document()["components"]["schemas"];
        assert_eq!(schemas["PostsCreate"]["required"], json!(["title"]));
        assert_eq!(schemas["PostsPatch"].get("required"), None);
        assert_eq!(
            schemas["PostsRecord"]["required"],
            json!(["id", "createdAt", "updatedAt", "createdBy", "title"])
        );
        assert_eq!(
            schemas["PostsRecord"]["properties"]["id"]["readOnly"],
            json!(true)
        );
        assert_eq!(
            schemas["NotesRecord"]["properties"]["due"]["format"],
            json!("date-time")
        );
        let assignee = json!({ "anyOf": [schema("Reference"), { "type": "null" }] });
        assert_eq!(schemas["NotesCreate"]["properties"]["assignee"], assignee);
        assert_eq!(
            schemas["NotesCreate"]["properties"]["title"]["type"],
            json!("string")
        );
        assert_eq!(
            schemas["NotesPatch"]["properties"]["body"]["type"],
            json!(["string", "null"])
        );
        assert_eq!(
            schemas["ErrorCode"]["enum"].as_array().map(Vec::len),
            Some(Code::ALL.len())
        );
        assert_eq!(
            schemas["ErrorContent"]["properties"]["code"],
            schema("ErrorCode")
        );
    }
}
