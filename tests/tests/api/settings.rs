//! Settings: what keeps a function from starting, the signing secret, and cross-origin requests.

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;
use std::time::{Duration, Instant};

use api::endpoints::PAGE;
use api::project::VARIABLE;
use blackbox::project::tested;
use blackbox::{Event, Inside, Instance, PASSWORD, Reply, fresh_email, stack};
use local::dynamo::{Dynamo, Storage};
use local::proxy::Proxy;
use serde_json::{Value, json};

use crate::auth::look::{self, masked, text, wrong_refresh_token, wrong_token};
use crate::auth::{forge, items};

/// How a process ended that should not have started: whether well, and what it wrote.
struct End {
    well: bool,
    output: String,
    complaints: String,
}

/// Starts a function in this environment alone, with a Lambda and a DynamoDB that nobody may call, and waits for its
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

/// The function ends badly before it has called anybody, with one line that names this.
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
                "auth.jwtSecret must have at least 32 bytes (BAKEND_AUTH_JWT_SECRET)",
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

/// A DynamoDB of one's own, so that its `_settings` concern nobody else.
fn database(inside: &Inside) -> Dynamo {
    let dynamo = Dynamo::start(&Storage::Memory, 0).unwrap();
    dynamo.make(&inside.template.tables().unwrap()).unwrap();
    dynamo
}

/// A function on such a database, without a secret in its settings.
fn unset<'a>(inside: &'a Inside, function: &str, dynamodb: &str, count: usize) -> Instance<'a> {
    let env = [
        ("BAKEND_AUTH_JWT_SECRET", ""),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
    ];
    inside.variant(function, "unset", count, &env)
}

fn list(variant: &Instance<'_>, token: &str) -> Reply {
    variant.invoke(&Event::new("GET", "/api/notes").token(token))
}

fn refresh(variant: &Instance<'_>, token: &str) -> Reply {
    variant.invoke(&Event::new("POST", "/api/auth/refresh").json(&json!({ "refreshToken": token })))
}

fn signing() -> Value {
    json!({ "id": { "S": "signing" } })
}

#[test]
fn of_many_functions_that_start_at_once_one_makes_the_secret_for_all() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let dynamo = database(inside);
    let endpoint = dynamo.endpoint();
    // None of them writes before all of them have found nothing.
    let proxy = Proxy::start(&endpoint, &inside.template).unwrap();
    let held = proxy.hold(|rule| rule.action("PutItem").table("_settings"));
    let registers: Vec<Instance<'_>> = (0..4)
        .map(|_| unset(inside, "register", &proxy.endpoint(), 1))
        .collect();
    let logins: Vec<Instance<'_>> = (0..2)
        .map(|_| unset(inside, "login", &proxy.endpoint(), 1))
        .collect();
    let deadline = Instant::now() + Duration::from_secs(20);
    for starting in registers.iter().chain(&logins) {
        while !proxy
            .drain(&starting.key)
            .iter()
            .any(|call| call.operation == "GetItem")
        {
            assert!(
                Instant::now() < deadline,
                "{} looks for the secret",
                starting.key
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    held.release();
    let (lists, refreshes) = (
        unset(inside, "records-list", &endpoint, 1),
        unset(inside, "refresh", &endpoint, 1),
    );
    for signed_in in registers.iter().map(register) {
        assert_eq!(list(&lists, &text(&signed_in, "accessToken")).status, 200);
        let _ = refresh(&refreshes, &text(&signed_in, "refreshToken")).expect(200);
        let body = json!({ "email": signed_in.json()["user"]["email"], "password": PASSWORD });
        for login in &logins {
            let reply = login
                .invoke(&Event::new("POST", "/api/auth/login").json(&body))
                .expect(200);
            assert_eq!(list(&lists, &text(&reply, "accessToken")).status, 200);
        }
    }
    let secret = items::settings(&endpoint).get(&signing());
    let secret = secret["current"]["S"].as_str().unwrap();
    assert!(secret.len() >= 43, "at least 256 random bits");
    let token = text(&register(&registers[0]), "accessToken");
    assert!(forge::is_signed_by(&token, secret));
    let later = unset(inside, "records-list", &endpoint, 1);
    assert_eq!(list(&later, &token).status, 200, "kept, not made again");
}

#[test]
fn two_databases_have_two_secrets() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (one, other) = (database(inside), database(inside));
    let token = text(
        &register(&unset(inside, "register", &one.endpoint(), 1)),
        "accessToken",
    );
    let _ = register(&unset(inside, "register", &other.endpoint(), 1));
    let secret =
        |dynamo: &Dynamo| items::settings(&dynamo.endpoint()).get(&signing())["current"].take();
    assert_ne!(secret(&one), secret(&other));
    wrong_token(&list(
        &unset(inside, "records-list", &other.endpoint(), 1),
        &token,
    ));
}

#[test]
fn a_function_that_finds_no_secret_refuses_tokens_until_there_is_one() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let dynamo = database(inside);
    let endpoint = dynamo.endpoint();
    let lists = unset(inside, "records-list", &endpoint, 1);
    let (refreshes, logouts) = (
        unset(inside, "refresh", &endpoint, 1),
        unset(inside, "logout", &endpoint, 1),
    );
    let member = stack().member();
    let token = member.token.clone().unwrap();
    for _ in 0..2 {
        wrong_token(&list(&lists, &token));
        wrong_refresh_token(&refresh(&refreshes, &member.refresh_token));
        wrong_token(&logouts.invoke(&Event::new("POST", "/api/auth/logout").token(&token)));
        let open = lists.invoke(&Event::new("GET", "/api/posts")).expect(200);
        assert_eq!(
            open.json(),
            json!({ "items": [], "nextCursor": null }),
            "public stays public"
        );
    }
    assert_eq!(
        items::settings(&endpoint).get(&signing()),
        Value::Null,
        "they may not make it"
    );

    let signed_in = register(&unset(inside, "register", &endpoint, 1));
    let _ = list(&lists, &text(&signed_in, "accessToken")).expect(200);
    let refreshed = refresh(&refreshes, &text(&signed_in, "refreshToken")).expect(200);
    let logout = Event::new("POST", "/api/auth/logout").token(&text(&refreshed, "accessToken"));
    assert_eq!(logouts.invoke(&logout).status, 204);
    look::revoked(&list(&lists, &text(&refreshed, "accessToken")));
    wrong_token(&list(&lists, &token));
}

#[test]
fn after_a_rotation_the_previous_key_verifies_and_refreshes_and_no_longer_signs() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let dynamo = database(inside);
    let endpoint = dynamo.endpoint();
    let signed_in = register(&unset(inside, "register", &endpoint, 1));
    let (token, refresh_token) = (
        text(&signed_in, "accessToken"),
        text(&signed_in, "refreshToken"),
    );
    let old = items::settings(&endpoint).get(&signing())["current"].take();
    let new = json!({ "S": "the secret after the rotation, of 32 bytes and more" });
    items::settings(&endpoint).set(&signing(), &json!({ "current": new, "previous": old }));

    let _ = list(&unset(inside, "records-list", &endpoint, 1), &token).expect(200);
    let refreshed = refresh(&unset(inside, "refresh", &endpoint, 1), &refresh_token).expect(200);
    let fresh = text(&refreshed, "accessToken");
    assert!(forge::is_signed_by(&fresh, new["S"].as_str().unwrap()));
    assert!(!forge::is_signed_by(&token, new["S"].as_str().unwrap()));

    items::settings(&endpoint).set(&signing(), &json!({ "previous": { "NULL": true } }));
    let (lists, refreshes) = (
        unset(inside, "records-list", &endpoint, 1),
        unset(inside, "refresh", &endpoint, 1),
    );
    wrong_token(&list(&lists, &token));
    wrong_refresh_token(&refresh(&refreshes, &refresh_token));
    let _ = list(&lists, &fresh).expect(200);
    let _ = refresh(&refreshes, &text(&refreshed, "refreshToken")).expect(200);
}

#[test]
fn a_rotation_in_two_steps_locks_nobody_out() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let dynamo = database(inside);
    let endpoint = dynamo.endpoint();
    let before = register(&unset(inside, "register", &endpoint, 1));
    let old = items::settings(&endpoint).get(&signing())["current"].take();
    let new = json!({ "S": "the secret after the rotation, of 32 bytes and more" });

    // First every instance learns the new one, then it signs; warm instances never meet a key they do not know.
    items::settings(&endpoint).set(&signing(), &json!({ "current": old, "previous": new }));
    let warm = unset(inside, "records-list", &endpoint, 1);
    let _ = list(&warm, &text(&before, "accessToken")).expect(200);
    items::settings(&endpoint).set(&signing(), &json!({ "current": new, "previous": old }));
    let cold = unset(inside, "records-list", &endpoint, 1);
    let after = register(&unset(inside, "register", &endpoint, 1));
    for signed_in in [&before, &after] {
        for instance in [&warm, &cold] {
            let _ = list(instance, &text(signed_in, "accessToken")).expect(200);
        }
    }
}

#[test]
fn a_secret_that_cannot_be_read_is_no_open_door() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let alone = unset(inside, "records-list", "http://127.0.0.1:1", 1);
    for token in [member.token.as_deref().unwrap(), "garbage"] {
        let reply = list(&alone, token);
        look::refused(
            &reply,
            503,
            "common/unavailable",
            "The service is busy; try again in a moment.",
        );
        assert!(reply.header("retry-after").is_some());
    }
}

#[test]
fn a_secret_in_the_table_that_is_empty_or_short_signs_and_verifies_nothing() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let dynamo = database(inside);
    let endpoint = dynamo.endpoint();
    let token = text(
        &register(&unset(inside, "register", &endpoint, 1)),
        "accessToken",
    );
    let kept = items::settings(&endpoint).get(&signing())["current"].take();

    for broken in [
        json!({ "current": kept, "previous": { "S": "" } }),
        json!({ "current": kept, "previous": { "S": "short" } }),
        json!({ "current": { "S": "change-me-in-production" } }),
    ] {
        items::settings(&endpoint).set(&signing(), &broken);
        let logout = unset(inside, "logout", &endpoint, 1);
        let reply = logout.invoke(&Event::new("POST", "/api/auth/logout").token(&token));
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (500, "common/internal"),
            "{broken}"
        );
        assert!(
            logout.log().contains("is no signing secret of 32 bytes"),
            "{}",
            logout.log()
        );
    }
}

// Cross-origin requests: here the functions answer; in the cloud API Gateway does, from the template's parameter.

const ALLOWED_HEADERS: &str = "authorization, content-type, idempotency-key, if-match, if-none-match, x-api-key, x-refresh-token, \
     x-refresh-token-mode";

/// The headers of a reply that concern cross-origin requests.
fn cors(reply: &Reply) -> Vec<(&str, &str)> {
    let named =
        |name: &str| name.starts_with("access-control-") && name != "access-control-max-age";
    let headers = reply.headers.iter().filter(|(name, _)| named(name));
    let mut headers: Vec<(&str, &str)> = headers
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    headers.sort_unstable();
    headers
}

fn seen_by(origin: &str) -> Vec<(&str, &str)> {
    vec![
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-origin", origin),
        (
            "access-control-expose-headers",
            "etag, location, retry-after, x-request-id",
        ),
    ]
}

fn preflight(path: &str, origin: &str) -> Reply {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
    ];
    stack().stranger().send("OPTIONS", path, &headers, None)
}

const OTHERS: [&str; 6] = [
    "https://evil.example",
    "http://localhost.evil.example",
    "http://localhost:80.evil.example",
    "https://localhost:3000",
    "http://127.0.0.1:3000",
    "null",
];

#[test]
fn a_preflight_of_an_allowed_origin_is_told_what_it_may_send() {
    if stack().inside().is_none() {
        return;
    }
    for path in [
        "/api/auth/login",
        "/api/auth/refresh",
        "/api/posts",
        "/api/posts/x",
        "/api/health",
    ] {
        for origin in [
            "http://localhost:3000",
            "http://localhost:8080",
            "http://localhost",
        ] {
            let reply = preflight(path, origin);
            assert_eq!((reply.status, reply.text().as_str()), (204, ""), "{path}");
            let mut expected = seen_by(origin);
            expected.push(("access-control-allow-headers", ALLOWED_HEADERS));
            expected.push((
                "access-control-allow-methods",
                "GET, POST, PUT, PATCH, DELETE",
            ));
            expected.sort_unstable();
            assert_eq!(cors(&reply), expected, "{path}");
            assert_eq!(reply.header("vary"), Some("origin"));
        }
    }
}

/// Behind API Gateway `$default` takes OPTIONS as well: a browser wants a 2xx, and the gateway adds the headers.
#[test]
fn in_the_cloud_a_preflight_that_reaches_the_fallback_is_no_refusal() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let cloud = [
        ("BAKEND_ENV", "cloud"),
        ("BAKEND_TABLE_PREFIX", "app-"),
        ("BAKEND_AUTH_BCRYPT_COST", "10"),
    ];
    let fallback = inside.variant("fallback", "cloud", 1, &cloud);
    let options =
        |path: &str| Event::new("OPTIONS", path).header("origin", "https://app.example.com");
    for path in ["/api/auth/login", "/api/posts", "/api/nothing/of/this/name"] {
        let reply = fallback
            .invoke(&options(path).header("access-control-request-method", "POST"))
            .expect(204);
        assert!(
            cors(&reply).iter().all(|(name, _)| *name == "vary"),
            "{:?}",
            reply.headers
        );
    }
    let plain = fallback.invoke(&options("/api/auth/login"));
    assert_eq!((plain.status, plain.header("allow")), (405, Some("POST")));
}

#[test]
fn a_preflight_of_another_origin_is_told_nothing() {
    if stack().inside().is_none() {
        return;
    }
    for origin in OTHERS {
        assert_eq!(cors(&preflight("/api/auth/login", origin)), []);
    }
}

#[test]
fn an_allowed_origin_sees_replies_and_refusals() {
    if stack().inside().is_none() {
        return;
    }
    let origin = "http://localhost:5173";
    let member = stack().member();
    let get = |path: &str, origin: &str| member.send("GET", path, &[("origin", origin)], None);
    for path in [
        "/api/health",
        "/api/notes",
        "/api/notes/nothing",
        "/api/nowhere",
        "/api/auth/login",
    ] {
        assert_eq!(cors(&get(path, origin)), seen_by(origin), "{path}");
        for other in OTHERS {
            assert_eq!(cors(&get(path, other)), [], "{path} {other}");
        }
        assert_eq!(cors(&member.get(path)), []);
        for reply in [get(path, origin), get(path, OTHERS[0]), member.get(path)] {
            let vary = reply.header("vary").unwrap_or_default();
            assert!(
                vary.split(", ").any(|name| name == "origin"),
                "{path} varies by {vary}"
            );
        }
    }
}

#[test]
fn allowed_origins_are_a_setting() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let origins = "https://app.example.com, http://localhost:*";
    let variant = inside.variant(
        "health",
        "cors",
        1,
        &[("BAKEND_CORS_ALLOWED_ORIGINS", origins)],
    );
    let of = |variant: &Instance<'_>, origin: &str| {
        variant.invoke(&Event::new("GET", "/api/health").header("origin", origin))
    };
    for allowed in ["https://app.example.com", "http://localhost:3000"] {
        assert_eq!(cors(&of(&variant, allowed)), seen_by(allowed));
    }
    for other in [
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com.evil.example",
        "https://evil.example",
        "https://APP.example.com",
    ] {
        assert_eq!(cors(&of(&variant, other)), [], "{other}");
    }
    // Credentials only with explicit origins.
    let any = inside.variant("health", "any", 1, &[("BAKEND_CORS_ALLOWED_ORIGINS", "*")]);
    for origin in ["https://app.example.com", "http://localhost:3000"] {
        let reply = of(&any, origin);
        let credentials = reply.header("access-control-allow-credentials");
        assert!(credentials.is_none() || reply.header("access-control-allow-origin") != Some("*"));
        assert_ne!(
            credentials.zip(reply.header("access-control-allow-origin")),
            Some(("true", origin))
        );
    }
}
