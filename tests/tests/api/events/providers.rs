//! Providers: set up, signed in by, linked, unlinked, and taken back.

use blackbox::provider::Provider;

use super::*;
use crate::providers::{google, native_body, set_up, traded};

pub(super) const WRITES: &[&str] = &[
    "register",
    "providers-set",
    "providers-reset",
    "oauth-callback",
    "oauth-exchange",
    "oauth-token",
    "accounts-link",
    "accounts-unlink",
];

const OWN: [(&str, &str); 1] = [("BAKEND_AUTH_PUBLIC_URL", "http://localhost:8080")];
const GOOGLE: &str = "/api/admin/providers/google";
const ACCOUNTS: &str = "/api/auth/accounts";
const CHANGED: &str = "provider.changed";

/// A sign-in at Google as far as its code, which makes no event.
fn code(play: &Play<'_>, provider: &Provider, account: &Value) -> Value {
    let ask = |name: &str, event: &Event| {
        let done = play.ask_told(name, &OWN, event.clone(), 302, &[]);
        done.reply
    };
    traded(provider, &ask, account)
}

#[test]
fn providers_make_exactly_these_events() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (play, provider) = (Play::new(inside), Provider::start());
    let set = |name: &str, event: &Event| {
        let done = play.ask_told(name, &OWN, event.clone(), 200, &[CHANGED]);
        let changed = done.event(CHANGED);
        assert_eq!(changed["data"]["provider"], "google");
        assert_eq!(changed["actor"]["id"], json!(play.admin.id));
        done.reply
    };
    set_up(&provider, &set, &play.admin.access);

    let exchange = |account: &Value, expected: &[&str]| {
        let event = post("/api/auth/oauth/exchange", &code(&play, &provider, account));
        play.ask_told("oauth-exchange", &OWN, event, 200, expected)
    };
    let account = google("new", &fresh_email());
    let made = exchange(&account, &["auth.register"]);
    let registered = &made.event("auth.register")["data"];
    assert_eq!(registered["method"], "provider:google");
    let _ = exchange(&account, &["auth.login"]);

    let ada = play.registers();
    let link = post(
        ACCOUNTS,
        &code(&play, &provider, &google("ada", "a@example.com")),
    );
    let link = link.token(&ada.access);
    let done = play.ask("accounts-link", link, 201, &["auth.account.linked"]);
    let data = json!({ "userId": ada.id, "provider": "google" });
    assert_eq!(done.event("auth.account.linked")["data"], data);
    let unlink = Event::new("DELETE", &format!("{ACCOUNTS}/google")).token(&ada.access);
    let gone = ["auth.account.unlinked", "auth.session.ended"];
    let done = play.ask("accounts-unlink", unlink, 204, &gone);
    assert_eq!(done.event("auth.account.unlinked")["data"], data);

    // Nobody had proven her address, so it is taken over.
    let eve = play.registers();
    let taken = exchange(
        &google("eve", &eve.email),
        &[
            "auth.password.changed",
            "auth.email.verified",
            "auth.account.linked",
            "auth.session.ended",
            "auth.login",
        ],
    );
    let changed = &taken.event("auth.password.changed")["data"];
    assert_eq!(changed["reason"], "password-removed");

    let event = post(
        "/api/auth/oauth/google/token",
        &native_body(&provider, "native", &json!({})),
    );
    let _ = play.ask_told("oauth-token", &OWN, event, 200, &["auth.register"]);
    let reset = Event::new("DELETE", GOOGLE).token(&play.admin.access);
    let done = play.ask("providers-reset", reset, 204, &[CHANGED]);
    assert_eq!(done.event(CHANGED)["data"]["changed"], json!(["deleted"]));
    play.end(WRITES);
}
