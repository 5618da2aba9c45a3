//! `POST /api/auth/login`

mod races;

use std::thread;
use std::time::Duration;

use blackbox::{Event, PASSWORD, Reply, fresh_email, stack};
use local::proxy::Access;
use serde_json::{Value, json};

use super::items;
use super::look::{self, invalid, masked, refused, signed_in, text, wrong_credentials};

const ROUTE: &str = "/api/auth/login";

fn login(email: &str, password: &str) -> Reply {
    stack()
        .stranger()
        .post(ROUTE, &json!({ "email": email, "password": password }))
}

fn event(email: &str, password: &str) -> Event {
    Event::new("POST", ROUTE).json(&json!({ "email": email, "password": password }))
}

#[test]
fn a_login_begins_a_session() {
    let member = stack().member();
    let reply = login(&member.email, PASSWORD).expect(200);
    assert_eq!(
        masked(&reply.json()),
        signed_in(&member.email, "authenticated")
    );
    assert_eq!(reply.json()["user"], member.user);
    look::not_kept(&reply);
    let _ = member
        .with_token(Some(&text(&reply, "accessToken")))
        .get("/api/notes")
        .expect(200);
}

#[test]
fn an_address_signs_in_however_it_is_spelled() {
    let member = stack().member();
    for spelling in [member.email.to_uppercase(), format!(" {}\n", member.email)] {
        let reply = login(&spelling, PASSWORD).expect(200);
        assert_eq!(
            masked(&reply.json()),
            signed_in(&member.email, "authenticated")
        );
    }
}

#[test]
fn every_login_is_a_session_of_its_own() {
    let member = stack().member();
    let [one, other] = [stack().login(&member.email), stack().login(&member.email)];
    let _ = stack()
        .stranger()
        .post(
            "/api/auth/logout",
            &json!({ "refreshToken": one.refresh_token }),
        )
        .expect(204);
    look::revoked(&one.get("/api/notes"));
    for still in [&other, &member] {
        let _ = still.get("/api/notes").expect(200);
    }
}

#[test]
fn an_unknown_address_and_a_wrong_password_are_the_same_refusal() {
    let member = stack().member();
    let passwords = [
        "not the password".to_owned(),
        String::new(),
        "x".repeat(200),
        "x".repeat(72),
        "\0".to_owned(),
        "x".repeat(100_000),
    ];
    for password in passwords {
        let seen = [&member.email, &fresh_email()].map(|email| {
            let reply = login(email, &password);
            wrong_credentials(&reply);
            look::not_kept(&reply);
            let mut headers = reply.headers.clone();
            for (name, value) in &mut headers {
                // A gateway has ids of its own.
                if name == "date"
                    || ["request-id", "requestid", "trace"]
                        .iter()
                        .any(|part| name.contains(part))
                {
                    value.clear();
                }
            }
            (headers, reply.body.len())
        });
        assert_eq!(seen[0], seen[1], "{password:?}");
    }
}

#[test]
fn an_unknown_address_and_a_wrong_password_ask_the_same_of_the_tables() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let variant = inside.variant("login", "alike", 1, &[]);
    variant.settle();
    // Each comes from a source of its own without counted attempts.
    let asked = |email: &str, source: &str| {
        wrong_credentials(&variant.invoke(&event(email, "not the password").source_ip(source)));
        let calls = variant.calls().into_iter();
        let mut asked: Vec<_> = calls
            .map(|call| {
                (
                    call.operation,
                    call.access
                        .into_iter()
                        .map(Access::of_any_item)
                        .collect::<Vec<_>>(),
                    call.status,
                )
            })
            .collect();
        asked.sort_by_key(|call| format!("{call:?}"));
        asked
    };
    let stranger = fresh_email();
    for times in 1..4 {
        let (unknown, known) = (
            asked(&stranger, "203.0.113.201"),
            asked(&member.email, "203.0.113.202"),
        );
        assert_eq!(unknown, known, "{times}");
        assert!(!unknown.is_empty());
    }
}

#[test]
fn no_reply_under_auth_is_kept_by_a_cache() {
    let stranger = stack().stranger();
    for (status, reply) in [
        (400, stranger.post(ROUTE, &json!({}))),
        (
            400,
            stranger.send(
                "POST",
                ROUTE,
                &[("content-type", "application/json")],
                Some(b"{"),
            ),
        ),
        (
            401,
            stranger.post("/api/auth/refresh", &json!({ "refreshToken": "x" })),
        ),
        (404, stranger.get("/api/auth/nothing")),
        (405, stranger.get(ROUTE)),
        (405, stranger.delete("/api/auth/logout")),
        (
            415,
            stranger.send(
                "POST",
                ROUTE,
                &[("content-type", "text/plain")],
                Some(b"{}"),
            ),
        ),
    ] {
        assert_eq!(reply.status, status, "{}", reply.text());
        look::not_kept(&reply);
    }
}

#[test]
fn a_password_is_taken_byte_by_byte() {
    let member = stack().member();
    for other in [
        format!("{PASSWORD} "),
        format!(" {PASSWORD}"),
        PASSWORD.to_uppercase(),
        format!("{PASSWORD}\0"),
    ] {
        wrong_credentials(&login(&member.email, &other));
    }
}

#[test]
fn the_body_is_an_address_and_a_password_and_nothing_else() {
    let stranger = stack().stranger();
    let post = |body: &Value| stranger.post(ROUTE, body);
    invalid(
        &post(&json!({})),
        &[("email", "required"), ("password", "required")],
    );
    invalid(
        &post(&json!({ "email": [], "password": { "$gt": "" } })),
        &[("email", "type"), ("password", "type")],
    );
    let more =
        json!({ "email": "a@example.com", "password": PASSWORD, "role": "admin", "__proto__": {} });
    invalid(
        &post(&more),
        &[("__proto__", "unknown-field"), ("role", "unknown-field")],
    );
    for email in ["", "nobody", "a@b@c", "#admins", "ä@example.com"] {
        invalid(&login(email, PASSWORD), &[("email", "format")]);
    }
}

#[test]
fn an_item_that_is_no_identity_signs_nobody_in() {
    let admin = stack().admin();
    for email in [
        format!("email#{}", admin.email),
        format!("{}#@x", admin.id()),
        "#admins@x".to_owned(),
    ] {
        wrong_credentials(&login(&email, PASSWORD));
    }
}

#[test]
fn hashes_of_other_systems_verify_and_are_replaced() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for version in ["$2a$", "$2b$", "$2y$"] {
        let member = stack().member();
        let foreign = items::stored_hash(inside, &member.email).replacen("$2b$", version, 1);
        items::store_hash(inside, &member.email, &foreign);
        wrong_credentials(&login(&member.email, "not the password"));
        assert_eq!(
            items::stored_hash(inside, &member.email),
            foreign,
            "a wrong password replaces nothing"
        );
        let _ = login(&member.email, PASSWORD).expect(200);
        let stored = items::stored_hash(inside, &member.email);
        assert!(stored.starts_with("$2b$04$"), "{stored}");
        assert_eq!(stored == foreign, version == "$2b$", "{version}");
        let _ = login(&member.email, PASSWORD).expect(200);
    }
}

/// Test vectors of crypt_blowfish, the implementation most others compare themselves with.
#[test]
fn a_foreign_hash_of_a_long_password_was_cut_and_is_whole_after_a_login() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let first_72 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let member = stack().member();
    let foreign = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
    items::store_hash(inside, &member.email, foreign);
    wrong_credentials(&login(&member.email, &first_72[..71]));
    let _ = login(
        &member.email,
        &format!("{first_72}chars after 72 are ignored"),
    )
    .expect(200);
    let stored = items::stored_hash(inside, &member.email);
    assert!(stored.starts_with("sha256:$2b$04$"), "{stored}");
    wrong_credentials(&login(
        &member.email,
        &format!("{first_72}chars after 72 are not ignored"),
    ));
    wrong_credentials(&login(&member.email, first_72));
    let _ = login(
        &member.email,
        &format!("{first_72}chars after 72 are ignored"),
    )
    .expect(200);

    items::store_hash(
        inside,
        &member.email,
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    );
    let _ = login(&member.email, "U*U").expect(200);
    assert!(items::stored_hash(inside, &member.email).starts_with("$2b$04$"));
}

#[test]
fn a_login_brings_the_hash_to_the_current_cost() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let dearer = inside.variant("login", "cost", 1, &[("BAKEND_AUTH_BCRYPT_COST", "5")]);
    wrong_credentials(&dearer.invoke(&event(&member.email, "not the password")));
    assert!(items::stored_hash(inside, &member.email).starts_with("$2b$04$"));
    let _ = dearer.invoke(&event(&member.email, PASSWORD)).expect(200);
    assert!(items::stored_hash(inside, &member.email).starts_with("$2b$05$"));
    let _ = login(&member.email, PASSWORD).expect(200);
    assert!(
        items::stored_hash(inside, &member.email).starts_with("$2b$04$"),
        "and down again"
    );
}

#[test]
fn a_stored_hash_that_is_none_signs_nobody_in() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    for broken in [
        "",
        "$2b$",
        "$2b$04$tooshort",
        "$2b$99$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
        PASSWORD,
    ] {
        items::store_hash(inside, &member.email, broken);
        wrong_credentials(&login(&member.email, PASSWORD));
    }
}

#[test]
fn a_disabled_account_is_told_so_only_after_the_right_password() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    items::set_user(
        inside,
        member.id(),
        &json!({ "disabled": { "BOOL": true } }),
    );
    wrong_credentials(&login(&member.email, "not the password"));
    let reply = login(&member.email, PASSWORD);
    refused(
        &reply,
        403,
        "auth/account-disabled",
        "This account is disabled.",
    );
    assert_eq!(
        items::sessions(&inside.dynamo.endpoint())
            .query("user_id", member.id())
            .len(),
        1,
        "no new session"
    );
    items::set_user(
        inside,
        member.id(),
        &json!({ "disabled": { "BOOL": false } }),
    );
    let _ = login(&member.email, PASSWORD).expect(200);
}

#[test]
fn the_role_of_a_login_is_the_stored_one() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    items::set_user(inside, member.id(), &json!({ "role": { "S": "admin" } }));
    let reply = login(&member.email, PASSWORD).expect(200);
    assert_eq!(masked(&reply.json()), signed_in(&member.email, "admin"));
    assert_eq!(
        super::forge::claims(&text(&reply, "accessToken"))["role"],
        "admin"
    );
}
