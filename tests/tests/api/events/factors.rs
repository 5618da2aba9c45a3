//! Second factors, from their first code to each of their ends.

use super::*;
use crate::mfa::code;

pub(super) const WRITES: &[&str] = &[
    "register",
    "login",
    "me-delete",
    "reauthenticate",
    "mfa-enable",
    "mfa-confirm",
    "mfa-verify",
    "mfa-disable",
    "mfa-recovery-codes",
    "users-mfa",
];

const REQUIRED: [(&str, &str); 1] = [("BAKEND_AUTH_MFA", "required")];
const LOGIN: &str = "/api/auth/login";
const VERIFY: &str = "/api/auth/mfa/verify";

/// The events of a change of the factor, which ends sessions.
const CHANGED: [&str; 2] = ["auth.mfa.changed", "auth.session.ended"];

/// The secret of an authenticator app, with ten recovery codes.
struct App {
    secret: String,
    codes: Vec<String>,
}

fn recovery_codes(done: &Done) -> Vec<String> {
    let body = done.reply.json();
    let codes = body["recoveryCodes"].as_array().unwrap();
    codes.iter().map(text).collect()
}

/// The token of a sign-in that waits.
fn waiting(done: &Done) -> String {
    let token = text(&done.reply.json()["error"]["mfa"]["token"]);
    assert!(!token.is_empty(), "{}", done.reply.text());
    token
}

/// The factor of a user was changed for this reason, and every session has ended but one that is told, where it is.
#[track_caller]
fn is_change(done: &Done, user: &str, (reason, keeps): (&str, bool)) {
    let (changed, ended) = (done.event(CHANGED[0]), done.event(CHANGED[1]));
    assert_eq!(
        changed["data"],
        json!({ "userId": user, "reason": reason }),
        "{changed}"
    );
    assert_eq!(
        changed["subject"],
        json!({ "collection": "users", "id": user, "owner": null })
    );
    let data = &ended["data"];
    assert_eq!(
        (&data["userId"], &data["sessionId"], &data["reason"]),
        (&json!(user), &Value::Null, &json!(reason)),
        "{ended}"
    );
    assert_eq!(data["kept"].is_string(), keeps, "{ended}");
    assert_eq!(changed["at"], ended["at"]);
}

/// Asks for a secret, which makes no event, and confirms it by the code of this step, which makes these.
#[track_caller]
fn enrols(play: &Play<'_>, token: &str, expected: &[&str]) -> (App, Done) {
    let own = |path: &str, body: &Value| post(path, body).token(token);
    let enable = own("/api/auth/mfa/enable", &json!({}));
    let setup = play.ask("mfa-enable", enable, 200, &[]).reply.json();
    let secret = text(&setup["secret"]);
    let confirm = |code: &str| own("/api/auth/mfa/confirm", &json!({ "code": code }));
    let _ = play.ask("mfa-confirm", confirm("12345"), 401, &[]);
    let first = confirm(&code(&secret, 0));
    let done = play.ask("mfa-confirm", first, 200, expected);
    let codes = recovery_codes(&done);
    (App { secret, codes }, done)
}

/// The second step of a sign-in.
fn verify(token: &str, code: &str) -> Event {
    let body = json!({ "mfaToken": token, "recoveryCode": code });
    post(VERIFY, &body)
}

#[test]
fn second_factors_make_exactly_these_events() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let play = Play::new(inside);
    let (ada, bob, eve) = (play.registers(), play.registers(), play.registers());
    renewed_and_switched_off(&play, &ada);
    removed_by_an_admin(&play, &bob);
    enrolled_at_a_sign_in_and_restored(&play, &eve);
    play.end(WRITES);
}

/// A factor is switched on, signs in in two steps, gets other recovery codes, and is switched off.
fn renewed_and_switched_off(play: &Play<'_>, ada: &Member) {
    let (app, done) = enrols(play, &ada.access, &CHANGED);
    is_change(&done, &ada.id, ("mfa-enabled", true));
    assert_eq!(done.event(CHANGED[0])["actor"]["id"], json!(ada.id));

    let login = post(LOGIN, &credentials(&ada.email));
    let token = waiting(&play.ask("login", login, 403, &[]));
    let wrong = verify(&token, "0000-0000-0000-0000");
    let _ = play.ask("mfa-verify", wrong, 401, &[]);
    let second = || verify(&token, &app.codes[0]);
    let done = play.ask("mfa-verify", second(), 200, &["auth.login"]);
    let event = done.event("auth.login");
    assert_eq!(event["data"]["method"], "mfa");
    assert_eq!(
        (&event["data"]["userId"], &event["actor"]["id"]),
        (&json!(ada.id), &json!(ada.id))
    );
    let _ = play.ask("mfa-verify", second(), 401, &[]);

    let own = |path: &str, body: Value| post(path, &body).token(&ada.access);
    let path = "/api/auth/mfa/recovery-codes";
    let renew = own(path, json!({ "code": code(&app.secret, 1) }));
    let done = play.ask("mfa-recovery-codes", renew, 200, &CHANGED);
    is_change(&done, &ada.id, ("mfa-codes-renewed", true));
    let codes = recovery_codes(&done);

    let disable = |code: &str| own("/api/auth/mfa/disable", json!({ "recoveryCode": code }));
    let _ = play.ask("mfa-disable", disable(&app.codes[1]), 401, &[]);
    let done = play.ask("mfa-disable", disable(&codes[0]), 204, &CHANGED);
    is_change(&done, &ada.id, ("mfa-disabled", true));
    let _ = play.ask("mfa-disable", disable(&codes[1]), 409, &[]);
}

/// A code comes with the password, and an admin removes the factor.
fn removed_by_an_admin(play: &Play<'_>, bob: &Member) {
    let (app, _) = enrols(play, &bob.access, &CHANGED);
    let with_code = |code: &str| {
        let mut body = credentials(&bob.email);
        body["mfaCode"] = json!(code);
        post(LOGIN, &body)
    };
    let _ = play.ask("login", with_code("12345"), 401, &[]);
    let right = with_code(&code(&app.secret, 1));
    let done = play.ask("login", right, 200, &["auth.login"]);
    assert_eq!(done.event("auth.login")["data"]["method"], "login");

    let path = format!("/api/users/{}/mfa", bob.id);
    let removal = || delete(&path).token(&play.admin.access);
    let done = play.ask("users-mfa", removal(), 204, &CHANGED);
    is_change(&done, &bob.id, ("mfa-disabled", false));
    let actor = &done.event(CHANGED[0])["actor"];
    assert_eq!(
        (&actor["id"], &actor["role"]),
        (&json!(play.admin.id), &json!("admin"))
    );
    let _ = play.ask("users-mfa", removal(), 409, &[]);
}

/// A sign-in waits for a factor to be made, and begins with it. The deleted account comes back by the second step.
fn enrolled_at_a_sign_in_and_restored(play: &Play<'_>, eve: &Member) {
    let login = post(LOGIN, &credentials(&eve.email));
    let token = waiting(&play.ask_told("login", &REQUIRED, login, 403, &[]));
    let all = [&CHANGED[..], &["auth.login"]].concat();
    let (app, done) = enrols(play, &token, &all);
    is_change(&done, &eve.id, ("mfa-enabled", true));
    let data = &done.event("auth.login")["data"];
    assert_eq!(data["method"], "mfa");
    assert_eq!(data["sessionId"], done.event(CHANGED[1])["data"]["kept"]);

    let access = text(&done.reply.json()["accessToken"]);
    let body = json!({ "password": PASSWORD, "code": code(&app.secret, 1) });
    let again = post("/api/auth/reauthenticate", &body).token(&access);
    let done = play.ask("reauthenticate", again, 200, &["auth.reauthenticated"]);
    assert_eq!(done.events[0]["data"]["amr"], json!(["pwd", "otp", "mfa"]));

    let access = text(&done.reply.json()["accessToken"]);
    let leave = delete("/api/auth/me").json(&json!({ "password": PASSWORD }));
    let gone = ["user.deleted", "auth.session.ended"];
    let _ = play.ask("me-delete", leave.token(&access), 204, &gone);
    let restore = post("/api/auth/me/restore", &credentials(&eve.email));
    let token = waiting(&play.ask("me-restore", restore, 403, &[]));
    let back = ["user.restored", "auth.login"];
    let second = verify(&token, &app.codes[0]);
    let done = play.ask("mfa-verify", second, 200, &back);
    assert_eq!(done.event(back[1])["data"]["method"], "restore");
}
