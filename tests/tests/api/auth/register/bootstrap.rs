//! The address that makes the first admin.

use blackbox::{Apart, Inside, Instance};
use local::proxy::{Fault, Rule};

use super::*;
use crate::admin::{admin_on, said};

fn field(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// Empty tables, and the address that makes the first admin of them.
struct World<'a> {
    apart: Apart<'a>,
    email: String,
}

impl<'a> World<'a> {
    fn new(inside: &'a Inside) -> Self {
        Self {
            apart: Apart::new(inside),
            email: fresh_email(),
        }
    }

    fn function(&self, name: &str, env: &[(&str, &str)]) -> Instance<'a> {
        let env = [&[("BAKEND_ADMIN_EMAIL", self.email.as_str())], env].concat();
        self.apart.function(name, "bootstrap", &env)
    }

    /// Registers an address, and returns its role, id and access token.
    fn registers(&self, email: &str) -> (String, String, String) {
        let body = json!({ "email": email, "password": PASSWORD });
        let event = Event::new("POST", ROUTE).json(&body);
        let reply = self.apart.ask(&self.function("register", &[]), &event);
        let reply = reply.expect(201);
        let user = reply.json()["user"].clone();
        (
            field(&user, "role"),
            field(&user, "id"),
            field(&reply.json(), "accessToken"),
        )
    }

    /// Makes another admin by the first one's token, and returns the new one's token.
    fn another(&self, token: &str) -> String {
        let email = fresh_email();
        let mut body = json!({ "email": email, "password": PASSWORD, "role": "admin" });
        let event = Event::new("POST", "/api/users").json(&body).token(token);
        let _ = self
            .apart
            .ask(&self.function("users-create", &[]), &event)
            .expect(201);
        body.as_object_mut().unwrap().remove("role");
        let event = Event::new("POST", "/api/auth/login").json(&body);
        let reply = self.apart.ask(&self.function("login", &[]), &event);
        field(&reply.expect(200).json(), "accessToken")
    }

    /// The next account of the address is an ordinary one, by its reply, its token and the table.
    fn makes_no_admin(&self, why: &str) {
        let (role, id, token) = self.registers(&self.email);
        assert_eq!(role, "authenticated", "{why}");
        let event = Event::new("GET", "/api/users").token(&token);
        let reply = self.apart.ask(&self.function("users-list", &[]), &event);
        assert_eq!(reply.code(), "auth/forbidden", "{why}");
        let stored = items::users(&self.apart.dynamo.endpoint()).get(&items::user_key(&id));
        assert_eq!(stored["role"]["S"], "authenticated", "{why}");
    }

    fn admins(&self) -> Value {
        let key = json!({ "id": { "S": "#admins" } });
        items::users(&self.apart.dynamo.endpoint()).get(&key)["count"]["N"].clone()
    }
}

#[test]
fn the_address_is_compared_as_it_is_stored() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let spelled = format!(" {} ", world.email.to_uppercase());
    let ask = |email: &str, admin: &str| {
        let register = world.function("register", &[("BAKEND_ADMIN_EMAIL", admin)]);
        let body = json!({ "email": email, "password": PASSWORD });
        let event = Event::new("POST", ROUTE).json(&body);
        masked(&world.apart.ask(&register, &event).expect(201).json())
    };
    let (near, other) = (format!("x{}", world.email), fresh_email());
    assert_eq!(ask(&near, &spelled), signed_in(&near, "authenticated"));
    assert_eq!(ask(&other, ""), signed_in(&other, "authenticated"));
    assert_eq!(
        ask(&world.email, &spelled),
        signed_in(&world.email, "admin")
    );
    assert_eq!(world.admins(), "1");
}

#[test]
fn the_address_of_an_admin_who_was_removed_makes_no_admin() {
    let Some(inside) = stack().inside() else {
        return;
    };
    // Another admin removes the first one; a server does so with the scope for deletions alone.
    for by_server in [false, true] {
        let world = World::new(inside);
        let (role, id, token) = world.registers(&world.email);
        assert_eq!(role, "admin");
        let other = world.another(&token);
        let mut event = Event::new("DELETE", &format!("/api/users/{id}"));
        if by_server {
            let key = json!({ "name": "n", "type": "secret", "scopes": ["users:delete"] });
            let made = Event::new("POST", "/api/admin/api-keys")
                .json(&key)
                .token(&other);
            let made = world
                .apart
                .ask(&world.function("api-keys-create", &[]), &made);
            event = event.key(&field(&made.expect(201).json(), "key"));
        } else {
            event = event.token(&other);
        }
        let delete = world.function("users-delete", &[]);
        let _ = world.apart.ask(&delete, &event).expect(204);
        world.makes_no_admin(if by_server {
            "by a server"
        } else {
            "by an admin"
        });
        assert_eq!(world.admins(), "1");
    }
}

#[test]
fn the_address_of_an_admin_who_has_left_makes_no_admin() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for grace in ["0s", "1d"] {
        let world = World::new(inside);
        let (_, id, token) = world.registers(&world.email);
        let _ = world.another(&token);
        let body = json!({ "password": PASSWORD });
        let event = Event::new("DELETE", "/api/auth/me")
            .json(&body)
            .token(&token);
        let delete = world.function("me-delete", &[("BAKEND_AUTH_DELETION_GRACE", grace)]);
        let _ = world.apart.ask(&delete, &event).expect(204);
        if grace == "1d" {
            let endpoint = world.apart.dynamo.endpoint();
            let users = items::users(&endpoint);
            let passed = json!({ "expires_at": { "N": "1" } });
            for key in [items::user_key(&id), items::identity_key(&world.email)] {
                assert!(
                    users.get(&key)["expires_at"].is_object(),
                    "{key} has no end"
                );
                users.set(&key, &passed);
            }
        }
        world.makes_no_admin(grace);
        assert_eq!(world.admins(), "1");
    }
}

#[test]
fn an_operator_who_was_first_leaves_the_address_nothing() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let email = fresh_email();
    let _ = world.registers(&email);
    let endpoint = world.apart.dynamo.endpoint();
    let (done, line) = said(&admin_on(inside, &endpoint, &["promote", &email]));
    assert!(done, "{line}");
    world.makes_no_admin("promoted before");
}

#[test]
fn of_registrations_at_once_one_makes_an_admin() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for _ in 0..3 {
        let world = World::new(inside);
        // One address cannot register twice, so each function knows another one.
        let emails: Vec<String> = (0..4).map(|_| fresh_email()).collect();
        let functions: Vec<Instance<'_>> = emails
            .iter()
            .map(|email| world.function("register", &[("BAKEND_ADMIN_EMAIL", email)]))
            .collect();
        let roles: Vec<String> = thread::scope(|scope| {
            let apart = &world.apart;
            let one = |(email, register): (&String, _)| {
                let body = json!({ "email": email, "password": PASSWORD });
                let event = Event::new("POST", ROUTE).json(&body);
                scope.spawn(move || apart.ask(register, &event).expect(201).json())
            };
            let threads: Vec<_> = emails.iter().zip(&functions).map(one).collect();
            let replies = threads.into_iter().map(|thread| thread.join().unwrap());
            replies.map(|reply| field(&reply["user"], "role")).collect()
        });
        let admins = roles.iter().filter(|role| *role == "admin").count();
        assert_eq!(admins, 1, "{roles:?}");
        assert_eq!(world.admins(), "1");
    }
}

#[test]
fn a_reply_that_is_lost_takes_the_first_admin_nothing() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside);
    let register = world.function("register", &[]);
    let lost = Rule::new(Fault::LoseReply)
        .key(&register.key)
        .table("_users");
    world.apart.proxy.fault(lost.times(1));
    let body = json!({ "email": world.email, "password": PASSWORD });
    let event = Event::new("POST", ROUTE).json(&body);
    let reply = world.apart.ask(&register, &event).expect(201);
    assert_eq!(reply.json()["user"]["role"], "admin");
    assert_eq!(world.admins(), "1");
}
