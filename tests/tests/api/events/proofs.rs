//! Proofs of an address, as they change accounts and begin sessions.

use local::invocation::Front;
use local::mailbox::{Mailbox, Message};

use super::*;

pub(super) const OF_PROOFS: &[&str] = &[
    "register",
    "verify-email",
    "verify-email-resend",
    "reauthenticate",
    "password-forgot",
    "password-reset",
    "register-confirm",
    "register-resend",
    "email-change",
    "email-change-confirm",
    "email-change-cancel",
    "magic-link",
    "magic-link-verify",
];

const OTHER: &str = "another horse battery staple";
const REQUIRED: [(&str, &str); 3] = [
    ("BAKEND_AUTH_EMAIL_VERIFICATION", "required"),
    ("BAKEND_MAIL_FROM", "mail@example.com"),
    ("BAKEND_AUTH_PUBLIC_URL", "http://localhost:8080"),
];
const URL: [(&str, &str); 2] = [
    ("BAKEND_AUTH_PUBLIC_URL", "http://localhost:8080"),
    ("BAKEND_AUTH_MAGIC_LINK", "signUp"),
];

/// A play whose mails arrive in a mailbox.
pub(super) struct Mailed<'a> {
    pub(super) play: Play<'a>,
    mailbox: Mailbox,
    front: Front,
    sender: Instance<'a>,
}

impl<'a> Mailed<'a> {
    pub(super) fn new(inside: &'a Inside) -> Self {
        let play = Play::new(inside);
        let mailbox = Mailbox::start(0).unwrap();
        let front = Front::start(&inside.url(), &inside.template).unwrap();
        let (tables, ses) = (play.apart.proxy.endpoint(), mailbox.endpoint());
        let own = [
            ("AWS_ENDPOINT_URL_DYNAMODB", tables.as_str()),
            ("AWS_ENDPOINT_URL_SESV2", ses.as_str()),
            ("BAKEND_MAIL_FROM", "mail@example.com"),
            ("BAKEND_AUTH_MAGIC_LINK", "signUp"),
        ];
        let sender = inside.variant("mail", "events", 1, &own);
        front.alias("mail", sender.slot());
        Self {
            play,
            mailbox,
            front,
            sender,
        }
    }

    /// Sends the mails that are due, which makes no event, and returns the newest one to an address.
    pub(super) fn mail(&self, to: &str) -> Message {
        let due = self.play.told.borrow_mut().due();
        let _ = self
            .front
            .invoke("mail", &json!({ "Records": due }))
            .unwrap();
        let _ = self.play.seen(&[]);
        let mail = self.mailbox.messages_to(to).remove(0);
        self.play.told.borrow_mut().shown.keep_mail(&mail);
        mail
    }

    /// Ends the play; the sender has logged nothing in clear either.
    pub(super) fn end(self, writes: &[&str]) {
        self.play.end_with(writes, &self.sender.log());
    }

    /// Asks a function that needs the address of the API.
    #[track_caller]
    pub(super) fn ask(&self, function: &str, event: Event, status: u16, expected: &[&str]) -> Done {
        self.play.ask_told(function, &URL, event, status, expected)
    }

    /// The flow and the code of a mail that a forgotten password leads to.
    fn forgets(&self, member: &Member) -> (Value, String) {
        let event = post(
            "/api/auth/password/forgot",
            &json!({ "email": member.email }),
        );
        let opened = self.ask("password-forgot", event, 202, &[]).reply.json();
        let code = self.mail(&member.email).code.unwrap();
        (opened["flow"].clone(), code)
    }

    /// Asks for another address, and returns the code of the mail to it.
    fn asks_for_address(&self, member: &Member, email: &str) -> String {
        let event = post("/api/auth/email/change", &json!({ "newEmail": email }));
        let event = event.token(&member.access);
        let _ = self.ask("email-change", event, 202, &[]);
        self.mail(email).code.unwrap()
    }

    /// Signs in by a mail.
    #[track_caller]
    fn enters(&self, email: &str, expected: &[&str]) -> Done {
        let event = post("/api/auth/magic-link", &json!({ "email": email }));
        let opened = self.ask("magic-link", event, 202, &[]).reply.json();
        let body = json!({ "flow": opened["flow"], "code": self.mail(email).code });
        let event = post("/api/auth/magic-link/verify", &body);
        self.ask("magic-link-verify", event, 200, expected)
    }

    fn asks_for_verification(&self, member: &Member) -> Message {
        let resend = post("/api/auth/verify-email/resend", &json!({})).token(&member.access);
        let _ = self.ask("verify-email-resend", resend, 202, &[]);
        self.mail(&member.email)
    }
}

#[test]
fn proofs_make_exactly_these_events() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = Mailed::new(inside);
    let play = &world.play;
    let (ada, eve, bob) = (play.registers(), play.registers(), play.registers());
    let verify = |body: Value| post("/api/auth/verify-email", &body);

    // By the session, and by the password.
    let mail = world.asks_for_verification(&ada);
    let wrong = verify(json!({ "code": "00000000" })).token(&ada.access);
    let _ = world.ask("verify-email", wrong, 400, &[]);
    let right = verify(json!({ "code": mail.code })).token(&ada.access);
    let done = world.ask("verify-email", right, 200, &["auth.email.verified"]);
    assert_eq!(done.events[0]["data"], json!({ "userId": ada.id }));
    let link = world.asks_for_verification(&bob).link.unwrap();
    let (_, token) = link.split_once("token=").unwrap();
    let body = json!({ "token": token, "password": PASSWORD });
    let both = ["auth.email.verified", "auth.login"];
    let done = world.ask("verify-email", verify(body), 200, &both);
    assert_eq!(done.event("auth.login")["data"]["method"], "verify-email");

    let again = |password: &str| {
        let event = post("/api/auth/reauthenticate", &json!({ "password": password }));
        event.token(&ada.access)
    };
    let _ = play.ask("reauthenticate", again(OTHER), 400, &[]);
    let done = play.ask(
        "reauthenticate",
        again(PASSWORD),
        200,
        &["auth.reauthenticated"],
    );
    let data = &done.events[0]["data"];
    assert_eq!(data["amr"], json!(["pwd"]), "{data}");
    assert_eq!(data["userId"], json!(ada.id));

    // A password that is reset proves the address, too.
    let ended = ["auth.password.changed", "auth.session.ended"];
    let proven = [&ended[..], &["auth.email.verified"]].concat();
    for (member, expected) in [(&ada, &ended[..]), (&eve, &proven[..])] {
        let (flow, code) = world.forgets(member);
        let body = json!({ "flow": flow, "code": code, "newPassword": OTHER });
        let reset = post("/api/auth/password/reset", &body);
        let done = world.ask("password-reset", reset, 204, expected);
        let data = &done.event(ended[0])["data"];
        assert_eq!(data["reason"], "password-reset", "{data}");
    }

    let email = fresh_email();
    // The profile waits with the hash of the password, sealed.
    let mut body = credentials(&email);
    body["name"] = json!("Nobody knows Ada yet");
    let register = post("/api/auth/register", &body);
    let opened = play.ask_told("register", &REQUIRED, register, 202, &[]);
    let flow = json!({ "flow": opened.reply.json()["flow"] });
    let resend = post("/api/auth/register/resend", &flow);
    let _ = world.ask("register-resend", resend, 202, &[]);
    let body = json!({ "flow": flow["flow"], "code": world.mail(&email).code });
    let confirm = post("/api/auth/register/confirm", &body);
    let done = world.ask("register-confirm", confirm, 201, &["auth.register"]);
    assert_eq!(done.events[0]["data"]["method"], "password");
    assert!(done.events[0]["data"]["user"]["emailVerifiedAt"].is_string());
    addresses_and_sign_ins(&world, (&bob, &eve));
    world.end(OF_PROOFS);
}

/// The first user takes another address, and the second signs in by mail, as a stranger and a user who has proven nothing do.
fn addresses_and_sign_ins(world: &Mailed<'_>, (bob, eve): (&Member, &Member)) {
    let new = fresh_email();
    let _ = world.asks_for_address(bob, &new);
    let cancel = delete("/api/auth/email/change").token(&bob.access);
    let _ = world.ask("email-change-cancel", cancel, 204, &[]);
    let code = world.asks_for_address(bob, &new);
    let confirm = post("/api/auth/email/change/confirm", &json!({ "code": code }));
    let moved = ["auth.email.changed", "auth.session.ended"];
    let confirm = confirm.token(&bob.access);
    let done = world.ask("email-change-confirm", confirm, 200, &moved);
    let data = &done.event(moved[0])["data"];
    assert_eq!(data["previousEmail"], json!(bob.email));
    assert_eq!(data["user"]["email"], json!(new));

    let done = world.enters(&eve.email, &["auth.login"]);
    assert_eq!(done.events[0]["data"]["method"], "magic-link");
    let done = world.enters(&fresh_email(), &["auth.register"]);
    assert_eq!(done.events[0]["data"]["method"], "magic-link");
    let unproven = world.play.registers();
    let taken = [
        "auth.password.changed",
        "auth.email.verified",
        "auth.session.ended",
        "auth.login",
    ];
    let done = world.enters(&unproven.email, &taken);
    let data = &done.event(taken[0])["data"];
    assert_eq!(data["reason"], "password-removed");
}
