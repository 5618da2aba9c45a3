//! Registrations that wait, verification of an address, resets of a password, and a password that is proven once more.

use auth::proof::Purpose;
use blackbox::{Event, PASSWORD, Reply, fresh_email};
use serde_json::{Value, json};

use super::passkeys::enrolled;
use super::world::*;
use super::{Area, Row, row, suffer_all};
use crate::proofs::sent::{Sent, sent_to_flow, sent_to_user};
use crate::proofs::world::another;

const NEW: &str = "another long password";

const ROWS: &[Row] = &[
    row!("password-forgot", "PutItem", "_mail", 0, forget),
    row!("password-forgot", "UpdateItem", "_mail", 0, forget_again),
    row!("password-forgot", "PutItem", "_throttle", 0, forget),
    row!(
        "password-forgot",
        "UpdateItem",
        "_throttle",
        0,
        forget_again
    ),
    row!("password-reset", "GetItem", "_mail", 0, reset_by_link),
    row!("password-reset", "GetItem", "_users", 0, reset_by_link),
    row!("password-reset", "UpdateItem", "_users", 0, reset_by_link),
    row!("password-reset", "DeleteItem", "_users", 0, reset_by_link),
    row!("password-reset", "UpdateItem", "_mail", 0, reset_by_code),
    row!("password-reset", "DeleteItem", "_mail", 0, reset_by_link),
    row!("password-reset", "PutItem", "_throttle", 0, reset_by_code),
    row!(
        "password-reset",
        "UpdateItem",
        "_throttle",
        0,
        reset_by_code
    ),
    row!(
        "password-reset",
        "DeleteItem",
        "_throttle",
        0,
        reset_by_link
    ),
    row!("verify-email", "BatchGetItem", "_users", 0, verify),
    row!("verify-email", "UpdateItem", "_users", 0, verify),
    row!("verify-email", "UpdateItem", "_mail", 0, verify),
    row!("verify-email", "DeleteItem", "_mail", 0, verify),
    row!("verify-email", "GetItem", "_users", 0, verify_stranger),
    row!("verify-email", "GetItem", "_mail", 0, verify_stranger),
    row!("verify-email", "PutItem", "_sessions", 0, verify_stranger),
    row!("verify-email", "PutItem", "_throttle", 0, verify_stranger),
    row!(
        "verify-email",
        "DeleteItem",
        "_throttle",
        0,
        verify_stranger
    ),
    row!("verify-email-resend", "BatchGetItem", "_users", 0, resend),
    row!("verify-email-resend", "PutItem", "_mail", 0, resend),
    row!("verify-email-resend", "UpdateItem", "_mail", 0, resend),
    row!("verify-email-resend", "PutItem", "_throttle", 0, resend),
    row!("register-resend", "UpdateItem", "_mail", 0, register_resend),
    row!(
        "register-resend",
        "PutItem",
        "_throttle",
        0,
        register_resend
    ),
    row!("register-confirm", "GetItem", "_mail", 0, confirm_by_link),
    row!("register-confirm", "GetItem", "_users", 0, confirm_by_link),
    row!("register-confirm", "PutItem", "_users", 0, confirm_by_code),
    row!(
        "register-confirm",
        "PutItem",
        "_sessions",
        0,
        confirm_by_code
    ),
    row!(
        "register-confirm",
        "UpdateItem",
        "_mail",
        0,
        confirm_by_code
    ),
    row!(
        "register-confirm",
        "DeleteItem",
        "_mail",
        0,
        confirm_by_code
    ),
    row!(
        "register-confirm",
        "DeleteItem",
        "_throttle",
        0,
        confirm_by_link
    ),
    row!(
        "reauthenticate",
        "BatchGetItem",
        "_users",
        0,
        reauthenticate
    ),
    row!("reauthenticate", "GetItem", "_users", 0, reauthenticate),
    row!("reauthenticate", "PutItem", "_sessions", 0, reauthenticate),
    row!(
        "reauthenticate",
        "UpdateItem",
        "_sessions",
        0,
        reauthenticate
    ),
    row!("reauthenticate", "PutItem", "_throttle", 0, reauthenticate),
    row!(
        "reauthenticate",
        "DeleteItem",
        "_throttle",
        0,
        reauthenticate
    ),
];

#[test]
fn every_fault_is_503_or_success_and_nothing_is_half_done() {
    let Some(world) = World::new() else { return };
    // In the end the admins are counted, so there is one.
    let _ = world.admin();
    suffer_all(&world, Area::Proofs, ROWS);
}

fn post(path: &str, body: &Value) -> Event {
    Event::new("POST", path).json(body)
}

fn forgetting(email: &str, flow: Option<&Value>) -> Event {
    post(
        "/api/auth/password/forgot",
        &json!({ "email": email, "flow": flow }),
    )
}

/// A mail that is asked for can be asked for again.
fn again<'a>(world: &'a World<'_>, function: &'static str, event: Event, status: u16) -> Act<'a> {
    let once_more = event.clone();
    let look = move |_: &Reply| {
        let _ = world.ask(function, &once_more).expect(status);
    };
    Act {
        event,
        status,
        look: Box::new(look),
    }
}

fn forget<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    again(
        world,
        "password-forgot",
        forgetting(&fresh_email(), None),
        202,
    )
}

fn forget_again<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let email = fresh_email();
    let opened = world.ask("password-forgot", &forgetting(&email, None));
    let flow = opened.expect(202).json()["flow"].clone();
    again(
        world,
        "password-forgot",
        forgetting(&email, Some(&flow)),
        202,
    )
}

fn reset_by_code<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    reset(world, true)
}

fn reset_by_link<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    reset(world, false)
}

/// The password is the old one or the new one, and every session ends with the old one.
fn reset<'a>(world: &'a World<'_>, is_code: bool) -> Act<'a> {
    let member = world.member();
    let _ = enrolled(world, &member);
    let opened = world.ask("password-forgot", &forgetting(&member.email, None));
    let flow = opened.expect(202).json()["flow"].clone();
    let owner = Some((member.id.as_str(), 1));
    let Sent { code, token } = sent_to_flow(&world.apart, Purpose::PasswordReset, &flow, owner);
    let setting = |body: &Value| post("/api/auth/password/reset", body);
    let wrong = json!({ "flow": flow, "code": another(&code), "newPassword": NEW });
    let _ = world.ask("password-reset", &setting(&wrong)).expect(400);
    let by_link = setting(&json!({ "token": token, "newPassword": NEW }));
    let by_code = setting(&json!({ "flow": flow, "code": code, "newPassword": NEW }));
    let event = if is_code { by_code } else { by_link.clone() };
    let look = move |reply: &Reply| {
        let is_set = !world.is_signed_in(&member.access);
        assert!(is_set || reply.status != 204);
        let old = if is_set { 401 } else { 200 };
        let _ = world.login(&member.email).expect(old);
        let rest = if is_set { 400 } else { 204 };
        let _ = world.ask("password-reset", &by_link).expect(rest);
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

fn resending(member: &Member) -> Event {
    Event::new("POST", "/api/auth/verify-email/resend").token(&member.access)
}

fn resend<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    again(
        world,
        "verify-email-resend",
        resending(&world.member()),
        202,
    )
}

fn verify<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    verification(world, true)
}

fn verify_stranger<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    verification(world, false)
}

/// The address is proven and the proof used up, or neither.
fn verification<'a>(world: &'a World<'_>, is_signed_in: bool) -> Act<'a> {
    let member = world.member();
    let _ = world
        .ask("verify-email-resend", &resending(&member))
        .expect(202);
    let owner = (member.id.as_str(), 1);
    let Sent { code, token } = sent_to_user(&world.apart, Purpose::VerifyEmail, owner);
    let path = "/api/auth/verify-email";
    let by_link = post(path, &json!({ "token": token, "password": PASSWORD }));
    let event = if is_signed_in {
        post(path, &json!({ "code": code })).token(&member.access)
    } else {
        by_link.clone()
    };
    let look = move |reply: &Reply| {
        let me = Event::new("GET", "/api/auth/me").token(&member.access);
        let me = world.ask("me-get", &me).expect(200).json();
        let is_proven = me["emailVerifiedAt"].is_string();
        assert!(is_proven || reply.status != 200);
        let rest = if is_proven { 400 } else { 200 };
        let _ = world.ask("verify-email", &by_link).expect(rest);
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

/// A registration that waits: its flow.
fn waiting(world: &World<'_>, email: &str) -> Value {
    let body = json!({ "email": email, "password": PASSWORD });
    let opened = world.register_waiting(&post("/api/auth/register", &body));
    opened.expect(202).json()["flow"].clone()
}

fn register_resend<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let flow = waiting(world, &fresh_email());
    let event = post("/api/auth/register/resend", &json!({ "flow": flow }));
    again(world, "register-resend", event, 202)
}

fn confirm_by_code<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    confirm(world, true)
}

fn confirm_by_link<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    confirm(world, false)
}

/// The account is there with its session, or the registration waits as before.
fn confirm<'a>(world: &'a World<'_>, is_code: bool) -> Act<'a> {
    let email = fresh_email();
    let flow = waiting(world, &email);
    let Sent { code, token } = sent_to_flow(&world.apart, Purpose::Registration, &flow, None);
    let confirming = |body: &Value| post("/api/auth/register/confirm", body);
    let by_link = confirming(&json!({ "token": token, "password": PASSWORD }));
    let event = if is_code {
        confirming(&json!({ "flow": flow, "code": code }))
    } else {
        by_link.clone()
    };
    let look = move |reply: &Reply| {
        let is_made = world.login(&email).status == 200;
        assert!(is_made || reply.status != 201);
        let rest = if is_made { 400 } else { 201 };
        let _ = world.ask("register-confirm", &by_link).expect(rest);
    };
    Act {
        event,
        status: 201,
        look: Box::new(look),
    }
}

/// The user has one session: the one that asked, or the new one.
fn reauthenticate<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let event = post("/api/auth/reauthenticate", &json!({ "password": PASSWORD }));
    let event = event.token(&member.access);
    let look = move |reply: &Reply| {
        let goes_on = world.is_signed_in(&member.access);
        assert!(!goes_on || reply.status != 200);
        let _ = world.login(&member.email).expect(200);
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}
