//! Another sealing key loses no second factor.

use blackbox::stack;

use super::mailed::stored;
use super::*;
use crate::admin::{admin_on, said};

/// Runs `cargo admin` on the tables of a stage.
#[track_caller]
fn admin(inside: &Inside, stage: &Stage<'_>, arguments: &[&str]) -> String {
    let endpoint = stage.world.flow.apart.dynamo.endpoint();
    let (is_done, told) = said(&admin_on(inside, &endpoint, arguments));
    assert!(is_done, "{told}");
    told
}

/// A login that has waited for this proof.
#[track_caller]
fn signs_in(
    stage: &Stage<'_>,
    account: &Account,
    (login, verify): (&Instance<'_>, &Instance<'_>),
    proof: &Value,
) {
    let ask = |function, path: &str, body: &Value| {
        let event = Event::new("POST", path).json(body);
        stage.world.flow.apart.ask(function, &event)
    };
    let body = json!({ "email": account.email, "password": PASSWORD });
    let waits = ask(login, LOGIN, &body).expect(403).json();
    let challenge = text(&waits["error"]["mfa"]["token"]);
    let entered = ask(verify, VERIFY, &second(&challenge, proof));
    let entered = entered.expect(200).json();
    assert!(stage.stands(&text(&entered["accessToken"])));
}

#[test]
fn a_new_sealing_key_closes_no_factor() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let start = || ["login", "mfa-verify"].map(|name| stage.world.variant(name, &[]));
    let [login, verify] = start();
    let (account, other) = (stage.enrolled(), stage.enrolled());
    let recovery = |number: usize| json!({ "recoveryCode": account.codes[number] });
    let before = (&login, &verify);
    signs_in(&stage, &account, before, &recovery(0));
    let told = admin(inside, &stage, &["keys", "add"]);
    assert!(told.starts_with("The sealing key 2 is made."), "{told}");

    // Functions that have read their keys before, and those that start now, in every order.
    let [new_login, new_verify] = start();
    let after = (&new_login, &new_verify);
    let all = [before, after, (&login, &new_verify), (&new_login, &verify)];
    for (number, functions) in all.into_iter().enumerate() {
        signs_in(&stage, &account, functions, &recovery(number + 1));
    }
    signs_in(
        &stage,
        &account,
        after,
        &json!({ "code": code(&account.secret, 0) }),
    );

    // New codes come from the new key, and everybody takes them.
    let renew = stage.world.variant("mfa-recovery-codes", &[]);
    let event = Event::new("POST", CODES).token(&other.token);
    let event = event.json(&json!({ "code": code(&other.secret, 0) }));
    let renewed = stage.world.flow.apart.ask(&renew, &event).expect(200);
    let codes = renewed.json()["recoveryCodes"].clone();
    assert_eq!(stored(&stage, &other.id)["recovery_key"]["N"], "2");
    for (number, functions) in [before, after].into_iter().enumerate() {
        let proof = json!({ "recoveryCode": codes[number] });
        signs_in(&stage, &other, functions, &proof);
    }
    let old = json!({ "recoveryCode": other.codes[0] });
    let reply = stage.login(&other.email, &old);
    refused(reply, 401, "auth/invalid-mfa-code");
}

#[test]
fn a_secret_that_is_sealed_anew_keeps_its_recovery_codes() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = stage.enrolled();
    let sealed = stored(&stage, &account.id)["secret"].clone();
    let _ = admin(inside, &stage, &["keys", "add"]);
    // A key that is still needed is never listed as one that is not.
    let is_needed = || {
        let listed = admin(inside, &stage, &["keys"]);
        !listed.contains("1: no item names it")
    };
    assert!(is_needed());
    let _ = admin(inside, &stage, &["reseal"]);
    let factor = stored(&stage, &account.id);
    assert_ne!(factor["secret"], sealed, "the secret is sealed anew");
    assert_eq!(factor["recovery_key"]["N"], "1");
    assert!(is_needed());
    let status = admin(inside, &stage, &["keys", "status"]);
    let waits = "\n1 waits until 1 users have new recovery codes.\nNext: `cargo admin keys add`";
    assert!(status.contains(waits), "{status}");
    let names = ["login", "mfa-verify"];
    let [login, verify] = names.map(|name| stage.world.variant(name, &[]));
    for proof in [
        json!({ "recoveryCode": account.codes[0] }),
        json!({ "code": code(&account.secret, 0) }),
    ] {
        signs_in(&stage, &account, (&login, &verify), &proof);
    }
    // Where there is nothing to be sealed anew, nothing is written.
    let factor = stored(&stage, &account.id);
    let _ = admin(inside, &stage, &["reseal"]);
    assert_eq!(stored(&stage, &account.id), factor);
}

#[test]
fn a_setup_that_waits_is_confirmed_under_another_key() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (email, made) = stage.register();
    let token = text(&made["accessToken"]);
    let setup = stage.post_as(&token, "mfa-enable", ENABLE, &json!({}));
    let secret = text(&setup.expect(200).json()["secret"]);
    let _ = admin(inside, &stage, &["keys", "add"]);
    let confirm = stage.world.variant("mfa-confirm", &[]);
    let event = Event::new("POST", CONFIRM).token(&token);
    let event = event.json(&json!({ "code": code(&secret, -1) }));
    let confirmed = stage.world.flow.apart.ask(&confirm, &event);
    let codes = confirmed.expect(200).json()["recoveryCodes"].clone();
    for proof in [
        json!({ "recoveryCode": codes[0] }),
        json!({ "mfaCode": code(&secret, 0) }),
    ] {
        let _ = stage.login(&email, &proof).expect(200);
    }
}
