//! The making of anonymous accounts.

use blackbox::{Apart, Event, stack};
use serde_json::{Value, json};

use super::*;
use crate::auth::forge::claims;

/// The names of an object, in order.
fn names(value: &Value) -> Vec<&str> {
    let object = value.as_object().unwrap();
    object.keys().map(String::as_str).collect()
}

fn make(body: &Value) -> Event {
    Event::new("POST", ANONYMOUS).json(body)
}

#[test]
fn an_anonymous_account_is_a_user_without_an_address() {
    let stranger = stack().stranger();
    let reply = stranger.post(ANONYMOUS, &json!({ "name": "Nobody" }));
    let made = reply.expect(201).json();
    let user = &made["user"];
    let expected = json!({ "id": user["id"], "email": null, "emailVerifiedAt": null, "mfa": false, "role": "anonymous",
        "createdAt": user["createdAt"], "name": "Nobody" });
    assert_eq!(*user, expected);
    let all = [
        "accessToken",
        "expiresIn",
        "refreshToken",
        "tokenType",
        "user",
    ];
    assert_eq!(names(&made), all);
    let access = claims(&token(&made));
    assert_eq!(
        (&access["role"], &access["sub"]),
        (&json!("anonymous"), &user["id"])
    );
    assert_eq!(
        (&access["amr"], &access["act"]),
        (&Value::Null, &Value::Null)
    );

    let caller = stack().signed_in("", &stranger.post(ANONYMOUS, &json!({})).expect(201));
    assert_eq!(caller.get("/api/auth/me").expect(200).json(), caller.user);
    let body = json!({ "refreshToken": caller.refresh_token });
    let again = stranger.post("/api/auth/refresh", &body).expect(200).json();
    assert_eq!(claims(&token(&again))["role"], "anonymous");
    let renamed = caller.patch("/api/auth/me", &json!({ "name": "Somebody" }));
    assert_eq!(renamed.expect(200).json()["name"], "Somebody");
}

#[test]
fn its_refresh_token_goes_by_cookie_where_that_is_asked_for() {
    let headers = [("x-refresh-token-mode", "cookie")];
    let reply = stack().stranger().send("POST", ANONYMOUS, &headers, None);
    let reply = reply.expect(201);
    assert!(
        reply
            .header("set-cookie")
            .is_some_and(|it| it.contains("HttpOnly"))
    );
    assert!(reply.json()["refreshToken"].is_null());
}

#[test]
fn what_is_wrong_with_the_profile_is_told_and_nothing_is_made() {
    let stranger = stack().stranger();
    for (body, field) in [
        (json!({ "email": "a@example.com" }), "email"),
        (json!({ "role": "admin" }), "role"),
        (json!({ "bio": "x".repeat(501) }), "bio"),
    ] {
        let refused = stranger.post(ANONYMOUS, &body).expect(400);
        assert_eq!(refused.json()["error"]["details"][0]["field"], field);
    }
    let email = blackbox::fresh_email();
    let name = email.split('@').next().unwrap();
    let name: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(30)
        .collect();
    let body = json!({ "username": name });
    let _ = stranger.post(ANONYMOUS, &body).expect(201);
    let taken = stranger.post(ANONYMOUS, &body).expect(409);
    assert_eq!(taken.code(), "users/unique-violation");
}

#[test]
fn nobody_makes_one_where_the_settings_forbid_it() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for (variable, code) in [
        (("BAKEND_AUTH_ANONYMOUS", "false"), "auth/method-disabled"),
        (
            ("BAKEND_AUTH_REGISTRATION_ENABLED", "false"),
            "auth/registration-not-allowed",
        ),
    ] {
        let instance = inside.variant("anonymous", "forbidden", 1, &[variable]);
        let refused = instance.invoke(&make(&json!({}))).expect(403);
        assert_eq!(refused.code(), code);
    }
    // Without a setting, there are none.
    assert!(!api::settings::Settings::default().auth.anonymous);
    // The domains are those of addresses, and there is none.
    let domains = [("BAKEND_AUTH_REGISTRATION_DOMAINS", "example.com")];
    let instance = inside.variant("anonymous", "domains", 1, &domains);
    let _ = instance.invoke(&make(&json!({}))).expect(201);
}

#[test]
fn a_source_makes_so_many_in_an_hour() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let few = [("BAKEND_AUTH_THROTTLE_ANONYMOUS", "2")];
    let function = apart.function("anonymous", "few", &few);
    let from = |address: &str| apart.ask(&function, &make(&json!({})).source_ip(address));
    for _ in 0..2 {
        let _ = from("203.0.113.7").expect(201);
    }
    let refused = from("203.0.113.7").expect(429);
    assert_eq!(refused.code(), "auth/too-many-requests");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=3600).contains(&wait), "{wait}");
    let _ = from("203.0.114.7").expect(201);
    // Registrations are counted apart.
    let register = apart.function("register", "few", &few);
    let body = json!({ "email": blackbox::fresh_email(), "password": blackbox::PASSWORD });
    let event = Event::new("POST", "/api/auth/register").json(&body);
    let _ = apart
        .ask(&register, &event.source_ip("203.0.113.7"))
        .expect(201);
    let defaults = api::settings::Settings::default();
    assert_eq!(defaults.auth.throttle.anonymous, 30);
}

#[test]
fn its_items_go_when_its_longest_session_is_over() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let body = json!({ "username": "Nobody1" });
    let made = world.post("anonymous", ANONYMOUS, &body).expect(201).json();
    let user = stored(&world, &id(&made));
    let reserved = stored(&world, "username#nobody1");
    let seconds = |item: &Value, name: &str| -> u64 {
        let text = item[name]["N"].as_str().unwrap_or_else(|| panic!("{item}"));
        text.parse().unwrap()
    };
    let made_at = seconds(&user, "created_at") / 1000;
    let lapses = seconds(&user, "expires_at");
    assert_eq!(lapses - made_at, 30 * 86_400, "auth.sessionMaxAge");
    assert_eq!(seconds(&reserved, "expires_at"), lapses);
    // A change of the profile leaves the end as it is.
    let change = Event::new("PATCH", "/api/auth/me").json(&json!({ "username": "Nobody2" }));
    let _ = ask(&world, &token(&made), "me-update", change).expect(200);
    assert_eq!(seconds(&stored(&world, &id(&made)), "expires_at"), lapses);
    let renamed = stored(&world, "username#nobody2");
    assert_eq!(seconds(&renamed, "expires_at"), lapses);
}
