//! Plays of an attacker who registers the address of somebody else before that person is invited.

use blackbox::{PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

use super::*;
use crate::proofs::world::token;

/// The attacker's account at the victim's address: the access and the refresh token.
fn hijack(world: &MailWorld<'_>, email: &str) -> (String, String) {
    let account = world.register(email);
    let _verification = world.mail(email, 1);
    let refresh = account["refreshToken"].as_str().unwrap().to_owned();
    (token(&account), refresh)
}

/// Nothing of the attacker's is good any more.
fn assert_out(world: &MailWorld<'_>, email: &str, (access, refresh): &(String, String)) {
    assert!(!world.stands(access), "the session has ended");
    let body = json!({ "refreshToken": refresh });
    let refused = world
        .post("refresh", "/api/auth/refresh", &body)
        .expect(401);
    assert_eq!(refused.code(), "auth/invalid-refresh-token");
    let refused = world.login(email, PASSWORD).expect(401);
    assert_eq!(refused.code(), "auth/invalid-credentials");
}

#[test]
fn an_account_that_nobody_has_proven_goes_to_the_reader_of_the_mail() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    for password in [Some("the victim's password"), None] {
        let email = fresh_email();
        let attacker = hijack(&world, &email);
        let (_, link) = invite(&world, &email, &json!({ "role": "editor" }));
        let mut body = json!({ "token": link });
        if let Some(password) = password {
            body["password"] = json!(password);
        }
        let taken = accept(&world, &body).expect(201).json();
        assert!(taken["user"]["emailVerifiedAt"].is_string(), "{taken}");
        assert_eq!(taken["user"]["role"], "editor");
        assert_out(&world, &email, &attacker);
        assert!(world.stands(&token(&taken)), "the new session stands");
        if let Some(password) = password {
            let _ = world.login(&email, password).expect(200);
        }
    }
}

#[test]
fn a_mail_that_the_attacker_has_asked_for_is_void_afterwards() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let account = world.register(&email);
    let verification = link_token(&world.mail(&email, 1));
    let (_, link) = invite(&world, &email, &json!({}));
    let body = json!({ "token": link, "password": "the victim's password" });
    let _ = accept(&world, &body).expect(201);
    let body = json!({ "token": verification, "password": PASSWORD });
    let refused = world.post("verify-email", "/api/auth/verify-email", &body);
    assert!(matches!(refused.status, 400 | 401), "{}", refused.text());
    assert!(!world.stands(&token(&account)));
}

#[test]
fn the_bootstrap_address_makes_the_first_admin_by_this_proof_and_only_the_first() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let email = fresh_email();
    // The world has an admin, so there is no first one to be.
    let world = MailWorld::new(inside, &[("BAKEND_ADMIN_EMAIL", &email)]);
    let (_, link) = invite(&world, &email, &json!({ "role": "editor" }));
    let body = json!({ "token": link, "password": PASSWORD });
    let new: Value = accept(&world, &body).expect(201).json();
    assert_eq!(new["user"]["role"], "editor");
}
