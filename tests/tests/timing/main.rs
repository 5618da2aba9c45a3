//! Whether the time of an answer tells if an address has an account, and what has become of it. Failed logins and requests
//! for a mail are measured. A binary of its own: cargo runs it after the rest of the suite, which would be its noise.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has to stop"
)]

#[allow(dead_code, reason = "one function is for these tests")]
#[path = "../api/auth/items.rs"]
mod items;
#[allow(dead_code, reason = "one function is for these tests")]
#[path = "../api/auth/look.rs"]
mod look;
mod mails;

use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use blackbox::{Event, Inside, Instance, PASSWORD, Reply, fresh_email, stack};
use serde_json::json;

/// Logins of each kind to a round.
const ROUND: usize = 25;
/// The most rounds.
const ROUNDS: usize = 20;

/// Held by a measuring test: these tests would disturb each other.
static QUIET: Mutex<()> = Mutex::new(());

/// One kind of address, and its login.
struct Kind {
    name: &'static str,
    event: Event,
    times: Vec<f64>,
}

impl Kind {
    /// Guesses from a source of this kind alone, so that all have been counted as often as each other.
    fn new(name: &'static str, email: &str, source: u8) -> Self {
        let body = json!({ "email": email, "password": "not the password of anybody" });
        let event = Event::new("POST", "/api/auth/login")
            .json(&body)
            .source_ip(&format!("198.18.100.{source}"));
        Self {
            name,
            event,
            times: Vec::new(),
        }
    }

    /// The time that three in four answers exceeded: other load on the machine only ever adds to a time.
    fn quartile(&self) -> f64 {
        let mut sorted = self.times.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 4]
    }
}

/// An account whose hash has this cost, and its access token.
fn account(inside: &Inside, cost: &str) -> (String, String, String) {
    let email = fresh_email();
    let register = inside.variant(
        "register",
        "timing",
        1,
        &[("BAKEND_AUTH_BCRYPT_COST", cost)],
    );
    let body = json!({ "email": email, "password": PASSWORD });
    let made = register
        .invoke(&Event::new("POST", "/api/auth/register").json(&body))
        .expect(201)
        .json();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    (email, text(&made["user"]["id"]), text(&made["accessToken"]))
}

/// Compares the kinds with one another; prints their lower quartiles and keeps the slowest within `bound` of the fastest.
///
/// All requests go through one instance, in turns that begin with another kind each time, so that other load hits all
/// alike. Quartiles leave out load that hits one kind. Where the rest of the suite makes so much noise that they are
/// not clearly within the bound, more rounds are added to the first. All of them count, so a real difference stays, and
/// a lucky round near the bound ends nothing.
fn compare(
    what: &str,
    variant: &Instance<'_>,
    kinds: &mut [Kind],
    look: fn(&Reply),
    round: usize,
    bound: f64,
) {
    let _quiet = QUIET.lock().unwrap_or_else(PoisonError::into_inner);
    let ask = |kind: &Kind| {
        let start = Instant::now();
        let reply = variant.invoke(&kind.event);
        let taken = start.elapsed().as_secs_f64() * 1000.0;
        look(&reply);
        taken
    };
    for _ in 0..5 {
        kinds.iter().map(ask).for_each(drop);
    }
    let (mut fastest, mut slowest) = (0.0, 0.0);
    for _ in 0..ROUNDS {
        for turn in 0..round {
            for place in 0..kinds.len() {
                let place = if turn % 2 == 0 {
                    place
                } else {
                    kinds.len() - 1 - place
                };
                let kind = (place + turn / 2) % kinds.len();
                let taken = ask(&kinds[kind]);
                kinds[kind].times.push(taken);
            }
        }
        let quartiles: Vec<f64> = kinds.iter().map(Kind::quartile).collect();
        (fastest, slowest) = quartiles.iter().fold((f64::MAX, 0.0), |(low, high), it| {
            (it.min(low), it.max(high))
        });
        if slowest / fastest <= 1.0 + 0.6 * bound {
            break;
        }
    }
    let quartiles: Vec<String> = kinds
        .iter()
        .map(|kind| format!("{} {:.2} ms", kind.name, kind.quartile()))
        .collect();
    let (count, ratio) = (kinds[0].times.len(), slowest / fastest);
    let line = format!(
        "timing: {count} {what} of each kind, lower quartiles: {}; ratio {ratio:.3}",
        quartiles.join(", ")
    );
    #[expect(
        clippy::explicit_write,
        reason = "the test harness keeps what println! says to itself"
    )]
    writeln!(io::stdout(), "{line}").unwrap();
    assert!(ratio <= 1.0 + bound, "ratio {ratio:.3}");
}

/// An address that nobody has, and addresses of accounts.
fn addresses(inside: &Inside) -> [(&'static str, String); 4] {
    let [known, disabled, deleted] = [(); 3].map(|()| account(inside, "10"));
    items::set_user(
        inside,
        &disabled.1,
        &json!({ "disabled": { "BOOL": true } }),
    );
    let delete = Event::new("DELETE", "/api/auth/me")
        .json(&json!({ "password": PASSWORD }))
        .token(&deleted.2);
    let _ = inside.invoke("me-delete", &delete).expect(204);
    [
        ("unknown", fresh_email()),
        ("known", known.0),
        ("disabled", disabled.0),
        ("deleted", deleted.0),
    ]
}

/// The kinds of accounts whose password an attacker may guess.
fn kinds(inside: &Inside, first: u8) -> Vec<Kind> {
    (first..)
        .zip(addresses(inside))
        .map(|(source, (name, email))| Kind::new(name, &email, source))
        .collect()
}

#[test]
fn a_failed_login_takes_as_long_whatever_the_address_is() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let variant = inside.variant("login", "timing", 1, &[("BAKEND_AUTH_BCRYPT_COST", "10")]);
    let mut kinds = kinds(inside, 0);
    compare(
        "failed logins at bcrypt cost 10",
        &variant,
        &mut kinds,
        look::wrong_credentials,
        ROUND,
        0.05,
    );
}

/// As after `auth.bcryptCost` was raised. The difference to the current cost is made up in four hashes instead of one,
/// each with its own beginning.
#[test]
fn an_unknown_address_takes_as_long_as_one_whose_hash_is_of_a_lower_cost() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let variant = inside.variant("login", "timing", 1, &[("BAKEND_AUTH_BCRYPT_COST", "10")]);
    let mut kinds = [
        Kind::new("unknown", &fresh_email(), 10),
        Kind::new("with a hash of cost 6", &account(inside, "6").0, 11),
    ];
    compare(
        "failed logins at bcrypt cost 10",
        &variant,
        &mut kinds,
        look::wrong_credentials,
        ROUND,
        0.1,
    );
}

#[test]
fn a_locked_login_takes_as_long_whatever_the_address_is() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let env = [
        ("BAKEND_AUTH_THROTTLE_ATTEMPTS", "1"),
        ("BAKEND_AUTH_THROTTLE_FIRST_LOCK", "15m"),
    ];
    let variant = inside.variant("login", "timing", 1, &env);
    let mut kinds = kinds(inside, 20);
    for kind in &kinds {
        look::wrong_credentials(&variant.invoke(&kind.event));
    }
    let locked = |reply: &Reply| {
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (429, "auth/too-many-requests")
        )
    };
    compare(
        "locked logins",
        &variant,
        &mut kinds,
        locked,
        2 * ROUND,
        0.05,
    );
}
