//! Tokens by client credentials, in the terms of RFC 6749.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blackbox::{Event, Reply, stack};
use serde_json::{Value, json};

use super::service::{ask_for_token, form, made, member, program};
use super::*;
use crate::auth::forge::claims;

pub(crate) const TOKEN: &str = "/api/auth/token";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const GRANT: &str = "grant_type=client_credentials";

/// A request with a form.
pub(crate) fn event(form: &str) -> Event {
    Event::new("POST", TOKEN).header(FORM.0, FORM.1).text(form)
}

pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// The reply to a form beside a header `Authorization`.
fn with_header(header: &str, form: &str) -> Reply {
    let headers = [FORM, ("authorization", header)];
    let stranger = stack().stranger();
    stranger.send("POST", TOKEN, &headers, Some(form.as_bytes()))
}

/// Asserts that a reply is the refusal of this status and error, to the letter.
#[track_caller]
fn assert_refused(reply: &Reply, status: u16, error: &str) {
    assert_eq!(reply.status, status, "{}", reply.text());
    let body = reply.json();
    let description = body["error_description"].as_str().unwrap();
    assert_eq!(
        body,
        json!({ "error": error, "error_description": description })
    );
    let fits = |c: char| (' '..='~').contains(&c) && !['"', '\\'].contains(&c);
    assert!(!description.is_empty() && description.chars().all(fits));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert!(reply.header("x-request-id").is_some());
    let scheme = reply
        .header("www-authenticate")
        .map(|it| it.split(' ').next());
    assert_eq!(scheme.flatten(), (status == 401).then_some("Basic"));
}

#[test]
fn a_secret_is_traded_for_a_token_by_header_or_form() {
    let account = made(&stack().admin(), "editor");
    let (id, secret) = (
        member(&account, "clientId"),
        member(&account, "clientSecret"),
    );
    // The header has both parts encoded as in a form, here more than they need.
    let encoded = id.replace('-', "%2d");
    let replies = [
        ask_for_token(&form(&account)),
        ask_for_token(&format!("{}&unknown=1&scope=", form(&account))),
        with_header(&basic(id, secret), GRANT),
        with_header(&basic(&encoded, secret), GRANT),
        with_header(&basic(id, secret).replacen("Basic", "bAsIc", 1), GRANT),
    ];
    for reply in replies {
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("set-cookie"), None);
        let made = reply.expect(200).json();
        let access = made["access_token"].as_str().unwrap();
        let expected = json!({ "access_token": access, "token_type": "Bearer", "expires_in": 900 });
        assert_eq!(made, expected);
        let claims = claims(access);
        let known = [&claims["sub"], &claims["client_id"], &claims["role"]];
        assert_eq!(
            known,
            [&account["clientId"], &account["clientId"], &json!("editor")]
        );
        for absent in ["amr", "auth_time", "act"] {
            assert_eq!(claims[absent], Value::Null, "{absent}");
        }
        let lifetime = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
        assert_eq!(lifetime, 900);
    }
}

#[test]
fn a_client_that_does_not_prove_itself_is_invalid_client_for_every_reason_alike() {
    let admin = stack().admin();
    let (account, other) = (made(&admin, "editor"), made(&admin, "editor"));
    let (id, secret) = (
        member(&account, "clientId"),
        member(&account, "clientSecret"),
    );
    let others = member(&other, "clientSecret");
    let nobody = "0197a3b0-0000-7000-8000-000000000000";
    let long = "a".repeat(2_000);
    let colon = format!("{secret}:x");
    let doubled = format!("{secret}{secret}");
    let parts = [
        (id, others),
        (id, "wrong"),
        (id, &secret[1..]),
        (id, &doubled),
        (id, &colon),
        (nobody, secret),
        ("billing", secret),
        ("\u{0}", secret),
        (&long, &long),
    ];
    for (id, secret) in parts {
        let header = with_header(&basic(id, secret), GRANT);
        assert_refused(&header, 401, "invalid_client");
        let id = id.replace('\u{0}', "%00");
        let body = ask_for_token(&format!("{GRANT}&client_id={id}&client_secret={secret}"));
        assert_refused(&body, 401, "invalid_client");
        let words = [header, body].map(|it| it.json()["error_description"].clone());
        assert_eq!(words[0], words[1]);
    }
    for header in [
        "Basic",
        "Basic ???",
        "Basic YQ==",
        "Basic gA==",
        "Digest a",
        "basic",
    ] {
        assert_refused(&with_header(header, GRANT), 401, "invalid_client");
    }
    let access = program(&account);
    let bearer = access.send("POST", TOKEN, &[FORM], Some(GRANT.as_bytes()));
    assert_refused(&bearer, 401, "invalid_client");
    for form in [
        GRANT.to_owned(),
        format!("{GRANT}&client_id={id}"),
        format!("{GRANT}&client_secret={secret}"),
        format!("{GRANT}&client_id={id}&client_secret="),
    ] {
        assert_refused(&ask_for_token(&form), 401, "invalid_client");
    }
}

#[test]
fn a_malformed_request_is_told_in_the_words_of_the_standard() {
    let account = made(&stack().admin(), "editor");
    let (id, secret) = (
        member(&account, "clientId"),
        member(&account, "clientSecret"),
    );
    let good = form(&account);
    let both = basic(id, secret);
    for twice in [
        format!("{good}&grant_type=client_credentials"),
        format!("{good}&client_secret={secret}"),
        format!("{good}&x=1&x=2"),
        format!("{good}&client%5Fid="),
    ] {
        assert_refused(&ask_for_token(&twice), 400, "invalid_request");
    }
    for missing in [
        "",
        "&",
        "grant_type=",
        "=client_credentials",
        "{}",
        "%",
        "\u{0}",
    ] {
        assert_refused(&ask_for_token(missing), 400, "invalid_request");
    }
    for more in [
        format!("client_id={id}"),
        format!("client_secret={secret}"),
        "client_assertion=e30.e30.".to_owned(),
    ] {
        let reply = with_header(&both, &format!("{GRANT}&{more}"));
        assert_refused(&reply, 400, "invalid_request");
    }
    for grant in [
        "password",
        "refresh_token",
        "authorization_code",
        "Client_Credentials",
        "client_credentials+",
    ] {
        let form = good.replacen("client_credentials", grant, 1);
        assert_refused(&ask_for_token(&form), 400, "unsupported_grant_type");
    }
    let scoped = format!("{good}&scope=notes");
    assert_refused(&ask_for_token(&scoped), 400, "invalid_scope");
    let stranger = stack().stranger();
    let in_query = format!("{TOKEN}?client_secret={secret}");
    let reply = stranger.send("POST", &in_query, &[FORM], Some(good.as_bytes()));
    assert_refused(&reply, 400, "invalid_request");
    let object =
        json!({ "grant_type": "client_credentials", "client_id": id, "client_secret": secret });
    for kind in [
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded; charset=latin1",
    ] {
        let headers = [("content-type", kind)];
        for body in [object.to_string(), good.clone()] {
            let reply = stranger.send("POST", TOKEN, &headers, Some(body.as_bytes()));
            assert_refused(&reply, 400, "invalid_request");
        }
    }
    let large = format!("{good}&x={}", "a".repeat(256 * 1024));
    assert_refused(&ask_for_token(&large), 400, "invalid_request");
    let charset = [(
        "content-type",
        "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
    )];
    let _ = stranger
        .send("POST", TOKEN, &charset, Some(good.as_bytes()))
        .expect(200);
}

#[test]
fn other_methods_are_405_in_the_shape_of_every_other_path() {
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        let reply = stack()
            .stranger()
            .send(method, TOKEN, &[], None)
            .expect(405);
        assert_eq!(reply.code(), "common/method-not-allowed", "{method}");
    }
}

#[test]
fn no_api_key_is_needed_or_read() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let account = made(&stack().admin(), "editor");
    let required = [("BAKEND_AUTH_REQUIRE_API_KEY", "true")];
    let function = inside.variant("auth-token", "required", 1, &required);
    let _ = function.invoke(&event(&form(&account))).expect(200);
    let _ = function
        .invoke(&event(&form(&account)).key("nonsense"))
        .expect(200);
}

#[test]
fn a_body_in_base64_is_a_form_as_well() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let account = made(&stack().admin(), "editor");
    let event = Event::new("POST", TOKEN).header(FORM.0, FORM.1);
    let sent = event.clone().bytes(form(&account).as_bytes());
    let _ = inside.invoke("auth-token", &sent).expect(200);
    let garbage = inside.invoke("auth-token", &event.bytes(&[0xff, 0xfe, b'=', 0x80]));
    assert_refused(&garbage, 400, "invalid_request");
}

#[test]
fn the_session_has_no_refresh_token_and_ends_with_the_token() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[("BAKEND_AUTH_MAGIC_LINK", "signIn")]);
    let body = json!({ "name": "billing", "role": "editor" });
    let path = super::service::ACCOUNTS;
    let account = world.post_as(&admin(&world), "service-accounts-create", path, &body);
    let account = account.expect(201).json();
    let made = world
        .reply("auth-token", &event(&form(&account)))
        .expect(200)
        .json();
    let access = made["access_token"].as_str().unwrap();
    let items = world.scan("local-_sessions").into_iter();
    let mut items = items.filter(|item| item["user_id"]["S"] == account["clientId"]);
    let item = items.next().unwrap();
    assert!(items.next().is_none());
    assert_eq!(item["begun"]["M"]["reason"]["S"], "service");
    assert_eq!(item["refresh_token_hash"]["S"], "");
    assert_eq!(item["id"]["S"], claims(access)["sid"]);
    let ends = item["expires_at"]["N"]
        .as_str()
        .unwrap()
        .parse::<u64>()
        .unwrap();
    assert_eq!(ends, claims(access)["exp"].as_u64().unwrap());
    let later = world.variant("me-get", &[("BAKEND_CLOCK_OFFSET", "16m")]);
    let me = get("/api/auth/me").token(access);
    let over = world.flow.apart.ask(&later, &me).expect(401);
    assert_eq!(over.code(), "auth/token-expired");
    // Neither the token nor the secret is a refresh token or a password.
    for text in [access, member(&account, "clientSecret"), ""] {
        let body = json!({ "refreshToken": text });
        let refused = world.post("refresh", "/api/auth/refresh", &body);
        assert!([400, 401].contains(&refused.status), "{}", refused.text());
    }
    let (id, secret) = (
        member(&account, "clientId"),
        member(&account, "clientSecret"),
    );
    let _ = world.login(id, secret).expect(400);
    let _ = world.login("billing@example.com", secret).expect(401);
    // Mails are asked for by an address, and it has none.
    let body = json!({ "email": id });
    let _ = world
        .post("password-forgot", "/api/auth/password/forgot", &body)
        .expect(400);
    let _ = world
        .post("magic-link", "/api/auth/magic-link", &body)
        .expect(400);
}

#[test]
fn wrong_secrets_of_a_source_are_counted_and_a_good_one_is_never_refused() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let body = json!({ "name": "billing", "role": "editor" });
    let path = super::service::ACCOUNTS;
    let account = world.post_as(&admin(&world), "service-accounts-create", path, &body);
    let account = account.expect(201).json();
    let few = [("BAKEND_AUTH_THROTTLE_SOURCE_ATTEMPTS", "3")];
    let function = world.variant("auth-token", &few);
    let ask = |form: &str, address: &str| {
        let event = event(form).source_ip(address);
        world.flow.apart.ask(&function, &event)
    };
    let (here, there) = ("203.0.113.7", "203.0.114.7");
    let wrong = format!("{}x", form(&account));
    let unknown = form(&account).replacen("client_id=", "client_id=x", 1);
    for form in [&wrong, &unknown, &wrong] {
        assert_refused(&ask(form, here), 401, "invalid_client");
    }
    for form in [&wrong, &unknown] {
        let refused = ask(form, here);
        assert_refused(&refused, 429, "temporarily_unavailable");
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!(wait >= 1);
    }
    assert_refused(&ask(&wrong, there), 401, "invalid_client");
    let _ = ask(&form(&account), here).expect(200);
    // Logins of the source are counted apart.
    let login = world.variant("login", &few);
    let body = json!({ "email": blackbox::fresh_email(), "password": "a long password" });
    let event = Event::new("POST", "/api/auth/login")
        .json(&body)
        .source_ip(here);
    let _ = world.flow.apart.ask(&login, &event).expect(401);
}
