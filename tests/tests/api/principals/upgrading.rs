//! Anonymous accounts that become ordinary ones.

use blackbox::{Event, PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

use super::*;
use crate::proofs::changing::{CHANGE, CONFIRM, change, confirm, identity};
use crate::proofs::world::{code, link_token};

/// Takes this address, and tells the user after it.
fn take(world: &MailWorld<'_>, access: &str, email: &str) -> Value {
    change(world, access, email);
    let body = json!({ "code": code(&world.mail(email, 1)) });
    confirm(world, access, &body).expect(200).json()["user"].clone()
}

#[test]
fn an_address_makes_an_ordinary_account_of_it_with_everything_that_it_had() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let body = json!({ "username": "Later", "name": "Nobody" });
    let made = world.post("anonymous", ANONYMOUS, &body).expect(201).json();
    let (access, email) = (token(&made), fresh_email());
    let title = json!({ "title": "mine" });
    let visit = world.post_as(&access, "records-create", "/api/visits", &title);
    let visit = visit.expect(201).json();
    let post = |access: &str| world.post_as(access, "records-create", "/api/posts", &title);
    let _ = post(&access).expect(403);

    let user = take(&world, &access, &email);
    let mut expected = made["user"].clone();
    expected["email"] = json!(email);
    expected["role"] = json!("authenticated");
    expected["emailVerifiedAt"] = user["emailVerifiedAt"].clone();
    assert_eq!(user, expected);
    assert!(user["emailVerifiedAt"].is_string(), "{user}");

    // The same session goes on, with the same token, and by its refresh token.
    assert!(world.stands(&access));
    let _ = post(&access).expect(201);
    let refresh = json!({ "refreshToken": made["refreshToken"] });
    let again = world.post("refresh", "/api/auth/refresh", &refresh);
    let renewed = token(&again.expect(200).json());
    assert!(world.stands(&renewed));
    // It owns its records, and is no longer among the anonymous.
    let record = format!("/api/visits/{}", visit["id"].as_str().unwrap());
    assert_eq!(
        ask(&world, &renewed, "records-get", get(&record)).status,
        404
    );
    let seen = ask(&world, &admin(&world), "records-get", get(&record));
    assert_eq!(seen.expect(200).json()["user_id"], made["user"]["id"]);
    // Nothing of it ends any more.
    for key in [&id(&made), "username#later", &format!("email#{email}")] {
        let item = stored(&world, key);
        assert!(item.is_object() && item["expires_at"].is_null(), "{item}");
    }
}

#[test]
fn from_then_on_it_has_other_ways_in() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let (access, email) = (token(&nobody(&world)), fresh_email());
    let _ = take(&world, &access, &email);
    let _ = world.login(&email, PASSWORD).expect(401);
    let forgot = json!({ "email": email });
    let _ = world
        .post("password-forgot", "/api/auth/password/forgot", &forgot)
        .expect(202);
    let mail = world.mail(&email, 2);
    assert_eq!(mail.kind, "password-reset");
    let enabled = world.post_as(&access, "mfa-enable", "/api/auth/mfa/enable", &json!({}));
    let _ = enabled.expect(200);
    let body = json!({ "token": link_token(&mail), "newPassword": PASSWORD });
    let _ = world
        .post("password-reset", "/api/auth/password/reset", &body)
        .expect(204);
    assert!(!world.stands(&access), "a reset ends every session");
    let signed_in = world.login(&email, PASSWORD).expect(200).json();
    assert_eq!(signed_in["user"]["role"], "authenticated");
}

#[test]
fn an_address_that_may_make_no_account_makes_none_of_it() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let domains = [("BAKEND_AUTH_REGISTRATION_DOMAINS", "corp.example")];
    let world = MailWorld::new(inside, &domains);
    let made = nobody(&world);
    let access = token(&made);
    let ask = |email: &str| {
        let body = json!({ "newEmail": email });
        world.post_as(&access, "email-change", CHANGE, &body)
    };
    let refused = ask(&fresh_email()).expect(403);
    assert_eq!(refused.code(), "auth/registration-not-allowed");
    assert_eq!(stored(&world, &id(&made))["role"]["S"], "anonymous");
    let email = format!("{}@corp.example", made["user"]["id"].as_str().unwrap());
    let user = take(&world, &access, &email);
    assert_eq!(user["role"], "authenticated");
    // An ordinary account may take another address.
    let _ = ask(&fresh_email()).expect(202);
}

#[test]
fn many_accounts_send_no_more_mails_to_an_address_than_one_does() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let interval = ("BAKEND_AUTH_THROTTLE_MAIL_INTERVAL", "60s");
    let world = MailWorld::new(inside, &[interval]);
    let ask = |email: &str| {
        let access = token(&nobody(&world));
        let body = json!({ "newEmail": email });
        world.post_as(&access, "email-change", CHANGE, &body)
    };
    let email = fresh_email();
    let _ = ask(&email).expect(202);
    let refused = ask(&email).expect(429);
    assert_eq!(refused.code(), "auth/too-many-requests");
    let _ = ask(&fresh_email()).expect(202);
}

#[test]
fn a_link_takes_the_address_as_the_code_does() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let links = crate::proofs::changing::LINKS;
    let world = MailWorld::new(inside, &[links]);
    let (access, email) = (token(&nobody(&world)), fresh_email());
    change(&world, &access, &email);
    let body = json!({ "token": link_token(&world.mail(&email, 1)) });
    let user = confirm(&world, &access, &body).expect(200).json()["user"].clone();
    assert_eq!(
        (&user["role"], &user["email"]),
        (&json!("authenticated"), &json!(email))
    );
}

#[test]
fn a_taken_address_is_told_its_reader_and_nothing_is_merged() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let holder = world.register(&email);
    let _verification = world.mail(&email, 1);
    let made = nobody(&world);
    let access = token(&made);
    change(&world, &access, &email);
    let mail = world.mail(&email, 2);
    assert_eq!(mail.kind, "account-exists");
    let refused = confirm(&world, &access, &json!({ "code": "01234567" }));
    assert_eq!(refused.expect(400).code(), "auth/invalid-code");
    let me = ask(&world, &access, "me-get", get("/api/auth/me")).expect(200);
    assert_eq!(me.json(), made["user"]);
    assert_eq!(
        identity(&world, &email)["user_id"]["S"],
        holder["user"]["id"]
    );
    let signed_in = world.login(&email, PASSWORD).expect(200).json();
    assert_eq!(signed_in["user"]["id"], holder["user"]["id"]);
}

#[test]
fn one_of_two_gets_an_address_that_both_have_proven() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let (one, two, email) = (nobody(&world), nobody(&world), fresh_email());
    let mut codes = Vec::new();
    for (count, account) in [(1, &one), (2, &two)] {
        change(&world, &token(account), &email);
        codes.push(code(&world.mail(&email, count)));
    }
    let events = [&one, &two].into_iter().zip(&codes).map(|(account, code)| {
        let event = Event::new("POST", CONFIRM).json(&json!({ "code": code }));
        event.token(&token(account))
    });
    let events: Vec<Event> = events.collect();
    let world = &world;
    let confirmed = &|event: &Event| {
        let reply = world.reply("email-change-confirm", event);
        let code = match reply.status {
            200 => String::new(),
            _ => reply.code(),
        };
        (reply.status, code)
    };
    let mut replies: Vec<(u16, String)> = std::thread::scope(|scope| {
        let ask = |event| scope.spawn(move || confirmed(event));
        let [one, two] = [&events[0], &events[1]].map(ask);
        [one, two].map(|it| it.join().unwrap()).into()
    });
    replies.sort();
    let taken = (409, "auth/email-already-exists".to_owned());
    assert_eq!(replies, [(200, String::new()), taken]);
}

#[test]
fn with_a_policy_the_upgraded_account_is_asked_for_a_factor() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let required = [("BAKEND_AUTH_MFA", "required")];
    let world = MailWorld::new(inside, &required);
    let (access, email) = (token(&nobody(&world)), fresh_email());
    let title = json!({ "title": "a" });
    let create = |status| {
        let reply = world.post_as(&access, "records-create", "/api/visits", &title);
        reply.expect(status)
    };
    let _ = create(201);
    let _ = take(&world, &access, &email);
    assert_eq!(create(403).code(), "auth/mfa-enrollment-required");
    let enabled = world.post_as(&access, "mfa-enable", "/api/auth/mfa/enable", &json!({}));
    let _ = enabled.expect(200);
    let body = json!({ "newEmail": fresh_email() });
    let refused = world
        .post_as(&access, "email-change", CHANGE, &body)
        .expect(403);
    assert_eq!(refused.code(), "auth/mfa-enrollment-required");
}
