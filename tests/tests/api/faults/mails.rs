//! Sign-ins by mail, and changes of one's own address.

use auth::proof::Purpose;
use blackbox::{Event, PASSWORD, Reply, fresh_email};
use serde_json::{Value, json};

use super::passkeys::enrolled;
use super::world::*;
use super::{Area, Row, row, suffer_all};
use crate::proofs::returning::{BACK, posting, trading, wish};
use crate::proofs::sent::{Sent, sent_to_flow, sent_to_user};
use crate::proofs::world::another;

const CHANGE: &str = "/api/auth/email/change";
const LINK: &str = "/api/auth/magic-link";

const ON: &[(&str, &str)] = &[("BAKEND_AUTH_MAGIC_LINK", "signUp")];
const TWO: &[(&str, &str)] = &[("BAKEND_AUTH_THROTTLE_ADDRESS_MAILS", "2")];

const ROWS: &[Row] = &[
    row!("email-change", "BatchGetItem", "_users", 0, change),
    row!("email-change", "GetItem", "_users", 0, change),
    row!("email-change", "PutItem", "_mail", 0, change),
    row!("email-change", "UpdateItem", "_mail", 0, change_again).told(TWO),
    row!("email-change", "GetItem", "_throttle", 0, change),
    row!("email-change", "PutItem", "_throttle", 0, change),
    row!("email-change", "UpdateItem", "_throttle", 0, change_again),
    row!("email-change", "DeleteItem", "_throttle", 0, change),
    row!("email-change-confirm", "BatchGetItem", "_users", 0, by_code),
    row!("email-change-confirm", "GetItem", "_users", 0, by_code),
    row!("email-change-confirm", "GetItem", "_mail", 0, by_link),
    row!("email-change-confirm", "UpdateItem", "_mail", 0, by_code),
    row!("email-change-confirm", "UpdateItem", "_users", 0, by_link),
    row!("email-change-confirm", "PutItem", "_users", 0, by_link),
    row!("email-change-confirm", "DeleteItem", "_users", 0, by_link),
    row!(
        "email-change-confirm",
        "UpdateItem",
        "_sessions",
        0,
        by_link
    ),
    row!("email-change-confirm", "DeleteItem", "_mail", 0, by_link),
    row!("email-change-confirm", "PutItem", "_throttle", 0, by_code),
    row!(
        "email-change-confirm",
        "UpdateItem",
        "_throttle",
        0,
        by_code
    ),
    row!("email-change-cancel", "BatchGetItem", "_users", 0, cancel),
    row!("email-change-cancel", "DeleteItem", "_mail", 0, cancel),
    row!("magic-link", "PutItem", "_mail", 0, ask).told(ON),
    row!("magic-link", "UpdateItem", "_mail", 0, ask_again).told(ON),
    row!("magic-link", "PutItem", "_throttle", 0, ask).told(ON),
    row!("magic-link", "UpdateItem", "_throttle", 0, ask_again).told(ON),
    row!("magic-link-verify", "GetItem", "_users", 0, enter).told(ON),
    row!("magic-link-verify", "UpdateItem", "_users", 0, enter).told(ON),
    row!("magic-link-verify", "DeleteItem", "_users", 0, enter).told(ON),
    row!("magic-link-verify", "PutItem", "_users", 0, sign_up).told(ON),
    row!("magic-link-verify", "PutItem", "_sessions", 0, enter).told(ON),
    row!("magic-link-verify", "GetItem", "_mail", 0, enter).told(ON),
    row!("magic-link-verify", "UpdateItem", "_mail", 0, sign_up).told(ON),
    row!("magic-link-verify", "DeleteItem", "_mail", 0, enter).told(ON),
    row!("magic-link-verify", "PutItem", "_throttle", 0, sign_up).told(ON),
    row!("magic-link-verify", "UpdateItem", "_throttle", 0, sign_up).told(ON),
    row!("oauth-exchange", "GetItem", "_mail", 0, come_back).told(&BACK),
    row!("oauth-exchange", "DeleteItem", "_mail", 0, come_back).told(&BACK),
];

#[test]
fn every_fault_is_503_or_success_and_nothing_is_half_done() {
    let Some(world) = World::new() else { return };
    // In the end the admins are counted, so there is one.
    let _ = world.admin();
    suffer_all(&world, Area::Mails, ROWS);
}

fn post(path: &str, body: &Value) -> Event {
    Event::new("POST", path).json(body)
}

fn asking(member: &Member, to: &str) -> Event {
    let body = json!({ "newEmail": to, "password": PASSWORD });
    post(CHANGE, &body).token(&member.access)
}

fn cancelling(member: &Member) -> Event {
    Event::new("DELETE", CHANGE).token(&member.access)
}

/// A change that is asked for can be asked for again.
fn change<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let event = asking(&member, &fresh_email());
    let again = event.clone();
    let look = move |_: &Reply| {
        let _ = world.ask("email-change", &again).expect(202);
    };
    Act {
        event,
        status: 202,
        look: Box::new(look),
    }
}

fn change_again<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let act = change(world, "");
    for source in ["198.51.100.1", "198.51.100.2"] {
        let event = act.event.clone().source_ip(source);
        let _ = world.ask("email-change", &event).expect(202);
    }
    act
}

fn cancel<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let _ = world
        .ask("email-change", &asking(&member, &fresh_email()))
        .expect(202);
    let event = cancelling(&member);
    let look = move |reply: &Reply| {
        let key = format!("code#email-change#{}", member.id);
        let is_own = |item: &Value| item["id"]["S"] == json!(key);
        let is_there = world.scan("_mail").iter().any(is_own);
        assert!(!is_there || reply.status != 204);
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

fn by_code<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    confirm(world, true)
}

fn by_link<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    confirm(world, false)
}

/// The user has one of the two addresses, signs in with it alone, and goes on in the session that asked.
fn confirm<'a>(world: &'a World<'_>, is_code: bool) -> Act<'a> {
    let (member, new) = (world.member(), fresh_email());
    let _ = world
        .ask("email-change", &asking(&member, &new))
        .expect(202);
    let Sent { code, token } = sent_to_user(&world.apart, Purpose::EmailChange, (&member.id, 1));
    let confirming = |body: Value| post(&format!("{CHANGE}/confirm"), &body).token(&member.access);
    let wrong = confirming(json!({ "code": another(&code) }));
    let _ = world.ask("email-change-confirm", &wrong).expect(400);
    let again = confirming(json!({ "token": token }));
    let event = if is_code {
        confirming(json!({ "code": code }))
    } else {
        again.clone()
    };
    let look = move |reply: &Reply| {
        let is_changed = world.login(&new).status == 200;
        assert!(is_changed || reply.status != 200);
        if !is_changed {
            let _ = world.login(&member.email).expect(200);
            let _ = world.ask("email-change-confirm", &again).expect(200);
        }
        let _ = world.login(&member.email).expect(401);
        assert!(world.is_signed_in(&member.access));
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

/// A mail that is asked for can be asked for again.
fn ask<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let event = post(LINK, &json!({ "email": fresh_email() }));
    let again = event.clone();
    let look = move |_: &Reply| {
        let _ = world.ask("magic-link", &again).expect(202);
    };
    Act {
        event,
        status: 202,
        look: Box::new(look),
    }
}

fn ask_again<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let email = fresh_email();
    let opened = world.ask("magic-link", &post(LINK, &json!({ "email": email })));
    let flow = opened.expect(202).json()["flow"].clone();
    let event = post(LINK, &json!({ "email": email, "flow": flow }));
    Act {
        event,
        ..ask(world, "")
    }
}

/// An account whose address nobody has proven is taken over wholly or not at all.
fn enter<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let _ = enrolled(world, &member);
    let opened = world.ask("magic-link", &post(LINK, &json!({ "email": member.email })));
    let flow = opened.expect(202).json()["flow"].clone();
    let owner = Some((member.id.as_str(), 1));
    let Sent { token, .. } = sent_to_flow(&world.apart, Purpose::MagicLink, &flow, owner);
    let event = post(&format!("{LINK}/verify"), &json!({ "token": token }));
    let again = event.clone();
    let look = move |reply: &Reply| {
        let is_taken = !world.is_signed_in(&member.access);
        assert!(is_taken || reply.status != 200);
        if !is_taken {
            let _ = world.login(&member.email).expect(200);
            let _ = world.ask("magic-link-verify", &again).expect(200);
        }
        let _ = world.login(&member.email).expect(401);
        let _ = world.ask("magic-link-verify", &again).expect(400);
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

/// An account is made with its session, or its code is as good as before.
fn sign_up<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let email = fresh_email();
    let opened = world.ask("magic-link", &post(LINK, &json!({ "email": email })));
    let flow = opened.expect(202).json()["flow"].clone();
    let Sent { code, token } = sent_to_flow(&world.apart, Purpose::MagicLink, &flow, None);
    let verifying = |body: &Value| post(&format!("{LINK}/verify"), body);
    let wrong = verifying(&json!({ "flow": flow, "code": another(&code) }));
    let _ = world.ask("magic-link-verify", &wrong).expect(400);
    let event = verifying(&json!({ "flow": flow, "code": code }));
    let again = verifying(&json!({ "token": token }));
    let look = move |reply: &Reply| {
        let key = format!("email#{email}");
        let is_own = |item: &Value| item["id"]["S"] == json!(key);
        let is_made = world.scan("_users").iter().any(is_own);
        assert!(is_made || reply.status != 200);
        let status = if is_made { 400 } else { 200 };
        let _ = world.ask("magic-link-verify", &again).expect(status);
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

/// An account is made with its session by the code of a mail's page, or the code is as good as before.
fn come_back<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let email = fresh_email();
    let opened = world.ask("magic-link", &post(LINK, &wish(&email)));
    let flow = opened.expect(202).json()["flow"].clone();
    let Sent { token, .. } = sent_to_flow(&world.apart, Purpose::MagicLink, &flow, None);
    let led = world.ask("magic-link-verify", &posting(&token));
    let event = trading(&led.expect(200).json(), &json!({}));
    let again = event.clone();
    let look = move |reply: &Reply| {
        let key = format!("email#{email}");
        let is_own = |item: &Value| item["id"]["S"] == json!(key);
        let is_made = world.scan("_users").iter().any(is_own);
        assert!(is_made || reply.status != 200);
        let status = if is_made { 400 } else { 200 };
        let _ = world.ask("oauth-exchange", &again).expect(status);
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}
