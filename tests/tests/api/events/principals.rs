//! Anonymous accounts, admins who act as users, and service accounts.

use super::*;
use crate::principals::service::{ACCOUNTS, form, path};
use crate::principals::token;

pub(super) const WRITES: &[&str] = &[
    "register",
    "anonymous",
    "me-delete",
    "users-impersonate",
    "records-create",
    "logout",
    "service-accounts-create",
    "service-accounts-rotate",
    "service-accounts-delete",
    "auth-token",
];

#[test]
fn anonymous_accounts_and_acting_admins_make_exactly_these_events() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let play = Play::new(inside);
    let make = |body: &Value| post("/api/auth/anonymous", body);
    let _ = play.ask("anonymous", make(&json!({ "email": "a@b" })), 400, &[]);
    let made = play.ask("anonymous", make(&json!({})), 201, &["auth.register"]);
    let nobody = made.member();
    let (event, data) = (&made.events[0], &made.events[0]["data"]);
    assert_eq!(data["method"], "anonymous");
    assert_eq!(
        (&data["user"]["email"], &data["user"]["role"]),
        (&Value::Null, &json!("anonymous"))
    );
    assert!(data["sessionId"].is_string(), "{event}");
    assert_eq!(
        (&event["actor"]["id"], &event["actor"]["role"]),
        (&json!(nobody.id), &json!("anonymous"))
    );

    let ada = play.registers();
    let path = format!("/api/users/{}/impersonate", ada.id);
    let act = |body: &Value| post(&path, body).token(&play.admin.access);
    let _ = play.ask("users-impersonate", act(&json!({})), 400, &[]);
    let words = json!({ "reason": "the order cannot be seen" });
    let acted = play.ask(
        "users-impersonate",
        act(&words),
        201,
        &["auth.impersonated"],
    );
    let event = &acted.events[0];
    assert_eq!(event["subject"]["id"], json!(ada.id));
    let actor = &event["actor"];
    assert_eq!(
        (&actor["id"], &actor["role"], &actor["impersonator"]),
        (&json!(play.admin.id), &json!("admin"), &Value::Null)
    );
    let data = &event["data"];
    assert_eq!(
        (&data["userId"], &data["reason"]),
        (&json!(ada.id), &words["reason"])
    );
    let session = text(&data["sessionId"]);
    let access = text(&acted.reply.json()["accessToken"]);

    let record = post("/api/notes", &json!({ "title": "a" })).token(&access);
    let done = play.ask("records-create", record, 201, &["record.created"]);
    let both = |event: &Value| {
        let actor = &event["actor"];
        assert_eq!(
            (&actor["type"], &actor["id"], &actor["impersonator"]),
            (&json!("user"), &json!(ada.id), &json!(play.admin.id)),
            "{event}"
        );
    };
    both(&done.events[0]);
    let out = post("/api/auth/logout", &json!({})).token(&access);
    let done = play.ask("logout", out, 204, &["auth.logout"]);
    both(&done.events[0]);
    assert_eq!(done.events[0]["data"]["sessionId"], json!(session));

    let gone = ["user.deleted", "auth.session.ended"];
    let leave = delete("/api/auth/me")
        .json(&json!({}))
        .token(&nobody.access);
    let done = play.ask("me-delete", leave, 204, &gone);
    assert_eq!(done.event(gone[0])["data"]["until"], Value::Null);
    service_accounts(&play);
    play.end(WRITES);
}

/// An account is made, rotated and removed as a user is. A token makes no event, and neither does a wrong secret.
fn service_accounts(play: &Play<'_>) {
    let by_admin = |event: Event| event.token(&play.admin.access);
    let create = |name: &str| {
        let body = json!({ "name": name, "role": "editor" });
        by_admin(post(ACCOUNTS, &body))
    };
    let _ = play.ask("service-accounts-create", create(""), 400, &[]);
    let made = play.ask(
        "service-accounts-create",
        create("billing"),
        201,
        &["user.created"],
    );
    let account = made.reply.json();
    let user = &made.events[0]["data"]["user"];
    let known = [&user["id"], &user["email"], &user["role"]];
    assert_eq!(
        known,
        [&account["clientId"], &Value::Null, &json!("editor")]
    );
    let _ = play.ask("auth-token", token::event(&form(&account)), 200, &[]);
    let wrong = token::event(&format!("{}x", form(&account)));
    let _ = play.ask("auth-token", wrong, 401, &[]);
    let rotate = by_admin(post(&path(&account, "/rotate"), &json!({})));
    let rotated = play.ask("service-accounts-rotate", rotate, 200, &["user.updated"]);
    let data = &rotated.events[0]["data"];
    assert_eq!(data["changed"], json!(["serviceAccount"]));
    let before = json!({ "serviceAccount": { "name": "billing", "rotatedAt": null } });
    assert_eq!(data["previous"], before);
    let gone = ["user.deleted", "auth.session.ended"];
    let remove = by_admin(delete(&path(&account, "")));
    let _ = play.ask("service-accounts-delete", remove, 204, &gone);
}
