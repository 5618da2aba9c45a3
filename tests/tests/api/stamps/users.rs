//! The last change of a user, by every way of writing one.

use super::*;
use crate::admin::{admin_on, said};

#[test]
fn every_change_by_users_themselves_is_stamped() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let (member, reply) = world.registers();
    let session = text(&world.sessions(&member.id)[0]["id"]["S"]);
    let by_self = |reason: &str, session: Option<&str>| json!({ "by": "user", "user": member.id, "reason": reason, "session": session });
    let user = || world.user(&member.id);
    let expected = told(&reply, by_self("register", Some(&session)));
    changed("register", &user(), expected);

    let body = json!({ "name": "Ada" });
    let event = Event::new("PATCH", "/api/auth/me").json(&body);
    let reply = world.ask("me-update", event.token(&member.access));
    changed("me-update", &user(), told(&reply, by_self("update", None)));

    let event = Event::new("DELETE", "/api/auth/sessions").token(&member.access);
    let reply = world.ask("sessions-end-others", event);
    let expected = told(&reply, by_self("sessions-end", Some(&session)));
    changed("sessions-end-others", &user(), expected);

    let body = json!({ "currentPassword": PASSWORD, "newPassword": "another password" });
    let event = post("/api/auth/password/change", &body).token(&member.access);
    let reply = world.ask("password-change", event);
    let expected = told(&reply, by_self("password-change", Some(&session)));
    changed("password-change", &user(), expected);

    let body = json!({ "password": "another password" });
    let event = Event::new("DELETE", "/api/auth/me").json(&body);
    let reply = world.ask("me-delete", event.token(&member.access));
    changed("me-delete", &user(), told(&reply, by_self("delete", None)));

    let body = json!({ "email": member.email, "password": "another password" });
    let reply = world.ask("me-restore", post("/api/auth/me/restore", &body));
    let sessions = world.sessions(&member.id);
    let begun = text(&sessions[1]["id"]["S"]);
    let expected = told(&reply, by_self("restore", Some(&begun)));
    changed("me-restore", &user(), expected);
}

#[test]
fn every_change_by_admins_and_servers_is_stamped() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let (key, _) = world.makes_key("secret");
    type Writes = fn(&str) -> (&'static str, Event);
    let rows: [(&str, Writes); 4] = [
        ("update", |path| {
            let event = Event::new("PATCH", path);
            ("users-update", event.json(&json!({ "role": "editor" })))
        }),
        ("password-set", |path| {
            let body = json!({ "password": PASSWORD });
            ("users-password", post(&format!("{path}/password"), &body))
        }),
        ("sessions-end", |path| {
            let event = Event::new("DELETE", &format!("{path}/sessions"));
            ("users-sessions-end", event)
        }),
        ("delete", |path| {
            ("users-delete", Event::new("DELETE", path))
        }),
    ];
    for by_server in [false, true] {
        let signed = |event: Event| {
            if by_server {
                event.key(&text(&key["key"]))
            } else {
                event.token(&world.admin.access)
            }
        };
        let by = |reason: &str| {
            if by_server {
                json!({ "by": "key", "key": key["id"], "reason": reason })
            } else {
                json!({ "by": "user", "user": world.admin.id, "role": "admin", "reason": reason })
            }
        };
        let event = post("/api/users", &json!({ "email": fresh_email() }));
        let reply = world.ask("users-create", signed(event));
        let id = text(&reply.json()["id"]);
        changed("create", &world.user(&id), told(&reply, by("create")));
        for (reason, writes) in rows {
            let (function, event) = writes(&format!("/api/users/{id}"));
            let reply = world.ask(function, signed(event));
            changed(reason, &world.user(&id), told(&reply, by(reason)));
        }
    }
}

#[test]
fn a_user_who_shows_an_apps_key_is_stamped_with_both() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let (app, _) = world.makes_key("publishable");
    let event = post("/api/auth/register", &credentials(&fresh_email()));
    let reply = world.ask("register", event.key(&text(&app["key"])));
    let member = Member::of(&reply);
    let session = &world.sessions(&member.id)[0];
    let expected = json!({ "by": "user", "user": member.id, "key": app["id"], "reason": "register",
        "session": session["id"]["S"] });
    let user = world.user(&member.id);
    changed("register", &user, told(&reply, expected));
    let begun = json!({ "reason": "register", "key": app["id"],
        "request_id": reply.header("x-request-id") });
    assert_eq!(json!(plain(&session["begun"])), begun);
}

#[test]
fn an_operator_is_stamped_without_a_request() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let (member, _) = world.registers();
    let endpoint = world.apart.dynamo.endpoint();
    let promoted = said(&admin_on(inside, &endpoint, &["promote", &member.email]));
    assert!(promoted.0, "{promoted:?}");
    let by = |reason: &str| {
        let expected = json!({ "by": "cli", "reason": reason });
        expected.as_object().cloned().unwrap_or_default()
    };
    changed("promote", &world.user(&member.id), by("promote"));

    let (id, email) = ("0197a3b0-1234-7000-8000-0000000000ab", fresh_email());
    let path = local::root().join(format!(".bakend/tests/{email}.jsonl"));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, json!({ "email": email, "id": id }).to_string()).unwrap();
    let import = ["import", path.to_str().unwrap()];
    let made = said(&admin_on(inside, &endpoint, &import));
    std::fs::remove_file(&path).unwrap();
    assert!(made.0, "{made:?}");
    changed("import", &world.user(id), by("import"));
}
