//! The ends of codes, links and recent authentications, by a clock that is put forward. Each is good one second before its
//! end, and no more at it.

use blackbox::{Event, Inside, PASSWORD, fresh_email, stack};
use local::mailbox::Message;
use serde_json::{Value, json};

use super::changing::{CHANGE, CONFIRM, LINKS};
use super::signing_in::{LINK, SIGN_UP, VERIFY};
use super::world::{MailWorld, code, link_token, token};
use crate::invitations::PATH;

const PAGE: &str = "https://app.example.com/?token={token}";

/// How often a proof is made and used one second before its end. On a busy machine that second goes by now and then.
const TRIES: usize = 10;

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

/// A time that ends: the function that looks at it, its seconds, and the answers before the end and from then on.
struct Life {
    function: &'static str,
    seconds: u64,
    good: u16,
    over: (u16, &'static str),
}

impl Life {
    /// The life of a proof.
    fn of(function: &'static str, seconds: u64, good: u16) -> Self {
        let over = (400, "auth/invalid-code");
        Self {
            function,
            seconds,
            good,
            over,
        }
    }

    /// `ask` makes a proof and returns the request that shows it, by the time of which it is told how far that is away.
    fn check(&self, world: &MailWorld<'_>, ask: impl Fn(&str) -> Event) {
        let at = |seconds: u64| {
            let offset = format!("{seconds}s");
            let late = world.variant(self.function, &[("BAKEND_CLOCK_OFFSET", &offset)]);
            (offset, late)
        };
        let (offset, late) = at(self.seconds - 1);
        let mut tries = (0..TRIES).map(|_| world.flow.apart.ask(&late, &ask(&offset)).status);
        assert!(
            tries.any(|status| status == self.good),
            "{} after {offset}",
            self.function
        );
        let (offset, late) = at(self.seconds);
        let reply = world
            .flow
            .apart
            .ask(&late, &ask(&offset))
            .expect(self.over.0);
        assert_eq!(
            reply.code(),
            self.over.1,
            "{} after {offset}",
            self.function
        );
    }
}

fn world(inside: &Inside) -> MailWorld<'_> {
    let magic = ("BAKEND_MAIL_LINKS_MAGIC_LINK", PAGE);
    MailWorld::new(inside, &[SIGN_UP, magic, LINKS])
}

fn post(path: &str, body: &Value) -> Event {
    Event::new("POST", path).json(body)
}

/// A login when the clock is so far ahead: by then an earlier access token has expired.
fn late_login(world: &MailWorld<'_>, email: &str, offset: &str) -> String {
    let body = json!({ "email": email, "password": PASSWORD });
    let late = world.variant("login", &[("BAKEND_CLOCK_OFFSET", offset)]);
    let event = post("/api/auth/login", &body);
    token(&world.flow.apart.ask(&late, &event).expect(200).json())
}

/// Opens a flow; the reply's handle, and the mail.
fn opened(world: &MailWorld<'_>, (function, path): (&str, &str), body: &Value) -> (Value, Message) {
    let email = body["email"].as_str().unwrap();
    let mails = world.mailbox.messages_to(email).len();
    let flow = world.post(function, path, body).expect(202).json()["flow"].clone();
    (flow, world.mail(email, mails + 1))
}

#[test]
fn a_verification_ends() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = world(inside);
    let registered = || {
        let email = fresh_email();
        let _ = world.register(&email);
        let mail = world.mail(&email, 1);
        (email, mail)
    };
    let by_code = Life::of("verify-email", 10 * MINUTE, 200);
    by_code.check(&world, |_| {
        let (email, mail) = registered();
        let body = json!({ "email": email, "code": code(&mail), "password": PASSWORD });
        post("/api/auth/verify-email", &body)
    });
    let by_link = Life::of("verify-email", DAY, 200);
    by_link.check(&world, |_| {
        let (_, mail) = registered();
        let body = json!({ "token": link_token(&mail), "password": PASSWORD });
        post("/api/auth/verify-email", &body)
    });
}

#[test]
fn a_registration_that_waits_ends() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[("BAKEND_AUTH_EMAIL_VERIFICATION", "required")]);
    let registered = || {
        let body = json!({ "email": fresh_email(), "password": PASSWORD });
        opened(&world, ("register", "/api/auth/register"), &body)
    };
    let confirming = |body: &Value| post("/api/auth/register/confirm", body);
    let by_code = Life::of("register-confirm", 10 * MINUTE, 201);
    by_code.check(&world, |_| {
        let (flow, mail) = registered();
        confirming(&json!({ "flow": flow, "code": code(&mail) }))
    });
    let by_link = Life::of("register-confirm", DAY, 201);
    by_link.check(&world, |_| {
        let (_, mail) = registered();
        confirming(&json!({ "token": link_token(&mail), "password": PASSWORD }))
    });
}

#[test]
fn a_reset_ends() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = world(inside);
    let forgotten = || {
        let email = fresh_email();
        let _ = world.register(&email);
        let _verification = world.mail(&email, 1);
        let forgot = ("password-forgot", "/api/auth/password/forgot");
        opened(&world, forgot, &json!({ "email": email }))
    };
    let resetting = |mut body: Value| {
        body["newPassword"] = json!("another long password");
        post("/api/auth/password/reset", &body)
    };
    let by_code = Life::of("password-reset", 10 * MINUTE, 204);
    by_code.check(&world, |_| {
        let (flow, mail) = forgotten();
        resetting(json!({ "flow": flow, "code": code(&mail) }))
    });
    let by_link = Life::of("password-reset", 30 * MINUTE, 204);
    by_link.check(&world, |_| {
        let (_, mail) = forgotten();
        resetting(json!({ "token": link_token(&mail) }))
    });
}

#[test]
fn a_magic_links_code_and_link_end_together() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = world(inside);
    for is_code in [true, false] {
        let life = Life::of("magic-link-verify", 10 * MINUTE, 200);
        life.check(&world, |_| {
            let body = json!({ "email": fresh_email() });
            let (flow, mail) = opened(&world, ("magic-link", LINK), &body);
            let body = if is_code {
                json!({ "flow": flow, "code": code(&mail) })
            } else {
                json!({ "token": link_token(&mail) })
            };
            post(VERIFY, &body)
        });
    }
}

#[test]
fn a_changes_code_ends_before_its_link() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = world(inside);
    for (is_code, seconds) in [(true, 10 * MINUTE), (false, DAY)] {
        let life = Life::of("email-change-confirm", seconds, 200);
        life.check(&world, |offset| {
            let (old, new) = (fresh_email(), fresh_email());
            let access = token(&world.register(&old));
            let body = json!({ "newEmail": new });
            let asked = world.post_as(&access, "email-change", CHANGE, &body);
            let _ = asked.expect(202);
            let mail = world.mail(&new, 1);
            let body = if is_code {
                json!({ "code": code(&mail) })
            } else {
                json!({ "token": link_token(&mail) })
            };
            post(CONFIRM, &body).token(&late_login(&world, &old, offset))
        });
    }
}

#[test]
fn an_invitation_ends_after_seven_days() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = world(inside);
    for (function, path, good) in [
        ("invitations-accept", "accept", 201),
        ("invitations-reject", "reject", 200),
    ] {
        let life = Life {
            over: (410, "invitations/expired"),
            ..Life::of(function, 7 * DAY, good)
        };
        life.check(&world, |_| {
            let email = fresh_email();
            let event = post(PATH, &json!({ "email": email }));
            let _ = world.ask("invitations-create", event, 201);
            let body = json!({ "token": link_token(&world.mail(&email, 1)) });
            post(&format!("{PATH}/{path}"), &body)
        });
    }
}

#[test]
fn an_authentication_is_recent_for_ten_minutes() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = world(inside);
    let life = Life {
        over: (403, "auth/reauthentication-required"),
        ..Life::of("email-change", 10 * MINUTE, 202)
    };
    life.check(&world, |_| {
        let access = token(&world.register(&fresh_email()));
        post(CHANGE, &json!({ "newEmail": fresh_email() })).token(&access)
    });
}
