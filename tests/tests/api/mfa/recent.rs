//! Recent authentications: an old session is refused, and each kind of proof makes one that is taken.

use blackbox::stack;

use super::*;

/// Eleven minutes, one more than an authentication is recent.
const LATE: [(&str, &str); 1] = [("BAKEND_CLOCK_OFFSET", "660s")];

#[test]
fn each_kind_of_proof_is_recent_where_an_old_session_is_not() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = stage.enrolled();
    let late = |function: &str| stage.world.variant(function, &LATE);
    let [login, verify, again, disable] =
        ["login", "mfa-verify", "reauthenticate", "mfa-disable"].map(late);
    let ask = |instance: &Instance<'_>, event: &Event| stage.world.flow.apart.ask(instance, event);
    // A wrong code is looked at only where the authentication is recent.
    let probe = |token: &str| {
        let event = Event::new("POST", DISABLE).token(token);
        ask(&disable, &event.json(&json!({ "code": "000000" })))
    };
    let old = probe(&account.token);
    refused(old, 403, "auth/reauthentication-required");

    let right = |more: Value| {
        let mut body = json!({ "email": account.email, "password": PASSWORD });
        let body_fields = body.as_object_mut().unwrap();
        body_fields.extend(more.as_object().cloned().unwrap());
        ask(&login, &Event::new("POST", LOGIN).json(&body))
    };
    let by_login = right(json!({ "recoveryCode": account.codes[0] })).expect(200);
    let waits = right(json!({})).expect(403).json();
    let challenge = text(&waits["error"]["mfa"]["token"]);
    let body = second(&challenge, &json!({ "recoveryCode": account.codes[1] }));
    let by_verify = ask(&verify, &Event::new("POST", VERIFY).json(&body)).expect(200);
    let body = json!({ "password": PASSWORD, "recoveryCode": account.codes[2] });
    let event = Event::new("POST", "/api/auth/reauthenticate").token(&account.token);
    let by_proof = ask(&again, &event.json(&body)).expect(200);
    for reply in [by_login, by_verify, by_proof] {
        let token = text(&reply.json()["accessToken"]);
        refused(probe(&token), 401, "auth/invalid-mfa-code");
    }
}
