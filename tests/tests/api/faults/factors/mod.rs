//! Second factors: their switches, and the ways in that ask for a code.

mod switches;
mod ways_in;

use std::sync::atomic::{AtomicUsize, Ordering};

use blackbox::{Event, PASSWORD, Reply};
use serde_json::{Value, json};

use super::world::*;
use super::{Area, Row, row, suffer_all};
use crate::mfa::code;

use self::switches::{
    confirm, confirm_waiting, disable, disable_again, disable_locking, disable_wrong, enable,
    enable_waiting, remove, renew, renew_again, renew_locking, renew_wrong, state,
};
use self::ways_in::{
    change_by_code, change_locking, log_in_by_code, login_first, login_locking,
    reauthenticate_by_code, reauthenticate_locking, restore_by_code, restore_first,
    restore_locking, verify, verify_again, verify_locking, verify_restoring, verify_wrong,
};

const ENABLE: &str = "/api/auth/mfa/enable";
const CONFIRM: &str = "/api/auth/mfa/confirm";
const CODES: &str = "/api/auth/mfa/recovery-codes";

/// No code has five digits.
const WRONG: &str = "12345";

/// The first wrong code locks, and its user gets a mail.
const LOCKS: &[(&str, &str)] = &[
    ("BAKEND_MAIL_FROM", "mail@example.com"),
    ("BAKEND_AUTH_THROTTLE_FACTOR_ATTEMPTS", "1"),
];

const ROWS: &[Row] = &[
    row!("mfa-get", "BatchGetItem", "_users", 0, state),
    row!("mfa-get", "GetItem", "_users", 0, state),
    row!("mfa-enable", "BatchGetItem", "_users", 0, enable),
    row!("mfa-enable", "GetItem", "_users", 0, enable_waiting),
    row!("mfa-enable", "PutItem", "_users", 0, enable),
    row!("mfa-confirm", "BatchGetItem", "_users", 0, confirm),
    row!("mfa-confirm", "GetItem", "_users", 0, confirm),
    row!("mfa-confirm", "UpdateItem", "_users", 0, confirm),
    row!("mfa-confirm", "PutItem", "_users", 0, confirm),
    row!("mfa-confirm", "UpdateItem", "_sessions", 0, confirm),
    row!("mfa-confirm", "GetItem", "_users", 1, confirm_waiting),
    row!("mfa-confirm", "PutItem", "_sessions", 0, confirm_waiting),
    row!("mfa-verify", "GetItem", "_users", 0, verify),
    row!("mfa-verify", "GetItem", "_users", 1, verify),
    row!("mfa-verify", "UpdateItem", "_users", 0, verify),
    row!("mfa-verify", "UpdateItem", "_users", 0, verify_restoring),
    row!("mfa-verify", "PutItem", "_users", 0, verify_restoring),
    row!("mfa-verify", "PutItem", "_sessions", 0, verify),
    row!("mfa-verify", "PutItem", "_mail", 0, verify_locking).told(LOCKS),
    row!("mfa-verify", "GetItem", "_throttle", 0, verify),
    row!("mfa-verify", "PutItem", "_throttle", 0, verify),
    row!("mfa-verify", "PutItem", "_throttle", 1, verify_wrong),
    row!("mfa-verify", "UpdateItem", "_throttle", 0, verify_again),
    row!("mfa-verify", "UpdateItem", "_throttle", 1, verify_again),
    row!("mfa-verify", "DeleteItem", "_throttle", 0, verify),
    row!("mfa-disable", "BatchGetItem", "_users", 0, disable),
    row!("mfa-disable", "GetItem", "_users", 0, disable),
    row!("mfa-disable", "UpdateItem", "_users", 0, disable),
    row!("mfa-disable", "DeleteItem", "_users", 0, disable),
    row!("mfa-disable", "UpdateItem", "_sessions", 0, disable),
    row!("mfa-disable", "PutItem", "_mail", 0, disable_locking).told(LOCKS),
    row!("mfa-disable", "GetItem", "_throttle", 0, disable),
    row!("mfa-disable", "PutItem", "_throttle", 0, disable),
    row!("mfa-disable", "PutItem", "_throttle", 1, disable_wrong),
    row!("mfa-disable", "UpdateItem", "_throttle", 0, disable_again),
    row!("mfa-disable", "DeleteItem", "_throttle", 0, disable),
    row!("mfa-recovery-codes", "BatchGetItem", "_users", 0, renew),
    row!("mfa-recovery-codes", "GetItem", "_users", 0, renew),
    row!("mfa-recovery-codes", "UpdateItem", "_users", 0, renew),
    row!("mfa-recovery-codes", "PutItem", "_users", 0, renew),
    row!("mfa-recovery-codes", "UpdateItem", "_sessions", 0, renew),
    row!("mfa-recovery-codes", "PutItem", "_mail", 0, renew_locking).told(LOCKS),
    row!("mfa-recovery-codes", "GetItem", "_throttle", 0, renew),
    row!("mfa-recovery-codes", "PutItem", "_throttle", 0, renew),
    row!("mfa-recovery-codes", "PutItem", "_throttle", 1, renew_wrong),
    row!(
        "mfa-recovery-codes",
        "UpdateItem",
        "_throttle",
        0,
        renew_again
    ),
    row!("mfa-recovery-codes", "DeleteItem", "_throttle", 0, renew),
    row!("users-mfa", "BatchGetItem", "_users", 0, remove),
    row!("users-mfa", "GetItem", "_users", 0, remove),
    row!("users-mfa", "UpdateItem", "_users", 0, remove),
    row!("users-mfa", "DeleteItem", "_users", 0, remove),
    row!("login", "GetItem", "_users", 2, login_first),
    row!("login", "GetItem", "_users", 2, log_in_by_code),
    row!("login", "UpdateItem", "_users", 0, log_in_by_code),
    row!("login", "PutItem", "_sessions", 0, log_in_by_code),
    row!("login", "PutItem", "_mail", 0, login_locking).told(LOCKS),
    row!("login", "GetItem", "_throttle", 1, log_in_by_code),
    row!("login", "PutItem", "_throttle", 1, log_in_by_code),
    row!("login", "DeleteItem", "_throttle", 0, log_in_by_code),
    row!("me-restore", "GetItem", "_users", 2, restore_first),
    row!("me-restore", "GetItem", "_users", 2, restore_by_code),
    row!("me-restore", "UpdateItem", "_users", 0, restore_by_code),
    row!("me-restore", "PutItem", "_mail", 0, restore_locking).told(LOCKS),
    row!("me-restore", "PutItem", "_throttle", 1, restore_by_code),
    row!(
        "reauthenticate",
        "GetItem",
        "_users",
        1,
        reauthenticate_by_code
    ),
    row!(
        "reauthenticate",
        "UpdateItem",
        "_users",
        0,
        reauthenticate_by_code
    ),
    row!(
        "reauthenticate",
        "UpdateItem",
        "_sessions",
        0,
        reauthenticate_by_code
    ),
    row!(
        "reauthenticate",
        "PutItem",
        "_mail",
        0,
        reauthenticate_locking
    )
    .told(LOCKS),
    row!(
        "reauthenticate",
        "PutItem",
        "_throttle",
        1,
        reauthenticate_by_code
    ),
    row!("email-change", "GetItem", "_users", 1, change_by_code),
    row!("email-change", "UpdateItem", "_users", 0, change_by_code),
    row!("email-change", "PutItem", "_mail", 0, change_locking).told(LOCKS),
    row!("email-change", "PutItem", "_throttle", 1, change_by_code),
];

#[test]
fn every_fault_is_503_or_success_and_nothing_is_half_done() {
    let Some(world) = World::new() else { return };
    // In the end the admins are counted, so there is one.
    let _ = world.admin();
    suffer_all(&world, Area::Factors, ROWS);
}

/// A user with a second factor, whose requests come from an address of their own.
struct Factored {
    member: Member,
    secret: String,
    codes: Vec<String>,
    source: String,
}

impl Factored {
    fn new(world: &World<'_>) -> Self {
        Self::of(world, world.member())
    }

    /// Switches the factor of a user on by the code of the step before this one. The codes of this step and the next are unused.
    fn of(world: &World<'_>, member: Member) -> Self {
        static SOURCES: AtomicUsize = AtomicUsize::new(0);
        let secret = secret(world, &member.access);
        let confirm = |_| world.ask("mfa-confirm", &confirmation(&member.access, &secret, -1));
        // A step may end between here and there.
        let confirmed = (0..3).map(confirm).find(|reply| reply.status == 200);
        let codes = recovery_codes(&confirmed.expect("a good code").json());
        let number = SOURCES.fetch_add(1, Ordering::Relaxed);
        Self {
            member,
            secret,
            codes,
            source: format!("10.77.{}.{}", number / 256, number % 256),
        }
    }

    /// A recovery code as a proof.
    fn recovery(&self, at: usize) -> Value {
        json!({ "recoveryCode": self.codes[at] })
    }

    /// The code of this step or a later one as a proof.
    fn code(&self, steps: i64) -> Value {
        json!({ "code": code(&self.secret, steps) })
    }

    fn post(&self, path: &str, body: &Value) -> Event {
        post(path, body).source_ip(&self.source)
    }

    /// The same in the user's session.
    fn own(&self, path: &str, body: &Value) -> Event {
        self.post(path, body).token(&self.member.access)
    }

    /// A request with the right password and a proof beside it.
    fn signing_in(&self, path: &str, proof: &Value) -> Event {
        let body = json!({ "email": self.member.email, "password": PASSWORD });
        self.post(path, &with(body, proof))
    }

    fn login(&self, world: &World<'_>, proof: &Value) -> Reply {
        world.ask("login", &self.signing_in("/api/auth/login", proof))
    }

    /// How many recovery codes are left, while the session of the user stands.
    fn left(&self, world: &World<'_>) -> Value {
        let event = Event::new("GET", "/api/auth/mfa").token(&self.member.access);
        world.ask("mfa-get", &event).expect(200).json()["recoveryCodesLeft"].clone()
    }
}

fn post(path: &str, body: &Value) -> Event {
    Event::new("POST", path).json(body)
}

fn with(mut body: Value, proof: &Value) -> Value {
    let fields = proof.as_object().cloned().unwrap_or_default();
    body.as_object_mut().expect("an object").extend(fields);
    body
}

fn wrong() -> Value {
    json!({ "code": WRONG })
}

/// A secret that waits for its first code.
fn secret(world: &World<'_>, token: &str) -> String {
    let setup = world.ask("mfa-enable", &post(ENABLE, &json!({})).token(token));
    text(&setup.expect(200).json()["secret"])
}

fn confirmation(token: &str, secret: &str, steps: i64) -> Event {
    post(CONFIRM, &json!({ "code": code(secret, steps) })).token(token)
}

fn recovery_codes(body: &Value) -> Vec<String> {
    let codes = body["recoveryCodes"].as_array().expect("recovery codes");
    codes.iter().map(text).collect()
}

fn act<'a>(event: Event, status: u16, look: impl FnOnce(&Reply) + 'a) -> Act<'a> {
    Act {
        event,
        status,
        look: Box::new(look),
    }
}

/// A wrong code that is refused, after which the right one does its work.
fn refused<'a>(
    world: &'a World<'_>,
    function: &'static str,
    wrong: Event,
    (right, status): (Event, u16),
) -> Act<'a> {
    act(wrong, 401, move |_| {
        let _ = world.ask(function, &right).expect(status);
    })
}
