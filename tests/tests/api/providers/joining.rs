//! Providers of anonymous accounts: a link makes an account, so `auth.registration` binds it.

use blackbox::stack;

use super::*;

const CLOSED: (&str, &str) = ("BAKEND_AUTH_REGISTRATION_ENABLED", "false");
const DOMAINS: (&str, &str) = ("BAKEND_AUTH_REGISTRATION_DOMAINS", "corp.example");
const BLOCKED: (&str, &str) = ("BAKEND_AUTH_REGISTRATION_BLOCKED_DOMAINS", "example.com");

/// A new anonymous account.
fn nobody(stage: &Stage<'_>) -> Value {
    let event = Event::new("POST", "/api/auth/anonymous").json(&json!({}));
    stage.world.send("anonymous", &event, 201)
}

/// Links an account at Google where this setting holds.
fn link_under(
    stage: &Stage<'_>,
    setting: (&str, &str),
    signed_in: &Value,
    account: &Value,
) -> Reply {
    let links = stage.world.variant("accounts-link", &[setting]);
    let body = trade(&stage.code("google", account), &json!({}));
    let token = signed_in["accessToken"].as_str().unwrap();
    let event = Event::new("POST", ACCOUNTS).json(&body).token(token);
    stage.world.flow.apart.ask(&links, &event)
}

fn role(stage: &Stage<'_>, signed_in: &Value) -> Value {
    let event = Event::new("GET", "/api/auth/me");
    let me = stage.ask_as(signed_in, "me-get", event).expect(200);
    me.json()["role"].clone()
}

/// An account at Google whose address is not proven, or which tells none.
fn unproven(subject: &str, email: Option<&str>) -> Value {
    let mut account = google(subject, "");
    account["email_verified"] = json!(false);
    account["email"] = json!(email);
    account
}

#[test]
fn a_provider_that_could_make_no_account_makes_none_of_an_anonymous_one() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let elsewhere = google("elsewhere", "a@example.com");
    let of_domain = google("closed", "a@corp.example");
    for (setting, account) in [
        (CLOSED, &of_domain),
        (CLOSED, &unproven("closed-bare", None)),
        (DOMAINS, &elsewhere),
        (DOMAINS, &unproven("told", Some("b@corp.example"))),
        (DOMAINS, &unproven("bare", None)),
        (BLOCKED, &elsewhere),
    ] {
        let made = nobody(&stage);
        let refused = link_under(&stage, setting, &made, account);
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (403, "auth/registration-not-allowed"),
            "{setting:?} {account}"
        );
        assert_eq!(role(&stage, &made), "anonymous", "{setting:?} {account}");
    }
    // Nobody has the identities, and without the settings they are linked.
    for account in [&elsewhere, &of_domain] {
        let made = nobody(&stage);
        let _ = stage.link(&made, "google", account).expect(201);
        assert_eq!(role(&stage, &made), "authenticated");
    }
}

#[test]
fn a_proven_address_of_the_domain_makes_an_account_of_an_anonymous_one() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let made = nobody(&stage);
    let account = google("colleague", "colleague@corp.example");
    let _ = link_under(&stage, DOMAINS, &made, &account).expect(201);
    assert_eq!(role(&stage, &made), "authenticated");
    let entered = stage.sign_in("google", &account).expect(200).json();
    assert_eq!(entered["user"]["id"], made["user"]["id"]);
}

#[test]
fn an_account_that_is_one_links_whatever_the_settings_of_registrations_say() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    for (at, setting) in [CLOSED, DOMAINS, BLOCKED].into_iter().enumerate() {
        let (_, made) = stage.register();
        let account = google(&format!("member-{at}"), "m@example.com");
        let _ = link_under(&stage, setting, &made, &account).expect(201);
        assert_eq!(stage.accounts(&made), ["password", "google"], "{setting:?}");
    }
}
