//! Accounts, users and API keys.

use super::*;

/// Every endpoint of API keys and settings; and an invalid key for every endpoint that reads keys.
pub(super) fn api_keys<'a>(
    apart: &Apart<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
    admin: &str,
) {
    let path = "/api/admin/api-keys";
    let on = |function: &str, method: &str, path: &str, body: &Value, status: u16| {
        let event = Event::new(method, path).json(body).token(admin);
        apart
            .ask(&start(&format!("api-keys-{function}"), &[]), &event)
            .expect(status)
    };
    let asked = json!({ "name": "a", "type": "secret", "scopes": ["*:*"] });
    let made = on("create", "POST", path, &asked, 201).json();
    let own = format!("{path}/{}", text(&made, "id"));
    let _ = on("list", "GET", path, &json!({}), 200);
    let _ = on("rotate", "POST", &format!("{own}/rotate"), &json!({}), 200);
    for entry in PAGE.iter().filter(|entry| entry.reads_api_keys()) {
        let path = entry
            .path
            .replace("{collection}", "posts")
            .replace("{id}", "x")
            .replace("{", "")
            .replace("}", "");
        let event = Event::new(entry.methods[0].as_str(), &path)
            .json(&json!({}))
            .key(&text(&made, "key"));
        let reply = apart.ask(&start(entry.name, &[]), &event).expect(401);
        assert_eq!(reply.code(), "auth/invalid-api-key", "{}", entry.name);
    }
    let _ = on("delete", "DELETE", &own, &json!({}), 204);
    let settings = Event::new("GET", "/api/admin/settings").token(admin);
    let _ = apart
        .ask(&start("settings-list", &[]), &settings)
        .expect(200);
    let list = start("audit-list", &[]);
    for query in ["", "?subject=01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a4b"] {
        let audit = Event::new("GET", &format!("/api/admin/audit{query}"));
        let _ = apart.ask(&list, &audit.token(admin)).expect(200);
    }
}

/// Every endpoint of the own account, with every action that it may do.
pub(super) fn own_account<'a>(
    apart: &Apart<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
    register: &Instance<'_>,
) {
    let email = fresh_email();
    let member = apart
        .ask(register, &credentials("/api/auth/register", &email))
        .expect(201)
        .json();
    let on = |method: &str, path: &str, token: &str| Event::new(method, path).token(token);
    let token = text(&member, "accessToken");
    let _ = apart
        .ask(&start("me-get", &[]), &on("GET", "/api/auth/me", &token))
        .expect(200);
    let update = start("me-update", &[]);
    let change = |body: Value| {
        let _ = apart
            .ask(&update, &on("PATCH", "/api/auth/me", &token).json(&body))
            .expect(200);
    };
    change(json!({ "username": "grants", "bio": "x" }));
    change(json!({ "username": "grants.too" }));
    let terms = on("POST", "/api/auth/me/terms", &token).json(&json!({ "version": TERMS }));
    let _ = apart.ask(&start("me-terms", &[]), &terms).expect(200);
    let public = Event::new("GET", "/api/users/public/grants.too");
    let _ = apart.ask(&start("users-public", &[]), &public).expect(200);

    let list = start("sessions-list", &[]);
    let _ = apart
        .ask(&list, &on("GET", "/api/auth/sessions", &token))
        .expect(200);
    let others = start("sessions-end-others", &[]);
    let _ = apart
        .ask(&others, &on("DELETE", "/api/auth/sessions", &token))
        .expect(204);
    let password = start("password-change", &[]);
    let new = "another battery, less correct";
    let asked = |current: &str, new: &str| {
        let body = json!({ "currentPassword": current, "newPassword": new });
        on("POST", "/api/auth/password/change", &token).json(&body)
    };
    // A right password leaves nothing counted; a second wrong password is counted beside the first.
    let _ = apart.ask(&password, &asked(PASSWORD, new)).expect(204);
    for wrong in ["wrong", "wrong again"] {
        let _ = apart.ask(&password, &asked(wrong, PASSWORD)).expect(400);
    }

    let email = fresh_email();
    let member = apart
        .ask(register, &credentials("/api/auth/register", &email))
        .expect(201)
        .json();
    let delete = start("me-delete", &[]);
    let asked = |token: &str, password: &str| {
        on("DELETE", "/api/auth/me", token).json(&json!({ "password": password }))
    };
    let named = on("PATCH", "/api/auth/me", &text(&member, "accessToken"))
        .json(&json!({ "username": "back" }));
    let _ = apart.ask(&update, &named).expect(200);
    let _ = apart
        .ask(&delete, &asked(&text(&member, "accessToken"), PASSWORD))
        .expect(204);
    let restore = start("me-restore", &[]);
    let back = apart
        .ask(&restore, &credentials("/api/auth/me/restore", &email))
        .expect(200)
        .json();
    let token = text(&back, "accessToken");
    for wrong in ["wrong", "wrong again"] {
        let _ = apart.ask(&delete, &asked(&token, wrong)).expect(400);
    }
    let at_once = start("me-delete", &[("BAKEND_AUTH_DELETION_GRACE", "0s")]);
    let _ = apart.ask(&at_once, &asked(&token, PASSWORD)).expect(204);
    for _ in 0..2 {
        let _ = apart
            .ask(&restore, &credentials("/api/auth/me/restore", &email))
            .expect(401);
    }
    let other = apart
        .ask(register, &credentials("/api/auth/register", &fresh_email()))
        .expect(201)
        .json();
    let token = text(&other, "accessToken");
    let session = apart
        .ask(&list, &on("GET", "/api/auth/sessions", &token))
        .expect(200)
        .json();
    let path = format!("/api/auth/sessions/{}", text(&session["items"][0], "id"));
    let _ = apart
        .ask(&start("sessions-end", &[]), &on("DELETE", &path, &token))
        .expect(204);
}

/// Every endpoint of user administration, on an admin with unique values.
pub(super) fn users<'a>(
    apart: &Apart<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
    admin: &str,
) {
    let on = |function: &str, method: &str, path: &str, body: Option<Value>, status: u16| {
        let event = Event::new(method, path).token(admin);
        let event = if let Some(body) = body {
            event.json(&body)
        } else {
            event
        };
        apart
            .ask(&start(function, &[]), &event)
            .expect(status)
            .json()
    };
    let user = json!({ "email": fresh_email(), "role": "admin", "username": "granted", "password": PASSWORD });
    let user = on("users-create", "POST", "/api/users", Some(user), 201);
    let path = format!("/api/users/{}", text(&user, "id"));
    let mailed = json!({ "email": fresh_email(), "send": true });
    let mailed = on("users-create", "POST", "/api/users", Some(mailed), 201);
    let by_mail = format!("/api/users/{}/password", text(&mailed, "id"));
    let send = Some(json!({ "send": true }));
    let _ = on("users-password", "POST", &by_mail, send, 202);
    let _ = on("users-list", "GET", "/api/users", None, 200);
    let _ = on("users-get", "GET", &path, None, 200);
    let _ = on(
        "users-update",
        "PATCH",
        &path,
        Some(json!({ "username": "granted.too" })),
        200,
    );
    let _ = on(
        "users-password",
        "POST",
        &format!("{path}/password"),
        Some(json!({ "password": PASSWORD })),
        204,
    );
    let _ = on(
        "users-sessions-list",
        "GET",
        &format!("{path}/sessions"),
        None,
        200,
    );
    let _ = on(
        "users-session-end",
        "DELETE",
        &format!("{path}/sessions/{}", text(&user, "id")),
        None,
        404,
    );
    let _ = on(
        "users-sessions-end",
        "DELETE",
        &format!("{path}/sessions"),
        None,
        204,
    );
    let _ = on("users-delete", "DELETE", &path, None, 204);

    // Admins who have made a key leave with it.
    for function in ["users-update", "users-delete", "me-delete"] {
        let email = fresh_email();
        let user = json!({ "email": email, "role": "admin", "password": PASSWORD });
        let _ = on("users-create", "POST", "/api/users", Some(user), 201);
        let login = credentials("/api/auth/login", &email);
        let user = apart.ask(&start("login", &[]), &login).expect(200).json();
        let token = text(&user, "accessToken");
        let key = json!({ "name": "a", "type": "secret", "scopes": ["*:*"] });
        let event = Event::new("POST", "/api/admin/api-keys").json(&key);
        let create = start("api-keys-create", &[]);
        let _ = apart.ask(&create, &event.token(&token)).expect(201);
        let path = format!("/api/users/{}?apiKeys=delete", text(&user["user"], "id"));
        let _ = match function {
            "users-update" => {
                let body = Some(json!({ "role": "editor", "disabled": true }));
                on(function, "PATCH", &path, body, 200)
            }
            "users-delete" => on(function, "DELETE", &path, None, 204),
            _ => {
                let event = Event::new("DELETE", "/api/auth/me?apiKeys=delete")
                    .json(&json!({ "password": PASSWORD }))
                    .token(&token);
                apart.ask(&start(function, &[]), &event).expect(204).json()
            }
        };
    }
}
