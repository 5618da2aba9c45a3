//! Every way to sign in asks an account that has a second factor for it.

use blackbox::stack;

use super::mailed::{Mailed, stored};
use super::*;
use crate::auth::forge::claims;

const LINK: &str = "/api/auth/magic-link";
const FORGOT: &str = "/api/auth/password/forgot";
const RESTORE: &str = "/api/auth/me/restore";
pub(super) const NEW: &str = "another long password";
const SIGN_IN: (&str, &str) = ("BAKEND_AUTH_MAGIC_LINK", "signIn");

/// The token of a sign-in that waits for a code.
#[track_caller]
fn waits(reply: Reply) -> String {
    let refusal = reply.expect(403);
    assert_eq!(refusal.code(), "auth/mfa-required");
    let mfa = refusal.json()["error"]["mfa"].clone();
    assert_eq!(mfa["methods"], json!(["totp", "recovery"]));
    assert_eq!(mfa["expiresIn"], 300);
    text(&mfa["token"])
}

fn recovery(account: &Account, number: usize) -> Value {
    json!({ "recoveryCode": account.codes[number] })
}

fn by_magic_link(stage: &Stage<'_>, body: &Value) -> Reply {
    let path = "/api/auth/magic-link/verify";
    stage.post("magic-link-verify", path, body)
}

/// Deletes the account by the user's own request.
fn leave(stage: &Stage<'_>, token: &str) {
    let event = Event::new("DELETE", "/api/auth/me").json(&json!({ "password": PASSWORD }));
    let _ = stage.world.send("me-delete", &event.token(token), 204);
}

/// Nobody can log in, as in a deleted account.
#[track_caller]
fn is_away(stage: &Stage<'_>, account: &Account) {
    let reply = stage.login(&account.email, &json!({}));
    refused(reply, 401, "auth/invalid-credentials");
}

#[test]
fn a_deleted_account_comes_back_by_both_factors() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = stage.enrolled();
    let restore = |more: &Value| {
        let mut body = json!({ "email": account.email, "password": PASSWORD });
        let more = more.as_object().cloned();
        body.as_object_mut()
            .unwrap()
            .extend(more.unwrap_or_default());
        stage.post("me-restore", RESTORE, &body)
    };
    leave(&stage, &account.token);
    let _ = waits(restore(&json!({})));
    is_away(&stage, &account);
    let wrong = restore(&json!({ "mfaCode": "000000" }));
    refused(wrong, 401, "auth/invalid-mfa-code");
    is_away(&stage, &account);
    let by_code = json!({ "mfaCode": code(&account.secret, 0) });
    let back = restore(&by_code).expect(200).json();
    let access = text(&back["accessToken"]);
    assert_eq!(claims(&access)["amr"], json!(["pwd", "otp", "mfa"]));
    assert!(stage.stands(&access));
    let _ = stage.challenge(&account.email);

    // The second step may be a request of its own, which brings it back.
    leave(&stage, &access);
    refused(restore(&by_code), 401, "auth/invalid-mfa-code");
    let challenge = waits(restore(&json!({})));
    is_away(&stage, &account);
    let wrong = stage.verify(&challenge, &json!({ "code": "000000" }));
    refused(wrong, 401, "auth/invalid-mfa-code");
    is_away(&stage, &account);
    let back = stage.verify(&challenge, &recovery(&account, 0));
    let access = text(&back.expect(200).json()["accessToken"]);
    assert!(stage.stands(&access));
    let again = stage.verify(&challenge, &recovery(&account, 1));
    refused(again, 401, "auth/invalid-mfa-code");
    let _ = stage.challenge(&account.email);
}

#[test]
fn a_mail_is_one_factor() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let mailed = Mailed::new(inside, &[SIGN_IN]);
    let account = mailed.account();
    let flow = mailed.ask("magic-link", LINK, &account.email);
    let body = json!({ "flow": flow, "code": mailed.mailed_code(&account.email, 2) });
    let challenge = waits(by_magic_link(&mailed, &body));
    refused(by_magic_link(&mailed, &body), 400, "auth/invalid-code");
    let entered = mailed.verify(&challenge, &recovery(&account, 0));
    let access = text(&entered.expect(200).json()["accessToken"]);
    assert!(mailed.stands(&access) && mailed.stands(&account.token));
    let amr = claims(&access)["amr"].clone();
    assert_eq!(amr, json!(["email", "recovery", "mfa"]));

    // A deleted account is back by the second step, and not before.
    leave(&mailed, &access);
    let flow = mailed.ask("magic-link", LINK, &account.email);
    let code = mailed.mailed_code(&account.email, 3);
    let body = json!({ "flow": flow, "code": code });
    refused(by_magic_link(&mailed, &body), 409, "auth/account-deleted");
    let body = json!({ "flow": flow, "code": code, "restore": true });
    let challenge = waits(by_magic_link(&mailed, &body));
    is_away(&mailed, &account);
    let back = mailed.verify(&challenge, &recovery(&account, 1));
    assert!(mailed.stands(&text(&back.expect(200).json()["accessToken"])));
    let _ = mailed.challenge(&account.email);
}

#[test]
fn a_reset_signs_nobody_in_and_keeps_the_factor() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let mailed = Mailed::new(inside, &[]);
    let account = mailed.account();
    let reply = reset(&mailed, &account.email, 2).expect(204);
    assert_eq!(reply.text(), "");
    assert!(!mailed.stands(&account.token));
    let body = json!({ "email": account.email, "password": NEW });
    let challenge = waits(mailed.post("login", LOGIN, &body));
    let _ = mailed
        .verify(&challenge, &recovery(&account, 0))
        .expect(200);
    let mut both = body;
    both["mfaCode"] = json!(code(&account.secret, 0));
    let _ = mailed.post("login", LOGIN, &both).expect(200);
}

/// Sets another password by the mail of this number.
pub(super) fn reset(mailed: &Mailed<'_>, email: &str, count: usize) -> Reply {
    let flow = mailed.ask("password-forgot", FORGOT, email);
    let code = mailed.mailed_code(email, count);
    let body = json!({ "flow": flow, "code": code, "newPassword": NEW });
    mailed.post("password-reset", "/api/auth/password/reset", &body)
}

#[test]
fn a_proof_of_the_address_by_the_password_waits_for_the_factor() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let mailed = Mailed::new(inside, &[]);
    let account = mailed.unproven();
    // The factor has ended what the first mail was sent for.
    let again = mailed.post_as(
        &account.token,
        "verify-email-resend",
        "/api/auth/verify-email/resend",
        &json!({}),
    );
    let _ = again.expect(202);
    let code = mailed.mailed_code(&account.email, 2);
    let body = json!({ "email": account.email, "password": PASSWORD, "code": code });
    let challenge = waits(mailed.post("verify-email", "/api/auth/verify-email", &body));
    let entered = mailed.verify(&challenge, &recovery(&account, 0));
    let entered = entered.expect(200).json();
    assert!(entered["user"]["emailVerifiedAt"].is_string(), "{entered}");
    assert!(mailed.stands(&text(&entered["accessToken"])));
}

/// Nothing of the one who was there before is left.
#[track_caller]
fn is_taken(mailed: &Mailed<'_>, account: &Account, access: &str) {
    assert!(!mailed.stands(&account.token), "the attacker's session");
    let event = Event::new("GET", "/api/auth/mfa").token(access);
    let status = mailed.world.send("mfa-get", &event, 200);
    assert_eq!(status["totp"], Value::Null);
    assert_eq!(status["recoveryCodesLeft"], 0);
    assert_eq!(stored(mailed, &account.id), Value::Null);
    let reply = mailed.login(&account.email, &recovery(account, 0));
    refused(reply, 401, "auth/invalid-credentials");
}

#[test]
fn a_takeover_by_a_magic_link_removes_the_factor() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let mailed = Mailed::new(inside, &[SIGN_IN]);
    let account = mailed.unproven();
    assert_ne!(stored(&mailed, &account.id), Value::Null);
    let flow = mailed.ask("magic-link", LINK, &account.email);
    let body = json!({ "flow": flow, "code": mailed.mailed_code(&account.email, 2) });
    let entered = by_magic_link(&mailed, &body).expect(200).json();
    is_taken(&mailed, &account, &text(&entered["accessToken"]));
}

#[test]
fn a_takeover_by_a_reset_removes_the_factor() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let mailed = Mailed::new(inside, &[]);
    let account = mailed.unproven();
    let challenge = mailed.challenge(&account.email);
    let _ = reset(&mailed, &account.email, 2).expect(204);
    let body = json!({ "email": account.email, "password": NEW });
    let entered = mailed.post("login", LOGIN, &body).expect(200).json();
    is_taken(&mailed, &account, &text(&entered["accessToken"]));
    let late = mailed.verify(&challenge, &recovery(&account, 1));
    refused(late, 401, "auth/invalid-mfa-code");
}

#[test]
fn a_takeover_by_an_invitation_removes_the_factor() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let mailed = Mailed::new(inside, &[]);
    let account = mailed.unproven();
    let invitation = json!({ "email": account.email });
    let event = Event::new("POST", "/api/auth/invitations").json(&invitation);
    let _ = mailed.world.ask("invitations-create", event, 201);
    let token = mailed.mailed_token(&account.email, 2);
    let body = json!({ "token": token, "password": NEW });
    let path = "/api/auth/invitations/accept";
    let entered = mailed.post("invitations-accept", path, &body);
    let entered = entered.expect(201).json();
    is_taken(&mailed, &account, &text(&entered["accessToken"]));
}

/// The fields that a refusal of the body names.
#[track_caller]
fn fields(reply: Reply) -> Vec<String> {
    let refusal = reply.expect(400).json();
    let details = refusal["error"]["details"].as_array().unwrap().iter();
    details.map(|detail| text(&detail["field"])).collect()
}

#[test]
fn a_user_proves_both_factors_once_more() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = stage.enrolled();
    let again = |token: &str, body: &Value| {
        let path = "/api/auth/reauthenticate";
        stage.post_as(token, "reauthenticate", path, body)
    };
    let first = |body: Value| again(&account.token, &body);
    let right = code(&account.secret, 0);
    let both = json!({ "password": PASSWORD, "code": right, "recoveryCode": account.codes[0] });
    for body in [json!({ "password": PASSWORD }), both] {
        assert_eq!(fields(first(body)), ["code", "recoveryCode"]);
    }
    let wrong = first(json!({ "password": "not the password", "code": right }));
    assert_eq!(fields(wrong), ["password"]);
    let wrong = first(json!({ "password": PASSWORD, "code": "000000" }));
    refused(wrong, 401, "auth/invalid-mfa-code");
    assert!(stage.stands(&account.token), "nothing ends");
    let tokens = first(json!({ "password": PASSWORD, "code": right }));
    let access = text(&tokens.expect(200).json()["accessToken"]);
    assert_eq!(claims(&access)["amr"], json!(["pwd", "otp", "mfa"]));
    assert!(stage.stands(&access) && !stage.stands(&account.token));
    let body = json!({ "password": PASSWORD, "code": right });
    refused(again(&access, &body), 401, "auth/invalid-mfa-code");
    let body = json!({ "password": PASSWORD, "recoveryCode": account.codes[0] });
    let last = again(&access, &body).expect(200).json();
    let last = text(&last["accessToken"]);
    assert_eq!(claims(&last)["amr"], json!(["pwd", "recovery", "mfa"]));
    assert!(stage.stands(&last) && !stage.stands(&access));
}

#[test]
fn a_change_of_the_address_by_the_password_needs_a_code() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = stage.enrolled();
    let change = |more: Value| {
        let mut body = json!({ "newEmail": fresh_email() });
        let more = more.as_object().cloned();
        body.as_object_mut()
            .unwrap()
            .extend(more.unwrap_or_default());
        let path = "/api/auth/email/change";
        stage.post_as(&account.token, "email-change", path, &body)
    };
    let asked = || {
        let items = stage.world.scan("local-_mail");
        let id = |item: &Value| text(&item["id"]["S"]);
        let changes = items
            .iter()
            .map(id)
            .filter(|id| id.contains("email-change"));
        changes.count()
    };
    let alone = change(json!({ "password": PASSWORD }));
    assert_eq!(fields(alone), ["code", "recoveryCode"]);
    let right = code(&account.secret, 0);
    let wrong = change(json!({ "password": "not the password", "code": right }));
    assert_eq!(fields(wrong), ["password"]);
    let wrong = change(json!({ "password": PASSWORD, "code": "000000" }));
    refused(wrong, 401, "auth/invalid-mfa-code");
    assert_eq!(asked(), 0);
    let _ = change(json!({ "password": PASSWORD, "code": right })).expect(202);
    assert_eq!(asked(), 1);
    let used = change(json!({ "password": PASSWORD, "code": right }));
    refused(used, 401, "auth/invalid-mfa-code");
    let by_recovery = json!({ "password": PASSWORD, "recoveryCode": account.codes[0] });
    let _ = change(by_recovery).expect(202);
    // A recent authentication stands for both.
    let _ = change(json!({})).expect(202);
}
