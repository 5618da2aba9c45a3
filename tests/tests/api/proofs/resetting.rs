//! Resets of a password by mail.

use blackbox::{PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

use super::world::{MailWorld, another, code, link_token, token};

const FORGOT: &str = "/api/auth/password/forgot";
const RESET: &str = "/api/auth/password/reset";
const NEW: &str = "another long password";

fn forgot(world: &MailWorld<'_>, body: Value) -> String {
    let reply = world.post("password-forgot", FORGOT, &body).expect(202);
    let opened = reply.json();
    // A mail that is sent again has what is left of its time.
    let seconds = opened["expiresIn"].as_u64().unwrap();
    assert!((1790..=1800).contains(&seconds), "{opened}");
    opened["flow"].as_str().unwrap().to_owned()
}

#[test]
fn a_code_with_its_flow_sets_a_password_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let session = token(&world.register(&email));
    let _verification = world.mail(&email, 1);
    let flow = forgot(&world, json!({ "email": email.to_uppercase() }));
    let mail = world.mail(&email, 2);
    assert_eq!(mail.kind, "password-reset");
    let reset = |flow: &str, code: &str, password: &str| {
        let body = json!({ "flow": flow, "code": code, "newPassword": password });
        world.post("password-reset", RESET, &body)
    };
    let right = code(&mail);
    assert_eq!(
        reset(&flow, &another(&right), NEW).expect(400).code(),
        "auth/invalid-code"
    );
    let weak = reset(&flow, &right, "short").expect(400).json();
    assert_eq!(weak["error"]["details"][0]["field"], "newPassword");
    let elsewhere = forgot(&world, json!({ "email": fresh_email() }));
    assert_eq!(
        reset(&elsewhere, &right, NEW).expect(400).code(),
        "auth/invalid-code"
    );
    let _ = reset(&flow, &right, NEW).expect(204);
    assert_eq!(
        reset(&flow, &right, NEW).expect(400).code(),
        "auth/invalid-code"
    );
    assert!(!world.stands(&session), "every session ends");
    assert_eq!(
        world.login(&email, PASSWORD).expect(401).code(),
        "auth/invalid-credentials"
    );
    let user = world.login(&email, NEW).expect(200).json()["user"].clone();
    assert!(user["emailVerifiedAt"].is_string(), "{user}");
}

#[test]
fn a_link_sets_a_password_anywhere_and_ends_its_code() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let _ = world.register(&email);
    let _verification = world.mail(&email, 1);
    let flow = forgot(&world, json!({ "email": email }));
    let mail = world.mail(&email, 2);
    let link = mail.link.clone().unwrap();
    let page = "http://localhost:8080/api/auth/pages/reset?token=";
    assert!(link.starts_with(page), "{link}");
    let body = json!({ "token": link_token(&mail), "newPassword": NEW });
    let _ = world.post("password-reset", RESET, &body).expect(204);
    let again = world.post("password-reset", RESET, &body).expect(400);
    assert_eq!(again.code(), "auth/invalid-code");
    let by_code = json!({ "flow": flow, "code": code(&mail), "newPassword": NEW });
    let by_code = world.post("password-reset", RESET, &by_code).expect(400);
    assert_eq!(by_code.code(), "auth/invalid-code");
    let _ = world.login(&email, NEW).expect(200);
}

#[test]
fn five_tries_end_a_code_and_not_its_link() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let _ = world.register(&email);
    let _verification = world.mail(&email, 1);
    let flow = forgot(&world, json!({ "email": email }));
    let mail = world.mail(&email, 2);
    let right = code(&mail);
    for number in 0..6 {
        let shown = if number < 5 {
            another(&right)
        } else {
            right.clone()
        };
        let body = json!({ "flow": flow, "code": shown, "newPassword": NEW });
        let refused = world.post("password-reset", RESET, &body).expect(400);
        assert_eq!(refused.code(), "auth/invalid-code", "{number}");
    }
    let body = json!({ "token": link_token(&mail), "newPassword": NEW });
    let _ = world.post("password-reset", RESET, &body).expect(204);
}

#[test]
fn a_repeated_request_sends_the_same_mail() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let _ = world.register(&email);
    let _verification = world.mail(&email, 1);
    let flow = forgot(&world, json!({ "email": email }));
    let first = world.mail(&email, 2);
    let again = forgot(&world, json!({ "email": email, "flow": flow }));
    let second = world.mail(&email, 3);
    assert_eq!(
        (first.code, first.link),
        (second.code.clone(), second.link.clone())
    );
    let body = json!({ "flow": again, "code": code(&second), "newPassword": NEW });
    let _ = world.post("password-reset", RESET, &body).expect(204);
}
