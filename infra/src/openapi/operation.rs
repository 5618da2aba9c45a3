//! The body, the parameters and the replies of one operation.

use api::endpoints::{Cookie, Entry, ReplyHeader};
use api::error::Code;
use serde_json::{Map, Value, json};

use super::shared::{header, parameter};

/// The parts that an operation adds to its entry.
pub(super) struct Shape<'a> {
    pub(super) id: String,
    pub(super) tag: &'a str,
    /// The body's schema and whether it must be there.
    pub(super) body: Option<(Value, bool)>,
    /// The reply's schema, unless it has no body.
    pub(super) reply: Option<Value>,
    pub(super) parameters: Vec<Value>,
    /// The codes it may answer, beside those of every endpoint.
    pub(super) codes: Vec<Code>,
    pub(super) security: Value,
    pub(super) headers: Vec<&'static str>,
}

/// The parameters of an endpoint whose path is as it stands.
pub(super) fn plain_parameters(entry: &Entry) -> Result<Vec<Value>, String> {
    let placeholders = entry
        .path
        .split('/')
        .filter(|segment| segment.starts_with('{'));
    let in_path = placeholders.map(|placeholder| match placeholder {
        "{id}" => Ok(parameter("Id")),
        "{eventId}" => Ok(parameter("EventId")),
        "{kind}" => Ok(parameter("MailKind")),
        "{locale}" => Ok(parameter("MailLocale")),
        "{sid}" => Ok(parameter("SessionId")),
        "{name}" => Ok(parameter("ProviderName")),
        "{provider}" => Ok(parameter("SignInProvider")),
        "{page}" => Ok(parameter("PageName")),
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
pub(super) fn header_parameters(entry: &Entry) -> Vec<Value> {
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
pub(super) fn reply_headers(
    entry: &Entry,
    derived: impl IntoIterator<Item = &'static str>,
) -> Vec<&'static str> {
    let said = entry.replies.iter().map(|header| match header {
        ReplyHeader::Location => "Location",
        ReplyHeader::ETag | ReplyHeader::OptionalETag => "ETag",
        ReplyHeader::ExpandTruncated => "x-expand-truncated",
    });
    let cookie = (entry.cookie != Cookie::Unused).then_some("Set-Cookie");
    said.chain(derived).chain(cookie).collect()
}

/// The entry's sentence, with the collection where it has one.
pub(super) fn summary(entry: &Entry, shape: &Shape<'_>) -> String {
    let sentence = entry.doc.replace('`', "");
    let sentence = sentence.trim_end_matches('.');
    if entry.guard.is_of_records() {
        format!("{sentence} ({})", shape.tag)
    } else {
        sentence.to_owned()
    }
}

/// An access token, alone.
pub(super) fn token() -> Value {
    json!({ "accessToken": [] })
}

/// The id and the secret of a service account, by HTTP Basic.
pub(super) fn client() -> Value {
    json!({ "client": [] })
}

/// An API key, alone.
pub(super) fn key() -> Value {
    json!({ "apiKey": [] })
}

/// An access token beside an API key.
pub(super) fn both() -> Value {
    json!({ "accessToken": [], "apiKey": [] })
}

/// The other kind of success of an operation.
pub(super) fn other_success(shape: &Shape<'_>, schema: &Value) -> Value {
    let mut headers = Map::from_iter([("x-request-id".to_owned(), header("RequestId"))]);
    let kept = shape
        .headers
        .iter()
        .filter(|name| **name == "Cache-Control");
    headers.extend(kept.map(|name| ((*name).to_owned(), header("CacheControl"))));
    json!({ "description": "Accepted.", "headers": headers,
        "content": { "application/json": { "schema": schema } } })
}

pub(super) fn success(entry: &Entry, shape: &Shape<'_>) -> Value {
    let mut headers = Map::from_iter([("x-request-id".to_owned(), header("RequestId"))]);
    headers.extend(shape.headers.iter().map(|name| {
        let component = match *name {
            // An inlined record has a revision of its own.
            "ETag" if entry.replies.contains(&ReplyHeader::OptionalETag) => {
                "OptionalETag".to_owned()
            }
            "x-expand-truncated" => "ExpandTruncated".to_owned(),
            name => name.replace('-', ""),
        };
        ((*name).to_owned(), header(&component))
    }));
    let description = match entry.status {
        201 => "Created.",
        204 => "Done.",
        302 => "The browser is sent on.",
        _ => "The reply.",
    };
    let mut response = json!({ "description": description, "headers": headers });
    if let Some(schema) = &shape.reply {
        response["content"] = json!({ entry.media.name(): { "schema": schema } });
    }
    response
}
