//! Writes, and the events that each must and must not make.

mod configuration;
mod invitations;
mod properties;
mod records;
mod users;

use api::definition::ProfileField;
use api::{Definition, Id, Timestamp};
use serde_json::{Map, Value, json};

use super::*;

const AT: u64 = 1_790_000_000_123;

fn id(seed: u8) -> Id {
    Id::new(Timestamp::from_millis(AT), [seed; 10])
}

/// A value in DynamoDB's JSON; a text with `hex:` before it is bytes.
fn typed(value: &Value) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix("bytes:") {
            Some(bytes) => json!({ "B": bytes }),
            None => json!({ "S": text }),
        },
        Value::Number(number) => json!({ "N": number.to_string() }),
        Value::Bool(value) => json!({ "BOOL": value }),
        Value::Null => json!({ "NULL": true }),
        Value::Array(items) => json!({ "L": items.iter().map(typed).collect::<Vec<_>>() }),
        Value::Object(_) => json!({ "M": image(value) }),
    }
}

fn image(item: &Value) -> Value {
    let members = item.as_object().cloned().unwrap_or_default();
    let typed = |(name, value): (String, Value)| (name, typed(&value));
    Value::Object(members.into_iter().map(typed).collect::<Map<_, _>>())
}

/// A stream record of a table; null is no image.
fn record(table: &str, key: &Value, old: &Value, new: &Value) -> Value {
    let mut change = json!({ "Keys": image(key), "ApproximateCreationDateTime": 1_790_000_009.0 });
    for (name, item) in [("OldImage", old), ("NewImage", new)] {
        if !item.is_null() {
            change[name] = image(item);
        }
    }
    let source = format!("arn:aws:dynamodb:eu-central-1:1:table/bakend-{table}/stream/2026");
    json!({ "eventSourceARN": source, "dynamodb": change })
}

fn read(record: &Value) -> Result<Vec<Envelope>, Unfit> {
    let posts: Definition = serde_json::from_value(json!({ "name": "posts", "fields": [
        { "name": "title", "type": "string" }, { "name": "user_id", "type": "string" } ] }))
    .expect("a definition");
    let profile = serde_json::from_value(json!([{ "name": "bio", "type": "string" }]));
    let profile: Vec<ProfileField> = profile.expect("a profile");
    let world = World {
        prefix: "bakend-",
        collection: &|name| (name == "posts").then_some(&posts),
        profile: &profile,
    };
    events_of(&StreamRecord::read(record)?, &world)
}

fn events(table: &str, key: &Value, old: &Value, new: &Value) -> Vec<Envelope> {
    read(&record(table, key, old, new)).expect("fits")
}

fn kinds(events: &[Envelope]) -> Vec<&'static str> {
    events.iter().map(|event| event.kind().as_str()).collect()
}

/// An object with some members replaced; null removes one.
fn with(object: &Value, members: Value) -> Value {
    let mut object = object.clone();
    for (name, value) in members.as_object().cloned().unwrap_or_default() {
        match (value, object.as_object_mut()) {
            (Value::Null, Some(object)) => drop(object.remove(&name)),
            (value, _) => object[&name] = value,
        }
    }
    object
}

fn change(reason: &str, by: &str) -> Value {
    json!({ "at": AT, "by": by, "reason": reason, "user": id(1), "request_id": "r1", "ip": "203.0.113.7",
        "user_agent": "curl", "session": id(2) })
}

fn user() -> Value {
    json!({ "id": id(1), "kind": "user", "email": "ada@example.com", "role": "authenticated", "disabled": false,
        "auth_version": 1, "created_at": AT, "profile": { "bio": "x", "once": "undeclared" },
        "import": "never-shown", "change": change("register", "user") })
}

#[test]
fn sessions_make_events_when_they_begin_and_when_they_are_ended() {
    let key = json!({ "user_id": id(1), "id": id(2) });
    let session = |begun: &str| {
        with(
            &key,
            json!({ "generation": 0, "refresh_token_hash": "secret", "ip": "203.0.113.7", "user_agent": "curl",
            "begun": { "reason": begun, "request_id": "r1" } }),
        )
    };
    let ended = |reason: &str| {
        let ended = json!({ "by": "user", "user": id(1), "request_id": "r2" });
        with(
            &session("login"),
            json!({ "revoked_at": AT, "revoked_reason": reason, "ended": ended }),
        )
    };
    let none = Value::Null;
    let refreshed = with(&session("login"), json!({ "generation": 1 }));
    for (old, new, expected) in [
        (&none, session("login"), vec!["auth.login"]),
        (&none, session("restore"), vec!["auth.login"]),
        (&none, session("verify-email"), vec!["auth.login"]),
        (&none, session("magic-link"), vec!["auth.login"]),
        (&none, session("invitation"), vec!["auth.login"]),
        (
            &none,
            session("reauthentication"),
            vec!["auth.reauthenticated"],
        ),
        (&none, session("register"), vec![]),
        (&none, session("service"), vec![]),
        (&refreshed, ended("reauthenticated"), vec![]),
        (&session("login"), refreshed.clone(), vec![]),
        (&refreshed, ended("logout"), vec!["auth.logout"]),
        (
            &refreshed,
            ended("refresh-token-reuse"),
            vec!["auth.refresh.reused"],
        ),
        (&refreshed, ended("user"), vec!["auth.session.ended"]),
        (&refreshed, ended("admin"), vec!["auth.session.ended"]),
        (
            &ended("admin"),
            with(&ended("admin"), json!({ "generation": 2 })),
            vec![],
        ),
        (&refreshed, none.clone(), vec![]),
    ] {
        let found = events("_sessions", &key, old, &new);
        assert_eq!(kinds(&found), expected, "{old} {new}");
    }
    let again = with(&session("reauthentication"), json!({ "amr": ["pwd"] }));
    let again = json!(events("_sessions", &key, &none, &again))[0]["data"].clone();
    assert_eq!(
        again,
        json!({ "userId": id(1), "sessionId": id(2), "amr": ["pwd"] })
    );
    let login = json!(events("_sessions", &key, &none, &session("login")))[0].clone();
    assert_eq!(login["actor"]["id"], json!(id(1)));
    assert_eq!(
        login["request"],
        json!({ "id": "r1", "ip": "203.0.113.7", "userAgent": "curl" })
    );
}

#[test]
fn keys_and_webhooks_make_events_of_names_alone() {
    let key = json!({ "kind": "api-key", "id": id(3) });
    let made = with(
        &key,
        json!({ "name": "n", "type": "secret", "scopes": ["*:read"], "hash": "secret",
        "change": change("create", "user") }),
    );
    let rotated = with(
        &made,
        json!({ "hash": "secret2", "rotated_at": AT, "change": change("rotate", "user") }),
    );
    let deleted = with(
        &made,
        json!({ "hash": null, "deleted_at": AT, "change": change("delete", "user") }),
    );
    let none = Value::Null;
    for (old, new, expected) in [
        (&none, &made, vec!["key.created"]),
        (&made, &rotated, vec!["key.rotated"]),
        (&made, &deleted, vec!["key.deleted"]),
        (&deleted, &none, vec![]),
        (&made, &none, vec!["key.deleted"]),
    ] {
        assert_eq!(
            kinds(&events("_api_keys", &key, old, new)),
            expected,
            "{old} {new}"
        );
    }
    let count = json!({ "kind": "api-key", "id": "#made" });
    assert_eq!(
        events(
            "_api_keys",
            &count,
            &none,
            &with(&count, json!({ "made": 1 }))
        ),
        vec![]
    );

    let key = json!({ "consumer": "consumers", "id": format!("webhook:{}", id(4)) });
    let made = with(
        &key,
        json!({ "name": "n", "url": "https://a/?token=secret", "secret": "secret",
        "change": change("create", "user") }),
    );
    let system = with(
        &change("update", "system"),
        json!({ "user": null, "session": null, "request_id": null }),
    );
    let failing = with(&made, json!({ "failing_since": AT, "change": system }));
    let moved = with(
        &made,
        json!({ "url": "https://secret", "change": change("update", "user") }),
    );
    let rotated = with(
        &made,
        json!({ "secret": "another", "change": change("rotate", "user") }),
    );
    let resealed = with(&rotated, json!({ "secret": "the same, sealed anew" }));
    let deleted = with(
        &made,
        json!({ "secret": null, "deleted_at": AT, "change": change("delete", "user") }),
    );
    for (old, new, expected) in [
        (&none, &made, vec!["webhook.changed"]),
        (&made, &moved, vec!["webhook.changed"]),
        (&made, &rotated, vec!["webhook.changed"]),
        (&rotated, &resealed, vec![]),
        (&made, &failing, vec!["webhook.failing"]),
        (&failing, &made, vec!["webhook.recovered"]),
        (&made, &deleted, vec!["webhook.changed"]),
        (&deleted, &none, vec![]),
    ] {
        assert_eq!(
            kinds(&events("_deliveries", &key, old, new)),
            expected,
            "{old} {new}"
        );
    }
    assert_eq!(
        json!(events("_deliveries", &key, &made, &moved))[0]["data"]["changed"],
        json!(["url"])
    );
    for (consumer, id) in [
        ("leases", format!("webhook:{}", id(4))),
        ("webhook:x", "p#1#2".to_owned()),
    ] {
        let key = json!({ "consumer": consumer, "id": id });
        assert_eq!(
            events(
                "_deliveries",
                &key,
                &none,
                &with(&key, json!({ "until": 1 }))
            ),
            vec![]
        );
    }
}
