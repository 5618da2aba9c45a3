//! Whole replies about records: only ids and times are masked, after a check of their form.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use blackbox::{Caller, Reply, stack};
use serde_json::{Map, Value, json};

/// Every code that a records route may answer with, and its sentence.
const SENTENCES: &[(&str, &str)] = &[
    ("common/invalid-json", "The body is not a JSON object."),
    (
        "common/invalid-request",
        "The query string is longer than 4 KiB.",
    ),
    (
        "common/validation-failed",
        "Some fields are not valid; see details.",
    ),
    ("common/not-found", "There is nothing at this path."),
    (
        "common/method-not-allowed",
        "This path does not answer that method; see the Allow header.",
    ),
    (
        "common/payload-too-large",
        "The body is larger than 256 KiB.",
    ),
    (
        "common/unsupported-media-type",
        "Send the body as application/json in UTF-8.",
    ),
    (
        "auth/authentication-required",
        "Send an access token: Authorization: Bearer <token>.",
    ),
    ("auth/invalid-token", "The access token is not valid."),
    (
        "auth/token-expired",
        "The access token has expired; refresh it.",
    ),
    (
        "auth/session-revoked",
        "This session has ended; log in again.",
    ),
    ("auth/invalid-api-key", "The API key is not valid."),
    ("auth/forbidden", "You may not do this."),
    ("data/record-not-found", "There is no such record."),
    (
        "data/precondition-failed",
        "The record has changed since; read it again.",
    ),
    (
        "common/idempotency-mismatch",
        "This Idempotency-Key was sent before with another body.",
    ),
    (
        "data/invalid-cursor",
        "The cursor is not valid for this list; start again without it.",
    ),
];

/// The refusal of a caller that names an owner without being an admin.
pub(crate) const OWNER_REFUSAL: &str = "`user_id` is the record's owner: only an admin may set it.";

/// How long an index may lag behind a write.
const LAG: Duration = Duration::from_secs(10);

/// The value with every id and time of the system fields replaced by its kind.
///
/// # Panics
/// One of them has another form.
#[track_caller]
pub(crate) fn masked(value: &Value) -> Value {
    let mut value = value.clone();
    for (name, kind, fits) in [
        ("id", "<id>", is_id as fn(&str) -> bool),
        ("createdAt", "<time>", is_time),
        ("updatedAt", "<time>", is_time),
    ] {
        let text = value[name].as_str().unwrap_or_default();
        assert!(fits(text), "{name} is no {kind}: {value}");
        value[name] = json!(kind);
    }
    value
}

/// A whole record, masked: the system fields and these.
pub(crate) fn record(created_by: Option<&str>, fields: &Value) -> Value {
    let mut all = json!({ "id": "<id>", "createdAt": "<time>", "updatedAt": "<time>", "createdBy": created_by });
    for (name, value) in fields.as_object().into_iter().flatten() {
        all[name] = value.clone();
    }
    all
}

/// A UUIDv7 in lower case (RFC 9562, section 5.7).
pub(crate) fn is_id(text: &str) -> bool {
    fits(text, "xxxxxxxx-xxxx-7xxx-vxxx-xxxxxxxxxxxx")
}

/// RFC 3339 in UTC with milliseconds.
pub(crate) fn is_time(text: &str) -> bool {
    fits(text, "dddd-dd-ddTdd:dd:dd.dddZ")
}

fn fits(text: &str, form: &str) -> bool {
    text.len() == form.len()
        && text
            .chars()
            .zip(form.chars())
            .all(|(there, expected)| match expected {
                'x' => matches!(there, '0'..='9' | 'a'..='f'),
                'v' => matches!(there, '8' | '9' | 'a' | 'b'),
                'd' => there.is_ascii_digit(),
                other => there == other,
            })
}

/// The text at `name` of a body.
pub(crate) fn text(value: &Value, name: &str) -> String {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {value}"))
        .to_owned()
}

/// The path of a record.
pub(crate) fn path(collection: &str, record: &Value) -> String {
    format!("/api/{collection}/{}", text(record, "id"))
}

/// The reply is this refusal with its usual sentence, in exactly the error shape.
#[track_caller]
pub(crate) fn refused(reply: &Reply, status: u16, code: &str) {
    let sentence = SENTENCES
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, sentence)| *sentence);
    refused_with(
        reply,
        status,
        code,
        sentence.unwrap_or_else(|| panic!("{code} is not in the list")),
    );
}

/// The reply is this refusal with this sentence, in exactly the error shape.
#[track_caller]
pub(crate) fn refused_with(reply: &Reply, status: u16, code: &str, message: &str) {
    assert_eq!(
        (reply.status, &*reply.code()),
        (status, code),
        "{}",
        reply.text()
    );
    let id = request_id(reply);
    assert_eq!(
        reply.json(),
        json!({ "error": { "code": code, "message": message, "requestId": id } })
    );
    assert_eq!(reply.header("content-type"), Some("application/json"));
    if status == 401 {
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    }
}

/// The reply is a 400 with exactly these details, as field and code, in any order.
#[track_caller]
pub(crate) fn invalid(reply: &Reply, details: &[(&str, &str)]) {
    assert_eq!(
        (reply.status, &*reply.code()),
        (400, "common/validation-failed"),
        "{}",
        reply.text()
    );
    let mut body = reply.json();
    let found = body["error"]
        .as_object_mut()
        .and_then(|error| error.remove("details"))
        .unwrap_or_default();
    let message = "Some fields are not valid; see details.";
    let expected = json!({ "error": { "code": "common/validation-failed", "message": message, "requestId": request_id(reply) } });
    assert_eq!(body, expected);
    let mut named: Vec<(String, String)> = Vec::new();
    for detail in found.as_array().cloned().unwrap_or_default() {
        let (field, code) = (text(&detail, "field"), text(&detail, "code"));
        assert_eq!(detail.as_object().map(Map::len), Some(3), "{detail}");
        assert!(
            text(&detail, "message").contains(&field),
            "the sentence does not name the field: {detail}"
        );
        named.push((field, code));
    }
    let mut expected: Vec<(String, String)> = details
        .iter()
        .map(|(field, code)| ((*field).to_owned(), (*code).to_owned()))
        .collect();
    named.sort();
    expected.sort();
    assert_eq!(named, expected);
}

/// The reply is a refusal of the caller (4xx) in exactly the error shape, whichever it is.
#[track_caller]
pub(crate) fn any_refusal(reply: &Reply, what: &str) {
    assert!(
        (400..500).contains(&reply.status),
        "{what}: {} {}",
        reply.status,
        reply.text()
    );
    let body = reply.json();
    let error = body["error"]
        .as_object()
        .unwrap_or_else(|| panic!("{what}: no error in {body}"));
    assert_eq!(body.as_object().map(Map::len), Some(1), "{what}: {body}");
    let code = text(&body["error"], "code");
    assert!(
        !text(&body["error"], "message").is_empty() && code.contains('/'),
        "{what}: {body}"
    );
    let mut names: Vec<&str> = error.keys().map(String::as_str).collect();
    names.sort_unstable();
    let with_details = ["code", "details", "message", "requestId"];
    let expected = if code == "common/validation-failed" {
        &with_details[..]
    } else {
        &["code", "message", "requestId"]
    };
    assert_eq!(names, expected, "{what}: {body}");
    assert_eq!(
        error["requestId"].as_str(),
        Some(&*request_id(reply)),
        "{what}: {body}"
    );
    assert_eq!(
        reply.header("content-type"),
        Some("application/json"),
        "{what}"
    );
}

/// The `x-request-id` of a reply, which every reply has.
#[track_caller]
pub(crate) fn request_id(reply: &Reply) -> String {
    let id = reply.header("x-request-id").filter(|id| !id.is_empty());
    id.unwrap_or_else(|| panic!("no x-request-id: {} {:?}", reply.status, reply.headers))
        .to_owned()
}

/// Every record of a list, page by page.
#[track_caller]
pub(crate) fn all(caller: &Caller, collection: &str, limit: usize) -> Vec<Value> {
    until(caller, collection, limit, |_| false)
}

/// The records of a list that are newer than this one.
#[track_caller]
pub(crate) fn newer(caller: &Caller, collection: &str, than: &Value) -> Vec<Value> {
    let bound = text(than, "id");
    let mut found = until(caller, collection, 100, |record| {
        text(record, "id") <= bound
    });
    found.retain(|record| text(record, "id") > bound);
    found
}

#[track_caller]
fn until(
    caller: &Caller,
    collection: &str,
    limit: usize,
    enough: impl Fn(&Value) -> bool,
) -> Vec<Value> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let reply = caller
            .get(&format!("/api/{collection}?limit={limit}{cursor}"))
            .expect(200);
        let (items, next) = page(&reply);
        let done = items.iter().any(&enough);
        found.extend(items);
        match next {
            Some(next) if !done => cursor = format!("&cursor={next}"),
            _ => return found,
        }
    }
}

/// Items and `nextCursor` of a page, which has nothing else.
#[track_caller]
pub(crate) fn page(reply: &Reply) -> (Vec<Value>, Option<String>) {
    let body = reply.json();
    assert_eq!(body.as_object().map(Map::len), Some(2), "{body}");
    assert!(
        body["nextCursor"].is_string() || body["nextCursor"].is_null(),
        "{body}"
    );
    let items = body["items"]
        .as_array()
        .unwrap_or_else(|| panic!("no items in {body}"));
    (
        items.clone(),
        body["nextCursor"].as_str().map(str::to_owned),
    )
}

/// The caller's notes are exactly these, newest first. The index that lists them may lag a moment behind a write.
#[track_caller]
pub(crate) fn notes_are(caller: &Caller, expected: &[Value]) {
    let deadline = Instant::now() + LAG;
    let mut found = all(caller, "notes", 100);
    while found != expected && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(100));
        found = all(caller, "notes", 100);
    }
    assert_eq!(found, expected);
}

/// Waits until the caller has so many notes.
#[track_caller]
pub(crate) fn has_notes(caller: &Caller, count: usize) {
    let deadline = Instant::now() + LAG;
    while all(caller, "notes", 100).len() != count {
        assert!(
            Instant::now() < deadline,
            "{} of {count} notes",
            all(caller, "notes", 100).len()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A new note of the caller.
#[track_caller]
pub(crate) fn note(caller: &Caller, title: &str) -> Value {
    caller
        .post("/api/notes", &json!({ "title": title }))
        .expect(201)
        .json()
}

/// A new post of the caller.
#[track_caller]
pub(crate) fn post(caller: &Caller, title: &str) -> Value {
    caller
        .post("/api/posts", &json!({ "title": title }))
        .expect(201)
        .json()
}

/// The record as this caller, who may read it, sees it now.
#[track_caller]
pub(crate) fn now(caller: &Caller, collection: &str, record: &Value) -> Value {
    caller.get(&path(collection, record)).expect(200).json()
}

/// The id of no record.
pub(crate) const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

/// A value for a unique field that nobody else has, of capital letters, digits and `-`.
pub(crate) fn fresh_sku() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let time = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_nanos();
    format!("S{time:X}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A new product of the caller, with a unique `sku` of its own.
#[track_caller]
pub(crate) fn product(caller: &Caller) -> Value {
    caller
        .post(
            "/api/products",
            &json!({ "name": "product", "sku": fresh_sku() }),
        )
        .expect(201)
        .json()
}

/// The refusal of a value that another record has.
#[track_caller]
pub(crate) fn taken(reply: &Reply, field: &str) {
    let message = format!("Another record has this value of `{field}`.");
    refused_with(reply, 409, "data/unique-violation", &message);
}

/// The ids of the reservations and idempotency keys in a collection's table that name this record. `None` where the
/// tables cannot be looked into.
pub(crate) fn beside(collection: &str, record: &str) -> Option<Vec<String>> {
    let engine = stack().inside()?.dynamo.engine();
    let (mut found, mut start) = (Vec::new(), Value::Null);
    loop {
        let mut request = json!({ "TableName": format!("local-{collection}"), "ConsistentRead": true,
            "FilterExpression": "#record = :record", "ExpressionAttributeNames": { "#record": "record" },
            "ExpressionAttributeValues": { ":record": { "S": record } } });
        if !start.is_null() {
            request["ExclusiveStartKey"] = start;
        }
        let page = engine.call("Scan", &request).expect("a scan");
        for item in page["Items"].as_array().into_iter().flatten() {
            let shard: u16 = item["shard"]["N"]
                .as_str()
                .and_then(|shard| shard.parse().ok())
                .expect("a shard");
            assert!((256..512).contains(&shard), "{item}");
            let id = item["id"]["S"].as_str().unwrap_or_default();
            found.push(
                id.split('#')
                    .take(id.matches('#').count())
                    .collect::<Vec<_>>()
                    .join("#"),
            );
        }
        start = page["LastEvaluatedKey"].clone();
        if start.is_null() {
            found.sort();
            return Some(found);
        }
    }
}

/// The answers to requests that begin at the same moment.
pub(crate) fn together<'a>(asks: Vec<Box<dyn Fn() -> Reply + Send + Sync + 'a>>) -> Vec<Reply> {
    let barrier = std::sync::Barrier::new(asks.len());
    std::thread::scope(|scope| {
        let barrier = &barrier;
        let started: Vec<_> = asks
            .iter()
            .map(|ask| {
                scope.spawn(move || {
                    barrier.wait();
                    ask()
                })
            })
            .collect();
        started
            .into_iter()
            .map(|worker| worker.join().expect("a reply"))
            .collect()
    })
}
