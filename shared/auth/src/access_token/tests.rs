//! Tokens of secrets and of key pairs.

mod pairs;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};

use super::*;
use crate::authentication::Method;

const SECRET: &[u8] = b"a-secret-for-tests-of-32-bytes-or-more";
const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_999);

fn keys() -> Keys {
    Keys::new("local-", SECRET, None).expect("keys")
}

fn id(n: u8) -> Id {
    Id::new(NOW, [n; 10])
}

fn token(keys: &Keys) -> String {
    let authentication = Authentication::by(Method::Password, NOW);
    let holder = Holder {
        user: id(1),
        session: id(2),
        authentication: Some(&authentication),
        actor: None,
        is_service: false,
    };
    issue(keys, holder, "authenticated", NOW, 900).expect("signed")
}

/// Signs any header and claims with any key, as an attacker would.
fn forge(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, secret),
        message.as_bytes(),
    );
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn claims() -> Value {
    json!({ "iss": "bakend:local-", "sub": id(1), "role": "admin", "sid": id(2), "iat": NOW.seconds(),
        "exp": NOW.seconds() + 900 })
}

#[test]
fn a_token_says_who_and_until_when() {
    let keys = keys();
    let claims = valid(&keys, &token(&keys), NOW).expect("valid");
    assert_eq!(
        (claims.sub, claims.sid, claims.role.as_str()),
        (id(1), id(2), "authenticated")
    );
    assert_eq!(
        (claims.iss.as_str(), claims.exp - claims.iat),
        ("bakend:local-", 900)
    );
    assert_eq!(claims.auth_time, Some(NOW.seconds()));
    assert_eq!(claims.amr, ["pwd"]);
}

#[test]
fn it_expires_to_the_second() {
    let keys = keys();
    let token = token(&keys);
    let at = |seconds: u64| {
        valid(
            &keys,
            &token,
            Timestamp::from_millis((NOW.seconds() + seconds) * 1000),
        )
    };
    assert!(at(899).is_ok());
    assert_eq!(at(900), Err(Code::TokenExpired.into()));
    assert!(signed(&keys, &token).is_ok());
}

#[test]
fn a_previous_key_still_verifies_and_no_longer_signs() {
    let other: &[u8] = b"another-secret-for-tests-of-32-bytes";
    let rotated = Keys::new("local-", other, Some(SECRET)).expect("keys");
    assert!(valid(&rotated, &token(&keys()), NOW).is_ok());
    assert!(valid(&keys(), &token(&rotated), NOW).is_err());
}

#[test]
fn the_forger_can_make_a_valid_token_if_it_knows_everything() {
    let header: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(HEADER).expect("base64")).expect("json");
    assert_eq!(header, json!({ "typ": "at+jwt", "alg": "HS256" }));
    // serde_json sorts the keys, so only the pinned spelling of the header passes.
    let body = forge(&header, &claims(), SECRET);
    assert_eq!(valid(&keys(), &body, NOW), Err(Code::InvalidToken.into()));
    assert!(valid(&keys(), &resign(HEADER, &claims()), NOW).is_ok());
}

fn resign(header: &str, claims: &Value) -> String {
    let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, SECRET),
        message.as_bytes(),
    );
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

#[test]
fn forgeries_are_refused() {
    let keys = keys();
    let good = token(&keys);
    let (message, signature) = good.rsplit_once('.').expect("three parts");
    let mut forged = vec![
        String::new(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        format!("{message}."),
        message.to_owned(),
        format!("{good}."),
        format!("{good}.x"),
        format!(" {good}"),
        format!("{good}="),
        good[..good.len() - 1].to_owned(),
        format!("{message}.{}", signature.chars().rev().collect::<String>()),
        forge(
            &json!({ "alg": "none", "typ": "at+jwt" }),
            &claims(),
            SECRET,
        ),
        format!(
            "{}.",
            forge(&json!({ "alg": "none" }), &claims(), SECRET)
                .rsplit_once('.')
                .expect("parts")
                .0
        ),
    ];
    for header in [
        json!({ "alg": "HS512", "typ": "at+jwt" }),
        json!({ "alg": "RS256", "typ": "at+jwt" }),
        json!({ "alg": "HS256" }),
        json!({ "alg": "HS256", "typ": "JWT" }),
        json!({ "alg": "HS256", "typ": "at+jwt", "jku": "https://evil.example/keys" }),
        json!({ "alg": "HS256", "typ": "at+jwt", "x5u": "https://evil.example/cert" }),
        json!({ "alg": "HS256", "typ": "at+jwt", "jwk": { "kty": "oct", "k": "AAAA" } }),
        json!({ "alg": "HS256", "typ": "at+jwt", "crit": ["b64"], "b64": false }),
        json!({ "alg": "HS256", "typ": "at+jwt", "kid": "../../dev/null" }),
    ] {
        forged.push(forge(&header, &claims(), SECRET));
    }
    for (claim, value) in [
        ("iss", json!("bakend:other-")),
        ("iss", json!(null)),
        ("sub", json!("me")),
        ("sub", json!(null)),
        ("role", json!(1)),
        ("sid", json!("")),
        ("exp", json!("never")),
        ("exp", json!(-1)),
        ("iat", json!(null)),
        ("act", json!("me")),
        ("act", json!({ "sub": "me" })),
        ("act", json!({})),
    ] {
        let mut claims = claims();
        claims[claim] = value;
        forged.push(resign(HEADER, &claims));
    }
    for claim in ["iss", "sub", "role", "sid", "iat", "exp"] {
        let mut claims = claims();
        claims.as_object_mut().expect("an object").remove(claim);
        forged.push(resign(HEADER, &claims));
    }
    for token in forged {
        assert_eq!(
            valid(&keys, &token, NOW),
            Err(Code::InvalidToken.into()),
            "{token}"
        );
    }
    let elsewhere = Keys::new("other-", SECRET, None).expect("keys");
    assert!(
        valid(&elsewhere, &good, NOW).is_err(),
        "another deployment with the same secret"
    );
}
