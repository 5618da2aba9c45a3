//! `auth.terms.version`: new users accept the terms, and all users those that come later.

use blackbox::{Event, PASSWORD, Reply, fresh_email, stack};
use serde_json::{Value, json};

use super::signing_in::{SIGN_UP, ask, verify};
use super::world::{MailWorld, code, link_token, token};
use crate::auth::look::invalid;

const REGISTER: &str = "/api/auth/register";
const TERMS: &str = "/api/auth/me/terms";
const FIRST: (&str, &str) = ("BAKEND_AUTH_TERMS_VERSION", "2026-01");
const SECOND: (&str, &str) = ("BAKEND_AUTH_TERMS_VERSION", "2026-11");

/// The terms of a user as they are kept.
fn kept(world: &MailWorld<'_>, email: &str) -> Value {
    let users = world.scan("local-_users");
    let user = users.iter().find(|user| user["email"]["S"] == email);
    user.unwrap()["terms"].clone()
}

fn register(world: &MailWorld<'_>, email: &str, version: Option<&Value>) -> Reply {
    let mut body = json!({ "email": email, "password": PASSWORD });
    if let Some(version) = version {
        body["termsVersion"] = version.clone();
    }
    world.post("register", REGISTER, &body)
}

/// Each version but the right one is refused by an attempt, and named.
fn refuses_others(attempt: impl Fn(Option<&Value>) -> Reply) {
    for (version, code) in [
        (None, "required"),
        (Some(json!(null)), "required"),
        (Some(json!("")), "terms"),
        (Some(json!("2025-01")), "terms"),
        (Some(json!("2026-01 ")), "terms"),
    ] {
        invalid(&attempt(version.as_ref()), &[("termsVersion", code)]);
    }
}

#[test]
fn a_registration_names_the_terms_that_it_accepts() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[FIRST]);
    let email = fresh_email();
    refuses_others(|version| register(&world, &email, version));
    let wrong_type = register(&world, &email, Some(&json!(1)));
    assert!(wrong_type.expect(400).text().contains("termsVersion"));
    let made = register(&world, &email, Some(&json!(FIRST.1)))
        .expect(201)
        .json();
    assert!(made["termsRequired"].is_null(), "{made}");
    assert!(made["user"]["terms"].is_null(), "{made}");
    let terms = kept(&world, &email);
    assert_eq!(terms["M"]["version"]["S"], FIRST.1);
    assert!(terms["M"]["accepted_at"].is_object(), "{terms}");
}

#[test]
fn a_registration_that_waits_keeps_its_consent() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let required = ("BAKEND_AUTH_EMAIL_VERIFICATION", "required");
    let world = MailWorld::new(inside, &[FIRST, required]);
    let email = fresh_email();
    refuses_others(|version| register(&world, &email, version));
    assert_eq!(world.mailbox.messages_to(&email).len(), 0);
    let opened = register(&world, &email, Some(&json!(FIRST.1)))
        .expect(202)
        .json();
    let body = json!({ "flow": opened["flow"], "code": code(&world.mail(&email, 1)) });
    let made = world.post("register-confirm", "/api/auth/register/confirm", &body);
    assert!(made.expect(201).json()["termsRequired"].is_null());
    assert_eq!(kept(&world, &email)["M"]["version"]["S"], FIRST.1);
}

#[test]
fn a_sign_up_by_mail_accepts_and_a_sign_in_needs_not() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[FIRST, SIGN_UP]);
    let email = fresh_email();
    let flow = ask(&world, &email);
    let body = |version: Option<&Value>| {
        let mut body = json!({ "flow": flow, "code": code(&world.mail(&email, 1)), "name": "Ada" });
        if let Some(version) = version {
            body["termsVersion"] = version.clone();
        }
        body
    };
    let old = verify(&world, &body(Some(&json!("2025-01"))));
    invalid(&old, &[("termsVersion", "terms")]);
    invalid(
        &verify(&world, &body(None)),
        &[("termsVersion", "required")],
    );
    let made = verify(&world, &body(Some(&json!(FIRST.1))))
        .expect(200)
        .json();
    assert_eq!(
        (&made["isNewUser"], &made["termsRequired"]),
        (&json!(true), &json!(null))
    );
    assert_eq!(kept(&world, &email)["M"]["version"]["S"], FIRST.1);
    let again = ask(&world, &email);
    let body = json!({ "flow": again, "code": code(&world.mail(&email, 2)) });
    let entered = verify(&world, &body).expect(200).json();
    assert!(entered["termsRequired"].is_null(), "{entered}");
}

#[test]
fn a_new_account_by_invitation_accepts_and_a_user_needs_not() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[FIRST]);
    let accept = |body: &Value| {
        let path = "/api/auth/invitations/accept";
        world.post("invitations-accept", path, body)
    };
    let invite = |email: &str, mails: usize| {
        let event = Event::new("POST", "/api/auth/invitations").json(&json!({ "email": email }));
        let _ = world.ask("invitations-create", event, 201);
        link_token(&world.mail(email, mails))
    };
    let email = fresh_email();
    let link = invite(&email, 1);
    refuses_others(|version| {
        let mut body = json!({ "token": link, "password": PASSWORD });
        if let Some(version) = version {
            body["termsVersion"] = version.clone();
        }
        accept(&body)
    });
    let page = Event::new("GET", &format!("/api/auth/pages/invitation?token={link}"));
    let page = world.reply("pages", &page).expect(200);
    assert!(
        page.text().contains(FIRST.1) && page.text().contains("checkbox"),
        "{}",
        page.text()
    );
    let body = json!({ "token": link, "password": PASSWORD, "termsVersion": FIRST.1 });
    let made = accept(&body).expect(201).json();
    assert_eq!(kept(&world, &email)["M"]["version"]["S"], FIRST.1);
    let link = invite(&email, 2);
    let path = "/api/auth/invitations/accept";
    let as_user = |body: &Value| world.post_as(&token(&made), "invitations-accept", path, body);
    let refused = as_user(&json!({ "token": link, "termsVersion": FIRST.1 }));
    invalid(&refused, &[("termsVersion", "either-or")]);
    let _ = as_user(&json!({ "token": link })).expect(200);
}

#[test]
fn a_user_of_older_terms_hears_of_it_at_a_sign_in_and_accepts_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[("BAKEND_AUTH_TERMS_VERSION", "")]);
    let email = fresh_email();
    let none = register(&world, &email, Some(&json!(FIRST.1)));
    invalid(&none, &[("termsVersion", "unknown-field")]);
    let made = world.register(&email);
    assert!(made["termsRequired"].is_null(), "{made}");
    let off = world.post_as(
        &token(&made),
        "me-terms",
        TERMS,
        &json!({ "version": FIRST.1 }),
    );
    assert_eq!(off.expect(403).code(), "auth/method-disabled");

    let member = stack().member();
    let credentials = json!({ "email": &member.email, "password": PASSWORD });
    let login = Event::new("POST", "/api/auth/login").json(&credentials);
    let sign_in = |terms: (&str, &str)| {
        let function = inside.variant("login", "terms", 1, &[terms]);
        function.invoke(&login).expect(200).json()
    };
    let accept = |terms: (&str, &str), version: &str| {
        let function = inside.variant("me-terms", "terms", 1, &[terms]);
        let event = Event::new("POST", TERMS).json(&json!({ "version": version }));
        function.invoke(&event.token(member.token.as_deref().unwrap()))
    };
    assert_eq!(sign_in(FIRST)["termsRequired"], true);
    let before = accept(SECOND, FIRST.1);
    invalid(&before, &[("version", "terms")]);
    let user = accept(FIRST, FIRST.1).expect(200).json();
    assert_eq!(user["email"], member.email.as_str());
    assert!(sign_in(FIRST)["termsRequired"].is_null());
    let _ = accept(FIRST, FIRST.1).expect(200);
    assert_eq!(sign_in(SECOND)["termsRequired"], true);
    let _ = accept(SECOND, SECOND.1).expect(200);
    assert!(sign_in(SECOND)["termsRequired"].is_null());
    assert_eq!(sign_in(FIRST)["termsRequired"], true);
}
