//! Sign-ins by mail whose page leads back to the app, with a code for the holder of a verifier.

use blackbox::provider::challenge;
use blackbox::{Event, PASSWORD, Reply, fresh_email, shown, stack};
use serde_json::{Value, json};

use super::signing_in::{LINK, VERIFY, is_invalid, proven, verify};
use super::world::{MailWorld, link_token, token};

const EXCHANGE: &str = "/api/auth/oauth/exchange";
const APP: &str = "https://app.example.com/in";
const VERIFIER: &str = "a-mail-has-a-verifier-of-43-characters-bbbb";

/// The variables of functions that sign in and up by mail, and lead back to the app.
pub(crate) const BACK: [(&str, &str); 3] = [
    ("BAKEND_AUTH_MAGIC_LINK", "signUp"),
    ("BAKEND_AUTH_REDIRECTS", r#"["https://app.example.com/in"]"#),
    ("BAKEND_MAIL_FROM", "mail@example.com"),
];

/// The body that asks for a mail whose page leads back.
pub(crate) fn wish(email: &str) -> Value {
    json!({ "email": email, "redirectTo": APP, "codeChallenge": challenge(VERIFIER) })
}

/// The request of the page.
pub(crate) fn posting(token: &str) -> Event {
    Event::new("POST", VERIFY).json(&json!({ "token": token, "session": false }))
}

/// The request by which the app trades what the page has led back with.
pub(crate) fn trading(led: &Value, more: &Value) -> Event {
    Event::new("POST", EXCHANGE).json(&merged(&body(led), more))
}

/// The body of an app that holds the verifier.
fn body(led: &Value) -> Value {
    let to = led["redirectTo"].as_str().unwrap();
    let code = to.strip_prefix(&format!("{APP}?code=")).unwrap();
    json!({ "code": code, "codeVerifier": VERIFIER })
}

fn merged(body: &Value, more: &Value) -> Value {
    let mut body = body.clone();
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// Asks for a mail; the token of its link, which leads to the page.
fn mailed(world: &MailWorld<'_>, email: &str, count: usize) -> String {
    shown::add(VERIFIER);
    let _ = world.post("magic-link", LINK, &wish(email)).expect(202);
    let mail = world.mail(email, count);
    let link = mail.link.clone().unwrap();
    let page = "http://localhost:8080/api/auth/pages/magic-link?token=";
    assert!(link.starts_with(page), "{link}");
    link_token(&mail)
}

/// The reply that leads the page back.
fn led(world: &MailWorld<'_>, token: &str) -> Value {
    let led = world.reply("magic-link-verify", &posting(token));
    let led = led.expect(200).json();
    assert_eq!(led.as_object().unwrap().len(), 1, "no token: {led}");
    led
}

fn exchange(world: &MailWorld<'_>, led: &Value, more: &Value) -> Reply {
    world.reply("oauth-exchange", &trading(led, more))
}

fn is_refused(reply: Reply) {
    assert_eq!(reply.expect(400).code(), "auth/invalid-oauth-code");
}

#[test]
fn the_page_leads_back_and_the_code_signs_in_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &BACK);
    let email = fresh_email();
    let account = proven(&world, &email);
    let link = mailed(&world, &email, 2);
    let page = Event::new("GET", &format!("/api/auth/pages/magic-link?token={link}"));
    let page = world.reply("pages", &page).expect(200);
    let text = page.text();
    assert!(
        text.contains("../magic-link/verify") && text.contains("<button"),
        "{text}"
    );
    // Nothing is used up by the page, so that it may be sent twice.
    let (first, second) = (led(&world, &link), led(&world, &link));
    let other = json!({ "codeVerifier": "x".repeat(43) });
    is_refused(exchange(&world, &first, &other));
    let entered = exchange(&world, &first, &json!({})).expect(200).json();
    assert_eq!(entered["user"]["id"], account["user"]["id"]);
    assert_eq!(entered["isNewUser"], json!(false));
    assert_eq!(entered["linkedByEmail"], json!(false));
    assert!(world.stands(&token(&entered)));
    is_refused(exchange(&world, &first, &json!({})));
    is_refused(exchange(&world, &second, &json!({})));
    is_invalid(verify(&world, &json!({ "token": link })));
    is_invalid(world.reply("magic-link-verify", &posting(&link)));
}

#[test]
fn a_code_of_a_mail_is_late_after_a_minute() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &BACK);
    let email = fresh_email();
    let _ = proven(&world, &email);
    let led = led(&world, &mailed(&world, &email, 2));
    let later = [&BACK[..], &[("BAKEND_CLOCK_OFFSET", "61s")]].concat();
    let later = world.variant("oauth-exchange", &later);
    let event = trading(&led, &json!({}));
    is_refused(world.flow.apart.ask(&later, &event));
    let _ = exchange(&world, &led, &json!({})).expect(200);
}

#[test]
fn a_new_address_signs_up_when_its_code_is_traded() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &BACK);
    let email = fresh_email();
    let led = led(&world, &mailed(&world, &email, 1));
    let wrong = exchange(&world, &led, &json!({ "nope": 1 })).expect(400);
    assert_eq!(wrong.code(), "common/validation-failed");
    let made = exchange(&world, &led, &json!({ "name": "Ada" }));
    let made = made.expect(200).json();
    assert_eq!(made["isNewUser"], json!(true));
    assert_eq!(made["user"]["name"], "Ada");
    assert!(made["user"]["emailVerifiedAt"].is_string(), "{made}");
    is_refused(exchange(&world, &led, &json!({ "name": "Eve" })));
}

#[test]
fn a_code_of_a_mail_takes_an_unproven_account_over_and_links_nothing() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &BACK);
    let email = fresh_email();
    let account = world.register(&email);
    let _verification = world.mail(&email, 1);
    let led = led(&world, &mailed(&world, &email, 2));
    // It is no account at a provider.
    let other = token(&proven(&world, &fresh_email()));
    let event = Event::new("POST", "/api/auth/accounts").json(&body(&led));
    is_refused(world.reply("accounts-link", &event.token(&other)));
    let event = Event::new("POST", "/api/auth/accounts/check").json(&body(&led));
    is_refused(world.reply("accounts-check", &event));
    let entered = exchange(&world, &led, &json!({})).expect(200).json();
    assert_eq!(entered["user"]["id"], account["user"]["id"]);
    assert!(!world.stands(&token(&account)));
    let _ = world.login(&email, PASSWORD).expect(401);
}

#[test]
fn nothing_leads_back_without_a_challenge_and_an_address_of_the_settings() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &BACK);
    let ask = |more: Value| {
        let body = merged(&wish(&fresh_email()), &more);
        world.post("magic-link", LINK, &body)
    };
    let elsewhere = ask(json!({ "redirectTo": "https://evil.example/in" }));
    assert_eq!(elsewhere.expect(400).code(), "auth/redirect-not-allowed");
    for wrong in [
        json!({ "codeChallenge": "short" }),
        json!({ "codeChallenge": "+".repeat(43) }),
        json!({ "codeChallenge": null }),
        json!({ "redirectTo": null }),
    ] {
        let refused = ask(wrong.clone()).expect(400);
        assert_eq!(refused.code(), "common/validation-failed", "{wrong}");
    }
    let opened = ask(json!({})).expect(202).json();
    let body = json!({ "flow": opened["flow"], "code": "01234567", "session": false });
    let refused = verify(&world, &body).expect(400).json();
    assert_eq!(refused["error"]["details"][0]["field"], "session");

    let links = (
        "BAKEND_MAIL_LINKS_MAGIC_LINK",
        "https://app.example.com/in?token={token}",
    );
    let world = MailWorld::new(inside, &[&BACK[..], &[links]].concat());
    let email = fresh_email();
    let _ = world
        .post("magic-link", LINK, &json!({ "email": email }))
        .expect(202);
    let plain = link_token(&world.mail(&email, 1));
    let refused = world.reply("magic-link-verify", &posting(&plain));
    let refused = refused.expect(400).json();
    assert_eq!(refused["error"]["details"][0]["field"], "session");
    let _ = verify(&world, &json!({ "token": plain })).expect(200);
}
