//! `DELETE /api/users/{id}`

use blackbox::{PASSWORD, stack};
use serde_json::json;

use super::look::{NOBODY, is_signed_in, login, made, nobody, path};
use crate::auth::look::wrong_credentials;

#[test]
fn a_user_is_gone_at_once_and_the_address_is_free() {
    let (admin, member) = (stack().admin(), stack().member());
    let note = member
        .post("/api/notes", &json!({ "title": "a" }))
        .expect(201)
        .json();
    let gone = admin.delete(&path(member.id()));
    assert_eq!((gone.status, gone.body.len()), (204, 0));

    assert!(!is_signed_in(&member));
    wrong_credentials(&login(&member.email, PASSWORD));
    for reply in [
        admin.get(&path(member.id())),
        admin.patch(&path(member.id()), &json!({ "disabled": false })),
        admin.post(
            &format!("{}/password", path(member.id())),
            &json!({ "password": PASSWORD }),
        ),
        admin.get(&format!("{}/sessions", path(member.id()))),
        admin.delete(&format!("{}/sessions", path(member.id()))),
        admin.delete(&path(member.id())),
    ] {
        nobody(&reply);
    }

    let another = stack().register(&member.email);
    assert_ne!(another.id(), member.id());
    assert!(
        !is_signed_in(&member) && is_signed_in(&another),
        "nobody becomes somebody else"
    );
    // The user's record stays, without an existing owner: an admin finds it.
    let path = format!("/api/notes/{}", note["id"].as_str().unwrap_or_default());
    assert_eq!(another.get(&path).code(), "data/record-not-found");
    assert_eq!(admin.get(&path).expect(200).json(), note);
}

#[test]
fn a_disabled_user_and_one_without_a_password_can_be_deleted() {
    let admin = stack().admin();
    for body in [
        json!({}),
        json!({ "disabled": true }),
        json!({ "role": "admin" }),
    ] {
        let member = made(&admin);
        let target = path(member["id"].as_str().unwrap_or_default());
        let _ = admin.patch(&target, &body).expect(200);
        let _ = admin.delete(&target).expect(204);
        nobody(&admin.get(&target));
        let email = member["email"].as_str().unwrap_or_default();
        let _ = admin
            .post("/api/users", &json!({ "email": email }))
            .expect(201);
    }
}

#[test]
fn who_is_not_there_is_404() {
    let admin = stack().admin();
    for id in NOBODY {
        nobody(&admin.delete(&path(id)));
    }
}
