//! `cargo admin throttle clear`, and `user … unlock`.

use super::*;

/// The attempts of a deployment, with a first lock that a slow machine does not sit out.
const LOCK: [(&str, &str); 2] = [
    ("BAKEND_AUTH_THROTTLE_ATTEMPTS", "5"),
    ("BAKEND_AUTH_THROTTLE_FIRST_LOCK", "1m"),
];
/// The entries of the audit log about attempts that were cleared.
const CLEARED: &str = "type=throttle.cleared";
const SOURCE: &str = "203.0.113.77";

fn wrong(email: &str, source: &str) -> Event {
    let body = json!({ "email": email, "password": "another horse battery staple" });
    let event = Event::new("POST", "/api/auth/login").json(&body);
    event.source_ip(source)
}

/// Fails to log in until the account is locked.
fn lock(world: &World<'_>, email: &str) {
    for status in [401, 401, 401, 401, 401, 429] {
        let _ = world.send("login", &wrong(email, SOURCE), status);
    }
}

#[test]
fn a_user_who_is_locked_out_is_unlocked_and_only_that_user() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::with(inside, &[("events", &[])], &LOCK);
    let [member, other] = [(); 2].map(|()| Member::new(&world, "authenticated"));
    let nothing = format!("Nothing counts against {}.", member.email);
    assert_says(&world, &["user", &member.email, "unlock"], &nothing);
    lock(&world, &member.email);
    lock(&world, &other.email);
    let right = |member: &Member| member.login().source_ip(SOURCE);
    let _ = world.send("login", &right(&member), 429);
    let (_, shown) = admin(&world, &["user", &member.email]);
    assert!(
        shown.contains("\nthrottle  5 failed logins (locked until 2"),
        "{shown}"
    );

    let (done, told) = admin(&world, &["user", &member.id, "unlock"]);
    let expected = format!(
        "Forgotten of {}: 5 failed logins (locked until 2",
        member.email
    );
    assert!(done && told.starts_with(&expected), "{told}");
    assert!(
        told.ends_with("). The next attempt is the first again.\n"),
        "{told}"
    );
    let _ = world.send("login", &right(&member), 200);
    let _ = world.send("login", &right(&other), 429);
    assert_says(&world, &["user", &member.email, "unlock"], &nothing);
    // The clearing that found nothing has left no mark.
    assert_eq!(told_by_cli(&world, &member.id, 1), ["throttle.cleared"]);
}

#[test]
fn attempts_at_an_address_that_nobody_has_are_forgotten_too() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::with(inside, &[("events", &[])], &LOCK);
    let nobody = fresh_email();
    lock(&world, &nobody);
    let (done, told) = admin(&world, &["throttle", "clear", &nobody.to_uppercase()]);
    let expected = format!("Forgotten of {nobody}: 5 failed logins (locked until 2");
    assert!(done && told.starts_with(&expected), "{told}");
    let _ = world.send("login", &wrong(&nobody, SOURCE), 401);
    let found = found_by_cli(&world, CLEARED, 1);
    assert_eq!(found, ["throttle.cleared"]);
}

#[test]
fn a_source_that_is_locked_out_is_let_in_again() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let few = ("BAKEND_AUTH_THROTTLE_SOURCE_ATTEMPTS", "3");
    let world = World::with(inside, &[("events", &[])], &[few]);
    let source = "2001:db8:1:2::7";
    for status in [401, 401, 401, 429] {
        let _ = world.send("login", &wrong(&fresh_email(), source), status);
    }
    let member = Member::new(&world, "authenticated");
    let neighbour = member.login().source_ip("2001:db8:1:2::8");
    let _ = world.send("login", &neighbour, 429);
    let none = "Nothing counts against 2001:db8:1:3::/64.";
    assert_says(&world, &["throttle", "clear", "2001:db8:1:3::7"], none);
    let (done, told) = admin(&world, &["throttle", "clear", source]);
    let cleared = "Forgotten of 2001:db8:1:2::/64: 3 failed logins (locked until 2";
    assert!(done && told.starts_with(cleared), "{told}");
    let _ = world.send("login", &neighbour, 200);
    let found = found_by_cli(&world, CLEARED, 1);
    assert_eq!(found, ["throttle.cleared"]);
    for (given, shown) in [
        ("ada", "ada"),
        ("203.0.113.7/24", "203.0.113.7/24"),
        ("", ""),
    ] {
        let line = format!("{shown}: name an email address, or an IP address such as 203.0.113.7");
        assert_refused(&world, &["throttle", "clear", given], &line);
    }
}
