//! `/api/admin/api-keys`

use std::collections::BTreeSet;
use std::thread;

use blackbox::{Apart, Event, PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

use super::{Key, PATH, nobodys, refused, text};
use crate::auth::{items, look};

fn asked(kind: &str) -> Value {
    json!({ "name": fresh_email(), "type": kind, "scopes": ["posts:read", "*:list", "users:*"] })
}

/// The body with what differs each time replaced by its kind.
#[track_caller]
fn masked(body: &Value, prefix: &str) -> Value {
    let mut body = body.clone();
    let (id, at, key) = (
        text(&body["id"]),
        text(&body["createdAt"]),
        text(&body["key"]),
    );
    assert!(look::is_id(&id) && look::is_time(&at), "{body}");
    let secret = key.strip_prefix(prefix).unwrap_or_default();
    assert!(
        secret.len() == 64
            && secret
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)),
        "{key}"
    );
    body["id"] = json!("<id>");
    body["createdAt"] = json!("<time>");
    body["key"] = json!("<key>");
    body
}

#[test]
fn a_key_is_shown_once() {
    let admin = stack().admin();
    for (kind, prefix) in [("publishable", "pk_live_"), ("secret", "sk_live_")] {
        let mut body = asked(kind);
        body["expiresAt"] = json!("2999-01-01T01:00:00+01:00");
        if kind == "publishable" {
            body["origins"] = json!(["https://app.example.com", "capacitor://localhost"]);
        }
        let reply = admin.post(PATH, &body).expect(201);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        let made = reply.json();
        let expected = json!({ "id": "<id>", "key": "<key>", "name": body["name"], "type": kind,
            "scopes": ["posts:read", "*:list", "users:*"], "origins": body.get("origins").unwrap_or(&json!([])),
            "expiresAt": "2999-01-01T00:00:00.000Z", "createdAt": "<time>", "createdBy": admin.id(),
            "rotatedAt": null });
        assert_eq!(masked(&made, prefix), expected);

        let listed = admin.get(PATH).expect(200);
        assert_eq!(listed.header("cache-control"), Some("no-store"));
        let mut own = made.clone();
        own.as_object_mut().unwrap().remove("key");
        let items = listed.json()["items"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        assert!(items.contains(&own), "{own} of {items:?}");
        let secret = text(&made["key"])[8..].to_owned();
        assert!(
            !listed.text().contains(&secret) && !listed.text().contains("hash"),
            "{}",
            listed.text()
        );
        let _ = admin
            .delete(&format!("{PATH}/{}", text(&made["id"])))
            .expect(204);
    }
}

#[test]
fn the_list_is_newest_first() {
    let keys = [
        Key::secret(&["posts:read"]),
        Key::secret(&["posts:read"]),
        Key::publishable(&["posts:read"]),
    ];
    let listed = stack().admin().get(PATH).expect(200).json();
    assert_eq!(listed.as_object().map(serde_json::Map::len), Some(1));
    let ids: Vec<String> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| text(&item["id"]))
        .collect();
    let own: Vec<&String> = ids
        .iter()
        .filter(|id| keys.iter().any(|key| key.id == **id))
        .collect();
    assert_eq!(
        own,
        keys.iter().rev().map(|key| &key.id).collect::<Vec<_>>()
    );
    refused(
        &stack().admin().get(&format!("{PATH}?limit=1")),
        400,
        "common/validation-failed",
    );
}

#[test]
fn only_the_hash_is_kept() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let key = Key::secret(&["posts:read"]);
    let endpoint = inside.dynamo.endpoint();
    let item = items::api_keys(&endpoint)
        .get(&json!({ "kind": { "S": "api-key" }, "id": { "S": key.id } }));
    let digest = ring::digest::digest(&ring::digest::SHA256, key.text.as_bytes());
    use base64::Engine as _;
    let hash = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest);
    assert_eq!(item["hash"]["S"], json!(hash));
    assert!(!item.to_string().contains(&key.text[8..]), "{item}");
    let names: BTreeSet<&str> = item
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let expected = [
        "change",
        "created_by",
        "hash",
        "id",
        "kind",
        "name",
        "origins",
        "scopes",
        "type",
    ];
    assert_eq!(names, expected.into_iter().collect());
}

#[test]
fn what_a_key_cannot_be_is_named() {
    let admin = stack().admin();
    for (name, value, field) in [
        ("name", Value::Null, "name"),
        ("name", json!(""), "name"),
        ("name", json!("x".repeat(101)), "name"),
        ("name", json!(1), "name"),
        ("type", json!("admin"), "type"),
        ("type", Value::Null, "type"),
        ("scopes", Value::Null, "scopes"),
        ("scopes", json!([]), "scopes"),
        ("scopes", json!("*:*"), "scopes"),
        ("scopes", json!(["*"]), "scopes[0]"),
        ("scopes", json!(["posts:read", "posts:write"]), "scopes[1]"),
        ("scopes", json!(["nothing:read"]), "scopes[0]"),
        ("scopes", json!(["_users:read"]), "scopes[0]"),
        ("scopes", json!([{ "collection": "posts" }]), "scopes[0]"),
        ("origins", json!("https://a"), "origins"),
        ("origins", json!(["https://a/"]), "origins[0]"),
        ("origins", json!(["*"]), "origins[0]"),
        ("origins", json!(["https://a", "https://A"]), "origins[1]"),
        ("origins", json!(["https://a, https://b"]), "origins[0]"),
        ("origins", json!(["https://*.a.example"]), "origins[0]"),
        ("expiresAt", json!("2001-01-01T00:00:00Z"), "expiresAt"),
        ("expiresAt", json!("tomorrow"), "expiresAt"),
        ("expiresAt", json!(4_000_000_000_u64), "expiresAt"),
        ("key", json!("sk_live_x"), "key"),
        ("id", json!("x"), "id"),
        ("createdBy", json!("x"), "createdBy"),
    ] {
        let mut body = asked("publishable");
        body[name] = value;
        let reply = admin.post(PATH, &body);
        refused(&reply, 400, "common/validation-failed");
        assert_eq!(
            reply.json()["error"]["details"][0]["field"],
            field,
            "{body}"
        );
    }
    let mut body = asked("secret");
    body["origins"] = json!(["https://a"]);
    let reply = admin.post(PATH, &body);
    refused(&reply, 400, "common/validation-failed");
    assert_eq!(reply.json()["error"]["details"][0]["code"], "not-allowed");
}

#[test]
fn keys_are_managed_by_admins_with_a_token_alone() {
    let admin = stack().admin();
    let (secret, publishable) = (Key::secret(&["*:*"]), Key::publishable(&["*:*"]));
    let own = format!("{PATH}/{}", secret.id);
    let rotate = format!("{own}/rotate");
    let all: [(&str, &str, Option<Value>); 4] = [
        ("GET", PATH, None),
        ("POST", PATH, Some(asked("secret"))),
        ("DELETE", &own, None),
        ("POST", &rotate, None),
    ];
    for (method, path, body) in &all {
        let body = body.as_ref().map(Value::to_string);
        let json = [("content-type", "application/json")];
        for (caller, status, code) in [
            (stack().stranger(), 401, "auth/authentication-required"),
            (stack().member(), 403, "auth/forbidden"),
            (secret.caller(), 401, "auth/authentication-required"),
            (
                admin.with_key(&secret.text),
                401,
                "auth/authentication-required",
            ),
            (publishable.caller(), 401, "auth/authentication-required"),
            (
                stack().member().with_key(&publishable.text),
                403,
                "auth/forbidden",
            ),
            (
                admin.with_key(&nobodys("sk_live_")),
                401,
                "auth/invalid-api-key",
            ),
            (
                admin.with_key(&nobodys("pk_live_")),
                401,
                "auth/invalid-api-key",
            ),
            (admin.with_token(Some("x")), 401, "auth/invalid-token"),
        ] {
            refused(
                &caller.send(method, path, &json, body.as_deref().map(str::as_bytes)),
                status,
                code,
            );
        }
    }
    let _ = secret.caller().get("/api/posts").expect(200);
    let with_an_apps_key = admin.with_key(&publishable.text);
    let _ = with_an_apps_key.get(PATH).expect(200);
}

#[test]
fn a_deleted_key_is_dead_on_the_next_request_and_gone() {
    let key = Key::secret(&["*:*"]);
    let _ = key.caller().get("/api/feedback").expect(200);
    let admin = stack().admin();
    let reply = admin.delete(&key.path()).expect(204);
    assert!(reply.body.is_empty());
    // Several instances answer in turn.
    for _ in 0..6 {
        refused(
            &key.caller().get("/api/feedback"),
            401,
            "auth/invalid-api-key",
        );
        refused(&key.caller().get("/api/posts"), 401, "auth/invalid-api-key");
    }
    assert!(!admin.get(PATH).expect(200).text().contains(&key.id));
    refused(&admin.delete(&key.path()), 404, "keys/not-found");
    refused(
        &admin.post(&format!("{}/rotate", key.path()), &json!({})),
        404,
        "keys/not-found",
    );
}

#[test]
fn a_rotated_key_has_the_same_id_and_the_old_one_is_dead() {
    let admin = stack().admin();
    for key in [
        Key::secret(&["posts:list"]),
        Key::publishable(&["posts:list"]),
    ] {
        let prefix = &key.text[..8];
        let before = admin.get(PATH).expect(200).json();
        let before = before["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["id"] == *key.id)
            .unwrap()
            .clone();
        let reply = admin
            .send("POST", &format!("{}/rotate", key.path()), &[], None)
            .expect(200);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        let mut rotated = reply.json();
        let new = text(&rotated["key"]);
        assert!(new != key.text && new.starts_with(prefix) && new.len() == key.text.len());
        assert!(look::is_time(&text(&rotated["rotatedAt"])), "{rotated}");
        rotated.as_object_mut().unwrap().remove("key");
        let now = admin.get(PATH).expect(200).json();
        assert!(
            now["items"].as_array().unwrap().contains(&rotated),
            "{rotated}"
        );
        rotated["rotatedAt"] = Value::Null;
        assert_eq!(rotated, before);
        for _ in 0..6 {
            refused(&key.caller().get("/api/posts"), 401, "auth/invalid-api-key");
            let _ = stack()
                .stranger()
                .with_key(&new)
                .get("/api/posts")
                .expect(200);
        }
    }
}

#[test]
fn an_unknown_id_is_404() {
    let admin = stack().admin();
    for id in [
        "0197a3b0-0000-7000-8000-000000000000",
        "x",
        "%23made",
        "#made",
        "api-key",
    ] {
        let id = id.replace('#', "%23");
        refused(
            &admin.delete(&format!("{PATH}/{id}")),
            404,
            "keys/not-found",
        );
        refused(
            &admin.post(&format!("{PATH}/{id}/rotate"), &json!({})),
            404,
            "keys/not-found",
        );
    }
}

#[test]
fn of_rotations_at_once_the_last_one_stays() {
    let key = Key::secret(&["posts:list"]);
    let path = format!("{}/rotate", key.path());
    let admin = stack().admin();
    let new: Vec<String> = thread::scope(|scope| {
        let rotate = || text(&admin.post(&path, &json!({})).expect(200).json()["key"]);
        let all: Vec<_> = (0..4).map(|_| scope.spawn(rotate)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let good = |key: &&String| stack().stranger().with_key(key).get("/api/posts").status == 200;
    assert_eq!(new.iter().filter(good).count(), 1);
    refused(&key.caller().get("/api/posts"), 401, "auth/invalid-api-key");
}

#[test]
fn there_are_at_most_a_hundred_keys() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let email = fresh_email();
    let register = apart.function("register", "limit", &[("BAKEND_ADMIN_EMAIL", &email)]);
    let credentials = json!({ "email": email, "password": PASSWORD });
    let event = Event::new("POST", "/api/auth/register").json(&credentials);
    let token = text(&apart.ask(&register, &event).expect(201).json()["accessToken"]);
    let [create, list, delete] = ["create", "list", "delete"]
        .map(|verb| apart.function(&format!("api-keys-{verb}"), "limit", &[]));
    let make = || {
        apart.ask(
            &create,
            &Event::new("POST", PATH)
                .json(&asked("secret"))
                .token(&token),
        )
    };
    for _ in 0..97 {
        let _ = make().expect(201);
    }
    let statuses: Vec<u16> = thread::scope(|scope| {
        let others: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| {
                    let create = apart.function("api-keys-create", "limit", &[]);
                    apart
                        .ask(
                            &create,
                            &Event::new("POST", PATH)
                                .json(&asked("secret"))
                                .token(&token),
                        )
                        .status
                })
            })
            .collect();
        others.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(
        statuses
            .iter()
            .all(|status| [201, 409, 503].contains(status)),
        "{statuses:?}"
    );
    assert!(
        statuses.iter().filter(|status| **status == 201).count() <= 3,
        "{statuses:?}"
    );
    while make().status == 201 {}
    refused(&make(), 409, "keys/limit-reached");
    let listed = apart
        .ask(&list, &Event::new("GET", PATH).token(&token))
        .expect(200)
        .json();
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 100);
    let path = format!("{PATH}/{}", text(&items[50]["id"]));
    let _ = apart
        .ask(&delete, &Event::new("DELETE", &path).token(&token))
        .expect(204);
    let _ = make().expect(201);
    refused(&make(), 409, "keys/limit-reached");
}
