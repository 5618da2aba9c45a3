//! Sign-ins by mail.

use blackbox::{Event, PASSWORD, Reply, fresh_email, stack};
use serde_json::{Value, json};

use super::world::{MailWorld, another, code, link_token, token};
use crate::auth::forge::claims;

pub(super) const LINK: &str = "/api/auth/magic-link";
pub(super) const VERIFY: &str = "/api/auth/magic-link/verify";
pub(super) const SIGN_IN: (&str, &str) = ("BAKEND_AUTH_MAGIC_LINK", "signIn");
pub(super) const SIGN_UP: (&str, &str) = ("BAKEND_AUTH_MAGIC_LINK", "signUp");

/// Asks for a mail; returns the flow.
pub(super) fn ask(world: &MailWorld<'_>, email: &str) -> String {
    let opened = world.post("magic-link", LINK, &json!({ "email": email }));
    let opened = opened.expect(202).json();
    assert_eq!(opened["expiresIn"], 600);
    assert_eq!(opened.as_object().unwrap().len(), 2, "{opened}");
    opened["flow"].as_str().unwrap().to_owned()
}

pub(super) fn verify(world: &MailWorld<'_>, body: &Value) -> Reply {
    world.post("magic-link-verify", VERIFY, body)
}

pub(super) fn is_invalid(reply: Reply) {
    assert_eq!(reply.expect(400).code(), "auth/invalid-code");
}

/// A new account whose address is proven; its reply, and how many mails it has got.
pub(super) fn proven(world: &MailWorld<'_>, email: &str) -> Value {
    let account = world.register(email);
    let body = json!({ "code": code(&world.mail(email, 1)) });
    let path = "/api/auth/verify-email";
    let _ = world
        .post_as(&token(&account), "verify-email", path, &body)
        .expect(200);
    account
}

#[test]
fn a_code_with_its_flow_signs_in_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[SIGN_IN]);
    let email = fresh_email();
    let before = token(&proven(&world, &email));
    let flow = ask(&world, &email.to_uppercase());
    let mail = world.mail(&email, 2);
    assert_eq!(mail.kind, "magic-link");
    assert!(mail.link.is_none(), "no page signs in: {:?}", mail.link);
    let right = code(&mail);
    let wrong = json!({ "flow": flow, "code": another(&right) });
    is_invalid(verify(&world, &wrong));
    let elsewhere = ask(&world, &fresh_email());
    is_invalid(verify(&world, &json!({ "flow": elsewhere, "code": right })));
    let body = json!({ "flow": flow, "code": right });
    let entered = verify(&world, &body).expect(200).json();
    assert_eq!(entered["user"]["email"], json!(email));
    assert_eq!(entered["isNewUser"], json!(false));
    assert!(entered["refreshToken"].is_string(), "{entered}");
    let access = token(&entered);
    assert_eq!(claims(&access)["amr"], json!(["email"]));
    assert!(claims(&access)["auth_time"].is_u64());
    is_invalid(verify(&world, &body));
    assert!(world.stands(&access) && world.stands(&before));
    let _ = world.login(&email, PASSWORD).expect(200);
    // It is a recent authentication, too.
    let change = json!({ "newEmail": fresh_email() });
    let _ = world
        .post_as(&access, "email-change", "/api/auth/email/change", &change)
        .expect(202);
}

#[test]
fn a_link_leads_to_the_app_which_posts_its_token() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let link = "https://app.example.com/in?token={token}";
    let links = ("BAKEND_MAIL_LINKS_MAGIC_LINK", link);
    let world = MailWorld::new(inside, &[SIGN_IN, links]);
    let email = fresh_email();
    let _ = proven(&world, &email);
    let flow = ask(&world, &email);
    let mail = world.mail(&email, 2);
    let shown = mail.link.clone().unwrap();
    assert!(
        shown.starts_with("https://app.example.com/in?token="),
        "{shown}"
    );
    let entered = verify(&world, &json!({ "token": link_token(&mail) }));
    assert!(world.stands(&token(&entered.expect(200).json())));
    is_invalid(verify(&world, &json!({ "token": link_token(&mail) })));
    is_invalid(verify(
        &world,
        &json!({ "flow": flow, "code": code(&mail) }),
    ));
}

#[test]
fn nobody_signs_in_by_mail_where_it_is_off() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let refused = world.post("magic-link", LINK, &json!({ "email": email }));
    assert_eq!(refused.expect(403).code(), "auth/method-disabled");
    let refused = verify(&world, &json!({ "token": "x" }));
    assert_eq!(refused.expect(403).code(), "auth/method-disabled");
}

#[test]
fn an_unknown_or_disabled_address_gets_no_mail_and_the_same_reply() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[SIGN_IN]);
    let (unknown, disabled, known) = (fresh_email(), fresh_email(), fresh_email());
    let id = world.register(&disabled)["user"]["id"].clone();
    let _verification = world.mail(&disabled, 1);
    let path = format!("/api/users/{}", id.as_str().unwrap());
    let event = Event::new("PATCH", &path).json(&json!({ "disabled": true }));
    let _ = world.ask("users-update", event, 200);
    let _ = proven(&world, &known);
    let flows = [&unknown, &disabled, &known].map(|email| ask(&world, email));
    assert_eq!(flows[0].len(), flows[2].len());
    assert_eq!(flows[1].len(), flows[2].len());
    // Its lane may be another: all are looked at before the last request.
    let _ = world.mail(&known, 2);
    let decided = || {
        let items = world.scan("local-_mail").into_iter();
        items
            .filter(|item| item["purpose"]["S"] == "magic-link")
            .filter(|item| item["mail"]["S"] == "dropped")
            .count()
    };
    assert_eq!(world.until(decided, |count| *count >= 2), 2);
    assert_eq!(world.mailbox.messages_to(&unknown).len(), 0);
    assert_eq!(world.mailbox.messages_to(&disabled).len(), 1);
}

#[test]
fn a_sign_up_makes_the_account_that_nobody_had() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[SIGN_UP]);
    let email = fresh_email();
    let flow = ask(&world, &email);
    let body = |badge: u64| json!({ "flow": flow, "code": code(&world.mail(&email, 1)), "name": "Ada", "badge": badge });
    let badge = 700_000 + u64::from(std::process::id());
    let holder = json!({ "email": fresh_email(), "password": PASSWORD, "badge": badge });
    let _ = world
        .post("register", "/api/auth/register", &holder)
        .expect(201);
    let taken = verify(&world, &body(badge)).expect(409);
    assert_eq!(taken.code(), "users/unique-violation");
    let wrong = json!({ "flow": flow, "code": code(&world.mail(&email, 1)), "name": 1, "nope": 2 });
    let wrong = verify(&world, &wrong).expect(400).json();
    let fields = wrong["error"]["details"].as_array().unwrap().iter();
    let mut fields: Vec<&Value> = fields.map(|detail| &detail["field"]).collect();
    fields.sort_by_key(|field| field.to_string());
    assert_eq!(fields, [&json!("name"), &json!("nope")]);
    let made = verify(&world, &body(badge + 1)).expect(200).json();
    assert_eq!(made["isNewUser"], json!(true));
    assert_eq!(made["user"]["name"], "Ada");
    assert!(made["user"]["emailVerifiedAt"].is_string(), "{made}");
    assert!(world.stands(&token(&made)));
    let _ = world.login(&email, PASSWORD).expect(401);
    let again = ask(&world, &email);
    let body = json!({ "flow": again, "code": code(&world.mail(&email, 2)), "name": "Eve" });
    let entered = verify(&world, &body).expect(200).json();
    assert_eq!(entered["isNewUser"], json!(false));
    assert_eq!(entered["user"]["name"], "Ada", "an account keeps its own");
}

#[test]
fn two_flows_of_a_new_address_are_two_sign_ins_of_one_account() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[SIGN_UP]);
    let email = fresh_email();
    let flows = [ask(&world, &email), ask(&world, &email)];
    let _ = world.mail(&email, 2);
    let mut codes: Vec<String> = world.mailbox.messages_to(&email).iter().map(code).collect();
    codes.reverse();
    let enter = |at: usize| {
        let body = json!({ "flow": flows[at], "code": codes[at] });
        verify(&world, &body).expect(200).json()
    };
    let (first, second) = (enter(0), enter(1));
    assert_eq!(first["isNewUser"], json!(true));
    assert_eq!(second["isNewUser"], json!(false));
    assert_eq!(first["user"]["id"], second["user"]["id"]);
}

#[test]
fn a_closed_registration_binds_a_sign_up() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[SIGN_UP]);
    let email = fresh_email();
    let flow = ask(&world, &email);
    let body = json!({ "flow": flow, "code": code(&world.mail(&email, 1)) });
    let closed = [("BAKEND_AUTH_REGISTRATION_ENABLED", "false")];
    let closed = world.variant("magic-link-verify", &closed);
    let event = Event::new("POST", VERIFY).json(&body);
    let refused = world.flow.apart.ask(&closed, &event).expect(403);
    assert_eq!(refused.code(), "auth/registration-not-allowed");
    let _ = verify(&world, &body).expect(200);
}

#[test]
fn an_account_without_a_password_is_deleted_by_a_recent_session() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[SIGN_UP]);
    let email = fresh_email();
    let flow = ask(&world, &email);
    let body = json!({ "flow": flow, "code": code(&world.mail(&email, 1)), "name": "Ada" });
    let access = token(&verify(&world, &body).expect(200).json());
    let delete = |body: &Value, access: &str| {
        Event::new("DELETE", "/api/auth/me")
            .json(body)
            .token(access)
    };
    let wrong = delete(&json!({ "password": PASSWORD }), &access);
    let wrong = world.reply("me-delete", &wrong).expect(400).json();
    assert_eq!(wrong["error"]["details"][0]["field"], "password");
    let later = world.variant("me-delete", &[("BAKEND_CLOCK_OFFSET", "11m")]);
    let late = world.flow.apart.ask(&later, &delete(&json!({}), &access));
    assert_eq!(late.expect(403).code(), "auth/reauthentication-required");
    assert!(world.stands(&access));
    let _ = world
        .reply("me-delete", &delete(&json!({}), &access))
        .expect(204);
    assert!(!world.stands(&access));

    // A recent session does not stand for the password of an account that has one.
    let other = token(&world.register(&fresh_email()));
    let refused = world
        .reply("me-delete", &delete(&json!({}), &other))
        .expect(400)
        .json();
    let detail = &refused["error"]["details"][0];
    assert_eq!(
        (&detail["field"], &detail["code"]),
        (&json!("password"), &json!("required"))
    );
    assert!(world.stands(&other));
}

#[test]
fn a_deleted_account_comes_back_where_that_is_asked_for() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[SIGN_IN]);
    for is_proven in [true, false] {
        let email = fresh_email();
        let account = if is_proven {
            proven(&world, &email)
        } else {
            world.register(&email)
        };
        let _verification = world.mail(&email, 1);
        let delete = Event::new("DELETE", "/api/auth/me").json(&json!({ "password": PASSWORD }));
        let delete = delete.token(&token(&account));
        let _ = world.reply("me-delete", &delete).expect(204);
        let flow = ask(&world, &email);
        let right = code(&world.mail(&email, 2));
        let body = json!({ "flow": flow, "code": right });
        for _ in 0..2 {
            let deleted = verify(&world, &body).expect(409);
            assert_eq!(deleted.code(), "auth/account-deleted");
        }
        let body = json!({ "flow": flow, "code": right, "restore": true });
        let back = verify(&world, &body).expect(200).json();
        assert_eq!(back["user"]["id"], account["user"]["id"]);
        assert_eq!(back["isNewUser"], json!(false));
        assert!(world.stands(&token(&back)));
        let status = if is_proven { 200 } else { 401 };
        let _ = world.login(&email, PASSWORD).expect(status);
        assert!(!world.stands(&token(&account)), "deleted once");
    }
}
