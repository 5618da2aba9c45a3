//! Faults of the tables: none of them is a failed attempt of anybody.

use super::*;

/// The tables' entries that count an attempt.
fn counted(world: &World<'_>) -> Vec<Value> {
    let counts = |item: &Value| {
        let number = |value: &Value| value["N"].as_str().unwrap_or("0") != "0";
        number(&item["count"])
    };
    let mut items = world.items();
    items.retain(|item| counts(item) && !text_of(item).starts_with("register#"));
    items
}

/// The request of a login that fails: the action, the table, and how many such requests succeed before.
const FAULTS: [(&str, &str, usize); 5] = [
    ("GetItem", "_users", 0),
    ("GetItem", "_users", 1),
    ("PutItem", "_throttle", 0),
    ("GetItem", "_throttle", 0),
    ("PutItem", "_sessions", 0),
];

#[test]
fn a_brown_out_of_a_table_locks_nobody() {
    let Some(world) = World::new() else { return };
    for (action, table, after) in FAULTS {
        for fault in [Fault::Throttle, Fault::LoseReply] {
            let what = format!("{action} {table} after {after}: {fault:?}");
            let (login, source) = (world.login(), "192.0.2.20");
            for _ in 0..6 {
                let rule = Rule::new(fault.clone()).key(&login.key).action(action);
                world.apart.proxy.fault(rule.table(table).after(after));
                let reply = login.invoke(&right(&world.email, source));
                world.apart.proxy.clear(&login.key);
                assert_eq!(reply.status, 503, "{what}: {}", reply.text());
            }
            assert_eq!(counted(&world), Vec::<Value>::new(), "{what}");
            let _ = login.invoke(&right(&world.email, source)).expect(200);
        }
    }
}

#[test]
fn a_wrong_password_counts_although_a_table_fails_afterwards() {
    let Some(world) = World::new() else { return };
    let login = world.login();
    for _ in 0..5 {
        let rule = Rule::new(Fault::Throttle).key(&login.key).action("GetItem");
        world.apart.proxy.fault(rule.table("_users").after(1));
        let reply = login.invoke(&guess(&world.email, "192.0.2.21"));
        world.apart.proxy.clear(&login.key);
        assert_eq!(reply.status, 503, "{}", reply.text());
    }
    locked(&login.invoke(&right(&world.email, "192.0.2.21")));
}

#[test]
fn a_refused_api_key_is_no_attempt() {
    let Some(world) = World::new() else { return };
    let login = world.login();
    for _ in 0..6 {
        let key = "pk_live_AZejsAAAcACAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let reply = login.invoke(&guess(&world.email, "192.0.2.22").key(key));
        assert_eq!(reply.code(), "auth/invalid-api-key");
    }
    assert_eq!(counted(&world), Vec::<Value>::new());
}

#[test]
fn a_confirmation_that_fails_by_a_fault_is_no_attempt() {
    let Some(world) = World::new() else { return };
    let token = text(
        &world.login().invoke(&right(&world.email, "192.0.2.23")),
        "accessToken",
    );
    for (function, path, method) in [
        ("password-change", "/api/auth/password/change", "POST"),
        ("me-delete", "/api/auth/me", "DELETE"),
    ] {
        let confirm = world.later(function, "", &[]);
        let body = if method == "POST" {
            json!({ "currentPassword": PASSWORD, "newPassword": "another battery, less correct" })
        } else {
            json!({ "password": PASSWORD })
        };
        for (action, table) in [("GetItem", "_users"), ("UpdateItem", "_users")] {
            let rule = Rule::new(Fault::Throttle).key(&confirm.key).action(action);
            world.apart.proxy.fault(rule.table(table));
            let event = Event::new(method, path).json(&body).token(&token);
            let reply = confirm.invoke(&event);
            world.apart.proxy.clear(&confirm.key);
            assert_eq!(reply.status, 503, "{function}: {}", reply.text());
            assert_eq!(counted(&world), Vec::<Value>::new(), "{function} {action}");
        }
    }
}

#[test]
fn registrations_that_fail_by_a_fault_leave_the_source_its_ten() {
    let Some(world) = World::new() else { return };
    let register = world.later("register", "", &[]);
    let event = |email: &str| credentials("register", email, PASSWORD).source_ip("192.0.2.60");
    for fault in [Fault::Throttle, Fault::Throttle, Fault::Internal] {
        for _ in 0..4 {
            let rule = Rule::new(fault.clone())
                .key(&register.key)
                .action("PutItem");
            world.apart.proxy.fault(rule.table("_sessions"));
            let reply = register.invoke(&event(&fresh_email()));
            world.apart.proxy.clear(&register.key);
            assert_eq!(reply.status, 503, "{}", reply.text());
        }
    }
    for _ in 0..10 {
        let _ = register.invoke(&event(&fresh_email())).expect(201);
    }
    locked(&register.invoke(&event(&fresh_email())));
}
