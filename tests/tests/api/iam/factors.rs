//! Second factors: how they begin, every place that takes their codes, and their ends.

use std::cell::Cell;

use auth::proof::Purpose;

use super::*;
use crate::mfa::code;
use crate::proofs::sent::{Sent, sent_to_flow};

const LOGIN: &str = "/api/auth/login";
const RESTORE: &str = "/api/auth/me/restore";
const ENABLE: &str = "/api/auth/mfa/enable";
const CONFIRM: &str = "/api/auth/mfa/confirm";
const VERIFY: &str = "/api/auth/mfa/verify";

/// The third wrong code of a user locks and is told by mail. The first makes the entry, and the second is counted in it.
const TELLS: [(&str, &str); 2] = [
    ("BAKEND_MAIL_FROM", "mail@example.com"),
    ("BAKEND_AUTH_THROTTLE_FACTOR_ATTEMPTS", "3"),
];
const WRONGS: usize = 3;

/// The functions that every account needs.
struct Setting<'s> {
    apart: &'s Apart<'s>,
    register: &'s Instance<'s>,
    enable: Instance<'s>,
    confirm: Instance<'s>,
    made: Cell<u8>,
}

/// An account with an authenticator app, and a source of its own.
struct Account {
    id: String,
    email: String,
    access: String,
    source: String,
    secret: String,
    codes: Vec<String>,
}

impl Account {
    fn post(&self, path: &str, body: &Value) -> Event {
        let event = Event::new("POST", path).json(body).token(&self.access);
        event.source_ip(&self.source)
    }

    fn credentials(&self) -> Value {
        json!({ "email": self.email, "password": PASSWORD })
    }

    /// A body with one of the recovery codes.
    fn recovering(&self, mut body: Value) -> Value {
        body["recoveryCode"] = json!(self.codes[0]);
        body
    }
}

impl Setting<'_> {
    fn ask(&self, function: &Instance<'_>, event: &Event, status: u16) -> Value {
        self.apart.ask(function, event).expect(status).json()
    }

    /// A new account without a factor. It has a unique value.
    fn plain(&self) -> Account {
        self.made.set(self.made.get() + 1);
        let (email, number) = (fresh_email(), self.made.get());
        let body =
            json!({ "email": email, "password": PASSWORD, "badge": 900 + u32::from(number) });
        let event = Event::new("POST", "/api/auth/register").json(&body);
        let made = self.ask(self.register, &event, 201);
        Account {
            id: text(&made["user"], "id"),
            email,
            access: text(&made, "accessToken"),
            source: format!("198.51.100.{}", 100 + number),
            secret: String::new(),
            codes: Vec::new(),
        }
    }

    /// Switches the factor on, by a session or by the token of a sign-in that waits.
    fn enrol(&self, account: Account, token: &str) -> Account {
        let own = |path: &str, body: &Value| account.post(path, body).token(token);
        let setup = self.ask(&self.enable, &own(ENABLE, &json!({})), 200);
        let secret = text(&setup, "secret");
        let body = json!({ "code": code(&secret, 0) });
        let confirmed = self.ask(&self.confirm, &own(CONFIRM, &body), 200);
        let codes = confirmed["recoveryCodes"].as_array().unwrap().iter();
        let codes = codes.map(|it| it.as_str().unwrap().to_owned()).collect();
        Account {
            secret,
            codes,
            ..account
        }
    }

    fn account(&self) -> Account {
        let account = self.plain();
        let token = account.access.clone();
        self.enrol(account, &token)
    }

    /// The token of a sign-in that waits.
    fn waits(&self, function: &Instance<'_>, path: &str, account: &Account) -> String {
        let event = account.post(path, &account.credentials());
        let refusal = self.ask(function, &event, 403);
        text(&refusal["error"]["mfa"], "token")
    }

    /// Wrong codes, until one locks.
    fn guess(&self, function: &Instance<'_>, event: &Event) {
        for _ in 0..WRONGS {
            let reply = self.apart.ask(function, event).expect(401);
            assert_eq!(reply.code(), "auth/invalid-mfa-code");
        }
    }
}

pub(super) fn factors<'a>(
    apart: &Apart<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
    register: &Instance<'_>,
    admin: &str,
) {
    let setting = Setting {
        apart,
        register,
        enable: start("mfa-enable", &[]),
        confirm: start("mfa-confirm", &[]),
        made: Cell::new(0),
    };
    second_steps(&setting, start);
    own_factors(&setting, start);
    beside_the_password(&setting, start);
    takeovers(&setting, start);

    // A sign-in that waits for a factor to be made.
    let required = start("login", &[("BAKEND_AUTH_MFA", "required")]);
    let account = setting.plain();
    let token = setting.waits(&required, LOGIN, &account);
    let account = setting.enrol(account, &token);
    let path = format!("/api/users/{}/mfa", account.id);
    let removal = Event::new("DELETE", &path).token(admin);
    let _ = setting.ask(&start("users-mfa", &[]), &removal, 204);
}

/// Sign-ins in two steps. One of them brings a deleted account back.
fn second_steps<'a>(setting: &Setting<'_>, start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>) {
    let (login, verify) = (start("login", &[]), start("mfa-verify", &TELLS));
    let account = setting.account();
    let challenge = setting.waits(&login, LOGIN, &account);
    let body = json!({ "mfaToken": challenge });
    let right = account.post(VERIFY, &account.recovering(body.clone()));
    let _ = setting.ask(&verify, &right, 200);
    let mut wrong = body;
    wrong["code"] = json!("000000");
    setting.guess(&verify, &account.post(VERIFY, &wrong));

    let delete = start("me-delete", &[]);
    let restore = start("me-restore", &TELLS);
    let leaves = |account: &Account| {
        let event = Event::new("DELETE", "/api/auth/me").json(&json!({ "password": PASSWORD }));
        let _ = setting.ask(&delete, &event.token(&account.access), 204);
    };
    let back = setting.account();
    leaves(&back);
    let challenge = setting.waits(&restore, RESTORE, &back);
    let body = back.recovering(json!({ "mfaToken": challenge }));
    let _ = setting.ask(&verify, &back.post(VERIFY, &body), 200);
    let gone = setting.account();
    leaves(&gone);
    let mut wrong = gone.credentials();
    wrong["mfaCode"] = json!("000000");
    setting.guess(&restore, &gone.post(RESTORE, &wrong));
}

/// The state, other recovery codes, and the end. A right code leaves nothing counted, so wrong ones follow it.
fn own_factors<'a>(setting: &Setting<'_>, start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>) {
    const CODES: &str = "/api/auth/mfa/recovery-codes";
    const DISABLE: &str = "/api/auth/mfa/disable";
    let account = setting.account();
    let status = Event::new("GET", "/api/auth/mfa").token(&account.access);
    let _ = setting.ask(&start("mfa-get", &[]), &status, 200);
    let renew = start("mfa-recovery-codes", &TELLS);
    let right = json!({ "code": code(&account.secret, 1) });
    let _ = setting.ask(&renew, &account.post(CODES, &right), 200);
    let wrong = json!({ "code": "000000" });
    setting.guess(&renew, &account.post(CODES, &wrong));

    let disable = start("mfa-disable", &TELLS);
    let account = setting.account();
    let right = account.recovering(json!({}));
    let _ = setting.ask(&disable, &account.post(DISABLE, &right), 204);
    let account = setting.account();
    setting.guess(&disable, &account.post(DISABLE, &wrong));
}

/// Codes that are shown together with the password.
fn beside_the_password<'a>(
    setting: &Setting<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
) {
    const AGAIN: &str = "/api/auth/reauthenticate";
    let again = start("reauthenticate", &TELLS);
    let account = setting.account();
    let wrong = json!({ "password": PASSWORD, "code": "000000" });
    setting.guess(&again, &account.post(AGAIN, &wrong));
    let account = setting.account();
    let right = account.recovering(json!({ "password": PASSWORD }));
    let _ = setting.ask(&again, &account.post(AGAIN, &right), 200);

    let account = setting.account();
    let body = json!({ "newEmail": fresh_email(), "password": PASSWORD });
    let event = account.post("/api/auth/email/change", &account.recovering(body));
    let _ = setting.ask(&start("email-change", &[]), &event, 202);

    let account = setting.account();
    let mut body = account.credentials();
    body["mfaCode"] = json!(code(&account.secret, 1));
    let _ = setting.ask(&start("login", &[]), &account.post(LOGIN, &body), 200);
}

/// Accounts that nobody has proven lose their factor to the reader of a mail.
fn takeovers<'a>(setting: &Setting<'_>, start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>) {
    const LINKS: [(&str, &str); 1] = [("BAKEND_AUTH_MAGIC_LINK", "signUp")];
    // The confirmation has raised the version of the account.
    let mailed = |function: &str, path: &str, purpose: Purpose| {
        let account = setting.account();
        let event = account.post(path, &json!({ "email": account.email }));
        let flow = setting.ask(&start(function, &LINKS), &event, 202)["flow"].clone();
        let seen = Some((account.id.as_str(), 2));
        let Sent { token, .. } = sent_to_flow(setting.apart, purpose, &flow, seen);
        (account, token)
    };
    let path = "/api/auth/password/forgot";
    let (account, token) = mailed("password-forgot", path, Purpose::PasswordReset);
    let body = json!({ "token": token, "newPassword": "another long password" });
    let event = account.post("/api/auth/password/reset", &body);
    let _ = setting.ask(&start("password-reset", &[]), &event, 204);

    let path = "/api/auth/magic-link";
    let (account, token) = mailed("magic-link", path, Purpose::MagicLink);
    let event = account.post("/api/auth/magic-link/verify", &json!({ "token": token }));
    let _ = setting.ask(&start("magic-link-verify", &LINKS), &event, 200);
}
