//! Tokens and API keys.

use super::*;

/// A token that this deployment could have signed, as far as can be told without its tables.
fn forge(user: &str, role: &str, expires_in: i64) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
        .cast_signed();
    let claims = json!({ "iss": "bakend:local-", "sub": user, "role": role, "sid": NO_ID,
        "iat": now + expires_in - 900, "exp": now + expires_in });
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let signed = format!(
        "{}.{}",
        part(r#"{"typ":"at+jwt","alg":"HS256"}"#),
        part(&claims.to_string())
    );
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, JWT_SECRET.as_bytes()),
        signed.as_bytes(),
    );
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// Asserts that every endpoint that reads a token refuses this invalid one with `code`, and that no other endpoint
/// reads it.
fn sweep_token(authorization: &str, code: &str, signed: Option<&str>) {
    let stranger = stack().stranger();
    for request in page() {
        let reply = request.send(&stranger, &[("authorization", authorization)]);
        match (request.entry.guard, signed) {
            (
                Guard::Rule(_)
                | Guard::Rules
                | Guard::Optional
                | Guard::User
                | Guard::Admin
                | Guard::Users(_)
                | Guard::UserOrKey(_),
                _,
            ) => assert_refused(&reply, request.method, &request.path, code),
            (Guard::Signed, Some(code)) => {
                assert_refused(&reply, request.method, &request.path, code)
            }
            (Guard::Signed, None) => {
                assert_eq!(reply.status, request.entry.status, "{}", reply.text())
            }
            (Guard::Open, _) => {
                let without = request.send(&stranger, &[]);
                let kind = |reply: &Reply| (reply.status, reply.code());
                assert_eq!(
                    kind(&reply),
                    kind(&without),
                    "{} {}",
                    request.method,
                    request.path
                );
            }
        }
    }
}

#[test]
fn no_token_is_401_where_a_rule_needs_one() {
    for request in for_users() {
        let reply = request.send(&stack().stranger(), &[]);
        assert_refused(
            &reply,
            request.method,
            &request.path,
            "auth/authentication-required",
        );
    }
}

#[test]
fn a_garbage_token_is_401_also_where_none_is_needed() {
    for garbage in [
        "Bearer garbage",
        "Bearer a.b.c",
        "Bearer ",
        "Bearer",
        "Basic dXNlcjpwYXNz",
        "garbage",
    ] {
        sweep_token(garbage, "auth/invalid-token", Some("auth/invalid-token"));
    }
}

#[test]
fn an_expired_token_is_401_and_may_log_out() {
    if stack().inside().is_none() {
        return;
    }
    for expires_in in [0, -1, -86_400] {
        sweep_token(
            &bearer(&forge(NO_ID, "admin", expires_in)),
            "auth/token-expired",
            None,
        );
    }
}

#[test]
fn a_signed_token_of_no_session_is_401() {
    if stack().inside().is_none() {
        return;
    }
    let authorization = bearer(&forge(NO_ID, "admin", 900));
    for request in of_collections().chain(for_users()) {
        let reply = request.send(&stack().stranger(), &[("authorization", &authorization)]);
        assert_refused(
            &reply,
            request.method,
            &request.path,
            "auth/session-revoked",
        );
    }
}

#[test]
fn a_bad_key_is_401_wherever_keys_are_read() {
    let (stranger, admin) = (stack().stranger(), stack().admin());
    let gone = Key::secret(&["*:*"]);
    let revoked = gone.text.clone();
    drop(gone);
    let good = Key::secret(&["*:*"]);
    let twice = format!("{}, {}", good.text, good.text);
    let publishable = good.text.replace("sk_live_", "pk_live_");
    let keys = [
        &nobodys("pk_live_"),
        &nobodys("sk_live_"),
        &revoked,
        &publishable,
        &twice,
        "garbage",
        "",
        "Bearer x",
        "sk_live_",
    ];
    for request in page() {
        for key in keys {
            let key = ("x-api-key", key);
            let bare = request.send(&stranger, &[key]);
            let known = request.send(&admin, &[key]);
            let broken = admin.send(request.method, &request.path, &[JSON, key], Some(b"{"));
            let query = format!("{}?limit=none", request.path);
            let query = admin.send(
                request.method,
                &query,
                &[JSON, key],
                request.takes_body().then_some(b"{}"),
            );
            for reply in [bare, known, broken, query] {
                if request.entry.reads_api_keys() {
                    assert_refused(
                        &reply,
                        request.method,
                        &request.path,
                        "auth/invalid-api-key",
                    );
                } else {
                    // A link whose page, state or parameters are wrong says so, and so does an issuer that is not there.
                    let says_so =
                        request.entry.keys == KeyUse::Ignored || request.entry.kept.is_some();
                    let is_refused = says_so && [400, 404].contains(&reply.status);
                    let status = request.entry.status;
                    assert!(is_refused || reply.status == status, "{}", request.path);
                }
            }
        }
    }
}

#[test]
fn an_apps_key_changes_nothing() {
    let key = Key::publishable(&["posts:read"]);
    for request in page() {
        // No admin: a request that changes something must not be sent twice by one.
        for caller in [stack().stranger(), stack().member()] {
            let without = request.send(&caller, &[]);
            let reply = request.send(
                &caller,
                &[
                    ("x-api-key", &key.text),
                    ("origin", "https://elsewhere.example"),
                ],
            );
            let kind = |reply: &Reply| (reply.status, reply.code());
            assert_eq!(
                kind(&reply),
                kind(&without),
                "{} {}",
                request.method,
                request.path
            );
        }
    }
}

#[test]
fn a_servers_key_stands_in_for_no_user() {
    let key = Key::secret(&["*:*"]);
    for request in page()
        .iter()
        .filter(|request| matches!(request.entry.guard, Guard::User | Guard::Admin))
    {
        for caller in [stack().stranger(), stack().admin()] {
            let reply = request.send(&caller, &[("x-api-key", &key.text)]);
            assert_refused(
                &reply,
                request.method,
                &request.path,
                "auth/authentication-required",
            );
        }
    }
}

#[test]
fn a_member_may_do_nothing_that_is_for_admins() {
    let (member, admin) = (stack().member(), stack().admin());
    for request in page()
        .iter()
        .filter(|request| matches!(request.entry.guard, Guard::Admin | Guard::Users(_)))
    {
        assert_refused(
            &request.send(&member, &[]),
            request.method,
            &request.path,
            "auth/forbidden",
        );
    }
    let feedback = admin
        .post("/api/feedback", &json!({ "message": "a" }))
        .expect(201)
        .json();
    let id = feedback["id"].as_str().unwrap_or_default();
    for mut request in of_collections().filter(|request| request.collection == "feedback") {
        request.path = request.path.replace(NO_ID, id);
        // A record that may not be read does not exist.
        let code = match request.entry.guard {
            Guard::Rule(Operation::Create) => continue,
            Guard::Rule(Operation::List) => "auth/forbidden",
            Guard::Rules => "common/validation-failed",
            _ => "data/record-not-found",
        };
        let body = request.takes_body().then_some(&br#"{"message":"b"}"#[..]);
        let reply = member.send(request.method, &request.path, &[JSON], body);
        assert_refused(&reply, request.method, &request.path, code);
    }
    assert_eq!(
        admin.get(&format!("/api/feedback/{id}")).expect(200).json(),
        feedback
    );
}
