//! Products, orders and comments of a test's own, and lists of them walked to their end.

use std::fmt::Write;
use std::time::{Duration, Instant};

use blackbox::{Caller, Reply, fresh_email};
use serde_json::{Value, json};

use super::look::{NOBODY, any_refusal, page, request_id, text};

/// How long an index may lag behind a write.
const LAG: Duration = Duration::from_secs(10);

/// A word in capitals that no other test has.
pub(crate) fn word() -> String {
    let all: String = fresh_email()
        .replace("example.com", "")
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    all.to_uppercase().chars().rev().take(20).collect()
}

/// A new product with a `sku` of its own and these fields.
#[track_caller]
pub(crate) fn product(caller: &Caller, fields: &Value) -> Value {
    made(
        caller,
        "products",
        json!({ "name": "thing", "sku": word() }),
        fields,
    )
}

/// A new order of the caller.
#[track_caller]
pub(crate) fn order(caller: &Caller, product: &Value, fields: &Value) -> Value {
    made(
        caller,
        "orders",
        json!({ "product": product["id"] }),
        fields,
    )
}

/// A new comment of the caller.
#[track_caller]
pub(crate) fn comment(caller: &Caller, post: &Value, fields: &Value) -> Value {
    made(
        caller,
        "comments",
        json!({ "post": post["id"], "text": "well" }),
        fields,
    )
}

#[track_caller]
fn made(caller: &Caller, collection: &str, mut body: Value, fields: &Value) -> Value {
    for (name, value) in fields.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    caller
        .post(&format!("/api/{collection}"), &body)
        .expect(201)
        .json()
}

/// Names and values as a query string.
pub(crate) fn query(parameters: &[(&str, &str)]) -> String {
    let pairs = parameters
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// A text as it stands in a query string.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            all.push(char::from(byte));
        } else {
            let _ = write!(all, "%{byte:02X}");
        }
        all
    })
}

/// A list walked to its end: every page has at most `limit` records, and there is an end.
#[track_caller]
pub(crate) fn walk(caller: &Caller, collection: &str, query: &str, limit: usize) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    for _ in 0..500 {
        let path = format!("/api/{collection}?limit={limit}&{query}{cursor}");
        let (records, next) = page(&caller.get(path.trim_end_matches('&')).expect(200));
        assert!(records.len() <= limit, "{path}");
        all.extend(records);
        match next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
    panic!("{collection}?{query} has no end");
}

/// Waits until `look` sees `expected` and returns it: an index may lag a moment behind a write.
#[track_caller]
pub(crate) fn settles<T: PartialEq + std::fmt::Debug>(
    expected: &T,
    what: &str,
    look: impl Fn() -> T,
) {
    let deadline = Instant::now() + LAG;
    let mut seen = look();
    while seen != *expected && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(100));
        seen = look();
    }
    assert_eq!(seen, *expected, "{what}");
}

/// The ids of records, in their order.
pub(crate) fn ids(records: &[Value]) -> Vec<String> {
    records.iter().map(|record| text(record, "id")).collect()
}

/// The reply is a 400 with exactly these codes as details of this parameter; its sentences.
#[track_caller]
pub(crate) fn refuses(reply: &Reply, parameter: &str, codes: &[&str]) -> String {
    assert_eq!(
        (reply.status, &*reply.code()),
        (400, "common/validation-failed"),
        "{parameter}: {}",
        reply.text()
    );
    let details = reply.json()["error"]["details"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let found: Vec<(String, String)> = details
        .iter()
        .map(|detail| (text(detail, "field"), text(detail, "code")))
        .collect();
    let expected: Vec<_> = codes
        .iter()
        .map(|code| (parameter.to_owned(), (*code).to_owned()))
        .collect();
    assert_eq!(found, expected, "{}", reply.text());
    details
        .iter()
        .map(|detail| text(detail, "message"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// A reply's status, body and headers without the request id. The time and the id of a deployed API's gateway are left
/// out as well.
#[track_caller]
pub(crate) fn said(reply: &Reply) -> (u16, String, Vec<(String, String)>) {
    let body = reply.text().replace(&request_id(reply), "<request>");
    let mut headers = reply.headers.clone();
    headers
        .retain(|(name, _)| !["x-request-id", "apigw-requestid", "date"].contains(&name.as_str()));
    headers.sort();
    (reply.status, body, headers)
}

/// Sends a body where the method has one.
pub(crate) fn send(
    caller: &Caller,
    method: &str,
    path: &str,
    header: Option<(&str, &str)>,
    body: &Value,
) -> Reply {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(header);
    let body = body.to_string();
    let body = (method != "GET" && method != "DELETE").then_some(body.as_bytes());
    caller.send(method, path, &headers, body)
}

/// Asserts that a hidden, a deleted and a missing record are answered alike; returns the answer.
#[track_caller]
pub(crate) fn answers_as_missing(
    hidden: &Value,
    deleted: &Value,
    ask: impl Fn(&str) -> Reply,
    what: &str,
) -> Reply {
    let (hidden, deleted, missing) = (
        ask(&text(hidden, "id")),
        ask(&text(deleted, "id")),
        ask(NOBODY),
    );
    assert_eq!(said(&hidden), said(&missing), "{what}");
    assert_eq!(said(&deleted), said(&missing), "{what}");
    any_refusal(&hidden, what);
    assert_eq!(hidden.header("etag"), None, "{what}");
    hidden
}
