//! Profile fields: at registration, in every reply that shows a user, unique ones, and `GET /api/users/public/…`

use std::thread;

use blackbox::{Caller, Event, PASSWORD, Reply, fresh_email, stack};
use serde_json::{Value, json};

use super::look::{self, invalid, masked, refused};
use super::{items, me};

fn registration(email: &str, profile: &Value) -> Value {
    let mut body = json!({ "email": email, "password": PASSWORD });
    body.as_object_mut()
        .unwrap()
        .extend(profile.as_object().unwrap().clone());
    body
}

fn register(email: &str, profile: &Value) -> Reply {
    stack()
        .stranger()
        .post("/api/auth/register", &registration(email, profile))
}

/// A member with this username.
fn called(username: &str) -> Caller {
    let email = fresh_email();
    stack().signed_in(
        &email,
        &register(&email, &json!({ "username": username })).expect(201),
    )
}

fn public(username: &str) -> Reply {
    stack()
        .stranger()
        .get(&format!("/api/users/public/{username}"))
}

#[track_caller]
fn taken(reply: &Reply, field: &str) {
    let message = format!("Another user has this value of `{field}`.");
    refused(reply, 409, "users/unique-violation", &message);
}

#[track_caller]
fn nobody(reply: &Reply) {
    refused(reply, 404, "users/not-found", "There is no such user.");
}

#[test]
fn a_registration_takes_profile_fields_and_shows_them() {
    let (email, username) = (fresh_email(), look::fresh_username());
    let profile = json!({ "username": username, "name": "Ada", "bio": null, "website": "https://ada.example" });
    let reply = register(&email, &profile).expect(201);
    let mut expected = look::signed_in(&email, "authenticated");
    expected["user"]["username"] = json!(username);
    expected["user"]["name"] = json!("Ada");
    expected["user"]["website"] = json!("https://ada.example");
    assert_eq!(masked(&reply.json()), expected);
    let member = stack().signed_in(&email, &reply);
    assert_eq!(
        member.get(me::ROUTE).expect(200).json(),
        reply.json()["user"]
    );
    assert_eq!(stack().login(&email).user, reply.json()["user"]);
}

#[test]
fn what_does_not_fit_is_named_and_nothing_is_made() {
    let email = fresh_email();
    let member = stack().member();
    for (profile, field, code) in [
        (json!({ "username": 5 }), "username", "type"),
        (json!({ "username": "ab" }), "username", "format"),
        (json!({ "username": "x".repeat(51) }), "username", "format"),
        (json!({ "username": "ada lovelace" }), "username", "format"),
        (json!({ "username": "ada/../me" }), "username", "format"),
        (json!({ "username": "äda" }), "username", "format"),
        (json!({ "username": "Sessions" }), "username", "format"),
        (json!({ "name": "x".repeat(101) }), "name", "max-length"),
        (json!({ "bio": "a\u{0}b" }), "bio", "nul"),
        (
            json!({ "website": "javascript:alert(1)" }),
            "website",
            "format",
        ),
        (json!({ "badge": 1.5 }), "badge", "type"),
        (json!({ "badge": 0 }), "badge", "min"),
        (json!({ "profile": {} }), "profile", "unknown-field"),
        (json!({ "user": {} }), "user", "unknown-field"),
    ] {
        invalid(&register(&email, &profile), &[(field, code)]);
        invalid(&member.patch(me::ROUTE, &profile), &[(field, code)]);
    }
    let both = json!({ "email": "nobody", "password": "short", "name": 1, "role": "admin" });
    let expected = [
        ("email", "format"),
        ("password", "too-short"),
        ("name", "type"),
        ("role", "unknown-field"),
    ];
    invalid(
        &stack().stranger().post("/api/auth/register", &both),
        &expected,
    );
    let missing = [
        ("email", "required"),
        ("password", "required"),
        ("role", "unknown-field"),
    ];
    invalid(
        &stack()
            .stranger()
            .post("/api/auth/register", &json!({ "role": "admin" })),
        &missing,
    );
    let _ = register(&email, &json!({})).expect(201);
    assert_eq!(member.get(me::ROUTE).expect(200).json(), member.user);
}

#[test]
fn required_fields_and_defaults_hold_at_registration() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let fields = json!([{ "name": "name", "type": "string", "required": true },
        { "name": "bio", "type": "string", "default": "Nothing yet." }])
    .to_string();
    let strict = inside.variant(
        "register",
        "profile",
        1,
        &[("BAKEND_USERS_FIELDS", &fields)],
    );
    let ask = |email: &str, profile: Value| {
        strict
            .invoke(&Event::new("POST", "/api/auth/register").json(&registration(email, &profile)))
    };
    let email = fresh_email();
    for profile in [json!({}), json!({ "name": null })] {
        invalid(&ask(&email, profile), &[("name", "required")]);
    }
    let mut expected = look::signed_in(&email, "authenticated");
    expected["user"]["name"] = json!("Ada");
    expected["user"]["bio"] = json!("Nothing yet.");
    assert_eq!(
        masked(&ask(&email, json!({ "name": "Ada" })).expect(201).json()),
        expected
    );
}

#[test]
fn a_profile_is_bounded_and_apart_from_the_system() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let fields = json!([{ "name": "bio", "type": "string" }]).to_string();
    let wide = inside.variant(
        "me-update",
        "profile",
        1,
        &[("BAKEND_USERS_FIELDS", &fields)],
    );
    let member = stack().member();
    let ask = |bytes: usize| {
        let body = json!({ "bio": "x".repeat(bytes) });
        let event = Event::new("PATCH", me::ROUTE)
            .json(&body)
            .token(member.token.as_deref().unwrap());
        wide.invoke(&event)
    };
    refused(
        &ask(40_000),
        413,
        "data/record-too-large",
        "The profile would be larger than 32 KiB.",
    );
    let _ = member
        .patch(me::ROUTE, &json!({ "name": "Ada" }))
        .expect(200);
    let item = items::users(&inside.dynamo.endpoint()).get(&items::user_key(member.id()));
    let names: Vec<&str> = item
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let expected = [
        "auth_version",
        "change",
        "created_at",
        "disabled",
        "email",
        "id",
        "kind",
        "profile",
        "role",
    ];
    assert_eq!(names, expected);
    assert_eq!(item["profile"], json!({ "M": { "name": { "S": "Ada" } } }));
    // A field that this function does not declare is not shown, and not lost.
    assert_eq!(ask(10).expect(200).json().get("name"), None);
    assert_eq!(member.get(me::ROUTE).expect(200).json()["name"], "Ada");
}

#[test]
fn a_username_is_one_users_whatever_its_case() {
    let username = look::fresh_username();
    let ada = called(&username);
    let other = stack().member();
    for spelling in [username.clone(), username.to_uppercase()] {
        taken(
            &register(&fresh_email(), &json!({ "username": spelling })),
            "username",
        );
        taken(
            &other.patch(me::ROUTE, &json!({ "username": spelling })),
            "username",
        );
    }
    let own = ada
        .patch(me::ROUTE, &json!({ "username": username.to_uppercase() }))
        .expect(200)
        .json();
    assert_eq!(
        own["username"],
        json!(username.to_uppercase()),
        "as its user spells it"
    );
    taken(
        &other.patch(me::ROUTE, &json!({ "username": username })),
        "username",
    );

    let next = look::fresh_username();
    let _ = ada
        .patch(me::ROUTE, &json!({ "username": next }))
        .expect(200);
    let _ = other
        .patch(me::ROUTE, &json!({ "username": username }))
        .expect(200);
    taken(
        &ada.patch(me::ROUTE, &json!({ "username": username })),
        "username",
    );
    assert_eq!(
        ada.get(me::ROUTE).expect(200).json()["username"],
        json!(next)
    );
    let _ = other
        .patch(me::ROUTE, &json!({ "username": null }))
        .expect(200);
    let _ = ada
        .patch(me::ROUTE, &json!({ "username": username }))
        .expect(200);
}

#[test]
fn another_unique_field_is_one_users_too() {
    let badge = look::fresh_number();
    let one = stack().signed_in(
        &fresh_email(),
        &register(&fresh_email(), &json!({ "badge": badge })).expect(201),
    );
    let other = stack().member();
    let same: Value = serde_json::from_str(&format!("{badge}.0")).unwrap();
    for spelling in [json!(badge), same] {
        taken(
            &other.patch(me::ROUTE, &json!({ "badge": spelling })),
            "badge",
        );
        taken(
            &register(&fresh_email(), &json!({ "badge": spelling })),
            "badge",
        );
    }
    let _ = one.patch(me::ROUTE, &json!({ "badge": null })).expect(200);
    let _ = other
        .patch(me::ROUTE, &json!({ "badge": badge }))
        .expect(200);
}

#[test]
fn a_refused_registration_leaves_nothing_behind() {
    let username = look::fresh_username();
    let _ = called(&username);
    let (email, badge) = (fresh_email(), look::fresh_number());
    taken(
        &register(&email, &json!({ "username": username, "badge": badge })),
        "username",
    );
    let _ = register(&email, &json!({ "badge": badge })).expect(201);
    // The address is judged first: its refusal tells nothing of the other values.
    refused(
        &register(&email, &json!({ "username": username })),
        409,
        "auth/email-already-exists",
        "An account with this email already exists.",
    );
}

#[test]
fn of_many_who_want_one_username_one_gets_it() {
    if let Some(inside) = stack().inside() {
        inside.spawn("register", 2, &[]);
        inside.spawn("me-update", 2, &[]);
    }
    let username = look::fresh_username();
    let members: Vec<Caller> = (0..6).map(|_| stack().member()).collect();
    let emails: Vec<String> = (0..6).map(|_| fresh_email()).collect();
    let replies: Vec<Reply> = thread::scope(|scope| {
        let spelled = |at: usize| {
            if at.is_multiple_of(2) {
                username.clone()
            } else {
                username.to_uppercase()
            }
        };
        let mut threads = Vec::new();
        for (at, member) in members.iter().enumerate() {
            let body = json!({ "username": spelled(at) });
            threads.push(scope.spawn(move || member.patch(me::ROUTE, &body)));
        }
        for (at, email) in emails.iter().enumerate() {
            let body = json!({ "username": spelled(at) });
            threads.push(scope.spawn(move || register(email, &body)));
        }
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let won: Vec<usize> = (0..12).filter(|at| replies[*at].status < 300).collect();
    assert_eq!(
        won.len(),
        1,
        "{:?}",
        replies.iter().map(|reply| reply.status).collect::<Vec<_>>()
    );
    for reply in replies.iter().filter(|reply| reply.status >= 300) {
        taken(reply, "username");
    }
    let winner = &replies[won[0]].json();
    let winner = if winner["user"].is_object() {
        &winner["user"]["id"]
    } else {
        &winner["id"]
    };
    assert_eq!(public(&username).expect(200).json()["id"], *winner);
    for (at, email) in emails
        .iter()
        .enumerate()
        .filter(|(at, _)| replies[at + 6].status >= 300)
    {
        let reply = register(email, &json!({}));
        assert_eq!(
            reply.status,
            201,
            "registration {at} left its address taken: {}",
            reply.text()
        );
    }
}

#[test]
fn a_public_profile_shows_what_is_public_and_no_more() {
    let username = look::fresh_username();
    let ada = called(&username);
    let shown = json!({ "id": ada.id(), "username": username });
    assert_eq!(public(&username).expect(200).json(), shown);
    let profile = json!({ "name": "Ada", "bio": "Counts.", "website": "https://ada.example", "badge": look::fresh_number() });
    let _ = ada.patch(me::ROUTE, &profile).expect(200);
    let shown = json!({ "id": ada.id(), "username": username, "name": "Ada", "bio": "Counts." });
    for spelling in [username.clone(), username.to_uppercase()] {
        let reply = public(&spelling).expect(200);
        assert_eq!(reply.json(), shown);
        assert!(!reply.text().contains('@'), "{}", reply.text());
    }
    let member = stack().member();
    assert_eq!(
        member
            .get(&format!("/api/users/public/{username}"))
            .expect(200)
            .json(),
        shown,
        "to anybody"
    );
}

#[test]
fn nobody_is_found_by_a_name_that_nobody_has() {
    let username = look::fresh_username();
    nobody(&public(&username));
    let ada = called(&username);
    let next = look::fresh_username();
    let _ = ada
        .patch(me::ROUTE, &json!({ "username": next }))
        .expect(200);
    nobody(&public(&username));
    for other in [
        ada.id(),
        &ada.email,
        "me",
        "admin",
        "username",
        "#admins",
        &"x".repeat(5000),
    ] {
        let reply = public(&other.replace('#', "%23"));
        assert_eq!(reply.status, 404, "{other}: {}", reply.text());
    }
    if let Some(inside) = stack().inside() {
        let _ = public(&next).expect(200);
        items::set_user(inside, ada.id(), &json!({ "disabled": { "BOOL": true } }));
        nobody(&public(&next));
    }
}
