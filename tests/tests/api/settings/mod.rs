//! Settings: values that keep a function from starting, the signing secret, and cross-origin requests.

mod origins;
mod secrets;
mod shown;

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;
use std::time::{Duration, Instant};

use api::endpoints::PAGE;
use api::fingerprint::Fingerprints;
use api::project::VARIABLE;
use blackbox::project::tested;
use blackbox::{Event, Inside, Instance, PASSWORD, Reply, fresh_email, stack};
use local::dynamo::{Dynamo, Storage};
use local::proxy::Proxy;
use serde_json::{Value, json};

use crate::auth::look::{self, masked, text, wrong_refresh_token, wrong_token};
use crate::auth::{forge, items};

/// The end of a process that should not have started: its success and its output.
struct End {
    well: bool,
    output: String,
    complaints: String,
}

/// Starts a function in this environment alone, with a Lambda and a DynamoDB that must not be called, and waits for its
/// end.
fn start(inside: &Inside, function: &str, env: &[(&str, &str)]) -> End {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut child = inside
        .command(function)
        .env_clear()
        .env(VARIABLE, &tested().folder)
        .env("AWS_LAMBDA_RUNTIME_API", &address)
        .env("AWS_LAMBDA_FUNCTION_NAME", function)
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "nobody")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{address}"))
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            break child.wait().unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let (mut output, mut complaints) = (String::new(), String::new());
    child.stdout.unwrap().read_to_string(&mut output).unwrap();
    child
        .stderr
        .unwrap()
        .read_to_string(&mut complaints)
        .unwrap();
    assert!(
        listener.accept().is_err(),
        "{function} called somebody before it ended: {output}{complaints}"
    );
    End {
        well: status.success(),
        output,
        complaints,
    }
}

/// The function fails before it has called any service, with one line that names this.
#[track_caller]
fn refuses(inside: &Inside, function: &str, env: &[(&str, &str)], named: &str) {
    let end = start(inside, function, env);
    assert!(!end.well, "{function} {env:?}");
    assert_eq!(end.complaints, "");
    assert_eq!(end.output.lines().count(), 1, "{}", end.output);
    let line: Value = serde_json::from_str(&end.output).unwrap();
    assert_eq!(
        (&line["level"], &line["endpoint"]),
        (&json!("FATAL"), &json!(function))
    );
    let message = line["message"].as_str().unwrap();
    assert!(message.contains(named), "{named} in {message}");
    for (name, value) in env
        .iter()
        .filter(|(name, _)| *name == "BAKEND_AUTH_JWT_SECRET")
    {
        assert!(!message.contains(value), "{name} in {message}");
    }
}

#[test]
fn the_sample_secrets_are_refused_in_the_cloud_by_every_function() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for entry in PAGE {
        for secret in ["change-me-in-production", "dev-only-change-me"] {
            for cloud in [
                vec![],
                vec![("BAKEND_ENV", "cloud")],
                vec![("BAKEND_ENV", "")],
            ] {
                let mut env = vec![
                    ("BAKEND_TABLE_PREFIX", "app-"),
                    ("BAKEND_AUTH_JWT_SECRET", secret),
                ];
                env.extend(cloud);
                refuses(inside, entry.name, &env, "auth.jwtSecret is a sample");
            }
        }
    }
}

#[test]
fn a_short_secret_is_refused_everywhere() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let short = "x".repeat(31);
    for env in ["cloud", "local"] {
        for secret in ["x", short.as_str()] {
            let env = [
                ("BAKEND_TABLE_PREFIX", "app-"),
                ("BAKEND_ENV", env),
                ("BAKEND_AUTH_JWT_SECRET", secret),
            ];
            refuses(
                inside,
                "login",
                &env,
                "auth.jwtSecret: must have at least 32 bytes (BAKEND_AUTH_JWT_SECRET)",
            );
        }
    }
}

#[test]
fn the_prefix_is_needed_in_the_cloud() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for env in [vec![], vec![("BAKEND_TABLE_PREFIX", "")]] {
        refuses(inside, "login", &env, "BAKEND_TABLE_PREFIX");
    }
}

#[test]
fn a_bad_value_is_refused_by_its_key() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for (name, value, named) in [
        ("BAKEND_ENV", "prod", "BAKEND_ENV"),
        ("BAKEND_ENV", "LOCAL", "BAKEND_ENV"),
        ("BAKEND_CLOCK_OFFSET", "1h", "BAKEND_CLOCK_OFFSET"),
        ("BAKEND_AUTH_ACCESS_TOKEN_TTL", "15", "auth.accessTokenTtl"),
        (
            "BAKEND_AUTH_ACCESS_TOKEN_TTL",
            "15 m",
            "auth.accessTokenTtl",
        ),
        ("BAKEND_AUTH_ACCESS_TOKEN_TTL", "-1s", "auth.accessTokenTtl"),
        ("BAKEND_AUTH_ACCESS_TOKEN_TTL", "0s", "auth.accessTokenTtl"),
        ("BAKEND_AUTH_ACCESS_TOKEN_TTL", "25h", "auth.accessTokenTtl"),
        (
            "BAKEND_AUTH_ACCESS_TOKEN_TTL",
            "99999999999999999999d",
            "auth.accessTokenTtl",
        ),
        (
            "BAKEND_AUTH_REFRESH_TOKEN_TTL",
            "31d",
            "auth.refreshTokenTtl",
        ),
        ("BAKEND_AUTH_SESSION_MAX_AGE", "367d", "auth.sessionMaxAge"),
        ("BAKEND_AUTH_REFRESH_GRACE", "61s", "auth.refreshGrace"),
        (
            "BAKEND_CORS_ALLOWED_ORIGINS",
            "https://a.example/",
            "cors.allowedOrigins[0]",
        ),
        ("BAKEND_AUTH_REFRESH_REUSE", "loose", "auth.refreshReuse"),
        ("BAKEND_AUTH_SESSION_CHECK", "never", "auth.sessionCheck"),
        (
            "BAKEND_AUTH_PASSWORD_MIN_LENGTH",
            "7",
            "auth.password.minLength",
        ),
        (
            "BAKEND_AUTH_PASSWORD_MAX_LENGTH",
            "129",
            "auth.password.maxLength",
        ),
        (
            "BAKEND_AUTH_PASSWORD_MIN_LENGTH",
            "eight",
            "auth.password.minLength",
        ),
        ("BAKEND_AUTH_BCRYPT_COST", "9", "auth.bcryptCost"),
        ("BAKEND_AUTH_BCRYPT_COST", "17", "auth.bcryptCost"),
        ("BAKEND_AUTH_BCRYPT_COST", "10.5", "auth.bcryptCost"),
        (
            "BAKEND_AUTH_COOKIE_SAME_SITE",
            "strict",
            "auth.cookieSameSite",
        ),
        (
            "BAKEND_AUTH_THROTTLE_ATTEMPTS",
            "0",
            "auth.throttle.attempts",
        ),
        (
            "BAKEND_AUTH_THROTTLE_ACCOUNT_ATTEMPTS",
            "-1",
            "auth.throttle.accountAttempts",
        ),
        (
            "BAKEND_AUTH_THROTTLE_SOURCE_ATTEMPTS",
            "1000001",
            "auth.throttle.sourceAttempts",
        ),
        ("BAKEND_AUTH_THROTTLE_WINDOW", "25h", "auth.throttle.window"),
        (
            "BAKEND_AUTH_THROTTLE_FIRST_LOCK",
            "16m",
            "auth.throttle.firstLock",
        ),
        (
            "BAKEND_AUTH_THROTTLE_LONGEST_LOCK",
            "0s",
            "auth.throttle.longestLock",
        ),
        (
            "BAKEND_AUTH_THROTTLE_ACCOUNT_LOCK",
            "61s",
            "auth.throttle.accountLock",
        ),
        (
            "BAKEND_AUTH_THROTTLE_REGISTRATIONS",
            "none",
            "auth.throttle.registrations",
        ),
        (
            "BAKEND_AUTH_THROTTLE_REGISTRATION_WINDOW",
            "0s",
            "auth.throttle.registrationWindow",
        ),
        (
            "BAKEND_AUTH_THROTTLE_REFRESHES",
            "0",
            "auth.throttle.refreshes",
        ),
        (
            "BAKEND_AUTH_THROTTLE_REFRESH_WINDOW",
            "2h",
            "auth.throttle.refreshWindow",
        ),
    ] {
        refuses(
            inside,
            "login",
            &[("BAKEND_TABLE_PREFIX", "app-"), (name, value)],
            named,
        );
    }
}

fn register(variant: &Instance<'_>) -> Reply {
    let body = json!({ "email": fresh_email(), "password": PASSWORD });
    variant
        .invoke(&Event::new("POST", "/api/auth/register").json(&body))
        .expect(201)
}

#[test]
fn locally_a_sample_secret_is_a_warning() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for secret in ["change-me-in-production", "dev-only-change-me"] {
        let variant = inside.variant(
            "register",
            "sample",
            1,
            &[("BAKEND_AUTH_JWT_SECRET", secret)],
        );
        let reply = register(&variant);
        let token = text(&reply, "accessToken");
        assert!(forge::is_signed_by(&token, secret));
        let warnings: Vec<Value> = variant
            .log()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .filter(|line: &Value| line["level"] == "WARN")
            .collect();
        assert_eq!(warnings.len(), 1, "{}", variant.log());
        assert!(
            warnings[0]["message"]
                .as_str()
                .is_some_and(|text| text.contains("auth.jwtSecret is a sample"))
        );
        assert!(!variant.log().contains(secret));
    }
}

#[test]
fn every_key_is_a_variable() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let env = [
        ("BAKEND_AUTH_PASSWORD_MIN_LENGTH", "12"),
        ("BAKEND_AUTH_PASSWORD_MAX_LENGTH", "64"),
        ("BAKEND_AUTH_ACCESS_TOKEN_TTL", "30s"),
        ("BAKEND_AUTH_BCRYPT_COST", "5"),
    ];
    let variant = inside.variant("register", "keys", 1, &env);
    let post = |email: &str, password: &str| {
        let body = json!({ "email": email, "password": password });
        variant.invoke(&Event::new("POST", "/api/auth/register").json(&body))
    };
    look::invalid(
        &post(&fresh_email(), "elevenbytes"),
        &[("password", "too-short")],
    );
    look::invalid(
        &post(&fresh_email(), &"x".repeat(65)),
        &[("password", "too-long")],
    );
    let email = fresh_email();
    let reply = post(&email, "twelve bytes").expect(201);
    let mut expected = look::signed_in(&email, "authenticated");
    expected["expiresIn"] = json!(30);
    assert_eq!(masked(&reply.json()), expected);
    assert!(items::stored_hash(inside, &email).starts_with("$2b$05$"));
}

/// `cargo generate && sam deploy` without `cargo ship`: the template of new definitions, the binaries of the old ones.
#[test]
fn the_template_of_other_definitions_keeps_every_function_from_starting() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let other = Fingerprints::of("{}", &[], &[]);
    for entry in PAGE {
        let other = other.for_guard(entry.guard);
        for (mark, named) in [(other, "cargo ship"), ("", "BAKEND_FINGERPRINT is not set")] {
            let cloud = [
                ("BAKEND_TABLE_PREFIX", "app-"),
                ("BAKEND_FINGERPRINT", mark),
            ];
            refuses(inside, entry.name, &cloud, named);
        }
    }
    let local = [("BAKEND_ENV", "local"), ("BAKEND_FINGERPRINT", "0")];
    refuses(
        inside,
        "login",
        &local,
        "Run cargo generate and cargo ship, then deploy again",
    );
}
