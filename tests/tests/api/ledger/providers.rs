//! Providers: their settings, sign-ins by them, and the ways in to an account.

use blackbox::provider::Provider;

use super::strangers::{primed, someone};
use super::*;
use crate::providers::{coming_back, google, native_body, set_up, starting, traded};

const ACCOUNTS: &str = "/api/auth/accounts";
const EXCHANGE: &str = "/api/auth/oauth/exchange";
const OWN: (&str, &str) = ("BAKEND_AUTH_PUBLIC_URL", "http://localhost:8080");

pub(super) fn providers(ledger: &mut Ledger<'_>, register: &Instance<'_>, admin: &Member) {
    let provider = Provider::start();
    settings(ledger, &provider, admin);
    let starts = ledger.function("oauth-start", &[OWN]);
    let by = ("oauth-start", &starts);
    let design = "r: 1 hop, 1 / 0";
    let one = ("GetItem _configuration", 1, 1.0, 0.0);
    let _ = ledger.row(by, "any", (&starting(), 302), one, design);
    let callback = ledger.function("oauth-callback", &[OWN]);
    primed(
        ledger,
        &callback,
        &Event::new("GET", "/api/auth/oauth/google/callback"),
    );
    let ask = |ledger: &Ledger<'_>, name: &str, event: &Event| {
        let function = match name {
            "oauth-start" => &starts,
            _ => &callback,
        };
        ledger.apart.ask(function, event)
    };
    let back = coming_back(
        &provider,
        &|name, event| ask(ledger, name, event),
        &google("l", "l@example.com"),
    );
    let by = ("oauth-callback", &callback);
    let design = "w ∥ r → provider: 1 hop, 1 / 1";
    let both = ("GetItem _configuration ∥ PutItem _throttle", 1, 1.0, 1.0);
    let _ = ledger.row(by, "any", (&back, 302), both, design);

    let exchange = ledger.function("oauth-exchange", &[]);
    primed(ledger, &exchange, &post(EXCHANGE, &json!({})));
    let email = fresh_email();
    let code = |ledger: &Ledger<'_>, account: &Value| {
        traded(&provider, &|name, event| ask(ledger, name, event), account)
    };
    let by = ("oauth-exchange", &exchange);
    let body = code(ledger, &google("l", &email));
    let made =
        "GetItem _users → GetItem _users → TransactWriteItems PutItem _sessions, PutItem _users";
    let design = "r ∥ r → T: 2 hops, 2 / 9; the address is read where the identity is not known, so one hop more";
    let _ = ledger.row(
        by,
        "new",
        (&post(EXCHANGE, &body), 200),
        (made, 3, 2.0, 9.0),
        design,
    );
    let body = code(ledger, &google("l", &email));
    let known = "GetItem _users → GetItem _users → TransactWriteItems PutItem _sessions";
    let design = "r → r → T (session): 3 hops, 2 / 2";
    let _ = ledger.row(
        by,
        "known",
        (&post(EXCHANGE, &body), 200),
        (known, 3, 2.0, 2.0),
        design,
    );
    let body = code(ledger, &google("n", ""));
    let design = "the same without an address: the identity alone";
    let made = "GetItem _users → TransactWriteItems PutItem _sessions, PutItem _users";
    let _ = ledger.row(
        by,
        "new, without an address",
        (&post(EXCHANGE, &body), 200),
        (made, 2, 1.0, 7.0),
        design,
    );

    native(ledger, &provider);
    let check = ledger.function("accounts-check", &[]);
    let path = "/api/auth/accounts/check";
    primed(
        ledger,
        &check,
        &post(
            path,
            &json!({ "code": "x", "codeVerifier": "y".repeat(43) }),
        ),
    );
    let by = ("accounts-check", &check);
    let mut body = code(ledger, &google("l", &email));
    body.as_object_mut()
        .unwrap()
        .retain(|name, _| name.starts_with("code"));
    let design = "r → r: the identity, and its user";
    let expected = ("GetItem _users → GetItem _users", 2, 2.0, 0.0);
    let _ = ledger.row(by, "code", (&post(path, &body), 200), expected, design);
    let event = post(path, &json!({ "email": email })).token(&admin.access);
    let expected = format!("{CHECK} → GetItem _users → GetItem _users");
    let design = "session check → r → r: the address, and its user";
    let _ = ledger.row(
        by,
        "address",
        (&event, 200),
        (&expected, 3, 4.0, 0.0),
        design,
    );

    let ada = someone(ledger, register, &fresh_email(), 70);
    let own = |method: &str, path: &str| Event::new(method, path).token(&ada.access);
    let link = ledger.function("accounts-link", &[]);
    let body = code(ledger, &google("m", "m@example.com"));
    let by = ("accounts-link", &link);
    let expected = format!("{CHECK} → TransactWriteItems PutItem _users, UpdateItem _users");
    let design = "session check → T (user, provider): 2 hops, 2 / 5";
    let _ = ledger.row(
        by,
        "any",
        (&own("POST", ACCOUNTS).json(&body), 201),
        (&expected, 2, 2.0, 5.0),
        design,
    );
    let list = ledger.function("accounts-list", &[]);
    let by = ("accounts-list", &list);
    let expected = format!("{CHECK} → GetItem _users");
    let design = "session check: 1 hop, 2 / 0; whether there is a password, the identity of the address tells";
    let _ = ledger.row(
        by,
        "any",
        (&own("GET", ACCOUNTS), 200),
        (&expected, 2, 3.0, 0.0),
        design,
    );
    let unlink = ledger.function("accounts-unlink", &[]);
    let by = ("accounts-unlink", &unlink);
    let event = own("DELETE", "/api/auth/accounts/google");
    let expected = format!(
        "{CHECK} → GetItem _users → TransactWriteItems DeleteItem _users, UpdateItem _sessions, UpdateItem _users"
    );
    let design = "session check → T (user, provider, identity, session): 2 hops, 2 / 9; a password is looked up where nothing else signs in";
    let _ = ledger.row(
        by,
        "beside a password",
        (&event, 204),
        (&expected, 3, 3.0, 9.0),
        design,
    );
    let alone = code(ledger, &google("o", &fresh_email()));
    let made = ledger.apart.ask(&exchange, &post(EXCHANGE, &alone));
    let made = made.expect(200).json();
    let event = Event::new("DELETE", "/api/auth/accounts/google");
    let event = event.token(made["accessToken"].as_str().unwrap());
    let expected = format!("{CHECK} → GetItem _users → BatchGetItem _configuration");
    let design = "session check → r (is there a password?) → r (which providers sign in?)";
    let _ = ledger.row(
        by,
        "the last way in",
        (&event, 409),
        (&expected, 3, 4.0, 0.0),
        design,
    );
}

/// Sign-ins by an ID token: the keys of the provider are read by the first one alone.
fn native(ledger: &mut Ledger<'_>, provider: &Provider) {
    let function = ledger.function("oauth-token", &[]);
    let by = ("oauth-token", &function);
    let event = |subject: &str, more: &Value| {
        let body = native_body(provider, subject, more);
        post("/api/auth/oauth/google/token", &body)
    };
    let signed_up = "PutItem _throttle → TransactWriteItems PutItem _sessions, PutItem _users";
    let first = format!(
        "GetItem _configuration → GetItem _throttle → UpdateItem _throttle → PutItem _throttle → GetItem _users → {signed_up}"
    );
    let design = "r → r (keys) → w (turn) → provider → w (keys) → r → w (mark) → T; the first of all instances";
    let expected = (first.as_str(), 7, 3.0, 10.0);
    let _ = ledger.row(
        by,
        "first, without an address",
        (&event("t", &json!({})), 200),
        expected,
        design,
    );
    let known = "GetItem _configuration → GetItem _users → GetItem _users → PutItem _throttle → TransactWriteItems PutItem _sessions";
    let design = "r → r → r → w (mark) → T (session)";
    let more = json!({ "jti": "other" });
    let expected = (known, 5, 3.0, 3.0);
    let _ = ledger.row(by, "known", (&event("t", &more), 200), expected, design);
}

/// The settings of providers.
fn settings(ledger: &mut Ledger<'_>, provider: &Provider, admin: &Member) {
    let path = "/api/admin/providers/google";
    let own = |method: &str, path: &str| Event::new(method, path).token(&admin.access);
    let set = ledger.function("providers-set", &[OWN]);
    let by = ("providers-set", &set);
    let expected = format!("{CHECK} → PutItem _configuration");
    let mut settings = provider.settings("google");
    let event = own("PUT", path).json(&settings);
    let design = "session check → w";
    let _ = ledger.row(
        by,
        "with a secret",
        (&event, 200),
        (&expected, 2, 2.0, 1.0),
        design,
    );
    let _ = settings.as_object_mut().unwrap().remove("clientSecret");
    let expected = format!("{CHECK} → GetItem _configuration → PutItem _configuration");
    let event = own("PUT", path).json(&settings);
    let design = "session check → r (the secret that stays) → w";
    let _ = ledger.row(
        by,
        "without",
        (&event, 200),
        (&expected, 3, 3.0, 1.0),
        design,
    );
    let list = ledger.function("providers-list", &[OWN]);
    let by = ("providers-list", &list);
    let expected = format!("BatchGetItem _configuration ∥ {CHECK}");
    let design = "session check ∥ BatchGet of the names that are known";
    let _ = ledger.row(
        by,
        "five names",
        (&own("GET", "/api/admin/providers"), 200),
        (&expected, 1, 7.0, 0.0),
        design,
    );
    let enabled = ledger.function("oauth-providers", &[]);
    let by = ("oauth-providers", &enabled);
    let expected = ("BatchGetItem _configuration", 1, 5.0, 0.0);
    let design = "BatchGet of the names that are known";
    let _ = ledger.row(
        by,
        "five names",
        (&Event::new("GET", "/api/auth/providers"), 200),
        expected,
        design,
    );
    let reset = ledger.function("providers-reset", &[]);
    let by = ("providers-reset", &reset);
    let expected = format!("{CHECK} → UpdateItem _configuration");
    let design = "session check → w";
    let _ = ledger.row(
        by,
        "any",
        (&own("DELETE", path), 204),
        (&expected, 2, 2.0, 1.0),
        design,
    );
    let function = &set;
    set_up(
        provider,
        &|_, event| ledger.apart.ask(function, event),
        &admin.access,
    );
}
