//! Bounds of requests: names, lengths, times of authentication, and pages that are none.

use blackbox::stack;

use super::native::native_event;
use super::*;

const NONCE: &str = "a-nonce-of-the-app-itself";

/// Refused for the one field.
#[track_caller]
fn is_wrong(reply: &Reply, field: &str) {
    let refusal = (reply.status, reply.code());
    assert_eq!(refusal, (400, "common/validation-failed".to_owned()));
    let details = reply.json()["error"]["details"].clone();
    assert_eq!(details[0]["field"], field, "{details}");
    assert_eq!(details.as_array().unwrap().len(), 1, "{details}");
}

#[test]
fn a_name_of_any_length_is_no_provider() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let query = [("redirectTo", APP), ("codeChallenge", &challenge(VERIFIER))];
    let body = json!({ "idToken": "a.b.c", "nonce": NONCE });
    for name in ["n".repeat(2_100), "n".repeat(33), "Google".to_owned()] {
        for reply in [stage.ask_start(&name, &query), stage.native(&name, &body)] {
            let refusal = (reply.status, reply.code());
            assert_eq!(refusal, (404, "auth/unsupported-provider".to_owned()));
        }
        let back = stage.answer_as(&name, None, &[("code", "c"), ("state", "s")]);
        assert_eq!(back.status, 400);
        let event = Event::new("DELETE", &format!("/api/admin/providers/{name}"));
        let reset = stage.world.ask("providers-reset", event, 404);
        assert_eq!(reset["error"]["code"], "providers/not-found");
        let set = stage.put(&name, &json!({ "clientId": "c" }));
        assert_eq!(
            (set.status, set.code().as_str()),
            (404, "providers/not-found")
        );
    }
}

#[test]
fn a_sign_in_begins_by_a_page_and_by_nothing_that_a_page_embeds() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    for destination in ["image", "iframe", "script", "empty"] {
        let event = starting().header("sec-fetch-dest", destination);
        let refused = stage.world.reply("oauth-start", &event);
        is_wrong(&refused, "sec-fetch-dest");
        assert_eq!(refused.header("location"), None, "{destination}");
        assert_eq!(refused.header("set-cookie"), None, "{destination}");
    }
    let page = starting().header("sec-fetch-dest", "document");
    for event in [page, starting()] {
        let begun = stage.world.reply("oauth-start", &event).expect(302);
        assert!(begun.header("location").is_some() && begun.header("set-cookie").is_some());
    }
}

#[test]
fn a_verifier_has_43_bytes_at_least_wherever_one_is_sent() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (_, made) = stage.register();
    let code = stage.code("google", &google("bounds", "bounds@example.com"));
    let post = |path: &str, body: &Value| Event::new("POST", path).json(body);
    for verifier in ["v".repeat(42), "v".repeat(129), String::new()] {
        let body = json!({ "code": code, "codeVerifier": verifier });
        is_wrong(&stage.exchange(&code, &body), "codeVerifier");
        let link = post(ACCOUNTS, &body);
        is_wrong(&stage.ask_as(&made, "accounts-link", link), "codeVerifier");
        let check = post("/api/auth/accounts/check", &body);
        is_wrong(&stage.world.reply("accounts-check", &check), "codeVerifier");
        let native =
            json!({ "code": "c", "redirectUri": "com.example.app:/x", "codeVerifier": verifier });
        is_wrong(&stage.native("google", &native), "codeVerifier");
    }
    is_wrong(&stage.exchange("", &json!({})), "code");
    // None of that has used the code up, and another verifier of this length is told apart.
    let other = stage.exchange(&code, &json!({ "codeVerifier": "v".repeat(43) }));
    assert_eq!(other.code(), "auth/invalid-oauth-code");
    let _ = stage.exchange(&code, &json!({})).expect(200);
}

#[test]
fn a_token_of_a_half_finished_sign_in_has_2048_bytes_at_most() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let verify = |length: usize| {
        let body = json!({ "mfaToken": "a".repeat(length), "code": "123456" });
        let event = Event::new("POST", "/api/auth/mfa/verify").json(&body);
        stage.world.reply("mfa-verify", &event)
    };
    is_wrong(&verify(2_049), "mfaToken");
    let garbage = verify(2_048);
    assert_eq!(
        (garbage.status, garbage.code().as_str()),
        (401, "auth/invalid-mfa-code")
    );
}

#[test]
fn a_time_of_authentication_that_cannot_be_read_proves_nothing() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let now = seconds();
    let by_native = |subject: &str, at: &Value| {
        let token = stage.id_token("own", subject, &json!({ "auth_time": at }));
        let body = json!({ "idToken": token, "nonce": NONCE });
        stage
            .world
            .reply("oauth-token", &native_event("own", &body))
    };
    for at in [
        json!("yesterday"),
        json!(now.to_string()),
        json!({ "at": now }),
        json!([now]),
        json!(true),
        json!(-1),
    ] {
        let reply = by_native("unreadable", &at);
        let refusal = (reply.status, reply.code());
        assert_eq!(refusal, (401, "auth/invalid-id-token".to_owned()), "{at}");
        let started = stage.start("own");
        let account = own("unreadable", &json!({ "auth_time": at }));
        let back = parameters(&stage.consent(&started, &account).expect(302));
        assert_eq!(
            back.get("error").map(String::as_str),
            Some("provider_error"),
            "{at}"
        );
        assert!(!back.contains_key("code"), "{at}");
    }
    // A time may have a fraction (RFC 7519, section 2), and is as old as it says.
    let long_ago: Value = serde_json::from_str(&format!("{}.25", now - 86_400)).unwrap();
    let by_code = own("fraction", &json!({ "auth_time": long_ago }));
    for made in [
        by_native("fraction", &long_ago).expect(200).json(),
        stage.sign_in("own", &by_code).expect(200).json(),
    ] {
        let event = Event::new("POST", "/api/auth/mfa/enable").json(&json!({}));
        let refused = stage.ask_as(&made, "mfa-enable", event);
        assert_eq!(refused.code(), "auth/reauthentication-required");
    }
}
