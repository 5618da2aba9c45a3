//! Logins beside a change of the password.

use super::*;

#[test]
fn a_login_that_a_password_change_overtakes_leaves_no_session() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let variant = inside.variant("login", "race", 1, &[]);
    variant.settle();
    let held = inside
        .proxy
        .hold(|rule| rule.key(&variant.key).action("PutItem").table("_sessions"));
    let reply = thread::scope(|scope| {
        let login = scope.spawn(|| variant.invoke(&event(&member.email, PASSWORD)));
        assert!(
            held.wait_for(1, Duration::from_secs(20)),
            "the login writes its session"
        );
        items::raise_version(inside, member.id(), &member.email);
        held.release();
        login.join().unwrap()
    });
    // The old password was right when it was checked; the session that it began is not valid.
    if reply.status != 200 {
        wrong_credentials(&reply);
        return;
    }
    look::revoked(
        &member
            .with_token(Some(&text(&reply, "accessToken")))
            .get("/api/notes"),
    );
    let refresh = json!({ "refreshToken": text(&reply, "refreshToken") });
    look::wrong_refresh_token(&stack().stranger().post("/api/auth/refresh", &refresh));
    look::revoked(&member.get("/api/notes"));
    let now = stack().login(&member.email);
    let _ = now.get("/api/notes").expect(200);
}

/// The SDK gives an attempt up after a second and makes another; the first may still arrive.
#[test]
fn an_attempt_that_arrives_late_brings_no_ended_session_back() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let variant = inside.variant("login", "late", 1, &[]);
    variant.settle();
    let held = inside.proxy.hold(|rule| {
        rule.key(&variant.key)
            .action("PutItem")
            .table("_sessions")
            .times(1)
    });
    let login = stack().signed_in(
        &member.email,
        &variant.invoke(&event(&member.email, PASSWORD)).expect(200),
    );
    assert!(
        held.wait_for(1, Duration::from_secs(20)),
        "the first attempt is held"
    );
    let logout = json!({ "refreshToken": login.refresh_token });
    let _ = stack()
        .stranger()
        .post("/api/auth/logout", &logout)
        .expect(204);

    held.release();
    let deadline = std::time::Instant::now() + Duration::from_secs(5);
    while variant
        .calls()
        .iter()
        .filter(|call| call.operation == "PutItem")
        .count()
        < 1
    {
        assert!(
            std::time::Instant::now() < deadline,
            "the held attempt arrives"
        );
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(login.get("/api/notes").code(), "auth/session-revoked");
}

#[test]
fn a_password_change_between_identity_and_user_refuses_the_login() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let variant = inside.variant("login", "between", 1, &[]);
    variant.settle();
    let held = inside.proxy.hold(|rule| {
        rule.key(&variant.key)
            .action("GetItem")
            .table("_users")
            .after(1)
    });
    let reply = thread::scope(|scope| {
        let login = scope.spawn(|| variant.invoke(&event(&member.email, PASSWORD)));
        assert!(
            held.wait_for(1, Duration::from_secs(20)),
            "the login reads its user"
        );
        items::raise_version(inside, member.id(), &member.email);
        held.release();
        login.join().unwrap()
    });
    wrong_credentials(&reply);
    assert_eq!(
        items::sessions(&inside.dynamo.endpoint())
            .query("user_id", member.id())
            .len(),
        1,
        "no new session"
    );
}

#[test]
fn a_new_hash_never_overwrites_a_changed_password() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let other = stack().stranger().post(
        "/api/auth/register",
        &json!({ "email": fresh_email(), "password": "the new password" }),
    );
    let changed = items::stored_hash(
        inside,
        other.expect(201).json()["user"]["email"].as_str().unwrap(),
    );
    let variant = inside.variant("login", "rehash", 1, &[("BAKEND_AUTH_BCRYPT_COST", "5")]);
    variant.settle();
    let held = inside
        .proxy
        .hold(|rule| rule.key(&variant.key).action("UpdateItem").table("_users"));
    thread::scope(|scope| {
        let login = scope.spawn(|| variant.invoke(&event(&member.email, PASSWORD)));
        assert!(
            held.wait_for(1, Duration::from_secs(20)),
            "the login replaces the hash"
        );
        items::raise_version(inside, member.id(), &member.email);
        items::store_hash(inside, &member.email, &changed);
        held.release();
        let reply = login.join().unwrap();
        look::revoked(
            &member
                .with_token(Some(&text(&reply, "accessToken")))
                .get("/api/notes"),
        );
    });
    assert_eq!(items::stored_hash(inside, &member.email), changed);
    wrong_credentials(&login(&member.email, PASSWORD));
    let _ = login(&member.email, "the new password").expect(200);
}
