//! Where attempts come from.

use std::time::Instant;

use super::*;

#[test]
fn what_a_caller_says_of_its_source_moves_nothing() {
    let Some(world) = World::new() else { return };
    let login = world.later("login", "", &[("BAKEND_AUTH_THROTTLE_FIRST_LOCK", "1m")]);
    let names = [
        "x-forwarded-for",
        "forwarded",
        "x-real-ip",
        "cf-connecting-ip",
        "true-client-ip",
        "x-client-ip",
    ];
    let claim = |mut event: Event, n: usize| {
        for name in names {
            event = event.header(name, &format!("203.0.113.{n}"));
        }
        event
    };
    for n in 0..5 {
        wrong_credentials(&login.invoke(&claim(guess(&world.email, "192.0.2.1"), n)));
    }
    locked(&login.invoke(&claim(right(&world.email, "192.0.2.1"), 9)));
    // Nor does it lock the one that it names.
    let _ = login
        .invoke(&right(&world.email, "203.0.113.1"))
        .expect(200);
}

#[test]
fn an_ipv6_source_is_its_64() {
    let Some(world) = World::new() else { return };
    let login = world.later("login", "", &[("BAKEND_AUTH_THROTTLE_FIRST_LOCK", "1m")]);
    for n in 1..=5 {
        fail(&login, &world.email, &format!("2001:db8:1:2:{n}::{n}"), 1);
    }
    locked(&login.invoke(&right(&world.email, "2001:db8:1:2:ffff::1")));
    let _ = login
        .invoke(&right(&world.email, "2001:db8:1:3::1"))
        .expect(200);
    fail(&login, &world.email, "192.0.2.1", 4);
    fail(&login, &world.email, "::ffff:192.0.2.1", 1);
    locked(&login.invoke(&right(&world.email, "192.0.2.1")));
}

/// An attacker with any number of sources, who never stops, keeps the user out for a minute at a time. Afterwards the
/// user is in.
#[test]
fn nobody_is_kept_out_for_longer_than_a_minute_from_elsewhere() {
    let Some(world) = World::new() else { return };
    let mine = "192.0.2.200";
    let mut clock = 0;
    for round in 0..3 {
        let offset = format!("{clock}s");
        let attackers = world.later("login", &offset, &[]);
        let user = world.later("login", &offset, &[]);
        // Before it is locked the user is in.
        let _ = user.invoke(&right(&world.email, mine)).expect(200);
        let mut refused = 0;
        for guess_number in 0..80 {
            let source = format!("198.51.{}.{}", 100 + round, guess_number / 4);
            let reply = attackers.invoke(&guess(&world.email, &source));
            refused += usize::from(reply.status == 429);
        }
        assert!(refused >= 30, "{refused} of 80 guesses refused");
        let wait = locked(&user.invoke(&right(&world.email, mine)));
        assert!((50..=60).contains(&wait), "{wait}");
        // All through the lock the attacker goes on, up to shortly before the user comes. The clock goes on by itself
        // meanwhile, on a busy machine by many seconds.
        let since = Instant::now();
        for within in [20, 35, wait - 10] {
            let ahead = clock + within.saturating_sub(since.elapsed().as_secs());
            let attackers = world.later("login", &format!("{ahead}s"), &[]);
            for n in 0..20 {
                locked(
                    &attackers.invoke(&guess(&world.email, &format!("203.0.{}.{n}", 100 + round))),
                );
            }
        }
        clock += wait;
        let user = world.later("login", &format!("{clock}s"), &[]);
        let _ = user.invoke(&right(&world.email, mine)).expect(200);
        clock += 2;
    }
}

#[test]
fn a_source_has_twenty_failures_over_all_accounts() {
    let Some(world) = World::new() else { return };
    let login = world.login();
    for _ in 0..20 {
        fail(&login, &fresh_email(), "192.0.2.1", 1);
    }
    for event in [
        right(&world.email, "192.0.2.1"),
        guess(&fresh_email(), "192.0.2.1"),
    ] {
        let wait = locked(&login.invoke(&event));
        assert!((15 * 60 - 60..=15 * 60).contains(&wait), "{wait}");
    }
    let _ = login.invoke(&right(&world.email, "192.0.2.2")).expect(200);
    // Attempts that the source refused were given back to the account.
    for item in world.items() {
        assert!(
            text_of(&item).starts_with("source#") || item["count"]["N"] == json!("1"),
            "{item}"
        );
    }
    let _ = world
        .later("login", "901s", &[])
        .invoke(&right(&world.email, "192.0.2.1"))
        .expect(200);
}

/// The secret of a distribution in front.
const FRONT: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn behind_a_front_a_source_is_what_the_front_names_and_nobody_goes_around_it() {
    let Some(world) = World::new() else { return };
    let login = world.later(
        "login",
        "",
        &[
            ("BAKEND_AUTH_THROTTLE_FIRST_LOCK", "1m"),
            ("BAKEND_FRONT_SECRET", FRONT),
        ],
    );
    let gateway = "198.51.100.9";
    let by_front = |event: Event, source: &str| {
        event
            .header("x-bakend-front", FRONT)
            .header("x-bakend-source", source)
    };
    for n in 0..5 {
        let event = by_front(guess(&world.email, gateway), "203.0.113.1");
        wrong_credentials(&login.invoke(&event.header("x-forwarded-for", &format!("192.0.2.{n}"))));
    }
    locked(&login.invoke(&by_front(right(&world.email, gateway), "203.0.113.1")));
    let line = login.log().lines().last().map(str::to_owned);
    let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
    assert_eq!(line["ip"], "203.0.113.1");
    // Another client of the same distribution is another source.
    let other = by_front(right(&world.email, gateway), "203.0.113.2");
    let _ = login.invoke(&other).expect(200);
    let around = right(&world.email, gateway);
    let wrong = around
        .clone()
        .header("x-bakend-front", "fedcba9876543210fedcba9876543210")
        .header("x-bakend-source", "203.0.113.2");
    let nameless = around.clone().header("x-bakend-front", FRONT);
    for event in [around, wrong, nameless] {
        look::refused(
            &login.invoke_around(&event),
            404,
            "common/not-found",
            "There is nothing at this path.",
        );
    }
}

#[test]
fn without_a_front_its_headers_mean_nothing() {
    let Some(world) = World::new() else { return };
    let login = world.later("login", "", &[("BAKEND_AUTH_THROTTLE_FIRST_LOCK", "1m")]);
    for n in 0..5 {
        let event = guess(&world.email, "192.0.2.1")
            .header("x-bakend-front", FRONT)
            .header("x-bakend-source", &format!("203.0.113.{n}"));
        wrong_credentials(&login.invoke(&event));
    }
    locked(&login.invoke(&right(&world.email, "192.0.2.1")));
}

#[test]
fn a_domain_of_the_owners_is_https_on_every_reply() {
    let Some(world) = World::new() else { return };
    let domain = [("BAKEND_DOMAIN_NAME", "api.example.com")];
    let (here, elsewhere) = (world.later("login", "", &domain), world.login());
    let preflight = Event::new("OPTIONS", "/api/auth/login")
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "POST");
    for event in [
        right(&world.email, "192.0.2.1"),
        guess(&world.email, "192.0.2.2"),
        Event::new("GET", "/api/auth/login"),
        Event::new("POST", "/api/nothing"),
        preflight,
    ] {
        let header = "strict-transport-security";
        let replies = [&here, &elsewhere].map(|login| login.invoke(&event));
        assert_eq!(replies[0].status, replies[1].status);
        assert_eq!(replies[0].header(header), Some("max-age=63072000"));
        assert_eq!(replies[1].header(header), None);
    }
}
