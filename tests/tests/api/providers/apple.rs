//! Apple: its answers come as a form, and its client secret is made for each call.

use blackbox::provider::{CLIENT, NATIVE, apple_secret};
use blackbox::stack;

use super::*;

/// An account at Apple.
fn apple(subject: &str, more: &Value) -> Value {
    let mut account = json!({ "iss": "https://appleid.apple.com", "sub": subject });
    for (name, value) in more.as_object().unwrap() {
        account[name] = value.clone();
    }
    account
}

impl Stage<'_> {
    /// Apple's answer, as a form that the browser posts.
    fn post_back(&self, started: &Started, form: &[(&str, &str)], kind: &str) -> Reply {
        let form: Vec<String> = form
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        let event = Event::new("POST", "/api/auth/oauth/apple/callback")
            .header("content-type", kind)
            .text(&form.join("&"))
            .cookie(&started.cookie);
        self.world.reply("oauth-callback", &event)
    }

    /// The client secret of the newest trade.
    fn secret_sent(&self) -> String {
        let requests = self.provider.requests();
        let trade = requests
            .iter()
            .rfind(|it| it.starts_with("POST /token "))
            .unwrap();
        let form = pairs(trade.rsplit_once("\r\n\r\n").unwrap().1);
        form["client_secret"].clone()
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn apple_answers_by_a_form_and_tells_a_name_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let _ = stage
        .set("apple", &json!({ "profile": { "name": "name" } }))
        .expect(200);
    let query = [("redirectTo", APP), ("codeChallenge", &challenge(VERIFIER))];
    let begun = stage.ask_start("apple", &query).expect(302);
    assert!(
        begun
            .header("set-cookie")
            .unwrap()
            .contains("SameSite=None")
    );
    let address = begun.header("location").unwrap();
    assert_eq!(
        pairs(address.split_once('?').unwrap().1)["response_mode"],
        "form_post"
    );
    let email = fresh_email();
    let account = apple("a", &json!({ "email": email, "email_verified": "true" }));
    let user = json!({ "name": { "firstName": "Ada", "lastName": "Lovelace" } }).to_string();
    let started = stage.start("apple");
    let (code, state) = stage.provider.consent(&started.address, &account);
    let form = [("code", code.as_str()), ("state", &state), ("user", &user)];
    for kind in ["application/json", "text/plain", "multipart/form-data"] {
        assert_eq!(stage.post_back(&started, &form, kind).status, 400, "{kind}");
    }
    let reply = stage.post_back(&started, &form, FORM).expect(302);
    let made = stage
        .exchange(&parameters(&reply)["code"], &json!({}))
        .expect(200)
        .json();
    assert_eq!(
        (&made["user"]["name"], &made["user"]["email"]),
        (&json!("Ada Lovelace"), &json!(email))
    );
    let [header, claims] = apple_secret(&stage.secret_sent());
    assert_eq!(header, json!({ "alg": "ES256", "kid": "KEY" }));
    assert_eq!(
        (&claims["iss"], &claims["sub"], &claims["aud"]),
        (
            &json!("TEAM"),
            &json!(CLIENT),
            &json!("https://appleid.apple.com")
        )
    );
    let (at, until) = (
        claims["iat"].as_u64().unwrap(),
        claims["exp"].as_u64().unwrap(),
    );
    assert_eq!(until - at, 300);
    // Made anew for each call.
    let first = stage.secret_sent();
    let started = stage.start("apple");
    let (code, state) = stage.provider.consent(&started.address, &account);
    let reply = stage.post_back(&started, &[("code", &code), ("state", &state)], FORM);
    let again = stage.exchange(&parameters(&reply.expect(302))["code"], &json!({}));
    assert_eq!(again.expect(200).json()["user"]["id"], made["user"]["id"]);
    assert_ne!(stage.secret_sent(), first);
}

#[test]
fn apples_own_addresses_link_and_no_others() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let _ = stage.set("apple", &json!({})).expect(200);
    let email = fresh_email();
    let held = own(&email, &json!({ "email": email, "email_verified": true }));
    let _ = stage.sign_in("own", &held).expect(200);
    for verified in [json!(true), json!("true")] {
        let started = stage.start("apple");
        let account = apple(
            &email,
            &json!({ "email": email, "email_verified": verified }),
        );
        let reply = stage.consent(&started, &account).expect(302);
        let refused = stage.exchange(&parameters(&reply)["code"], &json!({}));
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (409, "auth/account-exists")
        );
    }
    let hidden = format!(
        "{}@privaterelay.appleid.com",
        email.split('@').next().unwrap()
    );
    let held = own(&hidden, &json!({ "email": hidden, "email_verified": true }));
    let made = stage.sign_in("own", &held).expect(200).json();
    let started = stage.start("apple");
    let account = apple(&hidden, &json!({ "email": hidden, "email_verified": true }));
    let reply = stage.consent(&started, &account).expect(302);
    let linked = stage
        .exchange(&parameters(&reply)["code"], &json!({}))
        .expect(200)
        .json();
    assert_eq!(
        (&linked["user"]["id"], &linked["linkedByEmail"]),
        (&made["user"]["id"], &json!(true))
    );
}

#[test]
fn a_native_app_of_apple_has_a_secret_of_its_own() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let _ = stage.set("apple", &json!({})).expect(200);
    let (address, verifier) = (format!("{NATIVE}:/back"), "v".repeat(43));
    let code = stage.provider.grant(
        [NATIVE, &address, &challenge(&verifier)],
        &apple("n", &json!({})),
    );
    let body = json!({ "code": code, "redirectUri": address, "codeVerifier": verifier });
    let _ = stage.native("apple", &body).expect(200);
    let [_, claims] = apple_secret(&stage.secret_sent());
    assert_eq!(claims["sub"], NATIVE);
}

#[test]
fn a_secret_of_apple_is_a_key() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let good = blackbox::provider::apple_key();
    for secret in [
        "a-secret-of-the-provider",
        &good.replace("PRIVATE", "EC PRIVATE"),
        &good[..good.len() / 2],
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
    ] {
        let refused = stage.set("apple", &json!({ "clientSecret": secret }));
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (400, "common/validation-failed")
        );
        assert_eq!(
            refused.json()["error"]["details"][0]["field"],
            "clientSecret"
        );
    }
    let _ = stage.set("apple", &json!({})).expect(200);
}
