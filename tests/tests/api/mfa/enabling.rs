//! Switching the second factor on and off.

use blackbox::stack;

use super::*;

#[test]
fn a_factor_is_on_after_its_first_code_and_off_after_another() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (email, made) = stage.register();
    let token = text(&made["accessToken"]);
    let other = text(&stage.login(&email, &json!({})).expect(200).json()["accessToken"]);
    let status = |token: &str| {
        let event = Event::new("GET", "/api/auth/mfa").token(token);
        stage.world.send("mfa-get", &event, 200)
    };
    let off = json!({ "totp": null, "recoveryCodesLeft": 0, "passkeys": 0, "required": false });
    assert_eq!(status(&token), off);
    assert_eq!(made["user"]["mfa"], false);

    let confirm = |code: &str| {
        let body = json!({ "code": code });
        stage.post_as(&token, "mfa-confirm", CONFIRM, &body)
    };
    refused(confirm("123456"), 409, "auth/mfa-setup-expired");
    let enable = || stage.post_as(&token, "mfa-enable", ENABLE, &json!({}));
    let first = enable().expect(200).json();
    let setup = enable().expect(200).json();
    assert_ne!(first["secret"], setup["secret"], "a new secret each time");
    assert_eq!(setup["expiresIn"], 600);
    let secret = text(&setup["secret"]);
    let uri = text(&setup["uri"]);
    assert!(uri.starts_with("otpauth://totp/"), "{uri}");
    assert!(uri.contains(&secret) && uri.contains("issuer="), "{uri}");
    assert_eq!(status(&token), off, "nothing is on yet");
    let _ = stage.login(&email, &json!({})).expect(200);
    refused(
        confirm(&code(&text(&first["secret"]), 0)),
        401,
        "auth/invalid-mfa-code",
    );
    let confirmed = confirm(&code(&secret, -1)).expect(200).json();
    assert_eq!(
        confirmed["recoveryCodes"].as_array().map(Vec::len),
        Some(10)
    );
    assert!(confirmed["accessToken"].is_null(), "the session goes on");

    assert!(
        stage.stands(&token) && !stage.stands(&other),
        "the others end"
    );
    let on = status(&token);
    assert!(on["totp"]["enabledAt"].is_string(), "{on}");
    assert_eq!(on["recoveryCodesLeft"], 10);
    let event = Event::new("GET", "/api/auth/me").token(&token);
    assert_eq!(stage.world.send("me-get", &event, 200)["mfa"], true);
    refused(enable(), 409, "auth/mfa-already-enabled");
    refused(confirm(&code(&secret, 0)), 409, "auth/mfa-already-enabled");

    let disable = |proof: &Value| stage.post_as(&token, "mfa-disable", DISABLE, proof);
    refused(disable(&json!({})), 400, "common/validation-failed");
    // The code that has switched it on is used up.
    refused(
        disable(&json!({ "code": code(&secret, -1) })),
        401,
        "auth/invalid-mfa-code",
    );
    let _ = disable(&json!({ "code": code(&secret, 0) })).expect(204);
    assert_eq!(status(&token), off);
    let _ = stage.login(&email, &json!({})).expect(200);
    refused(
        disable(&json!({ "code": code(&secret, 1) })),
        409,
        "auth/mfa-not-enabled",
    );
}

#[test]
fn a_setup_that_is_not_confirmed_in_time_is_void() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (_, made) = stage.register();
    let token = text(&made["accessToken"]);
    let setup = stage.post_as(&token, "mfa-enable", ENABLE, &json!({}));
    let secret = text(&setup.expect(200).json()["secret"]);
    let late = stage
        .world
        .variant("mfa-confirm", &[("BAKEND_CLOCK_OFFSET", "600s")]);
    let event = Event::new("POST", CONFIRM).token(&token);
    let event = event.json(&json!({ "code": code(&secret, 20) }));
    let reply = stage.world.flow.apart.ask(&late, &event);
    refused(reply, 409, "auth/mfa-setup-expired");
}

#[test]
fn nobody_switches_one_on_where_the_policy_is_off_or_the_address_is_not_proven() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let before = stage.enrolled();
    let (_, made) = stage.register();
    let event = Event::new("POST", ENABLE).token(&text(&made["accessToken"]));
    for (variable, code) in [
        (("BAKEND_AUTH_MFA", "off"), "auth/method-disabled"),
        (
            ("BAKEND_MAIL_FROM", "mail@example.com"),
            "auth/email-not-verified",
        ),
    ] {
        let enable = stage.world.variant("mfa-enable", &[variable]);
        refused(stage.world.flow.apart.ask(&enable, &event), 403, code);
    }
    // Users who have one are asked for it as before, and may switch it off.
    let off = [("BAKEND_AUTH_MFA", "off")];
    let login = stage.world.variant("login", &off);
    let body = json!({ "email": before.email, "password": PASSWORD });
    let asked = stage
        .world
        .flow
        .apart
        .ask(&login, &Event::new("POST", LOGIN).json(&body));
    refused(asked, 403, "auth/mfa-required");
    let disable = stage.world.variant("mfa-disable", &off);
    let event = Event::new("POST", DISABLE).token(&before.token);
    let event = event.json(&json!({ "code": code(&before.secret, 0) }));
    let _ = stage.world.flow.apart.ask(&disable, &event).expect(204);
}
