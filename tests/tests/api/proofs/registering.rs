//! Registrations that wait for the proof of their address.

use blackbox::{Event, PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

use super::world::{MailWorld, another, code, link_token, token};
use crate::admin::{admin_on, said};

const REGISTER: &str = "/api/auth/register";
const CONFIRM: &str = "/api/auth/register/confirm";
const RESEND: &str = "/api/auth/register/resend";
const REQUIRED: [(&str, &str); 1] = [("BAKEND_AUTH_EMAIL_VERIFICATION", "required")];

/// Registers, and returns the flow.
fn register(world: &MailWorld<'_>, body: &Value) -> String {
    let opened = world.post("register", REGISTER, body).expect(202).json();
    assert_eq!(opened["expiresIn"], 86_400);
    assert_eq!(opened.as_object().unwrap().len(), 2, "{opened}");
    opened["flow"].as_str().unwrap().to_owned()
}

fn account(email: &str, username: &str) -> Value {
    json!({ "email": email, "password": PASSWORD, "username": username })
}

/// A username that nobody has.
fn fresh_name() -> String {
    fresh_email().replace(['@', '.'], "-")[..30].replace("member-", "m")
}

#[test]
fn nothing_is_there_until_the_address_is_proven_by_the_code() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &REQUIRED);
    let (email, name) = (fresh_email(), fresh_name());
    let flow = register(&world, &account(&email, &name));
    let mail = world.mail(&email, 1);
    assert_eq!(mail.kind, "registration");
    assert_eq!(
        world.login(&email, PASSWORD).expect(401).code(),
        "auth/invalid-credentials"
    );
    let users = world.scan("local-_users");
    assert!(
        users.iter().all(|item| !item.to_string().contains(&email)),
        "nothing is reserved"
    );
    let confirm = |code: &str| {
        let body = json!({ "flow": flow, "code": code });
        world.post("register-confirm", CONFIRM, &body)
    };
    let right = code(&mail);
    assert_eq!(
        confirm(&another(&right)).expect(400).code(),
        "auth/invalid-code"
    );
    let made = confirm(&right).expect(201).json();
    assert_eq!(
        (&made["user"]["email"], &made["user"]["username"]),
        (&json!(email), &json!(name))
    );
    assert!(made["user"]["emailVerifiedAt"].is_string(), "{made}");
    assert!(world.stands(&token(&made)));
    assert_eq!(confirm(&right).expect(400).code(), "auth/invalid-code");
    let _ = world.login(&email, PASSWORD).expect(200);
}

#[test]
fn a_link_confirms_with_the_password_alone_and_begins_no_session_where_none_is_wanted() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &REQUIRED);
    let email = fresh_email();
    let _ = register(&world, &account(&email, &fresh_name()));
    let link = link_token(&world.mail(&email, 1));
    let ask = |body: Value| world.post("register-confirm", CONFIRM, &body);
    let alone = ask(json!({ "token": link })).expect(400).json();
    assert_eq!(alone["error"]["details"][0]["field"], "password");
    let wrong = ask(json!({ "token": link, "password": "not the password" })).expect(401);
    assert_eq!(wrong.code(), "auth/invalid-credentials");
    let body = json!({ "token": link, "password": PASSWORD, "session": false });
    let made = ask(body.clone()).expect(201).json();
    assert!(
        made["accessToken"].is_null() && made["refreshToken"].is_null(),
        "{made}"
    );
    assert_eq!(ask(body).expect(400).code(), "auth/invalid-code");
    let _ = world.login(&email, PASSWORD).expect(200);
}

#[test]
fn an_address_with_an_account_is_told_so_by_mail_alone() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &REQUIRED);
    let email = fresh_email();
    let flow = register(&world, &account(&email, &fresh_name()));
    let body = json!({ "flow": flow, "code": code(&world.mail(&email, 1)) });
    let _ = world.post("register-confirm", CONFIRM, &body).expect(201);
    let again = register(&world, &account(&email, &fresh_name()));
    let mail = world.mail(&email, 2);
    assert_eq!(mail.kind, "account-exists");
    assert_eq!((&mail.code, &mail.link), (&None, &None));
    let resent = world
        .post("register-resend", RESEND, &json!({ "flow": again }))
        .expect(202);
    assert!(resent.json()["expiresIn"].is_u64());
    assert_eq!(world.mail(&email, 3).kind, "account-exists");
}

#[test]
fn two_who_register_one_address_do_not_meet_and_one_gets_it() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &REQUIRED);
    let email = fresh_email();
    let flows = ["mine", "yours"].map(|_| register(&world, &account(&email, &fresh_name())));
    let _ = world.mail(&email, 2);
    let mut codes: Vec<String> = world.mailbox.messages_to(&email).iter().map(code).collect();
    codes.reverse();
    let confirm = |flow: &str, code: &str| {
        let body = json!({ "flow": flow, "code": code });
        world.post("register-confirm", CONFIRM, &body)
    };
    // Each code is good with its own flow alone.
    let crossed = confirm(&flows[0], &codes[1]).expect(400);
    assert_eq!(crossed.code(), "auth/invalid-code");
    let _ = confirm(&flows[0], &codes[0]).expect(201);
    let late = confirm(&flows[1], &codes[1]).expect(409);
    assert_eq!(late.code(), "auth/email-already-exists");
}

#[test]
fn a_resend_repeats_the_mail_and_a_foreign_handle_is_refused() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &REQUIRED);
    let email = fresh_email();
    let flow = register(&world, &account(&email, &fresh_name()));
    let first = world.mail(&email, 1);
    let resent = world
        .post("register-resend", RESEND, &json!({ "flow": flow }))
        .expect(202);
    let second = world.mail(&email, 2);
    assert_eq!(
        (first.code.as_ref(), first.link.as_ref()),
        (second.code.as_ref(), second.link.as_ref())
    );
    let body = json!({ "flow": resent.json()["flow"], "code": code(&second) });
    let _ = world.post("register-confirm", CONFIRM, &body).expect(201);
    let forgot = json!({ "email": email });
    let other = world
        .post("password-forgot", "/api/auth/password/forgot", &forgot)
        .expect(202);
    for handle in [other.json()["flow"].clone(), json!("x")] {
        let refused = world.post("register-resend", RESEND, &json!({ "flow": handle }));
        assert_eq!(refused.expect(400).code(), "auth/invalid-code");
    }
}

#[test]
fn a_login_of_an_account_from_before_waits_for_its_proof() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &REQUIRED);
    // The admin's account was made without mail.
    let email = world.admin["user"]["email"].as_str().unwrap().to_owned();
    let wrong = world.login(&email, "not the password").expect(401);
    assert_eq!(wrong.code(), "auth/invalid-credentials");
    assert_eq!(
        world.login(&email, PASSWORD).expect(403).code(),
        "auth/email-not-verified"
    );
    let mail = world.mail(&email, 1);
    let body = json!({ "email": email, "code": code(&mail), "password": PASSWORD });
    let _ = world
        .post("verify-email", "/api/auth/verify-email", &body)
        .expect(200);
    let _ = world.login(&email, PASSWORD).expect(200);
}

#[test]
fn a_deleted_account_from_before_comes_back_by_a_proof_alone() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &REQUIRED);
    let before = world.variant("register", &[("BAKEND_AUTH_EMAIL_VERIFICATION", "off")]);
    let restore = |email: &str, password: &str| {
        let body = json!({ "email": email, "password": password });
        world.post("me-restore", "/api/auth/me/restore", &body)
    };
    for proven in [false, true] {
        let email = fresh_email();
        let body = json!({ "email": email, "password": PASSWORD });
        let event = Event::new("POST", "/api/auth/register").json(&body);
        let account = world.flow.apart.ask(&before, &event).expect(201).json();
        if proven {
            let endpoint = world.flow.apart.dynamo.endpoint();
            assert!(said(&admin_on(inside, &endpoint, &["verify", &email])).0);
        }
        let leave = Event::new("DELETE", "/api/auth/me").json(&json!({ "password": PASSWORD }));
        let leave = leave.token(&token(&account));
        let _ = world.reply("me-delete", &leave).expect(204);
        let wrong = restore(&email, "not the password").expect(401);
        assert_eq!(wrong.code(), "auth/invalid-credentials");
        let right = restore(&email, PASSWORD);
        if proven {
            let _ = right.expect(200);
            continue;
        }
        assert_eq!(right.expect(403).code(), "auth/email-not-verified");
        assert_eq!(
            world.login(&email, PASSWORD).expect(401).code(),
            "auth/invalid-credentials"
        );
        assert!(world.mailbox.messages_to(&email).is_empty());
    }
}
