//! A secret key: a server within its scopes.

mod refusals;

use blackbox::{Caller, Event, Reply, stack};
use serde_json::{Value, json};

use super::{Key, refused, text};
use crate::auth::items;
use crate::records::{look, shop};

const JSON: (&str, &str) = ("content-type", "application/json");

fn post_of(member: &Caller) -> Value {
    member
        .post("/api/posts", &json!({ "title": "a" }))
        .expect(201)
        .json()
}

#[test]
fn a_server_passes_every_rule() {
    let (key, member) = (Key::secret(&["*:*"]), stack().member());
    let server = key.caller();
    let note = member
        .post("/api/notes", &json!({ "title": "theirs" }))
        .expect(201)
        .json();
    let path = format!("/api/notes/{}", text(&note["id"]));
    assert_eq!(server.get(&path).expect(200).json(), note);
    let listed = server.get("/api/notes?limit=100").expect(200).json();
    assert!(
        !listed["items"].as_array().unwrap().is_empty(),
        "of everybody"
    );
    assert!(
        server.get("/api/notes/count").expect(200).json()["count"]
            .as_u64()
            .unwrap()
            > 0
    );
    let _ = server.get("/api/notes/spec").expect(200);
    let _ = server.get("/api/feedback").expect(200);
    let changed = server
        .patch(&path, &json!({ "title": "changed" }))
        .expect(200)
        .json();
    assert_eq!(
        (&changed["title"], &changed["createdBy"]),
        (&json!("changed"), &json!(member.id()))
    );
    let _ = server
        .put(&path, &json!({ "title": "replaced" }))
        .expect(200);
    let operations = json!({ "operations": [{ "update": { "id": note["id"], "title": "at once" } },
        { "create": { "title": "new" } }] });
    let made = server
        .post("/api/notes/bulk", &operations)
        .expect(200)
        .json();
    assert_eq!(made["items"][1]["createdBy"], Value::Null);
    let _ = server.delete(&path).expect(204);
    refused(&member.get(&path), 404, "data/record-not-found");
    // Operations for roles, and operations for admins alone.
    let report = server
        .post("/api/reports", &json!({ "title": "a" }))
        .expect(201)
        .json();
    let _ = server
        .delete(&format!("/api/reports/{}", text(&report["id"])))
        .expect(204);
    let explained = server
        .get("/api/posts?limit=1&explain=true")
        .expect(200)
        .json();
    assert!(explained["explain"].is_object(), "{explained}");
}

#[test]
fn a_server_is_no_user_and_names_the_owner() {
    let (key, member) = (Key::secret(&["posts:*", "notes:create"]), stack().member());
    let server = key.caller();
    let own = server
        .post("/api/posts", &json!({ "title": "a" }))
        .expect(201)
        .json();
    assert_eq!(
        look::masked(&own),
        look::record(None, &json!({ "title": "a" }))
    );
    let theirs = server
        .post(
            "/api/posts",
            &json!({ "title": "a", "user_id": member.id() }),
        )
        .expect(201)
        .json();
    assert_eq!(
        look::masked(&theirs),
        look::record(None, &json!({ "title": "a", "user_id": member.id() }))
    );
    let path = format!("/api/posts/{}", text(&theirs["id"]));
    let _ = member.patch(&path, &json!({ "title": "b" })).expect(200);
    let moved = server
        .patch(&path, &json!({ "user_id": "somebody else" }))
        .expect(200)
        .json();
    assert_eq!(moved["user_id"], "somebody else");
    refused(
        &member.patch(&path, &json!({ "title": "c" })),
        403,
        "auth/forbidden",
    );
    let note = server
        .post("/api/notes", &json!({ "title": "a" }))
        .expect(201)
        .json();
    assert_eq!(note["createdBy"], Value::Null);
}

#[test]
fn a_bearer_token_beside_a_secret_key_is_not_read() {
    let (key, admin, member) = (Key::secret(&["posts:*"]), stack().admin(), stack().member());
    for token in [
        "garbage",
        "a.b.c",
        admin.token.as_deref().unwrap(),
        member.token.as_deref().unwrap(),
    ] {
        let server = key.caller().with_token(Some(token));
        let post = server
            .post("/api/posts", &json!({ "title": "a" }))
            .expect(201)
            .json();
        assert_eq!(post["createdBy"], Value::Null, "{token}");
        let _ = server
            .get(&format!("/api/posts/{}", text(&post["id"])))
            .expect(200);
        // An admin may; the key may not.
        refused(&server.get("/api/feedback"), 403, "auth/scope-insufficient");
        refused(
            &server.get("/api/auth/me"),
            401,
            "auth/authentication-required",
        );
    }
    // The scheme and everything else, too.
    let reply = key
        .caller()
        .send("GET", "/api/posts", &[("authorization", "Basic x")], None);
    assert_eq!(reply.status, 200);
    // A logout by access token names no session.
    let reply = member
        .with_key(&key.text)
        .send("POST", "/api/auth/logout", &[], None);
    refused(&reply, 400, "common/validation-failed");
    let _ = member.get("/api/auth/me").expect(200);
}

/// Every endpoint of records with the scope it needs.
fn requests(id: &str) -> Vec<(&'static str, &'static str, String, Option<Value>)> {
    let body = || Some(json!({ "title": "x" }));
    let bulk = |operation: Value| Some(json!({ "operations": [operation] }));
    vec![
        ("create", "POST", "/api/posts".to_owned(), body()),
        ("list", "GET", "/api/posts".to_owned(), None),
        ("list", "GET", "/api/posts/count".to_owned(), None),
        ("list", "GET", "/api/posts/spec".to_owned(), None),
        ("read", "GET", format!("/api/posts/{id}"), None),
        ("update", "PATCH", format!("/api/posts/{id}"), body()),
        ("update", "PUT", format!("/api/posts/{id}"), body()),
        (
            "create",
            "POST",
            "/api/posts/bulk".to_owned(),
            bulk(json!({ "create": { "title": "x" } })),
        ),
        (
            "update",
            "POST",
            "/api/posts/bulk".to_owned(),
            bulk(json!({ "update": { "id": id, "title": "y" } })),
        ),
        (
            "delete",
            "POST",
            "/api/posts/bulk".to_owned(),
            bulk(json!({ "delete": { "id": id } })),
        ),
        ("delete", "DELETE", format!("/api/posts/{id}"), None),
    ]
}

fn send(caller: &Caller, method: &str, path: &str, body: Option<&Value>) -> Reply {
    let body = body.map(Value::to_string);
    caller.send(method, path, &[JSON], body.as_deref().map(str::as_bytes))
}

#[test]
fn a_scope_is_an_operation_on_a_collection() {
    let member = stack().member();
    for (scopes, allowed) in [
        (&["posts:create"][..], &["create"][..]),
        (&["posts:read"], &["read"]),
        (&["posts:list"], &["list"]),
        (&["posts:update"], &["update"]),
        (&["posts:delete"], &["delete"]),
        (&["posts:read", "posts:list"], &["read", "list"]),
        (
            &["posts:*"],
            &["create", "read", "list", "update", "delete"],
        ),
        (&["*:*"], &["create", "read", "list", "update", "delete"]),
        (&["*:read"], &["read"]),
        (&["notes:*", "users:*"], &[]),
    ] {
        let key = Key::secret(scopes);
        for (operation, method, path, body) in requests(&text(&post_of(&member)["id"])) {
            // Each on a record of its own, since some delete it.
            let path = match (operation, body.is_some()) {
                ("delete", false) => format!("/api/posts/{}", text(&post_of(&member)["id"])),
                _ => path,
            };
            let reply = send(&key.caller(), method, &path, body.as_ref());
            let what = format!("{scopes:?} {method} {path}: {}", reply.text());
            if allowed.contains(&operation) {
                assert!(reply.status < 300, "{what}");
            } else {
                assert_eq!(
                    (reply.status, reply.code().as_str()),
                    (403, "auth/scope-insufficient"),
                    "{what}"
                );
                let message = format!("The API key needs the scope posts:{operation}.");
                let said = reply.json()["error"]["message"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                assert!(said.ends_with(&message), "{said}");
            }
        }
    }
}

#[test]
fn in_bulk_every_operation_needs_its_scope_or_nothing_is_done() {
    let member = stack().member();
    let post = post_of(&member);
    let key = Key::secret(&["posts:create", "posts:update"]);
    let operations = json!({ "operations": [{ "create": { "title": "new" } },
        { "update": { "id": post["id"], "title": "changed" } }, { "delete": { "id": post_of(&member)["id"] } }] });
    let reply = key.caller().post("/api/posts/bulk", &operations);
    refused(&reply, 403, "auth/scope-insufficient");
    assert!(
        reply.json()["error"]["message"]
            .as_str()
            .unwrap()
            .starts_with("operations[2]: "),
        "{}",
        reply.text()
    );
    assert_eq!(
        member
            .get(&format!("/api/posts/{}", text(&post["id"])))
            .expect(200)
            .json(),
        post
    );
}

#[test]
fn what_is_outside_the_scopes_is_not_inlined() {
    let member = stack().member();
    let post = post_of(&member);
    let comment = shop::comment(&member, &post, &json!({}));
    let path = format!("/api/comments/{}?expand=post,author", text(&comment["id"]));
    for (scopes, sees_post, sees_author) in [
        (&["comments:read"][..], false, false),
        (&["comments:read", "posts:list", "users:list"], false, false),
        (&["comments:read", "posts:read"], true, false),
        (&["comments:read", "users:read"], false, true),
        (&["*:read"], true, true),
    ] {
        let seen = Key::secret(scopes).caller().get(&path).expect(200).json();
        assert_eq!(seen["post"].is_object(), sees_post, "{scopes:?} {seen}");
        assert_eq!(seen["author"].is_object(), sees_author, "{scopes:?} {seen}");
    }
}

#[test]
fn what_is_outside_the_scopes_does_not_exist_as_a_target() {
    let member = stack().member();
    let post = post_of(&member);
    let body = |post: &Value| json!({ "post": post, "text": "a" });
    let key = Key::secret(&["comments:create", "posts:list", "posts:update"]);
    let hidden = key.caller().post("/api/comments", &body(&post["id"]));
    let missing = key.caller().post(
        "/api/comments",
        &body(&json!("0197a3b0-0000-7000-8000-000000000000")),
    );
    refused(&hidden, 400, "common/validation-failed");
    assert_eq!(
        hidden.json()["error"]["details"],
        missing.json()["error"]["details"]
    );
    let key = Key::secret(&["comments:create", "posts:read"]);
    let made = key
        .caller()
        .post("/api/comments", &body(&post["id"]))
        .expect(201)
        .json();
    assert_eq!(made["createdBy"], Value::Null);
}

#[test]
fn a_change_needs_no_scope_but_its_own() {
    let member = stack().member();
    let post = post_of(&member);
    let path = format!("/api/posts/{}", text(&post["id"]));
    let key = Key::secret(&["posts:update"]);
    let stale = key.caller().send(
        "PATCH",
        &path,
        &[JSON, ("if-match", "\"stale\"")],
        Some(br#"{"title":"x"}"#),
    );
    refused(&stale, 412, "data/precondition-failed");
    let _ = key
        .caller()
        .patch(&path, &json!({ "title": "x" }))
        .expect(200);
    let missing = "/api/posts/0197a3b0-0000-7000-8000-000000000000";
    refused(
        &key.caller().patch(missing, &json!({ "title": "x" })),
        404,
        "data/record-not-found",
    );
}

#[test]
fn an_idempotency_key_is_the_servers_own() {
    let keys = [
        Key::secret(&["posts:create", "posts:read"]),
        Key::secret(&["posts:create", "posts:read"]),
    ];
    let body = json!({ "title": "once" }).to_string();
    let make = |key: &Key| {
        let headers = [JSON, ("idempotency-key", "a-key-of-its-own-0")];
        key.caller()
            .send("POST", "/api/posts", &headers, Some(body.as_bytes()))
            .expect(201)
            .json()
    };
    let first = make(&keys[0]);
    assert_eq!(make(&keys[0]), first);
    assert_ne!(make(&keys[1])["id"], first["id"]);
}

#[test]
fn where_sessions_are_not_checked_keys_still_are() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let key = Key::secret(&["feedback:list"]);
    let variant = inside.variant(
        "records-list",
        "expiry",
        2,
        &[("BAKEND_AUTH_SESSION_CHECK", "expiry")],
    );
    variant.settle();
    let list =
        |path: &str| variant.invoke(&Event::new("GET", path).key(&key.text).token("garbage"));
    let _ = list("/api/feedback").expect(200);
    refused(&list("/api/posts"), 403, "auth/scope-insufficient");
    let member = stack().member();
    let app = Key::publishable(&["posts:read"]);
    let event = Event::new("GET", "/api/notes")
        .key(&app.text)
        .token(member.token.as_deref().unwrap());
    let _ = variant.invoke(&event).expect(200);
    let _ = variant.calls();
    let _ = variant.invoke(&event).expect(200);
    let tables: Vec<String> = variant
        .calls()
        .iter()
        .flat_map(|call| &call.access)
        .map(|access| access.table.clone())
        .collect();
    assert!(tables.contains(&"local-_api_keys".to_owned()), "{tables:?}");
    assert!(
        !tables.contains(&"local-_sessions".to_owned()),
        "{tables:?}"
    );
    let _ = stack().admin().delete(&key.path()).expect(204);
    for _ in 0..4 {
        refused(&list("/api/feedback"), 401, "auth/invalid-api-key");
    }
}
