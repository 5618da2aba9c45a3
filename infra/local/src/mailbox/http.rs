//! The mailbox over HTTP: SES's `SendEmail`, the mails as JSON, and the page.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use api::Timestamp;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use serde_json::json;

use super::message::SendEmail;
use super::{Kept, page};

/// The most bytes of a request.
const MAX_BODY: usize = 2 * 1024 * 1024;

/// The path of SES's `SendEmail`.
const SEND: &str = "/v2/email/outbound-emails";

type Reply = Response<Full<Bytes>>;

/// Answers a request.
pub(super) async fn answer(
    kept: Arc<Kept>,
    request: Request<Incoming>,
) -> Result<Reply, hyper::Error> {
    let (head, body) = request.into_parts();
    // A page of the web reaches this port under a name of its own.
    if !is_local(&head.headers) {
        return Ok(text(403, "This mailbox answers to localhost alone."));
    }
    Ok(match (head.method, head.uri.path()) {
        (Method::POST, SEND) => match Limited::new(body, MAX_BODY).collect().await {
            Ok(body) => take(&kept, &body.to_bytes()),
            Err(_) => refusal(400, "BadRequestException", "the request is too large"),
        },
        (Method::GET, "/") => html(page::page(&kept.messages(None))),
        (Method::GET, "/messages") => {
            let query = head.uri.query().unwrap_or_default();
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            let to = pairs
                .find(|(name, _)| name == "to")
                .map(|(_, to)| to.into_owned());
            let items = kept.messages(to.as_deref());
            let body = json!({ "items": items }).to_string();
            respond(200, &[("content-type", "application/json")], body)
        }
        (Method::DELETE, "/messages") => {
            kept.empty();
            respond(204, &[], String::new())
        }
        (_, "/" | "/messages" | SEND) => text(405, "Not with this method."),
        _ => text(404, "There are /, /messages and SES's SendEmail."),
    })
}

/// Takes a mail.
fn take(kept: &Kept, body: &[u8]) -> Reply {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let since = since.unwrap_or(Duration::ZERO).as_millis();
    let at = Timestamp::from_millis(u64::try_from(since).unwrap_or_default());
    match SendEmail::read(body) {
        Err(reason) => refusal(400, "BadRequestException", &reason),
        Ok(request) => match kept.take(|id| request.message(id, at)) {
            Ok(id) => {
                let body = json!({ "MessageId": id }).to_string();
                respond(200, &[("content-type", "application/json")], body)
            }
            Err(asked) => refusal(asked.status, &asked.error, "a test has asked for this"),
        },
    }
}

/// Whether a request names this machine.
fn is_local(headers: &HeaderMap) -> bool {
    let host = headers.get("host").and_then(|host| host.to_str().ok());
    let name = host.unwrap_or_default();
    let name = name.rsplit_once(':').map_or(name, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost")
}

/// A refusal as SES words it.
fn refusal(status: u16, error: &str, message: &str) -> Reply {
    let headers = [
        ("content-type", "application/json"),
        ("x-amzn-errortype", error),
    ];
    respond(status, &headers, json!({ "message": message }).to_string())
}

fn html(body: String) -> Reply {
    let headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", page::POLICY),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ];
    respond(200, &headers, body)
}

fn text(status: u16, body: &str) -> Reply {
    respond(
        status,
        &[("content-type", "text/plain; charset=utf-8")],
        body.to_owned(),
    )
}

fn respond(status: u16, headers: &[(&'static str, &str)], body: String) -> Reply {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    for (name, value) in headers.iter().chain(&[("cache-control", "no-store")]) {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(*name, value);
        }
    }
    response
}
