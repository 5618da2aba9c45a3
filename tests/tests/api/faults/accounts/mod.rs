//! Registration, login, sessions, and users' changes to their own account.

mod own;

use std::sync::atomic::{AtomicU16, Ordering};

use blackbox::{Event, PASSWORD, Reply, fresh_email};
use serde_json::json;

use super::world::*;
use super::{Area, Row, row, suffer_all};
use crate::principals::ANONYMOUS;

use self::own::{
    accept_terms, change_profile, me_delete, me_delete_again, me_delete_at_once, me_delete_maker,
    me_get, me_restore, me_restore_again, sessions,
};

const ROWS: &[Row] = &[
    row!("register", "PutItem", "_users", 0, register),
    row!("register", "PutItem", "_sessions", 0, register),
    row!("register", "UpdateItem", "_users", 0, register_admin).of_fresh_functions(),
    row!("register", "PutItem", "_throttle", 0, register),
    row!("register", "UpdateItem", "_throttle", 0, register_again),
    row!("anonymous", "PutItem", "_users", 0, anonymous),
    row!("anonymous", "PutItem", "_sessions", 0, anonymous),
    row!("anonymous", "PutItem", "_throttle", 0, anonymous),
    row!("anonymous", "UpdateItem", "_throttle", 0, anonymous_again),
    row!("login", "PutItem", "_throttle", 0, login),
    row!("login", "GetItem", "_throttle", 0, login),
    row!("login", "PutItem", "_throttle", 1, login_wrong),
    row!("login", "UpdateItem", "_throttle", 0, login_again),
    row!("login", "UpdateItem", "_throttle", 1, login_again),
    row!("login", "DeleteItem", "_throttle", 0, login),
    row!("login", "BatchGetItem", "_api_keys", 0, login_keyed),
    row!("login", "GetItem", "_users", 0, login),
    row!("login", "GetItem", "_users", 1, login),
    row!("login", "PutItem", "_sessions", 0, login),
    row!("login", "UpdateItem", "_users", 0, login),
    row!("refresh", "GetItem", "_users", 0, refresh),
    row!("refresh", "UpdateItem", "_sessions", 0, refresh),
    row!("refresh", "UpdateItem", "_sessions", 1, reuse),
    row!("logout", "UpdateItem", "_sessions", 0, logout),
    row!("me-get", "BatchGetItem", "_users", 0, me_get),
    row!("me-terms", "BatchGetItem", "_users", 0, accept_terms),
    row!("me-terms", "UpdateItem", "_users", 0, accept_terms),
    row!("me-update", "BatchGetItem", "_users", 0, change_profile),
    row!("me-update", "UpdateItem", "_users", 0, change_profile),
    row!("me-update", "PutItem", "_users", 0, change_profile),
    row!("me-update", "DeleteItem", "_users", 0, change_profile),
    row!("me-delete", "BatchGetItem", "_users", 0, me_delete),
    row!("me-delete", "GetItem", "_users", 0, me_delete),
    row!("me-delete", "UpdateItem", "_users", 0, me_delete),
    row!("me-delete", "PutItem", "_users", 0, me_delete),
    row!("me-delete", "DeleteItem", "_users", 0, me_delete_at_once)
        .told(&[("BAKEND_AUTH_DELETION_GRACE", "0s")]),
    row!("me-delete", "UpdateItem", "_users", 0, me_delete_at_once)
        .told(&[("BAKEND_AUTH_DELETION_GRACE", "0s")]),
    row!("me-delete", "GetItem", "_throttle", 0, me_delete),
    row!("me-delete", "PutItem", "_throttle", 0, me_delete),
    row!("me-delete", "UpdateItem", "_throttle", 0, me_delete_again),
    row!("me-delete", "DeleteItem", "_throttle", 0, me_delete),
    row!("me-delete", "Query", "_api_keys", 0, me_delete_maker),
    row!(
        "me-delete",
        "ConditionCheckItem",
        "_api_keys",
        0,
        me_delete_maker
    ),
    row!("me-delete", "UpdateItem", "_api_keys", 0, me_delete_maker),
    row!("me-restore", "GetItem", "_users", 0, me_restore),
    row!("me-restore", "GetItem", "_users", 1, me_restore),
    row!("me-restore", "UpdateItem", "_users", 0, me_restore),
    row!("me-restore", "PutItem", "_users", 0, me_restore),
    row!("me-restore", "PutItem", "_sessions", 0, me_restore),
    row!("me-restore", "GetItem", "_throttle", 0, me_restore),
    row!("me-restore", "PutItem", "_throttle", 0, me_restore),
    row!("me-restore", "UpdateItem", "_throttle", 0, me_restore_again),
    row!("me-restore", "DeleteItem", "_throttle", 0, me_restore),
    row!("sessions-list", "BatchGetItem", "_users", 0, sessions),
    row!("sessions-list", "Query", "_sessions", 0, sessions),
    row!("sessions-end", "BatchGetItem", "_users", 0, end_session),
    row!("sessions-end", "UpdateItem", "_sessions", 0, end_session),
    row!(
        "sessions-end-others",
        "BatchGetItem",
        "_users",
        0,
        end_others
    ),
    row!("sessions-end-others", "UpdateItem", "_users", 0, end_others),
    row!(
        "sessions-end-others",
        "UpdateItem",
        "_sessions",
        0,
        end_others
    ),
    row!(
        "password-change",
        "BatchGetItem",
        "_users",
        0,
        change_password
    ),
    row!("password-change", "GetItem", "_users", 0, change_password),
    row!(
        "password-change",
        "UpdateItem",
        "_users",
        0,
        change_password
    ),
    row!(
        "password-change",
        "UpdateItem",
        "_sessions",
        0,
        change_password
    ),
    row!(
        "password-change",
        "GetItem",
        "_throttle",
        0,
        change_password
    ),
    row!(
        "password-change",
        "PutItem",
        "_throttle",
        0,
        change_password
    ),
    row!(
        "password-change",
        "UpdateItem",
        "_throttle",
        0,
        change_password_again
    ),
    row!(
        "password-change",
        "DeleteItem",
        "_throttle",
        0,
        change_password
    ),
];

#[test]
fn every_fault_is_503_or_success_and_nothing_is_half_done() {
    let Some(world) = World::new() else { return };
    suffer_all(&world, Area::Accounts, ROWS);
}

/// Which of the acts that are alike.
#[derive(Clone, Copy, PartialEq)]
enum Scene {
    Login,
    LoginAgain,
    MeGet,
    Sessions,
    MeDelete,
    MeDeleteAtOnce,
    MeDeleteAgain,
    MeRestore,
    MeRestoreAgain,
    EndSession,
    EndOthers,
    ChangePassword,
    ChangePasswordAgain,
}

fn register<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    registration(world, fresh_email())
}

fn register_again<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let _ = world.member();
    registration(world, fresh_email())
}

/// There is an admin already, so the request that would make one is refused and an ordinary user is made.
fn register_admin<'a>(world: &'a World<'_>, admin_email: &str) -> Act<'a> {
    let _ = world.admin();
    registration(world, admin_email.to_owned())
}

/// A user exists wholly or not at all: after a failure either a second registration or a login succeeds.
fn registration<'a>(world: &'a World<'_>, email: String) -> Act<'a> {
    let event = credentials("register", &email);
    let look = move |reply: &Reply| {
        if reply.status == 201 {
            assert!(world.is_signed_in(&text(&reply.json()["accessToken"])));
        } else {
            let again = world.ask("register", &credentials("register", &email));
            assert!(
                again.status == 201 || again.code() == "auth/email-already-exists",
                "{}",
                again.text()
            );
        }
        let body = world.login(&email).expect(200).json();
        assert!(world.is_signed_in(&text(&body["accessToken"])));
    };
    Act {
        event,
        status: 201,
        look: Box::new(look),
    }
}

fn anonymous<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    without_address(world)
}

fn anonymous_again<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let event = Event::new("POST", ANONYMOUS).json(&json!({}));
    let _ = world.ask("anonymous", &event).expect(201);
    without_address(world)
}

/// An anonymous account exists with its session and its username, or not at all.
fn without_address<'a>(world: &'a World<'_>) -> Act<'a> {
    let body = json!({ "username": fresh_username() });
    let event = Event::new("POST", ANONYMOUS).json(&body);
    let again = event.clone();
    let look = move |reply: &Reply| {
        if reply.status == 201 {
            assert!(world.is_signed_in(&text(&reply.json()["accessToken"])));
        } else {
            let again = world.ask("anonymous", &again);
            let is_there = again.code() == "users/unique-violation";
            assert!(again.status == 201 || is_there, "{}", again.text());
        }
        let path = format!("/api/users/public/{}", text(&body["username"]));
        let found = world.ask("users-public", &Event::new("GET", &path));
        let _ = found.expect(200);
    };
    Act {
        event,
        status: 201,
        look: Box::new(look),
    }
}

fn login<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    log_in(world, Scene::Login)
}

fn login_again<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    log_in(world, Scene::LoginAgain)
}

/// The verdict of a wrong password is told once the source has counted it.
fn login_wrong<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let wrong = json!({ "email": member.email, "password": "not the password" });
    // Two acts of one source would be counted together.
    static SOURCES: AtomicU16 = AtomicU16::new(0);
    let [a, b] = SOURCES.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let event = Event::new("POST", "/api/auth/login").json(&wrong);
    Act {
        event: event.source_ip(&format!("198.18.{a}.{b}")),
        status: 401,
        look: Box::new(move |_| {
            let _ = world.login(&member.email).expect(200);
        }),
    }
}

fn log_in<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let member = world.member();
    if scene == Scene::LoginAgain {
        let wrong = json!({ "email": member.email, "password": "not the password" });
        let _ = world
            .ask("login", &Event::new("POST", "/api/auth/login").json(&wrong))
            .expect(401);
    }
    let event = credentials("login", &member.email);
    let look = move |reply: &Reply| {
        if reply.status == 200 {
            assert!(world.is_signed_in(&text(&reply.json()["accessToken"])));
        }
        let _ = world.login(&member.email).expect(200);
        assert!(
            world.is_signed_in(&member.access),
            "a login ends no other session"
        );
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

/// With a key, a lost reply can be asked for again; in any case the session lives.
fn refresh<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let key = |event: Event| event.header("idempotency-key", "a-key-of-its-own-0");
    let event = key(with_refresh_token("refresh", &member.refresh));
    let look = move |reply: &Reply| {
        assert!(world.is_signed_in(&member.access));
        let tokens = if reply.status == 200 {
            reply.json()
        } else {
            world
                .ask(
                    "refresh",
                    &key(with_refresh_token("refresh", &member.refresh)),
                )
                .expect(200)
                .json()
        };
        let next = with_refresh_token("refresh", &text(&tokens["refreshToken"]));
        let next = world.ask("refresh", &next).expect(200).json();
        assert!(world.is_signed_in(&text(&next["accessToken"])));
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

/// An old token ends the session, at the latest when it is sent again.
fn reuse<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let mut newest = member.refresh.clone();
    for _ in 0..2 {
        let tokens = world
            .ask("refresh", &with_refresh_token("refresh", &newest))
            .expect(200)
            .json();
        newest = text(&tokens["refreshToken"]);
    }
    let event = with_refresh_token("refresh", &member.refresh);
    let look = move |reply: &Reply| {
        if reply.status != 401 {
            let _ = world
                .ask("refresh", &with_refresh_token("refresh", &member.refresh))
                .expect(401);
        }
        assert!(!world.is_signed_in(&member.access));
        let _ = world
            .ask("refresh", &with_refresh_token("refresh", &newest))
            .expect(401);
    };
    Act {
        event,
        status: 401,
        look: Box::new(look),
    }
}

fn logout<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let event = with_refresh_token("logout", &member.refresh);
    let look = move |reply: &Reply| {
        if reply.status != 204 {
            let _ = world
                .ask("logout", &with_refresh_token("logout", &member.refresh))
                .expect(204);
        }
        assert!(!world.is_signed_in(&member.access));
        let _ = world
            .ask("refresh", &with_refresh_token("refresh", &member.refresh))
            .expect(401);
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

fn end_session<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    end_sessions(world, Scene::EndSession)
}

fn end_others<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    end_sessions(world, Scene::EndOthers)
}

/// The asking session goes on in any case, and in the end the other session has ended.
fn end_sessions<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let member = world.member();
    let other = world.login(&member.email).expect(200).json();
    let other = signed_in(&member.email, &other);
    let sessions = Event::new("GET", "/api/auth/sessions").token(&other.access);
    let sessions = world.ask("sessions-list", &sessions).expect(200).json();
    let sessions = sessions["items"].as_array().cloned().unwrap_or_default();
    let current = sessions
        .iter()
        .find(|session| session["current"] == true)
        .expect("the one that asks");
    let (function, path) = match scene {
        Scene::EndSession => (
            "sessions-end",
            format!("/api/auth/sessions/{}", text(&current["id"])),
        ),
        _ => ("sessions-end-others", "/api/auth/sessions".to_owned()),
    };
    let event = Event::new("DELETE", &path).token(&member.access);
    let again = event.clone();
    let look = move |reply: &Reply| {
        assert!(world.is_signed_in(&member.access));
        if reply.status != 204 {
            let again = world.ask(function, &again);
            assert!(
                again.status == 204 || again.code() == "auth/session-not-found",
                "{}",
                again.text()
            );
        }
        assert!(world.is_signed_in(&member.access) && !world.is_signed_in(&other.access));
        let _ = world
            .ask("refresh", &with_refresh_token("refresh", &other.refresh))
            .expect(401);
        let _ = world
            .ask("refresh", &with_refresh_token("refresh", &member.refresh))
            .expect(200);
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

fn change_password<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    change(world, Scene::ChangePassword)
}

fn change_password_again<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    change(world, Scene::ChangePasswordAgain)
}

/// One password is right and the other wrong; the session that asks goes on.
fn change<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let member = world.member();
    let other = world.login(&member.email).expect(200).json();
    let body_of = |current: &str| {
        let body =
            json!({ "currentPassword": current, "newPassword": "another battery, less correct" });
        Event::new("POST", "/api/auth/password/change")
            .json(&body)
            .token(&member.access)
    };
    if scene == Scene::ChangePasswordAgain {
        let _ = world
            .ask("password-change", &body_of("not the password"))
            .expect(400);
    }
    let event = body_of(PASSWORD);
    let look = move |reply: &Reply| {
        assert!(world.is_signed_in(&member.access));
        let login = |password: &str| {
            let body = json!({ "email": member.email, "password": password });
            world
                .ask("login", &Event::new("POST", "/api/auth/login").json(&body))
                .status
        };
        let logins = (login(PASSWORD), login("another battery, less correct"));
        assert!([(200, 401), (401, 200)].contains(&logins), "{logins:?}");
        if reply.status == 204 {
            assert_eq!(logins, (401, 200));
        }
        assert_eq!(
            world.is_signed_in(&text(&other["accessToken"])),
            logins.0 == 200
        );
        let _ = world
            .ask("refresh", &with_refresh_token("refresh", &member.refresh))
            .expect(200);
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

fn login_keyed<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    keyed(world, |member| credentials("login", &member.email))
}
