//! `POST /api/auth/refresh`: normal, malicious, concurrent, and with replies that get lost.

use std::thread;
use std::time::Duration;

use blackbox::{Caller, Event, Inside, Instance, PASSWORD, Reply, fresh_email, stack};
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

/// Neither the access token nor any of these refresh tokens is worth anything.
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
    let foreign = inside.variant(
        "register",
        "foreign",
        1,
        &[("BAKEND_AUTH_JWT_SECRET", secret)],
    );
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

// Expiry

#[test]
fn a_refresh_token_lives_for_7_days_from_its_last_use_and_30_in_all() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let [member, other] = [stack().member(), stack().member()];
    wrong_refresh_token(&later(inside, "7d").invoke(&event(&member.refresh_token)));
    let mut token = other.refresh_token.clone();
    for day in ["6d", "12d", "18d", "24d", "29d"] {
        let reply = later(inside, day).invoke(&event(&token)).expect(200);
        assert_eq!(masked(&reply.json()), look::pair(), "{day}");
        token = text(&reply, "refreshToken");
    }
    wrong_refresh_token(&later(inside, "30d").invoke(&event(&token)));
}

#[test]
fn an_expired_token_is_dead_and_nothing_more() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let newest = next(&member.refresh_token);
    let expired = later(inside, "8d");
    wrong_refresh_token(&expired.invoke(&event(&member.refresh_token)));
    wrong_refresh_token(&expired.invoke(&event(&newest)));
    lives(&member);
}

#[test]
fn lifetimes_are_settings() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let short = [
        ("BAKEND_AUTH_REFRESH_TOKEN_TTL", "1h"),
        ("BAKEND_AUTH_SESSION_MAX_AGE", "2h"),
    ];
    let of = |offset: &'static str| {
        let env = [short.as_slice(), &[("BAKEND_CLOCK_OFFSET", offset)]].concat();
        inside.variant("refresh", "short", 1, &env)
    };
    let member = stack().member();
    let one = of("1s").invoke(&event(&member.refresh_token)).expect(200);
    let two = of("59m")
        .invoke(&event(&text(&one, "refreshToken")))
        .expect(200);
    let three = of("110m")
        .invoke(&event(&text(&two, "refreshToken")))
        .expect(200);
    wrong_refresh_token(&of("2h").invoke(&event(&text(&three, "refreshToken"))));

    let grace = [
        ("BAKEND_AUTH_REFRESH_GRACE", "60s"),
        ("BAKEND_CLOCK_OFFSET", "30s"),
    ];
    let grace = inside.variant("refresh", "grace", 1, &grace);
    let member = stack().member();
    let newest = next(&member.refresh_token);
    wrong_refresh_token(&grace.invoke(&event(&member.refresh_token)));
    let _ = refresh(&newest).expect(200);
}

// Concurrent

#[test]
fn of_twenty_refreshes_of_one_token_at_most_one_wins() {
    if let Some(inside) = stack().inside() {
        inside.spawn("refresh", 4, &[]);
    }
    let member = stack().member();
    for _ in 0..3 {
        let caller = stack().login(&member.email);
        let token = &caller.refresh_token;
        let replies: Vec<Reply> = thread::scope(|scope| {
            let all: Vec<_> = (0..20)
                .map(|_| scope.spawn(move || refresh(token)))
                .collect();
            all.into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let (won, lost): (Vec<&Reply>, Vec<&Reply>) =
            replies.iter().partition(|reply| reply.status == 200);
        lost.iter().for_each(|reply| wrong_refresh_token(reply));
        assert_eq!(won.len(), 1, "nothing failed, so somebody has to win");
        lives(&caller);
        lives(&caller.with_token(Some(&text(won[0], "accessToken"))));
        let _ = refresh(&text(won[0], "refreshToken")).expect(200);
    }
}

#[test]
fn twenty_tries_with_one_key_all_get_the_same_token() {
    let member = stack().member();
    let token = &member.refresh_token;
    let replies: Vec<Reply> = thread::scope(|scope| {
        let all: Vec<_> = (0..20)
            .map(|_| scope.spawn(move || refresh_with(token, KEY)))
            .collect();
        all.into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut tokens: Vec<String> = replies
        .iter()
        .map(|reply| text(&reply.clone().expect(200), "refreshToken"))
        .collect();
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    let _ = refresh(&tokens[0]).expect(200);
}

#[test]
fn a_refresh_and_a_logout_at_once_leave_nothing() {
    let caller = stack().member();
    let token = &caller.refresh_token;
    let refreshed = thread::scope(|scope| {
        let logout = scope.spawn(|| {
            stack()
                .stranger()
                .post("/api/auth/logout", &json!({ "refreshToken": token }))
        });
        let refreshed = refresh(token);
        let _ = logout.join().unwrap().expect(204);
        refreshed
    });
    let mut tokens = vec![token.clone()];
    if refreshed.status == 200 {
        tokens.push(text(&refreshed, "refreshToken"));
        look::revoked(
            &caller
                .with_token(Some(&text(&refreshed, "accessToken")))
                .get("/api/notes"),
        );
    }
    is_over(
        &caller,
        &tokens.iter().map(String::as_str).collect::<Vec<_>>(),
    );
}

// Failed to arrive

#[test]
fn the_same_key_gives_the_same_successor_and_a_valid_access_token() {
    let member = stack().member();
    let first = refresh_with(&member.refresh_token, KEY).expect(200);
    for _ in 0..3 {
        let again = refresh_with(&member.refresh_token, KEY).expect(200);
        assert_eq!(masked(&again.json()), look::pair());
        assert_eq!(text(&again, "refreshToken"), text(&first, "refreshToken"));
        lives(&member.with_token(Some(&text(&again, "accessToken"))));
    }
    let _ = refresh(&text(&first, "refreshToken")).expect(200);
}

#[test]
fn another_key_or_none_does_not_converge() {
    let member = stack().member();
    let first = refresh_with(&member.refresh_token, KEY).expect(200);
    wrong_refresh_token(&refresh_with(&member.refresh_token, OTHER_KEY));
    wrong_refresh_token(&refresh_with(&member.refresh_token, &KEY.to_uppercase()));
    wrong_refresh_token(&refresh(&member.refresh_token));
    lives(&member);
    let again = refresh_with(&member.refresh_token, KEY).expect(200);
    assert_eq!(
        text(&again, "refreshToken"),
        text(&first, "refreshToken"),
        "none of that did any harm"
    );
}

#[test]
fn a_key_does_not_help_a_token_that_was_refreshed_without() {
    let member = stack().member();
    let newest = next(&member.refresh_token);
    wrong_refresh_token(&refresh_with(&member.refresh_token, KEY));
    let _ = refresh(&newest).expect(200);
}

#[test]
fn a_key_is_worth_nothing_with_another_token() {
    let [one, other] = [stack().member(), stack().member()];
    let first = refresh_with(&one.refresh_token, KEY).expect(200);
    let second = refresh_with(&other.refresh_token, KEY).expect(200);
    assert_ne!(text(&first, "refreshToken"), text(&second, "refreshToken"));
}

#[test]
fn a_used_successor_ends_the_convergence() {
    let member = stack().member();
    let first = text(
        &refresh_with(&member.refresh_token, KEY).expect(200),
        "refreshToken",
    );
    let newest = next(&first);
    wrong_refresh_token(&refresh_with(&member.refresh_token, KEY));
    is_over(&member, &[&newest, &first]);
}

#[test]
fn a_key_converges_for_a_minute() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let with_key = |token: &str| event(token).header("idempotency-key", KEY);
    let (within, after) = (later(inside, "30s"), later(inside, "61s"));
    let member = stack().member();
    let first = refresh_with(&member.refresh_token, KEY).expect(200);
    let again = within.invoke(&with_key(&member.refresh_token)).expect(200);
    assert_eq!(
        text(&again, "refreshToken"),
        text(&first, "refreshToken"),
        "after the grace, within the minute"
    );
    wrong_refresh_token(&after.invoke(&with_key(&member.refresh_token)));
    is_over(&member, &[&text(&first, "refreshToken")]);
}

#[test]
fn another_key_after_the_grace_revokes() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let after = later(inside, "11s");
    let member = stack().member();
    let first = refresh_with(&member.refresh_token, KEY).expect(200);
    wrong_refresh_token(
        &after.invoke(&event(&member.refresh_token).header("idempotency-key", OTHER_KEY)),
    );
    is_over(&member, &[&text(&first, "refreshToken")]);
}

#[test]
fn a_key_does_not_outlive_the_session() {
    let member = stack().member();
    let first = refresh_with(&member.refresh_token, KEY).expect(200);
    let _ = stack().stranger().post(
        "/api/auth/logout",
        &json!({ "refreshToken": text(&first, "refreshToken") }),
    );
    wrong_refresh_token(&refresh_with(&member.refresh_token, KEY));
    is_over(&member, &[&text(&first, "refreshToken")]);
}

#[test]
fn a_key_does_not_outlive_the_right_to_the_session() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let [disabled, changed] = [stack().member(), stack().member()];
    for member in [&disabled, &changed] {
        let _ = refresh_with(&member.refresh_token, KEY).expect(200);
    }
    items::set_user(
        inside,
        disabled.id(),
        &json!({ "disabled": { "BOOL": true } }),
    );
    items::raise_version(inside, changed.id(), &changed.email);
    for member in [&disabled, &changed] {
        wrong_refresh_token(&refresh_with(&member.refresh_token, KEY));
    }
}

#[test]
fn a_key_has_16_to_128_visible_ascii_characters() {
    let member = stack().member();
    for bad in [
        "x",
        &"x".repeat(15),
        &"x".repeat(129),
        "sixteen characters",
        "sixteen\tcharacters",
    ] {
        invalid(
            &refresh_with(&member.refresh_token, bad),
            &[("Idempotency-Key", "format")],
        );
    }
    let mut token = member.refresh_token.clone();
    for good in [
        "x".repeat(16),
        "~".repeat(128),
        "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}".to_owned(),
    ] {
        let first = text(&refresh_with(&token, &good).expect(200), "refreshToken");
        assert_eq!(
            text(&refresh_with(&token, &good).expect(200), "refreshToken"),
            first
        );
        token = first;
    }
    lives(&member);
}

#[test]
fn a_key_that_no_client_library_sends_is_refused() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    for bad in [
        "sixteen\0characters",
        "sixteen\ncharacters",
        "sechzehn zeichen ä",
        "ääääääääääääääääää",
        "",
    ] {
        let reply = inside.invoke(
            "refresh",
            &event(&member.refresh_token).header("idempotency-key", bad),
        );
        invalid(&reply, &[("Idempotency-Key", "format")]);
    }
    let _ = refresh(&member.refresh_token).expect(200);
}

/// The reply to the rotation is lost on its way back from the table, so often.
fn losing(inside: &Inside, times: usize) -> Instance<'_> {
    let variant = inside.variant("refresh", "lossy", 1, &[]);
    variant.settle();
    inside.proxy.fault(
        Rule::new(Fault::LoseReply)
            .key(&variant.key)
            .action("UpdateItem")
            .times(times),
    );
    variant
}

#[test]
fn a_reply_of_the_table_that_is_lost_logs_nobody_out() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for key in [None, Some(KEY)] {
        let member = stack().member();
        let mut event = event(&member.refresh_token);
        if let Some(key) = key {
            event = event.header("idempotency-key", key);
        }
        let reply = losing(inside, 1).invoke(&event).expect(200);
        assert_eq!(masked(&reply.json()), look::pair());
        lives(&member.with_token(Some(&text(&reply, "accessToken"))));
        let _ = refresh(&text(&reply, "refreshToken")).expect(200);
    }
}

#[test]
fn when_every_reply_is_lost_a_later_try_with_the_key_converges() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let variant = losing(inside, 20);
    let lost = variant.invoke(&event(&member.refresh_token).header("idempotency-key", KEY));
    look::refused(
        &lost,
        503,
        "common/unavailable",
        "The service is busy; try again in a moment.",
    );
    assert!(lost.header("retry-after").is_some());
    inside.proxy.clear(&variant.key);
    let again = refresh_with(&member.refresh_token, KEY).expect(200);
    lives(&member.with_token(Some(&text(&again, "accessToken"))));
    let _ = refresh(&text(&again, "refreshToken")).expect(200);
}

#[test]
fn a_refresh_that_never_reached_the_table_can_be_tried_again() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let variant = inside.variant("refresh", "throttled", 1, &[]);
    variant.settle();
    inside.proxy.fault(
        Rule::new(Fault::Throttle)
            .key(&variant.key)
            .action("UpdateItem"),
    );
    let refused = variant.invoke(&event(&member.refresh_token));
    look::refused(
        &refused,
        503,
        "common/unavailable",
        "The service is busy; try again in a moment.",
    );
    let _ = refresh(&member.refresh_token).expect(200);
}

#[test]
fn a_slow_rotation_that_another_overtakes_is_refused() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let variant = inside.variant("refresh", "slow", 1, &[]);
    variant.settle();
    let held = inside
        .proxy
        .hold(|rule| rule.key(&variant.key).action("UpdateItem").times(1));
    let (slow, fast) = thread::scope(|scope| {
        let slow = scope.spawn(|| variant.invoke(&event(&member.refresh_token)));
        assert!(
            held.wait_for(1, Duration::from_secs(20)),
            "the rotation is written"
        );
        let fast = refresh(&member.refresh_token).expect(200);
        held.release();
        (slow.join().unwrap(), fast)
    });
    wrong_refresh_token(&slow);
    lives(&member);
    let _ = refresh(&text(&fast, "refreshToken")).expect(200);
}

// `auth.refreshReuse: "converge"`

fn converging<'a>(inside: &'a Inside, offset: &str) -> Instance<'a> {
    let env = [
        ("BAKEND_AUTH_REFRESH_REUSE", "converge"),
        ("BAKEND_CLOCK_OFFSET", offset),
    ];
    inside.variant("refresh", "converge", 1, &env)
}

#[test]
fn converge_gives_the_same_successor_within_the_grace() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (now, within, after) = (
        converging(inside, "0s"),
        converging(inside, "5s"),
        converging(inside, "11s"),
    );
    let member = stack().member();
    let first = now.invoke(&event(&member.refresh_token)).expect(200);
    for variant in [&now, &within] {
        let again = variant.invoke(&event(&member.refresh_token)).expect(200);
        assert_eq!(masked(&again.json()), look::pair());
        assert_eq!(text(&again, "refreshToken"), text(&first, "refreshToken"));
        lives(&member.with_token(Some(&text(&again, "accessToken"))));
    }
    wrong_refresh_token(&after.invoke(&event(&member.refresh_token)));
    is_over(&member, &[&text(&first, "refreshToken")]);
}

#[test]
fn converge_ends_when_the_successor_is_used() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let now = converging(inside, "0s");
    let member = stack().member();
    let first = text(
        &now.invoke(&event(&member.refresh_token)).expect(200),
        "refreshToken",
    );
    let newest = text(&now.invoke(&event(&first)).expect(200), "refreshToken");
    wrong_refresh_token(&now.invoke(&event(&member.refresh_token)));
    is_over(&member, &[&newest, &first]);
}
