//! Access tokens on the routes that read them.

mod claims;
mod sessions;

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
    assert_eq!(
        names,
        [
            "amr",
            "auth_time",
            "exp",
            "iat",
            "iss",
            "role",
            "sid",
            "sub"
        ]
    );
    assert_eq!(
        (&claims["sub"], &claims["role"]),
        (&member.user["id"], &json!("authenticated"))
    );
    assert_eq!(
        (&claims["auth_time"], &claims["amr"]),
        (&claims["iat"], &json!(["pwd"]))
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
