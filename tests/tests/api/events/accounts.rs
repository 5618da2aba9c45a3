//! The users' own accounts and sessions.

use super::*;

pub(super) const OF_SESSIONS: &[&str] = &[
    "register",
    "login",
    "refresh",
    "logout",
    "sessions-end",
    "sessions-end-others",
];

pub(super) const OF_ACCOUNTS: &[&str] = &[
    "register",
    "me-update",
    "me-terms",
    "password-change",
    "me-delete",
    "me-restore",
];

const OTHER_PASSWORD: &str = "another horse battery staple";

fn login(email: &str, password: &str) -> Event {
    post(
        "/api/auth/login",
        &json!({ "email": email, "password": password }),
    )
}

fn refresh(token: &str) -> Event {
    post("/api/auth/refresh", &json!({ "refreshToken": token }))
}

/// The event is about this user, and by it.
#[track_caller]
fn by_self(event: &Value, member: &Member) {
    assert_eq!(
        event["subject"],
        json!({ "collection": "users", "id": member.id, "owner": null }),
        "{event}"
    );
    assert_eq!(
        (&event["actor"]["type"], &event["actor"]["id"]),
        (&json!("user"), &json!(member.id)),
        "{event}"
    );
}

#[test]
fn sessions_make_exactly_these_events() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let play = Play::new(inside);
    let email = fresh_email();
    let register = |password: &str| {
        post(
            "/api/auth/register",
            &json!({ "email": email, "password": password }),
        )
    };
    let _ = play.ask("register", register("short"), 400, &[]);
    let made = play.ask("register", register(PASSWORD), 201, &["auth.register"]);
    let ada = made.member();
    by_self(&made.events[0], &ada);
    assert_eq!(made.events[0]["data"]["method"], "password");
    assert_eq!(made.events[0]["data"]["user"]["email"], json!(email));
    let _ = play.ask("register", register(PASSWORD), 409, &[]);

    let _ = play.ask("login", login(&email, OTHER_PASSWORD), 401, &[]);
    let _ = play.ask("login", login(&fresh_email(), PASSWORD), 401, &[]);
    let done = play.ask("login", login(&email, PASSWORD), 200, &["auth.login"]);
    by_self(&done.events[0], &ada);
    assert_eq!(done.events[0]["data"]["method"], "login");
    let second = done.member();

    // A refresh and its repetition make none, a copied token ends the session.
    let key = "an-idempotency-key-of-32-letters-";
    let first = || refresh(&second.refresh).header("idempotency-key", key);
    let next = text(&play.ask("refresh", first(), 200, &[]).reply.json()["refreshToken"]);
    let _ = play.ask("refresh", first(), 200, &[]);
    let _ = play.ask("refresh", refresh("nonsense"), 401, &[]);
    let _ = play.ask("refresh", refresh(&next), 200, &[]);
    let strict = [("BAKEND_AUTH_REFRESH_GRACE", "0s")];
    let copied = refresh(&second.refresh);
    let done = play.ask_told("refresh", &strict, copied, 401, &["auth.refresh.reused"]);
    assert_eq!(done.events[0]["actor"]["type"], "stranger");
    assert_eq!(done.events[0]["subject"]["id"], json!(ada.id));
    let _ = play.ask_told("refresh", &strict, refresh(&second.refresh), 401, &[]);

    let third = play.logs_in(&ada);
    let logout = || post("/api/auth/logout", &json!({})).token(&third.access);
    let done = play.ask("logout", logout(), 204, &["auth.logout"]);
    by_self(&done.events[0], &ada);
    let _ = play.ask("logout", logout(), 204, &[]);

    let fourth = play.logs_in(&ada);
    let list = Event::new("GET", "/api/auth/sessions").token(&ada.access);
    let sessions = play.ask("sessions-list", list, 200, &[]).reply.json();
    let items = sessions["items"].as_array().unwrap();
    let other = items.iter().find(|it| it["current"] != true).unwrap();
    let path = format!("/api/auth/sessions/{}", text(&other["id"]));
    let end = || delete(&path).token(&ada.access);
    let done = play.ask("sessions-end", end(), 204, &["auth.session.ended"]);
    by_self(&done.events[0], &ada);
    assert_eq!(
        done.events[0]["data"],
        json!({ "userId": ada.id, "sessionId": other["id"], "kept": null,
        "reason": "user" })
    );
    let _ = play.ask(
        "logout",
        post("/api/auth/logout", &json!({})).token(&fourth.access),
        204,
        &[],
    );

    let _ = play.logs_in(&ada);
    let others = delete("/api/auth/sessions").token(&ada.access);
    let done = play.ask("sessions-end-others", others, 204, &["auth.session.ended"]);
    let data = &done.events[0]["data"];
    assert_eq!(
        (&data["sessionId"], &data["reason"]),
        (&Value::Null, &json!("sessions-end"))
    );
    assert!(data["kept"].is_string(), "{data}");
    play.end(OF_SESSIONS);
}

#[test]
fn accounts_make_exactly_these_events() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let play = Play::new(inside);
    let (ada, eve) = (play.registers(), play.registers());
    let change = |member: &Member, body: Value| patch("/api/auth/me", &body).token(&member.access);
    let named = json!({ "name": "Ada", "username": "ada-events" });
    let done = play.ask(
        "me-update",
        change(&ada, named.clone()),
        200,
        &["user.updated"],
    );
    let data = &done.events[0]["data"];
    assert_eq!(
        (&data["changed"], &data["previous"]),
        (&json!(["name", "username"]), &json!({}))
    );
    assert_eq!(data["user"]["name"], "Ada");
    let _ = play.ask("me-update", change(&ada, named), 200, &[]);
    let _ = play.ask(
        "me-update",
        change(&eve, json!({ "username": "ada-events" })),
        409,
        &[],
    );
    let _ = play.ask("me-update", change(&eve, json!({ "name": 1 })), 400, &[]);

    let terms = |version: &str| {
        post("/api/auth/me/terms", &json!({ "version": version })).token(&ada.access)
    };
    let done = play.ask("me-terms", terms(TERMS), 200, &["user.updated"]);
    assert_eq!(done.events[0]["data"]["changed"], json!(["terms"]));
    let _ = play.ask("me-terms", terms(TERMS), 200, &[]);
    let _ = play.ask("me-terms", terms("another"), 400, &[]);

    let password = |current: &str, new: &str| {
        let body = json!({ "currentPassword": current, "newPassword": new });
        post("/api/auth/password/change", &body).token(&ada.access)
    };
    let wrong = password(OTHER_PASSWORD, PASSWORD);
    let _ = play.ask("password-change", wrong, 400, &[]);
    let two = ["auth.password.changed", "auth.session.ended"];
    let done = play.ask(
        "password-change",
        password(PASSWORD, OTHER_PASSWORD),
        204,
        &two,
    );
    by_self(done.event(two[0]), &ada);
    let (changed, ended) = (done.event(two[0]), done.event(two[1]));
    assert_eq!(
        changed["data"],
        json!({ "userId": ada.id, "reason": "password-change" })
    );
    assert!(ended["data"]["kept"].is_string(), "{ended}");
    assert_eq!(changed["at"], ended["at"]);

    // A deletion with a time for a restoration.
    let leave = |member: &Member, password: &str| {
        let event = delete("/api/auth/me").json(&json!({ "password": password }));
        event.token(&member.access)
    };
    let _ = play.ask("me-delete", leave(&ada, PASSWORD), 400, &[]);
    let gone = ["user.deleted", "auth.session.ended"];
    let done = play.ask("me-delete", leave(&ada, OTHER_PASSWORD), 204, &gone);
    by_self(done.event(gone[0]), &ada);
    assert!(done.event(gone[0])["data"]["until"].is_string());
    let _ = play.ask("login", login(&ada.email, OTHER_PASSWORD), 401, &[]);
    let restore = |password: &str| {
        let body = json!({ "email": ada.email, "password": password });
        post("/api/auth/me/restore", &body)
    };
    let _ = play.ask("me-restore", restore(PASSWORD), 401, &[]);
    let back = ["user.restored", "auth.login"];
    let done = play.ask("me-restore", restore(OTHER_PASSWORD), 200, &back);
    by_self(done.event(back[0]), &ada);
    assert_eq!(done.event(back[1])["data"]["method"], "restore");

    // One without, and the removal that follows.
    let none = [("BAKEND_AUTH_DELETION_GRACE", "0s")];
    let done = play.ask_told("me-delete", &none, leave(&eve, PASSWORD), 204, &gone);
    assert_eq!(
        done.event(gone[0])["data"],
        json!({ "userId": eve.id, "until": null })
    );
    let removal = json!({ "TableName": "local-_users", "Key": { "id": { "S": eve.id } } });
    let _ = play
        .apart
        .dynamo
        .engine()
        .call("DeleteItem", &removal)
        .unwrap();
    let purged = play.seen(&["user.purged"]);
    assert_eq!(purged[0]["data"], json!({ "userId": eve.id }));
    assert_eq!(purged[0]["request"], Value::Null);
    play.end(OF_ACCOUNTS);
}
