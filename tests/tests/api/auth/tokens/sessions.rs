//! The session and the user behind a token.

use super::*;

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
