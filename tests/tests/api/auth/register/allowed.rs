//! `auth.registration`: who may make an account by an act of their own.

use super::*;

const REFUSED: &str = "No account can be made here with this email.";

#[test]
fn an_address_that_may_not_register_is_refused_before_anything_is_looked_up() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let taken = stack().member().email;
    let closed = [("BAKEND_AUTH_REGISTRATION_ENABLED", "false")];
    let one = [("BAKEND_AUTH_REGISTRATION_DOMAINS", "allowed.test")];
    let blocked = [("BAKEND_AUTH_REGISTRATION_BLOCKED_DOMAINS", "com")];
    for setting in [closed, one, blocked] {
        let register = inside.variant("register", "allowed", 1, &setting);
        register.settle();
        // An address that is taken is refused like any other.
        for email in [fresh_email(), taken.clone(), taken.to_uppercase()] {
            let body = json!({ "email": email, "password": PASSWORD });
            let event = Event::new("POST", "/api/auth/register").json(&body);
            let reply = register.invoke(&event);
            look::refused(&reply, 403, "auth/registration-not-allowed", REFUSED);
            let calls = register.calls();
            assert!(calls.is_empty(), "{setting:?}: {calls:?}");
        }
        // A body that is no registration is told so.
        let event = Event::new("POST", "/api/auth/register").json(&json!({ "email": taken }));
        assert_eq!(register.invoke(&event).status, 400);
    }
    let register = inside.variant("register", "allowed", 1, &one);
    let email = fresh_email().replace("example.com", "allowed.test");
    let body = json!({ "email": email, "password": PASSWORD });
    let event = Event::new("POST", "/api/auth/register").json(&body);
    let _ = register.invoke(&event).expect(201);
}

#[test]
fn an_admin_makes_accounts_that_may_not_register() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let env = [("BAKEND_AUTH_REGISTRATION_ENABLED", "false")];
    let create = inside.variant("users-create", "allowed", 1, &env);
    let (admin, email) = (stack().admin(), fresh_email());
    let body = json!({ "email": email, "password": PASSWORD });
    let event = Event::new("POST", "/api/users").json(&body);
    let _ = create
        .invoke(&event.token(admin.token.as_deref().unwrap()))
        .expect(201);
    let login = inside.variant("login", "allowed", 1, &env);
    let event = Event::new("POST", "/api/auth/login").json(&body);
    let _ = login.invoke(&event).expect(200);
}
