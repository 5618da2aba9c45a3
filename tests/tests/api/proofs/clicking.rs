//! Scanners of mails open every link: the click of its reader works all the same.

use blackbox::{Event, PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

use super::world::{MailWorld, link_token};

/// Opens the page of a mail's link as scanners do, and returns its token.
fn scanned(world: &MailWorld<'_>, to: &str, count: usize, page: &str) -> String {
    let mail = world.mail(to, count);
    let link = mail.link.clone().unwrap();
    let path = format!("/api/auth/pages/{page}?token=");
    assert!(link.contains(&path), "{link}");
    let token = link_token(&mail);
    for (method, status) in [("GET", 200), ("HEAD", 405), ("GET", 200), ("HEAD", 405)] {
        let event = Event::new(method, &format!("{path}{token}"));
        let _ = world.reply("pages", &event).expect(status);
    }
    token
}

#[test]
fn a_link_that_was_opened_by_others_is_good_for_its_reader() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let with = |token: &str, field: &str| {
        let mut body = json!({ "token": token });
        body[field] = json!(PASSWORD);
        body
    };
    let click = |function: &str, path: &str, body: &Value, status: u16| {
        let _ = world.post(function, path, body).expect(status);
    };
    let email = fresh_email();
    let _ = world.register(&email);
    let token = scanned(&world, &email, 1, "verify-email");
    let body = with(&token, "password");
    click("verify-email", "/api/auth/verify-email", &body, 200);

    let forgot = json!({ "email": email });
    click("password-forgot", "/api/auth/password/forgot", &forgot, 202);
    let token = scanned(&world, &email, 2, "reset");
    let body = with(&token, "newPassword");
    click("password-reset", "/api/auth/password/reset", &body, 204);

    let invited = fresh_email();
    let event = Event::new("POST", "/api/auth/invitations").json(&json!({ "email": invited }));
    let _ = world.ask("invitations-create", event, 201);
    let token = scanned(&world, &invited, 1, "invitation");
    let body = with(&token, "password");
    click(
        "invitations-accept",
        "/api/auth/invitations/accept",
        &body,
        201,
    );
}

#[test]
fn a_registrations_link_that_was_opened_by_others_is_good_for_its_reader() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let required = ("BAKEND_AUTH_EMAIL_VERIFICATION", "required");
    let world = MailWorld::new(inside, &[required]);
    let email = fresh_email();
    let body = json!({ "email": email, "password": PASSWORD });
    let _ = world
        .post("register", "/api/auth/register", &body)
        .expect(202);
    let token = scanned(&world, &email, 1, "register");
    let body = json!({ "token": token, "password": PASSWORD });
    let confirm = world.post("register-confirm", "/api/auth/register/confirm", &body);
    let _ = confirm.expect(201);
}
