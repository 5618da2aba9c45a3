//! Whether the time of a failed login tells if an address has an account.

use std::io::{self, Write as _};
use std::time::Instant;

use blackbox::{Event, Instance, PASSWORD, fresh_email, stack};
use serde_json::json;

use crate::auth::look;

/// Logins to a round, of both kinds together.
const ROUND: usize = 200;
/// The most rounds.
const ROUNDS: usize = 5;

/// The milliseconds of one failed login.
fn failed_login(variant: &Instance<'_>, email: &str) -> f64 {
    let body = json!({ "email": email, "password": "not the password of anybody" });
    let event = Event::new("POST", "/api/auth/login").json(&body);
    let start = Instant::now();
    let reply = variant.invoke(&event);
    let taken = start.elapsed().as_secs_f64() * 1000.0;
    look::wrong_credentials(&reply);
    taken
}

fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    f64::midpoint(sorted[middle - 1], sorted[middle])
}

/// Compares an unknown address with one whose hash was made at `stored` cost; prints both medians and keeps their ratio
/// within `bound` of one.
///
/// Both kinds go the same way, through one instance, in turns of known-unknown and unknown-known, so that whatever else
/// the machine does hits both alike; medians leave out what hits one. Where the rest of the suite makes so much noise
/// that the ratio is not clearly within the bound, more rounds are added to the first. All of them count, so a real
/// difference stays, and a lucky round near the bound ends nothing.
fn compare(stored: &str, known_as: &str, bound: f64) {
    let Some(inside) = stack().inside() else { return };
    let email = fresh_email();
    let register = inside.variant("register", "timing", 1, &[("BAKEND_AUTH_BCRYPT_COST", stored)]);
    let body = json!({ "email": email, "password": PASSWORD });
    let _ = register.invoke(&Event::new("POST", "/api/auth/register").json(&body)).expect(201);
    drop(register);

    let variant = inside.variant("login", "timing", 1, &[("BAKEND_AUTH_BCRYPT_COST", "10")]);
    let (mut unknown, mut known) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        failed_login(&variant, &email);
        failed_login(&variant, &fresh_email());
    }
    let mut ratio = 0.0;
    for _ in 0..ROUNDS {
        for pair in 0..ROUND / 2 {
            if pair % 2 == 0 {
                unknown.push(failed_login(&variant, &fresh_email()));
                known.push(failed_login(&variant, &email));
            } else {
                known.push(failed_login(&variant, &email));
                unknown.push(failed_login(&variant, &fresh_email()));
            }
        }
        ratio = median(&unknown) / median(&known);
        if (ratio - 1.0).abs() <= 0.6 * bound {
            break;
        }
    }
    let line = format!(
        "login timing: {} interleaved failed logins at bcrypt cost 10: median of an unknown address {:.2} ms, of \
         {known_as} {:.2} ms, ratio {ratio:.3}",
        unknown.len() + known.len(),
        median(&unknown),
        median(&known)
    );
    #[expect(clippy::explicit_write, reason = "the test harness keeps what println! says to itself")]
    writeln!(io::stdout(), "{line}").unwrap();
    assert!((ratio - 1.0).abs() <= bound, "ratio {ratio:.3}");
}

#[test]
fn an_unknown_address_takes_as_long_as_a_wrong_password() {
    compare("10", "a known one", 0.05);
}

/// As after `auth.bcryptCost` was raised. What is missing to the current cost is made up in four hashes instead of one,
/// each with its own beginning.
#[test]
fn an_unknown_address_takes_as_long_as_one_whose_hash_is_of_a_lower_cost() {
    compare("6", "one with a hash of cost 6", 0.1);
}
