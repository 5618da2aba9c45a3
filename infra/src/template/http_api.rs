//! The HTTP API: its routes with the function behind each, and the routes with a throttle of their own.
//!
//! The routes stand in an OpenAPI document of the API, not in events of the functions. An event cannot name the role
//! that invokes, and SAM adds a permission for each event, which is one resource more.

use std::collections::BTreeMap;

use api::endpoints::Entry;
use serde::Serialize;
use serde_yaml_ng::{Mapping, Value};

use crate::intrinsic::{get_att, reference, sub};
use crate::names;

/// The path and the method of the route that takes every request without a route, in API Gateway's words.
const DEFAULT_ROUTE: (&str, &str) = ("$default", "x-amazon-apigateway-any-method");

/// An OpenAPI 3.0 document as API Gateway imports it.
#[derive(Serialize)]
struct Document {
    openapi: &'static str,
    info: Info,
    paths: BTreeMap<&'static str, BTreeMap<String, Operation>>,
}

#[derive(Serialize)]
struct Info {
    /// SAM gives the API its name only if the title is the stack's name.
    title: Value,
    version: &'static str,
}

#[derive(Serialize)]
struct Operation {
    #[serde(rename = "isDefaultRoute", skip_serializing_if = "Option::is_none")]
    is_default: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<Parameter>,
    /// Empty: OpenAPI requires it, API Gateway passes on the function's reply.
    responses: Mapping,
    #[serde(rename = "x-amazon-apigateway-integration")]
    integration: Integration,
}

#[derive(Serialize)]
struct Parameter {
    name: &'static str,
    r#in: &'static str,
    required: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Integration {
    r#type: &'static str,
    http_method: &'static str,
    payload_format_version: &'static str,
    uri: Value,
    credentials: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RouteSettings {
    throttling_rate_limit: Value,
    throttling_burst_limit: Value,
}

/// Adds the routes of the page to the API's properties.
///
/// # Errors
/// One line: two endpoints have the same route.
pub(super) fn add_routes(api: &mut Mapping, page: &[&Entry]) -> Result<(), String> {
    let write = |value: Result<Value, serde_yaml_ng::Error>| {
        value.map_err(|error| format!("Cannot write the API's routes: {error}"))
    };
    let body = write(serde_yaml_ng::to_value(document(page)?))?;
    let settings = write(serde_yaml_ng::to_value(route_settings(page)))?;
    api.insert("DefinitionBody".into(), body);
    api.insert("RouteSettings".into(), settings);
    Ok(())
}

fn document(page: &[&Entry]) -> Result<Document, String> {
    let mut paths: BTreeMap<&str, BTreeMap<String, Operation>> = BTreeMap::new();
    for entry in page {
        for (path, method) in routes(entry) {
            let present = paths
                .entry(path)
                .or_default()
                .insert(method.clone(), operation(entry));
            if present.is_some() {
                return Err(format!(
                    "Two endpoints would answer {method} {path}, the later is {}: give it another path or method.",
                    entry.name
                ));
            }
        }
    }
    Ok(Document {
        openapi: "3.0.1",
        info: Info {
            title: reference("AWS::StackName"),
            version: "1.0",
        },
        paths,
    })
}

/// The paths and methods of an endpoint as the document has them; without methods it is the default route.
fn routes(entry: &Entry) -> Vec<(&'static str, String)> {
    if entry.methods.is_empty() {
        let (path, method) = DEFAULT_ROUTE;
        return vec![(path, method.to_owned())];
    }
    let methods = entry.methods.iter();
    methods
        .map(|method| (entry.path, method.as_str().to_lowercase()))
        .collect()
}

fn operation(entry: &Entry) -> Operation {
    let function = names::function(entry.name);
    Operation {
        is_default: entry.methods.is_empty().then_some(true),
        parameters: parameters(entry.path),
        responses: Mapping::new(),
        integration: Integration {
            r#type: "aws_proxy",
            // Lambda is always invoked with POST.
            http_method: "POST",
            payload_format_version: "2.0",
            uri: sub(&format!(
                "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{function}.Arn}}/invocations"
            )),
            credentials: get_att("ApiRole", "Arn"),
        },
    }
}

/// The `{…}` segments of a path.
fn parameters(path: &'static str) -> Vec<Parameter> {
    let segments = path.split('/');
    let names = segments.filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let parameter = |name| Parameter {
        name,
        r#in: "path",
        required: true,
    };
    names.map(parameter).collect()
}

/// The routes with a throttle of their own, by API Gateway's key of the route.
fn route_settings(page: &[&Entry]) -> BTreeMap<String, RouteSettings> {
    let mut settings = BTreeMap::new();
    for entry in page {
        let Some([rate, burst]) = entry.throttle().parameters() else {
            continue;
        };
        for method in entry.methods {
            let route = RouteSettings {
                throttling_rate_limit: reference(rate),
                throttling_burst_limit: reference(burst),
            };
            settings.insert(format!("{} {}", method.as_str(), entry.path), route);
        }
    }
    settings
}
