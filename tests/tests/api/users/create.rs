//! `POST /api/users`, `GET /api/users/{id}`

use std::thread;

use blackbox::{PASSWORD, Reply, fresh_email, stack};
use serde_json::{Value, json};

use super::look::{self, NOBODY, login, made, nobody, path, user};
use crate::auth::look::{invalid, masked, refused, wrong_credentials};

fn create(body: &Value) -> Reply {
    stack().admin().post("/api/users", body)
}

#[test]
fn a_user_with_a_password_logs_in() {
    let email = fresh_email();
    let reply =
        create(&json!({ "email": format!(" {} ", email.to_uppercase()), "password": PASSWORD }))
            .expect(201);
    assert_eq!(masked(&reply.json()), user(&email, "authenticated"));
    let id = reply.json()["id"].as_str().unwrap_or_default().to_owned();
    assert_eq!(reply.header("location"), Some(path(&id).as_str()));
    assert_eq!(
        stack().admin().get(&path(&id)).expect(200).json(),
        reply.json()
    );
    let signed_in = login(&email, PASSWORD).expect(200).json();
    assert_eq!(signed_in["user"]["id"], id);
}

#[test]
fn without_a_password_nobody_logs_in_until_one_is_set() {
    let admin = stack().admin();
    for password in [None, Some(Value::Null)] {
        let email = fresh_email();
        let mut body = json!({ "email": email });
        if let Some(password) = password {
            body["password"] = password;
        }
        let there = create(&body).expect(201).json();
        for password in [
            "",
            PASSWORD,
            "null",
            "\u{0}",
            "................................",
        ] {
            wrong_credentials(&login(&email, password));
        }
        let id = there["id"].as_str().unwrap_or_default();
        let set = admin.post(
            &format!("{}/password", path(id)),
            &json!({ "password": PASSWORD }),
        );
        assert_eq!((set.status, set.body.len()), (204, 0));
        let _ = login(&email, PASSWORD).expect(200);
    }
}

#[test]
fn a_user_has_the_role_that_was_given() {
    for role in ["admin", "authenticated", "editor"] {
        let email = fresh_email();
        let body = json!({ "email": email, "password": PASSWORD, "role": role });
        assert_eq!(
            masked(&create(&body).expect(201).json()),
            user(&email, role)
        );
        let member = stack().login(&email);
        assert_eq!(member.user["role"], role);
        let status = member.get("/api/feedback").status;
        assert_eq!(status, if role == "admin" { 200 } else { 403 }, "{role}");
    }
}

#[test]
fn a_role_is_declared() {
    for role in [
        "chief",
        "public",
        "owner",
        "user",
        "guest",
        "self",
        "Editor",
        "",
        "admin ",
        "role:editor",
    ] {
        invalid(
            &create(&json!({ "email": fresh_email(), "role": role })),
            &[("role", "unknown-role")],
        );
    }
    invalid(
        &create(&json!({ "email": fresh_email(), "role": 1 })),
        &[("role", "type")],
    );
    let said = create(&json!({ "email": fresh_email(), "role": "chief" })).json();
    let message = said["error"]["details"][0]["message"]
        .as_str()
        .unwrap_or_default();
    assert_eq!(
        message,
        "`role` must be one of: admin, authenticated, editor."
    );
}

#[test]
fn every_field_that_does_not_fit_is_named() {
    invalid(&create(&json!({})), &[("email", "required")]);
    let body = json!({ "email": "ada", "password": "short", "role": "chief", "id": look::NO_ID, "createdAt": "x",
        "disabled": true, "passwordHash": "$2b$10$x", "auth_version": 9, "__proto__": {} });
    invalid(
        &create(&body),
        &[
            ("email", "format"),
            ("password", "too-short"),
            ("role", "unknown-role"),
            ("__proto__", "unknown-field"),
            ("auth_version", "unknown-field"),
            ("createdAt", "unknown-field"),
            ("disabled", "unknown-field"),
            ("id", "unknown-field"),
            ("passwordHash", "unknown-field"),
        ],
    );
    invalid(
        &create(&json!({ "email": 1, "password": [] })),
        &[("email", "type"), ("password", "type")],
    );
}

#[test]
fn an_address_has_one_user() {
    let email = fresh_email();
    let _ = create(&json!({ "email": email })).expect(201);
    let register = stack().stranger().post(
        "/api/auth/register",
        &json!({ "email": email, "password": PASSWORD }),
    );
    for reply in [create(&json!({ "email": email.to_uppercase() })), register] {
        refused(
            &reply,
            409,
            "auth/email-already-exists",
            "An account with this email already exists.",
        );
    }
    let admin = stack().admin();
    let (email, admin) = (fresh_email(), &admin);
    let statuses: Vec<u16> = thread::scope(|scope| {
        let tries: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| admin.post("/api/users", &json!({ "email": email })).status))
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        1,
        "{statuses:?}"
    );
    assert!(
        statuses.iter().all(|status| matches!(status, 201 | 409)),
        "{statuses:?}"
    );
}

#[test]
fn nothing_of_a_password_is_told() {
    let email = fresh_email();
    let body = json!({ "email": email, "password": "a password to be kept" });
    let there = create(&body).expect(201);
    let admin = stack().admin();
    let id = there.json()["id"].as_str().unwrap_or_default().to_owned();
    let listed = admin.get(&format!("/api/users?search={email}"));
    for reply in [
        &there,
        &admin.get(&path(&id)),
        &listed,
        &admin.patch(&path(&id), &json!({})),
    ] {
        for hidden in [
            "a password to be kept",
            "$2b$",
            "assword",
            "hash",
            "version",
        ] {
            assert!(
                !reply.text().contains(hidden),
                "{hidden} in {}",
                reply.text()
            );
        }
    }
}

#[test]
fn who_is_not_there_is_404() {
    let admin = stack().admin();
    let there = made(&admin);
    assert_eq!(
        admin
            .get(&path(there["id"].as_str().unwrap_or_default()))
            .expect(200)
            .json(),
        there
    );
    for id in NOBODY {
        nobody(&admin.get(&path(id)));
    }
}
