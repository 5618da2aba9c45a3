//! Mails that set a password and that an admin sends: the admin never knows a password.

use auth::proof::Purpose;
use blackbox::{Event, PASSWORD, Reply, fresh_email, stack};
use serde_json::{Value, json};

use super::sent::sent_to_user;
use super::world::{MailWorld, link_token, token};
use crate::auth::look::invalid;

const RESET: &str = "/api/auth/password/reset";
const NEW: &str = "another long password";

/// Asks as the admin for the mail to a user.
fn send(world: &MailWorld<'_>, id: &str) -> Reply {
    let event = Event::new("POST", &format!("/api/users/{id}/password"));
    let event = event.json(&json!({ "send": true }));
    world.reply("users-password", &event.token(&token(&world.admin)))
}

fn reset(world: &MailWorld<'_>, link: &str) -> Reply {
    let body = json!({ "token": link, "newPassword": NEW });
    world.post("password-reset", RESET, &body)
}

fn id(account: &Value) -> &str {
    account["user"]["id"].as_str().unwrap()
}

#[test]
fn the_old_password_is_void_and_the_link_sets_another() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let account = world.register(&email);
    let _verification = world.mail(&email, 1);
    let reply = send(&world, id(&account)).expect(202);
    assert_eq!(reply.json(), json!({ "expiresIn": 1800 }));
    assert!(!world.stands(&token(&account)), "every session ends");
    let old = world.login(&email, PASSWORD).expect(401);
    assert_eq!(old.code(), "auth/invalid-credentials");

    let mail = world.mail(&email, 2);
    assert_eq!((mail.kind.as_str(), &mail.code), ("password-reset", &None));
    let link = link_token(&mail);
    let _ = reset(&world, &link).expect(204);
    let again = reset(&world, &link).expect(400);
    assert_eq!(again.code(), "auth/invalid-code");
    let user = world.login(&email, NEW).expect(200).json()["user"].clone();
    assert!(user["emailVerifiedAt"].is_string(), "{user}");
}

#[test]
fn a_second_mail_and_every_change_void_the_link_before() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let account = world.register(&email);
    let _verification = world.mail(&email, 1);
    let _ = send(&world, id(&account)).expect(202);
    let first = link_token(&world.mail(&email, 2));
    let _ = send(&world, id(&account)).expect(202);
    let second = link_token(&world.mail(&email, 3));
    assert_eq!(
        reset(&world, &first).expect(400).code(),
        "auth/invalid-code"
    );
    let path = format!("/api/users/{}/password", id(&account));
    let set = Event::new("POST", &path).json(&json!({ "password": PASSWORD }));
    let _ = world.ask("users-password", set, 204);
    assert_eq!(
        reset(&world, &second).expect(400).code(),
        "auth/invalid-code"
    );
    let _ = world.login(&email, PASSWORD).expect(200);
}

#[test]
fn a_user_is_made_with_a_mail_in_place_of_a_password() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let create = |body: &Value| {
        let event = Event::new("POST", "/api/users").json(body);
        world.reply("users-create", &event.token(&token(&world.admin)))
    };
    let email = fresh_email();
    let made = create(&json!({ "email": email, "send": true, "role": "editor" }));
    assert_eq!(made.expect(201).json()["role"], "editor");
    let mail = world.mail(&email, 1);
    assert_eq!((mail.kind.as_str(), &mail.code), ("password-reset", &None));
    let _ = reset(&world, &link_token(&mail)).expect(204);
    let user = world.login(&email, NEW).expect(200).json()["user"].clone();
    assert_eq!(user["role"], "editor");
    // Where the address is taken, nothing is made and nobody hears of it.
    let taken = create(&json!({ "email": email, "send": true })).expect(409);
    assert_eq!(taken.code(), "auth/email-already-exists");
    for silent in [json!({}), json!({ "send": false })] {
        let mut body = silent;
        body["email"] = json!(fresh_email());
        let _ = create(&body).expect(201);
    }
    let other = fresh_email();
    let _ = create(&json!({ "email": other, "send": true })).expect(201);
    let _ = world.mail(&other, 1);
    let all = world.mailbox.messages_to(&email);
    assert_eq!(all.len(), 1, "{all:#?}");
}

#[test]
fn disabled_users_get_no_mail_and_deleted_ones_are_unknown() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let [disabled, deleted, other] = [(); 3].map(|()| fresh_email());
    let accounts = [&disabled, &deleted, &other].map(|email| world.register(email));
    for email in [&disabled, &deleted, &other] {
        let _verification = world.mail(email, 1);
    }
    let path = format!("/api/users/{}", id(&accounts[0]));
    let disable = Event::new("PATCH", &path).json(&json!({ "disabled": true }));
    let _ = world.ask("users-update", disable, 200);
    let leave = Event::new("DELETE", "/api/auth/me").json(&json!({ "password": PASSWORD }));
    let leave = leave.token(&token(&accounts[1]));
    let _ = world.reply("me-delete", &leave).expect(204);

    let _ = send(&world, id(&accounts[0])).expect(202);
    let gone = send(&world, id(&accounts[1])).expect(404);
    assert_eq!(gone.code(), "users/not-found");
    // Mails go out in order, so the others would have come by now.
    let _ = send(&world, id(&accounts[2])).expect(202);
    let _ = world.mail(&other, 2);
    for email in [&disabled, &deleted] {
        let kinds: Vec<_> = world.mailbox.messages_to(email);
        assert!(
            kinds.iter().all(|mail| mail.kind != "password-reset"),
            "{kinds:#?}"
        );
    }
}

#[test]
fn a_password_or_a_mail_and_not_both() {
    let (admin, member) = (stack().admin(), stack().member());
    let path = format!("/api/users/{}/password", member.id());
    let both = [("password", "either-or"), ("send", "either-or")];
    for body in [
        json!({}),
        json!({ "send": false }),
        json!({ "send": true, "password": NEW }),
    ] {
        invalid(&admin.post(&path, &body), &both);
    }
    for body in [
        json!({ "send": 1 }),
        json!({ "send": null, "password": NEW }),
    ] {
        invalid(&admin.post(&path, &body), &[("send", "type")]);
    }
    let new = json!({ "email": fresh_email(), "send": true, "password": NEW });
    invalid(&admin.post("/api/users", &new), &both);
    let _ = member.get("/api/auth/me").expect(200);
}

#[test]
fn only_admins_and_keys_with_the_scope_send_it() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let account = world.register(&email);
    let path = format!("/api/users/{}/password", id(&account));
    let event = Event::new("POST", &path).json(&json!({ "send": true }));
    let own = event.clone().token(&token(&account));
    assert_eq!(
        world.reply("users-password", &own).expect(403).code(),
        "auth/forbidden"
    );
    assert!(world.stands(&token(&account)));
    let body = json!({ "name": "mails", "type": "secret", "scopes": ["users:update"] });
    let make = Event::new("POST", "/api/admin/api-keys").json(&body);
    let key = world.ask("api-keys-create", make, 201);
    let by_key = event.key(key["key"].as_str().unwrap());
    let _ = world.reply("users-password", &by_key).expect(202);
    let sent = sent_to_user(&world.flow.apart, Purpose::PasswordReset, (id(&account), 2));
    let _ = reset(&world, &sent.token).expect(204);
}
