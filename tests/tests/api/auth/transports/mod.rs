//! How a refresh token comes and goes: in the body, in a header, in a cookie.

mod cloud;

use blackbox::{Apart, Event, Instance, PASSWORD, Reply, fresh_email, stack};
use serde_json::{Value, json};

use super::look::{self, invalid, masked, text, wrong_refresh_token};

const LOGIN: &str = "/api/auth/login";

const REFRESH: &str = "/api/auth/refresh";

const LOGOUT: &str = "/api/auth/logout";

/// An origin that `cargo dev` allows by default, and one that no setting allows.
const OURS: &str = "http://localhost:5173";

const EVIL: &str = "https://evil.example";

/// A week, less what a slow machine takes.
const WEEK: std::ops::RangeInclusive<u64> = 7 * 86_400 - 60..=7 * 86_400;

/// A parsed `Set-Cookie` header.
#[derive(Debug, PartialEq)]
struct Cookie {
    value: String,
    max_age: u64,
    rest: String,
}

/// The one cookie of a reply.
#[track_caller]
fn cookie(reply: &Reply) -> Option<Cookie> {
    let set: Vec<&str> = reply
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie")
        .map(|(_, value)| value.as_str())
        .collect();
    assert!(set.len() <= 1, "{set:?}");
    let (pair, rest) = set.first()?.split_once("; ")?;
    let (age, rest) = rest.split_once("; ")?;
    let max_age = age.strip_prefix("Max-Age=")?.parse().ok()?;
    Some(Cookie {
        value: pair.strip_prefix("refresh=")?.to_owned(),
        max_age,
        rest: rest.to_owned(),
    })
}

/// The refresh token in the reply's cookie, which is good for a week and out of the reach of scripts.
#[track_caller]
fn kept(reply: &Reply) -> String {
    let cookie = cookie(reply).unwrap_or_else(|| panic!("no cookie: {:?}", reply.headers));
    assert_eq!(cookie.rest, "Path=/; HttpOnly; SameSite=Lax");
    assert!(WEEK.contains(&cookie.max_age), "{}", cookie.max_age);
    assert!(cookie.value.len() > 43, "{}", cookie.value);
    cookie.value
}

#[track_caller]
fn forgotten(reply: &Reply) {
    let rest = "Path=/; HttpOnly; SameSite=Lax".to_owned();
    assert_eq!(
        cookie(reply),
        Some(Cookie {
            value: String::new(),
            max_age: 0,
            rest
        })
    );
}

#[track_caller]
fn untouched(reply: &Reply) {
    assert_eq!(reply.header("set-cookie"), None);
}

/// 403 and nothing else: the cookie is kept.
#[track_caller]
fn of_no_origin_of_ours(reply: &Reply) {
    look::refused(
        reply,
        403,
        "auth/origin-not-allowed",
        "This origin may not do this.",
    );
    look::not_kept(reply);
    untouched(reply);
}

fn post(path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Reply {
    let body = body.map(Value::to_string);
    let json = body.as_ref().map(|_| ("content-type", "application/json"));
    let all: Vec<_> = headers.iter().copied().chain(json).collect();
    stack()
        .stranger()
        .send("POST", path, &all, body.as_ref().map(String::as_bytes))
}

fn credentials(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD })
}

/// A new session of a new user, by cookie.
fn session() -> String {
    kept(&post(
        "/api/auth/register",
        &[("x-refresh-token-mode", "cookie")],
        Some(&credentials(&fresh_email())),
    ))
}

/// A request with the cookie, among others, from a page of this origin.
fn by_cookie(path: &str, token: &str, origin: &str) -> Reply {
    let cookies = format!("theme=dark; refresh={token}; refreshed=no");
    post(path, &[("cookie", &cookies), ("origin", origin)], None)
}

/// Whether the token is its session's newest; it is spent for that.
#[track_caller]
fn lives(token: &str) -> String {
    text(
        &post(REFRESH, &[], Some(&json!({ "refreshToken": token }))).expect(200),
        "refreshToken",
    )
}

#[test]
fn whoever_asks_for_a_cookie_gets_no_refresh_token_to_read() {
    let Some(_) = stack().inside() else { return };
    let email = fresh_email();
    let mode = [("x-refresh-token-mode", "cookie")];
    for (path, status) in [("/api/auth/register", 201), (LOGIN, 200)] {
        let reply = post(path, &mode, Some(&credentials(&email))).expect(status);
        let mut expected = look::signed_in(&email, "authenticated");
        expected.as_object_mut().unwrap().remove("refreshToken");
        assert_eq!(masked(&reply.json()), expected);
        let token = kept(&reply);
        assert!(!reply.text().contains(&token));
        let _ = lives(&token);
    }
    for other in [
        &[][..],
        &[("x-refresh-token-mode", "body")],
        &[("x-refresh-token-mode", "header")],
    ] {
        let reply = post(LOGIN, other, Some(&credentials(&email))).expect(200);
        assert_eq!(
            masked(&reply.json()),
            look::signed_in(&email, "authenticated")
        );
        untouched(&reply);
    }
    let refused = post(
        LOGIN,
        &mode,
        Some(&json!({ "email": email, "password": "not the password" })),
    );
    look::wrong_credentials(&refused);
    untouched(&refused);
}

#[test]
fn a_refresh_by_cookie_is_answered_by_cookie() {
    let Some(_) = stack().inside() else { return };
    let mut token = session();
    for _ in 0..3 {
        let reply = by_cookie(REFRESH, &token, OURS).expect(200);
        let mut expected = look::pair();
        expected.as_object_mut().unwrap().remove("refreshToken");
        assert_eq!(masked(&reply.json()), expected);
        look::not_kept(&reply);
        let next = kept(&reply);
        assert_ne!(next, token);
        token = next;
    }
}

#[test]
fn body_then_header_then_cookie() {
    let Some(_) = stack().inside() else { return };
    let [body, header, cookie] = [session(), session(), session()];
    let cookies = format!("refresh={cookie}");
    let origin = ("origin", OURS);
    // The first that is there counts, good or bad, and the answer goes as it came.
    let all = [
        ("x-refresh-token", header.as_str()),
        ("cookie", &cookies),
        origin,
    ];
    let reply = post(REFRESH, &all, Some(&json!({ "refreshToken": body }))).expect(200);
    assert!(reply.json()["refreshToken"].is_string());
    untouched(&reply);
    let reply = post(REFRESH, &all, Some(&json!({}))).expect(200);
    assert!(reply.json()["refreshToken"].is_string());
    untouched(&reply);
    let garbage = post(REFRESH, &all, Some(&json!({ "refreshToken": "garbage" })));
    wrong_refresh_token(&garbage);
    untouched(&garbage);
    let garbage = post(
        REFRESH,
        &[("x-refresh-token", "garbage"), ("cookie", &cookies), origin],
        None,
    );
    wrong_refresh_token(&garbage);
    untouched(&garbage);
    let _ = kept(&post(REFRESH, &[("cookie", &cookies), origin], None).expect(200));

    // The same for a logout: only the session of the one that counts ends.
    let [body, header, cookie] = [session(), session(), session()];
    let cookies = format!("refresh={cookie}");
    let all = [
        ("x-refresh-token", header.as_str()),
        ("cookie", &cookies),
        origin,
    ];
    untouched(&post(LOGOUT, &all, Some(&json!({ "refreshToken": body }))).expect(204));
    wrong_refresh_token(&post(REFRESH, &[("x-refresh-token", &body)], None));
    let header = lives(&header);
    untouched(
        &post(
            LOGOUT,
            &[("x-refresh-token", &header), ("cookie", &cookies), origin],
            None,
        )
        .expect(204),
    );
    wrong_refresh_token(&post(REFRESH, &[("x-refresh-token", &header)], None));
    let _ = lives(&cookie);
}

#[test]
fn without_a_refresh_token_a_refresh_is_a_bad_request() {
    let required = [("refreshToken", "required")];
    invalid(&post(REFRESH, &[], None), &required);
    invalid(
        &post(REFRESH, &[], Some(&json!({ "refreshToken": null }))),
        &required,
    );
    invalid(
        &post(
            REFRESH,
            &[("cookie", "other=1; refresher=2"), ("origin", OURS)],
            None,
        ),
        &required,
    );
}

#[test]
fn a_cookie_counts_on_requests_of_our_own_pages_alone() {
    let Some(_) = stack().inside() else { return };
    let token = session();
    for path in [REFRESH, LOGOUT] {
        let cookies = format!("refresh={token}");
        of_no_origin_of_ours(&post(path, &[("cookie", &cookies)], None));
        for origin in [
            EVIL,
            "null",
            "",
            "*",
            "http://localhost.evil.example",
            "https://localhost.evil.example:5173",
            "http://localhost:5173/",
        ] {
            of_no_origin_of_ours(&by_cookie(path, &token, origin));
        }
        // An access token beside it changes nothing: the cookie is what would be spent.
        let member = stack().member();
        let bearer = format!("Bearer {}", member.token.as_deref().unwrap());
        of_no_origin_of_ours(&post(
            path,
            &[
                ("cookie", &cookies),
                ("origin", EVIL),
                ("authorization", &bearer),
            ],
            None,
        ));
        // A page may send a token that it knows, from any origin.
        let known = post(
            path,
            &[("x-refresh-token", &member.refresh_token), ("origin", EVIL)],
            None,
        );
        assert!([200, 204].contains(&known.status), "{}", known.text());
    }
    let _ = kept(&by_cookie(REFRESH, &token, OURS).expect(200));
}

#[test]
fn whatever_will_never_be_good_again_is_forgotten() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for garbage in ["garbage", "", "A"] {
        let reply = by_cookie(REFRESH, garbage, OURS);
        wrong_refresh_token(&reply);
        forgotten(&reply);
    }
    let token = session();
    let _ = post(LOGOUT, &[("x-refresh-token", &token)], None).expect(204);
    let reply = by_cookie(REFRESH, &token, OURS);
    wrong_refresh_token(&reply);
    forgotten(&reply);

    // A copy of an old token ends the session, and the cookie with it.
    let first = session();
    let _ = lives(&lives(&first));
    let reply = by_cookie(REFRESH, &first, OURS);
    wrong_refresh_token(&reply);
    forgotten(&reply);

    // A temporary refusal leaves the cookie.
    let token = session();
    let throttled = inside.variant(
        "refresh",
        "cookie",
        1,
        &[("BAKEND_AUTH_THROTTLE_REFRESHES", "1")],
    );
    let event = |token: &str| {
        Event::new("POST", REFRESH)
            .header("origin", OURS)
            .cookie(&format!("refresh={token}"))
    };
    let token = kept(&throttled.invoke(&event(&token)).expect(200));
    untouched(&throttled.invoke(&event(&token)).expect(429));
    let key = [
        ("cookie", format!("refresh={token}")),
        ("origin", OURS.to_owned()),
        ("idempotency-key", "x".to_owned()),
    ];
    let key: Vec<(&str, &str)> = key
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let bad = post(REFRESH, &key, None);
    invalid(&bad, &[("Idempotency-Key", "format")]);
    untouched(&bad);
    let _ = lives(&token);
}

/// Two tabs share a cookie jar: the refusal of the slower tab must not delete the new cookie of the faster tab.
#[test]
fn a_second_tab_does_not_take_the_cookie_away() {
    let Some(_) = stack().inside() else { return };
    let token = session();
    let next = kept(&by_cookie(REFRESH, &token, OURS).expect(200));
    let late = by_cookie(REFRESH, &token, OURS);
    wrong_refresh_token(&late);
    untouched(&late);
    let _ = kept(&by_cookie(REFRESH, &next, OURS).expect(200));
}

#[test]
fn a_lost_reply_is_asked_for_again_by_cookie() {
    let Some(_) = stack().inside() else { return };
    let cookies = format!("refresh={}", session());
    let headers = [
        ("cookie", cookies.as_str()),
        ("origin", OURS),
        ("idempotency-key", "a-key-of-its-own-0"),
    ];
    let first = kept(&post(REFRESH, &headers, None).expect(200));
    assert_eq!(kept(&post(REFRESH, &headers, None).expect(200)), first);
}

#[test]
fn a_logout_by_cookie_ends_the_session_and_the_cookie() {
    let Some(_) = stack().inside() else { return };
    let token = session();
    let reply = by_cookie(LOGOUT, &token, OURS).expect(204);
    forgotten(&reply);
    assert_eq!(reply.text(), "");
    wrong_refresh_token(&post(REFRESH, &[("x-refresh-token", &token)], None));
    // This holds for any token.
    forgotten(&by_cookie(LOGOUT, "garbage", OURS).expect(204));
    // By access token there is no cookie to forget.
    let member = stack().member();
    untouched(&member.send("POST", LOGOUT, &[], None).expect(204));
}

const CLOUD: [(&str, &str); 3] = [
    ("BAKEND_ENV", "cloud"),
    ("BAKEND_TABLE_PREFIX", "local-"),
    ("BAKEND_AUTH_BCRYPT_COST", "10"),
];
