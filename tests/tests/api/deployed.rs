//! Behaviour that only a deployment can show: the gateway's CORS, and cookies as the template's parameters make them.
//! The other tests that `cargo rehearse` runs are named in `tests/deployed.txt`.

use std::collections::BTreeSet;
use std::process::Command;
use std::{env, fs};

use api::endpoints::PAGE;
use blackbox::{PASSWORD, Reply, fresh_email, stack};
use serde_json::json;

/// An origin that is not allowed.
const EVIL: &str = "https://evil.example";

#[test]
fn every_marked_test_is_there_and_every_endpoint_has_one() {
    let text = fs::read_to_string(local::root().join("tests/deployed.txt")).unwrap();
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (mut tests, mut endpoints) = (BTreeSet::new(), BTreeSet::new());
    for line in lines {
        let mut words = line.split_whitespace();
        tests.extend(words.next());
        endpoints.extend(words);
    }
    let page: BTreeSet<&str> = PAGE.iter().map(|entry| entry.name).collect();
    let missing: Vec<_> = page.symmetric_difference(&endpoints).collect();
    assert!(
        missing.is_empty(),
        "tests/deployed.txt must have a test for each endpoint of the page and no others: {missing:?}"
    );
    let listed = Command::new(env::current_exe().unwrap())
        .arg("--list")
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let there: BTreeSet<&str> = listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .collect();
    let gone: Vec<_> = tests.difference(&there).collect();
    assert!(
        gone.is_empty(),
        "tests/deployed.txt names what is no test: {gone:?}"
    );
}

#[test]
fn pages_of_the_allowed_origin_alone_may_call() {
    let Some(origin) = stack().allowed_origin() else {
        return;
    };
    let preflight = |origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "PATCH"),
            ("access-control-request-headers", "authorization"),
        ];
        stack()
            .stranger()
            .send("OPTIONS", "/api/auth/me", &headers, None)
    };
    let told = preflight(&origin);
    assert!(told.status < 300, "{}", told.status);
    assert_eq!(told.header(ALLOW_ORIGIN), Some(origin.as_str()));
    assert_eq!(
        told.header("access-control-allow-credentials"),
        Some("true")
    );
    let methods = told
        .header("access-control-allow-methods")
        .unwrap_or_default();
    assert!(methods.contains("PATCH"), "{methods}");
    assert_eq!(preflight(EVIL).header(ALLOW_ORIGIN), None);

    let get = |origin: &str| {
        let stranger = stack().stranger();
        stranger.send("GET", "/api/health", &[("origin", origin)], None)
    };
    assert_eq!(get(&origin).header(ALLOW_ORIGIN), Some(origin.as_str()));
    assert_eq!(get(EVIL).header(ALLOW_ORIGIN), None);
}

const ALLOW_ORIGIN: &str = "access-control-allow-origin";

#[test]
fn a_cookie_is_tied_to_its_host_and_to_the_allowed_origin() {
    let Some(origin) = stack().allowed_origin() else {
        return;
    };
    let post = |path: &str, headers: &[(&str, &str)], body: &[u8]| -> Reply {
        stack().stranger().send("POST", path, headers, Some(body))
    };
    let credentials = json!({ "email": fresh_email(), "password": PASSWORD }).to_string();
    let json = ("content-type", "application/json");
    let headers = [json, ("x-refresh-token-mode", "cookie")];
    let begun = post("/api/auth/register", &headers, credentials.as_bytes()).expect(201);
    assert_eq!(begun.json().get("refreshToken"), None);
    let set = begun.header("set-cookie").unwrap_or_default();
    assert!(set.starts_with("__Host-refresh="), "{set}");
    assert!(
        set.ends_with("; Path=/; HttpOnly; Secure; SameSite=Lax"),
        "{set}"
    );
    let pair = set.split(';').next().unwrap_or_default();
    let cookies = format!("theme=dark; {pair}");
    let refresh = |origin: &str| {
        post(
            "/api/auth/refresh",
            &[("cookie", &cookies), ("origin", origin)],
            b"",
        )
    };
    assert_eq!(refresh(EVIL).expect(403).code(), "auth/origin-not-allowed");
    let next = refresh(&origin).expect(200);
    let set = next.header("set-cookie").unwrap_or_default();
    assert!(
        set.starts_with("__Host-refresh=") && !set.starts_with(pair),
        "{set}"
    );
}
