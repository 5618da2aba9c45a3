//! `POST /api/auth/refresh`: normal, malicious, concurrent, and with replies that get lost.

mod keys;
mod lifetimes;
mod races;

use std::thread;
use std::time::Duration;

use blackbox::{Apart, Caller, Event, Inside, Instance, PASSWORD, Reply, fresh_email, stack};
use local::proxy::{Fault, Rule};
use serde_json::{Value, json};

use super::items;
use super::look::{self, invalid, masked, text, wrong_refresh_token};

const ROUTE: &str = "/api/auth/refresh";

const KEY: &str = "the-key-of-a-try";

const OTHER_KEY: &str = "the-key-of-another-try";

fn refresh(token: &str) -> Reply {
    stack()
        .stranger()
        .post(ROUTE, &json!({ "refreshToken": token }))
}

fn refresh_with(token: &str, key: &str) -> Reply {
    let body = json!({ "refreshToken": token }).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", key),
    ];
    stack()
        .stranger()
        .send("POST", ROUTE, &headers, Some(body.as_bytes()))
}

fn event(token: &str) -> Event {
    Event::new("POST", ROUTE).json(&json!({ "refreshToken": token }))
}

/// A refresh that lives so much later.
fn later<'a>(inside: &'a Inside, offset: &str) -> Instance<'a> {
    inside.variant("refresh", offset, 1, &[("BAKEND_CLOCK_OFFSET", offset)])
}

/// The refresh token that a successful refresh of this one gives.
fn next(token: &str) -> String {
    text(&refresh(token).expect(200), "refreshToken")
}

fn lives(caller: &Caller) {
    let _ = caller.get("/api/notes").expect(200);
}

/// Neither the access token nor any of these refresh tokens is valid.
fn is_over(caller: &Caller, tokens: &[&str]) {
    look::revoked(&caller.get("/api/notes"));
    for token in tokens {
        wrong_refresh_token(&refresh(token));
    }
}

// Normal

#[test]
fn a_refresh_gives_a_new_pair() {
    let member = stack().member();
    let reply = refresh(&member.refresh_token).expect(200);
    assert_eq!(masked(&reply.json()), look::pair());
    look::not_kept(&reply);
    assert_ne!(text(&reply, "refreshToken"), member.refresh_token);
    lives(&member.with_token(Some(&text(&reply, "accessToken"))));
    lives(&member);
}

#[test]
fn a_refresh_goes_on_from_token_to_token() {
    let member = stack().member();
    let mut token = member.refresh_token.clone();
    for _ in 0..5 {
        token = next(&token);
    }
    lives(&member);
}

#[test]
fn a_refresh_stays_in_its_session() {
    let member = stack().member();
    let reply = refresh(&member.refresh_token).expect(200);
    let _ = stack().stranger().post(
        "/api/auth/logout",
        &json!({ "refreshToken": text(&reply, "refreshToken") }),
    );
    is_over(
        &member,
        &[&member.refresh_token, &text(&reply, "refreshToken")],
    );
    is_over(&member.with_token(Some(&text(&reply, "accessToken"))), &[]);
}

#[test]
fn the_body_is_a_refresh_token_and_nothing_else() {
    let post = |body: &Value| stack().stranger().post(ROUTE, body);
    invalid(&post(&json!({})), &[("refreshToken", "required")]);
    invalid(
        &post(&json!({ "refreshToken": null })),
        &[("refreshToken", "required")],
    );
    for wrong in [json!(1), json!(["x"]), json!({ "$ne": "" })] {
        invalid(
            &post(&json!({ "refreshToken": wrong })),
            &[("refreshToken", "type")],
        );
    }
    let member = stack().member();
    let more = json!({ "refreshToken": member.refresh_token, "role": "admin", "sub": "x" });
    invalid(
        &post(&more),
        &[("role", "unknown-field"), ("sub", "unknown-field")],
    );
    let _ = refresh(&member.refresh_token).expect(200);
}

#[test]
fn what_is_stored_is_a_hash() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let stored = |token: &str| {
        let all = items::sessions(&inside.dynamo.endpoint()).query("user_id", member.id());
        assert_eq!(all.len(), 1);
        assert!(!all[0].to_string().contains(token));
        (
            all[0]["refresh_token_hash"]["S"].clone(),
            all[0]["generation"]["N"].clone(),
        )
    };
    let before = stored(&member.refresh_token);
    let after = stored(&next(&member.refresh_token));
    assert_eq!((before.1, after.1), (json!("0"), json!("1")));
    assert_ne!(before.0, after.0);
}

#[test]
fn the_new_access_token_has_the_stored_role() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    items::set_user(inside, member.id(), &json!({ "role": { "S": "admin" } }));
    let reply = refresh(&member.refresh_token).expect(200);
    assert_eq!(
        super::forge::claims(&text(&reply, "accessToken"))["role"],
        "admin"
    );
}

// Malicious

#[test]
fn an_unknown_malformed_or_foreign_token_is_one_refusal() {
    let member = stack().member();
    let token = &member.refresh_token;
    let flipped = |at: usize| {
        let other = if token.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        let mut flipped = token.clone();
        flipped.replace_range(at..=at, other);
        flipped
    };
    let access_token = member.token.clone().unwrap();
    let mut forged = vec![
        String::new(),
        " ".to_owned(),
        "garbage".to_owned(),
        "\0".to_owned(),
        "ü".repeat(50),
        "A".repeat(token.len()),
        "x".repeat(200_000),
        access_token,
        member.id().to_owned(),
        token[..token.len() - 1].to_owned(),
        token[1..].to_owned(),
        format!("{token}A"),
        format!("{token}="),
        format!("{token} "),
        format!(" {token}"),
        token.to_lowercase(),
        format!("{token}.{token}"),
        token.chars().rev().collect(),
    ];
    forged.extend((0..token.len()).step_by(7).map(flipped));
    for forged in forged {
        let reply = refresh(&forged);
        wrong_refresh_token(&reply);
        look::not_kept(&reply);
    }
    let _ = refresh(token).expect(200);
}

#[test]
fn a_token_of_another_deployment_is_refused_before_any_table() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let secret = "another deployment's secret, of 32 bytes and more";
    let elsewhere = Apart::new(inside);
    let foreign = elsewhere.function("register", "foreign", &[("BAKEND_AUTH_JWT_SECRET", secret)]);
    let body = json!({ "email": fresh_email(), "password": PASSWORD });
    let foreign = foreign
        .invoke(&Event::new("POST", "/api/auth/register").json(&body))
        .expect(201);
    wrong_refresh_token(&refresh(&text(&foreign, "refreshToken")));

    let variant = inside.variant("refresh", "tag", 1, &[]);
    variant.settle();
    for token in [
        text(&foreign, "refreshToken"),
        "garbage".to_owned(),
        "A".repeat(135),
    ] {
        wrong_refresh_token(&variant.invoke(&event(&token)));
    }
    assert_eq!(variant.calls().len(), 0);

    // Another prefix with the same secret; straight to the engine, so that no refusal of the proxy is left behind.
    let member = stack().member();
    let endpoint = inside.dynamo.endpoint();
    let other = [
        ("BAKEND_TABLE_PREFIX", "other-"),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.as_str()),
    ];
    items::make_other_settings(inside);
    let elsewhere = inside.variant("refresh", "prefix", 1, &other);
    wrong_refresh_token(&elsewhere.invoke(&event(&member.refresh_token)));
    let _ = refresh(&member.refresh_token).expect(200);
}

#[test]
fn a_token_of_a_session_or_user_that_is_gone_is_refused() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let endpoint = inside.dynamo.endpoint();
    let [member, other] = [stack().member(), stack().member()];
    let session = super::forge::claims(member.token.as_deref().unwrap())["sid"].clone();
    items::sessions(&endpoint)
        .delete(&json!({ "user_id": { "S": member.id() }, "id": { "S": session } }));
    wrong_refresh_token(&refresh(&member.refresh_token));
    items::users(&endpoint).delete(&items::user_key(other.id()));
    wrong_refresh_token(&refresh(&other.refresh_token));
}

#[test]
fn a_disabled_user_or_a_changed_password_ends_every_token() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let [disabled, changed] = [stack().member(), stack().member()];
    items::set_user(
        inside,
        disabled.id(),
        &json!({ "disabled": { "BOOL": true } }),
    );
    is_over(&disabled, &[&disabled.refresh_token]);
    items::raise_version(inside, changed.id(), &changed.email);
    is_over(&changed, &[&changed.refresh_token]);
}

#[test]
fn the_previous_token_within_the_grace_is_refused_and_the_session_lives() {
    let member = stack().member();
    let newest = next(&member.refresh_token);
    for _ in 0..3 {
        wrong_refresh_token(&refresh(&member.refresh_token));
    }
    lives(&member);
    let _ = refresh(&newest).expect(200);
}

#[test]
fn the_grace_is_ten_seconds() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (within, after) = (later(inside, "5s"), later(inside, "11s"));
    let member = stack().member();
    let newest = next(&member.refresh_token);
    wrong_refresh_token(&within.invoke(&event(&member.refresh_token)));
    lives(&member);
    wrong_refresh_token(&after.invoke(&event(&member.refresh_token)));
    is_over(&member, &[&newest, &member.refresh_token]);
}

#[test]
fn an_older_token_revokes_at_once() {
    let member = stack().member();
    let second = next(&member.refresh_token);
    let newest = refresh(&second).expect(200);
    wrong_refresh_token(&refresh(&member.refresh_token));
    is_over(
        &member,
        &[
            &text(&newest, "refreshToken"),
            &second,
            &member.refresh_token,
        ],
    );
    is_over(&member.with_token(Some(&text(&newest, "accessToken"))), &[]);
}

#[test]
fn a_revoked_session_leaves_the_others_alone() {
    let member = stack().member();
    let other = stack().login(&member.email);
    let newest = next(&next(&member.refresh_token));
    wrong_refresh_token(&refresh(&member.refresh_token));
    is_over(&member, &[&newest]);
    lives(&other);
    let _ = refresh(&other.refresh_token).expect(200);
}

#[test]
fn an_idempotency_key_does_not_shield_an_older_token() {
    let member = stack().member();
    let second = text(
        &refresh_with(&member.refresh_token, KEY).expect(200),
        "refreshToken",
    );
    let newest = text(&refresh_with(&second, KEY).expect(200), "refreshToken");
    wrong_refresh_token(&refresh_with(&member.refresh_token, KEY));
    is_over(&member, &[&newest, &second]);
}
