//! Requests for a mail: the time of the answer tells nothing of the address.

use blackbox::{Event, PASSWORD, Reply, stack};
use serde_json::{Value, json};

use super::{Kind, addresses, compare};

/// Requests of each kind to a round: 200 of two kinds.
const ROUND: usize = 100;

/// The same endpoint with each kind of address, each from a source of its own.
fn asking(
    what: &str,
    (function, path, env): (&str, &str, &[(&str, &str)]),
    first: u8,
    body: fn(&str) -> Value,
) {
    let Some(inside) = stack().inside() else {
        return;
    };
    let variant = inside.variant(function, "timing", 1, env);
    let mut kinds: Vec<Kind> = (first..)
        .zip(addresses(inside))
        .map(|(source, (name, email))| Kind {
            name,
            event: Event::new("POST", path)
                .json(&body(&email))
                .source_ip(&format!("198.18.100.{source}")),
            times: Vec::new(),
        })
        .collect();
    let taken = |reply: &Reply| assert_eq!(reply.status, 202, "{}", reply.text());
    compare(what, &variant, &mut kinds, taken, ROUND, 0.05);
}

#[test]
fn a_request_for_a_reset_takes_as_long_whatever_the_address_is() {
    let forgot = ("password-forgot", "/api/auth/password/forgot", &[][..]);
    let body = |email: &str| json!({ "email": email });
    asking("requests for a reset", forgot, 40, body);
}

#[test]
fn a_request_for_a_magic_link_takes_as_long_whatever_the_address_is() {
    let env = [("BAKEND_AUTH_MAGIC_LINK", "signUp")];
    let ask = ("magic-link", "/api/auth/magic-link", &env[..]);
    let body = |email: &str| json!({ "email": email });
    asking("requests for a magic link", ask, 50, body);
}

#[test]
fn a_registration_that_waits_takes_as_long_whatever_the_address_is() {
    let env = [
        ("BAKEND_MAIL_FROM", "mail@example.com"),
        ("BAKEND_AUTH_EMAIL_VERIFICATION", "required"),
    ];
    let register = ("register", "/api/auth/register", &env[..]);
    let body = |email: &str| json!({ "email": email, "password": PASSWORD });
    asking("registrations that wait", register, 60, body);
}
