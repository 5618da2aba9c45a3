//! `PATCH /api/users/{id}`

use blackbox::{PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

use super::look::{NOBODY, is_signed_in, login, made, nobody, path, refresh, user};
use crate::auth::look::{invalid, masked, refused, wrong_credentials};

#[test]
fn a_role_holds_on_the_next_request() {
    let (admin, member) = (stack().admin(), stack().member());
    let may_list = || {
        let replies: Vec<u16> = (0..6).map(|_| member.get("/api/feedback").status).collect();
        assert!(
            replies.iter().all(|status| *status == replies[0]),
            "every instance: {replies:?}"
        );
        replies[0] == 200
    };
    assert!(!may_list());
    for (role, expected) in [
        ("admin", true),
        ("editor", false),
        ("admin", true),
        ("authenticated", false),
    ] {
        let changed = admin
            .patch(&path(member.id()), &json!({ "role": role }))
            .expect(200)
            .json();
        assert_eq!(masked(&changed), user(&member.email, role));
        assert_eq!(may_list(), expected, "{role}");
        assert_eq!(admin.get(&path(member.id())).expect(200).json(), changed);
        assert_eq!(
            login(&member.email, PASSWORD).expect(200).json()["user"]["role"],
            role
        );
    }
    assert!(is_signed_in(&member), "a role ends no session");
    let _ = refresh(&member).expect(200);
}

#[test]
fn disabling_ends_every_session_at_once_and_enabling_brings_none_back() {
    let (admin, member) = (stack().admin(), stack().member());
    let second = stack().login(&member.email);
    assert!(is_signed_in(&member) && is_signed_in(&second));
    let changed = admin
        .patch(&path(member.id()), &json!({ "disabled": true }))
        .expect(200)
        .json();
    let mut expected = user(&member.email, "authenticated");
    expected["disabled"] = json!(true);
    assert_eq!(masked(&changed), expected);
    assert!(!is_signed_in(&member) && !is_signed_in(&second));

    // Only a caller that knows the password learns of it.
    refused(
        &login(&member.email, PASSWORD),
        403,
        "auth/account-disabled",
        "This account is disabled.",
    );
    wrong_credentials(&login(&member.email, "another password"));

    let _ = admin
        .patch(&path(member.id()), &json!({ "disabled": true }))
        .expect(200);
    let enabled = admin
        .patch(&path(member.id()), &json!({ "disabled": false }))
        .expect(200)
        .json();
    assert_eq!(masked(&enabled), user(&member.email, "authenticated"));
    assert!(
        !is_signed_in(&member) && !is_signed_in(&second),
        "what has ended stays so"
    );
    let third = stack().login(&member.email);
    assert!(is_signed_in(&third));
    let _ = admin
        .patch(&path(member.id()), &json!({ "disabled": false }))
        .expect(200);
    assert!(is_signed_in(&third), "nothing has changed");
}

#[test]
fn what_is_left_out_stays() {
    let admin = stack().admin();
    let member = made(&admin);
    let id = member["id"].as_str().unwrap_or_default();
    assert_eq!(
        admin.patch(&path(id), &json!({})).expect(200).json(),
        member
    );
    // Null is neither a role nor a truth value.
    for (body, fields) in [
        (json!({ "role": null }), &["role"][..]),
        (json!({ "disabled": null }), &["disabled"]),
        (
            json!({ "role": null, "disabled": null, "bio": null }),
            &["role", "disabled"],
        ),
    ] {
        let details: Vec<_> = fields.iter().map(|field| (*field, "type")).collect();
        crate::auth::look::invalid(&admin.patch(&path(id), &body), &details);
    }
    let both = admin
        .patch(&path(id), &json!({ "role": "editor", "disabled": true }))
        .expect(200)
        .json();
    let mut expected = member.clone();
    (expected["role"], expected["disabled"]) = (json!("editor"), json!(true));
    assert_eq!(both, expected);
    let enabled = admin
        .patch(&path(id), &json!({ "disabled": false }))
        .expect(200)
        .json();
    expected["disabled"] = json!(false);
    assert_eq!(enabled, expected);
}

#[test]
fn every_field_that_does_not_fit_is_named_and_nothing_changes() {
    let admin = stack().admin();
    let member = made(&admin);
    let id = member["id"].as_str().unwrap_or_default();
    for (body, details) in [
        (json!({ "role": "chief" }), vec![("role", "unknown-role")]),
        (
            json!({ "role": "public", "disabled": true }),
            vec![("role", "unknown-role")],
        ),
        (json!({ "role": ["admin"] }), vec![("role", "type")]),
        (
            json!({ "disabled": "true", "role": 1 }),
            vec![("role", "type"), ("disabled", "type")],
        ),
        (
            json!({ "disabled": true, "email": fresh_email() }),
            vec![("email", "unknown-field")],
        ),
        (
            json!({ "password": PASSWORD }),
            vec![("password", "unknown-field")],
        ),
        (
            json!({ "id": id, "createdAt": "x" }),
            vec![("createdAt", "unknown-field"), ("id", "unknown-field")],
        ),
        (
            json!({ "auth_version": 1, "profile": {} }),
            vec![
                ("auth_version", "unknown-field"),
                ("profile", "unknown-field"),
            ],
        ),
    ] {
        invalid(&admin.patch(&path(id), &body), &details);
    }
    assert_eq!(admin.get(&path(id)).expect(200).json(), member);
}

#[test]
fn who_is_not_there_is_404() {
    let admin = stack().admin();
    for id in NOBODY {
        nobody(&admin.patch(&path(id), &json!({ "role": "admin" })));
    }
}

#[test]
fn changes_at_the_same_time_are_all_done() {
    let admin = stack().admin();
    let member = made(&admin);
    let target = path(member["id"].as_str().unwrap_or_default());
    let bodies: [Value; 4] = [
        json!({ "role": "editor" }),
        json!({ "disabled": true }),
        json!({ "role": "editor" }),
        json!({ "disabled": true }),
    ];
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let all: Vec<_> = bodies
            .iter()
            .map(|body| scope.spawn(|| admin.patch(&target, body).status))
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(statuses, [200; 4]);
    let now = admin.get(&target).expect(200).json();
    assert_eq!(
        (now["role"].as_str(), now["disabled"].as_bool()),
        (Some("editor"), Some(true))
    );
}
