//! The limits of an anonymous account, before it has an address.

use blackbox::{Event, PASSWORD, fresh_email, stack};
use serde_json::json;

use super::*;
use crate::auth::items;
use crate::proofs::changing::CHANGE;

const PASSKEYS: [(&str, &str); 2] = [
    ("BAKEND_AUTH_PASSKEYS_RP_ID", "localhost"),
    ("BAKEND_AUTH_PASSKEYS_ORIGINS", "http://localhost:*"),
];

#[test]
fn an_account_without_an_address_gets_no_other_way_in() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &PASSKEYS);
    let made = nobody(&world);
    let (access, admin) = (token(&made), admin(&world));
    let endpoint = world.flow.apart.dynamo.endpoint();
    // There is nothing to authenticate with, so nothing is asked for that is recent.
    let long_ago = json!({ "auth_time": { "N": "1790000000000" } });
    items::set_session(&endpoint, &id(&made), &long_ago);
    let of_admin = format!("/api/users/{}/password", id(&made));
    let change = json!({ "currentPassword": PASSWORD, "newPassword": "another long password" });
    for (who, function, path, body) in [
        (&access, "mfa-enable", "/api/auth/mfa/enable", json!({})),
        (
            &access,
            "passkeys-options",
            "/api/auth/passkeys/options",
            json!({}),
        ),
        (
            &access,
            "password-change",
            "/api/auth/password/change",
            change,
        ),
        (
            &access,
            "verify-email-resend",
            "/api/auth/verify-email/resend",
            json!({}),
        ),
        (
            &admin,
            "users-password",
            of_admin.as_str(),
            json!({ "password": PASSWORD }),
        ),
        (
            &admin,
            "users-password",
            of_admin.as_str(),
            json!({ "send": true }),
        ),
    ] {
        let refused = world.post_as(who, function, path, &body).expect(403);
        assert_eq!(refused.code(), "auth/email-not-verified", "{function}");
    }
    for (function, path, body) in [
        (
            "reauthenticate",
            "/api/auth/reauthenticate",
            json!({ "password": PASSWORD }),
        ),
        (
            "email-change",
            CHANGE,
            json!({ "newEmail": fresh_email(), "password": PASSWORD }),
        ),
    ] {
        let refused = world.post_as(&access, function, path, &body).expect(400);
        let details = &refused.json()["error"]["details"];
        assert_eq!(details[0]["field"], "password", "{function}");
    }
    assert!(world.stands(&access), "a refusal ends nothing");
    let asked = world.post_as(
        &access,
        "email-change",
        CHANGE,
        &json!({ "newEmail": fresh_email() }),
    );
    let _ = asked.expect(202);
}

#[test]
fn what_an_anonymous_account_owns_is_its_own() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let (made, other) = (nobody(&world), nobody(&world));
    let (access, foreign) = (token(&made), token(&other));
    let title = json!({ "title": "a" });
    for (collection, status) in [
        ("notes", 403),
        ("posts", 403),
        ("drafts", 403),
        ("visits", 201),
    ] {
        let path = format!("/api/{collection}");
        let reply = world.post_as(&access, "records-create", &path, &title);
        let reply = reply.expect(status);
        if status == 201 {
            let record = reply.json();
            let by = (&record["createdBy"], &record["user_id"]);
            assert_eq!(by, (&made["user"]["id"], &made["user"]["id"]));
        }
    }
    // An admin gives records to it.
    for (collection, to_read, to_change) in [("posts", 200, 200), ("drafts", 200, 403)] {
        let body = json!({ "title": "a", "user_id": made["user"]["id"] });
        let record = world.create(collection, &body);
        let path = format!("/api/{collection}/{record}");
        let read = |access: &str| ask(&world, access, "records-get", get(&path)).status;
        assert_eq!(read(&access), to_read, "{collection}");
        let hidden = if collection == "posts" { 200 } else { 404 };
        assert_eq!(read(&foreign), hidden, "{collection}");
        let change = |access: &str| {
            let event = Event::new("PATCH", &path).json(&json!({ "title": "b" }));
            ask(&world, access, "records-update", event).status
        };
        assert_eq!(change(&access), to_change, "{collection}");
        let refused = if collection == "posts" { 403 } else { 404 };
        assert_eq!(change(&foreign), refused, "{collection}");
    }
}

#[test]
fn the_policy_of_second_factors_asks_nobody_without_an_address() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let required = [("BAKEND_AUTH_MFA", "required")];
    let world = MailWorld::new(inside, &required);
    let access = token(&nobody(&world));
    let title = json!({ "title": "a" });
    let made = world.post_as(&access, "records-create", "/api/visits", &title);
    let _ = made.expect(201);
    let claimed = world.variant("records-create", &[("BAKEND_AUTH_SESSION_CHECK", "expiry")]);
    let event = Event::new("POST", "/api/visits")
        .json(&title)
        .token(&access);
    let _ = world.flow.apart.ask(&claimed, &event).expect(201);
}
