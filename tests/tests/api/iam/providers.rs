//! Providers: set up, signed in by, linked, unlinked, and taken back.

use blackbox::provider::Provider;

use super::passkeys::enrol;
use super::*;
use crate::providers::{coming_back, google, native_body, set_up, starting, traded};

const EXCHANGE: &str = "/api/auth/oauth/exchange";
const ACCOUNTS: &str = "/api/auth/accounts";

/// The variables of the functions that name the API's own address.
const OWN: (&str, &str) = ("BAKEND_AUTH_PUBLIC_URL", "http://localhost:8080");

pub(super) fn providers<'a>(
    apart: &Apart<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
    register: &Instance<'_>,
    admin: &str,
) {
    let provider = Provider::start();
    let names = [
        "providers-set",
        "providers-list",
        "providers-reset",
        "oauth-providers",
        "oauth-start",
        "oauth-callback",
        "oauth-exchange",
        "accounts-check",
        "accounts-list",
        "accounts-link",
        "accounts-unlink",
        "me-delete",
    ];
    let functions: Vec<(&str, Instance<'_>)> = names.map(|name| (name, start(name, &[OWN]))).into();
    let ask = |name: &str, event: &Event| {
        let (_, function) = functions.iter().find(|(it, _)| *it == name).unwrap();
        apart.ask(function, event)
    };
    set_up(&provider, &ask, admin);
    set_up(&provider, &ask, admin);
    let mut again = provider.settings("google");
    let _ = again.as_object_mut().unwrap().remove("clientSecret");
    let again = Event::new("PUT", "/api/admin/providers/google").json(&again);
    let _ = ask("providers-set", &again.token(admin)).expect(200);
    let _ = ask(
        "providers-list",
        &Event::new("GET", "/api/admin/providers").token(admin),
    )
    .expect(200);
    let _ = ask("oauth-providers", &Event::new("GET", "/api/auth/providers")).expect(200);
    let _ = ask("oauth-start", &starting()).expect(302);
    let back = coming_back(&provider, &ask, &google("x", "x@example.com"));
    let _ = ask("oauth-callback", &back).expect(302);

    let exchange = |account: &Value, restore: bool| {
        let mut body = traded(&provider, &ask, account);
        body["restore"] = json!(restore);
        ask("oauth-exchange", &Event::new("POST", EXCHANGE).json(&body))
            .expect(200)
            .json()
    };
    // A new one with a unique value, which comes back by the provider.
    let email = fresh_email();
    let account = google("new", &email);
    let mut body = traded(&provider, &ask, &account);
    body["username"] = json!("by.provider");
    let made = ask("oauth-exchange", &Event::new("POST", EXCHANGE).json(&body))
        .expect(200)
        .json();
    let delete = Event::new("DELETE", "/api/auth/me").json(&json!({}));
    let _ = ask("me-delete", &delete.token(&text(&made, "accessToken"))).expect(204);
    let _ = exchange(&account, true);
    // One whose address nobody had proven, with a passkey.
    let email = fresh_email();
    let body = json!({ "email": email, "password": PASSWORD, "username": "taken.over" });
    let event = Event::new("POST", "/api/auth/register").json(&body);
    let unproven = apart.ask(register, &event).expect(201).json();
    let _ = enrol(apart, start, &text(&unproven, "accessToken"));
    let taken = exchange(&google("taken", &email), false);
    by_token((apart, &provider), start, register);
    let mut body = traded(&provider, &ask, &google("taken", &email));
    body.as_object_mut()
        .unwrap()
        .retain(|name, _| name.starts_with("code"));
    let path = "/api/auth/accounts/check";
    let _ = ask("accounts-check", &Event::new("POST", path).json(&body)).expect(200);
    let question = json!({ "email": email });
    let _ = ask(
        "accounts-check",
        &Event::new("POST", path).json(&question).token(admin),
    )
    .expect(200);
    let own =
        |method: &str, path: &str| Event::new(method, path).token(&text(&taken, "accessToken"));
    let _ = ask("accounts-list", &own("GET", ACCOUNTS)).expect(200);
    // The provider that stays signs in.
    let (_, passkey) = enrol(apart, start, &text(&taken, "accessToken"));
    let _ = apart
        .ask(&start("passkeys-delete", &[]), &own("DELETE", &passkey))
        .expect(204);
    let _ = ask(
        "accounts-unlink",
        &own("DELETE", "/api/auth/accounts/google"),
    )
    .expect(409);
    // One with a password links and unlinks.
    let body = json!({ "email": fresh_email(), "password": PASSWORD });
    let event = Event::new("POST", "/api/auth/register").json(&body);
    let linker = apart.ask(register, &event).expect(201).json();
    let body = traded(&provider, &ask, &google("linked", "y@example.com"));
    let event = Event::new("POST", ACCOUNTS)
        .json(&body)
        .token(&text(&linker, "accessToken"));
    let _ = ask("accounts-link", &event).expect(201);
    let event =
        Event::new("DELETE", "/api/auth/accounts/google").token(&text(&linker, "accessToken"));
    let _ = ask("accounts-unlink", &event).expect(204);
    let event = Event::new("DELETE", "/api/admin/providers/google").token(admin);
    let _ = ask("providers-reset", &event).expect(204);
}

/// A native app: a new user, and one whose address nobody had proven, by keys that an instance does not know a minute later.
fn by_token<'a>(
    (apart, provider): (&Apart<'_>, &Provider),
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
    register: &Instance<'_>,
) {
    let enter = |function: &Instance<'_>, email: &str| {
        let more = json!({ "email": email, "email_verified": true, "hd": "example.com" });
        let body = native_body(provider, email, &more);
        let event = Event::new("POST", "/api/auth/oauth/google/token").json(&body);
        let _ = apart.ask(function, &event).expect(200);
    };
    enter(&start("oauth-token", &[OWN]), &fresh_email());
    let email = fresh_email();
    let body = json!({ "email": email, "password": PASSWORD, "username": "taken.by.token" });
    let event = Event::new("POST", "/api/auth/register").json(&body);
    let unproven = apart.ask(register, &event).expect(201).json();
    let _ = enrol(apart, start, &text(&unproven, "accessToken"));
    provider.rotate();
    let later = [OWN, ("BAKEND_CLOCK_OFFSET", "61s")];
    enter(&start("oauth-token", &later), &email);
}
