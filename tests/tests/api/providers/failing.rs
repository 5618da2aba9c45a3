//! Providers that misbehave: the app hears so, and nobody is signed in.

use blackbox::provider::{CLIENT, Manner};
use blackbox::stack;

use super::*;

#[test]
fn a_provider_that_does_not_answer_as_it_should_signs_nobody_in() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let claims = |changed: Value| Manner::Claims(changed);
    for manner in [
        Manner::Status(500),
        Manner::Status(503),
        Manner::Status(204),
        Manner::Redirect,
        Manner::Huge,
        Manner::Type("text/html"),
        Manner::Type("application/jwt"),
        Manner::Garbage,
        Manner::Slow,
        Manner::Cut,
        Manner::Empty,
        Manner::Refuses("invalid_grant"),
        Manner::Refuses("invalid_client"),
        Manner::Header(json!({ "alg": "none" })),
        Manner::Header(json!({})),
        claims(json!({ "iss": "https://evil.example" })),
        claims(json!({ "iss": null })),
        claims(json!({ "aud": "another-app" })),
        claims(json!({ "aud": [CLIENT, "another-app"] })),
        claims(json!({ "azp": "another-app" })),
        claims(json!({ "exp": now - 61 })),
        claims(json!({ "exp": null })),
        claims(json!({ "iat": now + 120 })),
        claims(json!({ "iat": now - 3600 })),
        claims(json!({ "nonce": "of another sign-in" })),
        claims(json!({ "nonce": null })),
        claims(json!({ "sub": null })),
        claims(json!({ "sub": "" })),
        claims(json!({ "sub": "s".repeat(256) })),
    ] {
        stage.provider.turn(manner.clone());
        for name in ["google", "own"] {
            let account = match name {
                "google" => google("g", "a@example.com"),
                _ => own("o", &json!({})),
            };
            let started = stage.start(name);
            let reply = stage.consent(&started, &account).expect(302);
            let back = parameters(&reply);
            assert_eq!(
                back.get("error").map(String::as_str),
                Some("provider_error"),
                "{manner:?}"
            );
            assert!(!back.contains_key("code") && back["error_description"].len() <= 200);
        }
    }
    stage.provider.turn(Manner::Right);
    let _ = stage
        .sign_in("google", &google("g", "a@example.com"))
        .expect(200);
}

#[test]
fn github_misbehaves_in_its_other_answers() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = json!({ "user": { "id": 1, "login": "a" }, "emails": [] });
    for (user, emails) in [
        (json!({ "id": "1" }), json!([])),
        (json!({ "message": "no" }), json!([])),
        (json!([]), json!([])),
    ] {
        let mut other = json!({ "user": user, "emails": emails });
        if !other["user"].is_object() {
            other["user"] = json!({});
        }
        let started = stage.start("github");
        let back = parameters(&stage.consent(&started, &other).expect(302));
        assert_eq!(back["error"], "provider_error");
    }
    let made = stage.sign_in("github", &account).expect(200).json();
    assert_eq!(made["user"]["email"], Value::Null);
}

#[test]
fn a_refusal_of_the_user_or_the_provider_goes_on_to_the_app() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    for (error, words, expected, shown) in [
        ("access_denied", None, "access_denied", "access_denied"),
        (
            "access_denied",
            Some("The user said no."),
            "access_denied",
            "The user said no.",
        ),
        (
            "temporarily_unavailable",
            Some("a\r\nb\tc"),
            "provider_error",
            "abc",
        ),
    ] {
        let started = stage.start("google");
        let (_, state) = stage.provider.consent(&started.address, &json!({}));
        let mut query = vec![("error", error), ("state", state.as_str())];
        query.extend(words.map(|words| ("error_description", words)));
        let reply = stage.answer(&started, &query).expect(302);
        let back = parameters(&reply);
        assert_eq!(
            (back["error"].as_str(), back["error_description"].as_str()),
            (expected, shown)
        );
        assert!(reply.header("set-cookie").unwrap().contains("Max-Age=0"));
    }
}

#[test]
fn metadata_are_those_of_the_issuer_and_nothing_is_kept_otherwise() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    for manner in [
        Manner::Issuer("https://evil.example"),
        Manner::Status(500),
        Manner::Redirect,
        Manner::Huge,
        Manner::Type("text/plain"),
        Manner::Garbage,
        Manner::Slow,
        Manner::Cut,
    ] {
        stage.provider.turn(manner.clone());
        let refused = stage.set("own", &json!({ "enabled": false }));
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (503, "auth/provider-unavailable"),
            "{manner:?}"
        );
        assert_eq!(refused.header("retry-after"), Some("1"));
    }
    stage.provider.turn(Manner::Right);
    let _ = stage.sign_in("own", &own("o", &json!({}))).expect(200);
}
