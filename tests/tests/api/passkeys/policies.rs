//! Passkeys under the policies of second factors and of addresses: a passkey is both factors.

use blackbox::stack;

use super::*;
use crate::mfa::enrol_totp;

const REQUIRED: (&str, &str) = ("BAKEND_AUTH_MFA", "required");
const POLICIES: [(&str, &str); 4] = [
    ("BAKEND_AUTH_MFA", "off"),
    ("BAKEND_AUTH_MFA", "optional"),
    REQUIRED,
    ("BAKEND_AUTH_MFA", r#"{"requiredFor":["authenticated"]}"#),
];

/// The methods by which a sign-in that waits goes on, and whether it has a token.
fn waits(reply: Reply) -> (Value, bool) {
    let reply = reply.expect(403);
    assert_eq!(reply.code(), "auth/mfa-required", "{}", reply.text());
    let mfa = reply.json()["error"]["mfa"].clone();
    (mfa["methods"].clone(), mfa["token"].is_string())
}

#[test]
fn a_passkey_signs_in_under_every_policy_and_beside_another_factor() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.enrolled();
    let lists = |policy| stage.world.variant("sessions-list", &[policy]);
    let enters = |policy| stage.world.variant("passkeys-login", &[policy]);
    let ask = |instance: &Instance<'_>, event: &Event| stage.world.flow.apart.ask(instance, event);
    let all = POLICIES.map(|policy| (enters(policy), lists(policy)));
    for with_totp in [false, true] {
        if with_totp {
            let _ = enrol_totp(&stage.world, &account.token);
        }
        for (enters, lists) in &all {
            let body = stage.signed(&mut account.device, &Manners::on(PAGE));
            let entered = ask(enters, &Event::new("POST", LOGIN).json(&body));
            let token = text(&entered.expect(200).json()["accessToken"]);
            let list = Event::new("GET", "/api/auth/sessions").token(&token);
            let _ = ask(lists, &list).expect(200);
        }
    }
}

#[test]
fn the_password_of_a_user_with_a_passkey_is_one_factor() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.enrolled();
    let body = json!({ "email": account.email, "password": PASSWORD });
    let login = Event::new("POST", "/api/auth/login").json(&body);
    let under = |policy, function: &str, event: &Event| {
        let function = stage.world.variant(function, &[policy]);
        stage.world.flow.apart.ask(&function, event)
    };
    // The policy takes the passkey, which the app goes on with.
    for policy in [POLICIES[2], POLICIES[3]] {
        let refused = under(policy, "login", &login);
        assert_eq!(waits(refused), (json!(["passkey"]), false));
    }
    for policy in [POLICIES[0], POLICIES[1]] {
        let _ = under(policy, "login", &login).expect(200);
    }
    // A session of the password is there already: its next request is refused, until the passkey proves its user once more.
    let list = |token: &str| Event::new("GET", "/api/auth/sessions").token(token);
    let refused = under(REQUIRED, "sessions-list", &list(&account.token)).expect(403);
    assert_eq!(refused.code(), "auth/mfa-enrollment-required");
    let body = stage.signed(&mut account.device, &Manners::on(PAGE));
    let again = Event::new("POST", AGAIN).json(&body).token(&account.token);
    let proven = under(REQUIRED, "reauthenticate", &again).expect(200).json();
    let token = text(&proven["accessToken"]);
    let _ = under(REQUIRED, "sessions-list", &list(&token)).expect(200);
    // With an app as well, each of the two is offered.
    let _ = enrol_totp(&stage.world, &token);
    let offered = waits(stage.login(&account.email));
    assert_eq!(offered, (json!(["totp", "recovery", "passkey"]), true));
}

#[test]
fn an_address_that_has_to_be_proven_first_is_asked_for_after_the_proof() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.enrolled();
    let required = [
        ("BAKEND_MAIL_FROM", "mail@example.com"),
        ("BAKEND_AUTH_EMAIL_VERIFICATION", "required"),
    ];
    let strict = stage.world.variant("passkeys-login", &required);
    let sign = |device: &mut Device, page: &str| {
        let body = stage.signed(device, &Manners::on(page));
        let event = Event::new("POST", LOGIN).json(&body);
        stage.world.flow.apart.ask(&strict, &event)
    };
    refused(
        sign(&mut account.device, PAGE),
        403,
        "auth/email-not-verified",
    );
    invalid(sign(&mut account.device, "https://evil.example"));
    let _ = stage.sign_in(&mut account.device).expect(200);
}

/// Eleven minutes, one more than an authentication is recent.
const LATE: [(&str, &str); 1] = [("BAKEND_CLOCK_OFFSET", "660s")];

#[test]
fn a_sign_in_and_a_further_proof_by_passkey_are_recent() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.enrolled();
    let late = |function: &str| stage.world.variant(function, &LATE);
    let [begin, enter, again, options] = [
        "passkeys-login-options",
        "passkeys-login",
        "reauthenticate",
        "passkeys-options",
    ]
    .map(late);
    let ask = |instance: &Instance<'_>, event: &Event| stage.world.flow.apart.ask(instance, event);
    let mut sign = || {
        let begun = ask(&begin, &Event::new("POST", LOGIN_OPTIONS).json(&json!({})));
        let begun = begun.expect(200).json();
        let credential = account.device.sign(&begun["options"], &Manners::on(PAGE));
        json!({ "challengeToken": begun["challengeToken"], "credential": credential })
    };
    let (first, second) = (sign(), sign());
    let probe = |token: &str| {
        let event = Event::new("POST", OPTIONS).json(&json!({}));
        ask(&options, &event.token(token))
    };
    let old = probe(&account.token);
    refused(old, 403, "auth/reauthentication-required");
    let entered = ask(&enter, &Event::new("POST", LOGIN).json(&first));
    let event = Event::new("POST", AGAIN)
        .json(&second)
        .token(&account.token);
    let proven = ask(&again, &event);
    for reply in [entered, proven] {
        let token = text(&reply.expect(200).json()["accessToken"]);
        let _ = probe(&token).expect(200);
    }
}

#[test]
fn a_stolen_password_adds_no_factor_to_an_account_that_has_a_passkey() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (mut account, bare) = (stage.enrolled(), stage.register());
    let id = text(&stage.list(&account.token)[0]["id"]);
    let path = format!("{PASSKEYS}/{id}");
    let ask = |policy, token: &str| {
        [
            ("passkeys-options", Event::new("POST", OPTIONS)),
            ("passkeys-delete", Event::new("DELETE", &path)),
            ("mfa-enable", Event::new("POST", "/api/auth/mfa/enable")),
        ]
        .map(|(name, event)| {
            let function = stage.world.variant(name, &[policy]);
            stage.world.flow.apart.ask(&function, &event.token(token))
        })
    };
    // The session is of before the policy, and its password may be somebody else's: also proven once more it is one factor.
    let again = |token: &str, body: &Value| {
        let again = stage.post_as(token, "reauthenticate", AGAIN, body);
        text(&again.expect(200).json()["accessToken"])
    };
    let by_password = again(&account.token, &json!({ "password": PASSWORD }));
    for policy in [POLICIES[2], POLICIES[3]] {
        for reply in ask(policy, &by_password) {
            refused(reply, 403, "auth/reauthentication-required");
        }
    }
    // An account without a factor makes its first one by the password.
    let [begins, _, enables] = ask(REQUIRED, &bare.token);
    let _ = (begins.expect(200), enables.expect(200));
    let body = stage.signed(&mut account.device, &Manners::on(PAGE));
    let by_passkey = again(&by_password, &body);
    let [begins, removes, enables] = ask(REQUIRED, &by_passkey);
    let _ = (begins.expect(200), enables.expect(200));
    refused(removes, 409, "auth/mfa-required-by-policy");
}

#[test]
fn a_password_does_not_bring_back_an_account_whose_factor_is_a_passkey() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.enrolled();
    let leave = Event::new("DELETE", "/api/auth/me").json(&json!({ "password": PASSWORD }));
    let leave = leave.token(&account.token);
    let _ = stage.world.reply("me-delete", &leave).expect(204);
    let restores = stage.world.variant("me-restore", &[REQUIRED]);
    let body = json!({ "email": account.email, "password": PASSWORD });
    let event = Event::new("POST", "/api/auth/me/restore").json(&body);
    let reply = stage.world.flow.apart.ask(&restores, &event);
    assert_eq!(waits(reply), (json!(["passkey"]), false));
    let deleted = stage.sign_in(&mut account.device).expect(409);
    assert_eq!(
        deleted.code(),
        "auth/account-deleted",
        "it is deleted still"
    );
    let mut body = stage.signed(&mut account.device, &Manners::on(PAGE));
    body["restore"] = json!(true);
    let _ = stage.post("passkeys-login", LOGIN, &body).expect(200);
}

#[test]
fn an_id_of_any_length_is_no_passkey() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = stage.enrolled();
    let path = format!("{PASSKEYS}/{}", "x".repeat(2100));
    let rename = Event::new("PATCH", &path).json(&json!({ "name": "x" }));
    for (function, event) in [
        ("passkeys-update", rename),
        ("passkeys-delete", Event::new("DELETE", &path)),
    ] {
        let reply = stage.world.reply(function, &event.token(&account.token));
        refused(reply, 404, "auth/passkey-not-found");
    }
}
