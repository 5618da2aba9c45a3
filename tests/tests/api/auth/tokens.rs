//! Access tokens on the routes that read them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use blackbox::{
    ADMIN_EMAIL, Caller, Event, Instance, JWT_SECRET, PASSWORD, Reply, fresh_email, stack,
};
use ring::hmac;
use serde_json::{Value, json};

use super::look::{self, expired, masked, revoked, text, wrong_token};
use super::{forge, items};

/// A list that only a member may read, with this token.
fn with(token: &str) -> Reply {
    stack().stranger().with_token(Some(token)).get("/api/notes")
}

fn token(caller: &Caller) -> String {
    caller.token.clone().unwrap()
}

#[track_caller]
fn accepted(reply: &Reply) {
    assert_eq!(
        (reply.status, reply.json()),
        (200, json!({ "items": [], "nextCursor": null }))
    );
}

fn list() -> Event {
    Event::new("GET", "/api/notes")
}

fn at(variant: &Instance<'_>, token: &str) -> Reply {
    variant.invoke(&list().token(token))
}

fn now() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

#[test]
fn a_token_says_who_signed_it_for_whom_and_until_when() {
    let member = stack().member();
    let token = token(&member);
    assert_eq!(
        forge::header(&token),
        json!({ "typ": "at+jwt", "alg": "HS256" })
    );
    let claims = forge::claims(&token);
    let names: Vec<&String> = claims.as_object().unwrap().keys().collect();
    assert_eq!(names, ["exp", "iat", "iss", "role", "sid", "sub"]);
    assert_eq!(
        (&claims["sub"], &claims["role"]),
        (&member.user["id"], &json!("authenticated"))
    );
    assert!(look::is_id(claims["sid"].as_str().unwrap()));
    assert!(claims["iss"].as_str().unwrap().starts_with("bakend:"));
    assert_eq!(
        claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(),
        900
    );
    if stack().inside().is_some() {
        assert_eq!(claims["iss"], "bakend:local-");
        assert!(now().abs_diff(claims["iat"].as_u64().unwrap()) < 60);
    }
}

#[test]
fn the_scheme_is_bearer_in_any_case() {
    let member = stack().member();
    let token = token(&member);
    let get = |header: &str| {
        stack()
            .stranger()
            .send("GET", "/api/notes", &[("authorization", header)], None)
    };
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        accepted(&get(&format!("{scheme} {token}")));
    }
    for header in [
        format!("Basic {token}"),
        format!("DPoP {token}"),
        format!("Token {token}"),
        format!("Bearer{token}"),
        format!("Bearer:{token}"),
        format!("Bearer {token}, Bearer {token}"),
        format!("Bearer token={token}"),
        format!("Bearer \"{token}\""),
        format!("Bearer Bearer {token}"),
        format!("Bearer,{token}"),
        token.clone(),
        "Bearer".to_owned(),
        "Basic YTpi".to_owned(),
        "x".to_owned(),
    ] {
        wrong_token(&get(&header));
    }
}

#[test]
fn a_bad_token_is_refused_on_a_public_route_too() {
    let member = stack().member();
    let post = member
        .post("/api/posts", &json!({ "title": "for everybody" }))
        .expect(201)
        .json();
    let path = format!("/api/posts/{}", post["id"].as_str().unwrap());
    let _ = stack().stranger().get(&path).expect(200);
    for path in [path.as_str(), "/api/posts"] {
        wrong_token(&stack().stranger().with_token(Some("garbage")).get(path));
        wrong_token(&stack().stranger().send(
            "GET",
            path,
            &[("authorization", "Basic YTpi")],
            None,
        ));
    }
    wrong_token(
        &stack()
            .stranger()
            .with_token(Some("garbage"))
            .post("/api/feedback", &json!({ "message": "x" })),
    );
    let _ = member.post("/api/auth/logout", &json!({})).expect(204);
    for path in [path.as_str(), "/api/posts"] {
        revoked(&member.get(path));
    }
}

#[test]
fn a_token_in_the_query_string_is_none() {
    let member = stack().member();
    let token = token(&member);
    let note = member
        .post("/api/notes", &json!({ "title": "mine" }))
        .expect(201)
        .json();
    let path = format!("/api/notes/{}", note["id"].as_str().unwrap());
    let _ = member.get(&path).expect(200);
    for name in [
        "access_token",
        "accessToken",
        "token",
        "authorization",
        "Authorization",
        "bearer_token",
        "jwt",
    ] {
        for value in [token.clone(), format!("Bearer%20{token}")] {
            let stranger = stack().stranger();
            let message = "Send an access token: Authorization: Bearer <token>.";
            let reply = stranger.get(&format!("{path}?{name}={value}"));
            look::refused(&reply, 401, "auth/authentication-required", message);
            let list = stranger.get(&format!("/api/notes?{name}={value}"));
            look::refused(&list, 401, "auth/authentication-required", message);
            let public = stranger.get(&format!("/api/posts?{name}={value}"));
            look::invalid(&public, &[(name, "unknown-parameter")]);
            assert!(!public.text().contains(&token));
            let logout = stranger.send(
                "POST",
                &format!("/api/auth/logout?{name}={value}"),
                &[],
                None,
            );
            look::invalid(&logout, &[("refreshToken", "required")]);
        }
    }
    let _ = member.get(&path).expect(200);
}

#[test]
fn a_token_in_the_body_or_a_cookie_is_none() {
    let member = stack().member();
    let token = token(&member);
    for (name, value) in [
        (
            "cookie",
            format!("access_token={token}; token={token}; authorization=Bearer {token}"),
        ),
        ("x-access-token", token.clone()),
        ("x-authorization", format!("Bearer {token}")),
        ("proxy-authorization", format!("Bearer {token}")),
    ] {
        let reply = stack()
            .stranger()
            .send("GET", "/api/notes", &[(name, &value)], None);
        let message = "Send an access token: Authorization: Bearer <token>.";
        look::refused(&reply, 401, "auth/authentication-required", message);
    }
}

#[test]
fn a_token_that_was_tampered_with_is_refused() {
    let member = stack().member();
    let token = token(&member);
    let parts: Vec<&str> = token.split('.').collect();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut claims = forge::claims(&token);
    claims["role"] = json!("admin");
    let mut forged = vec![
        "garbage".to_owned(),
        "..".to_owned(),
        ".".to_owned(),
        "a.b.c".to_owned(),
        message.to_owned(),
        format!("{message}."),
        format!("{token}."),
        format!("{token}.x"),
        format!("{token}="),
        format!("{}.{}.{signature}", parts[0], forge::part(&claims)),
        format!("{message}.{}", signature.chars().rev().collect::<String>()),
        format!("{message}.{}", "A".repeat(signature.len())),
        format!("{}.{}.{}", parts[1], parts[0], parts[2]),
        format!(".{}.{}", parts[1], parts[2]),
        token.to_uppercase(),
        member.refresh_token.clone(),
        member.id().to_owned(),
        "x".repeat(4000),
    ];
    forged.extend(
        [1, 2, 10, signature.len(), signature.len() + 1]
            .map(|cut| token[..token.len() - cut].to_owned()),
    );
    for at in (0..token.len()).step_by(11) {
        let other = if token.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        let mut flipped = token.clone();
        flipped.replace_range(at..=at, other);
        forged.push(flipped);
    }
    for forged in forged.iter().filter(|forged| **forged != token) {
        wrong_token(&with(forged));
    }
    accepted(&with(&token));
}

#[test]
fn no_other_algorithm_or_header_passes_even_with_the_right_secret() {
    if stack().inside().is_none() {
        return;
    }
    let token = token(&stack().member());
    let claims = token.split('.').nth(1).unwrap();
    accepted(&with(&forge::sign(
        token.split('.').next().unwrap(),
        claims,
        JWT_SECRET,
    )));
    for header in [
        json!({ "typ": "JWT", "alg": "HS256" }),
        json!({ "alg": "HS256" }),
        json!({ "typ": "at+jwt" }),
        json!({ "typ": "application/at+jwt", "alg": "hs256" }),
        json!({ "typ": "at+jwt", "alg": "HS512" }),
        json!({ "typ": "at+jwt", "alg": "HS384" }),
        json!({ "typ": "at+jwt", "alg": "RS256" }),
        json!({ "typ": "at+jwt", "alg": "PS256" }),
        json!({ "typ": "at+jwt", "alg": "ES256" }),
        json!({ "typ": "at+jwt", "alg": "EdDSA" }),
        json!({ "typ": "at+jwt", "alg": "none" }),
        json!({ "typ": "at+jwt", "alg": "" }),
        json!({ "typ": "at+jwt", "alg": null }),
        json!({ "typ": "at+jwt", "alg": "HS256", "jku": "https://evil.example/keys" }),
        json!({ "typ": "at+jwt", "alg": "HS256", "x5u": "https://evil.example/certificate" }),
        json!({ "typ": "at+jwt", "alg": "HS256", "x5c": ["AAAA"] }),
        json!({ "typ": "at+jwt", "alg": "HS256", "jwk": { "kty": "oct", "k": "AAAA" } }),
        json!({ "typ": "at+jwt", "alg": "HS256", "kid": "../../../dev/null" }),
        json!({ "typ": "at+jwt", "alg": "HS256", "crit": ["b64"], "b64": false }),
        json!({ "typ": "at+jwt", "alg": "HS256", "zip": "DEF" }),
        json!([]),
    ] {
        wrong_token(&with(&forge::sign(
            &forge::part(&header),
            claims,
            JWT_SECRET,
        )));
    }
    for (algorithm, name) in [(hmac::HMAC_SHA512, "HS512"), (hmac::HMAC_SHA384, "HS384")] {
        let header = forge::part(&json!({ "typ": "at+jwt", "alg": name }));
        wrong_token(&with(&forge::sign_with(
            algorithm, &header, claims, JWT_SECRET,
        )));
        wrong_token(&with(&forge::sign_with(
            algorithm,
            token.split('.').next().unwrap(),
            claims,
            JWT_SECRET,
        )));
    }
    for none in ["none", "None", "NONE", "nOnE"] {
        let header = forge::part(&json!({ "typ": "at+jwt", "alg": none }));
        for token in [
            format!("{header}.{claims}."),
            format!("{header}.{claims}"),
            format!("{header}.{claims}.AA"),
        ] {
            wrong_token(&with(&token));
        }
    }
    // A key of the attacker's own, announced in the header.
    let own = "an attacker's own key of 32 bytes and more";
    let jwk = json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode(own) });
    let header = forge::part(&json!({ "typ": "at+jwt", "alg": "HS256", "jwk": jwk }));
    wrong_token(&with(&forge::sign(&header, claims, own)));
}

#[test]
fn every_claim_is_required_and_of_its_type() {
    if stack().inside().is_none() {
        return;
    }
    let token = token(&stack().member());
    let claims = forge::claims(&token);
    accepted(&with(&forge::resign(&token, &claims, JWT_SECRET)));
    for name in ["iss", "sub", "role", "sid", "iat", "exp"] {
        let mut without = claims.clone();
        without.as_object_mut().unwrap().remove(name);
        wrong_token(&with(&forge::resign(&token, &without, JWT_SECRET)));
        let mut wrong = claims.clone();
        for value in [json!(null), json!({}), json!([claims[name]]), json!(true)] {
            wrong[name] = value;
            wrong_token(&with(&forge::resign(&token, &wrong, JWT_SECRET)));
        }
    }
    for (name, value) in [
        ("exp", json!("9999999999")),
        ("exp", json!(-1)),
        ("exp", json!(1e300)),
        ("iat", json!("now")),
        ("sub", json!("")),
        ("sub", json!("#admins")),
        ("sub", json!(claims["sub"].as_str().unwrap().to_uppercase())),
        ("sid", json!("00000000-0000-0000-0000-000000000000")),
        ("role", json!(1)),
    ] {
        let mut wrong = claims.clone();
        wrong[name] = value;
        wrong_token(&with(&forge::resign(&token, &wrong, JWT_SECRET)));
    }
    for claims in ["", "e30", "bnVsbA", "W10", "not json", "IiI"] {
        wrong_token(&with(&forge::sign(
            token.split('.').next().unwrap(),
            claims,
            JWT_SECRET,
        )));
    }
}

#[test]
fn a_token_of_another_deployment_is_refused() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let token = token(&member);
    let mut claims = forge::claims(&token);
    for issuer in [
        "bakend:other-",
        "bakend:",
        "bakend:local",
        "bakend:local-x",
        "local-",
        "",
        "BAKEND:LOCAL-",
    ] {
        claims["iss"] = json!(issuer);
        wrong_token(&with(&forge::resign(&token, &claims, JWT_SECRET)));
    }
    for secret in [
        "another secret, of 32 bytes and more",
        "",
        "dev-only-change-me",
        "change-me-in-production",
    ] {
        wrong_token(&with(&forge::resign(
            &token,
            &forge::claims(&token),
            secret,
        )));
    }
    let other = inside.variant(
        "register",
        "other",
        1,
        &[("BAKEND_AUTH_JWT_SECRET", "x".repeat(32).as_str())],
    );
    let body = json!({ "email": fresh_email(), "password": PASSWORD });
    let foreign = other
        .invoke(&Event::new("POST", "/api/auth/register").json(&body))
        .expect(201);
    wrong_token(&with(&text(&foreign, "accessToken")));

    let endpoint = inside.dynamo.endpoint();
    let env = [
        ("BAKEND_TABLE_PREFIX", "other-"),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.as_str()),
    ];
    wrong_token(&at(
        &inside.variant("records-list", "prefix", 1, &env),
        &token,
    ));
    accepted(&with(&token));
}

#[test]
fn a_bad_token_costs_no_read() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let token = token(&stack().member());
    let variant = inside.variant("records-list", "no-read", 1, &[]);
    variant.settle();
    let mut late = forge::claims(&token);
    late["exp"] = json!(now() - 10);
    wrong_token(&at(&variant, "garbage"));
    wrong_token(&at(
        &variant,
        &forge::resign(
            &token,
            &forge::claims(&token),
            "another secret of 32 bytes and more",
        ),
    ));
    expired(&at(&variant, &forge::resign(&token, &late, JWT_SECRET)));
    assert_eq!(variant.calls().len(), 0);
}

#[test]
fn there_is_no_leeway() {
    if stack().inside().is_none() {
        return;
    }
    let token = token(&stack().member());
    let until = |exp: u64| {
        let mut claims = forge::claims(&token);
        claims["exp"] = json!(exp);
        with(&forge::resign(&token, &claims, JWT_SECRET))
    };
    for past in [0, 1, now() - 1, now()] {
        expired(&until(past));
    }
    accepted(&until(now() + 30));
}

#[test]
fn a_token_lives_for_15_minutes() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let of = |offset: &str| {
        let variant = inside.variant(
            "records-list",
            "late",
            1,
            &[("BAKEND_CLOCK_OFFSET", offset)],
        );
        at(&variant, &token(&member))
    };
    accepted(&of("14m"));
    expired(&of("15m"));
    expired(&of("1h"));
    accepted(&with(&token(&member)));
}

#[test]
fn an_ended_session_is_told_apart_from_a_bad_token() {
    let member = stack().member();
    let _ = member.post("/api/auth/logout", &json!({})).expect(204);
    revoked(&member.get("/api/notes"));
    revoked(&member.post("/api/notes", &json!({ "title": "x" })));
    for verb in ["PATCH", "PUT"] {
        let headers = [("content-type", "application/json")];
        revoked(&member.send(verb, "/api/notes/x", &headers, Some(br#"{"title":"x"}"#)));
    }
    revoked(&member.delete("/api/notes/x"));
    revoked(&member.get("/api/notes/x"));
}

#[test]
fn an_unknown_session_or_user_is_refused() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let endpoint = inside.dynamo.endpoint();
    let [gone, deleted, other] = [stack().member(), stack().member(), stack().member()];
    let sid = forge::claims(&token(&gone))["sid"].clone();
    items::sessions(&endpoint)
        .delete(&json!({ "user_id": { "S": gone.id() }, "id": { "S": sid } }));
    revoked(&gone.get("/api/notes"));
    items::users(&endpoint).delete(&items::user_key(deleted.id()));
    revoked(&deleted.get("/api/notes"));
    // Rightly signed, but session and user do not belong together.
    let mut claims = forge::claims(&token(&other));
    claims["sub"] = stack().member().user["id"].clone();
    revoked(&with(&forge::resign(&token(&other), &claims, JWT_SECRET)));
}

#[test]
fn a_session_that_has_run_out_is_over_before_the_table_forgets_it() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let short = [
        ("BAKEND_AUTH_SESSION_MAX_AGE", "60s"),
        ("BAKEND_AUTH_REFRESH_TOKEN_TTL", "60s"),
    ];
    let member = stack().member();
    let login = inside.variant("login", "short", 1, &short);
    let body = json!({ "email": member.email, "password": PASSWORD });
    let reply = login
        .invoke(&Event::new("POST", "/api/auth/login").json(&body))
        .expect(200);
    let token = text(&reply, "accessToken");
    accepted(&with(&token));
    revoked(&at(
        &inside.variant("records-list", "over", 1, &[("BAKEND_CLOCK_OFFSET", "61s")]),
        &token,
    ));
}

#[test]
fn disabling_holds_on_the_next_request() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    accepted(&member.get("/api/notes"));
    items::set_user(
        inside,
        member.id(),
        &json!({ "disabled": { "BOOL": true } }),
    );
    revoked(&member.get("/api/notes"));
    revoked(&member.get("/api/posts"));
    items::set_user(
        inside,
        member.id(),
        &json!({ "disabled": { "BOOL": false } }),
    );
    accepted(&member.get("/api/notes"));
}

#[test]
fn a_password_change_ends_every_session_on_the_next_request() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let other = stack().login(&member.email);
    items::raise_version(inside, member.id(), &member.email);
    for session in [&member, &other] {
        revoked(&session.get("/api/notes"));
    }
    accepted(&stack().login(&member.email).get("/api/notes"));
}

#[test]
fn a_change_of_role_holds_on_the_next_request() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    look::refused(
        &member.get("/api/feedback"),
        403,
        "auth/forbidden",
        "You may not do this.",
    );
    items::set_user(inside, member.id(), &json!({ "role": { "S": "admin" } }));
    let _ = member.get("/api/feedback").expect(200);
    items::set_user(
        inside,
        member.id(),
        &json!({ "role": { "S": "authenticated" } }),
    );
    look::refused(
        &member.get("/api/feedback"),
        403,
        "auth/forbidden",
        "You may not do this.",
    );
}

#[test]
fn the_stored_role_counts_and_not_the_claimed_one() {
    if stack().inside().is_none() {
        return;
    }
    let member = stack().member();
    let mut claims = forge::claims(&token(&member));
    claims["role"] = json!("admin");
    let claiming = member.with_token(Some(&forge::resign(&token(&member), &claims, JWT_SECRET)));
    look::refused(
        &claiming.get("/api/feedback"),
        403,
        "auth/forbidden",
        "You may not do this.",
    );
    let admin = stack().admin();
    let mut claims = forge::claims(&token(&admin));
    claims["role"] = json!("authenticated");
    let modest = admin.with_token(Some(&forge::resign(&token(&admin), &claims, JWT_SECRET)));
    let _ = modest.get("/api/feedback").expect(200);
    assert_eq!(admin.email, ADMIN_EMAIL);
}

#[test]
fn session_check_expiry_reads_nothing_and_takes_the_tokens_word() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let env = [("BAKEND_AUTH_SESSION_CHECK", "expiry")];
    let variant = inside.variant("records-list", "expiry", 1, &env);
    let late = inside.variant(
        "records-list",
        "expired",
        1,
        &[env[0], ("BAKEND_CLOCK_OFFSET", "15m")],
    );
    variant.settle();
    let member = stack().member();
    let _ = member.post("/api/auth/logout", &json!({})).expect(204);
    items::set_user(
        inside,
        member.id(),
        &json!({ "disabled": { "BOOL": true } }),
    );
    accepted(&at(&variant, &token(&member)));
    let calls = variant.calls();
    let tables: Vec<&str> = calls
        .iter()
        .flat_map(|call| &call.access)
        .map(|access| access.table.as_str())
        .collect();
    assert_eq!(
        tables,
        ["local-notes"],
        "the list itself, neither session nor user"
    );
    let mut claims = forge::claims(&token(&member));
    claims["role"] = json!("admin");
    let claiming = forge::resign(&token(&member), &claims, JWT_SECRET);
    let feedback = Event::new("GET", "/api/feedback").token(&claiming);
    let _ = variant.invoke(&feedback).expect(200);
    expired(&at(&late, &token(&member)));
    wrong_token(&at(&variant, "garbage"));
}

#[test]
fn the_lifetime_of_an_access_token_is_a_setting() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let login = inside.variant("login", "ttl", 1, &[("BAKEND_AUTH_ACCESS_TOKEN_TTL", "1h")]);
    let member = stack().member();
    let body = json!({ "email": member.email, "password": PASSWORD });
    let reply = login
        .invoke(&Event::new("POST", "/api/auth/login").json(&body))
        .expect(200);
    let mut expected: Value = look::signed_in(&member.email, "authenticated");
    expected["expiresIn"] = json!(3600);
    assert_eq!(masked(&reply.json()), expected);
    let claims = forge::claims(&text(&reply, "accessToken"));
    assert_eq!(
        claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(),
        3600
    );
    let late = inside.variant("records-list", "ttl", 1, &[("BAKEND_CLOCK_OFFSET", "59m")]);
    accepted(&at(&late, &text(&reply, "accessToken")));
}
