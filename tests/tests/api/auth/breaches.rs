//! `auth.password.breachCheck`: a service of breaches on loopback, which knows one password.

use blackbox::{Event, PASSWORD, Reply, fresh_email, stack};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::{Value, json};

use super::look::invalid;
use crate::proofs::world::{MailWorld, another, code, link_token, token};
use crate::webhooks::receiver::{Manner, Receiver};

const KNOWN: &str = "correct horse battery staple 1";
const FINE: &str = "another battery, less correct";
const ON: (&str, &str) = ("BAKEND_AUTH_PASSWORD_BREACH_CHECK", "true");

/// The digest of a password, cut where a service is told no more.
fn digits(password: &str) -> (String, String) {
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    let bytes = digest.as_ref().iter();
    let digits = bytes.fold(String::new(), |digits, it| format!("{digits}{it:02X}"));
    (digits[..5].to_owned(), digits[5..].to_owned())
}

/// A reply with these lines.
fn lines(status: &str, text: &str) -> Manner {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n",
        text.len()
    );
    Manner::With(Box::leak(format!("{head}{text}").into_boxed_str()))
}

/// A service that knows of a password, however often, beside padding.
fn service(count: u32) -> Receiver {
    let (shown, rest) = digits(KNOWN);
    let found = lines(
        "200 OK",
        &format!("{}:0\r\n{rest}:{count}\r\n", "0".repeat(35)),
    );
    let nothing = lines("200 OK", &format!("{}:0\r\n", "F".repeat(35)));
    Receiver::answering(
        move |request| match request.starts_with(&format!("GET /range/{shown} ")) {
            true => found,
            false => nothing,
        },
    )
}

fn address(receiver: &Receiver) -> String {
    receiver.url.replace("/hook?key=1", "/range/")
}

fn post(path: &str, body: &Value) -> Event {
    Event::new("POST", path).json(body)
}

#[track_caller]
fn breached(reply: &Reply, field: &str) {
    invalid(reply, &[(field, "breached")]);
    assert!(!reply.text().contains(KNOWN));
}

#[test]
fn the_service_is_told_five_digits_and_answers_in_a_padded_reply() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let receiver = service(3);
    let url = address(&receiver);
    let on = [ON, ("BAKEND_AUTH_PASSWORD_BREACH_URL", url.as_str())];
    let function = inside.variant("register", "breaches", 1, &on);
    let register = |password: &str| {
        let body = json!({ "email": fresh_email(), "password": password });
        function.invoke(&post("/api/auth/register", &body))
    };
    breached(&register(KNOWN), "password");
    let _ = register(FINE).expect(201);
    let requests = receiver.requests();
    let (known, fine) = (digits(KNOWN), digits(FINE));
    assert_eq!(requests.len(), 2, "{requests:?}");
    for (request, (shown, rest)) in requests.iter().zip([known, fine]) {
        assert!(request.starts_with(&format!("GET /range/{shown} HTTP/1.1\r\n")));
        let lower = request.to_lowercase();
        assert!(lower.contains("add-padding: true"), "{request}");
        let told = [rest.as_str(), KNOWN, FINE, "@"];
        assert!(!told.iter().any(|it| request.contains(it)), "{request}");
    }
    // A password that breaks another rule is not asked for.
    let _ = register("short").expect(400);
    assert_eq!(receiver.requests().len(), 2);
    // Padding is no find.
    let padded = service(0);
    let url = address(&padded);
    let on = [ON, ("BAKEND_AUTH_PASSWORD_BREACH_URL", url.as_str())];
    let function = inside.variant("register", "padded", 1, &on);
    let body = json!({ "email": fresh_email(), "password": KNOWN });
    let _ = function
        .invoke(&post("/api/auth/register", &body))
        .expect(201);
    assert_eq!(padded.requests().len(), 1);
}

#[test]
fn by_default_no_service_is_asked() {
    let settings = api::settings::Settings::default();
    assert!(!settings.auth.password.breach_check);
    assert!(settings.auth.password.breach_url.starts_with("https://"));
    let Some(inside) = stack().inside() else {
        return;
    };
    let receiver = service(3);
    let url = address(&receiver);
    let off = [("BAKEND_AUTH_PASSWORD_BREACH_URL", url.as_str())];
    let function = inside.variant("register", "unasked", 1, &off);
    let body = json!({ "email": fresh_email(), "password": KNOWN });
    let _ = function
        .invoke(&post("/api/auth/register", &body))
        .expect(201);
    assert_eq!(receiver.requests(), Vec::<String>::new());
}

#[test]
fn a_service_that_is_away_refuses_nobody_and_the_log_warns() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (_, rest) = digits(KNOWN);
    let list = format!("{rest}:3\r\n");
    let cut = format!("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{list}");
    let cut = Manner::With(Box::leak(cut.into_boxed_str()));
    let moved = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let receiver = service(3);
    let url = address(&receiver);
    let on = [ON, ("BAKEND_AUTH_PASSWORD_BREACH_URL", url.as_str())];
    let function = inside.variant("register", "away", 1, &on);
    let register = || {
        let body = json!({ "email": fresh_email(), "password": KNOWN });
        function.invoke(&post("/api/auth/register", &body))
    };
    let large = lines("200 OK", &list.repeat(20_000));
    let ways = [
        Manner::Never,
        Manner::ByteByByte,
        Manner::AfterNine,
        Manner::With(moved),
        lines("503 Service Unavailable", &list),
        lines("429 Too Many Requests", &list),
        lines("404 Not Found", &list),
        cut,
        large,
    ];
    for (count, manner) in ways.into_iter().enumerate() {
        receiver.turn(manner);
        let _ = register().expect(201);
        function.settle();
        let log = function.log();
        let warned = log.matches("the breach check was left out: ").count();
        assert_eq!(warned, count + 1, "{log}");
        assert!(log.contains("\"level\":\"WARN\""), "{log}");
        let (shown, _) = digits(KNOWN);
        assert!(
            !log.contains(KNOWN) && !log.contains(&format!("/{shown}")),
            "{log}"
        );
    }
    // Text that is no list knows nothing, and nothing is missing.
    receiver.turn(lines("200 OK", "<html>no</html>"));
    let _ = register().expect(201);
    // Nobody listens there.
    let nobody = [
        ON,
        (
            "BAKEND_AUTH_PASSWORD_BREACH_URL",
            "http://127.0.0.1:1024/range/",
        ),
    ];
    let function = inside.variant("register", "nobody", 1, &nobody);
    let body = json!({ "email": fresh_email(), "password": KNOWN });
    let _ = function
        .invoke(&post("/api/auth/register", &body))
        .expect(201);
}

#[test]
fn wherever_a_password_is_set_it_is_checked_and_a_login_is_not() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let receiver = service(3);
    let url = address(&receiver);
    let on = [ON, ("BAKEND_AUTH_PASSWORD_BREACH_URL", url.as_str())];
    let world = MailWorld::new(inside, &on);
    let email = fresh_email();
    let account = world.register(&email);
    let _verification = world.mail(&email, 1);
    let access = token(&account);
    let asked = |function: &str, path: &str, body: &Value, access: &str| {
        world.post_as(access, function, path, body)
    };

    let change = json!({ "currentPassword": PASSWORD, "newPassword": KNOWN });
    let path = "/api/auth/password/change";
    breached(
        &asked("password-change", path, &change, &access),
        "newPassword",
    );
    assert!(world.stands(&access), "nothing has changed");

    let admin = token(&world.admin);
    let path = format!(
        "/api/users/{}/password",
        account["user"]["id"].as_str().unwrap()
    );
    let set = json!({ "password": KNOWN });
    breached(&asked("users-password", &path, &set, &admin), "password");
    let new = json!({ "email": fresh_email(), "password": KNOWN });
    breached(
        &asked("users-create", "/api/users", &new, &admin),
        "password",
    );

    // A reset asks only for those who have the code, and the code is good afterwards.
    let forgot = json!({ "email": email });
    let opened = world.post("password-forgot", "/api/auth/password/forgot", &forgot);
    let flow = opened.expect(202).json()["flow"].clone();
    let right = code(&world.mail(&email, 2));
    let reset = |password: &str| {
        let body = json!({ "flow": flow, "code": right, "newPassword": password });
        world.post("password-reset", "/api/auth/password/reset", &body)
    };
    let asked_before = receiver.requests().len();
    let wrong = json!({ "flow": flow, "code": another(&right), "newPassword": KNOWN });
    let refused = world.post("password-reset", "/api/auth/password/reset", &wrong);
    assert_eq!(refused.expect(400).code(), "auth/invalid-code");
    assert_eq!(receiver.requests().len(), asked_before);
    for _ in 0..2 {
        breached(&reset(KNOWN), "newPassword");
    }
    let _ = reset(FINE).expect(204);

    let guest = fresh_email();
    let invite = json!({ "email": guest });
    let _ = asked(
        "invitations-create",
        "/api/auth/invitations",
        &invite,
        &admin,
    )
    .expect(201);
    let link = link_token(&world.mail(&guest, 1));
    let accept = |password: &str| {
        let body = json!({ "token": link, "password": password });
        world.post("invitations-accept", "/api/auth/invitations/accept", &body)
    };
    breached(&accept(KNOWN), "password");
    let _ = accept(FINE).expect(201);

    let count = receiver.requests().len();
    let _ = world.login(&email, FINE).expect(200);
    let _ = world.login(&email, KNOWN).expect(401);
    assert_eq!(receiver.requests().len(), count);
}

#[test]
fn a_registration_that_waits_for_its_proof_is_checked_too() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let receiver = service(3);
    let url = address(&receiver);
    let required = ("BAKEND_AUTH_EMAIL_VERIFICATION", "required");
    let on = [
        ON,
        required,
        ("BAKEND_AUTH_PASSWORD_BREACH_URL", url.as_str()),
    ];
    let world = MailWorld::new(inside, &on);
    let register = |password: &str| {
        let body = json!({ "email": fresh_email(), "password": password });
        world.post("register", "/api/auth/register", &body)
    };
    breached(&register(KNOWN), "password");
    let _ = register(FINE).expect(202);
}

#[test]
fn the_address_of_the_service_is_https_and_ends_with_a_slash() {
    let read = |url: &str, local: bool| {
        let file = json!({ "auth": { "password": { "breachUrl": url } } }).to_string();
        let read = api::settings::Settings::read(&file, |_| None, local);
        read.map(|_| ()).map_err(|problem| problem.to_string())
    };
    assert_eq!(read("https://breaches.example.com/range/", false), Ok(()));
    assert_eq!(read("http://127.0.0.1:4000/", true), Ok(()));
    for url in [
        "http://breaches.example.com/",
        "https://breaches.example.com/range",
        "https://breaches.example.com/#/",
        "https://breaches example.com/",
        "ftp://breaches.example.com/",
        "",
    ] {
        let refused = read(url, false).unwrap_err();
        assert!(refused.starts_with("auth.password.breachUrl"), "{refused}");
    }
}
