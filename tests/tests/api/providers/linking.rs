//! Linking and unlinking: a provider more or less, and one way in at least.

use blackbox::stack;

use super::*;

impl Stage<'_> {
    pub(super) fn link(&self, signed_in: &Value, name: &'static str, account: &Value) -> Reply {
        let code = self.code(name, account);
        let event = Event::new("POST", ACCOUNTS).json(&trade(&code, &json!({})));
        self.ask_as(signed_in, "accounts-link", event)
    }

    pub(super) fn unlink(&self, signed_in: &Value, id: &str) -> Reply {
        let event = Event::new("DELETE", &format!("{ACCOUNTS}/{id}"));
        self.ask_as(signed_in, "accounts-unlink", event)
    }
}

#[test]
fn a_provider_is_linked_to_the_account_that_is_signed_in() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (email, made) = stage.register();
    assert_eq!(stage.accounts(&made), ["password"]);
    let linked = stage
        .link(&made, "google", &google("a", "other@example.com"))
        .expect(201)
        .json();
    assert_eq!(
        (&linked["id"], &linked["kind"]),
        (&json!("google"), &json!("provider"))
    );
    assert_eq!(linked["label"], "other@example.com");
    assert_eq!(stage.accounts(&made), ["password", "google"]);
    assert!(stage.stands(&made), "linking ends no session");
    let entered = stage
        .sign_in("google", &google("a", "x@example.com"))
        .expect(200)
        .json();
    assert_eq!(
        (&entered["user"]["id"], &entered["user"]["email"]),
        (&made["user"]["id"], &json!(email))
    );
    for account in [google("a", "x@example.com"), google("b", "y@example.com")] {
        let again = stage.link(&made, "google", &account);
        assert_eq!(
            (again.status, again.code().as_str()),
            (409, "auth/account-already-linked")
        );
    }
    let (_, stranger) = stage.register();
    let theirs = stage.link(&stranger, "google", &google("a", "x@example.com"));
    assert_eq!(
        (theirs.status, theirs.code().as_str()),
        (409, "auth/account-already-linked")
    );
    assert_eq!(stage.accounts(&stranger), ["password"]);
}

#[test]
fn a_link_needs_a_code_of_ones_own() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (_, made) = stage.register();
    let code = stage.code("google", &google("a", "a@example.com"));
    for (code, verifier) in [
        (code.as_str(), "b".repeat(43)),
        ("garbage", VERIFIER.to_owned()),
    ] {
        let body = json!({ "code": code, "codeVerifier": verifier });
        let event = Event::new("POST", ACCOUNTS).json(&body);
        let reply = stage.ask_as(&made, "accounts-link", event);
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (400, "auth/invalid-oauth-code")
        );
    }
    let event = Event::new("POST", ACCOUNTS).json(&trade(&code, &json!({})));
    let stranger = stage.world.reply("accounts-link", &event);
    assert_eq!(stranger.code(), "auth/authentication-required");
    // Linked once, the code may still sign in, and links nothing again.
    let _ = stage
        .ask_as(&made, "accounts-link", event.clone())
        .expect(201);
    let again = stage.ask_as(&made, "accounts-link", event);
    assert_eq!(again.code(), "auth/account-already-linked");
    let entered = stage.exchange(&code, &json!({})).expect(200).json();
    assert_eq!(entered["user"]["id"], made["user"]["id"]);
}

#[test]
fn what_is_unlinked_signs_in_no_longer_and_ends_the_other_sessions() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (email, made) = stage.register();
    let _ = stage
        .link(&made, "google", &google("a", "a@example.com"))
        .expect(201);
    let other = stage.login(&email).expect(200).json();
    let unknown = stage.unlink(&made, "github");
    assert_eq!(
        (unknown.status, unknown.code().as_str()),
        (404, "auth/account-not-linked")
    );
    let _ = stage.unlink(&made, "google").expect(204);
    assert!(stage.stands(&made) && !stage.stands(&other));
    assert_eq!(stage.accounts(&made), ["password"]);
    let elsewhere = stage
        .sign_in("google", &google("a", "a@example.com"))
        .expect(200)
        .json();
    assert_ne!(elsewhere["user"]["id"], made["user"]["id"]);
}

#[test]
fn the_last_way_in_stays() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (_, made) = stage.proven();
    let last = stage.unlink(&made, "own");
    assert_eq!(
        (last.status, last.code().as_str()),
        (409, "auth/last-method")
    );
    let _ = stage
        .link(&made, "google", &google("a", "a@example.com"))
        .expect(201);
    let _ = stage.unlink(&made, "own").expect(204);
    assert_eq!(stage.unlink(&made, "google").code(), "auth/last-method");
}

#[test]
fn an_anonymous_account_becomes_a_whole_one_by_a_provider() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let event = Event::new("POST", "/api/auth/anonymous").json(&json!({}));
    let made = stage.world.send("anonymous", &event, 201);
    assert_eq!(made["user"]["role"], "anonymous");
    let id = made["user"]["id"].as_str().unwrap();
    let lapses = || {
        let users = stage.world.scan("local-_users");
        let own = users.iter().find(|item| item["id"]["S"] == id).unwrap();
        own["expires_at"].is_object()
    };
    assert!(lapses());
    let _ = stage
        .link(&made, "google", &google("a", "a@example.com"))
        .expect(201);
    assert!(!lapses());
    let me = stage
        .ask_as(&made, "me-get", Event::new("GET", "/api/auth/me"))
        .expect(200)
        .json();
    assert_eq!(
        (&me["role"], &me["id"]),
        (&json!("authenticated"), &made["user"]["id"])
    );
    assert!(stage.stands(&made), "the sessions stay");
    let entered = stage
        .sign_in("google", &google("a", "a@example.com"))
        .expect(200)
        .json();
    assert_eq!(entered["user"]["id"], made["user"]["id"]);
}
