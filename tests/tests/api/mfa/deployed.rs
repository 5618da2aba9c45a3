//! Second factors on every stack, over HTTP alone.

use blackbox::{Caller, stack};

use super::*;

/// A user with an authenticator app, over HTTP.
pub(crate) struct Enrolled {
    pub(crate) user: Caller,
    secret: String,
    codes: Vec<String>,
}

/// A new user who has switched the factor on by the code of this step. The code of the next one is unused.
pub(crate) fn enrolled() -> Enrolled {
    let user = stack().proven_member();
    let setup = user.post(ENABLE, &json!({})).expect(200).json();
    let secret = text(&setup["secret"]);
    let confirmed = user.post(CONFIRM, &json!({ "code": code(&secret, 0) }));
    Enrolled {
        codes: recovery_codes(&confirmed.expect(200)),
        user,
        secret,
    }
}

fn recovery_codes(reply: &Reply) -> Vec<String> {
    let body = reply.json();
    let codes: Vec<String> = body["recoveryCodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(text)
        .collect();
    assert_eq!(codes.len(), 10);
    codes
}

#[test]
fn a_factor_is_switched_on_asked_for_renewed_and_switched_off() {
    let Enrolled {
        user,
        secret,
        codes,
    } = enrolled();
    let status = user.get("/api/auth/mfa").expect(200).json();
    assert!(status["totp"]["enabledAt"].is_string(), "{status}");
    assert_eq!(status["recoveryCodesLeft"], 10);

    let stranger = stack().stranger();
    let credentials = json!({ "email": user.email, "password": PASSWORD });
    let waits = stranger.post(LOGIN, &credentials).expect(403);
    assert_eq!(waits.code(), "auth/mfa-required");
    let challenge = text(&waits.json()["error"]["mfa"]["token"]);
    let body = second(&challenge, &json!({ "recoveryCode": codes[0] }));
    let signed_in = stranger.post(VERIFY, &body).expect(200).json();
    assert_eq!(signed_in["user"]["id"], user.id());
    let again = stranger.post(VERIFY, &body);
    refused(again, 401, "auth/invalid-mfa-code");

    let renewed = user.post(CODES, &json!({ "code": code(&secret, 1) }));
    let others = recovery_codes(&renewed.expect(200));
    let disable = |code: &str| user.post(DISABLE, &json!({ "recoveryCode": code }));
    refused(disable(&codes[1]), 401, "auth/invalid-mfa-code");
    let _ = disable(&others[0]).expect(204);
    let _ = stranger.post(LOGIN, &credentials).expect(200);
}

#[test]
fn an_admin_removes_the_factor_of_a_user() {
    let user = enrolled().user;
    let path = format!("/api/users/{}/mfa", user.id());
    let _ = stack().admin().delete(&path).expect(204);
    let ended = user.get("/api/auth/me");
    assert_eq!(ended.expect(401).code(), "auth/session-revoked");
    let _ = stack().login(&user.email);
}
