//! `POST /api/auth/logout`

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use blackbox::{Caller, Event, Inside, JWT_SECRET, Reply, stack};
use serde_json::{Value, json};

use super::look::{self, invalid, revoked, text, wrong_refresh_token, wrong_token};
use super::{forge, items};

const ROUTE: &str = "/api/auth/logout";

/// Logs out with a body and no token.
fn logout(token: &str) -> Reply {
    stack()
        .stranger()
        .post(ROUTE, &json!({ "refreshToken": token }))
}

/// Logs out with an access token and no body.
fn logout_by(caller: &Caller) -> Reply {
    caller.send("POST", ROUTE, &[], None)
}

fn refresh(token: &str) -> Reply {
    stack()
        .stranger()
        .post("/api/auth/refresh", &json!({ "refreshToken": token }))
}

#[track_caller]
fn done(reply: &Reply) {
    assert_eq!((reply.status, reply.text().as_str()), (204, ""));
    look::not_kept(reply);
}

#[track_caller]
fn is_over(caller: &Caller) {
    revoked(&caller.get("/api/notes"));
    wrong_refresh_token(&refresh(&caller.refresh_token));
}

#[track_caller]
fn lives(caller: &Caller) {
    let _ = caller.get("/api/notes").expect(200);
}

fn reason(inside: &Inside, caller: &Caller) -> Vec<Value> {
    let sessions = items::sessions(&inside.dynamo.endpoint()).query("user_id", caller.id());
    sessions
        .into_iter()
        .map(|mut session| session["revoked_reason"]["S"].take())
        .collect()
}

#[test]
fn a_refresh_token_ends_its_session_at_once() {
    let member = stack().member();
    lives(&member);
    done(&logout(&member.refresh_token));
    is_over(&member);
    if let Some(inside) = stack().inside() {
        assert_eq!(
            reason(inside, &member),
            [json!("logout")],
            "ended, not deleted"
        );
    }
}

#[test]
fn an_access_token_ends_its_session_at_once() {
    let member = stack().member();
    done(&logout_by(&member));
    is_over(&member);
    for body in [json!({}), json!({ "refreshToken": null })] {
        let member = stack().login(&member.email);
        done(&member.post(ROUTE, &body));
        is_over(&member);
    }
}

#[test]
fn the_other_sessions_go_on() {
    let member = stack().member();
    let [by_token, by_refresh_token] = [stack().login(&member.email), stack().login(&member.email)];
    done(&logout_by(&by_token));
    done(&logout(&by_refresh_token.refresh_token));
    is_over(&by_token);
    is_over(&by_refresh_token);
    lives(&member);
    let _ = refresh(&member.refresh_token).expect(200);
}

#[test]
fn every_token_of_the_session_dies() {
    let member = stack().member();
    let newer = refresh(&member.refresh_token).expect(200);
    done(&logout(&text(&newer, "refreshToken")));
    is_over(&member);
    revoked(
        &member
            .with_token(Some(&text(&newer, "accessToken")))
            .get("/api/notes"),
    );
    wrong_refresh_token(&refresh(&text(&newer, "refreshToken")));
}

#[test]
fn an_old_refresh_token_ends_the_session_too() {
    let member = stack().member();
    let mut newest = member.refresh_token.clone();
    for _ in 0..3 {
        newest = text(&refresh(&newest).expect(200), "refreshToken");
    }
    done(&logout(&member.refresh_token));
    is_over(&member);
    wrong_refresh_token(&refresh(&newest));
}

#[test]
fn a_second_logout_is_fine() {
    let member = stack().member();
    for _ in 0..2 {
        done(&logout(&member.refresh_token));
        done(&logout_by(&member));
    }
    is_over(&member);
}

#[test]
fn whatever_the_refresh_token_the_answer_is_204() {
    let member = stack().member();
    let token = &member.refresh_token;
    let access_token = member.token.clone().unwrap();
    let forged = [
        String::new(),
        "garbage".to_owned(),
        "\0".to_owned(),
        "ü".repeat(100),
        "A".repeat(token.len()),
        token[..token.len() - 1].to_owned(),
        format!("{token}="),
        token.to_uppercase(),
        access_token,
        "x".repeat(100_000),
    ];
    for forged in forged {
        done(&logout(&forged));
    }
    lives(&member);
    let _ = refresh(token).expect(200);
}

#[test]
fn a_refresh_token_that_proves_nothing_touches_no_table() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let variant = inside.variant("logout", "garbage", 1, &[]);
    variant.settle();
    for token in ["garbage", "", &"A".repeat(135)] {
        let event = Event::new("POST", ROUTE).json(&json!({ "refreshToken": token }));
        assert_eq!(variant.invoke(&event).status, 204);
    }
    assert_eq!(variant.calls().len(), 0);
}

#[test]
fn with_both_the_refresh_token_counts() {
    let [one, other] = [stack().member(), stack().member()];
    done(&one.post(ROUTE, &json!({ "refreshToken": other.refresh_token })));
    is_over(&other);
    lives(&one);
    done(&one.post(ROUTE, &json!({ "refreshToken": "garbage" })));
    lives(&one);
    let member = stack().member();
    done(
        &one.with_token(Some("garbage"))
            .post(ROUTE, &json!({ "refreshToken": member.refresh_token })),
    );
    is_over(&member);
}

#[test]
fn an_expired_access_token_still_logs_out() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let late = inside.variant("logout", "late", 1, &[("BAKEND_CLOCK_OFFSET", "1h")]);
    let event = Event::new("POST", ROUTE).token(member.token.as_deref().unwrap());
    assert_eq!(late.invoke(&event).status, 204);
    is_over(&member);
}

#[test]
fn an_access_token_of_a_session_or_user_that_is_gone_logs_out() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let endpoint = inside.dynamo.endpoint();
    let [member, disabled] = [stack().member(), stack().member()];
    let sid = forge::claims(member.token.as_deref().unwrap())["sid"].clone();
    items::sessions(&endpoint)
        .delete(&json!({ "user_id": { "S": member.id() }, "id": { "S": sid } }));
    done(&logout_by(&member));
    done(&logout(&member.refresh_token));
    let sessions = items::sessions(&endpoint).query("user_id", member.id());
    assert_eq!(sessions, Vec::<Value>::new(), "a logout makes no session");
    items::set_user(
        inside,
        disabled.id(),
        &json!({ "disabled": { "BOOL": true } }),
    );
    done(&logout_by(&disabled));
    assert_eq!(reason(inside, &disabled), [json!("logout")]);
}

#[test]
fn a_malformed_access_token_is_refused() {
    let member = stack().member();
    let token = member.token.clone().unwrap();
    let headers = [
        "Bearer garbage".to_owned(),
        "Bearer a.b.c".to_owned(),
        "Bearer".to_owned(),
        format!("Basic {token}"),
        token.clone(),
        format!("Bearer {}", &token[..token.len() - 1]),
        format!("Bearer {token} {token}"),
        format!("Bearer {}", member.refresh_token),
    ];
    for header in headers {
        wrong_token(&member.send("POST", ROUTE, &[("authorization", &header)], None));
    }
    lives(&member);
    done(&member.send(
        "POST",
        ROUTE,
        &[("authorization", &format!("bEaReR {token}"))],
        None,
    ));
    is_over(&member);
}

#[test]
fn a_token_that_somebody_else_signed_ends_nothing() {
    let member = stack().member();
    let token = member.token.clone().unwrap();
    let mut elsewhere = forge::claims(&token);
    elsewhere["iss"] = json!("bakend:other-");
    for forged in [
        forge::resign(
            &token,
            &forge::claims(&token),
            "another deployment's secret, of 32 bytes",
        ),
        forge::resign(&token, &elsewhere, JWT_SECRET),
    ] {
        wrong_token(&logout_by(&member.with_token(Some(&forged))));
    }
    // The refresh token of the session with the tag of another deployment.
    let mut bytes = URL_SAFE_NO_PAD.decode(&member.refresh_token).unwrap();
    let tag = bytes.len() - 32;
    for byte in &mut bytes[tag..] {
        *byte ^= 0xff;
    }
    done(&logout(&URL_SAFE_NO_PAD.encode(bytes)));
    lives(&member);
}

#[test]
fn neither_is_a_bad_request() {
    let stranger = stack().stranger();
    let required = [("refreshToken", "required")];
    invalid(&stranger.send("POST", ROUTE, &[], None), &required);
    invalid(&stranger.post(ROUTE, &json!({})), &required);
    invalid(
        &stranger.post(ROUTE, &json!({ "refreshToken": null })),
        &required,
    );
}

#[test]
fn the_body_is_a_refresh_token_and_nothing_else() {
    let member = stack().member();
    for wrong in [
        json!(1),
        json!(true),
        json!([member.refresh_token]),
        json!({}),
    ] {
        invalid(
            &member.post(ROUTE, &json!({ "refreshToken": wrong })),
            &[("refreshToken", "type")],
        );
    }
    let more = json!({ "refreshToken": member.refresh_token, "all": true });
    invalid(&member.post(ROUTE, &more), &[("all", "unknown-field")]);
    lives(&member);
}
