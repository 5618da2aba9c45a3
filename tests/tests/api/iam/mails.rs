//! Sign-ins by mail, and changes of one's own address.

use auth::proof::Purpose;

use super::passkeys::enrol;
use super::*;
use crate::proofs::returning::{BACK, posting, trading, wish};
use crate::proofs::sent::{Sent, sent_to_flow, sent_to_user};
use crate::proofs::world::another;

const ON: [(&str, &str); 1] = [("BAKEND_AUTH_MAGIC_LINK", "signUp")];

fn post(path: &str, body: Value) -> Event {
    Event::new("POST", path).json(&body)
}

/// A new account: its reply and its address.
fn someone(apart: &Apart<'_>, register: &Instance<'_>) -> (Value, String) {
    let email = fresh_email();
    let event = credentials("/api/auth/register", &email);
    (apart.ask(register, &event).expect(201).json(), email)
}

/// A change is asked for by the password, wrong ones twice among it, cancelled, and made by the code.
pub(super) fn address_changes<'a>(
    apart: &Apart<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
    register: &Instance<'_>,
) {
    const PATH: &str = "/api/auth/email/change";
    let (account, _) = someone(apart, register);
    let (access, id) = (text(&account, "accessToken"), text(&account["user"], "id"));
    let ask = start(
        "email-change",
        &[("BAKEND_AUTH_THROTTLE_ADDRESS_MAILS", "2")],
    );
    let asking = |password: Option<&str>, n: u8| {
        let body = json!({ "newEmail": fresh_email(), "password": password });
        let event = post(PATH, body).token(&access);
        event.source_ip(&format!("198.51.100.{n}"))
    };
    // The first attempt is given back wholly.
    let (other, _) = someone(apart, register);
    let body = json!({ "newEmail": fresh_email(), "password": PASSWORD });
    let event = post(PATH, body).token(&text(&other, "accessToken"));
    let _ = apart
        .ask(&ask, &event.source_ip("198.51.100.9"))
        .expect(202);
    for _ in 0..2 {
        let _ = apart
            .ask(&ask, &asking(Some("wrong password"), 1))
            .expect(400);
    }
    let _ = apart.ask(&ask, &asking(Some(PASSWORD), 1)).expect(202);
    let _ = apart.ask(&ask, &asking(None, 2)).expect(202);
    // Beyond the limit the mail before is repeated.
    let _ = apart.ask(&ask, &asking(None, 3)).expect(202);
    let Sent { code, token } = sent_to_user(apart, Purpose::EmailChange, (&id, 1));
    let confirm = start("email-change-confirm", &[]);
    let confirming = |body: Value| post(&format!("{PATH}/confirm"), body).token(&access);
    for _ in 0..2 {
        let wrong = confirming(json!({ "code": another(&code) }));
        let _ = apart.ask(&confirm, &wrong).expect(400);
    }
    let _ = apart
        .ask(&confirm, &confirming(json!({ "token": token })))
        .expect(200);
    let cancel = Event::new("DELETE", PATH).token(&access);
    let _ = apart
        .ask(&start("email-change-cancel", &[]), &cancel)
        .expect(204);
}

/// A new account, one that is taken over, and a deleted one with a unique value that comes back.
pub(super) fn magic_links<'a>(
    apart: &Apart<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
    register: &Instance<'_>,
) {
    const PATH: &str = "/api/auth/magic-link";
    let (ask, verify) = (start("magic-link", &ON), start("magic-link-verify", &ON));
    let ask_for = |email: &str, flow: Option<&Value>| {
        let event = post(PATH, json!({ "email": email, "flow": flow }));
        apart.ask(&ask, &event).expect(202).json()["flow"].clone()
    };
    let verifying = |body: Value, status: u16| {
        let event = post(&format!("{PATH}/verify"), body);
        let _ = apart.ask(&verify, &event).expect(status);
    };
    let email = fresh_email();
    let flow = ask_for(&email, None);
    let flow = ask_for(&email, Some(&flow));
    let Sent { code, .. } = sent_to_flow(apart, Purpose::MagicLink, &flow, None);
    for _ in 0..2 {
        verifying(json!({ "flow": flow, "code": another(&code) }), 400);
    }
    verifying(json!({ "flow": flow, "code": code, "badge": 4711 }), 200);
    // The passkey that somebody added goes with the password.
    let (account, email) = someone(apart, register);
    let _ = enrol(apart, start, &text(&account, "accessToken"));
    let delete = Event::new("DELETE", "/api/auth/me").json(&json!({ "password": PASSWORD }));
    let delete = delete.token(&text(&account, "accessToken"));
    let _ = apart.ask(&start("me-delete", &[]), &delete).expect(204);
    let flow = ask_for(&email, None);
    let id = text(&account["user"], "id");
    let Sent { token, .. } = sent_to_flow(apart, Purpose::MagicLink, &flow, Some((&id, 2)));
    verifying(json!({ "token": token, "restore": true }), 200);
    led_back(apart, start);
}

/// The page of a mail leads back to the app, whose code makes an account.
fn led_back<'a>(apart: &Apart<'_>, start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>) {
    let ask = start("magic-link", &BACK);
    let event = post("/api/auth/magic-link", wish(&fresh_email()));
    let opened = apart.ask(&ask, &event).expect(202).json();
    let Sent { token, .. } = sent_to_flow(apart, Purpose::MagicLink, &opened["flow"], None);
    let verify = start("magic-link-verify", &BACK);
    let led = apart.ask(&verify, &posting(&token)).expect(200).json();
    let event = trading(&led, &json!({}));
    let _ = apart
        .ask(&start("oauth-exchange", &BACK), &event)
        .expect(200);
}
