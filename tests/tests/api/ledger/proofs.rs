//! Registrations whose address is proven, verifications, resets, and authenticating once more.

use auth::proof::Purpose;

use super::strangers::{primed, someone};
use super::*;
use crate::proofs::sent::{Sent, sent_to_flow, sent_to_user};
use crate::proofs::world::another;

const TRY: &str = "PutItem _throttle ∥ UpdateItem _mail";
const BACK: &str = "UpdateItem _throttle";
const LOGIN: &str = "GetItem _throttle ∥ GetItem _users ∥ PutItem _throttle";
const FROM: (&str, &str) = ("BAKEND_MAIL_FROM", "mail@example.com");
const REQUIRED: [(&str, &str); 2] = [FROM, ("BAKEND_AUTH_EMAIL_VERIFICATION", "required")];
const NEW: &str = "another long password";

/// An event with a body from a source of its own.
fn from(path: &str, body: &Value, n: u8) -> Event {
    post(path, body).source_ip(&format!("198.51.110.{n}"))
}

/// Registrations under `optional`, and those under `required` with their resend and confirmation.
pub(super) fn registrations(ledger: &mut Ledger<'_>) {
    let path = "/api/auth/register";
    let optional = ledger.function("register", &[FROM]);
    let account = |n: u8| from(path, &credentials(&fresh_email(), PASSWORD), n);
    primed(ledger, &optional, &account(0));
    let made =
        "PutItem _throttle → TransactWriteItems PutItem _mail, PutItem _sessions, PutItem _users";
    let design = "as without mail, and the mail's item in the transaction: + 2 WRU";
    let by = ("register", &optional);
    let expected = (made, 2, 0.0, 10.0);
    let _ = ledger.row(by, "`optional`", (&account(1), 201), expected, design);

    let required = ledger.function("register", &REQUIRED);
    let open = |ledger: &Ledger<'_>, n: u8| {
        let opened = ledger.apart.ask(&required, &account(n)).expect(202);
        opened.json()["flow"].clone()
    };
    let (first, second) = (open(ledger, 2), open(ledger, 3));
    let resend = ledger.function("register-resend", &[]);
    let again = from("/api/auth/register/resend", &json!({ "flow": first }), 4);
    primed(
        ledger,
        &resend,
        &post("/api/auth/register/resend", &json!({ "flow": "x" })),
    );
    let design = "counts → w; a hop and a write more, since the address was asked for of late";
    let repeated =
        "PutItem _throttle ∥ PutItem _throttle (refused) → PutItem _throttle → UpdateItem _mail";
    let by = ("register-resend", &resend);
    let _ = ledger.row(by, "any", (&again, 202), (repeated, 3, 0.0, 4.0), design);

    let confirm = ledger.function("register-confirm", &[]);
    let by = ("register-confirm", &confirm);
    let path = "/api/auth/register/confirm";
    primed(
        ledger,
        &confirm,
        &post(path, &json!({ "token": "x", "password": PASSWORD })),
    );
    let Sent { code, .. } = sent_to_flow(&ledger.apart, Purpose::Registration, &first, None);
    let wrong = from(path, &json!({ "flow": first, "code": another(&code) }), 5);
    let why = "the counts alone";
    let _ = ledger.row(by, "wrong code", (&wrong, 400), (TRY, 1, 0.0, 2.0), why);
    let right = from(path, &json!({ "flow": first, "code": code }), 6);
    let made = "TransactWriteItems DeleteItem _mail, PutItem _sessions, PutItem _users";
    let by_code = format!("{TRY} → {made} ∥ {BACK}");
    let design = "w (tries) ∥ count → T (user, identity, session, code gone) ∥ back";
    let _ = ledger.row(by, "code", (&right, 201), (&by_code, 2, 0.0, 12.0), design);
    let Sent { token, .. } = sent_to_flow(&ledger.apart, Purpose::Registration, &second, None);
    let link = from(path, &json!({ "token": token, "password": PASSWORD }), 7);
    let by_link = format!("GetItem _mail → {LOGIN} → DeleteItem _throttle ∥ {made}");
    let design = "r → as a login → T ∥ what was counted is given back";
    let _ = ledger.row(by, "link", (&link, 201), (&by_link, 3, 3.0, 11.0), design);
}

/// Verifications of an account that is there, by the session and by the password.
pub(super) fn verifications(ledger: &mut Ledger<'_>) {
    let register = ledger.function("register", &[FROM]);
    let (ada, eve) = (fresh_email(), fresh_email());
    let (ada, eve) = (
        someone(ledger, &register, &ada, 50),
        someone(ledger, &register, &eve, 51),
    );
    let path = "/api/auth/verify-email";
    let own = |path: &str, body: &Value, n: u8| from(path, body, n).token(&ada.access);
    let resend = ledger.function("verify-email-resend", &[]);
    let by = ("verify-email-resend", &resend);
    let again = own("/api/auth/verify-email/resend", &json!({}), 10);
    let asked = format!("{CHECK} → PutItem _throttle ∥ PutItem _throttle → UpdateItem _mail");
    let design = "session check → counts → w";
    let _ = ledger.row(by, "any", (&again, 202), (&asked, 3, 2.0, 3.0), design);

    let verify = ledger.function("verify-email", &[]);
    let by = ("verify-email", &verify);
    primed(ledger, &verify, &own(path, &json!({ "token": "x" }), 0));
    let Sent { code, .. } = sent_to_user(&ledger.apart, Purpose::VerifyEmail, (&ada.id, 1));
    let wrong = own(path, &json!({ "code": another(&code) }), 11);
    let tried = format!("{CHECK} → {TRY}");
    let why = "session check → the counts alone";
    let _ = ledger.row(by, "wrong code", (&wrong, 400), (&tried, 2, 2.0, 2.0), why);
    let right = own(path, &json!({ "code": code }), 12);
    let proven = "TransactWriteItems DeleteItem _mail, UpdateItem _users";
    let by_code = format!("{tried} → {proven} ∥ {BACK}");
    let design = "session check → w (tries) ∥ count → T (user, code) ∥ back";
    let _ = ledger.row(by, "code", (&right, 200), (&by_code, 3, 2.0, 8.0), design);
    let Sent { token, .. } = sent_to_user(&ledger.apart, Purpose::VerifyEmail, (&eve.id, 1));
    let link = from(path, &json!({ "token": token, "password": PASSWORD }), 13);
    let design = "r → as a login → T (user, code, session)";
    let by_link = format!(
        "GetItem _mail → {LOGIN} → GetItem _users → DeleteItem _throttle ∥ TransactWriteItems DeleteItem _mail, PutItem _sessions, UpdateItem _users"
    );
    let _ = ledger.row(
        by,
        "link and password",
        (&link, 200),
        (&by_link, 4, 4.0, 9.0),
        design,
    );
}

/// Resets by each proof, and the proof of the password once more.
pub(super) fn resets(ledger: &mut Ledger<'_>, register: &Instance<'_>) {
    let email = fresh_email();
    let ada = someone(ledger, register, &email, 52);
    let forgot = ledger.function("password-forgot", &[]);
    let ask = |ledger: &Ledger<'_>, n: u8| {
        let event = from("/api/auth/password/forgot", &json!({ "email": email }), n);
        ledger.apart.ask(&forgot, &event).expect(202).json()["flow"].clone()
    };
    let (path, reset) = (
        "/api/auth/password/reset",
        ledger.function("password-reset", &[]),
    );
    let by = ("password-reset", &reset);
    primed(
        ledger,
        &reset,
        &post(path, &json!({ "token": "x", "newPassword": NEW })),
    );
    let flow = ask(ledger, 20);
    let user = Some((ada.id.as_str(), 1));
    let Sent { code, .. } = sent_to_flow(&ledger.apart, Purpose::PasswordReset, &flow, user);
    let set = |proof: Value, n: u8| {
        let mut body = proof;
        body["newPassword"] = json!(NEW);
        from(path, &body, n)
    };
    let wrong = set(json!({ "flow": flow, "code": another(&code) }), 21);
    let why = "the counts alone: 1 hop, 0 / 2";
    let _ = ledger.row(by, "wrong code", (&wrong, 400), (TRY, 1, 0.0, 2.0), why);
    let right = set(json!({ "flow": flow, "code": code }), 22);
    let done = "DeleteItem _throttle ∥ TransactWriteItems DeleteItem _mail, UpdateItem _users";
    let by_code = format!("{TRY} → GetItem _users ∥ {BACK} → {done}");
    let design =
        "w (tries) ∥ count → r ∥ back → hash → T (user, identity, code) ∥ login count cleared";
    let _ = ledger.row(by, "code", (&right, 204), (&by_code, 3, 1.0, 11.0), design);
    let flow = ask(ledger, 23);
    let user = Some((ada.id.as_str(), 2));
    let Sent { token, .. } = sent_to_flow(&ledger.apart, Purpose::PasswordReset, &flow, user);
    let link = set(json!({ "token": token }), 24);
    let by_link = format!("GetItem _mail → GetItem _users → {done}");
    let design = "r → r → hash → T (user, identity, code) ∥ login count cleared";
    let _ = ledger.row(by, "link", (&link, 204), (&by_link, 3, 2.0, 8.0), design);

    let login = ledger.function("login", &[]);
    let event = from("/api/auth/login", &credentials(&email, NEW), 25);
    let ada = member(&ledger.apart.ask(&login, &event).expect(200));
    let again = ledger.function("reauthenticate", &[]);
    let event = from("/api/auth/reauthenticate", &json!({ "password": NEW }), 26);
    let event = event.token(&ada.access);
    let design = "session check → r ∥ counts → hash → T (new session, old session) ∥ back";
    let renewed = format!(
        "{CHECK} → {LOGIN} → DeleteItem _throttle ∥ TransactWriteItems PutItem _sessions, UpdateItem _sessions"
    );
    let by = ("reauthenticate", &again);
    let _ = ledger.row(
        by,
        "password",
        (&event, 200),
        (&renewed, 3, 4.0, 6.0),
        design,
    );
}
