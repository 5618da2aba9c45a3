//! Admins who act as users.

use blackbox::{Caller, Event, stack};
use serde_json::{Value, json};

use super::*;
use crate::auth::forge::claims;
use crate::auth::items;

const REASON: &str = "the order cannot be seen";

fn path(user: &str) -> String {
    format!("/api/users/{user}/impersonate")
}

/// The caller who acts as a user.
pub(crate) fn acting(admin: &Caller, user: &Caller) -> Caller {
    let reply = admin.post(&path(user.id()), &json!({ "reason": REASON }));
    let token = reply.expect(201).json()["accessToken"].clone();
    user.with_token(token.as_str())
}

/// An access token with which the admin of a world acts as a user.
fn act(world: &MailWorld<'_>, user: &Value) -> String {
    let body = json!({ "reason": REASON });
    let reply = world.post_as(&admin(world), "users-impersonate", &path(&id(user)), &body);
    token(&reply.expect(201).json())
}

#[test]
fn an_admin_gets_a_token_that_says_who_acts() {
    let (admin, user) = (stack().admin(), stack().member());
    let reply = admin.post(&path(user.id()), &json!({ "reason": REASON }));
    assert_eq!(reply.header("set-cookie"), None);
    let made = reply.expect(201).json();
    let token = made["accessToken"].as_str().unwrap();
    assert_eq!(made, json!({ "accessToken": token, "expiresIn": 900 }));
    let claims = claims(token);
    assert_eq!(
        (&claims["sub"], &claims["role"]),
        (&json!(user.id()), &json!("authenticated"))
    );
    assert_eq!(claims["act"], json!({ "sub": admin.id() }));
    assert_eq!(
        (&claims["amr"], &claims["auth_time"]),
        (&Value::Null, &Value::Null)
    );
    let lifetime = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
    assert_eq!(lifetime, 900);
    let acting = user.with_token(Some(token));
    assert_eq!(acting.get("/api/auth/me").expect(200).json(), user.user);
    let record = acting
        .post("/api/notes", &json!({ "title": "a" }))
        .expect(201)
        .json();
    assert_eq!(record["createdBy"], json!(user.id()));
    let own = user.get(&format!("/api/notes/{}", record["id"].as_str().unwrap()));
    let _ = own.expect(200);
    let closed = acting.get("/api/admin/settings").expect(403);
    assert_eq!(closed.code(), "auth/impersonated");
}

#[test]
fn its_user_sees_the_session_and_may_end_it() {
    let (admin, user) = (stack().admin(), stack().member());
    let acting = acting(&admin, &user);
    let sessions = |caller: &Caller, path: &str| -> Vec<Value> {
        let page = caller.get(path).expect(200).json();
        page["items"].as_array().unwrap().clone()
    };
    let seen = sessions(&user, "/api/auth/sessions");
    let actors: Vec<&Value> = seen.iter().map(|session| &session["actor"]).collect();
    assert_eq!(actors, [&json!(admin.id()), &Value::Null]);
    let of_admin = sessions(&admin, &format!("/api/users/{}/sessions", user.id()));
    assert_eq!(of_admin[0]["actor"], json!(admin.id()));
    let own = format!("/api/auth/sessions/{}", seen[0]["id"].as_str().unwrap());
    let _ = user.delete(&own).expect(204);
    let ended = acting.get("/api/auth/me").expect(401);
    assert_eq!(ended.code(), "auth/session-revoked");
    let _ = user.get("/api/auth/me").expect(200);
}

#[test]
fn whatever_ends_every_session_ends_this_one_too() {
    let (admin, user) = (stack().admin(), stack().member());
    let first = acting(&admin, &user);
    let _ = user.delete("/api/auth/sessions").expect(204);
    assert_eq!(
        first.get("/api/auth/me").expect(401).code(),
        "auth/session-revoked"
    );
    // An acting admin signs out like anybody.
    let second = acting(&admin, &user);
    let _ = second.post("/api/auth/logout", &json!({})).expect(204);
    let _ = second.get("/api/auth/me").expect(401);
    let third = acting(&admin, &user);
    let disable = json!({ "disabled": true });
    let _ = admin
        .patch(&format!("/api/users/{}", user.id()), &disable)
        .expect(200);
    let _ = third.get("/api/auth/me").expect(401);
}

#[test]
fn it_ends_when_its_user_becomes_an_admin() {
    let (admin, user) = (stack().admin(), stack().member());
    let acting = acting(&admin, &user);
    let _ = acting.get("/api/auth/me").expect(200);
    let role = |role: &str| {
        let change = json!({ "role": role });
        let path = format!("/api/users/{}", user.id());
        let _ = admin.patch(&path, &change).expect(200);
    };
    role("admin");
    for path in ["/api/auth/me", "/api/notes"] {
        let ended = acting.get(path).expect(401);
        assert_eq!(ended.code(), "auth/session-revoked");
    }
    let _ = user.get("/api/auth/me").expect(200);
    role("authenticated");
}

#[test]
fn nobody_acts_as_an_admin_as_oneself_or_as_a_user_who_cannot_sign_in() {
    let (admin, member) = (stack().admin(), stack().member());
    let ask = |user: &str| {
        let reply = admin.post(&path(user), &json!({ "reason": REASON }));
        (reply.status, reply.code())
    };
    let forbidden = (403, "auth/forbidden".to_owned());
    assert_eq!(ask(admin.id()), forbidden);
    let (other, disabled, deleted) = (stack().member(), stack().member(), stack().member());
    let change = |user: &Caller, body: Value| {
        let _ = admin
            .patch(&format!("/api/users/{}", user.id()), &body)
            .expect(200);
    };
    change(&other, json!({ "role": "admin" }));
    assert_eq!(ask(other.id()), forbidden);
    change(&other, json!({ "role": "authenticated" }));
    change(&disabled, json!({ "disabled": true }));
    assert_eq!(ask(disabled.id()), forbidden);
    let leave = json!({ "password": deleted.password }).to_string();
    let headers = [("content-type", "application/json")];
    let _ = deleted
        .send("DELETE", "/api/auth/me", &headers, Some(leave.as_bytes()))
        .expect(204);
    assert_eq!(ask(deleted.id()), forbidden);
    let unknown = (404, "users/not-found".to_owned());
    assert_eq!(ask("0197a3b0-0000-7000-8000-000000000000"), unknown);
    assert_eq!(ask("me"), unknown);
    let refused = member
        .post(&path(other.id()), &json!({ "reason": REASON }))
        .expect(403);
    assert_eq!(refused.code(), "auth/forbidden");
}

#[test]
fn it_takes_a_reason_of_1_to_200_characters() {
    let (admin, user) = (stack().admin(), stack().member());
    let ask = |body: Value| admin.post(&path(user.id()), &body);
    for body in [
        json!({}),
        json!({ "reason": "" }),
        json!({ "reason": "  " }),
        json!({ "reason": 1 }),
        json!({ "reason": null }),
        json!({ "reason": "a".repeat(201) }),
    ] {
        let refused = ask(body.clone()).expect(400).json();
        assert_eq!(refused["error"]["details"][0]["field"], "reason", "{body}");
    }
    let unknown = ask(json!({ "reason": "a", "more": 1 })).expect(400).json();
    assert_eq!(unknown["error"]["details"][0]["field"], "more");
    let _ = ask(json!({ "reason": "ü".repeat(200) })).expect(201);
}

#[test]
fn the_session_lasts_as_long_as_the_setting_says_and_is_not_refreshed() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let short = [("BAKEND_AUTH_IMPERSONATION_TTL", "2m")];
    let world = MailWorld::new(inside, &short);
    let user = world.register(&blackbox::fresh_email());
    let body = json!({ "reason": REASON });
    let reply = world.post_as(
        &admin(&world),
        "users-impersonate",
        &path(&id(&user)),
        &body,
    );
    let made = reply.expect(201).json();
    assert_eq!(made["expiresIn"], 120);
    let access = token(&made);
    let look = |offset: &str| {
        let later = world.variant("me-get", &[("BAKEND_CLOCK_OFFSET", offset)]);
        world
            .flow
            .apart
            .ask(&later, &get("/api/auth/me").token(&access))
    };
    let _ = look("1m").expect(200);
    assert_eq!(look("3m").expect(401).code(), "auth/token-expired");
    let items = world.scan("local-_sessions").into_iter();
    let mut acted = items.filter(|item| item["actor"]["S"].is_string());
    let item = acted.next().unwrap();
    let seconds = |name: &str| item[name]["N"].as_str().unwrap().parse::<u64>().unwrap();
    assert_eq!(seconds("expires_at") - seconds("created_at") / 1000, 120);
    assert_eq!(item["refresh_token_hash"]["S"], "");
    assert!(acted.next().is_none());
    let bounds = |ttl: &str| {
        let file = json!({ "auth": { "impersonationTtl": ttl } }).to_string();
        api::settings::Settings::read(&file, |_| None, false).is_ok()
    };
    assert!(bounds("1h") && !bounds("61m") && !bounds("59s"));
}

#[test]
fn an_old_authentication_lets_nobody_act() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (admin, user) = (stack().member(), stack().member());
    items::set_user(inside, admin.id(), &json!({ "role": { "S": "admin" } }));
    let old = json!({ "auth_time": { "N": "1790000000000" } });
    items::set_session(&inside.dynamo.endpoint(), admin.id(), &old);
    let refused = admin
        .post(&path(user.id()), &json!({ "reason": REASON }))
        .expect(403);
    assert_eq!(refused.code(), "auth/reauthentication-required");
}

#[test]
fn without_a_session_check_the_token_alone_says_who_acts() {
    let Some(inside) = stack().inside() else {
        return;
    };
    // A policy that asks the user for a factor asks no admin who acts for it.
    let variables = [
        ("BAKEND_AUTH_SESSION_CHECK", "expiry"),
        ("BAKEND_AUTH_MFA", "required"),
    ];
    let world = MailWorld::new(inside, &[]);
    let user = world.register(&blackbox::fresh_email());
    let access = act(&world, &user);
    let under = |function: &str, event: Event| {
        let function = world.variant(function, &variables);
        world.flow.apart.ask(&function, &event.token(&access))
    };
    let body = json!({ "title": "a" });
    let made = under(
        "records-create",
        Event::new("POST", "/api/posts").json(&body),
    );
    let made = made.expect(201).json();
    assert_eq!(made["createdBy"], user["user"]["id"]);
    let posts = world.scan("local-posts");
    let actor = &posts[0]["actor"]["M"];
    assert_eq!(actor["user_id"]["S"], user["user"]["id"]);
    assert_eq!(actor["impersonator"]["S"], world.admin["user"]["id"]);
    let session = format!(
        "/api/auth/sessions/{}",
        claims(&access)["sid"].as_str().unwrap()
    );
    for (function, event) in [
        (
            "me-update",
            Event::new("PATCH", "/api/auth/me").json(&json!({ "name": "a" })),
        ),
        ("sessions-end", Event::new("DELETE", &session)),
        (
            "sessions-end-others",
            Event::new("DELETE", "/api/auth/sessions"),
        ),
        ("users-get", get(&format!("/api/users/{}", id(&user)))),
        ("settings-list", get("/api/admin/settings")),
        (
            "mfa-enable",
            Event::new("POST", "/api/auth/mfa/enable").json(&json!({})),
        ),
    ] {
        let refused = under(function, event).expect(403);
        assert_eq!(refused.code(), "auth/impersonated", "{function}");
    }
    // An ended session is no longer the user's own to act in where it is looked at.
    let end = Event::new("DELETE", &session);
    let _ = ask(&world, &token(&user), "sessions-end", end).expect(204);
    let _ = under(
        "records-create",
        Event::new("POST", "/api/posts").json(&body),
    )
    .expect(201);
    let _ = under(
        "me-update",
        Event::new("PATCH", "/api/auth/me").json(&json!({ "name": "a" })),
    )
    .expect(401);
}
