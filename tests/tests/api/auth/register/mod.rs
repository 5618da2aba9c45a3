//! `POST /api/auth/register`

mod allowed;
mod bootstrap;
mod passwords;

use std::thread;

use blackbox::{Event, PASSWORD, Reply, fresh_email, stack};
use serde_json::{Value, json};

use super::items;
use super::look::{self, invalid, masked, refused, signed_in, text};

const ROUTE: &str = "/api/auth/register";

fn register(email: &str, password: &str) -> Reply {
    stack()
        .stranger()
        .post(ROUTE, &json!({ "email": email, "password": password }))
}

fn login(email: &str, password: &str) -> Reply {
    stack().stranger().post(
        "/api/auth/login",
        &json!({ "email": email, "password": password }),
    )
}

fn taken(reply: &Reply) {
    refused(
        reply,
        409,
        "auth/email-already-exists",
        "An account with this email already exists.",
    );
}

/// A fresh address of exactly so many bytes.
fn email_of(bytes: usize) -> String {
    let email = fresh_email();
    format!("{}{email}", "x".repeat(bytes - email.len()))
}

#[test]
fn a_registration_makes_a_user_and_signs_it_in() {
    let email = fresh_email();
    let reply = register(&email, PASSWORD).expect(201);
    assert_eq!(masked(&reply.json()), signed_in(&email, "authenticated"));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    look::not_kept(&reply);

    let member = stack().signed_in(&email, &reply);
    let list = member.get("/api/notes").expect(200);
    assert_eq!(list.json(), json!({ "items": [], "nextCursor": null }));
    let refreshed = stack().stranger().post(
        "/api/auth/refresh",
        &json!({ "refreshToken": member.refresh_token }),
    );
    assert_eq!(masked(&refreshed.expect(200).json()), look::pair());
    let again = login(&email, PASSWORD).expect(200).json();
    assert_eq!(
        again["user"],
        reply.json()["user"],
        "the account that was registered"
    );
}

#[test]
fn nothing_of_the_password_comes_back() {
    let reply = register(&fresh_email(), "a password to be kept").expect(201);
    for hidden in ["a password to be kept", "$2b$", "password", "hash"] {
        assert!(
            !reply.text().contains(hidden),
            "{hidden} in {}",
            reply.text()
        );
    }
}

#[test]
fn an_address_is_trimmed_and_lower_cased() {
    let email = fresh_email();
    let reply = register(&format!(" \t{}\r\n ", email.to_uppercase()), PASSWORD).expect(201);
    assert_eq!(reply.json()["user"]["email"], json!(email));
    for spelling in [
        email.clone(),
        email.to_uppercase(),
        format!("  {email}"),
        format!("{email}\n"),
    ] {
        taken(&register(&spelling, PASSWORD));
    }
}

#[test]
fn what_is_no_address_is_refused() {
    let local = fresh_email().replace("@example.com", "");
    let bad = [
        String::new(),
        " ".to_owned(),
        "@".to_owned(),
        local.clone(),
        format!("{local}@"),
        "@example.com".to_owned(),
        format!("{local}@@example.com"),
        format!("{local}@example.com@example.com"),
        format!("{local} x@example.com"),
        format!("{local}\u{0}@example.com"),
        format!("{local}\n@example.com"),
        format!("{local}@exam\u{7f}ple.com"),
        format!("{local}@exämple.com"),
        format!("{local}\u{131}@example.com"),
        format!("{local}@example.com\u{200b}"),
        email_of(255),
        email_of(4000),
    ];
    for email in bad {
        invalid(&register(&email, PASSWORD), &[("email", "format")]);
    }
}

#[test]
fn an_address_has_at_most_254_bytes() {
    let email = email_of(254);
    let reply = register(&format!(" {email} "), PASSWORD).expect(201);
    assert_eq!(masked(&reply.json()), signed_in(&email, "authenticated"));
}

#[test]
fn a_field_that_may_not_be_set_is_named() {
    let email = fresh_email();
    let with = |name: &str, value: Value| {
        let mut body = json!({ "email": email, "password": PASSWORD });
        body[name] = value;
        stack().stranger().post(ROUTE, &body)
    };
    for (name, value) in [
        ("role", json!("admin")),
        ("id", json!("01900000-0000-7000-8000-000000000000")),
        ("createdAt", json!("2020-01-01T00:00:00.000Z")),
        ("disabled", json!(false)),
        ("auth_version", json!(9)),
        ("password_hash", json!("$2b$04$x")),
        ("__proto__", json!({ "role": "admin" })),
        ("constructor", json!({ "prototype": { "role": "admin" } })),
        ("user", json!({ "role": "admin" })),
        ("Email", json!("other@example.com")),
        ("email ", json!("other@example.com")),
        ("isAdmin", json!(null)),
        ("", json!(1)),
    ] {
        invalid(&with(name, value), &[(name, "unknown-field")]);
    }
    let all = json!({ "email": email, "password": PASSWORD, "role": "admin", "id": 1, "createdAt": null });
    let named = [
        ("createdAt", "unknown-field"),
        ("id", "unknown-field"),
        ("role", "unknown-field"),
    ];
    invalid(&stack().stranger().post(ROUTE, &all), &named);

    let reply = register(&email, PASSWORD).expect(201);
    assert_eq!(
        masked(&reply.json()),
        signed_in(&email, "authenticated"),
        "nothing was stored by what was refused"
    );
}

#[test]
fn both_fields_are_required_and_strings() {
    let stranger = stack().stranger();
    let required = [("email", "required"), ("password", "required")];
    for body in [json!({}), json!({ "email": null, "password": null })] {
        invalid(&stranger.post(ROUTE, &body), &required);
    }
    for wrong in [
        json!(1),
        json!(true),
        json!([]),
        json!(["a@example.com"]),
        json!({ "$ne": null }),
    ] {
        let reply = stranger.post(ROUTE, &json!({ "email": wrong, "password": wrong }));
        invalid(&reply, &[("email", "type"), ("password", "type")]);
    }
    invalid(
        &register("nobody", "short"),
        &[("email", "format"), ("password", "too-short")],
    );
}

#[test]
fn a_taken_address_is_a_conflict_that_changes_nothing() {
    let member = stack().member();
    taken(&register(&member.email, PASSWORD));
    taken(&register(&member.email, "another password"));
    look::wrong_credentials(&login(&member.email, "another password"));
    assert_eq!(
        login(&member.email, PASSWORD).expect(200).json()["user"],
        member.user
    );
    let _ = member.get("/api/notes").expect(200);
}

#[test]
fn of_twenty_registrations_of_one_address_one_wins() {
    if let Some(inside) = stack().inside() {
        inside.spawn("register", 4, &[]);
    }
    let email = fresh_email();
    let replies: Vec<Reply> = thread::scope(|scope| {
        let one = |number: usize| {
            let spelled = if number.is_multiple_of(2) {
                email.clone()
            } else {
                email.to_uppercase()
            };
            scope.spawn(move || register(&spelled, &format!("password number {number}")))
        };
        let all: Vec<_> = (0..20).map(one).collect();
        all.into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let won: Vec<usize> = (0..20).filter(|at| replies[*at].status == 201).collect();
    assert_eq!(
        won.len(),
        1,
        "{:?}",
        replies.iter().map(|reply| reply.status).collect::<Vec<_>>()
    );
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        taken(reply);
    }
    let winner = &replies[won[0]];
    let user = login(&email, &format!("password number {}", won[0]))
        .expect(200)
        .json()["user"]
        .clone();
    assert_eq!(user, winner.json()["user"]);
    look::wrong_credentials(&login(
        &email,
        &format!("password number {}", (won[0] + 1) % 20),
    ));
    let _ = stack()
        .signed_in(&email, winner)
        .get("/api/notes")
        .expect(200);
}

#[test]
fn whoever_registers_the_admins_address_is_admin() {
    assert_eq!(stack().admin().user["role"], "admin");
    assert_eq!(stack().member().user["role"], "authenticated");
}

#[test]
fn the_authorization_header_is_never_read() {
    let member = stack().member();
    for header in [
        "Bearer garbage",
        "Basic YTpi",
        "Bearer",
        "?",
        "Bearer a.b.c, Bearer d.e.f",
    ] {
        let email = fresh_email();
        let body = json!({ "email": email, "password": PASSWORD }).to_string();
        let post = |route: &str, body: &str| {
            let headers = [
                ("authorization", header),
                ("content-type", "application/json"),
            ];
            stack()
                .stranger()
                .send("POST", route, &headers, Some(body.as_bytes()))
        };
        let reply = post(ROUTE, &body).expect(201);
        assert_eq!(
            masked(&reply.json()),
            signed_in(&email, "authenticated"),
            "{header}"
        );
        let _ = post("/api/auth/login", &body).expect(200);
        let _ = post(
            "/api/auth/refresh",
            &json!({ "refreshToken": text(&reply, "refreshToken") }).to_string(),
        )
        .expect(200);
    }
    let reply = member
        .post(
            ROUTE,
            &json!({ "email": fresh_email(), "password": PASSWORD }),
        )
        .expect(201);
    assert_ne!(
        reply.json()["user"]["id"],
        member.user["id"],
        "a user of its own"
    );
}
