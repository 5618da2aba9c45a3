//! Sign-ins with a second factor.

use blackbox::stack;

use super::*;

/// How many sign-ins race with one code.
const RACERS: usize = 20;

#[test]
fn a_right_password_leads_to_the_second_step_and_a_code_to_the_session() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = stage.enrolled();
    let waits = stage.login(&account.email, &json!({})).expect(403).json();
    let mfa = &waits["error"]["mfa"];
    assert_eq!(mfa["methods"], json!(["totp", "recovery"]));
    assert_eq!(mfa["expiresIn"], 300);
    let challenge = text(&mfa["token"]);
    assert!(challenge.len() <= 2048);
    let wrong = json!({ "email": account.email, "password": "not the password" });
    let refusal = stage.post("login", LOGIN, &wrong);
    refused(refusal, 401, "auth/invalid-credentials");
    for (proof, status) in [
        (json!({}), 400),
        (json!({ "code": "1", "recoveryCode": "2" }), 400),
        (json!({ "code": "1".repeat(17) }), 400),
        (json!({ "code": "000000" }), 401),
        (json!({ "code": "12345" }), 401),
        (json!({ "code": code(&account.secret, -1) }), 401),
    ] {
        let reply = stage.verify(&challenge, &proof).expect(status);
        assert!(!reply.text().contains("accessToken"), "{proof}");
    }
    let padded = format!(" {} ", code(&account.secret, 0));
    let signed_in = stage.verify(&challenge, &json!({ "code": padded }));
    let signed_in = signed_in.expect(200).json();
    assert_eq!(signed_in["user"]["email"], account.email);
    assert!(stage.stands(&text(&signed_in["accessToken"])));
    let amr = claims(&text(&signed_in["accessToken"]))["amr"].clone();
    assert_eq!(amr, json!(["pwd", "otp", "mfa"]));
    // The token makes one session, whatever the code.
    let again = stage.verify(&challenge, &json!({ "code": code(&account.secret, 1) }));
    refused(again, 401, "auth/invalid-mfa-code");
    let garbage = stage.verify("garbage", &json!({ "code": code(&account.secret, 1) }));
    refused(garbage, 401, "auth/invalid-mfa-code");
}

#[test]
fn a_code_may_come_with_the_password() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = stage.enrolled();
    let wrong = stage.login(&account.email, &json!({ "mfaCode": "000000" }));
    refused(wrong, 401, "auth/invalid-mfa-code");
    let both = json!({ "mfaCode": "000000", "recoveryCode": account.codes[0] });
    refused(
        stage.login(&account.email, &both),
        400,
        "common/validation-failed",
    );
    let by_code = json!({ "mfaCode": code(&account.secret, 0) });
    let signed_in = stage.login(&account.email, &by_code).expect(200).json();
    assert!(stage.stands(&text(&signed_in["accessToken"])));
    refused(
        stage.login(&account.email, &by_code),
        401,
        "auth/invalid-mfa-code",
    );
    let by_recovery = json!({ "recoveryCode": account.codes[0] });
    let signed_in = stage.login(&account.email, &by_recovery).expect(200).json();
    let amr = claims(&text(&signed_in["accessToken"]))["amr"].clone();
    assert_eq!(amr, json!(["pwd", "recovery", "mfa"]));
    // An account without a second factor is not asked, whatever comes along.
    let (email, _) = stage.register();
    let _ = stage.login(&email, &json!({ "mfaCode": "1" })).expect(200);
}

#[test]
fn a_code_is_good_for_its_step_and_one_on_either_side() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    for (steps, status) in [(-2, 401), (2, 401), (-1, 200), (0, 200), (1, 200)] {
        let account = stage.enrolled();
        // Far from the code that has switched the factor on.
        let later = stage
            .world
            .variant("login", &[("BAKEND_CLOCK_OFFSET", "300s")]);
        let typed = code(&account.secret, 10 + steps);
        let body = json!({ "email": account.email, "password": PASSWORD, "mfaCode": typed });
        let event = Event::new("POST", LOGIN).json(&body);
        // A step may end between here and there.
        let reply = stage.world.flow.apart.ask(&later, &event);
        let on_the_edge = seconds_of_step() > 27;
        assert!(
            reply.status == status || on_the_edge,
            "{steps}: {}",
            reply.text()
        );
    }
}

#[test]
fn one_code_signs_in_once_whatever_the_challenge() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = stage.enrolled();
    let challenges: Vec<String> = (0..RACERS)
        .map(|_| stage.challenge(&account.email))
        .collect();
    let proof = json!({ "code": code(&account.secret, 0) });
    let replies = stage.race(&challenges, |_| proof.clone());
    let won = replies.iter().filter(|it| it.status == 200).count();
    assert_eq!(won, 1);
    assert!(
        replies
            .iter()
            .all(|it| matches!(it.status, 200 | 401 | 429))
    );
}

#[test]
fn one_challenge_makes_one_session() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = stage.enrolled();
    let challenges = vec![stage.challenge(&account.email); 10];
    let proof = |at: usize| json!({ "recoveryCode": account.codes[at] });
    let replies = stage.race(&challenges, proof);
    let won = replies.iter().filter(|it| it.status == 200).count();
    assert_eq!(won, 1);
}

#[test]
fn what_ends_sessions_voids_every_open_challenge() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    for how in ["password", "disabled", "sessions", "late"] {
        let account = stage.enrolled();
        let challenge = stage.challenge(&account.email);
        let mut verify = None;
        match how {
            "password" => {
                let body =
                    json!({ "currentPassword": PASSWORD, "newPassword": "another long one" });
                let path = "/api/auth/password/change";
                let _ = stage
                    .post_as(&account.token, "password-change", path, &body)
                    .expect(204);
            }
            "disabled" => {
                let path = format!("/api/users/{}", account.id);
                let event = Event::new("PATCH", &path).json(&json!({ "disabled": true }));
                let _ = stage.world.ask("users-update", event, 200);
            }
            "sessions" => {
                let event = Event::new("DELETE", "/api/auth/sessions").token(&account.token);
                let _ = stage.world.send("sessions-end-others", &event, 204);
            }
            _ => {
                let late = [("BAKEND_CLOCK_OFFSET", "300s")];
                verify = Some(stage.world.variant("mfa-verify", &late));
            }
        }
        let body = second(&challenge, &json!({ "recoveryCode": account.codes[0] }));
        let event = Event::new("POST", VERIFY).json(&body);
        let reply = match &verify {
            Some(late) => stage.world.flow.apart.ask(late, &event),
            None => stage.world.reply("mfa-verify", &event),
        };
        assert_eq!(
            reply.code(),
            "auth/invalid-mfa-code",
            "{how}: {}",
            reply.text()
        );
    }
}

/// The claims of an access token.
fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part);
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}
