//! Invitations as the invited accept and reject them.

use blackbox::{PASSWORD, fresh_email, stack};
use serde_json::json;

use super::*;
use crate::auth::items;
use crate::proofs::world::token;

#[test]
fn a_new_account_is_verified_has_the_role_and_signs_in() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let (made, link) = invite(&world, &email, &json!({ "role": "editor" }));
    let weak = accept(
        &world,
        &json!({ "token": link, "password": "short", "nope": 1 }),
    );
    let weak = weak.expect(400).json();
    let fields: Vec<&Value> = weak["error"]["details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["field"])
        .collect();
    assert_eq!(fields, ["password", "nope"]);
    let body = json!({ "token": link, "password": PASSWORD, "name": "Ada" });
    let new = accept(&world, &body).expect(201).json();
    assert_eq!(new["user"]["email"], email);
    assert_eq!(new["user"]["role"], "editor");
    assert_eq!(new["user"]["name"], "Ada");
    assert!(new["user"]["emailVerifiedAt"].is_string(), "{new}");
    assert!(world.stands(&token(&new)));
    let _ = world.login(&email, PASSWORD).expect(200);
    assert_eq!(status(&world, &made), "accepted");
    for refused in [accept(&world, &body), reject(&world, &link)] {
        let refused = refused.expect(409);
        assert_eq!(refused.code(), "invitations/closed");
        assert!(refused.text().contains("accepted"), "{}", refused.text());
    }
}

#[test]
fn an_account_without_a_password_or_a_session_is_made_where_that_is_asked_for() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let (_, link) = invite(&world, &email, &json!({}));
    let new = accept(&world, &json!({ "token": link, "session": false }));
    let new = new.expect(201).json();
    assert_eq!(new["user"]["role"], "authenticated");
    assert!(new["accessToken"].is_null(), "{new}");
    let refused = world.login(&email, PASSWORD).expect(401);
    assert_eq!(refused.code(), "auth/invalid-credentials");
}

#[test]
fn the_address_of_the_invitation_alone_accepts() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let (email, other) = (fresh_email(), fresh_email());
    let mine = token(&world.register(&email));
    let theirs = token(&world.register(&other));
    let _verification = world.mail(&email, 1);
    let (made, link) = invite(&world, &email, &json!({ "role": "editor" }));
    let body = json!({ "token": link });
    let refused = accept_as(&world, &theirs, &body).expect(403);
    assert_eq!(refused.code(), "invitations/other-address");
    let more = json!({ "token": link, "password": PASSWORD, "name": "Ada" });
    let refused = accept_as(&world, &mine, &more).expect(400);
    assert_eq!(refused.code(), "common/validation-failed");
    let accepted = accept_as(&world, &mine, &body).expect(200).json();
    assert_eq!(accepted["invitation"]["id"], made["id"]);
    assert_eq!(accepted["invitation"]["status"], "accepted");
    assert_eq!(accepted["user"]["role"], "editor");
    assert!(
        accepted["user"]["emailVerifiedAt"].is_string(),
        "{accepted}"
    );
    assert!(world.stands(&mine), "the session goes on");
    let _ = world.login(&email, PASSWORD).expect(200);
    let refused = accept_as(&world, &mine, &body).expect(409);
    assert_eq!(refused.code(), "invitations/closed");
}

#[test]
fn an_impersonated_session_accepts_nothing() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let account = world.register(&email);
    let _verification = world.mail(&email, 1);
    let (made, link) = invite(&world, &email, &json!({ "role": "editor" }));
    let actor = json!({ "actor": { "S": "01a22991-7580-7095-8f4b-6ddd024928bf" } });
    let endpoint = world.flow.apart.dynamo.endpoint();
    items::set_session(&endpoint, account["user"]["id"].as_str().unwrap(), &actor);
    let refused = accept_as(&world, &token(&account), &json!({ "token": link }));
    assert_eq!(refused.expect(403).code(), "auth/impersonated");
    assert_eq!(status(&world, &made), "pending");
}

#[test]
fn a_proven_account_has_to_sign_in_and_keeps_a_higher_role() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let (_, link) = invite(&world, &email, &json!({ "role": "editor" }));
    let body = json!({ "token": link, "password": PASSWORD });
    let mine = token(&accept(&world, &body).expect(201).json());
    let (made, link) = invite(&world, &email, &json!({}));
    for body in [
        json!({ "token": link }),
        json!({ "token": link, "password": "another long password" }),
        json!({ "token": link, "password": "short" }),
    ] {
        let refused = accept(&world, &body).expect(401);
        assert_eq!(refused.code(), "auth/authentication-required");
    }
    assert_eq!(status(&world, &made), "pending");
    let accepted = accept_as(&world, &mine, &json!({ "token": link })).expect(200);
    assert_eq!(
        accepted.json()["user"]["role"],
        "editor",
        "never a lower one"
    );
}

#[test]
fn an_account_that_is_disabled_or_deleted_accepts_nothing() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    for (disables, status, code) in [
        (true, 403, "auth/account-disabled"),
        (false, 409, "auth/account-deleted"),
    ] {
        let email = fresh_email();
        let account = world.register(&email);
        let _verification = world.mail(&email, 1);
        if disables {
            let path = format!("/api/users/{}", account["user"]["id"].as_str().unwrap());
            let event = Event::new("PATCH", &path).json(&json!({ "disabled": true }));
            let _ = world.ask("users-update", event, 200);
        } else {
            let event = Event::new("DELETE", "/api/auth/me").token(&token(&account));
            let event = event.json(&json!({ "password": PASSWORD }));
            let _ = world.send("me-delete", &event, 204);
        }
        let (_, link) = invite(&world, &email, &json!({}));
        let body = json!({ "token": link, "password": PASSWORD });
        let refused = accept(&world, &body).expect(status);
        assert_eq!(refused.code(), code);
    }
}

#[test]
fn a_closed_invitation_says_how_and_garbage_is_an_invalid_code() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let (made, link) = invite(&world, &fresh_email(), &json!({}));
    let _ = revoke(&world, &made).expect(204);
    for refused in [
        accept(&world, &json!({ "token": link })),
        reject(&world, &link),
    ] {
        let refused = refused.expect(409);
        assert_eq!(refused.code(), "invitations/closed");
        assert!(refused.text().contains("revoked"), "{}", refused.text());
    }
    let email = fresh_email();
    let _ = world.register(&email);
    let foreign = link_token(&world.mail(&email, 1));
    for token in ["", "garbage", &link[1..], &foreign] {
        for refused in [
            accept(&world, &json!({ "token": token })),
            reject(&world, token),
        ] {
            assert_eq!(refused.expect(400).code(), "auth/invalid-code", "{token}");
        }
    }
    let long = "x".repeat(513);
    for refused in [
        accept(&world, &json!({ "token": long })),
        reject(&world, &long),
    ] {
        let details = refused.expect(400).json()["error"]["details"].clone();
        assert_eq!(details[0]["field"], "token");
    }
}
