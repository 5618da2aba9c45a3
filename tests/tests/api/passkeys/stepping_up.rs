//! Proving oneself once more by a passkey.

use blackbox::stack;

use super::*;

#[test]
fn a_passkey_proves_its_user_once_more() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.enrolled();
    let body = stage.signed(&mut account.device, &Manners::on(PAGE));
    let again = |token: &str, body: &Value| stage.post_as(token, "reauthenticate", AGAIN, body);
    let proven = again(&account.token, &body).expect(200).json();
    let token = text(&proven["accessToken"]);
    assert!(proven["refreshToken"].is_string() && proven["user"].is_null());
    assert!(stage.stands(&token) && !stage.stands(&account.token));
    let claims = token.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&device::decode(&json!(claims))).unwrap();
    assert_eq!(claims["amr"], json!(["passkey", "mfa"]));
    assert!(claims["auth_time"].is_u64());
    // The ceremony is used up, here and at a sign-in.
    invalid(again(&token, &body));
    invalid(stage.post("passkeys-login", LOGIN, &body));
    assert!(stage.stands(&token), "nothing ends");
}

#[test]
fn the_passkey_of_somebody_else_proves_nothing() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (account, mut other) = (stage.enrolled(), stage.enrolled());
    let body = stage.signed(&mut other.device, &Manners::on(PAGE));
    let again = |body: &Value| stage.post_as(&account.token, "reauthenticate", AGAIN, body);
    invalid(again(&body));
    let evil = stage.signed(&mut other.device, &Manners::on("https://evil.example"));
    invalid(again(&evil));
    invalid(again(&json!({ "challengeToken": "x", "credential": {} })));
    assert!(stage.stands(&account.token));
    // Its own user signs in with the ceremony that was refused.
    let _ = stage.post("passkeys-login", LOGIN, &body).expect(200);
}

#[test]
fn it_is_the_password_or_a_passkey() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let mut account = stage.enrolled();
    let mut both = stage.signed(&mut account.device, &Manners::on(PAGE));
    both["password"] = json!(PASSWORD);
    for body in [json!({}), both] {
        let again = stage.post_as(&account.token, "reauthenticate", AGAIN, &body);
        let told = again.expect(400).json();
        let details = told["error"]["details"].as_array().unwrap();
        let fields: Vec<_> = details.iter().map(|it| it["field"].clone()).collect();
        assert_eq!(fields, ["password", "challengeToken"]);
    }
    let body = json!({ "password": PASSWORD });
    let again = stage.post_as(&account.token, "reauthenticate", AGAIN, &body);
    let _ = again.expect(200);
}
