//! The ends of codes and links, by a clock that is put forward.

use blackbox::{Event, PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

use super::changing::{CHANGE, CONFIRM, LINKS};
use super::signing_in::{LINK, SIGN_UP, VERIFY};
use super::world::{MailWorld, code, link_token, token};

const PAGE: &str = "https://app.example.com/?token={token}";

/// The status of a request to a function whose clock is put forward.
fn at(world: &MailWorld<'_>, function: &str, offset: &str, event: &Event) -> u16 {
    let late = world.variant(function, &[("BAKEND_CLOCK_OFFSET", offset)]);
    let reply = world.flow.apart.ask(&late, event);
    if reply.status == 400 {
        assert_eq!(reply.code(), "auth/invalid-code");
    }
    reply.status
}

#[test]
fn a_magic_links_code_and_link_end_together() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[SIGN_UP, ("BAKEND_MAIL_LINKS_MAGIC_LINK", PAGE)]);
    for by_code in [true, false] {
        for (offset, status) in [("600s", 400), ("570s", 200)] {
            let email = fresh_email();
            let opened = world.post("magic-link", LINK, &json!({ "email": email }));
            let flow = opened.expect(202).json()["flow"].clone();
            let mail = world.mail(&email, 1);
            let body = if by_code {
                json!({ "flow": flow, "code": code(&mail) })
            } else {
                json!({ "token": link_token(&mail) })
            };
            let event = Event::new("POST", VERIFY).json(&body);
            let verified = at(&world, "magic-link-verify", offset, &event);
            assert_eq!(verified, status, "{offset} {by_code}");
        }
    }
}

#[test]
fn a_changes_code_ends_before_its_link() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[LINKS]);
    let by_code = |offset, status| (true, offset, status);
    let by_link = |offset, status| (false, offset, status);
    for (is_code, offset, status) in [
        by_code("600s", 400),
        by_code("570s", 200),
        by_link("86400s", 400),
        by_link("86370s", 200),
    ] {
        let (old, new) = (fresh_email(), fresh_email());
        let access = token(&world.register(&old));
        let body = json!({ "newEmail": new });
        let _ = world
            .post_as(&access, "email-change", CHANGE, &body)
            .expect(202);
        let mail = world.mail(&new, 1);
        let body: Value = if is_code {
            json!({ "code": code(&mail) })
        } else {
            json!({ "token": link_token(&mail) })
        };
        // By then the user has signed in once more.
        let login = json!({ "email": old, "password": PASSWORD });
        let login = Event::new("POST", "/api/auth/login").json(&login);
        let late = world.variant("login", &[("BAKEND_CLOCK_OFFSET", offset)]);
        let access = token(&world.flow.apart.ask(&late, &login).expect(200).json());
        let event = Event::new("POST", CONFIRM).json(&body).token(&access);
        let confirmed = at(&world, "email-change-confirm", offset, &event);
        assert_eq!(confirmed, status, "{offset} {is_code}");
    }
}
