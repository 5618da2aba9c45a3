//! `DELETE /api/auth/me` and `POST /api/auth/me/restore`

mod admins;

use std::thread;

use blackbox::{Apart, Caller, Event, Inside, PASSWORD, Reply, fresh_email, stack};
use serde_json::{Value, json};

use super::look::{self, invalid, masked, refused, wrong_credentials};
use super::{items, me};

const RESTORE: &str = "/api/auth/me/restore";

const JSON: (&str, &str) = ("content-type", "application/json");

fn delete(caller: &Caller, body: &Value) -> Reply {
    caller.send(
        "DELETE",
        me::ROUTE,
        &[JSON],
        Some(body.to_string().as_bytes()),
    )
}

fn gone(caller: &Caller) {
    let _ = delete(caller, &json!({ "password": PASSWORD })).expect(204);
}

fn post(route: &str, email: &str, password: &str) -> Reply {
    stack()
        .stranger()
        .post(route, &json!({ "email": email, "password": password }))
}

fn login(email: &str) -> Reply {
    post("/api/auth/login", email, PASSWORD)
}

fn restore(email: &str) -> Reply {
    post(RESTORE, email, PASSWORD)
}

#[track_caller]
fn taken(reply: &Reply) {
    refused(
        reply,
        409,
        "auth/email-already-exists",
        "An account with this email already exists.",
    );
}

/// A member with this username.
fn called(username: &str) -> Caller {
    let mut member = stack().member();
    member.user = member
        .patch(me::ROUTE, &json!({ "username": username }))
        .expect(200)
        .json();
    member
}

/// Lets the grace of a deleted account pass, as TTL sees it: the items are still there.
fn let_grace_pass(inside: &Inside, caller: &Caller, username: &str) {
    let endpoint = inside.dynamo.endpoint();
    let passed = json!({ "expires_at": { "N": "1" } });
    let username = json!({ "id": { "S": format!("username#{username}") } });
    for key in [
        items::user_key(caller.id()),
        items::identity_key(&caller.email),
        username,
    ] {
        assert!(
            items::users(&endpoint).get(&key)["expires_at"].is_object(),
            "{key} has no end"
        );
        items::users(&endpoint).set(&key, &passed);
    }
}

#[test]
fn an_account_is_gone_at_once_and_an_unknown_one_from_then_on() {
    let username = look::fresh_username();
    let member = called(&username);
    let other = stack().login(&member.email);
    let note = member
        .post("/api/posts", &json!({ "title": "stays" }))
        .expect(201)
        .json();
    let reply = delete(&member, &json!({ "password": PASSWORD })).expect(204);
    assert!(reply.body.is_empty());
    look::not_kept(&reply);
    for caller in [&member, &other] {
        look::revoked(&caller.get(me::ROUTE));
        look::revoked(&caller.get("/api/notes"));
        let token = json!({ "refreshToken": caller.refresh_token });
        look::wrong_refresh_token(&stack().stranger().post("/api/auth/refresh", &token));
        look::revoked(&delete(caller, &json!({ "password": PASSWORD })));
    }
    wrong_credentials(&login(&member.email));
    wrong_credentials(&post("/api/auth/login", &member.email, "not the password"));
    taken(&post("/api/auth/register", &member.email, PASSWORD));
    assert_eq!(
        stack()
            .stranger()
            .get(&format!("/api/users/public/{username}"))
            .code(),
        "users/not-found"
    );
    let other = stack().member();
    assert_eq!(
        other
            .patch(me::ROUTE, &json!({ "username": username }))
            .code(),
        "users/unique-violation"
    );
    let path = format!("/api/posts/{}", note["id"].as_str().unwrap());
    assert_eq!(
        other.get(&path).expect(200).json(),
        note,
        "what the user made stays"
    );
}

#[test]
fn it_takes_the_password() {
    let member = stack().member();
    for password in ["not the password", "", " "] {
        invalid(
            &delete(&member, &json!({ "password": password })),
            &[("password", "wrong")],
        );
    }
    for (body, details) in [
        (json!({}), [("password", "required")]),
        (json!({ "password": 1 }), [("password", "type")]),
        (
            json!({ "password": PASSWORD, "id": member.id() }),
            [("id", "unknown-field")],
        ),
    ] {
        invalid(&delete(&member, &body), &details);
    }
    assert_eq!(member.delete(me::ROUTE).code(), "common/invalid-json");
    assert_eq!(member.get(me::ROUTE).expect(200).json(), member.user);
}

#[test]
fn a_restored_account_is_as_it_was_and_signed_in_anew() {
    let username = look::fresh_username();
    let member = called(&username);
    let post = member
        .post("/api/notes", &json!({ "title": "mine" }))
        .expect(201)
        .json();
    gone(&member);
    let reply = restore(&format!(" {} ", member.email.to_uppercase())).expect(200);
    let mut expected = look::signed_in(&member.email, "authenticated");
    expected["user"]["username"] = json!(username);
    assert_eq!(masked(&reply.json()), expected);
    assert_eq!(reply.json()["user"], member.user);
    look::not_kept(&reply);
    let back = stack().signed_in(&member.email, &reply);
    assert_eq!(
        back.get("/api/notes").expect(200).json()["items"],
        json!([post])
    );
    let sessions = back.get("/api/auth/sessions").expect(200).json();
    assert_eq!(
        sessions["items"].as_array().map(Vec::len),
        Some(1),
        "the old ones stay over"
    );
    look::revoked(&member.get(me::ROUTE));
    let _ = stack()
        .stranger()
        .get(&format!("/api/users/public/{username}"))
        .expect(200);
    let _ = login(&member.email).expect(200);
    // And again.
    gone(&back);
    let _ = restore(&member.email).expect(200);
}

#[test]
fn who_cannot_be_restored_is_refused_alike() {
    let deleted = stack().member();
    gone(&deleted);
    wrong_credentials(&post(RESTORE, &deleted.email, "not the password"));
    wrong_credentials(&post(RESTORE, &deleted.email, ""));
    wrong_credentials(&restore(&fresh_email()));
    let member = stack().member();
    wrong_credentials(&restore(&member.email));
    assert_eq!(member.get(me::ROUTE).expect(200).json(), member.user);
    let body = json!({ "email": deleted.email, "password": PASSWORD, "role": "admin" });
    invalid(
        &stack().stranger().post(RESTORE, &body),
        &[("role", "unknown-field")],
    );
    let _ = restore(&deleted.email).expect(200);
    wrong_credentials(&restore(&deleted.email));
}

#[test]
fn a_disabled_account_stays_disabled() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    gone(&member);
    items::set_user(
        inside,
        member.id(),
        &json!({ "disabled": { "BOOL": true } }),
    );
    wrong_credentials(&post(RESTORE, &member.email, "not the password"));
    refused(
        &restore(&member.email),
        403,
        "auth/account-disabled",
        "This account is disabled.",
    );
    wrong_credentials(&login(&member.email));
}

#[test]
fn after_the_grace_everything_is_free_whether_the_table_has_forgotten_it_or_not() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let username = look::fresh_username();
    let member = called(&username);
    gone(&member);
    let_grace_pass(inside, &member, &username);
    wrong_credentials(&restore(&member.email));
    wrong_credentials(&login(&member.email));

    let body = json!({ "email": member.email, "password": "a password of somebody else", "username": username });
    let reply = stack()
        .stranger()
        .post("/api/auth/register", &body)
        .expect(201);
    assert_ne!(
        reply.json()["user"]["id"],
        member.user["id"],
        "somebody else"
    );
    wrong_credentials(&restore(&member.email));
    wrong_credentials(&login(&member.email));
    let next = stack().signed_in(&member.email, &reply);
    assert_eq!(
        next.get("/api/notes").expect(200).json()["items"],
        json!([])
    );
    let public = stack()
        .stranger()
        .get(&format!("/api/users/public/{username}"))
        .expect(200)
        .json();
    assert_eq!(public["id"], next.user["id"]);
    look::revoked(&member.get(me::ROUTE));
    let endpoint = inside.dynamo.endpoint();
    let identity = items::users(&endpoint).get(&items::identity_key(&member.email));
    assert!(
        identity.get("expires_at").is_none() && identity.get("deleted_at").is_none(),
        "{identity}"
    );
}

#[test]
fn of_a_restoration_and_registrations_when_the_grace_passes_registrations_win_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let username = look::fresh_username();
    let member = called(&username);
    gone(&member);
    let_grace_pass(inside, &member, &username);
    let (registered, restored): (Vec<Reply>, Vec<Reply>) = thread::scope(|scope| {
        let email = &member.email;
        let many: Vec<_> = (0..4)
            .map(|_| scope.spawn(move || post("/api/auth/register", email, PASSWORD)))
            .collect();
        let restored: Vec<_> = (0..4)
            .map(|_| scope.spawn(move || restore(email)))
            .collect();
        let all = |threads: Vec<thread::ScopedJoinHandle<'_, Reply>>| {
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        };
        (all(many), all(restored))
    });
    assert_eq!(
        registered
            .iter()
            .filter(|reply| reply.status == 201)
            .count(),
        1
    );
    registered
        .iter()
        .filter(|reply| reply.status != 201)
        .for_each(taken);
    restored.iter().for_each(wrong_credentials);
}

#[test]
fn of_many_restorations_one_signs_in_first_and_all_are_one_account() {
    if let Some(inside) = stack().inside() {
        inside.spawn("me-restore", 2, &[]);
    }
    let member = stack().member();
    gone(&member);
    let replies: Vec<Reply> = thread::scope(|scope| {
        let threads: Vec<_> = (0..5)
            .map(|_| scope.spawn(|| restore(&member.email)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 200).count(),
        1
    );
    replies
        .iter()
        .filter(|reply| reply.status != 200)
        .for_each(wrong_credentials);
    assert_eq!(login(&member.email).expect(200).json()["user"], member.user);
}

#[test]
fn without_a_grace_everything_goes_at_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let at_once = inside.variant(
        "me-delete",
        "at-once",
        1,
        &[("BAKEND_AUTH_DELETION_GRACE", "0s")],
    );
    let (username, badge) = (look::fresh_username(), look::fresh_number());
    let member = called(&username);
    let _ = member
        .patch(me::ROUTE, &json!({ "badge": badge }))
        .expect(200);
    let event = Event::new("DELETE", me::ROUTE).json(&json!({ "password": PASSWORD }));
    let event = event.token(member.token.as_deref().unwrap());
    let _ = at_once.invoke(&event).expect(204);
    look::revoked(&at_once.invoke(&event));
    look::revoked(&member.get(me::ROUTE));
    wrong_credentials(&login(&member.email));
    wrong_credentials(&restore(&member.email));
    let endpoint = inside.dynamo.endpoint();
    for key in [
        items::identity_key(&member.email),
        json!({ "id": { "S": format!("username#{username}") } }),
    ] {
        assert_eq!(items::users(&endpoint).get(&key), Value::Null, "{key}");
    }
    // TTL may have removed the tombstone by now.
    let tombstone = items::users(&endpoint).get(&items::user_key(member.id()));
    for name in ["email", "profile", "auth_version", "kind"] {
        assert!(tombstone[name].is_null(), "{tombstone}");
    }
    let body = json!({ "email": member.email, "password": PASSWORD, "username": username, "badge": badge });
    let reply = stack()
        .stranger()
        .post("/api/auth/register", &body)
        .expect(201);
    assert_ne!(reply.json()["user"]["id"], member.user["id"]);
}

#[test]
fn a_refresh_that_races_the_deletion_keeps_nobody_in() {
    for _ in 0..5 {
        let member = stack().member();
        let refreshed = thread::scope(|scope| {
            let token = json!({ "refreshToken": member.refresh_token });
            let refresh = scope.spawn(move || stack().stranger().post("/api/auth/refresh", &token));
            gone(&member);
            refresh.join().unwrap()
        });
        if refreshed.status == 200 {
            let member = stack().signed_in(&member.email, &refreshed);
            look::revoked(&member.get(me::ROUTE));
            let token = json!({ "refreshToken": member.refresh_token });
            look::wrong_refresh_token(&stack().stranger().post("/api/auth/refresh", &token));
        } else {
            look::wrong_refresh_token(&refreshed);
        }
        wrong_credentials(&login(&member.email));
    }
}

#[test]
fn a_deleted_user_is_no_relations_target() {
    let [author, deleted] = [stack().member(), stack().member()];
    let note = author
        .post(
            "/api/notes",
            &json!({ "title": "a", "assignee": deleted.id() }),
        )
        .expect(201)
        .json();
    gone(&deleted);
    let reply = author.post(
        "/api/notes",
        &json!({ "title": "b", "assignee": deleted.id() }),
    );
    invalid(&reply, &[("assignee", "not-found")]);
    assert_eq!(
        note["assignee"], deleted.user["id"],
        "what names the user still does"
    );
}
