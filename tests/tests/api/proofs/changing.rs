//! Changes of one's own address.

use blackbox::{Event, PASSWORD, Reply, fresh_email, stack};
use serde_json::{Value, json};

use super::world::{MailWorld, another, code, link_token, token};

pub(crate) const CHANGE: &str = "/api/auth/email/change";
pub(crate) const CONFIRM: &str = "/api/auth/email/change/confirm";

/// Without an address of the app's the mail has the code alone.
pub(crate) const LINKS: (&str, &str) = (
    "BAKEND_MAIL_LINKS_EMAIL_CHANGE",
    "https://app.example.com/?token={token}",
);

/// Asks for the new address, which takes a day at most to prove.
pub(crate) fn change(world: &MailWorld<'_>, access: &str, to: &str) {
    let body = json!({ "newEmail": to });
    let asked = world.post_as(access, "email-change", CHANGE, &body);
    assert_eq!(asked.expect(202).json(), json!({ "expiresIn": 86_400 }));
}

pub(crate) fn confirm(world: &MailWorld<'_>, access: &str, body: &Value) -> Reply {
    world.post_as(access, "email-change-confirm", CONFIRM, body)
}

fn is_invalid(reply: Reply) {
    assert_eq!(reply.expect(400).code(), "auth/invalid-code");
}

/// The identity of an address as it is stored; null where there is none.
pub(crate) fn identity(world: &MailWorld<'_>, email: &str) -> Value {
    let key = format!("email#{email}");
    let items = world.scan("local-_users").into_iter();
    let mut items = items.filter(|item| item["id"]["S"] == json!(key));
    items.next().unwrap_or_default()
}

#[test]
fn a_proven_address_takes_the_place_of_the_old_one_with_the_password() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[LINKS]);
    for by_code in [true, false] {
        let (old, new) = (fresh_email(), fresh_email());
        let other = token(&world.register(&old));
        let access = token(&world.login(&old, PASSWORD).expect(200).json());
        let _verification = world.mail(&old, 1);
        change(&world, &access, &new.to_uppercase());
        let mail = world.mail(&new, 1);
        assert_eq!(mail.kind, "email-change");
        assert!(!mail.text.contains(&old), "the old address is masked");
        // Until then the old address signs in, and the new one does not.
        let _ = world.login(&old, PASSWORD).expect(200);
        let _ = world.login(&new, PASSWORD).expect(401);
        let right = code(&mail);
        is_invalid(confirm(
            &world,
            &access,
            &json!({ "code": another(&right) }),
        ));
        let body = if by_code {
            json!({ "code": right })
        } else {
            json!({ "token": link_token(&mail) })
        };
        let changed = confirm(&world, &access, &body).expect(200).json();
        assert_eq!(changed["user"]["email"], json!(new));
        assert!(changed["user"]["emailVerifiedAt"].is_string(), "{changed}");
        assert_eq!(changed.as_object().unwrap().len(), 1, "no tokens");
        assert!(world.stands(&access), "the session that asks goes on");
        assert!(!world.stands(&other), "every other session ends");
        is_invalid(confirm(&world, &access, &json!({ "code": right })));
        is_invalid(confirm(
            &world,
            &access,
            &json!({ "token": link_token(&mail) }),
        ));
        let _ = world.login(&new, PASSWORD).expect(200);
        let _ = world.login(&old, PASSWORD).expect(401);
        let _ = world.register(&old);
    }
}

#[test]
fn a_link_is_good_for_its_own_user_and_purpose_alone() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[LINKS]);
    let (old, new, other) = (fresh_email(), fresh_email(), fresh_email());
    let access = token(&world.register(&old));
    let foreign = token(&world.register(&other));
    let verification = world.mail(&old, 1);
    change(&world, &access, &new);
    let mail = world.mail(&new, 1);
    for body in [
        json!({ "token": link_token(&mail) }),
        json!({ "code": code(&mail) }),
    ] {
        is_invalid(confirm(&world, &foreign, &body));
    }
    let body = json!({ "token": link_token(&verification) });
    is_invalid(confirm(&world, &access, &body));
    let nobody = world.post("email-change-confirm", CONFIRM, &body);
    assert_eq!(nobody.expect(401).code(), "auth/authentication-required");
    let _ = confirm(&world, &access, &json!({ "token": link_token(&mail) })).expect(200);
}

#[test]
fn a_taken_address_is_told_its_reader_alone() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[LINKS]);
    let (old, taken, free) = (fresh_email(), fresh_email(), fresh_email());
    let body = json!({ "email": old, "password": PASSWORD, "name": "Mallory" });
    let made = world.post("register", "/api/auth/register", &body);
    let access = token(&made.expect(201).json());
    let _ = world.register(&taken);
    let _verification = world.mail(&taken, 1);
    change(&world, &access, &taken);
    let mail = world.mail(&taken, 2);
    assert_eq!(mail.kind, "account-exists");
    assert_eq!((&mail.code, &mail.link), (&None, &None));
    let told = format!("{}{:?}", mail.text, mail.html);
    assert!(!told.contains("Mallory") && !told.contains(&old), "{told}");
    is_invalid(confirm(&world, &access, &json!({ "code": "01234567" })));
    change(&world, &access, &free);
    let body = json!({ "code": code(&world.mail(&free, 1)) });
    let _ = confirm(&world, &access, &body).expect(200);
}

#[test]
fn an_address_that_is_taken_meanwhile_is_409() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[LINKS]);
    let (old, new) = (fresh_email(), fresh_email());
    let access = token(&world.register(&old));
    change(&world, &access, &new);
    let mail = world.mail(&new, 1);
    let _ = world.register(&new);
    let late = confirm(&world, &access, &json!({ "code": code(&mail) }));
    assert_eq!(late.expect(409).code(), "auth/email-already-exists");
    assert!(world.stands(&access));
    let _ = world.login(&old, PASSWORD).expect(200);
}

#[test]
fn the_password_stands_for_a_recent_authentication_and_counts_as_a_login() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[("BAKEND_AUTH_THROTTLE_ATTEMPTS", "3")]);
    let (old, new) = (fresh_email(), fresh_email());
    let access = token(&world.register(&old));
    let later = world.variant("email-change", &[("BAKEND_CLOCK_OFFSET", "11m")]);
    let ask = |body: Value| {
        let event = Event::new("POST", CHANGE).json(&body).token(&access);
        world.flow.apart.ask(&later, &event)
    };
    let old_session = ask(json!({ "newEmail": new })).expect(403);
    assert_eq!(old_session.code(), "auth/reauthentication-required");
    let malformed = ask(json!({ "newEmail": "nobody", "password": "wrong password" }));
    assert_eq!(
        malformed.expect(400).json()["error"]["details"][0]["field"],
        "newEmail"
    );
    let right = json!({ "newEmail": new, "password": PASSWORD });
    let asked = ask(right.clone()).expect(202).json();
    assert_eq!(asked, json!({ "expiresIn": 86_400 }));
    for _ in 0..3 {
        let wrong = ask(json!({ "newEmail": new, "password": "wrong password" }));
        let wrong = wrong.expect(400).json();
        assert_eq!(wrong["error"]["details"][0]["field"], "password");
    }
    assert_eq!(ask(right).expect(429).code(), "auth/too-many-requests");
    // The mail was sent by the clock of the request.
    let mail = world.mail(&new, 1);
    let _ = confirm(&world, &access, &json!({ "code": code(&mail) })).expect(200);
}

#[test]
fn a_second_change_replaces_the_first_and_a_cancelled_one_is_void() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[LINKS]);
    let (old, first, second) = (fresh_email(), fresh_email(), fresh_email());
    let access = token(&world.register(&old));
    change(&world, &access, &first);
    let one = world.mail(&first, 1);
    change(&world, &access, &second);
    let two = world.mail(&second, 1);
    is_invalid(confirm(&world, &access, &json!({ "code": code(&one) })));
    is_invalid(confirm(
        &world,
        &access,
        &json!({ "token": link_token(&one) }),
    ));
    for _ in 0..2 {
        let cancel = Event::new("DELETE", CHANGE).token(&access);
        let _ = world.reply("email-change-cancel", &cancel).expect(204);
    }
    is_invalid(confirm(&world, &access, &json!({ "code": code(&two) })));
    is_invalid(confirm(
        &world,
        &access,
        &json!({ "token": link_token(&two) }),
    ));
    let nobody = world.reply("email-change-cancel", &Event::new("DELETE", CHANGE));
    assert_eq!(nobody.expect(401).code(), "auth/authentication-required");
}

#[test]
fn whatever_ends_sessions_voids_a_pending_change() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[LINKS]);
    for ends in ["password", "sessions"] {
        let (old, new) = (fresh_email(), fresh_email());
        let access = token(&world.register(&old));
        change(&world, &access, &new);
        let mail = world.mail(&new, 1);
        if ends == "password" {
            let body =
                json!({ "currentPassword": PASSWORD, "newPassword": "another long password" });
            let path = "/api/auth/password/change";
            let _ = world
                .post_as(&access, "password-change", path, &body)
                .expect(204);
        } else {
            let others = Event::new("DELETE", "/api/auth/sessions").token(&access);
            let _ = world.reply("sessions-end-others", &others).expect(204);
        }
        assert!(world.stands(&access));
        is_invalid(confirm(&world, &access, &json!({ "code": code(&mail) })));
        is_invalid(confirm(
            &world,
            &access,
            &json!({ "token": link_token(&mail) }),
        ));
    }
}

#[test]
fn a_change_voids_the_mails_to_the_old_address() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[LINKS]);
    let (old, new) = (fresh_email(), fresh_email());
    let access = token(&world.register(&old));
    let _verification = world.mail(&old, 1);
    let forgot = json!({ "email": old });
    let flow = world.post("password-forgot", "/api/auth/password/forgot", &forgot);
    let flow = flow.expect(202).json()["flow"].clone();
    let reset = world.mail(&old, 2);
    change(&world, &access, &new);
    let mail = world.mail(&new, 1);
    let _ = confirm(&world, &access, &json!({ "code": code(&mail) })).expect(200);
    let password = "another long password";
    for body in [
        json!({ "flow": flow, "code": code(&reset), "newPassword": password }),
        json!({ "token": link_token(&reset), "newPassword": password }),
    ] {
        is_invalid(world.post("password-reset", "/api/auth/password/reset", &body));
    }
}
