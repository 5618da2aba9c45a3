//! Every way to begin a session asks for a second factor where the policy does, and has one made first.

use blackbox::stack;

use super::mailed::Mailed;
use super::policies::{REQUIRED, enrolment, secret};
use super::*;
use crate::auth::forge::claims;

/// Makes the factor that a sign-in has waited for, and looks at the session that begins.
#[track_caller]
fn finishes(stage: &Stage<'_>, token: &str, first: &str) {
    let body = json!({ "code": code(&secret(stage, token), 0) });
    let confirmed = stage.post_as(token, "mfa-confirm", CONFIRM, &body);
    let access = text(&confirmed.expect(200).json()["accessToken"]);
    assert_eq!(claims(&access)["amr"], json!([first, "otp", "mfa"]));
    let list = Event::new("GET", "/api/auth/sessions").token(&access);
    let _ = stage.world.send("sessions-list", &list, 200);
}

#[test]
fn an_account_that_is_back_makes_its_factor() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (email, made) = stage.register();
    let body = json!({ "email": email, "password": PASSWORD });
    let leave = Event::new("DELETE", "/api/auth/me").json(&json!({ "password": PASSWORD }));
    let leave = leave.token(&text(&made["accessToken"]));
    let _ = stage.world.send("me-delete", &leave, 204);
    let restore = stage.world.variant("me-restore", &[REQUIRED]);
    let event = Event::new("POST", "/api/auth/me/restore").json(&body);
    let token = enrolment(stage.world.flow.apart.ask(&restore, &event));
    let user = stage.login(&email, &json!({})).expect(200).json()["user"].clone();
    assert_eq!(user["id"], made["user"]["id"], "it is back");
    finishes(&stage, &token, "pwd");
}

#[test]
fn a_sign_up_and_a_sign_in_by_mail_make_one() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let sign_up = ("BAKEND_AUTH_MAGIC_LINK", "signUp");
    let mailed = Mailed::new(inside, &[REQUIRED, sign_up]);
    let email = fresh_email();
    let mut last = String::new();
    // The first mail makes the account, the second signs in to it.
    for count in [1, 2] {
        let flow = mailed.ask("magic-link", "/api/auth/magic-link", &email);
        let body = json!({ "flow": flow, "code": mailed.mailed_code(&email, count) });
        let path = "/api/auth/magic-link/verify";
        last = enrolment(mailed.post("magic-link-verify", path, &body));
        let used = mailed.post("magic-link-verify", path, &body);
        refused(used, 400, "auth/invalid-code");
    }
    let is_user = |item: &Value| item["email"]["S"] == email.as_str();
    let users = mailed.world.scan("local-_users").into_iter();
    assert_eq!(users.filter(is_user).count(), 1);
    finishes(&mailed, &last, "email");
}

#[test]
fn a_registration_that_has_waited_for_its_proof_makes_one() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let first = ("BAKEND_AUTH_EMAIL_VERIFICATION", "required");
    let mailed = Mailed::new(inside, &[REQUIRED, first]);
    let email = fresh_email();
    let body = json!({ "email": email, "password": PASSWORD });
    let opened = mailed.post("register", "/api/auth/register", &body);
    let flow = text(&opened.expect(202).json()["flow"]);
    let proof = json!({ "flow": flow, "code": mailed.mailed_code(&email, 1) });
    let path = "/api/auth/register/confirm";
    let token = enrolment(mailed.post("register-confirm", path, &proof));
    let _ = enrolment(mailed.login(&email, &json!({})));
    finishes(&mailed, &token, "email");
}

#[test]
fn a_proof_of_the_address_comes_before_the_factor() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let mailed = Mailed::new(inside, &[REQUIRED]);
    let email = fresh_email();
    let body = json!({ "email": email, "password": PASSWORD });
    let early = enrolment(mailed.post("register", "/api/auth/register", &body));
    let enable = mailed.post_as(&early, "mfa-enable", ENABLE, &json!({}));
    refused(enable, 403, "auth/email-not-verified");
    let mut proof = body;
    proof["code"] = json!(mailed.mailed_code(&email, 1));
    let path = "/api/auth/verify-email";
    let token = enrolment(mailed.post("verify-email", path, &proof));
    let again = mailed.post("verify-email", path, &proof);
    refused(again, 409, "auth/already-verified");
    finishes(&mailed, &token, "pwd");
}

#[test]
fn an_invited_user_makes_one() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let mailed = Mailed::new(inside, &[]);
    let email = fresh_email();
    let event = Event::new("POST", "/api/auth/invitations").json(&json!({ "email": email }));
    let _ = mailed.world.ask("invitations-create", event, 201);
    let accept = mailed.world.variant("invitations-accept", &[REQUIRED]);
    let body = json!({ "token": mailed.mailed_token(&email, 1), "password": PASSWORD });
    let event = Event::new("POST", "/api/auth/invitations/accept").json(&body);
    let token = enrolment(mailed.world.flow.apart.ask(&accept, &event));
    let _ = mailed.login(&email, &json!({})).expect(200);
    finishes(&mailed, &token, "email");
}

#[test]
fn a_user_with_a_factor_is_asked_for_it_whatever_the_policy() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = stage.enrolled();
    let body = json!({ "email": account.email, "password": PASSWORD });
    let event = Event::new("POST", LOGIN).json(&body);
    for policy in [
        "off",
        "optional",
        "required",
        r#"{"requiredFor":["admin"]}"#,
    ] {
        let login = stage.world.variant("login", &[("BAKEND_AUTH_MFA", policy)]);
        let waits = stage.world.flow.apart.ask(&login, &event);
        refused(waits, 403, "auth/mfa-required");
    }
}
