//! Idempotency keys, and successors that converge.

use super::*;

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
fn a_key_converges_for_a_day() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let with_key = |token: &str| event(token).header("idempotency-key", KEY);
    let (within, after) = (later(inside, "23h"), later(inside, "86401s"));
    let member = stack().member();
    let first = refresh_with(&member.refresh_token, KEY).expect(200);
    let again = within.invoke(&with_key(&member.refresh_token)).expect(200);
    assert_eq!(
        text(&again, "refreshToken"),
        text(&first, "refreshToken"),
        "after the grace, within the day"
    );
    let line = within
        .log()
        .lines()
        .rev()
        .map(str::to_owned)
        .find(|line| line.contains("refresh repeated"));
    let line: Value = serde_json::from_str(&line.expect("a line")).unwrap();
    let age = line["ageMs"].as_u64().unwrap();
    assert!((82_000_000..=83_500_000).contains(&age), "{line}");
    assert!(line["session"].is_string() && !line.to_string().contains(&member.refresh_token));
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
