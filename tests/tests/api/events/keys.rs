//! API keys, and the writes of servers.

use super::*;

pub(super) const OF_SERVERS: &[&str] = &[
    "register",
    "api-keys-create",
    "users-create",
    "users-update",
    "records-create",
    "api-keys-rotate",
    "api-keys-delete",
];

pub(super) const OF_LEAVERS: &[&str] = &[
    "register",
    "users-update",
    "api-keys-create",
    "records-create",
    "users-delete",
];

#[test]
fn api_keys_and_servers_make_exactly_these_events() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let play = Play::new(inside);
    let admin = || play.admin.access.as_str();
    let keys = "/api/admin/api-keys";
    let body = json!({ "name": "importer", "type": "secret", "scopes": ["posts:*", "users:*"] });
    let wrong = json!({ "name": "importer", "type": "secret", "scopes": ["posts:fly"] });
    let member = play.registers();

    let event = post(keys, &body).token(&member.access);
    let _ = play.ask("api-keys-create", event, 403, &[]);
    let _ = play.ask(
        "api-keys-create",
        post(keys, &wrong).token(admin()),
        400,
        &[],
    );
    let event = post(keys, &body).token(admin());
    let made = play.ask("api-keys-create", event, 201, &["key.created"]);
    let shown = made.reply.json();
    let (id, key) = (text(&shown["id"]), text(&shown["key"]));
    let event = made.event("key.created");
    assert_eq!(
        event["subject"],
        json!({ "collection": "keys", "id": id, "owner": null })
    );
    assert_eq!(
        event["data"],
        json!({ "keyId": id, "name": "importer", "type": "secret",
        "scopes": shown["scopes"] })
    );
    assert_eq!(event["actor"]["id"], json!(play.admin.id));

    // The server writes users and records; each event names the key.
    let by_key = |done: &Done| {
        for event in &done.events {
            let actor = &event["actor"];
            assert_eq!(
                (&actor["type"], &actor["id"]),
                (&json!("key"), &Value::Null),
                "{event}"
            );
            assert_eq!(actor["keyId"], json!(id), "{event}");
        }
    };
    let body = json!({ "email": fresh_email(), "password": PASSWORD });
    let event = || post("/api/users", &body).key(&key);
    let made = play.ask("users-create", event(), 201, &["user.created"]);
    by_key(&made);
    let _ = play.ask("users-create", event(), 409, &[]);
    let path = format!("/api/users/{}", text(&made.reply.json()["id"]));
    let event = patch(&path, &json!({ "disabled": true })).key(&key);
    by_key(&play.ask(
        "users-update",
        event,
        200,
        &["user.updated", "auth.session.ended"],
    ));
    let event = post("/api/posts", &json!({ "title": "By a server" })).key(&key);
    by_key(&play.ask("records-create", event, 201, &["record.created"]));
    let event = post("/api/notes", &json!({ "title": "Out of scope" })).key(&key);
    let _ = play.ask("records-create", event, 403, &[]);

    let rotate = format!("{keys}/{id}/rotate");
    let event = Event::new("POST", &rotate).token(admin());
    let _ = play.ask("api-keys-rotate", event, 200, &["key.rotated"]);
    let event = post("/api/posts", &json!({ "title": "Too late" })).key(&key);
    let _ = play.ask("records-create", event, 401, &[]);
    let path = format!("{keys}/{id}");
    let _ = play.ask(
        "api-keys-delete",
        delete(&path).token(admin()),
        204,
        &["key.deleted"],
    );
    let _ = play.ask("api-keys-delete", delete(&path).token(admin()), 404, &[]);
    let _ = play.ask(
        "api-keys-rotate",
        Event::new("POST", &rotate).token(admin()),
        404,
        &[],
    );
    play.end(OF_SERVERS);
}

#[test]
fn a_stranger_with_an_apps_key_is_a_stranger_and_the_keys_of_a_leaver_go_with_events() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let play = Play::new(inside);
    let other = play.registers();
    let path = format!("/api/users/{}", other.id);
    let event = patch(&path, &json!({ "role": "admin" })).token(&play.admin.access);
    let _ = play.ask("users-update", event, 200, &["user.updated"]);
    let body = json!({ "name": "web", "type": "publishable", "scopes": ["feedback:create"] });
    let event = post("/api/admin/api-keys", &body).token(&other.access);
    let made = play.ask("api-keys-create", event, 201, &["key.created"]);
    let (id, key) = (
        text(&made.reply.json()["id"]),
        text(&made.reply.json()["key"]),
    );

    let send = || post("/api/feedback", &json!({ "message": "Hello" }));
    for (event, key) in [(send().key(&key), json!(id)), (send(), Value::Null)] {
        let made = play.ask("records-create", event, 201, &["record.created"]);
        let actor = &made.events[0]["actor"];
        assert_eq!(
            (&actor["type"], &actor["keyId"]),
            (&json!("stranger"), &key),
            "{actor}"
        );
        assert_eq!(
            (&actor["id"], &actor["role"]),
            (&Value::Null, &Value::Null),
            "{actor}"
        );
    }

    let leave = |query: &str| delete(&format!("{path}{query}")).token(&play.admin.access);
    let _ = play.ask("users-delete", leave(""), 409, &[]);
    let gone = ["user.deleted", "auth.session.ended", "key.deleted"];
    let left = play.ask("users-delete", leave("?apiKeys=delete"), 204, &gone);
    assert_eq!(left.event("key.deleted")["data"]["keyId"], json!(id));
    assert_eq!(
        left.event("user.deleted")["data"],
        json!({ "userId": other.id, "until": null })
    );
    play.end(OF_LEAVERS);
}
