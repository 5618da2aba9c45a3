//! Counted attempts, and the items that the table keeps of them.

use super::*;

#[test]
fn successes_do_not_count_and_leave_nothing_behind() {
    let Some(world) = World::new() else { return };
    let login = world.login();
    for _ in 0..25 {
        let _ = login.invoke(&right(&world.email, "192.0.2.1")).expect(200);
    }
    let left = world
        .items()
        .into_iter()
        .filter(|item| !text_of(item).starts_with("register#"))
        .collect::<Vec<_>>();
    assert_eq!(left, Vec::<Value>::new());
    // Nor do they pay for failures: a source cannot buy guesses with an account of its own.
    let own = world.account();
    for _ in 0..19 {
        fail(&login, &fresh_email(), "192.0.2.1", 1);
        let _ = login.invoke(&right(&own, "192.0.2.1")).expect(200);
    }
    fail(&login, &fresh_email(), "192.0.2.1", 1);
    locked(&login.invoke(&right(&own, "192.0.2.1")));
}

#[test]
fn what_is_refused_neither_counts_nor_extends() {
    let Some(world) = World::new() else { return };
    let login = world.later("login", "", &[("BAKEND_AUTH_THROTTLE_FIRST_LOCK", "1m")]);
    fail(&login, &world.email, "192.0.2.1", 5);
    let before = sorted(world.items());
    for n in 0..40 {
        let event = if n % 2 == 0 {
            guess(&world.email, "192.0.2.1")
        } else {
            right(&world.email, "192.0.2.1")
        };
        locked(&login.invoke(&event));
    }
    let mask = |items: Vec<Value>| -> Vec<Value> {
        let masked = items.into_iter().map(|mut item| {
            item["rev"] = Value::Null;
            item
        });
        masked.collect()
    };
    assert_eq!(mask(sorted(world.items())), mask(before));
}

fn sorted(mut items: Vec<Value>) -> Vec<Value> {
    items.sort_by_key(text_of);
    items
}

#[test]
fn the_table_names_neither_addresses_nor_sources() {
    let Some(world) = World::new() else { return };
    fail(&world.login(), &world.email, "192.0.2.77", 2);
    let items = json!(world.items()).to_string();
    assert!(items.len() > 200, "{items}");
    for name in [
        world.email.as_str(),
        world.email.split('@').next().unwrap(),
        "192.0.2",
        "example.com",
    ] {
        assert!(!items.contains(name), "{items}");
    }
}

#[test]
fn a_malformed_request_counts_nothing() {
    let Some(world) = World::new() else { return };
    let (login, before) = (world.login(), world.items());
    for body in [
        json!({}),
        json!({ "email": "nobody", "password": "x" }),
        json!({ "email": world.email }),
    ] {
        let _ = login
            .invoke(&Event::new("POST", LOGIN).json(&body))
            .expect(400);
    }
    let register = world.later("register", "", &[]);
    let _ = register
        .invoke(&credentials("register", &fresh_email(), "short"))
        .expect(400);
    assert_eq!(world.items(), before);
}
