//! How often something may be tried.

use std::sync::Barrier;
use std::thread;

use blackbox::{Apart, Event, Instance, PASSWORD, Reply, fresh_email, stack};
use local::proxy::{Fault, Rule};
use serde_json::{Value, json};

use super::look::{self, text, wrong_credentials};

/// The numbers of the cloud, which the local defaults are far above.
const CLOUD: [(&str, &str); 5] = [
    ("BAKEND_AUTH_THROTTLE_ATTEMPTS", "5"),
    ("BAKEND_AUTH_THROTTLE_ACCOUNT_ATTEMPTS", "50"),
    ("BAKEND_AUTH_THROTTLE_SOURCE_ATTEMPTS", "20"),
    ("BAKEND_AUTH_THROTTLE_REGISTRATIONS", "10"),
    ("BAKEND_AUTH_THROTTLE_REFRESHES", "30"),
];

const LOGIN: &str = "/api/auth/login";

/// Tables and functions whose numbers are those of the cloud, and somebody with an account.
struct World<'a> {
    apart: Apart<'a>,
    register: Instance<'a>,
    email: String,
}

impl<'a> World<'a> {
    /// `None` where the stack has no inside.
    fn new() -> Option<Self> {
        let apart = Apart::new(stack().inside()?);
        let register = apart.function("register", "world", &[]);
        let email = fresh_email();
        let _ = apart
            .ask(&register, &credentials("register", &email, PASSWORD))
            .expect(201);
        Some(Self {
            apart,
            register,
            email,
        })
    }

    /// Another account.
    fn account(&self) -> String {
        let email = fresh_email();
        let _ = self
            .apart
            .ask(&self.register, &credentials("register", &email, PASSWORD))
            .expect(201);
        email
    }

    /// An instance whose clock is so far ahead, with these numbers instead of the cloud's.
    fn later(&self, function: &str, offset: &str, env: &[(&str, &str)]) -> Instance<'a> {
        let all = [&CLOUD[..], &[("BAKEND_CLOCK_OFFSET", offset)], env].concat();
        self.apart.function(function, "throttled", &all)
    }

    fn login(&self) -> Instance<'a> {
        self.later("login", "", &[])
    }

    /// What is counted.
    fn items(&self) -> Vec<Value> {
        let scan = serde_json::from_value(json!({ "TableName": "local-_throttle" })).unwrap();
        let found = self.apart.dynamo.database().scan(scan).unwrap();
        serde_json::to_value(found).unwrap()["Items"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }
}

fn credentials(endpoint: &str, email: &str, password: &str) -> Event {
    Event::new("POST", &format!("/api/auth/{endpoint}"))
        .json(&json!({ "email": email, "password": password }))
}

fn guess(email: &str, source: &str) -> Event {
    credentials("login", email, "not the password of anybody").source_ip(source)
}

fn right(email: &str, source: &str) -> Event {
    credentials("login", email, PASSWORD).source_ip(source)
}

/// 429, whole, and the seconds to wait.
#[track_caller]
fn locked(reply: &Reply) -> u64 {
    look::refused(
        reply,
        429,
        "auth/too-many-requests",
        "Too many attempts; try again after the time that Retry-After tells.",
    );
    look::not_kept(reply);
    reply
        .header("retry-after")
        .and_then(|seconds| seconds.parse().ok())
        .expect("seconds to wait")
}

/// So many failed logins, none of which is refused.
#[track_caller]
fn fail(login: &Instance<'_>, email: &str, source: &str, times: usize) {
    for _ in 0..times {
        wrong_credentials(&login.invoke(&guess(email, source)));
    }
}

#[test]
fn the_fifth_failure_locks_the_account_for_that_source_whatever_the_password() {
    let Some(world) = World::new() else { return };
    let slow = world.later("login", "", &[("BAKEND_AUTH_THROTTLE_FIRST_LOCK", "1m")]);
    fail(&slow, &world.email, "192.0.2.1", 5);
    for event in [
        guess(&world.email, "192.0.2.1"),
        right(&world.email, "192.0.2.1"),
    ] {
        assert!((58..=60).contains(&locked(&slow.invoke(&event))));
    }
    let _ = slow.invoke(&right(&world.email, "192.0.2.2")).expect(200);
    let _ = slow
        .invoke(&right(&world.account(), "192.0.2.1"))
        .expect(200);
}

#[test]
fn a_lock_doubles_and_expires_by_itself() {
    let Some(world) = World::new() else { return };
    let long = [
        ("BAKEND_AUTH_THROTTLE_FIRST_LOCK", "1h"),
        ("BAKEND_AUTH_THROTTLE_LONGEST_LOCK", "4h"),
    ];
    let at = |offset: &str| world.later("login", offset, &long);
    let mut login = at("");
    fail(&login, &world.email, "192.0.2.1", 5);
    for (offset, lock) in [("3601s", 7200), ("10802s", 14400), ("25203s", 14400)] {
        locked(&login.invoke(&right(&world.email, "192.0.2.1")));
        login = at(offset);
        fail(&login, &world.email, "192.0.2.1", 1);
        let left = locked(&login.invoke(&right(&world.email, "192.0.2.1")));
        assert!((lock - 5..=lock).contains(&left), "{offset}: {left}");
    }
    let login = at("39604s");
    let _ = login.invoke(&right(&world.email, "192.0.2.1")).expect(200);
    // A success gives back its own attempt; the failures before it stay until nothing was counted for a window.
    fail(&login, &world.email, "192.0.2.1", 1);
    locked(&login.invoke(&right(&world.email, "192.0.2.1")));
    let forgotten = at("57000s");
    fail(&forgotten, &world.email, "192.0.2.1", 4);
    let _ = forgotten
        .invoke(&right(&world.email, "192.0.2.1"))
        .expect(200);
}

#[test]
fn a_locked_account_cannot_be_told_from_an_unknown_one() {
    let Some(world) = World::new() else { return };
    // Each attempt from a source of its own, so that the account as a whole is locked, and for as long as its lock lasts.
    let login = world.later(
        "login",
        "",
        &[
            ("BAKEND_AUTH_THROTTLE_ACCOUNT_ATTEMPTS", "3"),
            ("BAKEND_AUTH_THROTTLE_FIRST_LOCK", "1m"),
        ],
    );
    for per_source in [true, false] {
        let [known, unknown, disabled] = [world.account(), fresh_email(), world.account()];
        let identity = super::items::users(&world.apart.dynamo.endpoint())
            .get(&super::items::identity_key(&disabled));
        super::items::users(&world.apart.dynamo.endpoint()).set(
            &super::items::user_key(identity["user_id"]["S"].as_str().unwrap()),
            &json!({ "disabled": { "BOOL": true } }),
        );
        let replies: Vec<Vec<Reply>> = [&known, &unknown, &disabled]
            .iter()
            .enumerate()
            .map(|(who, email)| {
                let source = |n: usize| {
                    if per_source {
                        format!("198.51.{who}.1")
                    } else {
                        format!("198.51.{who}.{n}")
                    }
                };
                let limit = 3;
                fail(&login, email, &source(0), 1);
                (1..limit).for_each(|n| fail(&login, email, &source(n), 1));
                vec![
                    login.invoke(&guess(email, &source(9))),
                    login.invoke(&right(email, &source(9))),
                ]
            })
            .collect();
        let whole = |reply: &Reply| {
            locked(reply);
            let mut body = reply.json();
            body["error"]["requestId"] = json!("<id>");
            let headers: Vec<_> = reply
                .headers
                .iter()
                .map(|(name, value)| match name.as_str() {
                    "x-request-id" => (name.clone(), "<id>".to_owned()),
                    // A second may have passed.
                    "retry-after" => (
                        name.clone(),
                        (value.parse::<u32>().unwrap().div_ceil(10)).to_string(),
                    ),
                    _ => (name.clone(), value.clone()),
                })
                .collect();
            (reply.status, headers, body)
        };
        let expected = whole(&replies[0][0]);
        for reply in replies.iter().flatten() {
            assert_eq!(whole(reply), expected);
        }
    }
}

#[test]
fn many_instances_at_once_let_no_more_through_than_one() {
    let Some(world) = World::new() else { return };
    let env = [("BAKEND_AUTH_THROTTLE_FIRST_LOCK", "1m")];
    let logins: Vec<Instance<'_>> = (0..20).map(|_| world.later("login", "", &env)).collect();
    let at_once = |event: &(dyn Fn(usize) -> Event + Sync)| {
        let barrier = Barrier::new(logins.len());
        let replies: Vec<Reply> = thread::scope(|scope| {
            let (barrier, threads) = (&barrier, &mut Vec::new());
            for (number, login) in logins.iter().enumerate() {
                threads.push(scope.spawn(move || {
                    let event = event(number);
                    barrier.wait();
                    login.invoke(&event)
                }));
            }
            threads
                .drain(..)
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        replies
            .iter()
            .filter(|reply| !(reply.status == 429 && locked(reply) > 0))
            .map(|reply| reply.status)
            .collect()
    };
    let accepted: Vec<u16> = at_once(&|_| guess(&world.email, "192.0.2.1"));
    assert_eq!(accepted, [401; 5], "one account, one source");
    let unknown = fresh_email();
    assert_eq!(
        at_once(&|_| guess(&unknown, "192.0.2.2")),
        [401; 5],
        "an unknown account"
    );
    // What was refused for the account was given back to the source: it has ten attempts of its twenty left.
    let accounts: Vec<String> = (0..20).map(|_| fresh_email()).collect();
    assert_eq!(
        at_once(&|n| guess(&accounts[n], "192.0.2.1")).len(),
        15,
        "one source, many accounts"
    );
    // Those that know the password get through together, as many as there may be attempts under way.
    let account = world.account();
    let accepted = at_once(&|_| right(&account, "192.0.2.9"));
    assert!(
        !accepted.is_empty() && accepted.iter().all(|status| *status == 200),
        "{accepted:?}"
    );
    let counts = |item: &Value| item["count"]["N"].as_str().unwrap_or_default().to_owned();
    let total: u32 = world
        .items()
        .iter()
        .filter(|it| text_of(it).starts_with("source#"))
        .map(|it| counts(it).parse::<u32>().unwrap())
        .sum();
    assert_eq!(total, 20 + 5, "every success was given back");
}

fn text_of(item: &Value) -> String {
    item["id"]["S"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_restart_of_the_function_forgets_nothing() {
    let Some(world) = World::new() else { return };
    let env = [("BAKEND_AUTH_THROTTLE_FIRST_LOCK", "1m")];
    for _ in 0..5 {
        fail(
            &world.later("login", "", &env),
            &world.email,
            "192.0.2.1",
            1,
        );
    }
    locked(
        &world
            .later("login", "", &env)
            .invoke(&right(&world.email, "192.0.2.1")),
    );
}

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

/// An attacker with as many sources as they like, who never stops, keeps the user out for a minute at a time: not for
/// longer, and afterwards the user is in.
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
        // All through the lock the attacker goes on, at the end of it and just before the user comes.
        for within in [20, 40, wait - 4] {
            let attackers = world.later("login", &format!("{}s", clock + within), &[]);
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
    // What was refused for the source was given back to the account.
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

#[test]
fn a_source_registers_ten_accounts_an_hour() {
    let Some(world) = World::new() else { return };
    let register = world.later("register", "", &[]);
    let event =
        |email: &str, source: &str| credentials("register", email, PASSWORD).source_ip(source);
    for n in 0..10 {
        // Whether the address is taken is for sale at the same price.
        let (email, status) = if n % 2 == 0 {
            (fresh_email(), 201)
        } else {
            (world.email.clone(), 409)
        };
        let _ = register.invoke(&event(&email, "192.0.2.50")).expect(status);
    }
    let refused = [
        register.invoke(&event(&fresh_email(), "192.0.2.50")),
        register.invoke(&event(&world.email, "192.0.2.50")),
    ];
    for reply in &refused {
        assert!((3500..=3600).contains(&locked(reply)));
    }
    let _ = register
        .invoke(&event(&fresh_email(), "192.0.2.51"))
        .expect(201);
    // A login from there is another matter.
    let _ = world
        .login()
        .invoke(&right(&world.email, "192.0.2.50"))
        .expect(200);
    let _ = world
        .later("register", "3601s", &[])
        .invoke(&event(&fresh_email(), "192.0.2.50"))
        .expect(201);
}

#[test]
fn a_session_is_refreshed_thirty_times_a_minute() {
    let Some(world) = World::new() else { return };
    let begin = || {
        text(
            &world
                .login()
                .invoke(&right(&world.email, "192.0.2.1"))
                .expect(200),
            "refreshToken",
        )
    };
    let refresh = world.later("refresh", "", &[]);
    let with = |token: &str| {
        Event::new("POST", "/api/auth/refresh").json(&json!({ "refreshToken": token }))
    };
    let (mut token, mut other) = (begin(), begin());
    for _ in 0..30 {
        token = text(&refresh.invoke(&with(&token)).expect(200), "refreshToken");
    }
    for _ in 0..3 {
        assert!((40..=60).contains(&locked(&refresh.invoke(&with(&token)))));
    }
    // Another session has a count of its own, and the token that was refused is as good as before.
    other = text(&refresh.invoke(&with(&other)).expect(200), "refreshToken");
    let later = world.later("refresh", "61s", &[]);
    token = text(&later.invoke(&with(&token)).expect(200), "refreshToken");
    for token in [token, other] {
        let _ = later.invoke(&with(&token)).expect(200);
    }
}

#[test]
fn refreshes_at_once_with_one_token_are_one_refresh() {
    let Some(world) = World::new() else { return };
    let mut token = text(
        &world
            .login()
            .invoke(&right(&world.email, "192.0.2.1"))
            .expect(200),
        "refreshToken",
    );
    let refreshes: Vec<Instance<'_>> = (0..4).map(|_| world.later("refresh", "", &[])).collect();
    let with = |token: &str| {
        Event::new("POST", "/api/auth/refresh").json(&json!({ "refreshToken": token }))
    };
    // The first in its minute, and then those that are counted.
    for _ in 0..6 {
        let replies: Vec<Reply> = thread::scope(|scope| {
            let token = &token;
            let threads: Vec<_> = refreshes
                .iter()
                .map(|refresh| scope.spawn(move || refresh.invoke(&with(token))))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let done: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 200).collect();
        assert_eq!(done.len(), 1);
        token = text(done[0], "refreshToken");
    }
}

#[test]
fn every_number_is_a_setting() {
    let Some(world) = World::new() else { return };
    let tried = |function: &str, env: &[(&str, &str)], event: &dyn Fn(usize) -> Event| {
        let instance = world.later(function, "", env);
        let replies: Vec<Reply> = (0..6).map(|n| instance.invoke(&event(n))).collect();
        let accepted = replies
            .iter()
            .take_while(|reply| reply.status != 429)
            .count();
        (accepted, replies.get(accepted).map_or(0, locked))
    };
    let to_one =
        |email: String, network: u8| move |_: usize| guess(&email, &format!("198.18.{network}.1"));
    let lock = [
        ("BAKEND_AUTH_THROTTLE_ATTEMPTS", "2"),
        ("BAKEND_AUTH_THROTTLE_FIRST_LOCK", "100s"),
    ];
    assert_eq!(tried("login", &lock, &to_one(fresh_email(), 1)), (2, 100));
    let longest = [&lock[..], &[("BAKEND_AUTH_THROTTLE_LONGEST_LOCK", "100s")]].concat();
    assert_eq!(
        tried("login", &longest, &to_one(fresh_email(), 2)),
        (2, 100)
    );
    let account = [
        ("BAKEND_AUTH_THROTTLE_ACCOUNT_ATTEMPTS", "3"),
        ("BAKEND_AUTH_THROTTLE_ACCOUNT_LOCK", "33s"),
    ];
    let email = fresh_email();
    assert_eq!(
        tried("login", &account, &|n| guess(
            &email,
            &format!("198.18.3.{n}")
        )),
        (3, 33)
    );
    let source = [
        ("BAKEND_AUTH_THROTTLE_SOURCE_ATTEMPTS", "4"),
        ("BAKEND_AUTH_THROTTLE_WINDOW", "2h"),
    ];
    let (accepted, wait) = tried("login", &source, &|_| guess(&fresh_email(), "198.18.4.1"));
    assert!(
        accepted == 4 && (7190..=7200).contains(&wait),
        "{accepted} {wait}"
    );
    let registrations = [
        ("BAKEND_AUTH_THROTTLE_REGISTRATIONS", "1"),
        ("BAKEND_AUTH_THROTTLE_REGISTRATION_WINDOW", "10m"),
    ];
    let (accepted, wait) = tried("register", &registrations, &|_| {
        credentials("register", &fresh_email(), PASSWORD).source_ip("198.18.5.1")
    });
    assert!(
        accepted == 1 && (590..=600).contains(&wait),
        "{accepted} {wait}"
    );

    let refresh = world.later(
        "refresh",
        "",
        &[
            ("BAKEND_AUTH_THROTTLE_REFRESHES", "1"),
            ("BAKEND_AUTH_THROTTLE_REFRESH_WINDOW", "10m"),
        ],
    );
    let with = |token: &str| {
        Event::new("POST", "/api/auth/refresh").json(&json!({ "refreshToken": token }))
    };
    let token = text(
        &world
            .login()
            .invoke(&right(&world.email, "198.18.6.1"))
            .expect(200),
        "refreshToken",
    );
    let token = text(&refresh.invoke(&with(&token)).expect(200), "refreshToken");
    assert!((590..=600).contains(&locked(&refresh.invoke(&with(&token)))));
}

/// Otherwise whoever has stolen an access token has as many guesses as they like.
#[test]
fn a_password_that_is_confirmed_counts_as_a_login() {
    let Some(world) = World::new() else { return };
    let slow = [("BAKEND_AUTH_THROTTLE_FIRST_LOCK", "1m")];
    let login = world.later("login", "", &slow);
    let wrong = "not the password of anybody";
    let change = json!({ "currentPassword": wrong, "newPassword": "another password" });
    for (function, method, path, body, status) in [
        (
            "password-change",
            "POST",
            "/api/auth/password/change",
            change,
            400,
        ),
        (
            "me-delete",
            "DELETE",
            "/api/auth/me",
            json!({ "password": wrong }),
            400,
        ),
        (
            "me-restore",
            "POST",
            "/api/auth/me/restore",
            json!({ "password": wrong }),
            401,
        ),
    ] {
        let email = world.account();
        let session = login.invoke(&right(&email, "192.0.2.1")).expect(200).json();
        let token = session["accessToken"].as_str().unwrap_or_default();
        let mut body = body;
        let mut event = Event::new(method, path).source_ip("192.0.2.1");
        if function == "me-restore" {
            body["email"] = json!(email);
        } else {
            event = event.token(token);
        }
        let (event, confirm) = (event.json(&body), world.later(function, "", &slow));
        for _ in 0..5 {
            let _ = confirm.invoke(&event).expect(status);
        }
        assert!(
            (50..=60).contains(&locked(&confirm.invoke(&event))),
            "{function}"
        );
        locked(&login.invoke(&right(&email, "192.0.2.1")));
        let _ = login.invoke(&right(&email, "192.0.2.3")).expect(200);
    }
    // Without a token nobody gets as far as that.
    let before = world.items().len();
    let change =
        Event::new("POST", "/api/auth/password/change").json(&json!({ "currentPassword": "x" }));
    let _ = world
        .later("password-change", "", &[])
        .invoke(&change)
        .expect(401);
    assert_eq!(world.items().len(), before);
}

/// Where attempts cannot be counted nobody logs in and nobody registers: otherwise whoever slows the table down has as
/// many guesses as they like.
#[test]
fn a_table_that_fails_lets_nobody_through() {
    let Some(world) = World::new() else { return };
    let login = world.login();
    let register = world.later("register", "", &[]);
    for fault in [Fault::Throttle, Fault::Internal, Fault::Close] {
        for (instance, event) in [
            (&login, right(&world.email, "192.0.2.1")),
            (&register, credentials("register", &fresh_email(), PASSWORD)),
        ] {
            world.apart.proxy.fault(
                Rule::new(fault.clone())
                    .key(&instance.key)
                    .table("_throttle"),
            );
            let reply = instance.invoke(&event);
            world.apart.proxy.clear(&instance.key);
            look::refused(
                &reply,
                503,
                "common/unavailable",
                "The service is busy; try again in a moment.",
            );
            assert!([200, 201].contains(&instance.invoke(&event).status));
        }
    }
}
