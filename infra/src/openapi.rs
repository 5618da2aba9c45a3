//! `docs/openapi.json`: the API as OpenAPI 3.1, each declared collection with its own paths and schemas.

mod codes;
mod collection;
mod components;
mod document;
mod filter;
mod operation;
mod providers;
mod record;
mod shared;
#[cfg(test)]
mod tests;
mod used;

use std::collections::BTreeMap;

use api::Definition;
use api::definition::ProfileField;
use api::endpoints::Entry;
use serde::Serialize;
use serde_json::{Map, Value, json};

use self::document::Document;
pub(crate) use self::filter::{Column, columns, declared_orders, paths};
pub(crate) use self::record::{Side, declare};

const DESCRIPTION: &str = "\
Accounts, sessions and records over HTTP. Bodies are JSON objects in UTF-8 of at most 256 KiB, a query string at most \
4 KiB. Every reply of the service carries `x-request-id`, and every refusal has one shape, `Error`, with a code out of \
one closed list. A request for a token in the terms of OAuth 2.0 is a form, and its refusals are an `OAuthError`. What the gateway refuses by itself (throttling, headers over 10 KB, a time-out) is \
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
    let mut parameters = components::parameters();
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
            "headers": components::headers(),
            "parameters": parameters,
            "responses": document.responses,
            "securitySchemes": {
                "accessToken": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
                "client": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "`clientId` and `clientSecret` of a service account; in the form they may stand instead.",
                },
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

/// The schemas of requests and replies of these endpoints, none of which is about records, by name.
///
/// # Errors
/// An endpoint has no schemas.
pub(crate) fn wire(
    page: &[&Entry],
    profile: &[ProfileField],
) -> Result<Map<String, Value>, String> {
    let mut document = Document::new();
    for entry in page {
        document.plain(entry)?;
    }
    document.finish_schemas();
    document.profile(profile);
    let operations = document.paths.values().flat_map(BTreeMap::values);
    let values = operations.chain(document.responses.values());
    Ok(used::used(&document.schemas, values))
}

/// The schemas that all collections share, by name.
pub(crate) fn shared() -> Map<String, Value> {
    let schemas = components::schemas().into_iter();
    schemas.map(|(name, it)| (name.to_owned(), it)).collect()
}

/// The schemas of a collection, by name.
pub(crate) fn of_collection(collection: &Definition, all: &[&Definition]) -> Map<String, Value> {
    collection::schemas(collection, all).into_iter().collect()
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
