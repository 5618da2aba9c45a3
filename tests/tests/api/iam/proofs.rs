//! Registrations that wait, verification of an address, and resets of a password.

use auth::proof::Purpose;

use super::passkeys::enrol;
use super::*;
use crate::proofs::sent::{Sent, sent_to_flow, sent_to_user};
use crate::proofs::world::another;

const FROM: (&str, &str) = ("BAKEND_MAIL_FROM", "mail@example.com");
const REQUIRED: [(&str, &str); 3] = [
    FROM,
    ("BAKEND_AUTH_EMAIL_VERIFICATION", "required"),
    ("BAKEND_AUTH_THROTTLE_ADDRESS_MAILS", "2"),
];

fn post(path: &str, body: Value) -> Event {
    Event::new("POST", path).json(&body)
}

/// Three registrations of an address, of which the last repeats the second's mail. One is confirmed by its code, and another by
/// the link and the password.
pub(super) fn waiting_registrations<'a>(
    apart: &Apart<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
) {
    const PATH: &str = "/api/auth/register";
    let register = start("register", &REQUIRED);
    let open = |email: &str, badge: u32, n: u8| {
        let body = json!({ "email": email, "password": PASSWORD, "badge": badge });
        let event = post(PATH, body).source_ip(&format!("198.51.100.{n}"));
        apart.ask(&register, &event).expect(202).json()["flow"].clone()
    };
    let email = fresh_email();
    let first = open(&email, 801, 11);
    let resend = start("register-resend", &[]);
    for _ in 0..2 {
        let again = post(&format!("{PATH}/resend"), json!({ "flow": first }));
        let _ = apart.ask(&resend, &again).expect(202);
    }
    let other = fresh_email();
    let second = open(&other, 802, 12);
    let _ = open(&other, 803, 13);
    let _ = open(&other, 804, 14);
    let confirm = start("register-confirm", &[("BAKEND_ADMIN_EMAIL", &email)]);
    let ask = |body: Value, status: u16| {
        let event = post(&format!("{PATH}/confirm"), body);
        let _ = apart.ask(&confirm, &event).expect(status);
    };
    let Sent { code, .. } = sent_to_flow(apart, Purpose::Registration, &first, None);
    for _ in 0..2 {
        ask(json!({ "flow": first, "code": another(&code) }), 400);
    }
    ask(json!({ "flow": first, "code": code }), 201);
    let Sent { token, .. } = sent_to_flow(apart, Purpose::Registration, &second, None);
    for _ in 0..2 {
        ask(
            json!({ "token": token, "password": "not the password" }),
            401,
        );
    }
    ask(json!({ "token": token, "password": PASSWORD }), 201);
    let third = open(&fresh_email(), 805, 15);
    let Sent { token, .. } = sent_to_flow(apart, Purpose::Registration, &third, None);
    ask(json!({ "token": token, "password": PASSWORD }), 201);
    let page = Event::new("GET", "/api/auth/pages/reset?token=x");
    let _ = apart.ask(&start("pages", &[]), &page).expect(400);
}

/// A verification by code and session, one by link and password, and a login that has to wait for it.
pub(super) fn verifications<'a>(
    apart: &Apart<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
) {
    const PATH: &str = "/api/auth/verify-email";
    let register = start("register", &[FROM]);
    let someone = || {
        let email = fresh_email();
        let event = credentials("/api/auth/register", &email);
        (apart.ask(&register, &event).expect(201).json(), email)
    };
    let (verify, resend) = (
        start("verify-email", &[]),
        start("verify-email-resend", &[]),
    );
    let (account, _) = someone();
    let (access, id) = (text(&account, "accessToken"), text(&account["user"], "id"));
    for _ in 0..2 {
        let again = Event::new("POST", &format!("{PATH}/resend")).token(&access);
        let _ = apart.ask(&resend, &again).expect(202);
    }
    let Sent { code, .. } = sent_to_user(apart, Purpose::VerifyEmail, (&id, 1));
    for (code, status) in [(another(&code), 400), (another(&code), 400), (code, 200)] {
        let event = post(PATH, json!({ "code": code })).token(&access);
        let _ = apart.ask(&verify, &event).expect(status);
    }
    let (account, email) = someone();
    let login = start("login", &REQUIRED);
    let event = credentials("/api/auth/login", &email);
    let _ = apart.ask(&login, &event).expect(403);
    let id = text(&account["user"], "id");
    let Sent { token, .. } = sent_to_user(apart, Purpose::VerifyEmail, (&id, 1));
    for (password, status) in [
        ("wrong password", 401),
        ("wrong password", 401),
        (PASSWORD, 200),
    ] {
        let event = post(PATH, json!({ "token": token, "password": password }));
        let _ = apart.ask(&verify, &event).expect(status);
    }
    let (account, _) = someone();
    let id = text(&account["user"], "id");
    let Sent { token, .. } = sent_to_user(apart, Purpose::VerifyEmail, (&id, 1));
    let event = post(PATH, json!({ "token": token, "password": PASSWORD }));
    let _ = apart.ask(&verify, &event).expect(200);
    // A user from before has no mail yet.
    let plain = start("register", &[]);
    let email = fresh_email();
    let event = credentials("/api/auth/register", &email);
    let old = apart.ask(&plain, &event).expect(201).json();
    let again = Event::new("POST", &format!("{PATH}/resend")).token(&text(&old, "accessToken"));
    let _ = apart.ask(&resend, &again).expect(202);
    let other = fresh_email();
    let event = credentials("/api/auth/register", &other);
    let _ = apart.ask(&plain, &event).expect(201);
    let event = credentials("/api/auth/login", &other);
    let _ = apart.ask(&login, &event).expect(403);
}

/// A reset by code and one by link; then the password proves the user once more.
pub(super) fn resets<'a>(
    apart: &Apart<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
    register: &Instance<'_>,
) {
    const NEW: &str = "another long password";
    let email = fresh_email();
    let event = credentials("/api/auth/register", &email);
    let account = apart.ask(register, &event).expect(201).json();
    let id = text(&account["user"], "id");
    // The passkey that somebody added goes with the password.
    let _ = enrol(apart, start, &text(&account, "accessToken"));
    let (forgot, reset) = (start("password-forgot", &[]), start("password-reset", &[]));
    let ask = |flow: Option<&Value>| {
        let body = json!({ "email": email, "flow": flow });
        let event = post("/api/auth/password/forgot", body);
        apart.ask(&forgot, &event).expect(202).json()["flow"].clone()
    };
    let set = |body: Value, status: u16| {
        let event = post("/api/auth/password/reset", body);
        let _ = apart.ask(&reset, &event).expect(status);
    };
    let flow = ask(None);
    let flow = ask(Some(&flow));
    let Sent { code, .. } = sent_to_flow(apart, Purpose::PasswordReset, &flow, Some((&id, 1)));
    for _ in 0..2 {
        set(
            json!({ "flow": flow, "code": another(&code), "newPassword": NEW }),
            400,
        );
    }
    set(
        json!({ "flow": flow, "code": code, "newPassword": NEW }),
        204,
    );
    let flow = ask(None);
    let Sent { token, .. } = sent_to_flow(apart, Purpose::PasswordReset, &flow, Some((&id, 2)));
    set(json!({ "token": token, "newPassword": PASSWORD }), 204);
    let login = start("login", &[]);
    let event = credentials("/api/auth/login", &email);
    let member = apart.ask(&login, &event).expect(200).json();
    let other = apart.ask(&login, &credentials("/api/auth/login", &email));
    let sessions = [member, other.expect(200).json()].map(|it| text(&it, "accessToken"));
    let again = start("reauthenticate", &[]);
    // The first attempt is given back wholly, and the wrong ones stay.
    for (session, password, status) in [
        (0, PASSWORD, 200),
        (1, "wrong password", 400),
        (1, "wrong password", 400),
    ] {
        let event = post("/api/auth/reauthenticate", json!({ "password": password }));
        let _ = apart
            .ask(&again, &event.token(&sessions[session]))
            .expect(status);
    }
}
