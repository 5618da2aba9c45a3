//! `auth.password.preset`: what each preset refuses, and where.

use blackbox::{Event, Instance, PASSWORD, fresh_email, stack};
use serde_json::json;

use super::look::invalid;

const OWASP: [(&str, &str); 2] = [
    ("BAKEND_AUTH_PASSWORD_PRESET", "owasp"),
    ("BAKEND_MAIL_APP_NAME", "Green Leaf"),
];

/// Passwords beside an address that begins with `name`, each with the code that `owasp` has for it.
fn refused(name: &str) -> [(String, &'static str); 6] {
    [
        ("password123".to_owned(), "common"),
        ("PassWord123".to_owned(), "common"),
        (format!("xx {name} xx"), "contains-email"),
        (format!("xx {} xx", name.to_uppercase()), "contains-email"),
        ("I love green leaf".to_owned(), "contains-app-name"),
        ("GREENLEAFxx".to_owned(), "contains-app-name"),
    ]
}

const FINE: &str = "correct horse battery";

fn name_of(email: &str) -> &str {
    email.split('@').next().unwrap()
}

fn register(function: &Instance<'_>, email: &str, password: &str) -> blackbox::Reply {
    let body = json!({ "email": email, "password": password });
    function.invoke(&Event::new("POST", "/api/auth/register").json(&body))
}

#[test]
fn a_registration_is_judged_by_the_preset() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let function = inside.variant("register", "owasp", 1, &OWASP);
    let email = fresh_email();
    for (password, code) in refused(name_of(&email)) {
        let reply = register(&function, &email, &password);
        invalid(&reply, &[("password", code)]);
        assert!(!reply.json().to_string().contains(&password), "{password}");
    }
    let _ = register(&function, &email, FINE).expect(201);

    let nist = [("BAKEND_AUTH_PASSWORD_PRESET", "nist")];
    let function = inside.variant("register", "nist", 1, &nist);
    let short = register(&function, &fresh_email(), "fourteen chars");
    invalid(&short, &[("password", "too-short")]);
    let _ = register(&function, &fresh_email(), "fifteen chars !").expect(201);

    let length = ("BAKEND_AUTH_PASSWORD_MIN_LENGTH", "9");
    let function = inside.variant("register", "length", 1, &[nist[0], length]);
    let short = register(&function, &fresh_email(), "8 chars!");
    invalid(&short, &[("password", "too-short")]);
    let _ = register(&function, &fresh_email(), "9 chars !").expect(201);
    let common = register(&function, &fresh_email(), "password123");
    invalid(&common, &[("password", "common")]);
}

#[test]
fn a_change_is_judged_by_the_preset_and_a_login_never() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let change = inside.variant("password-change", "owasp", 1, &OWASP);
    let ask = |password: &str| {
        let body = json!({ "currentPassword": PASSWORD, "newPassword": password });
        let event = Event::new("POST", "/api/auth/password/change").json(&body);
        change.invoke(&event.token(member.token.as_deref().unwrap()))
    };
    for (password, code) in refused(name_of(&member.email)) {
        invalid(&ask(&password), &[("newPassword", code)]);
    }
    let _ = ask(FINE).expect(204);

    // The account has a common password from before.
    let email = fresh_email();
    let body = json!({ "email": email, "password": "password123" });
    let _ = stack()
        .stranger()
        .post("/api/auth/register", &body)
        .expect(201);
    let login = inside.variant("login", "owasp", 1, &OWASP);
    let event = Event::new("POST", "/api/auth/login").json(&body);
    let _ = login.invoke(&event).expect(200);
}

#[test]
fn a_password_by_an_admin_is_judged_by_the_preset() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let admin = stack().admin();
    let token = admin.token.as_deref().unwrap();
    let create = inside.variant("users-create", "owasp", 1, &OWASP);
    let email = fresh_email();
    let make = |password: &str| {
        let body = json!({ "email": email, "password": password });
        create.invoke(&Event::new("POST", "/api/users").json(&body).token(token))
    };
    for (password, code) in refused(name_of(&email)) {
        invalid(&make(&password), &[("password", code)]);
    }
    let made = make(FINE).expect(201).json();

    let set = inside.variant("users-password", "owasp", 1, &OWASP);
    let ask = |id: &str, password: &str| {
        let body = json!({ "password": password });
        let event = Event::new("POST", &format!("/api/users/{id}/password")).json(&body);
        set.invoke(&event.token(token))
    };
    let id = made["id"].as_str().unwrap();
    for (password, code) in refused(name_of(&email)) {
        invalid(&ask(id, &password), &[("password", code)]);
    }
    let _ = ask(id, FINE).expect(204);
    // A user who is not there has no address, and the rest is judged first.
    let nobody = "0197a3b0-0000-7000-8000-000000000000";
    invalid(&ask(nobody, "password123"), &[("password", "common")]);
    let _ = ask(nobody, FINE).expect(404);
}
