//! `POST /api/auth/password/change`

use std::thread;

use blackbox::{Caller, PASSWORD, Reply, stack};
use serde_json::{Value, json};

use super::items;
use super::look::{self, invalid, wrong_credentials};

const ROUTE: &str = "/api/auth/password/change";
const NEW: &str = "another battery, less correct";

fn change(caller: &Caller, current: &str, new: &str) -> Reply {
    caller.post(
        ROUTE,
        &json!({ "currentPassword": current, "newPassword": new }),
    )
}

fn login(email: &str, password: &str) -> Reply {
    stack().stranger().post(
        "/api/auth/login",
        &json!({ "email": email, "password": password }),
    )
}

#[test]
fn a_password_is_changed_and_every_other_session_ends() {
    let member = stack().member();
    let other = stack().login(&member.email);
    let reply = change(&member, PASSWORD, NEW).expect(204);
    assert!(reply.body.is_empty());
    look::not_kept(&reply);
    look::revoked(&other.get("/api/auth/me"));
    let refresh = |caller: &Caller| {
        stack().stranger().post(
            "/api/auth/refresh",
            &json!({ "refreshToken": caller.refresh_token }),
        )
    };
    look::wrong_refresh_token(&refresh(&other));
    assert_eq!(member.get("/api/auth/me").expect(200).json(), member.user);
    let _ = refresh(&member).expect(200);

    wrong_credentials(&login(&member.email, PASSWORD));
    assert_eq!(
        login(&member.email, NEW).expect(200).json()["user"],
        member.user
    );
    // And back again.
    let _ = change(
        &stack().signed_in(&member.email, &login(&member.email, NEW)),
        NEW,
        PASSWORD,
    )
    .expect(204);
    let _ = login(&member.email, PASSWORD).expect(200);
    look::revoked(&member.get("/api/auth/me"));
}

#[test]
fn what_is_refused_changes_nothing() {
    let member = stack().member();
    let other = stack().login(&member.email);
    for (current, new, field, code) in [
        ("not the password", NEW, "currentPassword", "wrong"),
        ("", NEW, "currentPassword", "wrong"),
        (
            "not the password",
            "not the password",
            "currentPassword",
            "wrong",
        ),
        (PASSWORD, PASSWORD, "newPassword", "same"),
        (PASSWORD, "1234567", "newPassword", "too-short"),
        (PASSWORD, "", "newPassword", "too-short"),
        (PASSWORD, &"x".repeat(129), "newPassword", "too-long"),
    ] {
        invalid(&change(&member, current, new), &[(field, code)]);
    }
    for (body, details) in [
        (
            json!({}),
            &[("currentPassword", "required"), ("newPassword", "required")][..],
        ),
        (
            json!({ "currentPassword": PASSWORD }),
            &[("newPassword", "required")],
        ),
        (
            json!({ "currentPassword": 1, "newPassword": [] }),
            &[("currentPassword", "type"), ("newPassword", "type")],
        ),
        (
            json!({ "currentPassword": PASSWORD, "newPassword": NEW, "role": "admin", "user": "x" }),
            &[("role", "unknown-field"), ("user", "unknown-field")],
        ),
    ] {
        invalid(&member.post(ROUTE, &body), details);
    }
    for still in [&member, &other] {
        let _ = still.get("/api/auth/me").expect(200);
    }
    let _ = login(&member.email, PASSWORD).expect(200);
    wrong_credentials(&login(&member.email, NEW));
}

#[test]
fn every_byte_counts() {
    let member = stack().member();
    let long = "x".repeat(100);
    let _ = change(&member, PASSWORD, &long).expect(204);
    invalid(
        &change(&member, &"x".repeat(99), NEW),
        &[("currentPassword", "wrong")],
    );
    invalid(&change(&member, &long, &long), &[("newPassword", "same")]);
    let _ = change(&member, &long, &"x".repeat(99)).expect(204);
    wrong_credentials(&login(&member.email, &long));
}

#[test]
fn the_hash_and_both_versions_go_together() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let before = items::stored_hash(inside, &member.email);
    let _ = change(&member, PASSWORD, NEW).expect(204);
    assert_ne!(items::stored_hash(inside, &member.email), before);
    let endpoint = inside.dynamo.endpoint();
    let users = items::users(&endpoint);
    for key in [
        items::user_key(member.id()),
        items::identity_key(&member.email),
    ] {
        assert_eq!(
            users.get(&key)["auth_version"],
            json!({ "N": "2" }),
            "{key}"
        );
    }
    // An account without a password cannot confirm one.
    items::remove_hash(inside, &member.email);
    invalid(
        &change(&member, NEW, PASSWORD),
        &[("currentPassword", "wrong")],
    );
}

#[test]
fn a_login_that_races_the_change_with_the_old_password_is_void() {
    if let Some(inside) = stack().inside() {
        inside.spawn("login", 2, &[]);
    }
    for _ in 0..5 {
        let member = stack().member();
        let (changed, logins) = thread::scope(|scope| {
            let logins: Vec<_> = (0..4)
                .map(|_| {
                    let email = &member.email;
                    scope.spawn(move || login(email, PASSWORD))
                })
                .collect();
            let changed = change(&member, PASSWORD, NEW);
            (
                changed,
                logins
                    .into_iter()
                    .map(|thread| thread.join().unwrap())
                    .collect::<Vec<Reply>>(),
            )
        });
        let _ = changed.expect(204);
        for reply in logins {
            if reply.status == 200 {
                look::revoked(&stack().signed_in(&member.email, &reply).get("/api/auth/me"));
            } else {
                wrong_credentials(&reply);
            }
        }
        let _ = member.get("/api/auth/me").expect(200);
    }
}

#[test]
fn of_two_changes_at_once_one_holds() {
    for _ in 0..3 {
        let member = stack().member();
        let other = stack().login(&member.email);
        let passwords = ["the first new password", "the second new password"];
        let replies: Vec<Reply> = thread::scope(|scope| {
            let one = |(caller, new)| scope.spawn(move || change(caller, PASSWORD, new));
            let threads: Vec<_> = [(&member, passwords[0]), (&other, passwords[1])]
                .map(one)
                .into();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let won: Vec<usize> = (0..2).filter(|at| replies[*at].status == 204).collect();
        assert_eq!(
            won.len(),
            1,
            "{:?}",
            replies.iter().map(Reply::text).collect::<Vec<_>>()
        );
        look::revoked(&[&other, &member][won[0]].get("/api/auth/me"));
        let _ = login(&member.email, passwords[won[0]]).expect(200);
        for old in [passwords[1 - won[0]], PASSWORD] {
            wrong_credentials(&login(&member.email, old));
        }
        assert_eq!(replies[1 - won[0]].status / 100, 4);
        assert_eq!(replies[won[0]].json(), Value::Null);
    }
}
