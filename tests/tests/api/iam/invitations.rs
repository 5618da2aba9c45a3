//! Invitations.

use super::*;
use crate::invitations::PATH;
use crate::invitations::token::token_of;

/// Every endpoint of invitations, with every action that it may do.
pub(super) fn invitations<'a>(
    apart: &Apart<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
    register: &Instance<'_>,
    admin: &str,
) {
    let (create, accept) = (
        start("invitations-create", &[]),
        start("invitations-accept", &[]),
    );
    let invite = |email: &str| {
        let event = Event::new("POST", PATH).json(&json!({ "email": email }));
        let made = apart.ask(&create, &event.token(admin)).expect(201);
        text(&made.json(), "id")
    };
    let by_token = |function: &Instance<'_>, deed: &str, id: &str, fields: Value, status: u16| {
        let mut body = json!({ "token": token_of(apart, id) });
        if let (Some(body), Some(fields)) = (body.as_object_mut(), fields.as_object()) {
            body.extend(fields.clone());
        }
        let event = Event::new("POST", &format!("{PATH}/{deed}")).json(&body);
        let _ = apart.ask(function, &event).expect(status);
    };
    // A new account with a unique value, and one that is taken over and gives its value up.
    let new = invite(&fresh_email());
    by_token(&accept, "accept", &new, json!({ "badge": 5001 }), 201);
    let email = fresh_email();
    let body = json!({ "email": email, "password": PASSWORD, "badge": 5002 });
    let event = Event::new("POST", "/api/auth/register").json(&body);
    let _ = apart.ask(register, &event).expect(201);
    let taken = invite(&email);
    by_token(&accept, "accept", &taken, json!({ "badge": null }), 201);

    // A user who is signed in.
    let email = fresh_email();
    let body = json!({ "email": email, "password": PASSWORD });
    let event = Event::new("POST", "/api/auth/register").json(&body);
    let user = apart.ask(register, &event).expect(201).json();
    let body = json!({ "token": token_of(apart, &invite(&email)) });
    let event = Event::new("POST", &format!("{PATH}/accept")).json(&body);
    let event = event.token(&text(&user, "accessToken"));
    let _ = apart.ask(&accept, &event).expect(200);

    let (rejected, revoked) = (invite(&fresh_email()), invite(&fresh_email()));
    let of = |path: &str| format!("{PATH}/{revoked}{path}");
    for (function, method, path, status) in [
        ("list", "GET", PATH.to_owned(), 200),
        ("get", "GET", of(""), 200),
        ("resend", "POST", of("/resend"), 202),
        ("revoke", "DELETE", of(""), 204),
    ] {
        let event = Event::new(method, &path).token(admin);
        let function = start(&format!("invitations-{function}"), &[]);
        let _ = apart.ask(&function, &event).expect(status);
    }
    let reject = start("invitations-reject", &[]);
    by_token(&reject, "reject", &rejected, json!({}), 200);
}
