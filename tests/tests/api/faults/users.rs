//! Admins' changes to users, and the public profile.

use auth::proof::Purpose;
use blackbox::{Event, PASSWORD, Reply, fresh_email};
use serde_json::json;

use super::world::*;
use super::{Area, Row, row, suffer_all};
use crate::proofs::sent::sent_to_user;

const ROWS: &[Row] = &[
    row!("users-public", "GetItem", "_users", 0, public_profile),
    row!("users-public", "GetItem", "_users", 1, public_profile),
    row!("users-list", "BatchGetItem", "_users", 0, list),
    row!("users-list", "Query", "_users", 0, list),
    row!("users-get", "BatchGetItem", "_users", 0, get),
    row!("users-get", "GetItem", "_users", 0, get),
    row!(
        "users-sessions-list",
        "BatchGetItem",
        "_users",
        0,
        list_sessions
    ),
    row!("users-sessions-list", "GetItem", "_users", 0, list_sessions),
    row!(
        "users-sessions-list",
        "Query",
        "_sessions",
        0,
        list_sessions
    ),
    row!("users-create", "BatchGetItem", "_users", 0, create_user),
    row!("users-create", "PutItem", "_users", 0, create_user),
    row!("users-create", "UpdateItem", "_users", 0, create_user),
    row!("users-create", "PutItem", "_mail", 0, create_by_mail),
    row!("users-update", "BatchGetItem", "_users", 0, update_user),
    row!("users-update", "GetItem", "_users", 0, update_user),
    row!("users-update", "UpdateItem", "_users", 0, update_user),
    row!("users-update", "PutItem", "_users", 0, update_user),
    row!("users-update", "DeleteItem", "_users", 0, update_user),
    row!("users-update", "Query", "_api_keys", 0, demote_maker),
    row!(
        "users-update",
        "ConditionCheckItem",
        "_api_keys",
        0,
        demote_maker
    ),
    row!("users-update", "UpdateItem", "_api_keys", 0, demote_maker),
    row!("users-delete", "Query", "_api_keys", 0, delete_maker),
    row!(
        "users-delete",
        "ConditionCheckItem",
        "_api_keys",
        0,
        delete_maker
    ),
    row!("users-delete", "UpdateItem", "_api_keys", 0, delete_maker),
    row!("users-delete", "BatchGetItem", "_users", 0, delete_user),
    row!("users-delete", "GetItem", "_users", 0, delete_user),
    row!("users-delete", "DeleteItem", "_users", 0, delete_user),
    row!("users-delete", "UpdateItem", "_users", 0, delete_user),
    row!("users-password", "BatchGetItem", "_users", 0, set_password),
    row!("users-password", "GetItem", "_users", 0, set_password),
    row!("users-password", "UpdateItem", "_users", 0, set_password),
    row!("users-password", "PutItem", "_mail", 0, send_password),
    row!(
        "users-impersonate",
        "BatchGetItem",
        "_users",
        0,
        impersonate
    ),
    row!("users-impersonate", "GetItem", "_users", 0, impersonate),
    row!("users-impersonate", "PutItem", "_sessions", 0, impersonate),
    row!(
        "users-sessions-end",
        "BatchGetItem",
        "_users",
        0,
        users_end_all
    ),
    row!("users-sessions-end", "GetItem", "_users", 0, users_end_all),
    row!(
        "users-sessions-end",
        "UpdateItem",
        "_users",
        0,
        users_end_all
    ),
    row!(
        "users-session-end",
        "BatchGetItem",
        "_users",
        0,
        users_end_one
    ),
    row!("users-session-end", "GetItem", "_users", 0, users_end_one),
    row!(
        "users-session-end",
        "UpdateItem",
        "_sessions",
        0,
        users_end_one
    ),
];

#[test]
fn every_fault_is_503_or_success_and_nothing_is_half_done() {
    let Some(world) = World::new() else { return };
    suffer_all(&world, Area::Users, ROWS);
}

/// Which of the acts that are alike.
#[derive(Clone, Copy, PartialEq)]
enum Scene {
    UsersEndAll,
    UsersEndOne,
}

fn demote_maker<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let (maker, key) = maker(world);
    let path = format!("/api/users/{}?apiKeys=delete", maker.id);
    let event = by_admin(world, "PATCH", &path).json(&json!({ "role": "editor" }));
    settled(world, ("users-update", event, 200), key)
}

fn delete_maker<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let (maker, key) = maker(world);
    let path = format!("/api/users/{}?apiKeys=delete", maker.id);
    settled(
        world,
        ("users-delete", by_admin(world, "DELETE", &path), 204),
        key,
    )
}

fn public_profile<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let (member, username) = named(world);
    let event = Event::new("GET", &format!("/api/users/public/{username}"));
    let look = move |reply: &Reply| {
        if reply.status == 200 {
            assert_eq!(
                reply.json(),
                json!({ "id": member.id, "username": username })
            );
        }
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

fn list<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    read_users(world, "")
}

fn get<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    read_users(world, "/{id}")
}

fn list_sessions<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    read_users(world, "/{id}/sessions")
}

fn read_users<'a>(world: &'a World<'_>, path: &str) -> Act<'a> {
    let member = world.member();
    let path = format!("/api/users{}", path.replace("{id}", &member.id));
    let look = move |reply: &Reply| {
        if reply.status == 200 && reply.json()["email"].is_string() {
            assert_eq!(reply.json()["email"], *member.email);
        }
        assert!(world.is_signed_in(&member.access));
    };
    Act {
        event: by_admin(world, "GET", &path),
        status: 200,
        look: Box::new(look),
    }
}

/// A user exists wholly, and can log in, or not at all.
fn create_user<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let (email, username) = (fresh_email(), fresh_username());
    let body =
        json!({ "email": email, "password": PASSWORD, "role": "admin", "username": username });
    let event = by_admin(world, "POST", "/api/users").json(&body);
    let again = event.clone();
    let look = move |reply: &Reply| {
        if reply.status != 201 {
            let again = world.ask("users-create", &again);
            assert!(
                again.status == 201 || again.code() == "auth/email-already-exists",
                "{}",
                again.text()
            );
        }
        let user = world.login(&email).expect(200).json()["user"].clone();
        assert_eq!(
            (&user["role"], &user["username"]),
            (&json!("admin"), &json!(username))
        );
    };
    Act {
        event,
        status: 201,
        look: Box::new(look),
    }
}

/// Role, profile and whether the account is switched off change together, and with the last the sessions.
fn update_user<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let (member, username) = named(world);
    let path = format!("/api/users/{}", member.id);
    let before = user(world, &path).expect(200).json();
    let changes = json!({ "role": "editor", "disabled": true, "username": fresh_username() });
    let mut after = before.clone();
    for name in ["role", "disabled", "username"] {
        after[name] = changes[name].clone();
    }
    assert_eq!(before["username"], *username);
    let event = by_admin(world, "PATCH", &path).json(&changes);
    let look = move |reply: &Reply| {
        let now = user(world, &path).expect(200).json();
        assert!(
            now == after || (now == before && reply.status != 200),
            "{now}"
        );
        assert_eq!(world.is_signed_in(&member.access), now == before);
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

/// An admin with a username is deleted and no longer counted, or still there.
fn delete_user<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let (member, username) = named(world);
    let path = format!("/api/users/{}", member.id);
    let promote = by_admin(world, "PATCH", &path).json(&json!({ "role": "admin" }));
    let _ = world.ask("users-update", &promote).expect(200);
    let event = by_admin(world, "DELETE", &path);
    let again = event.clone();
    let look = move |reply: &Reply| {
        assert!(reply.status != 204 || user(world, &path).status == 404);
        if user(world, &path).status == 200 {
            assert!(world.is_signed_in(&member.access));
            let _ = world.ask("users-delete", &again).expect(204);
        }
        assert!(!world.is_signed_in(&member.access));
        let _ = find(world, &username).expect(404);
        // The address is free.
        let _ = world
            .ask("register", &credentials("register", &member.email))
            .expect(201);
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

/// One password is right and the other wrong, and with the new one the sessions are over.
fn set_password<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    const NEW: &str = "another battery, less correct";
    let member = world.member();
    let path = format!("/api/users/{}/password", member.id);
    let event = by_admin(world, "POST", &path).json(&json!({ "password": NEW }));
    let look = move |reply: &Reply| {
        let login = |password: &str| {
            let body = json!({ "email": member.email, "password": password });
            world
                .ask("login", &Event::new("POST", "/api/auth/login").json(&body))
                .status
        };
        let logins = (login(PASSWORD), login(NEW));
        assert!(
            logins == (401, 200) || (logins == (200, 401) && reply.status != 204),
            "{logins:?}"
        );
        assert_eq!(world.is_signed_in(&member.access), logins.0 == 200);
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

/// The old password is void and the mail is there, or neither.
fn send_password<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let path = format!("/api/users/{}/password", member.id);
    let event = by_admin(world, "POST", &path).json(&json!({ "send": true }));
    let again = event.clone();
    let look = move |reply: &Reply| {
        let stands = world.is_signed_in(&member.access);
        assert!(!stands || reply.status != 202);
        assert_eq!(world.login(&member.email).status == 200, stands);
        if stands {
            let _ = world.ask("users-password", &again).expect(202);
        }
        sets_a_password(world, &member.email, (&member.id, 2));
    };
    Act {
        event,
        status: 202,
        look: Box::new(look),
    }
}

/// The token is good that was handed out, and the user goes on.
fn impersonate<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let path = format!("/api/users/{}/impersonate", member.id);
    let event = by_admin(world, "POST", &path).json(&json!({ "reason": "a fault" }));
    let look = move |reply: &Reply| {
        if reply.status == 201 {
            assert!(world.is_signed_in(&text(&reply.json()["accessToken"])));
        }
        assert!(world.is_signed_in(&member.access));
    };
    Act {
        event,
        status: 201,
        look: Box::new(look),
    }
}

/// The user is there with the mail that sets the first password, or not at all.
fn create_by_mail<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let email = fresh_email();
    let body = json!({ "email": email, "send": true });
    let event = by_admin(world, "POST", "/api/users").json(&body);
    let again = event.clone();
    let look = move |reply: &Reply| {
        if reply.status != 201 {
            let again = world.ask("users-create", &again);
            let there = again.code() == "auth/email-already-exists";
            assert!(again.status == 201 || there, "{}", again.text());
        }
        let found = by_admin(world, "GET", &format!("/api/users?search={email}"));
        let found = world.ask("users-list", &found).expect(200).json();
        sets_a_password(world, &email, (&text(&found["items"][0]["id"]), 1));
    };
    Act {
        event,
        status: 201,
        look: Box::new(look),
    }
}

/// The link of the mail sets the password of this user, who has this version, and the user signs in.
fn sets_a_password(world: &World<'_>, email: &str, user: (&str, u64)) {
    let sent = sent_to_user(&world.apart, Purpose::PasswordReset, user);
    let body = json!({ "token": sent.token, "newPassword": PASSWORD });
    let event = Event::new("POST", "/api/auth/password/reset").json(&body);
    let _ = world.ask("password-reset", &event).expect(204);
    let _ = world.login(email).expect(200);
}

fn users_end_all<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    end_users_sessions(world, Scene::UsersEndAll)
}

fn users_end_one<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    end_users_sessions(world, Scene::UsersEndOne)
}

/// The sessions are over in the end.
fn end_users_sessions<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let member = world.member();
    let path = format!("/api/users/{}/sessions", member.id);
    let page = world
        .ask("users-sessions-list", &by_admin(world, "GET", &path))
        .expect(200)
        .json();
    let (function, path) = match scene {
        Scene::UsersEndOne => (
            "users-session-end",
            format!("{path}/{}", text(&page["items"][0]["id"])),
        ),
        _ => ("users-sessions-end", path),
    };
    let event = by_admin(world, "DELETE", &path);
    let again = event.clone();
    let look = move |reply: &Reply| {
        if reply.status != 204 {
            let again = world.ask(function, &again);
            assert!(
                again.status == 204 || again.code() == "auth/session-not-found",
                "{}",
                again.text()
            );
        }
        assert!(!world.is_signed_in(&member.access));
        let _ = world.login(&member.email).expect(200);
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}
