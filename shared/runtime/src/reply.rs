//! Replies: the body from a handler, and the headers that go with it.

use std::collections::BTreeSet;

use api::endpoints::{Alternative, Dialect, Endpoint, Entry, Media, ShowsPages};
use api::wire::{Html, OAuthError};
use api::{Code, Error};
use auth::Admitted;
use serde::Serialize;

use crate::event::{Head, Response};

/// The reply of a handler: the body, under the status that the endpoint page names.
pub struct Reply<E: Endpoint> {
    /// `None` where the caller already has the body: 304.
    body: Option<E::Reply>,
    /// The body of the other kind of success, as JSON.
    other: Option<String>,
    location: Option<String>,
    etag: Option<String>,
    truncated: String,
    cookie: Option<String>,
    /// The hashes of a page's scripts and styles.
    allowed: String,
    /// The refusal that a page tells.
    refusal: Option<Code>,
}

/// The policy of every page: nothing from elsewhere, nothing sent elsewhere, and no frame around it (CSP Level 3).
const PAGE_POLICY: &str = "default-src 'none'; connect-src 'self'; form-action 'none'; base-uri 'none'; \
                           frame-ancestors 'none'";

impl<E: ShowsPages + Endpoint<Reply = Html>> Reply<E> {
    /// A page, for every caller.
    #[must_use]
    pub fn page(page: Html) -> Self {
        let allowed = page.allowed.clone();
        Self {
            allowed,
            ..Self::to_anybody(page)
        }
    }

    /// A page that tells a refusal, under the status of its code.
    #[must_use]
    pub fn refusing(code: Code, page: Html) -> Self {
        Self {
            refusal: Some(code),
            ..Self::page(page)
        }
    }
}

impl<E: Endpoint> Reply<E> {
    /// The reply with this body to a caller who was admitted.
    pub fn to(_: &Admitted, body: E::Reply) -> Self {
        Self::with(body)
    }

    /// The reply with this body of an endpoint without tables, which admits every caller. For any other it does not
    /// compile.
    pub fn to_anybody(body: E::Reply) -> Self {
        const {
            assert!(
                !E::ENTRY.reads_api_keys(),
                "the reply needs an admitted caller"
            )
        };
        Self::with(body)
    }

    fn with(body: E::Reply) -> Self {
        Self::bare(Some(body))
    }

    fn bare(body: Option<E::Reply>) -> Self {
        Self {
            body,
            other: None,
            location: None,
            etag: None,
            truncated: String::new(),
            cookie: None,
            allowed: String::new(),
            refusal: None,
        }
    }

    /// 304 without a body: the caller already has the record's revision `rev` (RFC 9110, section 15.4.5).
    #[must_use]
    pub fn not_modified(_: &Admitted, rev: &str) -> Self {
        Self::unchanged(rev)
    }

    fn unchanged(rev: &str) -> Self {
        Self::bare(None).tagged(rev)
    }

    /// The reply with a `Location` header.
    #[must_use]
    pub fn at(mut self, location: String) -> Self {
        self.location = Some(location);
        self
    }

    pub(crate) fn with_cookie(mut self, cookie: String) -> Self {
        self.cookie = Some(cookie);
        self
    }

    /// The reply with the record's revision as its `ETag`.
    #[must_use]
    pub fn tagged(mut self, rev: &str) -> Self {
        self.etag = Some(format!("\"{rev}\""));
        self
    }

    /// The reply that names these relations, in which an id stayed since its target did not fit.
    #[must_use]
    pub fn truncated(mut self, relations: &BTreeSet<String>) -> Self {
        let names: Vec<&str> = relations.iter().map(String::as_str).collect();
        self.truncated = names.join(",");
        self
    }
}

impl<E: Alternative> Reply<E> {
    /// The reply of the other kind to a caller who was admitted.
    ///
    /// # Errors
    /// `common/internal` for a body that cannot be written, which no input makes happen.
    pub fn other(_: &Admitted, body: &E::Other) -> Result<Self, Error> {
        let text = json(body).map_err(unwritable)?;
        Ok(Self {
            other: Some(text.unwrap_or_default()),
            ..Self::bare(None)
        })
    }
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::internal(format!("encoding the reply: {error}"))
}

/// A reply without the types of its endpoint.
pub(crate) struct Sent {
    status: u16,
    body: Option<String>,
    location: Option<String>,
    etag: Option<String>,
    cookie: Option<String>,
    truncated: String,
    allowed: String,
    refusal: Option<Code>,
}

impl Sent {
    /// The refusal that a page tells.
    pub(crate) fn refusal(&self) -> Option<Code> {
        self.refusal
    }

    /// The `Location` header.
    pub(crate) fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }
}

impl<E: Endpoint> Reply<E> {
    /// The reply with its body as JSON.
    ///
    /// # Errors
    /// `common/internal` for a body that cannot be written, which no input makes happen.
    pub(crate) fn send(self) -> Result<Sent, Error> {
        let write = |body: &E::Reply| match E::ENTRY.media {
            Media::Json => json(body),
            Media::Html => text(body),
        };
        let body = self.body.as_ref().map(write).transpose();
        let body = body.map_err(unwritable)?;
        let (status, body) = match (self.refusal, body, self.other) {
            (Some(code), body, _) => (code.status(), body.flatten()),
            (None, Some(body), _) => (E::ENTRY.status, body),
            (None, None, Some(other)) => (E::ENTRY.other.unwrap_or(E::ENTRY.status), Some(other)),
            (None, None, None) => (304, None),
        };
        Ok(Sent {
            status,
            body,
            location: self.location,
            etag: self.etag,
            cookie: self.cookie,
            truncated: self.truncated,
            allowed: self.allowed,
            refusal: self.refusal,
        })
    }
}

/// Encodes a reply or a refusal of the endpoint `entry`, with the headers of its kind.
pub(crate) fn encode(
    entry: &Entry,
    result: Result<Sent, Error>,
    head: &Head,
    request_id: &str,
    identified: bool,
) -> Response {
    let error = match result {
        Ok(sent) => {
            let mut response = match entry.media {
                Media::Json => respond(sent.status, sent.body),
                Media::Html => page(sent.status, sent.body, &sent.allowed),
            };
            if let Some(etag) = sent.etag {
                response.header("etag", etag);
            }
            if !sent.truncated.is_empty() {
                response.header("x-expand-truncated", sent.truncated);
            }
            response.cookies.extend(sent.cookie);
            if let Some(location) = sent.location {
                response.header("location", location);
            }
            return cached(entry, response, head, identified);
        }
        Err(error) => error,
    };
    let status = error.code.status();
    let mut response = match entry.dialect {
        Dialect::Own => respond(status, json(&error.body(request_id)).ok().flatten()),
        Dialect::OAuth => respond(
            OAuthError::status(error.code),
            json(&OAuthError::of(&error)).ok().flatten(),
        ),
    };
    match status {
        // RFC 9110, section 15.5.2: a 401 names a scheme.
        401 => response.header("www-authenticate", entry.dialect.scheme()),
        405 => response.header("allow", error.allow.unwrap_or_default()),
        429 => response.header("retry-after", error.retry_after.unwrap_or(1).to_string()),
        503 => response.header("retry-after", "1"),
        _ => {}
    }
    cached(entry, response, head, identified)
}

fn respond(status: u16, body: Option<String>) -> Response {
    let has_body = body.is_some();
    let mut response = Response::new(status, body);
    if has_body {
        response.header("content-type", "application/json");
        // ASVS 5.0, 3.4.4: no browser is to guess another type.
        response.header("x-content-type-options", "nosniff");
    }
    response
}

/// A page with the headers that keep others out of it. Its address has a token, so no other site learns it.
fn page(status: u16, body: Option<String>, allowed: &str) -> Response {
    let mut response = Response::new(status, body);
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
    ] {
        response.header(name, value);
    }
    response.header(
        "content-security-policy",
        format!("{PAGE_POLICY}; {allowed}"),
    );
    response
}

/// Forbids storing a reply about an account. For a record, or a reply that may need an API key, a shared cache must not
/// mix callers' views (ASVS 5.0, 14.3.2).
fn cached(entry: &Entry, mut response: Response, head: &Head, identified: bool) -> Response {
    if let Some(seconds) = entry.kept.filter(|_| response.status_code < 300) {
        response.header("cache-control", format!("public, max-age={seconds}"));
    } else if head.path.starts_with("/api/auth/") || entry.guard.needs_user() {
        response.header("cache-control", "no-store");
    } else if entry.reads_api_keys() {
        response.header("vary", "authorization, x-api-key");
        if identified {
            response.header("cache-control", "private, no-cache");
        }
    }
    response
}

/// The JSON of a body; `None` for the empty reply.
fn json(body: &impl Serialize) -> Result<Option<String>, serde_json::Error> {
    let text = serde_json::to_string(body)?;
    Ok((text != "null").then_some(text))
}

/// The text of a page.
fn text(body: &impl Serialize) -> Result<Option<String>, serde_json::Error> {
    let value = serde_json::to_value(body)?;
    Ok(value.as_str().map(ToOwned::to_owned))
}

/// A reply of headers alone, such as to a preflight.
pub(crate) fn empty() -> Response {
    Response::new(204, None)
}

#[cfg(test)]
mod tests {
    use api::Code;
    use api::endpoints::{Login, Logout, RecordsGet};
    use api::wire::{NoContent, RecordView};
    use serde_json::{Map, Value};

    use super::*;

    fn sent<E: Endpoint>(reply: Reply<E>, head: &Head, identified: bool) -> Response {
        encode(E::ENTRY, reply.send(), head, "r-1", identified)
    }

    fn refused<E: Endpoint>(code: Code, head: &Head, identified: bool) -> Response {
        encode(E::ENTRY, Err(code.into()), head, "r-1", identified)
    }

    fn head(path: &str) -> Head {
        Head {
            method: "GET".into(),
            path: path.into(),
            source: String::new(),
            origin: None,
            asks_preflight: false,
        }
    }

    #[test]
    fn a_refusal_has_the_one_shape_and_its_headers() {
        for (code, header, value) in [
            (Code::InvalidCredentials, "www-authenticate", "Bearer"),
            (Code::Unavailable, "retry-after", "1"),
            (Code::MethodNotAllowed, "allow", ""),
        ] {
            let response = refused::<Login>(code, &head("/api/auth/login"), false);
            assert_eq!(response.status_code, code.status());
            assert_eq!(
                response.headers.get(header).map(String::as_str),
                Some(value)
            );
            assert_eq!(
                response.headers.get("cache-control").map(String::as_str),
                Some("no-store")
            );
            let body: Value =
                serde_json::from_str(response.body.as_deref().unwrap_or_default()).expect("json");
            assert_eq!(body["error"]["code"], code.as_str());
            assert_eq!(body["error"]["requestId"], "r-1");
        }
    }

    #[test]
    fn no_content_is_no_body() {
        let reply = Reply::<Logout>::with(NoContent);
        let response = sent(reply, &head("/api/auth/logout"), false);
        assert_eq!((response.status_code, response.body), (204, None));
        assert!(!response.headers.contains_key("content-type"));
    }

    #[test]
    fn a_record_that_the_caller_has_is_304_with_its_headers() {
        let unchanged = Reply::<RecordsGet>::unchanged("r1");
        let response = sent(unchanged, &head("/api/posts/x"), true);
        assert_eq!((response.status_code, response.body), (304, None));
        for (name, value) in [("etag", "\"r1\""), ("cache-control", "private, no-cache")] {
            assert_eq!(response.headers.get(name).map(String::as_str), Some(value));
        }
        assert!(
            response.headers.contains_key("vary") && !response.headers.contains_key("content-type")
        );
        let whole = Reply::<RecordsGet>::with(RecordView(Map::new())).tagged("r1");
        let response = sent(whole, &head("/api/posts/x"), false);
        assert_eq!(
            (response.status_code, response.body.as_deref()),
            (200, Some("{}"))
        );
        assert_eq!(
            response.headers.get("etag").map(String::as_str),
            Some("\"r1\"")
        );
    }

    #[test]
    fn an_identified_callers_record_is_private() {
        let of = |identified| {
            refused::<RecordsGet>(Code::RecordNotFound, &head("/api/posts/x"), identified)
        };
        assert_eq!(
            of(true).headers.get("cache-control").map(String::as_str),
            Some("private, no-cache")
        );
        assert_eq!(of(false).headers.get("cache-control"), None);
        assert_eq!(
            of(false).headers.get("vary").map(String::as_str),
            Some("authorization, x-api-key")
        );
    }
}
