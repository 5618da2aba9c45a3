//! `auth.requireApiKey`: a key is needed everywhere, and a publishable key restricts its callers.

use std::collections::BTreeMap;

use api::endpoints::{Dialect, KeyUse, PAGE};
use blackbox::{Apart, Event, Inside, Instance, PASSWORD, Reply, fresh_email, stack};
use serde_json::{Value, json};

use super::{PATH, nobodys, refused, text};

/// Tables of a test's own, and functions that require a key.
struct World<'a> {
    apart: Apart<'a>,
    functions: BTreeMap<&'static str, Instance<'a>>,
    admin: String,
    member: String,
}

impl<'a> World<'a> {
    fn new(inside: &'a Inside, names: &[&'static str]) -> Self {
        let apart = Apart::new(inside);
        let email = fresh_email();
        let register = apart.function("register", "free", &[("BAKEND_ADMIN_EMAIL", &email)]);
        let sign_up = |email: &str| {
            let event = Event::new("POST", "/api/auth/register")
                .json(&json!({ "email": email, "password": PASSWORD }));
            text(&apart.ask(&register, &event).expect(201).json()["accessToken"])
        };
        let (admin, member) = (sign_up(&email), sign_up(&fresh_email()));
        let required = [("BAKEND_AUTH_REQUIRE_API_KEY", "true")];
        let functions = names
            .iter()
            .map(|name| (*name, apart.function(name, "required", &required)))
            .collect();
        Self {
            apart,
            functions,
            admin,
            member,
        }
    }

    fn ask(&self, function: &str, event: &Event) -> Reply {
        self.apart.ask(&self.functions[function], event)
    }

    /// A key, made where none is needed yet.
    fn key(&self, kind: &str, scopes: &[&str], origins: &[&str]) -> String {
        let free = self.apart.function("api-keys-create", "free", &[]);
        let body = json!({ "name": "a", "type": kind, "scopes": scopes, "origins": origins });
        text(
            &self
                .apart
                .ask(
                    &free,
                    &Event::new("POST", PATH).json(&body).token(&self.admin),
                )
                .expect(201)
                .json()["key"],
        )
    }

    fn app(&self, scopes: &[&str]) -> String {
        self.key("publishable", scopes, &[])
    }
}

fn event(method: &str, path: &str, body: Option<Value>) -> Event {
    let event = Event::new(method, path);
    body.into_iter()
        .fold(event, |event, body| event.json(&body))
}

#[test]
fn without_a_key_nothing_answers_but_health() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let names: Vec<&'static str> = PAGE.iter().map(|entry| entry.name).collect();
    let world = World::new(inside, &names);
    for entry in PAGE.iter().filter(|entry| !entry.methods.is_empty()) {
        let path: Vec<&str> = entry
            .path
            .split('/')
            .map(|segment| match segment {
                "{collection}" => "posts",
                "{page}" => "reset",
                segment if segment.starts_with('{') => "0197a3b0-0000-7000-8000-000000000000",
                literal => literal,
            })
            .collect();
        let path = path.join("/");
        for method in entry.methods {
            let ask = |event: Event| world.ask(entry.name, &event);
            let bare = event(method.as_str(), &path, Some(json!({})));
            let broken = Event::new(method.as_str(), &path)
                .header("content-type", "application/json")
                .text("{");
            if !entry.reads_api_keys() {
                let status = match (entry.keys, entry.kept) {
                    // There is none where a secret signs.
                    _ if entry.name == "openid-configuration" => 404,
                    _ if entry.dialect != Dialect::Own => 400,
                    (KeyUse::Taken, _) | (_, Some(_)) => entry.status,
                    // Without the token of a link, a state or an address.
                    (KeyUse::Ignored, None) => 400,
                };
                let _ = ask(bare).expect(status);
                continue;
            }
            for event in [
                bare.clone(),
                bare.clone().token(&world.admin),
                bare.clone().token("x"),
                broken.clone(),
            ] {
                let reply = ask(event);
                refused(&reply, 401, "auth/api-key-required");
                assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
            }
            for key in ["", "garbage", &nobodys("pk_live_"), &nobodys("sk_live_")] {
                for event in [
                    bare.clone(),
                    bare.clone().token(&world.admin),
                    broken.clone(),
                ] {
                    refused(&ask(event.key(key)), 401, "auth/invalid-api-key");
                }
            }
        }
    }
    // An unknown path needs no key.
    refused(
        &world.ask("fallback", &Event::new("GET", "/api/nowhere")),
        404,
        "common/not-found",
    );
    refused(
        &world.ask("records-list", &Event::new("PUT", "/api/posts")),
        405,
        "common/method-not-allowed",
    );
}

#[test]
fn a_publishable_keys_scopes_bind_everybody() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let names = [
        "records-create",
        "records-list",
        "records-get",
        "records-update",
        "records-delete",
        "records-bulk",
    ];
    let world = World::new(inside, &names);
    let (all, app) = (
        world.app(&["*:*"]),
        world.app(&["posts:list", "posts:create", "comments:read"]),
    );
    let make = |collection: &str, body: Value| {
        let event = event("POST", &format!("/api/{collection}"), Some(body))
            .token(&world.member)
            .key(&all);
        text(&world.ask("records-create", &event).expect(201).json()["id"])
    };
    let post = make("posts", json!({ "title": "a" }));
    let comment = make("comments", json!({ "post": post, "text": "a" }));
    let path = format!("/api/posts/{post}");
    let title = || Some(json!({ "title": "b" }));
    let bulk = |operation: Value| Some(json!({ "operations": [operation] }));
    for (function, event, allowed) in [
        ("records-create", event("POST", "/api/posts", title()), true),
        ("records-list", event("GET", "/api/posts", None), true),
        ("records-get", event("GET", &path, None), false),
        ("records-update", event("PATCH", &path, title()), false),
        ("records-delete", event("DELETE", &path, None), false),
        ("records-list", event("GET", "/api/feedback", None), false),
        (
            "records-bulk",
            event(
                "POST",
                "/api/posts/bulk",
                bulk(json!({ "create": { "title": "a" } })),
            ),
            true,
        ),
        (
            "records-bulk",
            event(
                "POST",
                "/api/posts/bulk",
                bulk(json!({ "delete": { "id": post } })),
            ),
            false,
        ),
    ] {
        for token in [&world.member, &world.admin] {
            let reply = world.ask(function, &event.clone().key(&app).token(token));
            if allowed {
                assert!(reply.status < 300, "{}", reply.text());
            } else {
                refused(&reply, 403, "auth/scope-insufficient");
            }
        }
    }
    // They grant nothing.
    refused(
        &world.ask(
            "records-create",
            &event("POST", "/api/posts", title()).key(&all),
        ),
        401,
        "auth/authentication-required",
    );
    refused(
        &world.ask(
            "records-list",
            &event("GET", "/api/feedback", None).key(&all),
        ),
        401,
        "auth/authentication-required",
    );
    let theirs = event("GET", "/api/feedback", None)
        .key(&all)
        .token(&world.member);
    refused(&world.ask("records-list", &theirs), 403, "auth/forbidden");
    let _ = world
        .ask("records-list", &event("GET", "/api/posts", None).key(&app))
        .expect(200);
    // An inlined record needs the scope `read`.
    let path = format!("/api/comments/{comment}?expand=post,author");
    let read = |key: &str| {
        let event = event("GET", &path, None).key(key).token(&world.member);
        let comment = world.ask("records-get", &event).expect(200).json();
        [comment["post"].is_object(), comment["author"].is_object()]
    };
    assert_eq!(read(&app), [false, false]);
    assert_eq!(
        read(&world.app(&["comments:read", "posts:read"])),
        [true, false]
    );
    assert_eq!(read(&all), [true, true]);
    // A bad token is no better for a good key.
    let bad = event("GET", "/api/posts", None).key(&app).token("a.b.c");
    refused(&world.ask("records-list", &bad), 401, "auth/invalid-token");
}

#[test]
fn a_server_needs_no_other_key() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, &["records-list", "me-get", "login"]);
    let secret = world.key("secret", &["feedback:list"], &[]);
    let _ = world
        .ask(
            "records-list",
            &event("GET", "/api/feedback", None).key(&secret),
        )
        .expect(200);
    let reply = world.ask(
        "records-list",
        &event("GET", "/api/posts", None).key(&secret),
    );
    refused(&reply, 403, "auth/scope-insufficient");
    let me = event("GET", "/api/auth/me", None)
        .key(&secret)
        .token(&world.member);
    refused(
        &world.ask("me-get", &me),
        401,
        "auth/authentication-required",
    );
    let twice = event("GET", "/api/feedback", None).key(&format!("{secret},{secret}"));
    refused(
        &world.ask("records-list", &twice),
        401,
        "auth/invalid-api-key",
    );
}

#[test]
fn accounts_need_a_key_and_no_scope() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let names = [
        "register",
        "login",
        "refresh",
        "me-get",
        "logout",
        "api-keys-list",
        "api-keys-rotate",
    ];
    let world = World::new(inside, &names);
    let app = world.app(&["posts:read"]);
    let credentials = json!({ "email": fresh_email(), "password": PASSWORD });
    let post = |path: &str, body: Value| event("POST", path, Some(body)).key(&app);
    let _ = world
        .ask("register", &post("/api/auth/register", credentials.clone()))
        .expect(201);
    let tokens = world
        .ask("login", &post("/api/auth/login", credentials))
        .expect(200)
        .json();
    let body = json!({ "refreshToken": tokens["refreshToken"] });
    // A bad key spends no token and ends no session.
    for (function, path) in [
        ("refresh", "/api/auth/refresh"),
        ("logout", "/api/auth/logout"),
    ] {
        let event = event("POST", path, Some(body.clone())).key(&nobodys("pk_live_"));
        refused(&world.ask(function, &event), 401, "auth/invalid-api-key");
    }
    let tokens = world
        .ask("refresh", &post("/api/auth/refresh", body))
        .expect(200)
        .json();
    let token = text(&tokens["accessToken"]);
    let _ = world
        .ask(
            "me-get",
            &event("GET", "/api/auth/me", None).key(&app).token(&token),
        )
        .expect(200);
    let body = json!({ "refreshToken": tokens["refreshToken"] });
    let _ = world
        .ask("logout", &post("/api/auth/logout", body))
        .expect(204);

    let listed = world
        .ask(
            "api-keys-list",
            &event("GET", PATH, None).key(&app).token(&world.admin),
        )
        .expect(200)
        .json();
    // A caller that rotates its own key must continue with the new one.
    let path = format!("{PATH}/{}/rotate", text(&listed["items"][0]["id"]));
    let rotate = |key: &str| {
        world.ask(
            "api-keys-rotate",
            &event("POST", &path, None).key(key).token(&world.admin),
        )
    };
    let new = text(&rotate(&app).expect(200).json()["key"]);
    refused(&rotate(&app), 401, "auth/invalid-api-key");
    let _ = rotate(&new).expect(200);
}

#[test]
fn a_publishable_key_may_be_used_from_its_origins_alone() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, &["records-list", "login", "me-get", "users-public"]);
    let origins = ["https://app.example.com", "http://localhost:3000"];
    let app = world.key("publishable", &["*:*"], &origins);
    let credentials = json!({ "email": "nobody@example.com", "password": PASSWORD });
    let requests = [
        ("records-list", event("GET", "/api/posts", None), 200),
        (
            "records-list",
            event("GET", "/api/feedback", None).token(&world.admin),
            200,
        ),
        (
            "login",
            event("POST", "/api/auth/login", Some(credentials)),
            401,
        ),
        (
            "me-get",
            event("GET", "/api/auth/me", None).token(&world.member),
            200,
        ),
        (
            "users-public",
            event("GET", "/api/users/public/nobody", None),
            404,
        ),
    ];
    for (function, event, status) in requests {
        let event = event.key(&app);
        for origin in origins {
            let reply = world.ask(function, &event.clone().header("origin", origin));
            assert_eq!(reply.status, status, "{function}: {}", reply.text());
        }
        refused(&world.ask(function, &event), 403, "auth/origin-not-allowed");
        for other in [
            "",
            "null",
            "https://app.example.com.evil.example",
            "https://evil.example",
            "http://app.example.com",
            "https://app.example.com:8443",
            "http://localhost:3001",
            "https://app.example.com, https://evil.example",
        ] {
            let reply = world.ask(function, &event.clone().header("origin", other));
            refused(&reply, 403, "auth/origin-not-allowed");
        }
    }
    // Where no key is required, none restricts.
    let free = world.apart.function("records-list", "free", &[]);
    let _ = world
        .apart
        .ask(&free, &event("GET", "/api/posts", None).key(&app))
        .expect(200);
}
