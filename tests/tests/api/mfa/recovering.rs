//! Recovery codes.

use blackbox::stack;

use super::*;

#[test]
fn a_recovery_code_is_good_once_as_it_was_shown_or_typed() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = stage.enrolled();
    let typed = [
        account.codes[0].clone(),
        account.codes[1].to_lowercase(),
        account.codes[2].replace('-', ""),
        format!(" {} ", account.codes[3].replace('-', "").to_lowercase()),
    ];
    for typed in &typed {
        let proof = json!({ "recoveryCode": typed });
        let challenge = stage.challenge(&account.email);
        let _ = stage.verify(&challenge, &proof).expect(200);
        let challenge = stage.challenge(&account.email);
        refused(
            stage.verify(&challenge, &proof),
            401,
            "auth/invalid-mfa-code",
        );
    }
    let event = Event::new("GET", "/api/auth/mfa").token(&account.token);
    let status = stage.world.send("mfa-get", &event, 200);
    assert_eq!(status["recoveryCodesLeft"], 6);
}

#[test]
fn one_recovery_code_of_twenty_uses_signs_in_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = stage.enrolled();
    let challenges: Vec<String> = (0..20).map(|_| stage.challenge(&account.email)).collect();
    let proof = json!({ "recoveryCode": account.codes[5] });
    let replies = stage.race(&challenges, |_| proof.clone());
    let won = replies.iter().filter(|it| it.status == 200).count();
    assert_eq!(won, 1);
}

#[test]
fn new_codes_void_the_old_ones_and_end_the_other_sessions() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = stage.enrolled();
    let by_recovery = json!({ "recoveryCode": account.codes[0] });
    let other = stage.login(&account.email, &by_recovery).expect(200).json();
    let renew = |code: &str| {
        let body = json!({ "code": code });
        stage.post_as(&account.token, "mfa-recovery-codes", CODES, &body)
    };
    refused(renew("000000"), 401, "auth/invalid-mfa-code");
    let renewed = renew(&code(&account.secret, 0)).expect(200).json();
    let new: Vec<String> = renewed["recoveryCodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(text)
        .collect();
    assert_eq!(new.len(), 10);
    assert!(stage.stands(&account.token) && !stage.stands(&text(&other["accessToken"])));
    for old in &account.codes[1..4] {
        let proof = json!({ "recoveryCode": old });
        refused(
            stage.login(&account.email, &proof),
            401,
            "auth/invalid-mfa-code",
        );
    }
    let _ = stage
        .login(&account.email, &json!({ "recoveryCode": new[0] }))
        .expect(200);
}
