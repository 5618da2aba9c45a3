//! The policy of second factors: users who have to have one.

use blackbox::stack;

use super::*;
use crate::auth::forge::claims;
use crate::auth::items;

pub(super) const REQUIRED: (&str, &str) = ("BAKEND_AUTH_MFA", "required");
const OF_ADMINS: (&str, &str) = ("BAKEND_AUTH_MFA", r#"{"requiredFor":["admin"]}"#);
const REGISTER: &str = "/api/auth/register";
const SESSIONS: &str = "/api/auth/sessions";

/// The token of a sign-in that waits for a factor to be made.
#[track_caller]
pub(super) fn enrolment(refusal: Reply) -> String {
    let refusal = refusal.expect(403);
    assert_eq!(refusal.code(), "auth/mfa-enrollment-required");
    let mfa = refusal.json()["error"]["mfa"].clone();
    assert_eq!(mfa["methods"], json!(["totp"]));
    assert_eq!(mfa["expiresIn"], 600);
    text(&mfa["token"])
}

/// The secret that somebody gets with such a token.
#[track_caller]
pub(super) fn secret(stage: &Stage<'_>, token: &str) -> String {
    let setup = stage.post_as(token, "mfa-enable", ENABLE, &json!({}));
    text(&setup.expect(200).json()["secret"])
}

/// A registration under the policy: its address and its token.
fn sign_up(stage: &Stage<'_>) -> (String, String) {
    let email = fresh_email();
    let body = json!({ "email": email, "password": PASSWORD });
    let token = enrolment(stage.post("register", REGISTER, &body));
    (email, token)
}

/// The reply of a function under a policy that the others do not have.
fn under(stage: &Stage<'_>, policy: (&str, &str), function: &str, event: &Event) -> Reply {
    let function = stage.world.variant(function, &[policy]);
    stage.world.flow.apart.ask(&function, event)
}

/// The refusal of a session that lacks a factor: it opens nothing.
#[track_caller]
fn lacks_factor(reply: Reply) {
    let reply = reply.expect(403);
    assert_eq!(reply.code(), "auth/mfa-enrollment-required");
    assert!(reply.json()["error"]["mfa"].is_null(), "{}", reply.text());
}

fn sessions(token: &str) -> Event {
    Event::new("GET", SESSIONS).token(token)
}

fn post(token: &str) -> Event {
    let event = Event::new("POST", "/api/posts").json(&json!({ "title": "a" }));
    event.token(token)
}

#[test]
fn a_sign_up_makes_the_account_and_its_factor_begins_the_session() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[REQUIRED]);
    let (email, token) = sign_up(&stage);
    assert!(token.len() <= 2048);
    let again = json!({ "email": email, "password": PASSWORD });
    let again = stage.post("register", REGISTER, &again);
    refused(again, 409, "auth/email-already-exists");
    let _ = enrolment(stage.login(&email, &json!({})));

    let secret = secret(&stage, &token);
    let confirm = |code: &str| {
        let body = json!({ "code": code });
        stage.post_as(&token, "mfa-confirm", CONFIRM, &body)
    };
    refused(confirm("000000"), 401, "auth/invalid-mfa-code");
    let confirmed = confirm(&code(&secret, -1)).expect(200).json();
    let codes = confirmed["recoveryCodes"].as_array().map(Vec::len);
    assert_eq!(codes, Some(10));
    assert!(confirmed["refreshToken"].is_string(), "{confirmed}");
    let access = text(&confirmed["accessToken"]);
    assert_eq!(claims(&access)["amr"], json!(["pwd", "otp", "mfa"]));
    let page = stage.world.send("sessions-list", &sessions(&access), 200);
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1), "{page}");
    let status = Event::new("GET", "/api/auth/mfa").token(&access);
    let status = stage.world.send("mfa-get", &status, 200);
    assert_eq!(status["required"], true);

    refused(confirm(&code(&secret, 0)), 401, "auth/invalid-token");
    let enable = stage.post_as(&token, "mfa-enable", ENABLE, &json!({}));
    refused(enable, 401, "auth/invalid-token");
    let challenge = stage.challenge(&email);
    let proof = json!({ "code": code(&secret, 0) });
    let signed_in = stage.verify(&challenge, &proof).expect(200).json();
    let access = text(&signed_in["accessToken"]);
    let _ = stage.world.send("sessions-list", &sessions(&access), 200);
}

#[test]
fn one_enrolment_makes_one_session() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[REQUIRED]);
    let (_, token) = sign_up(&stage);
    let body = json!({ "code": code(&secret(&stage, &token), 0) });
    let event = Event::new("POST", CONFIRM).json(&body).token(&token);
    let instances = stage.instances("mfa-confirm", 4);
    let uses = instances.iter().cycle().take(20);
    let all: Vec<(&Instance<'_>, Event)> = uses.map(|it| (it, event.clone())).collect();
    let replies = stage.at_once(&all);
    let (won, lost): (Vec<&Reply>, Vec<&Reply>) = replies.iter().partition(|it| it.status == 200);
    assert_eq!(won.len(), 1, "{replies:#?}");
    for lost in lost {
        assert!(matches!(lost.status, 401 | 409), "{}", lost.text());
        let told = lost.text();
        assert!(!told.contains("Token\"") && !told.contains("recoveryCodes"));
    }
    let access = text(&won[0].json()["accessToken"]);
    let me = Event::new("GET", "/api/auth/me").token(&access);
    let me = stage.world.send("me-get", &me, 200);
    let all = stage.world.scan("local-_sessions").into_iter();
    let own = all.filter(|session| session["user_id"]["S"] == me["id"]);
    assert_eq!(own.count(), 1);
}

#[test]
fn an_enrolment_opens_nothing_else() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[REQUIRED]);
    let (_, token) = sign_up(&stage);
    let body = json!({ "code": "000000" });
    for (function, event) in [
        ("me-get", Event::new("GET", "/api/auth/me")),
        ("mfa-get", Event::new("GET", "/api/auth/mfa")),
        ("sessions-list", Event::new("GET", SESSIONS)),
        ("mfa-disable", Event::new("POST", DISABLE).json(&body)),
        ("mfa-recovery-codes", Event::new("POST", CODES).json(&body)),
    ] {
        let reply = stage.world.reply(function, &event.token(&token));
        refused(reply, 401, "auth/invalid-token");
    }
    let verify = stage.verify(&token, &body);
    refused(verify, 401, "auth/invalid-mfa-code");
    let late = [("BAKEND_CLOCK_OFFSET", "600s")];
    let late = stage.world.variant("mfa-enable", &late);
    let enable = Event::new("POST", ENABLE).json(&json!({})).token(&token);
    let reply = stage.world.flow.apart.ask(&late, &enable);
    refused(reply, 401, "auth/invalid-token");
    let _ = stage.world.reply("mfa-enable", &enable).expect(200);
}

#[test]
fn a_policy_holds_on_the_next_request_of_sessions_that_are_there() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (_, made) = stage.register();
    let token = text(&made["accessToken"]);
    for (function, event, status) in [
        ("sessions-list", sessions(&token), 200),
        ("records-create", post(&token), 201),
    ] {
        let _ = stage.world.reply(function, &event).expect(status);
        lacks_factor(under(&stage, REQUIRED, function, &event));
    }
    for (function, path) in [("me-get", "/api/auth/me"), ("mfa-get", "/api/auth/mfa")] {
        let event = Event::new("GET", path).token(&token);
        let _ = under(&stage, REQUIRED, function, &event).expect(200);
    }
    let body = json!({ "refreshToken": made["refreshToken"] });
    let refresh = Event::new("POST", "/api/auth/refresh").json(&body);
    let tokens = under(&stage, REQUIRED, "refresh", &refresh).expect(200);
    let token = text(&tokens.json()["accessToken"]);
    let list = sessions(&token);
    lacks_factor(under(&stage, REQUIRED, "sessions-list", &list));
    let again = Event::new("POST", "/api/auth/reauthenticate").token(&token);
    let again = again.json(&json!({ "password": PASSWORD }));
    let tokens = under(&stage, REQUIRED, "reauthenticate", &again).expect(200);
    let token = text(&tokens.json()["accessToken"]);
    let list = sessions(&token);
    lacks_factor(under(&stage, REQUIRED, "sessions-list", &list));
    let logout = Event::new("POST", "/api/auth/logout").token(&token);
    let _ = under(&stage, REQUIRED, "logout", &logout).expect(204);
    assert!(!stage.stands(&token));
}

#[test]
fn another_role_holds_on_the_next_request() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (email, made) = stage.register();
    let list = sessions(&text(&made["accessToken"]));
    let path = format!("/api/users/{}", text(&made["user"]["id"]));
    let asked = stage.world.variant("sessions-list", &[OF_ADMINS]);
    let ask = || stage.world.flow.apart.ask(&asked, &list);
    let become_a = |role: &str| {
        let event = Event::new("PATCH", &path).json(&json!({ "role": role }));
        let _ = stage.world.ask("users-update", event, 200);
    };
    let body = json!({ "email": email, "password": PASSWORD });
    let login = Event::new("POST", LOGIN).json(&body);
    let _ = ask().expect(200);
    let _ = under(&stage, OF_ADMINS, "login", &login).expect(200);
    become_a("admin");
    lacks_factor(ask());
    let _ = enrolment(under(&stage, OF_ADMINS, "login", &login));
    become_a("authenticated");
    let _ = ask().expect(200);
}

#[test]
fn nobody_switches_off_what_the_policy_asks_for() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = stage.enrolled();
    let disable = Event::new("POST", DISABLE).token(&account.token);
    let disable = disable.json(&json!({ "recoveryCode": account.codes[0] }));
    let reply = under(&stage, REQUIRED, "mfa-disable", &disable);
    refused(reply, 409, "auth/mfa-required-by-policy");
    let _ = stage.challenge(&account.email);
    // The code is not used up, and nobody asks users of this role.
    let _ = under(&stage, OF_ADMINS, "mfa-disable", &disable).expect(204);
}

#[test]
fn without_a_session_check_the_claims_are_judged() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (email, made) = stage.register();
    let account = stage.enrol(&email, &made);
    let trusting = [REQUIRED, ("BAKEND_AUTH_SESSION_CHECK", "expiry")];
    let trusting = stage.world.variant("records-create", &trusting);
    let trusting = |token: &str| stage.world.flow.apart.ask(&trusting, &post(token));
    // The session has both factors by now; its token is older.
    let create = post(&account.token);
    let _ = under(&stage, REQUIRED, "records-create", &create).expect(201);
    lacks_factor(trusting(&account.token));
    let body = json!({ "refreshToken": made["refreshToken"] });
    let tokens = stage.post("refresh", "/api/auth/refresh", &body);
    let token = text(&tokens.expect(200).json()["accessToken"]);
    assert_eq!(claims(&token)["amr"], json!(["pwd", "otp", "mfa"]));
    let _ = trusting(&token).expect(201);
}

#[test]
fn an_admin_who_acts_as_the_user_is_not_asked_for_the_users_factor() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (_, made) = stage.register();
    let list = sessions(&text(&made["accessToken"]));
    lacks_factor(under(&stage, REQUIRED, "sessions-list", &list));
    let (id, admin) = (text(&made["user"]["id"]), &stage.world.admin["user"]["id"]);
    let endpoint = stage.world.flow.apart.dynamo.endpoint();
    items::set_session(&endpoint, &id, &json!({ "actor": { "S": admin } }));
    let _ = under(&stage, REQUIRED, "sessions-list", &list).expect(200);
}
