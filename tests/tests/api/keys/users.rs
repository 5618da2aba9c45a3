//! Secret keys for the accounts.

use blackbox::{Caller, PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

use super::{Key, refused, text};

/// Every endpoint of `/api/users` with the scope it needs and what it answers, about a user of this id and session.
fn requests(
    id: &str,
    session: &str,
) -> Vec<(&'static str, &'static str, String, Option<Value>, u16)> {
    let path = format!("/api/users/{id}");
    let new = json!({ "email": fresh_email(), "password": PASSWORD });
    vec![
        ("list", "GET", "/api/users?limit=1".to_owned(), None, 200),
        ("create", "POST", "/api/users".to_owned(), Some(new), 201),
        ("read", "GET", path.clone(), None, 200),
        (
            "update",
            "PATCH",
            path.clone(),
            Some(json!({ "disabled": false })),
            200,
        ),
        ("read", "GET", format!("{path}/sessions"), None, 200),
        (
            "update",
            "DELETE",
            format!("{path}/sessions/{session}"),
            None,
            204,
        ),
        ("update", "DELETE", format!("{path}/sessions"), None, 204),
        (
            "update",
            "POST",
            format!("{path}/password"),
            Some(json!({ "password": "another battery" })),
            204,
        ),
        ("delete", "DELETE", path, None, 204),
    ]
}

#[test]
fn a_server_manages_users_within_its_scopes() {
    let admin = stack().admin();
    for (scopes, allowed) in [
        (&["users:list"][..], &["list"][..]),
        (&["users:create"], &["create"]),
        (&["users:read"], &["read"]),
        (&["users:update"], &["update"]),
        (&["users:delete"], &["delete"]),
        (
            &["users:*"],
            &["list", "create", "read", "update", "delete"],
        ),
        (&["*:read"], &["read"]),
        (&["posts:*", "notes:*"], &[]),
    ] {
        let key = Key::secret(scopes);
        let member = stack().member();
        let sessions = admin
            .get(&format!("/api/users/{}/sessions", member.id()))
            .expect(200)
            .json();
        for (operation, method, path, body, status) in
            requests(member.id(), &text(&sessions["items"][0]["id"]))
        {
            let body = body.map(|body| body.to_string());
            let json = [("content-type", "application/json")];
            let send = |caller: &Caller| {
                caller.send(method, &path, &json, body.as_deref().map(str::as_bytes))
            };
            if allowed.contains(&operation) {
                // A bad token beside the key is not read.
                let reply = send(&key.caller().with_token(Some("garbage")));
                assert_eq!(
                    reply.status,
                    status,
                    "{scopes:?} {method} {path}: {}",
                    reply.text()
                );
            } else {
                for caller in [key.caller(), admin.with_key(&key.text)] {
                    refused(&send(&caller), 403, "auth/scope-insufficient");
                }
            }
        }
    }
}

#[test]
fn a_server_is_no_admin_elsewhere() {
    let key = Key::secret(&["*:*"]);
    for path in ["/api/auth/me", "/api/auth/sessions", super::PATH] {
        refused(&key.caller().get(path), 401, "auth/authentication-required");
    }
    let app = Key::publishable(&["*:*"]);
    refused(
        &app.caller().get("/api/users"),
        401,
        "auth/authentication-required",
    );
    refused(
        &stack().member().with_key(&app.text).get("/api/users"),
        403,
        "auth/forbidden",
    );
    let _ = stack()
        .admin()
        .with_key(&app.text)
        .get("/api/users?limit=1")
        .expect(200);
}
