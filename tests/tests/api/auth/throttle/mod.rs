//! The limits of attempts.

mod brownout;
mod counts;
mod others;
mod sources;

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

/// Tables, functions with the numbers of the cloud, and the address of an account.
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

    /// The counted attempts.
    fn items(&self) -> Vec<Value> {
        let scan = json!({ "TableName": "local-_throttle" });
        let found = self.apart.dynamo.engine().call("Scan", &scan).unwrap();
        found["Items"].as_array().cloned().unwrap_or_default()
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

/// The statuses of one request of each instance, all at the same moment, without the refusals of a lock.
fn at_once(logins: &[Instance<'_>], event: &(dyn Fn(usize) -> Event + Sync)) -> Vec<u16> {
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
}

#[test]
fn many_instances_at_once_let_no_more_through_than_one() {
    let Some(world) = World::new() else { return };
    let env = [("BAKEND_AUTH_THROTTLE_FIRST_LOCK", "1m")];
    let logins: Vec<Instance<'_>> = (0..20).map(|_| world.later("login", "", &env)).collect();
    let at_once = |event: &(dyn Fn(usize) -> Event + Sync)| at_once(&logins, event);
    let accepted: Vec<u16> = at_once(&|_| guess(&world.email, "192.0.2.1"));
    assert_eq!(accepted, [401; 5], "one account, one source");
    let unknown = fresh_email();
    assert_eq!(
        at_once(&|_| guess(&unknown, "192.0.2.2")),
        [401; 5],
        "an unknown account"
    );
    // Attempts refused for the account were given back to the source: it has ten attempts of its twenty left.
    let accounts: Vec<String> = (0..20).map(|_| fresh_email()).collect();
    assert_eq!(
        at_once(&|n| guess(&accounts[n], "192.0.2.1")).len(),
        15,
        "one source, many accounts"
    );
    // Logins with the right password succeed together, up to the limit of attempts under way.
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

/// A source that counts nothing yet guesses one password of many accounts, all at the same moment. It learns as many wrong
/// ones as it may, and is locked.
#[test]
fn a_burst_of_a_source_over_many_accounts_learns_no_more_than_its_limit() {
    let Some(world) = World::new() else { return };
    let env = [("BAKEND_AUTH_THROTTLE_SOURCE_ATTEMPTS", "5")];
    let logins: Vec<Instance<'_>> = (0..20).map(|_| world.later("login", "", &env)).collect();
    let accounts: Vec<String> = (0..20).map(|_| fresh_email()).collect();
    let told = at_once(&logins, &|n| guess(&accounts[n], "192.0.2.30"));
    assert_eq!(told, [401; 5]);
    locked(&logins[0].invoke(&right(&world.email, "192.0.2.30")));
    let source = world
        .items()
        .into_iter()
        .filter(|item| text_of(item).starts_with("source#"));
    let counts: Vec<Value> = source.map(|item| item["count"]["N"].clone()).collect();
    assert_eq!(counts, ["5"]);
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
