//! Properties of every event: its id, its actor, and the content that it never has.

use std::collections::BTreeSet;

use api::Id;
use api::event::{ActorType, Kind};
use serde_json::{Value, json};

use super::{AT, change, events, id, read, record, user, with};

#[test]
fn nothing_but_what_is_named_leaves_a_table() {
    let secret = |members: Value| {
        with(
            &members,
            json!({ "password_hash": "secret", "x": { "y": "secret" } }),
        )
    };
    let key = json!({ "id": id(1) });
    let mut all = events("_users", &key, &Value::Null, &secret(user()));
    all.extend(events(
        "_users",
        &key,
        &secret(user()),
        &secret(with(&user(), json!({ "role": "editor" }))),
    ));
    let text = json!(all).to_string();
    for word in [
        "secret",
        "hash",
        "never-shown",
        "undeclared",
        "import",
        "auth_version",
    ] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

#[test]
fn ids_follow_from_the_write_and_tell_types_apart() {
    let key = json!({ "id": id(1) });
    let changed = |version: u64| {
        with(
            &user(),
            json!({ "auth_version": version, "change": change("password-change", "user") }),
        )
    };
    let once = events("_users", &key, &user(), &changed(2));
    assert_eq!(once, events("_users", &key, &user(), &changed(2)));
    let other = events("_users", &key, &user(), &changed(3));
    let ids: BTreeSet<Id> = once.iter().chain(&other).map(|event| event.id).collect();
    assert_eq!(ids.len(), 4);
    assert!(ids.iter().all(|id| id.created_at().millis() == AT));
}

#[test]
fn actors_are_as_the_writes_tell_them() {
    let key = json!({ "id": id(1) });
    let actor = |change: Value| {
        let new = with(&user(), json!({ "role": "editor", "change": change }));
        let event = events("_users", &key, &user(), &new).remove(0);
        (
            event.actor.map(|actor| (actor.r#type, actor.id)),
            event.request.map(|it| it.id),
        )
    };
    let request = Some("r1".to_owned());
    let me = Some(id(1));
    assert_eq!(
        actor(change("update", "user")),
        (Some((ActorType::User, me)), request.clone())
    );
    let key_only = with(
        &change("update", "key"),
        json!({ "user": null, "key": id(9) }),
    );
    assert_eq!(actor(key_only), (Some((ActorType::Key, None)), request));
    let operator = with(
        &change("promote", "cli"),
        json!({ "user": null, "request_id": null }),
    );
    assert_eq!(actor(operator), (Some((ActorType::Cli, None)), None));
    assert_eq!(actor(user()["change"].clone()), (None, None));

    let mut expired = record("_users", &key, &user(), &Value::Null);
    expired["userIdentity"] = json!({ "type": "Service", "principalId": "dynamodb.amazonaws.com" });
    let purged = read(&expired).expect("fits").remove(0);
    assert_eq!(purged.kind(), Kind::UserPurged);
    assert_eq!(
        purged.actor.map(|actor| actor.r#type),
        Some(ActorType::System)
    );
    assert_eq!(purged.at.millis(), 1_790_000_009_000);
}

#[test]
fn whatever_a_record_holds_it_is_an_event_or_unfit() {
    let good = record(
        "posts",
        &json!({ "shard": 0, "id": id(5) }),
        &user(),
        &user(),
    );
    let mut random = fastrand::Rng::with_seed(7);
    let tables = [
        "posts",
        "_users",
        "_sessions",
        "_api_keys",
        "_deliveries",
        "_mail",
        "",
    ];
    let values = [
        json!(null),
        json!(1),
        json!("x"),
        json!([]),
        json!({}),
        json!({ "S": 1 }),
        json!({ "N": "x" }),
    ];
    for _ in 0..20_000 {
        let mut broken = good.clone();
        let table = tables[random.usize(..tables.len())];
        broken["eventSourceARN"] = json!(format!("arn:x:table/bakend-{table}/stream"));
        let mut place = &mut broken["dynamodb"];
        for _ in 0..random.usize(1..4) {
            let names: Vec<String> = match place.as_object() {
                Some(object) if !object.is_empty() => object.keys().cloned().collect(),
                _ => break,
            };
            place = &mut place[&names[random.usize(..names.len())]];
        }
        *place = values[random.usize(..values.len())].clone();
        let _ = read(&broken);
    }
    for value in values {
        assert!(read(&value).is_err());
    }
}
