//! Stream records as events.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use api::definition::{Definition, ProfileField};
use api::event::MAX_BYTES;
use serde_json::{Value, json};
use store::{StreamRecord, World, events_of};

use crate::text;

/// The words of a stream record, between whose braces the mutations happen.
const WORDS: &[&str] = &[
    "{\"eventSourceARN\":\"arn:aws:dynamodb:x:1:table/bakend-",
    "/stream/2026\",\"dynamodb\":{\"Keys\":{",
    "},\"OldImage\":{",
    "},\"NewImage\":{",
    "}}}",
    ",\"ApproximateCreationDateTime\":1.79E9",
    ",\"userIdentity\":{\"principalId\":\"dynamodb.amazonaws.com\"}",
    "_users",
    "_sessions",
    "_api_keys",
    "_deliveries",
    "posts",
    "\"id\":",
    "\"user_id\":",
    "\"kind\":",
    "\"consumer\":",
    "\"shard\":",
    "\"email\":",
    "\"role\":",
    "\"disabled\":",
    "\"auth_version\":",
    "\"created_at\":",
    "\"updated_at\":",
    "\"deleted_at\":",
    "\"expires_at\":",
    "\"revoked_at\":",
    "\"revoked_reason\":",
    "\"rotated_at\":",
    "\"failing_since\":",
    "\"profile\":",
    "\"change\":",
    "\"begun\":",
    "\"ended\":",
    "\"actor\":",
    "\"data\":",
    "\"owner\":",
    "\"created_by\":",
    "\"rev\":",
    "\"name\":",
    "\"type\":",
    "\"scopes\":",
    "\"url\":",
    "\"secret\":",
    "\"at\":",
    "\"by\":",
    "\"reason\":",
    "\"session\":",
    "\"request_id\":",
    "\"trigger\":",
    "\"depth\":",
    "{\"S\":\"",
    "\"}",
    "{\"N\":\"",
    "{\"BOOL\":true}",
    "{\"NULL\":true}",
    "{\"L\":[",
    "]}",
    "{\"M\":{",
    "}}",
    "{\"B\":\"",
    "{\"SS\":[",
    ",",
    "0197a3b0-0000-7000-8000-000000000000",
    "webhook:",
    "consumers",
    "login\"}",
    "logout\"}",
    "register\"}",
    "create",
    "delete",
    "user",
    "cli",
    "1790000000000",
    "99999999999999999999",
];

static POSTS: LazyLock<Option<Definition>> = LazyLock::new(|| {
    let fields =
        json!([{ "name": "name", "type": "string" }, { "name": "user_id", "type": "string" }]);
    serde_json::from_value(json!({ "name": "posts", "fields": fields })).ok()
});

static PROFILE: LazyLock<Vec<ProfileField>> = LazyLock::new(|| {
    serde_json::from_value(json!([{ "name": "name", "type": "string" }])).unwrap_or_default()
});

/// Reading a stream record: any content is events or unfit. The same record always makes the same events, which go over
/// the wire and come back.
pub fn changes(data: &[u8]) {
    let Ok(record) = serde_json::from_str::<Value>(&text(data, WORDS)) else {
        return;
    };
    let world = World {
        prefix: "bakend-",
        collection: &|name| POSTS.as_ref().filter(|posts| posts.name == name),
        profile: &PROFILE,
    };
    let read = || StreamRecord::read(&record).and_then(|record| events_of(&record, &world));
    let Ok(events) = read() else {
        return;
    };
    assert_eq!(read().as_ref(), Ok(&events));
    let ids: BTreeSet<_> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids.len(), events.len());
    for event in events {
        let text = serde_json::to_string(&event).unwrap_or_default();
        assert!(text.len() <= MAX_BYTES, "{} bytes", text.len());
        assert_eq!(serde_json::from_str(&text).ok(), Some(event));
    }
}
