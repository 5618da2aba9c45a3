//! The document while it is put together: its operations, and the schemas that they use.

use std::collections::{BTreeMap, BTreeSet};

use api::Definition;
use api::definition::{Field, ProfileField};
use api::endpoints::{
    Dialect, Entry, Form, Guard, Media, Method, RequestHeader, other_schema, schemas,
};
use api::error::{Code, ErrorBody};
use api::wire::{Explanation, OAuthError, RecordCount};
use schemars::generate::{Contract, SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use super::codes::{guard_codes, is_open, operations, rule_codes};
use super::operation::{
    Shape, both, client, header_parameters, key, other_success, plain_parameters, reply_headers,
    success, summary, token,
};
use super::record::Side;
use super::shared::{
    oauth_refusal, parameter, points_to, refusal, response, schema, uncapitalised,
};
use super::{collection, components, record};
use crate::names::pascal;

/// The document while it is put together.
pub(super) struct Document {
    pub(super) paths: BTreeMap<String, BTreeMap<String, Value>>,
    pub(super) schemas: Map<String, Value>,
    /// The refusals, each said once.
    pub(super) responses: Map<String, Value>,
    pub(super) ids: BTreeSet<String>,
    /// The schemas of request bodies: an absent `Option` is left out.
    pub(super) bodies: SchemaGenerator,
    /// The schemas that bodies point to.
    pub(super) sent: Vec<Value>,
    /// The schemas of replies: an absent `Option` is null.
    pub(super) replies: SchemaGenerator,
}

impl Document {
    pub(super) fn new() -> Self {
        let generator = |contract: Contract| {
            let mut settings = SchemaSettings::draft2020_12();
            settings.definitions_path = "/components/schemas".into();
            settings.contract = contract;
            settings.into_generator()
        };
        Self {
            paths: BTreeMap::new(),
            schemas: components::schemas()
                .into_iter()
                .map(|(name, it)| (name.to_owned(), it))
                .collect(),
            responses: components::responses(),
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
    pub(super) fn plain(&mut self, entry: &Entry) -> Result<(), String> {
        let (body, _) = schemas(entry.name, &mut self.bodies).ok_or_else(|| no_schemas(entry))?;
        let reply = self.reply(entry)?;
        let body = Value::from(body);
        let body = (!points_to(&body, "NoBody")).then(|| {
            // A body that changes something may leave out all of its fields, but not the object.
            let required = self.is_object_with_required_fields(&body)
                || entry.methods.contains(&Method::Patch);
            self.sent.push(body.clone());
            (body, required)
        });
        let is_auth = entry.path.starts_with("/api/auth/");
        let is_kept_by_nobody =
            is_auth || matches!(entry.guard, Guard::User | Guard::Admin | Guard::Users(_));
        let id = pascal(entry.name);
        let mut shape = Shape {
            id: uncapitalised(&id),
            tag: match entry.path {
                _ if is_auth => "auth",
                path if path.starts_with("/api/admin/") => "admin",
                path if path.starts_with("/api/users") => "users",
                _ => "service",
            },
            body,
            reply: (![204, 302].contains(&entry.status)).then_some(reply),
            parameters: plain_parameters(entry)?,
            codes: guard_codes(entry),
            security: match entry.guard {
                _ if entry.dialect == Dialect::OAuth => json!([client(), {}]),
                _ if !entry.reads_api_keys() => json!([]),
                Guard::Open => json!([{}, key()]),
                Guard::User | Guard::Admin => json!([token(), both()]),
                Guard::Users(_) | Guard::UserOrKey(_) => json!([token(), key(), both()]),
                // The body may name the session instead.
                _ => json!([token(), {}, key(), both()]),
            },
            headers: reply_headers(entry, is_kept_by_nobody.then_some("Cache-Control")),
        };
        for (at, method) in entry.methods.iter().enumerate() {
            if at > 0 {
                shape.id = format!(
                    "{}{}",
                    uncapitalised(&id),
                    pascal(&method.as_str().to_lowercase())
                );
            }
            self.operation(entry, *method, entry.path, &shape)?;
        }
        Ok(())
    }

    /// Says of the schemas that show or take a profile which fields it has.
    pub(super) fn profile(&mut self, declared: &[ProfileField]) {
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
            ("InvitationAcceptance", &all, Side::Merge),
            ("UserChanges", &all, Side::Merge),
            ("ProfileChanges", &all, Side::Merge),
            ("MailProof", &all, Side::Merge),
            ("ProviderProof", &all, Side::Merge),
            ("NativeProof", &all, Side::Merge),
        ] {
            if let Some(schema) = self.schemas.get_mut(name) {
                record::declare(schema, fields, side);
            }
        }
    }

    /// An endpoint of every collection, for one of them.
    pub(super) fn collection(
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
            operation["requestBody"] = json!({ "required": required, "content": { entry.dialect.body(): { "schema": schema } } });
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
                let status = match entry.dialect {
                    Dialect::Own => code.status(),
                    Dialect::OAuth => OAuthError::status(code),
                };
                by_status.entry(status).or_default().push(code);
            }
        }
        let mut responses = BTreeMap::from([
            (entry.status.to_string(), success(entry, shape)),
            ("429".to_owned(), response("Throttled")),
        ]);
        let other = other_schema(entry.name, &mut self.replies);
        if let Some((status, schema)) = entry.other.zip(other) {
            responses.insert(status.to_string(), other_success(shape, &schema.into()));
        }
        if entry.headers.contains(&RequestHeader::IfNoneMatch) {
            responses.insert("304".to_owned(), response("NotModified"));
        }
        for (status, codes) in by_status {
            if entry.dialect == Dialect::OAuth {
                let refusal = oauth_refusal(status);
                responses.insert(status.to_string(), self.said_once(status, refusal));
                continue;
            }
            let mut refusal = refusal(status, &codes, shape.headers.contains(&"Cache-Control"));
            // A page tells the refusals of its own.
            if entry.media == Media::Html && entry.errors.iter().any(|own| own.status() == status) {
                refusal["content"][Media::Html.name()] = json!({ "schema": { "type": "string" } });
            }
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

    pub(super) fn tags(&self, collections: &[&Definition]) -> Value {
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
    pub(super) fn finish_schemas(&mut self) {
        self.replies.subschema_for::<ErrorBody>();
        self.replies.subschema_for::<OAuthError>();
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
