//! Functions that live long look again at the keys: beside a request, and at once for a key that they lack.

use std::thread;
use std::time::Duration;

use blackbox::{Event, Instance, stack};
use local::proxy::{Fault, Rule};

use super::world::*;
use crate::auth::forge;

/// How often a request read the keys, and its status.
fn reads(world: &World<'_>, function: &Instance<'_>, event: &Event) -> (usize, u16) {
    let (reply, calls) = world.apart.measure(function, event);
    let parts = calls.iter().flat_map(|call| &call.parts);
    let reads = parts.filter(|part| part.table == "local-_settings");
    (reads.count(), reply.status)
}

#[test]
fn young_keys_are_not_read_again_and_old_ones_beside_the_first_read() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for name in ["HS256", "ES256"] {
        let world = World::new(inside, name);
        let member = world.registers(&world.start("register", &[]));
        let (young, old) = (world.start("me-get", &[]), world.start("me-get", &[ALWAYS]));
        for _ in 0..2 {
            assert_eq!(reads(&world, &young, &get_me(&member.access)), (0, 200));
            assert_eq!(reads(&world, &old, &get_me(&member.access)), (1, 200));
        }
        // A key that was dropped while the request was under way verifies no longer.
        let stale = world.start("me-get", &[ALWAYS]);
        world.turn(PUBLISHED, &["--compromised"], "every other is dropped");
        assert_eq!(reads(&world, &stale, &get_me(&member.access)), (1, 401));
        assert_eq!(
            reads(&world, &young, &get_me(&member.access)),
            (0, 200),
            "{name}"
        );
        // So does one that signs: it waits for what it has read.
        let new = world.refreshes(&world.start("refresh", &[ALWAYS]), &member);
        assert_eq!(world.status(&stale, &new.access), 200);
    }
}

#[test]
fn those_that_sign_do_so_with_the_key_of_now() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for name in ["HS256", "ES256"] {
        let world = World::new(inside, name);
        let member = world.registers(&world.start("register", &[]));
        let [login, refresh] = ["login", "refresh"].map(|it| world.start(it, &[ALWAYS]));
        world.turn(PUBLISHED, &["--compromised"], "every other is dropped");
        let me = world.start("me-get", &[]);
        let tokens = [
            world.logs_in(&login, &member),
            world.refreshes(&refresh, &member),
        ];
        for member in tokens {
            assert_eq!(world.status(&me, &member.access), 200, "{name}");
        }
    }
}

#[test]
fn an_instance_that_rested_takes_a_token_by_a_key_that_it_has_not_read() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for name in MADE {
        let world = World::new(inside, name);
        let member = world.registers(&world.start("register", &[]));
        let rested = ["me-get", "logout"].map(|it| world.start(it, &[ALWAYS]));
        world.turn(PUBLISHED, &[], "is published.");
        world.turn(PROMOTED, &[], "signs.");
        let new = world.logs_in(&world.start("login", &[]), &member);
        let [me, logout] = &rested;
        assert_eq!(reads(&world, me, &get_me(&new.access)), (1, 200), "{name}");
        let event = Event::new("POST", "/api/auth/logout").token(&new.access);
        assert_eq!(reads(&world, logout, &event), (1, 204), "{name}");
        assert_eq!(world.status(me, &new.access), 401, "{name}");
    }
}

#[test]
fn while_old_keys_cannot_be_read_a_token_is_503_and_a_stranger_is_served() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, "ES256");
    let member = world.registers(&world.start("register", &[]));
    let (me, list) = (
        world.start("me-get", &[ALWAYS]),
        world.start("records-list", &[ALWAYS]),
    );
    for function in [&me, &list] {
        let rule = Rule::new(Fault::Internal)
            .key(&function.key)
            .action("GetItem")
            .table("_settings");
        world.apart.proxy.fault(rule.times(50));
    }
    let reply = world.ask(&me, &get_me(&member.access)).expect(503);
    assert!(reply.header("retry-after").is_some());
    // One that would sign has not signed before it has read them.
    let grant = world.start("auth-token", &[ALWAYS]);
    let rule = Rule::new(Fault::Internal).key(&grant.key).action("GetItem");
    world.apart.proxy.fault(rule.table("_settings").times(50));
    let form = "grant_type=client_credentials&client_id=a&client_secret=b";
    let event = Event::new("POST", "/api/auth/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .text(form);
    let busy = world.ask(&grant, &event).expect(503).json();
    assert_eq!(busy["error"], "temporarily_unavailable");
    let notes = Event::new("GET", "/api/products");
    let _ = world.ask(&list, &notes).expect(200);
    world.apart.proxy.clear(&me.key);
    assert_eq!(world.status(&me, &member.access), 200);
}

#[test]
fn an_unknown_key_is_looked_for_once_a_minute() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, "ES256");
    let member = world.registers(&world.start("register", &[]));
    let me = world.start("me-get", &[]);
    let mut header = forge::header(&member.access);
    header["kid"] = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs".into();
    // The order of the members is part of the form.
    let text = format!(
        r#"{{"typ":"at+jwt","alg":"ES256","kid":{}}}"#,
        header["kid"]
    );
    let rest = member.access.split_once('.').unwrap().1;
    let foreign = format!("{}.{rest}", forge::encoded(&text));
    let other = format!("{}.{rest}", forge::part(&header));
    assert_eq!(
        reads(&world, &me, &get_me(&other)),
        (0, 401),
        "of no such form"
    );
    assert_eq!(reads(&world, &me, &get_me(&foreign)), (1, 401));
    assert_eq!(reads(&world, &me, &get_me(&foreign)), (0, 401));
    assert_eq!(reads(&world, &me, &get_me(&member.access)), (0, 200));
    // Where a secret signs, no header names a key.
    let world = world.under("HS256");
    let me = world.start("me-get", &[]);
    assert_eq!(reads(&world, &me, &get_me(&foreign)), (0, 401));
}

#[test]
fn the_public_keys_are_read_once_a_minute() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, "ES256");
    let _ = world.registers(&world.start("register", &[]));
    let event = Event::new("GET", JWKS);
    let (young, old) = (world.start("jwks", &[]), world.start("jwks", &[AGE]));
    assert_eq!(reads(&world, &young, &event), (0, 200));
    for _ in 0..2 {
        thread::sleep(Duration::from_millis(1100));
        assert_eq!(reads(&world, &old, &event), (1, 200));
    }
    let late = world.start("jwks", &[]);
    world.turn(PUBLISHED, &[], "is published.");
    let shown = |function: &Instance<'_>| {
        let reply = world.ask(function, &event).expect(200).json();
        reply["keys"].as_array().map(Vec::len)
    };
    thread::sleep(Duration::from_millis(1100));
    assert_eq!([shown(&late), shown(&old)], [Some(1), Some(2)]);
}
