//! Lifetimes of refresh tokens and sessions.

use super::*;

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
