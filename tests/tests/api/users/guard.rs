//! The guard of these endpoints: admins alone.

use blackbox::{Caller, JWT_SECRET, PASSWORD, Reply, fresh_email, stack};
use serde_json::{Value, json};

use super::look::path;
use crate::auth::forge;
use crate::auth::look::{expired, refused, revoked, wrong_token};

/// Every request of an administrator about a user, and a body that an admin could send.
fn requests(id: &str, session: &str) -> Vec<(&'static str, String, Option<Value>)> {
    vec![
        ("GET", "/api/users".to_owned(), None),
        (
            "POST",
            "/api/users".to_owned(),
            Some(json!({ "email": fresh_email(), "role": "admin" })),
        ),
        ("GET", path(id), None),
        ("PATCH", path(id), Some(json!({ "role": "admin" }))),
        (
            "POST",
            format!("{}/password", path(id)),
            Some(json!({ "password": "another password" })),
        ),
        ("GET", format!("{}/sessions", path(id)), None),
        ("DELETE", format!("{}/sessions/{session}", path(id)), None),
        ("DELETE", format!("{}/sessions", path(id)), None),
        ("DELETE", path(id), None),
    ]
}

fn send(caller: &Caller, (method, path, body): &(&'static str, String, Option<Value>)) -> Reply {
    let body = body.as_ref().map(Value::to_string);
    let headers: &[(&str, &str)] = if body.is_some() {
        &[("content-type", "application/json")]
    } else {
        &[]
    };
    caller.send(method, path, headers, body.as_deref().map(str::as_bytes))
}

/// A signed-in user with a role that an admin has set.
fn of_role(role: &str) -> Caller {
    let email = fresh_email();
    let body = json!({ "email": email, "password": PASSWORD, "role": role });
    let _ = stack().admin().post("/api/users", &body).expect(201);
    stack().login(&email)
}

#[test]
fn nobody_but_an_admin_does_any_of_it() {
    let (admin, victim) = (stack().admin(), stack().member());
    let before = admin.get(&path(victim.id())).expect(200).json();
    let sessions = admin
        .get(&format!("{}/sessions", path(victim.id())))
        .expect(200)
        .json();
    let session = sessions["items"][0]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let ended = stack().member();
    let logout = json!({ "refreshToken": ended.refresh_token });
    let _ = ended.post("/api/auth/logout", &logout).expect(204);

    for request in requests(victim.id(), &session) {
        let stranger = send(&stack().stranger(), &request);
        let sentence = "Send an access token: Authorization: Bearer <token>.";
        refused(&stranger, 401, "auth/authentication-required", sentence);
        wrong_token(&send(
            &stack().stranger().with_token(Some("a.b.c")),
            &request,
        ));
        revoked(&send(&ended, &request));
    }
    for caller in [stack().member(), of_role("editor"), victim.clone()] {
        for request in requests(victim.id(), &session) {
            refused(
                &send(&caller, &request),
                403,
                "auth/forbidden",
                "You may not do this.",
            );
        }
        // A refused caller does not learn which users exist, either.
        for request in requests(super::look::NO_ID, super::look::NO_ID) {
            refused(
                &send(&caller, &request),
                403,
                "auth/forbidden",
                "You may not do this.",
            );
        }
    }
    assert_eq!(admin.get(&path(victim.id())).expect(200).json(), before);
    assert_eq!(
        admin
            .get(&format!("{}/sessions", path(victim.id())))
            .expect(200)
            .json(),
        sessions
    );
    assert!(super::look::is_signed_in(&victim));
}

#[test]
fn an_admin_of_before_is_none() {
    let (admin, demoted) = (stack().admin(), of_role("admin"));
    let _ = demoted.get("/api/users").expect(200);
    let _ = admin
        .patch(&path(demoted.id()), &json!({ "role": "authenticated" }))
        .expect(200);
    for request in requests(demoted.id(), super::look::NO_ID) {
        refused(
            &send(&demoted, &request),
            403,
            "auth/forbidden",
            "You may not do this.",
        );
    }
}

#[test]
fn a_token_that_says_admin_is_not_believed() {
    if stack().inside().is_none() {
        return;
    }
    let victim = stack().member();
    let token = victim.token.clone().unwrap_or_default();
    let mut claims = forge::claims(&token);
    claims["role"] = json!("admin");
    let forged = forge::resign(&token, &claims, JWT_SECRET);
    (claims["iat"], claims["exp"]) = (json!(1_700_000_000), json!(1_700_000_900));
    let old = forge::resign(&token, &claims, JWT_SECRET);
    for request in requests(victim.id(), super::look::NO_ID) {
        refused(
            &send(&victim.with_token(Some(&forged)), &request),
            403,
            "auth/forbidden",
            "You may not do this.",
        );
        expired(&send(&victim.with_token(Some(&old)), &request));
    }
}
