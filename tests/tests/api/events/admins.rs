//! The acts of admins and operators on the accounts of users.

use super::*;
use crate::admin::{admin_on, said};

pub(super) const WRITES: &[&str] = &[
    "register",
    "login",
    "users-create",
    "users-update",
    "users-session-end",
    "users-sessions-end",
    "users-password",
    "users-delete",
    "me-delete",
];

#[test]
fn admins_and_operators_make_exactly_these_events() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let play = Play::new(inside);
    let admin = || play.admin.access.as_str();
    let by_admin = |done: &Done| {
        for event in &done.events {
            let actor = &event["actor"];
            assert_eq!(
                (&actor["id"], &actor["role"]),
                (&json!(play.admin.id), &json!("admin")),
                "{event}"
            );
        }
    };
    let ada = play.registers();
    let body = json!({ "email": fresh_email(), "password": PASSWORD });
    let create = || post("/api/users", &body);
    let _ = play.ask("users-create", create().token(&ada.access), 403, &[]);
    let made = play.ask(
        "users-create",
        create().token(admin()),
        201,
        &["user.created"],
    );
    by_admin(&made);
    assert_eq!(made.events[0]["data"]["user"]["email"], body["email"]);
    let _ = play.ask("users-create", create().token(admin()), 409, &[]);

    let path = format!("/api/users/{}", ada.id);
    let update = |body: Value| patch(&path, &body).token(admin());
    let done = play.ask(
        "users-update",
        update(json!({ "role": "editor" })),
        200,
        &["user.updated"],
    );
    by_admin(&done);
    let data = &done.events[0]["data"];
    assert_eq!(
        (&data["changed"], &data["previous"]),
        (&json!(["role"]), &json!({ "role": "authenticated" }))
    );
    let _ = play.ask(
        "users-update",
        update(json!({ "role": "editor" })),
        200,
        &[],
    );
    let _ = play.ask(
        "users-update",
        update(json!({ "role": "nobody" })),
        400,
        &[],
    );
    let off = ["user.updated", "auth.session.ended"];
    let done = play.ask(
        "users-update",
        update(json!({ "disabled": true })),
        200,
        &off,
    );
    by_admin(&done);
    assert_eq!(done.event(off[1])["data"]["kept"], Value::Null);
    let event = post("/api/auth/login", &credentials(&ada.email));
    let _ = play.ask("login", event, 403, &[]);
    let done = play.ask(
        "users-update",
        update(json!({ "disabled": false })),
        200,
        &["user.updated"],
    );
    by_admin(&done);

    let _ = play.logs_in(&ada);
    let sessions = format!("{path}/sessions");
    let list = Event::new("GET", &sessions).token(admin());
    let listed = play.ask("users-sessions-list", list, 200, &[]).reply.json();
    let session = text(&listed["items"][0]["id"]);
    let event = delete(&format!("{sessions}/{session}")).token(admin());
    let done = play.ask("users-session-end", event, 204, &["auth.session.ended"]);
    by_admin(&done);
    assert_eq!(done.events[0]["data"]["reason"], "admin");
    let done = play.ask(
        "users-sessions-end",
        delete(&sessions).token(admin()),
        204,
        &["auth.session.ended"],
    );
    by_admin(&done);
    let set = post(
        &format!("{path}/password"),
        &json!({ "password": PASSWORD }),
    )
    .token(admin());
    let two = ["auth.password.changed", "auth.session.ended"];
    let done = play.ask("users-password", set, 204, &two);
    by_admin(&done);
    assert_eq!(done.event(two[0])["data"]["reason"], "password-set");

    let send = post(&format!("{path}/password"), &json!({ "send": true })).token(admin());
    let done = play.ask("users-password", send, 202, &two);
    by_admin(&done);
    assert_eq!(done.event(two[0])["data"]["reason"], "password-removed");

    // An operator without a request.
    let arguments = ["promote", ada.email.as_str()];
    let endpoint = play.apart.dynamo.endpoint();
    let (done, line) = said(&admin_on(play.inside, &endpoint, &arguments));
    assert!(done, "{line}");
    let promoted = play.seen(&["user.updated"]);
    assert_eq!(
        (&promoted[0]["actor"]["type"], &promoted[0]["request"]),
        (&json!("cli"), &Value::Null)
    );
    let (done, line) = said(&admin_on(play.inside, &endpoint, &["verify", &ada.email]));
    assert!(done, "{line}");
    let verified = play.seen(&["auth.email.verified"]);
    assert_eq!(verified[0]["actor"]["type"], "cli");
    let demote = update(json!({ "role": "authenticated" }));
    let _ = play.ask("users-update", demote, 200, &["user.updated"]);

    let gone = ["user.deleted", "auth.session.ended"];
    let done = play.ask("users-delete", delete(&path).token(admin()), 204, &gone);
    by_admin(&done);
    let _ = play.ask("users-delete", delete(&path).token(admin()), 404, &[]);
    let own = format!("/api/users/{}", play.admin.id);
    let _ = play.ask("users-delete", delete(&own).token(admin()), 409, &[]);

    // One who has left with a time for a restoration, and whom an admin removes before.
    let eve = play.registers();
    let event = delete("/api/auth/me").json(&json!({ "password": PASSWORD }));
    let _ = play.ask("me-delete", event.token(&eve.access), 204, &gone);
    let path = format!("/api/users/{}", eve.id);
    let _ = play.ask(
        "users-delete",
        delete(&path).token(admin()),
        204,
        &["user.deleted"],
    );
    play.end(WRITES);
}
