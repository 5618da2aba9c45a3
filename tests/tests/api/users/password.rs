//! `POST /api/users/{id}/password`

use blackbox::{PASSWORD, Reply, stack};
use serde_json::{Value, json};

use super::look::{NOBODY, is_signed_in, login, nobody, path};
use crate::auth::look::{invalid, refused, wrong_credentials};

const NEW: &str = "a new password";

fn set(id: &str, body: &Value) -> Reply {
    stack()
        .admin()
        .post(&format!("{}/password", path(id)), body)
}

#[test]
fn a_password_that_is_set_ends_every_session() {
    let member = stack().member();
    let second = stack().login(&member.email);
    let done = set(member.id(), &json!({ "password": NEW }));
    assert_eq!((done.status, done.body.len()), (204, 0));
    assert!(!is_signed_in(&member) && !is_signed_in(&second));
    wrong_credentials(&login(&member.email, PASSWORD));
    let third = stack().signed_in(&member.email, &login(&member.email, NEW).expect(200));
    assert!(is_signed_in(&third));
    // The same again is a new password too.
    let _ = set(member.id(), &json!({ "password": NEW })).expect(204);
    assert!(!is_signed_in(&third));
}

#[test]
fn an_admins_own_sessions_end_as_well() {
    let admin = stack().member();
    let _ = stack()
        .admin()
        .patch(&path(admin.id()), &json!({ "role": "admin" }))
        .expect(200);
    let _ = admin
        .post(
            &format!("{}/password", path(admin.id())),
            &json!({ "password": NEW }),
        )
        .expect(204);
    assert!(!is_signed_in(&admin));
    let _ = login(&admin.email, NEW).expect(200);
}

#[test]
fn a_password_is_what_registration_takes() {
    let member = stack().member();
    for (body, details) in [
        (json!({ "password": null }), [("password", "type")]),
        (json!({ "password": 12_345_678 }), [("password", "type")]),
        (
            json!({ "password": "1234567" }),
            [("password", "too-short")],
        ),
        (
            json!({ "password": "x".repeat(129) }),
            [("password", "too-long")],
        ),
        (
            json!({ "password": NEW, "email": "x" }),
            [("email", "unknown-field")],
        ),
    ] {
        invalid(&set(member.id(), &body), &details);
    }
    assert!(is_signed_in(&member));
    for password in [
        "🔑".repeat(100),
        "nul\u{0}in the middle".to_owned(),
        "x".repeat(72),
    ] {
        let _ = set(member.id(), &json!({ "password": password })).expect(204);
        let _ = login(&member.email, &password).expect(200);
        wrong_credentials(&login(&member.email, &format!("{password}x")));
    }
}

#[test]
fn a_disabled_user_stays_disabled() {
    let (admin, member) = (stack().admin(), stack().member());
    let _ = admin
        .patch(&path(member.id()), &json!({ "disabled": true }))
        .expect(200);
    let _ = set(member.id(), &json!({ "password": NEW })).expect(204);
    refused(
        &login(&member.email, NEW),
        403,
        "auth/account-disabled",
        "This account is disabled.",
    );
}

#[test]
fn who_is_not_there_is_404() {
    for id in NOBODY {
        nobody(&set(id, &json!({ "password": NEW })));
    }
}
