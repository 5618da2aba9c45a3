//! Passkeys of accounts that are switched off, deleted, brought back and taken over.

use blackbox::stack;

use super::*;
use crate::proofs::world::{MailWorld, code};

#[test]
fn a_disabled_account_is_told_of_after_the_proof_alone() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.enrolled();
    let path = format!("/api/users/{}", account.id);
    let event = Event::new("PATCH", &path).json(&json!({ "disabled": true }));
    let _ = stage.world.ask("users-update", event, 200);
    refused(
        stage.sign_in(&mut account.device),
        403,
        "auth/account-disabled",
    );
    let evil = Manners::on("https://evil.example");
    let body = stage.signed(&mut account.device, &evil);
    invalid(stage.post("passkeys-login", LOGIN, &body));
}

#[test]
fn a_deleted_account_comes_back_by_its_passkey_when_that_is_said() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.enrolled();
    let _ = stage.add(&mut account);
    let event = Event::new("DELETE", "/api/auth/me").json(&json!({ "password": PASSWORD }));
    let _ = stage
        .world
        .send("me-delete", &event.token(&account.token), 204);
    let expiring = |item: &Value| item["expires_at"]["N"].is_string();
    assert!(stage.items().iter().all(expiring));
    refused(
        stage.sign_in(&mut account.device),
        409,
        "auth/account-deleted",
    );
    let mut body = stage.signed(&mut account.device, &Manners::on(PAGE));
    body["restore"] = json!(true);
    let back = stage
        .post("passkeys-login", LOGIN, &body)
        .expect(200)
        .json();
    assert_eq!(back["user"]["id"], account.id);
    invalid(stage.post("passkeys-login", LOGIN, &body));
    assert_eq!(stage.items().len(), 2);
    assert!(!stage.items().iter().any(expiring));
    let _ = stage.sign_in(&mut account.device).expect(200);
    let _ = stage.login(&account.email).expect(200);
}

#[test]
fn an_account_that_is_deleted_for_good_takes_its_passkeys_along() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.enrolled();
    let event = Event::new("DELETE", &format!("/api/users/{}", account.id));
    let _ = stage.world.ask("users-delete", event, 204);
    assert_eq!(stage.items(), Vec::<Value>::new());
    invalid(stage.sign_in(&mut account.device));
}

#[test]
fn an_admin_removes_passkeys_with_the_factor() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.enrolled();
    let path = format!("/api/users/{}/mfa?passkeys=true", account.id);
    let _ = stage
        .world
        .ask("users-mfa", Event::new("DELETE", &path), 204);
    assert_eq!(stage.items(), Vec::<Value>::new());
    invalid(stage.sign_in(&mut account.device));
    assert!(!stage.stands(&account.token));
}

#[test]
fn whoever_proves_the_address_of_an_unproven_account_finds_no_passkey_of_another() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let account = world.register(&email);
    let _ = world.mail(&email, 1);
    let token = text(&account["accessToken"]);
    // The passkey was added before mail was switched on.
    let silent = [("BAKEND_MAIL_FROM", "")];
    let options = world.variant("passkeys-options", &silent);
    let create = world.variant("passkeys-create", &silent);
    let apart = &world.flow.apart;
    let mut device = Device::new();
    let event = Event::new("POST", OPTIONS).token(&token);
    let begun = apart.ask(&options, &event).expect(200).json();
    let credential = device.register(&begun["options"], &Manners::on(PAGE));
    let body = json!({ "challengeToken": begun["challengeToken"], "credential": credential });
    let event = Event::new("POST", PASSKEYS).json(&body).token(&token);
    let _ = apart.ask(&create, &event).expect(201);
    let passkeys = || {
        let items = world.scan("local-_users").into_iter();
        let keys = items.map(|item| text(&item["id"]["S"]));
        keys.filter(|key| key.starts_with("passkey#")).count()
    };
    assert_eq!(passkeys(), 1);
    let body = json!({ "email": email });
    let opened = world.post("password-forgot", "/api/auth/password/forgot", &body);
    let flow = opened.expect(202).json()["flow"].clone();
    let code = code(&world.mail(&email, 2));
    let body = json!({ "flow": flow, "code": code, "newPassword": "another one entirely" });
    let reset = world.post("password-reset", "/api/auth/password/reset", &body);
    let _ = reset.expect(204);
    assert_eq!(passkeys(), 0);
    let begun = world.post("passkeys-login-options", LOGIN_OPTIONS, &json!({}));
    let begun = begun.expect(200).json();
    let credential = device.sign(&begun["options"], &Manners::on(PAGE));
    let body = json!({ "challengeToken": begun["challengeToken"], "credential": credential });
    invalid(world.post("passkeys-login", LOGIN, &body));
}

#[test]
fn changes_of_passkeys_are_told_to_the_log_and_to_their_user() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::with(inside, &["events"], &[]);
    let email = fresh_email();
    let account = world.register(&email);
    let _ = world.mail(&email, 1);
    let token = text(&account["accessToken"]);
    let prove = json!({
        "TableName": "local-_users",
        "Key": { "id": account["user"]["id"].as_str().map(|id| json!({ "S": id })) },
        "UpdateExpression": "SET email_verified_at = :now",
        "ExpressionAttributeValues": { ":now": { "N": "1790000000000" } },
    });
    let engine = world.flow.apart.dynamo.engine();
    let _ = engine.call("UpdateItem", &prove).unwrap();
    let mut device = Device::new();
    let begun = world.post_as(&token, "passkeys-options", OPTIONS, &json!({}));
    let begun = begun.expect(200).json();
    let credential = device.register(&begun["options"], &Manners::on(PAGE));
    let body = json!({ "challengeToken": begun["challengeToken"], "credential": credential, "name": "Phone" });
    let made = world.post_as(&token, "passkeys-create", PASSKEYS, &body);
    let made = made.expect(201).json();
    let mail = world.mail(&email, 2);
    assert_eq!(mail.kind, "passkey-added");
    assert!(mail.text.contains("Phone"), "{}", mail.text);
    let path = format!("{PASSKEYS}/{}", text(&made["id"]));
    let event = Event::new("DELETE", &path).token(&token);
    let _ = world.send("passkeys-delete", &event, 204);
    let mail = world.mail(&email, 3);
    assert_eq!(mail.kind, "passkey-removed");
    let look = || {
        let path = "/api/admin/audit?type=auth.passkey.changed";
        let page = world.ask("audit-list", Event::new("GET", path), 200);
        page["items"].as_array().unwrap().clone()
    };
    let lines = world.until(look, |lines| lines.len() == 2);
    let reasons: Vec<_> = lines.iter().map(|line| line["reason"].clone()).collect();
    assert_eq!(reasons, ["removed", "added"], "{lines:#?}");
}
