//! Providers: settings, sign-ins and links are whole or not there.

use std::sync::OnceLock;

use blackbox::provider::Provider;
use blackbox::{Event, Reply, fresh_email};
use serde_json::{Value, json};

use super::world::*;
use super::{Area, Row, row, suffer_all};
use crate::providers::{coming_back, google, native_body, set_up, starting, traded};

const ACCOUNTS: &str = "/api/auth/accounts";
const GOOGLE: &str = "/api/admin/providers/google";

const ROWS: &[Row] = &[
    row!(
        "oauth-providers",
        "BatchGetItem",
        "_configuration",
        0,
        enabled
    ),
    row!("oauth-start", "GetItem", "_configuration", 0, start),
    row!("oauth-callback", "GetItem", "_configuration", 0, callback),
    row!("oauth-callback", "PutItem", "_throttle", 0, callback),
    row!("oauth-exchange", "GetItem", "_users", 0, sign_up),
    row!("oauth-exchange", "PutItem", "_users", 0, sign_up),
    row!("oauth-exchange", "PutItem", "_sessions", 0, sign_in),
    row!("oauth-exchange", "UpdateItem", "_users", 0, take_over),
    row!("oauth-exchange", "DeleteItem", "_users", 0, take_over),
    row!("oauth-token", "GetItem", "_configuration", 0, token),
    row!("oauth-token", "GetItem", "_users", 0, token),
    row!("oauth-token", "PutItem", "_throttle", 0, token),
    row!("oauth-token", "PutItem", "_users", 0, token),
    row!("oauth-token", "PutItem", "_sessions", 0, known_token),
    row!("oauth-token", "UpdateItem", "_users", 0, take_over_by_token),
    row!("oauth-token", "DeleteItem", "_users", 0, take_over_by_token),
    row!("accounts-check", "GetItem", "_users", 0, check),
    row!("accounts-check", "BatchGetItem", "_users", 0, check_address),
    row!("accounts-list", "BatchGetItem", "_users", 0, list),
    row!("accounts-list", "GetItem", "_users", 0, list),
    row!("accounts-link", "BatchGetItem", "_users", 0, link),
    row!("accounts-link", "PutItem", "_users", 0, link),
    row!("accounts-link", "UpdateItem", "_users", 0, link),
    row!("accounts-unlink", "BatchGetItem", "_users", 0, unlink),
    row!("accounts-unlink", "GetItem", "_users", 0, unlink),
    row!(
        "accounts-unlink",
        "BatchGetItem",
        "_configuration",
        0,
        unlink_last
    ),
    row!(
        "passkeys-delete",
        "BatchGetItem",
        "_configuration",
        0,
        delete_passkey
    ),
    row!("accounts-unlink", "UpdateItem", "_users", 0, unlink),
    row!("accounts-unlink", "DeleteItem", "_users", 0, unlink),
    row!("accounts-unlink", "UpdateItem", "_sessions", 0, unlink),
    row!("providers-list", "BatchGetItem", "_users", 0, settings),
    row!("providers-set", "BatchGetItem", "_users", 0, set),
    row!("providers-set", "GetItem", "_configuration", 0, set_again),
    row!("providers-set", "PutItem", "_configuration", 0, set),
    row!("providers-reset", "BatchGetItem", "_users", 0, reset),
    row!(
        "providers-reset",
        "UpdateItem",
        "_configuration",
        0,
        reset_other
    ),
];

#[test]
fn every_fault_is_503_or_success_and_nothing_is_half_done() {
    let Some(world) = World::new() else { return };
    let _ = provider(&world);
    suffer_all(&world, Area::Providers, ROWS);
}

/// The provider of this world, set up.
fn provider(world: &World<'_>) -> &'static Provider {
    static PROVIDER: OnceLock<Provider> = OnceLock::new();
    PROVIDER.get_or_init(|| {
        let provider = Provider::start();
        set_up(
            &provider,
            &|name, event| world.ask(name, event),
            world.admin(),
        );
        provider
    })
}

fn body(world: &World<'_>, account: &Value) -> Value {
    traded(
        provider(world),
        &|name, event| world.ask(name, event),
        account,
    )
}

fn ways(world: &World<'_>, access: &str) -> Vec<String> {
    let event = Event::new("GET", ACCOUNTS).token(access);
    let items = world.ask("accounts-list", &event).expect(200).json()["items"].clone();
    items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| text(&item["id"]))
        .collect()
}

fn act<'a>(event: Event, status: u16) -> Act<'a> {
    Act {
        event,
        status,
        look: Box::new(|_: &Reply| {}),
    }
}

fn enabled<'a>(_: &'a World<'_>, _: &str) -> Act<'a> {
    act(Event::new("GET", "/api/auth/providers"), 200)
}

fn start<'a>(_: &'a World<'_>, _: &str) -> Act<'a> {
    act(starting(), 302)
}

fn callback<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let account = google(&fresh_email(), "");
    act(
        coming_back(
            provider(world),
            &|name, event| world.ask(name, event),
            &account,
        ),
        302,
    )
}

fn exchange(body: &Value) -> Event {
    Event::new("POST", "/api/auth/oauth/exchange").json(body)
}

fn sign_up<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let email = fresh_email();
    act(exchange(&body(world, &google(&email, &email))), 200)
}

fn sign_in<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let email = fresh_email();
    let account = google(&email, &email);
    let _ = world
        .ask("oauth-exchange", &exchange(&body(world, &account)))
        .expect(200);
    act(exchange(&body(world, &account)), 200)
}

fn take_over<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let _ = super::passkeys::enrolled(world, &member);
    let event = exchange(&body(world, &google(&member.email, &member.email)));
    let look = move |reply: &Reply| {
        let login = world.ask("login", &credentials("login", &member.email));
        let is_taken = login.status == 401;
        assert!(is_taken || reply.status != 200, "{}", login.text());
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

fn native(world: &World<'_>, email: &str) -> Event {
    let more = json!({ "email": email, "email_verified": true, "jti": fresh_email() });
    let body = native_body(provider(world), email, &more);
    Event::new("POST", "/api/auth/oauth/google/token").json(&body)
}

fn token<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    act(native(world, &fresh_email()), 200)
}

fn take_over_by_token<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let _ = super::passkeys::enrolled(world, &member);
    let more = json!({ "email": member.email, "email_verified": true, "hd": "example.com" });
    let body = native_body(provider(world), &member.email, &more);
    let event = Event::new("POST", "/api/auth/oauth/google/token").json(&body);
    act(event, 200)
}

fn known_token<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let email = fresh_email();
    let _ = world.ask("oauth-token", &native(world, &email)).expect(200);
    act(native(world, &email), 200)
}

fn check<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let email = fresh_email();
    let mut body = body(world, &google(&email, &email));
    body.as_object_mut()
        .unwrap()
        .retain(|name, _| name.starts_with("code"));
    act(
        Event::new("POST", "/api/auth/accounts/check").json(&body),
        200,
    )
}

/// An admin asks by an address.
fn check_address<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let body = json!({ "email": world.member().email });
    let event = Event::new("POST", "/api/auth/accounts/check").json(&body);
    act(event.token(world.admin()), 200)
}

fn list<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    act(
        Event::new("GET", ACCOUNTS).token(&world.member().access),
        200,
    )
}

fn link<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let body = body(world, &google(&member.email, "x@example.com"));
    let event = Event::new("POST", ACCOUNTS)
        .json(&body)
        .token(&member.access);
    let look = move |reply: &Reply| {
        let is_linked = ways(world, &member.access).len() == 2;
        assert!(is_linked || reply.status != 201);
    };
    Act {
        event,
        status: 201,
        look: Box::new(look),
    }
}

fn unlink<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let body = body(world, &google(&member.email, "x@example.com"));
    let event = Event::new("POST", ACCOUNTS)
        .json(&body)
        .token(&member.access);
    let _ = world.ask("accounts-link", &event).expect(201);
    let event = Event::new("DELETE", "/api/auth/accounts/google").token(&member.access);
    let look = move |reply: &Reply| {
        let is_unlinked = ways(world, &member.access) == ["password"];
        assert!(is_unlinked || reply.status != 204);
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

/// An account that a provider alone has made.
fn by_provider(world: &World<'_>) -> Member {
    let email = fresh_email();
    let event = exchange(&body(world, &google(&email, &email)));
    let made = world.ask("oauth-exchange", &event).expect(200);
    signed_in(&email, &made.json())
}

fn unlink_last<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = by_provider(world);
    let event = Event::new("DELETE", "/api/auth/accounts/google").token(&member.access);
    let look = move |_: &Reply| assert_eq!(ways(world, &member.access), ["google"]);
    Act {
        event,
        status: 409,
        look: Box::new(look),
    }
}

/// A passkey goes where the provider beside it signs in.
fn delete_passkey<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = by_provider(world);
    let (_, path) = super::passkeys::enrolled(world, &member);
    let event = Event::new("DELETE", &path).token(&member.access);
    let look = move |reply: &Reply| {
        let count = ways(world, &member.access).len();
        assert!(count == 1 || reply.status != 204);
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

fn settings<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    act(
        Event::new("GET", "/api/admin/providers").token(world.admin()),
        200,
    )
}

fn set<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let settings = provider(world).settings("google");
    act(
        Event::new("PUT", GOOGLE)
            .json(&settings)
            .token(world.admin()),
        200,
    )
}

/// Settings beside the secret that is there.
fn set_again<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let mut settings = provider(world).settings("google");
    let _ = settings.as_object_mut().unwrap().remove("clientSecret");
    act(
        Event::new("PUT", GOOGLE)
            .json(&settings)
            .token(world.admin()),
        200,
    )
}

fn reset<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    forget(world, "github")
}

fn reset_other<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    forget(world, "microsoft")
}

/// Another provider than that of the sign-ins beside, and one for each row.
fn forget<'a>(world: &'a World<'_>, name: &str) -> Act<'a> {
    let path = format!("/api/admin/providers/{name}");
    let settings = provider(world).settings(name);
    let event = Event::new("PUT", &path).json(&settings);
    let _ = world
        .ask("providers-set", &event.token(world.admin()))
        .expect(200);
    act(Event::new("DELETE", &path).token(world.admin()), 204)
}
