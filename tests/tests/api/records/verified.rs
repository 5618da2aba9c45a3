//! The rule `verified`: users with a proven address.

use blackbox::{Event, Reply, fresh_email, stack};
use serde_json::{Value, json};

use crate::proofs::world::{MailWorld, code, token};

const VOTES: &str = "/api/votes";

/// Every request to the collection, with the function that answers it; `id` is a record of somebody else.
fn requests(id: &str) -> [(&'static str, Event, u16); 8] {
    let (one, title) = (format!("{VOTES}/{id}"), json!({ "title": "a" }));
    let bulk = json!({ "operations": [{ "create": title }] });
    [
        ("records-create", post(VOTES, &title), 201),
        ("records-list", Event::new("GET", VOTES), 200),
        (
            "records-count",
            Event::new("GET", &format!("{VOTES}/count")),
            200,
        ),
        (
            "records-spec",
            Event::new("GET", &format!("{VOTES}/spec")),
            200,
        ),
        ("records-get", Event::new("GET", &one), 200),
        ("records-bulk", post(&format!("{VOTES}/bulk"), &bulk), 200),
        (
            "records-update",
            Event::new("PATCH", &one).json(&title),
            200,
        ),
        ("records-delete", Event::new("DELETE", &one), 204),
    ]
}

fn post(path: &str, body: &Value) -> Event {
    Event::new("POST", path).json(body)
}

fn told(reply: &Reply) -> (u16, String) {
    let code = if reply.status < 300 {
        String::new()
    } else {
        reply.code()
    };
    (reply.status, code)
}

#[test]
fn a_proven_address_passes_from_the_next_request_on() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let id = world.create("votes", &json!({ "title": "an admin's" }));
    let email = fresh_email();
    let account = world.register(&email);
    let user = token(&account);
    for (function, event, _) in requests(&id) {
        let refused = told(&world.reply(function, &event.token(&user)));
        let hidden = event_is_of_one(function);
        let expected = if hidden {
            (404, "data/record-not-found".to_owned())
        } else {
            (403, "auth/forbidden".to_owned())
        };
        assert_eq!(refused, expected, "{function}");
    }

    let body = json!({ "code": code(&world.mail(&email, 1)) });
    let verify = world.post_as(&user, "verify-email", "/api/auth/verify-email", &body);
    let _ = verify.expect(200);
    for (function, event, status) in requests(&id) {
        let reply = world.reply(function, &event.token(&user));
        assert_eq!(told(&reply), (status, String::new()), "{function}");
    }
}

/// Whether a function works on a record, which is not there for those who may not read it.
fn event_is_of_one(function: &str) -> bool {
    ["records-get", "records-update", "records-delete"].contains(&function)
}

#[test]
fn strangers_are_asked_for_a_token_and_admins_and_keys_pass() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let me = world.ask("me-get", Event::new("GET", "/api/auth/me"), 200);
    assert_eq!(
        me["emailVerifiedAt"],
        Value::Null,
        "the admin has proven nothing"
    );
    let body = json!({ "name": "votes", "type": "secret", "scopes": ["votes:*"] });
    let key = world.ask("api-keys-create", post("/api/admin/api-keys", &body), 201);
    let key = key["key"].as_str().unwrap();
    for by_key in [false, true] {
        let id = world.create("votes", &json!({ "title": "an admin's" }));
        for (function, event, status) in requests(&id) {
            let refused = told(&world.reply(function, &event));
            assert_eq!(
                refused,
                (401, "auth/authentication-required".to_owned()),
                "{function}"
            );
            if by_key {
                let reply = world.reply(function, &event.key(key));
                assert_eq!(told(&reply), (status, String::new()), "{function}");
            } else if status == 204 {
                let event = event.token(&token(&world.admin));
                let _ = world.reply(function, &event).expect(204);
            } else {
                let _ = world.ask(function, event, status);
            }
        }
    }
}

#[test]
fn without_a_session_check_nobody_has_proven_an_address() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let user = token(&world.register(&email));
    let body = json!({ "code": code(&world.mail(&email, 1)) });
    let verify = world.post_as(&user, "verify-email", "/api/auth/verify-email", &body);
    let _ = verify.expect(200);
    // The build refuses this setting beside such a rule, but a variable of one function may still say it.
    let trusting = [("BAKEND_AUTH_SESSION_CHECK", "expiry")];
    for (function, event) in [
        ("records-create", post(VOTES, &json!({ "title": "a" }))),
        ("records-list", Event::new("GET", VOTES)),
    ] {
        let function = world.variant(function, &trusting);
        let reply = world.flow.apart.ask(&function, &event.token(&user));
        assert_eq!(told(&reply), (403, "auth/forbidden".to_owned()));
    }
}
