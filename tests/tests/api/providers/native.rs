//! Sign-ins of native apps: ID tokens with a signature, and codes that came to the app itself.

use blackbox::provider::{CLIENT, NATIVE};
use blackbox::{Caller, stack};
use ring::digest::{SHA256, digest};

use super::*;

const NONCE: &str = "a-nonce-of-the-app-itself";

/// The SHA-256 of a text in hex.
pub(super) fn hashed(text: &str) -> String {
    let bytes = digest(&SHA256, text.as_bytes());
    bytes
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl Stage<'_> {
    /// The claims of an ID token for a native app, with changes; null removes one.
    pub(super) fn claims(&self, name: &str, subject: &str, more: &Value) -> Value {
        let issuer = match name {
            "google" => "https://accounts.google.com",
            "apple" => "https://appleid.apple.com",
            _ => &self.provider.url,
        };
        let now = seconds();
        let mut claims = json!({ "iss": issuer, "sub": subject, "aud": NATIVE, "iat": now, "exp": now + 300,
            "nonce": hashed(NONCE) });
        for (name, value) in more.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        claims
    }

    /// An ID token, signed by ES256.
    pub(super) fn id_token(&self, name: &str, subject: &str, more: &Value) -> String {
        let header = json!({ "alg": "ES256", "kid": self.provider.kid("ES256"), "typ": "JWT" });
        self.provider
            .sign(&header, &self.claims(name, subject, more))
    }

    pub(super) fn native(&self, name: &str, body: &Value) -> Reply {
        self.world.reply("oauth-token", &native_event(name, body))
    }

    pub(super) fn by_token(&self, name: &str, token: &str) -> Reply {
        self.native(name, &json!({ "idToken": token, "nonce": NONCE }))
    }

    /// Refused for what it proves.
    #[track_caller]
    fn proves_nothing(&self, name: &str, token: &str, why: &str) {
        let reply = self.by_token(name, token);
        let refusal = (reply.status, reply.code());
        assert_eq!(refusal, (401, "auth/invalid-id-token".to_owned()), "{why}");
    }
}

pub(super) fn native_event(name: &str, body: &Value) -> Event {
    Event::new("POST", &format!("/api/auth/oauth/{name}/token")).json(body)
}

#[test]
fn a_native_app_signs_in_by_a_token_of_each_algorithm() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    for (at, algorithm) in ["RS256", "ES256", "EdDSA", "Ed25519"].iter().enumerate() {
        for name in ["google", "own"] {
            let header = json!({ "alg": algorithm, "kid": stage.provider.kid(algorithm) });
            let email = fresh_email();
            let more = json!({ "email": email, "email_verified": true,
                "nonce": if at == 0 { challenge(NONCE) } else { hashed(NONCE) } });
            let claims = stage.claims(name, &format!("native-{at}"), &more);
            let token = stage.provider.sign(&header, &claims);
            let made = stage.by_token(name, &token).expect(200).json();
            assert_eq!(made["isNewUser"], json!(true), "{algorithm}");
            assert_eq!(made["user"]["email"], json!(email));
            assert!(stage.stands(&made));
            // The same account by the browser.
            let account = match name {
                "google" => google(&format!("native-{at}"), &email),
                _ => own(&format!("native-{at}"), &json!({})),
            };
            let again = stage.sign_in(name, &account).expect(200).json();
            assert_eq!(again["user"]["id"], made["user"]["id"], "{algorithm}");
        }
    }
}

#[test]
fn the_refresh_token_of_a_native_sign_in_may_go_by_cookie() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let body = json!({ "idToken": stage.id_token("google", "cookie", &json!({})), "nonce": NONCE });
    let event = native_event("google", &body).header("x-refresh-token-mode", "cookie");
    let reply = stage.world.reply("oauth-token", &event).expect(200);
    assert_eq!(reply.json()["refreshToken"], Value::Null);
    assert!(reply.header("set-cookie").unwrap().contains("refresh="));
}

#[test]
fn a_token_that_is_not_signed_for_this_app_now_proves_nothing() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let now = seconds();
    for more in [
        json!({ "iss": "https://evil.example" }),
        json!({ "iss": null }),
        json!({ "aud": CLIENT }),
        json!({ "aud": "another-app" }),
        json!({ "aud": null }),
        json!({ "aud": [NATIVE, "another-app"] }),
        json!({ "azp": "another-app" }),
        json!({ "exp": now - 61 }),
        json!({ "exp": null }),
        json!({ "iat": now + 120 }),
        json!({ "iat": now - 700 }),
        json!({ "iat": null }),
        json!({ "nonce": NONCE }),
        json!({ "nonce": hashed("another nonce of the app") }),
        json!({ "nonce": null }),
        json!({ "sub": null }),
        json!({ "sub": "" }),
    ] {
        let token = stage.id_token("google", "refused", &more);
        stage.proves_nothing("google", &token, &more.to_string());
    }
    let (claims, kid) = (stage.claims("google", "refused", &json!({})), |it: &str| {
        stage.provider.kid(it)
    });
    for header in [
        json!({ "alg": "none" }),
        json!({ "alg": "none", "kid": kid("ES256") }),
        json!({ "alg": "HS256", "kid": kid("RS256") }),
        json!({ "alg": "HS256", "kid": "secret" }),
        json!({ "alg": "RS256", "kid": kid("ES256") }),
        json!({ "alg": "ES256", "kid": kid("RS256") }),
        json!({ "alg": "RS256", "kid": "encrypts" }),
        json!({ "alg": "ES256", "kid": "unknown" }),
        json!({ "alg": "ES256", "kid": "" }),
        json!({ "alg": "ES256", "kid": 1 }),
        json!({ "alg": "ES384", "kid": kid("ES256") }),
        json!({ "alg": "ES256", "kid": kid("ES256"), "typ": "at+jwt" }),
        json!({ "alg": "ES256", "kid": kid("ES256"), "jku": stage.provider.url }),
        json!({ "alg": "ES256", "kid": kid("ES256"), "x5u": stage.provider.url }),
        json!({ "alg": "ES256", "kid": kid("ES256"), "x5c": ["-"] }),
        json!({ "alg": "ES256", "kid": kid("ES256"), "jwk": {} }),
        json!({ "alg": "ES256", "kid": kid("ES256"), "crit": ["exp"] }),
        json!({ "kid": kid("ES256") }),
    ] {
        let token = stage.provider.sign(&header, &claims);
        stage.proves_nothing("google", &token, &header.to_string());
    }
    let good = stage.id_token("google", "good", &json!({}));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let other = stage.id_token("google", "other", &json!({}));
    for token in [
        format!("{signed}."),
        format!("{signed}.{}", "A".repeat(86)),
        format!("{}.{signature}", other.rsplit_once('.').unwrap().0),
        signed.to_owned(),
        "garbage".to_owned(),
    ] {
        stage.proves_nothing("google", &token, &token);
    }
    // Of another provider, and of one that makes none.
    stage.proves_nothing("own", &good, "of another issuer");
    stage.proves_nothing("github", &good, "GitHub has no ID tokens");
    let _ = stage.by_token("google", &good).expect(200);
}

#[test]
fn a_token_is_good_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let token = stage.id_token("google", "once", &json!({}));
    let event = native_event("google", &json!({ "idToken": token, "nonce": NONCE }));
    let instances = stage.world.instances("oauth-token", 5);
    let all: Vec<_> = (0..20)
        .map(|at| (&instances[at % 5], event.clone()))
        .collect();
    let replies = stage.world.at_once(&all);
    let count = |status| replies.iter().filter(|it| it.status == status).count();
    assert_eq!((count(200), count(401)), (1, 19));
    stage.proves_nothing("google", &token, "used");
    // Another token of the same account is another proof.
    let other = stage.id_token("google", "once", &json!({ "jti": "other" }));
    let again = stage.by_token("google", &other).expect(200).json();
    assert_eq!(again["isNewUser"], json!(false));
}

#[test]
fn a_refusal_leaves_a_token_as_it_was() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let first = stage.id_token("google", "back", &json!({}));
    let made = stage.by_token("google", &first).expect(200).json();
    let event = Event::new("DELETE", "/api/auth/me").json(&json!({}));
    let _ = stage.ask_as(&made, "me-delete", event).expect(204);
    let token = stage.id_token("google", "back", &json!({ "jti": "second" }));
    assert_eq!(
        stage.by_token("google", &token).code(),
        "auth/account-deleted"
    );
    let body = json!({ "idToken": token, "nonce": NONCE, "restore": true });
    let back = stage.native("google", &body).expect(200).json();
    assert_eq!(back["user"]["id"], made["user"]["id"]);
}

#[test]
fn a_body_that_is_not_one_proof_names_what_is_wrong() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let verifier = "v".repeat(43);
    for (body, fields) in [
        (json!({}), vec!["idToken", "code"]),
        (
            json!({ "accessToken": "a", "idToken": "a.b.c", "nonce": NONCE }),
            vec!["accessToken"],
        ),
        (
            json!({ "accessToken": "a" }),
            vec!["idToken", "code", "accessToken"],
        ),
        (json!({ "idToken": "a.b.c" }), vec!["nonce"]),
        (
            json!({ "idToken": "a".repeat(8193), "nonce": NONCE }),
            vec!["idToken"],
        ),
        (
            json!({ "idToken": "a.b.c", "nonce": NONCE, "code": "c" }),
            vec!["idToken", "code"],
        ),
        (
            json!({ "code": "c", "redirectUri": "x.y:/z" }),
            vec!["codeVerifier"],
        ),
        (
            json!({ "code": "c".repeat(2049), "redirectUri": "x.y:/z", "codeVerifier": verifier }),
            vec!["code"],
        ),
    ] {
        let reply = stage.native("google", &body);
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (400, "common/validation-failed"),
            "{body}"
        );
        let told = reply.json()["error"]["details"].clone();
        let told: Vec<&str> = told
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["field"].as_str().unwrap())
            .collect();
        assert_eq!(told, fields, "{body}");
    }
    let unknown = stage.by_token("unheard-of", "a.b.c");
    assert_eq!(
        (unknown.status, unknown.code().as_str()),
        (404, "auth/unsupported-provider")
    );
}

#[test]
fn a_code_of_a_native_app_is_traded_at_its_own_address() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let redirects = [("BAKEND_AUTH_REDIRECTS", "https://app.example.com/done")];
    let stage = Stage::new(inside, &redirects);
    let reversed = "1234-abc.apps.googleusercontent.com";
    let _ = stage.set("google", &json!({ "clientIds": [NATIVE, reversed] }));
    let verifier = "the-verifier-of-a-native-app-has-43-letters";
    let account = google("by-code", "x@example.com");
    let trade = |code: &str, address: &str, verifier: &str| {
        stage.native(
            "google",
            &json!({ "code": code, "redirectUri": address, "codeVerifier": verifier }),
        )
    };
    let grant = |client: &str, address: &str| {
        stage
            .provider
            .grant([client, address, &challenge(verifier)], &account)
    };
    let own = format!("{NATIVE}:/back");
    let code = grant(NATIVE, &own);
    let made = trade(&code, &own, verifier).expect(200).json();
    assert_eq!(stage.accounts(&made), ["google"]);
    let there = "https://app.example.com/done";
    let again = trade(&grant(CLIENT, there), there, verifier)
        .expect(200)
        .json();
    assert_eq!(again["user"]["id"], made["user"]["id"]);
    // The provider knows the client of its own scheme under the id itself.
    let scheme = "com.googleusercontent.apps.1234-abc:/back";
    let refused = trade(&grant(NATIVE, scheme), scheme, verifier);
    assert_ne!(refused.code(), "auth/redirect-not-allowed");
    let sent = stage.provider.requests().pop().unwrap();
    assert!(
        sent.contains(reversed) && !sent.contains("client_secret"),
        "{sent}"
    );
    for address in [
        "https://app.example.com/other",
        "https://evil.example/done",
        "com.example.other:/back",
        "com.example.app.evil:/back",
        "com.example.app@evil:/back",
        "com.example.app:",
        "http://localhost:3000/done",
        "com.example.app:/back\r\nx",
    ] {
        let reply = trade(&grant(NATIVE, address), address, verifier);
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (400, "auth/redirect-not-allowed"),
            "{address}"
        );
    }
    let stolen = grant(NATIVE, &own);
    let reply = trade(&stolen, &own, &"w".repeat(43));
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (400, "auth/invalid-oauth-code")
    );
    assert_eq!(
        trade("garbage", &own, verifier).code(),
        "auth/invalid-oauth-code"
    );
}

#[test]
fn a_strangers_token_is_refused_over_the_gateway() {
    let stranger: Caller = stack().stranger();
    let body = json!({ "idToken": "a.b.c", "nonce": NONCE });
    let reply = stranger.post("/api/auth/oauth/unheard-of/token", &body);
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (404, "auth/unsupported-provider")
    );
}
