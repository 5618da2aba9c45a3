//! `GET` and `PATCH /api/auth/me`

use std::thread;

use blackbox::{Caller, Reply, stack};
use serde_json::{Value, json};

use super::items;
use super::look::{self, invalid, text};

pub(crate) const ROUTE: &str = "/api/auth/me";

/// The user with these additional profile fields.
fn with(user: &Value, profile: &Value) -> Value {
    let mut user = user.clone();
    user.as_object_mut()
        .unwrap()
        .extend(profile.as_object().unwrap().clone());
    user
}

#[test]
fn me_is_the_user_that_signed_in() {
    let member = stack().member();
    let reply = member.get(ROUTE).expect(200);
    assert_eq!(reply.json(), member.user);
    look::not_kept(&reply);
    let admin = stack().admin();
    assert_eq!(admin.get(ROUTE).expect(200).json(), admin.user);
}

#[test]
fn me_is_as_it_is_now() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    items::set_user(inside, member.id(), &json!({ "role": { "S": "editor" } }));
    assert_eq!(
        member.get(ROUTE).expect(200).json(),
        with(&member.user, &json!({ "role": "editor" }))
    );
    items::set_user(
        inside,
        member.id(),
        &json!({ "disabled": { "BOOL": true } }),
    );
    look::revoked(&member.get(ROUTE));
    look::revoked(&member.patch(ROUTE, &json!({ "bio": "x" })));
}

#[test]
fn a_user_from_before_profiles_has_none() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let endpoint = inside.dynamo.endpoint();
    let users = items::users(&endpoint);
    let mut item = users.get(&items::user_key(member.id()));
    for later in ["profile", "kind"] {
        item.as_object_mut().unwrap().remove(later);
    }
    users.put(&item);
    assert_eq!(member.get(ROUTE).expect(200).json(), member.user);
    let changed = member
        .patch(ROUTE, &json!({ "bio": "x" }))
        .expect(200)
        .json();
    assert_eq!(changed, with(&member.user, &json!({ "bio": "x" })));
    assert_eq!(
        users.get(&items::user_key(member.id()))["kind"],
        json!({ "S": "user" })
    );
}

#[test]
fn another_kind_of_token_is_none() {
    let member = stack().member();
    for token in [&member.refresh_token, "garbage", ""] {
        look::wrong_token(&member.with_token(Some(token)).get(ROUTE));
    }
    let reply = member.with_token(None).get(ROUTE);
    look::refused(
        &reply,
        401,
        "auth/authentication-required",
        "Send an access token: Authorization: Bearer <token>.",
    );
}

#[test]
fn a_change_merges_and_null_removes() {
    let member = stack().member();
    let change = |body: Value| member.patch(ROUTE, &body).expect(200);
    let profile = json!({ "name": "Ada", "bio": "Counts.", "website": "https://ada.example", "badge": 7.0e9 });
    // No other user has the badge.
    let badge = look::fresh_number();
    let reply = change(with(&profile, &json!({ "badge": badge })));
    look::not_kept(&reply);
    let all = with(&member.user, &with(&profile, &json!({ "badge": badge })));
    assert_eq!(reply.json(), all);
    assert_eq!(
        change(json!({})).json(),
        all,
        "nothing said, nothing changed"
    );
    let fewer = json!({ "bio": null, "badge": null, "username": null, "name": "Ada L." });
    let expected = with(
        &member.user,
        &json!({ "name": "Ada L.", "website": "https://ada.example" }),
    );
    assert_eq!(change(fewer).json(), expected);
    assert_eq!(member.get(ROUTE).expect(200).json(), expected);
    let again = stack().login(&member.email);
    assert_eq!(again.user, expected, "a login shows it too");
}

#[test]
fn nothing_but_the_profile_can_be_set() {
    let member = stack().member();
    let mut all = json!({ "bio": "kept out" });
    let system = [
        ("role", json!("admin")),
        ("id", json!("01900000-0000-7000-8000-000000000000")),
        ("email", json!("other@example.com")),
        ("createdAt", json!("2020-01-01T00:00:00.000Z")),
        ("password", json!("another password")),
        ("disabled", json!(true)),
        ("auth_version", json!(9)),
        ("deleted_at", json!(1)),
        ("expires_at", json!(1)),
        ("kind", json!("admin")),
        ("profile", json!({ "bio": "x" })),
        ("profile.bio", json!("x")),
        ("__proto__", json!({ "role": "admin" })),
        ("Username", json!("ada")),
        ("", json!(1)),
    ];
    for (name, value) in &system {
        invalid(
            &member.patch(ROUTE, &json!({ *name: value })),
            &[(name, "unknown-field")],
        );
        all[name] = value.clone();
    }
    let reply = member.patch(ROUTE, &all).expect(400);
    assert_eq!(
        reply.json()["error"]["details"].as_array().map(Vec::len),
        Some(system.len())
    );
    assert_eq!(member.get(ROUTE).expect(200).json(), member.user);
    assert_eq!(
        member.get("/api/feedback").code(),
        "auth/forbidden",
        "no admin"
    );
}

#[test]
fn changes_at_the_same_time_all_hold() {
    let member = stack().member();
    let badge = look::fresh_number();
    let username = look::fresh_username();
    let changes = [
        json!({ "name": "Ada" }),
        json!({ "bio": "Counts." }),
        json!({ "website": "https://ada.example" }),
        json!({ "badge": badge }),
        json!({ "username": username }),
    ];
    let replies: Vec<Reply> = thread::scope(|scope| {
        let one = |change| {
            let member: &Caller = &member;
            scope.spawn(move || member.patch(ROUTE, change))
        };
        changes
            .iter()
            .map(one)
            .collect::<Vec<_>>()
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    for reply in &replies {
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    let all = changes
        .iter()
        .fold(member.user.clone(), |user, change| with(&user, change));
    assert_eq!(member.get(ROUTE).expect(200).json(), all);
    assert_eq!(text(&replies[0], "id"), member.id());
}
