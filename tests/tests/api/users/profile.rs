//! Profile fields, as admins set and find them.

use std::thread::sleep;
use std::time::{Duration, Instant};

use blackbox::{fresh_email, stack};
use serde_json::{Value, json};

use super::look::{made, path, user};
use crate::auth::look::{invalid, masked, refused};

/// A username that nobody else has.
fn fresh_username() -> String {
    fresh_email()
        .split('@')
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn text(user: &Value, name: &str) -> String {
    user[name].as_str().unwrap_or_default().to_owned()
}

#[test]
fn an_admin_sets_a_profile_and_takes_it_back() {
    let admin = stack().admin();
    let (email, username) = (fresh_email(), fresh_username());
    let body = json!({ "email": email, "username": username, "bio": "writes" });
    let there = admin.post("/api/users", &body).expect(201).json();
    let mut expected = user(&email, "authenticated");
    (expected["username"], expected["bio"]) = (json!(username), json!("writes"));
    assert_eq!(masked(&there), expected);
    let public = stack()
        .stranger()
        .get(&format!("/api/users/public/{username}"))
        .expect(200)
        .json();
    assert_eq!(
        public,
        json!({ "id": there["id"], "username": username, "bio": "writes" })
    );

    let changes = json!({ "bio": null, "name": "Ada", "role": "editor" });
    let changed = admin
        .patch(&path(&text(&there, "id")), &changes)
        .expect(200)
        .json();
    expected["role"] = json!("editor");
    expected["name"] = json!("Ada");
    let _ = expected
        .as_object_mut()
        .and_then(|expected| expected.remove("bio"));
    assert_eq!(masked(&changed), expected);
    assert_eq!(
        admin.get(&path(&text(&there, "id"))).expect(200).json(),
        changed
    );
}

#[test]
fn a_unique_value_is_one_users_and_free_after_a_deletion() {
    let admin = stack().admin();
    let username = fresh_username();
    let first = admin
        .post(
            "/api/users",
            &json!({ "email": fresh_email(), "username": username }),
        )
        .expect(201)
        .json();
    let second = made(&admin);
    let shouted = json!({ "username": username.to_uppercase() });
    let create = admin.post(
        "/api/users",
        &json!({ "email": fresh_email(), "username": username.to_uppercase() }),
    );
    for reply in [create, admin.patch(&path(&text(&second, "id")), &shouted)] {
        refused(
            &reply,
            409,
            "users/unique-violation",
            "Another user has this value of `username`.",
        );
    }
    assert_eq!(
        admin.get(&path(&text(&second, "id"))).expect(200).json(),
        second,
        "nothing of it was done"
    );
    let _ = admin.delete(&path(&text(&first, "id"))).expect(204);
    let _ = admin
        .patch(&path(&text(&second, "id")), &shouted)
        .expect(200);
}

#[test]
fn a_profile_is_held_to_what_is_declared() {
    let admin = stack().admin();
    let id = text(&made(&admin), "id");
    for (field, value, code) in [
        ("username", json!("a b"), "format"),
        ("name", json!(1), "type"),
        ("badge", json!(0), "min"),
        ("website", json!("no url"), "format"),
        ("nickname", json!("x"), "unknown-field"),
    ] {
        let mut body = json!({ "email": fresh_email() });
        body[field] = value.clone();
        invalid(&admin.post("/api/users", &body), &[(field, code)]);
        invalid(
            &admin.patch(&path(&id), &json!({ field: value, "role": "admin" })),
            &[(field, code)],
        );
    }
    assert_eq!(
        admin.get(&path(&id)).expect(200).json()["role"],
        "authenticated"
    );
    let all = json!({ "email": "x", "role": "chief", "badge": "x" });
    invalid(
        &admin.post("/api/users", &all),
        &[
            ("email", "format"),
            ("role", "unknown-role"),
            ("badge", "type"),
        ],
    );
}

#[test]
fn users_are_found_by_what_their_profile_says() {
    let admin = stack().admin();
    let (name, email) = (fresh_username(), fresh_email());
    let _ = admin
        .post(
            "/api/users",
            &json!({ "email": email, "bio": format!("Knows {name} Well") }),
        )
        .expect(201);
    let patience = Instant::now();
    loop {
        let page = admin
            .get(&format!("/api/users?search={name}%20WELL&limit=100"))
            .expect(200)
            .json();
        if page["items"][0]["email"] == *email {
            assert_eq!(page["items"].as_array().map(Vec::len), Some(1));
            break;
        }
        assert!(patience.elapsed() < Duration::from_secs(10), "{page}");
        sleep(Duration::from_millis(200));
    }
}
