//! Signing in by passkeys.

use std::time::Instant;

use blackbox::stack;

use super::*;

#[test]
fn a_passkey_signs_in_without_an_address_as_both_factors() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let required = [("BAKEND_AUTH_MFA", "required")];
    let stage = Stage::new(inside, &[]);
    let mut account = stage.enrolled();
    let signed_in = stage.sign_in(&mut account.device).expect(200).json();
    assert_eq!(signed_in["user"]["id"], account.id);
    let token = text(&signed_in["accessToken"]);
    assert!(signed_in["refreshToken"].is_string());
    assert!(stage.stands(&token) && stage.stands(&account.token));
    let claims = token.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&device::decode(&json!(claims))).unwrap();
    assert_eq!(claims["amr"], json!(["passkey", "mfa"]));
    assert!(stage.list(&token)[0]["lastUsedAt"].is_string());
    // The policy is content with it.
    let me = stage.world.variant("sessions-list", &required);
    let asked = |token: &str| {
        let event = Event::new("GET", "/api/auth/sessions").token(token);
        stage.world.flow.apart.ask(&me, &event)
    };
    let _ = asked(&token).expect(200);
}

#[test]
fn the_options_are_the_same_for_everybody_and_name_nobody() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let _ = stage.enrolled();
    let begun = stage.challenge();
    let names: Vec<&String> = begun["options"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["challenge", "rpId", "timeout", "userVerification"]);
    assert_eq!(begun.as_object().unwrap().len(), 2);
}

#[test]
fn a_second_device_signs_in_to_the_same_account() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.enrolled();
    let mut first = std::mem::take(&mut account.device);
    let _ = stage.add(&mut account);
    for device in [&mut first, &mut account.device] {
        let signed_in = stage.sign_in(device).expect(200).json();
        assert_eq!(signed_in["user"]["id"], account.id);
    }
}

#[test]
fn ill_manners_sign_nobody_in() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.enrolled();
    let near = ("another scheme", Manners::on("https://localhost:3000"));
    for (_, manners) in Manners::ill(PAGE).into_iter().chain([near]) {
        let body = stage.signed(&mut account.device, &manners);
        invalid(stage.post("passkeys-login", LOGIN, &body));
    }
    let mut stranger = stage.register();
    let _ = stage.made(&mut stranger, &Manners::on(PAGE));
    invalid(stage.sign_in(&mut stranger.device));
    let other = stage.enrolled();
    let handle = other.id.replace('-', "");
    let bytes = (0..16).map(|at| u8::from_str_radix(&handle[2 * at..2 * at + 2], 16));
    let bytes: Vec<u8> = bytes.map(Result::unwrap).collect();
    account.device.hand_to(&bytes);
    invalid(stage.sign_in(&mut account.device));
}

#[test]
fn a_ceremony_signs_in_once_and_within_five_minutes() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.enrolled();
    let body = stage.signed(&mut account.device, &Manners::on(PAGE));
    let late = [("BAKEND_CLOCK_OFFSET", "301s")];
    let late = stage.world.variant("passkeys-login", &late);
    let event = Event::new("POST", LOGIN).json(&body);
    invalid(stage.world.flow.apart.ask(&late, &event));
    let _ = stage.post("passkeys-login", LOGIN, &body).expect(200);
    let again = stage.post("passkeys-login", LOGIN, &body);
    assert!(again.header("set-cookie").is_none());
    invalid(again);
}

#[test]
fn a_counter_that_goes_back_is_refused_and_the_passkey_stays() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.register();
    account.device = Device::counting();
    let _ = stage.add(&mut account);
    for _ in 0..3 {
        let _ = stage.sign_in(&mut account.device).expect(200);
    }
    account.device.count_from(1);
    invalid(stage.sign_in(&mut account.device));
    invalid(stage.sign_in(&mut account.device));
    assert_eq!(stage.list(&account.token).len(), 1);
    let _ = stage.sign_in(&mut account.device).expect(200);
}

#[test]
fn garbage_is_refused_in_bounded_time() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.enrolled();
    let body = stage.signed(&mut account.device, &Manners::on(PAGE));
    let deep = vec![0x81; 10_000];
    let long = [&[0xbb][..], &[0xff; 8], &[0; 9_000]].concat();
    let started = Instant::now();
    for bytes in [&deep[..], &long, b"", &[0xff; 37]] {
        for part in [
            "authenticatorData",
            "clientDataJSON",
            "signature",
            "userHandle",
        ] {
            let mut broken = body.clone();
            broken["credential"]["response"][part] = json!(device::encode(bytes));
            invalid(stage.post("passkeys-login", LOGIN, &broken));
        }
        let begun = stage.begin(&account);
        let mut made = account
            .device
            .register(&begun["options"], &Manners::on(PAGE));
        made["response"]["attestationObject"] = json!(device::encode(bytes));
        let broken = json!({ "challengeToken": begun["challengeToken"], "credential": made });
        invalid(stage.create(&account.token, &broken));
    }
    assert!(started.elapsed().as_secs() < 60);
    let large = json!({ "challengeToken": "x", "credential": { "x": "x".repeat(200_000) } });
    let told = stage
        .post("passkeys-login", LOGIN, &large)
        .expect(400)
        .json();
    assert_eq!(told["error"]["details"][0]["field"], "credential");
}

#[test]
fn the_cookie_mode_works_as_at_a_login() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.enrolled();
    let body = stage.signed(&mut account.device, &Manners::on(PAGE));
    let event = Event::new("POST", LOGIN).json(&body);
    let event = event.header("x-refresh-token-mode", "cookie");
    let reply = stage.world.reply("passkeys-login", &event).expect(200);
    assert!(reply.header("set-cookie").is_some());
    assert!(reply.json()["refreshToken"].is_null());
}
