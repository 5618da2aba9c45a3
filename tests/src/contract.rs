//! Every answer against the document that the generator draws, `docs/openapi.json`: its status, its headers and its body must be documented.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Map, Value, json};

use crate::client::Reply;
use crate::event::Event;
use crate::project::tested;

/// The name under which its references are resolved.
const URL: &str = "file:///openapi.json";

/// The gateway's own refusals, as `{"message": …}`: too large, throttled, headers too long.
const GATEWAY: [u16; 4] = [413, 429, 431, 494];

/// The document with every schema of a reply compiled.
struct Contract {
    document: Value,
    schemas: Schemas,
    compiled: BTreeMap<String, SchemaIndex>,
}

/// A reply's entry in the document, and where it stands.
struct Documented<'a> {
    entry: &'a Map<String, Value>,
    pointer: String,
}

/// Asserts that `reply` is what the document says of `method` and `path`; elsewhere than under `/api` anything goes.
///
/// # Panics
/// The status, a header or the body is not documented.
#[track_caller]
pub fn assert_documented(method: &str, path: &str, reply: &Reply) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    // The gateway answers preflights, and refuses those of other origins in its own words.
    let of_gateway = reply.status < 300 || reply.text().starts_with(r#"{"message":"#);
    let preflight = method == "OPTIONS" && of_gateway;
    if preflight || !path.starts_with("/api") {
        return;
    }
    if let Err(problem) = check(contract(), method, path, query, reply) {
        panic!(
            "{method} {path} answers {} unlike docs/openapi.json: {problem}: {}",
            reply.status,
            reply.text()
        );
    }
}

/// Asserts the same of what a function answers to an event made by hand.
///
/// # Panics
/// The status, a header or the body is not documented.
#[track_caller]
pub fn assert_event_documented(event: &Event, reply: &Reply) {
    let event = event.as_json();
    let text = |pointer: &str| {
        event
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let path = format!("{}?{}", text("/rawPath"), text("/rawQueryString"));
    assert_documented(text("/requestContext/http/method"), &path, reply);
}

/// Whether the document names a body for `method` and `path`.
#[must_use]
pub fn takes_body(method: &str, path: &str) -> bool {
    let contract = contract();
    operation(&contract.document, method, path).is_some_and(|pointer| {
        contract
            .document
            .pointer(&pointer)
            .is_some_and(|it| it.get("requestBody").is_some())
    })
}

fn contract() -> &'static Contract {
    static CONTRACT: OnceLock<Contract> = OnceLock::new();
    CONTRACT.get_or_init(|| {
        let document: Value = serde_json::from_str(&tested().document).expect("JSON");
        let mut compiler = Compiler::new();
        compiler.enable_format_assertions();
        compiler
            .add_resource(URL, document.clone())
            .expect("a resource");
        let mut schemas = Schemas::new();
        let mut compiled = BTreeMap::new();
        let mut pointers = Vec::new();
        response_schemas(&document, &mut String::new(), &mut pointers);
        for pointer in pointers {
            let at = format!("{URL}#{}", pointer.replace('{', "%7B").replace('}', "%7D"));
            let index = compiler
                .compile(&at, &mut schemas)
                .unwrap_or_else(|error| panic!("{pointer}: {error}"));
            compiled.insert(pointer, index);
        }
        Contract {
            document,
            schemas,
            compiled,
        }
    })
}

/// The pointers of all schemas of replies: each `responses/…/content/application~1json/schema`; and those of whole
/// records.
fn response_schemas(value: &Value, at: &mut String, found: &mut Vec<String>) {
    let Some(members) = value.as_object() else {
        return;
    };
    for (name, member) in members {
        let before = at.len();
        at.push('/');
        at.push_str(&escaped(name));
        if at.contains("/responses/") && at.ends_with("/content/application~1json/schema") {
            found.push(at.clone());
        } else if at == "/components/schemas" {
            let names = member.as_object().into_iter().flat_map(Map::keys);
            found.extend(
                names
                    .filter(|name| name.ends_with("Record"))
                    .map(|name| format!("{at}/{}", escaped(name))),
            );
        } else {
            response_schemas(member, at, found);
        }
        at.truncate(before);
    }
}

fn check(
    contract: &Contract,
    method: &str,
    path: &str,
    query: &str,
    reply: &Reply,
) -> Result<(), String> {
    let document = &contract.document;
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    if GATEWAY.contains(&reply.status) && body["message"].is_string() && body.get("error").is_none()
    {
        return Ok(());
    }
    // A deployed gateway may decode or resolve such a spelling before it routes: then another operation has answered.
    let rewritten = ["%", "//", "/."].iter().any(|part| path.contains(part));
    if rewritten && std::env::var_os("BAKEND_TEST_URL").is_some() {
        return Ok(());
    }
    let documented = match operation(document, method, path) {
        Some(operation) => response(document, format!("{operation}/responses/{}", reply.status))
            .ok_or("the status is not documented")?,
        // Without an operation the reply is one of two refusals, unless the query string was checked first.
        None => {
            let name = match (reply.status, reply.code().as_str()) {
                (404, _) => "NotFound",
                (405, _) => "MethodNotAllowed",
                (400, "common/invalid-request") if query.len() > 4096 => return Ok(()),
                _ => return Err("there is no such operation, so it must be 404 or 405".to_owned()),
            };
            response(document, format!("/components/responses/{name}")).ok_or("not documented")?
        }
    };
    headers(document, &documented, reply)?;
    let schema = format!("{}/content/application~1json/schema", documented.pointer);
    match contract.compiled.get(&schema) {
        // A reply to HEAD has the headers of a body and no body (RFC 9110, section 9.3.2).
        _ if method == "HEAD" => Ok(()),
        _ if is_page(&documented, reply) => Ok(()),
        None if reply.body.is_empty() => Ok(()),
        None => Err("no body is documented".to_owned()),
        Some(index) => {
            if reply.header("content-type") != Some("application/json") {
                return Err(format!(
                    "the content type is {:?}",
                    reply.header("content-type")
                ));
            }
            let body: Value =
                serde_json::from_slice(&reply.body).map_err(|error| error.to_string())?;
            contract
                .schemas
                .validate(&body, *index)
                .map_err(|error| format!("{error:#}"))?;
            if is_partial(query) {
                Ok(())
            } else {
                whole(contract, &documented, &body)
            }
        }
    }
}

/// Whether a reply is a page where the document names one.
fn is_page(documented: &Documented<'_>, reply: &Reply) -> bool {
    let kind = reply.header("content-type").unwrap_or_default();
    let content = documented.entry.get("content");
    content.is_some_and(|content| content["text/html"].is_object())
        && kind == "text/html; charset=utf-8"
        && reply.text().starts_with("<!doctype html>")
}

/// Whether a query asks for some fields alone, or for relations as records.
fn is_partial(query: &str) -> bool {
    query.split('&').any(|parameter| {
        ["fields=", "expand="]
            .iter()
            .any(|name| parameter.starts_with(name))
    })
}

/// Checks that a reply has whole records, unless the query asked for fewer fields.
fn whole(contract: &Contract, documented: &Documented<'_>, body: &Value) -> Result<(), String> {
    let shown = documented.entry["content"]["application/json"]["schema"]["$ref"]
        .as_str()
        .unwrap_or_default();
    let (name, records) = match (shown.strip_suffix("View"), shown.strip_suffix("Page")) {
        (Some(name), _) => (name, std::slice::from_ref(body)),
        (_, Some(name)) => (
            name,
            body["items"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default(),
        ),
        _ => return Ok(()),
    };
    let record = contract
        .compiled
        .get(&format!("{}Record", name.trim_start_matches('#')));
    // Only pages of a collection have a shorter form.
    let Some(record) = record else { return Ok(()) };
    records.iter().try_for_each(|it| {
        contract
            .schemas
            .validate(it, *record)
            .map_err(|error| format!("{error:#}"))
    })
}

/// Every documented header that is required is there, and those that are there fit.
fn headers(document: &Value, documented: &Documented<'_>, reply: &Reply) -> Result<(), String> {
    for (name, header) in documented
        .entry
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let header = resolved(document, header);
        let Some(value) = reply.header(&name.to_ascii_lowercase()) else {
            if header["required"] == json!(true) {
                return Err(format!("the header {name} is missing"));
            }
            continue;
        };
        if header["schema"]["type"] == json!("integer") && value.parse::<u32>().is_err() {
            return Err(format!("the header {name} is {value:?}, no integer"));
        }
    }
    Ok(())
}

/// The pointer to the operation of `method` and `path`; a literal path wins over a template.
fn operation(document: &Value, method: &str, path: &str) -> Option<String> {
    let paths = document["paths"].as_object()?;
    let template = if paths.contains_key(path) {
        path
    } else {
        paths.keys().find(|template| fits(template, path))?
    };
    paths[template]
        .get(method.to_ascii_lowercase())
        .filter(|_| method == method.to_ascii_uppercase())?;
    Some(format!(
        "/paths/{}/{}",
        escaped(template),
        method.to_ascii_lowercase()
    ))
}

/// The response at `pointer`, or the one that it points to.
fn response(document: &Value, pointer: String) -> Option<Documented<'_>> {
    let entry = document.pointer(&pointer)?;
    match entry
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| reference.strip_prefix('#'))
    {
        Some(pointer) => response(document, pointer.to_owned()),
        None => Some(Documented {
            entry: entry.as_object()?,
            pointer,
        }),
    }
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let reference = value
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| reference.strip_prefix('#'));
    reference
        .and_then(|pointer| document.pointer(pointer))
        .unwrap_or(value)
}

/// Whether `path` is an instance of `template`.
fn fits(template: &str, path: &str) -> bool {
    let (mut expected, mut segments) = (template.split('/'), path.split('/'));
    loop {
        match (expected.next(), segments.next()) {
            (None, None) => return true,
            (Some(template), Some(segment)) if template.starts_with('{') && !segment.is_empty() => {
            }
            (Some(literal), Some(segment)) if literal == segment => {}
            _ => return false,
        }
    }
}

/// A name as a segment of a JSON pointer (RFC 6901, section 3).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(
        method: &str,
        path: &str,
        status: u16,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Result<(), String> {
        let mut all = vec![("x-request-id", "r-1")];
        all.extend_from_slice(headers);
        let headers = all
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let body = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        check(
            contract(),
            method,
            path,
            "",
            &Reply {
                status,
                headers,
                body,
            },
        )
    }

    const JSON: (&str, &str) = ("content-type", "application/json");

    #[test]
    fn a_documented_reply_passes() {
        let id = "0197a3b0-0000-7000-8000-000000000000";
        let at = "2026-11-21T00:00:00.000Z";
        let post =
            json!({ "id": id, "createdAt": at, "updatedAt": at, "createdBy": null, "title": "a" });
        verdict(
            "GET",
            "/api/health",
            200,
            &[JSON],
            &json!({ "status": "ok" }),
        )
        .unwrap();
        verdict("GET", &format!("/api/posts/{id}"), 200, &[JSON], &post).unwrap();
        verdict(
            "POST",
            "/api/posts",
            201,
            &[JSON, ("location", "/api/posts/x"), ("etag", "\"r\"")],
            &post,
        )
        .unwrap();
        verdict(
            "GET",
            "/api/posts/x",
            304,
            &[("etag", "\"r\"")],
            &Value::Null,
        )
        .unwrap();
        verdict(
            "DELETE",
            &format!("/api/posts/{id}"),
            204,
            &[],
            &Value::Null,
        )
        .unwrap();
        let error =
            json!({ "error": { "code": "common/not-found", "message": "m", "requestId": "r-1" } });
        verdict("GET", "/api/nowhere", 404, &[JSON], &error).unwrap();
        verdict(
            "POST",
            "/api/auth/login",
            413,
            &[],
            &json!({ "message": "Request Entity Too Large" }),
        )
        .unwrap();
    }

    #[test]
    fn anything_else_is_noticed() {
        let ok = json!({ "status": "ok" });
        let error =
            |code: &str| json!({ "error": { "code": code, "message": "m", "requestId": "r-1" } });
        for (method, path, status, headers, body, reason) in [
            ("GET", "/api/health", 201, &[JSON][..], ok.clone(), "status"),
            ("GET", "/api/health", 200, &[], ok.clone(), "content type"),
            (
                "GET",
                "/api/health",
                200,
                &[JSON],
                json!({ "status": 5 }),
                "status",
            ),
            ("GET", "/api/nowhere", 200, &[JSON], ok, "404 or 405"),
            (
                "GET",
                "/api/nowhere",
                404,
                &[JSON],
                error("common/invalid-json"),
                "code",
            ),
            (
                "POST",
                "/api/health",
                405,
                &[JSON],
                error("common/method-not-allowed"),
                "Allow",
            ),
            (
                "POST",
                "/api/auth/login",
                401,
                &[JSON],
                error("auth/forbidden"),
                "code",
            ),
            (
                "POST",
                "/api/auth/login",
                503,
                &[JSON],
                error("common/unavailable"),
                "Retry-After",
            ),
            ("POST", "/api/auth/logout", 204, &[], json!({}), "no body"),
            (
                "POST",
                "/api/posts",
                201,
                &[JSON, ("etag", "\"r\"")],
                json!({}),
                "Location",
            ),
            (
                "POST",
                "/api/posts",
                201,
                &[JSON, ("location", "/api/posts/x")],
                json!({}),
                "ETag",
            ),
            (
                "GET",
                "/api/posts",
                200,
                &[JSON],
                json!({ "items": [{ "extra": 1 }], "nextCursor": null }),
                "extra",
            ),
            (
                "GET",
                "/api/posts/x",
                200,
                &[JSON],
                json!({ "id": "x" }),
                "id",
            ),
            (
                "GET",
                "/api/posts/x",
                200,
                &[JSON],
                json!({ "id": "0197a3b0-0000-7000-8000-000000000000" }),
                "title",
            ),
            (
                "GET",
                "/api/posts/x",
                304,
                &[("etag", "\"r\"")],
                json!({}),
                "no body",
            ),
            ("GET", "/api/posts/x", 304, &[], Value::Null, "ETag"),
        ] {
            let problem = verdict(method, path, status, headers, &body).expect_err(reason);
            assert!(problem.contains(reason), "{method} {path}: {problem}");
        }
    }

    #[test]
    fn bodies_are_where_the_document_says() {
        assert!(takes_body("POST", "/api/auth/login") && takes_body("PATCH", "/api/posts/x"));
        assert!(!takes_body("GET", "/api/posts") && !takes_body("POST", "/api/nowhere"));
    }
}
