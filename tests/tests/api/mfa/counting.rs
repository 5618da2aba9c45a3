//! Wrong codes are counted, by source and over all of them.

use std::cell::Cell;

use blackbox::stack;

use super::mailed::Mailed;
use super::ways_in::{NEW, reset};
use super::*;

const BY_SOURCE: [(&str, &str); 2] = [
    ("BAKEND_AUTH_THROTTLE_ATTEMPTS", "5"),
    ("BAKEND_AUTH_THROTTLE_FIRST_LOCK", "10m"),
];

/// The limit of a day, beside those of sources.
fn by_all(attempts: &'static str) -> [(&'static str, &'static str); 3] {
    let all = ("BAKEND_AUTH_THROTTLE_FACTOR_ATTEMPTS", attempts);
    [BY_SOURCE[0], BY_SOURCE[1], all]
}

/// Refused for the time that the header tells.
#[track_caller]
fn locked(reply: Reply) {
    assert!(reply.header("retry-after").is_some(), "{}", reply.text());
    refused(reply, 429, "auth/too-many-requests");
}

/// The second step from a source.
fn verify_from(stage: &Stage<'_>, source: &str, challenge: &str, proof: &Value) -> Reply {
    let event = Event::new("POST", VERIFY).json(&second(challenge, proof));
    stage.world.reply("mfa-verify", &event.source_ip(source))
}

/// Sources that nobody has used.
struct Sources(Cell<u8>);

impl Sources {
    fn next(&self) -> String {
        self.0.set(self.0.get() + 1);
        format!("198.51.100.{}", self.0.get())
    }
}

/// Each endpoint that takes a code of a user who is known.
fn doors(account: &Account, challenge: &str) -> [(&'static str, Value, Event); 6] {
    let post = |path: &str| Event::new("POST", path);
    let own = |path: &str| post(path).token(&account.token);
    let again = json!({ "password": PASSWORD });
    let login = json!({ "email": account.email, "password": PASSWORD });
    let change = json!({ "newEmail": fresh_email(), "password": PASSWORD });
    [
        ("mfa-verify", second(challenge, &json!({})), post(VERIFY)),
        ("login", login, post(LOGIN)),
        ("mfa-disable", json!({}), own(DISABLE)),
        ("mfa-recovery-codes", json!({}), own(CODES)),
        ("reauthenticate", again, own("/api/auth/reauthenticate")),
        ("email-change", change, own("/api/auth/email/change")),
    ]
}

/// A request at one of them with this code.
fn with_code(door: &(&'static str, Value, Event), code: &str) -> Event {
    let (function, body, event) = door;
    let name = match *function {
        "login" => "mfaCode",
        _ => "code",
    };
    let mut body = body.clone();
    body[name] = json!(code);
    event.clone().json(&body)
}

#[test]
fn wrong_codes_lock_their_source_and_right_ones_are_given_back() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &BY_SOURCE);
    let account = stage.enrolled();
    let (here, there) = ("198.51.100.1", "198.51.100.2");
    let challenge = stage.challenge(&account.email);
    let wrong = json!({ "code": "000000" });
    let guess = || {
        let reply = verify_from(&stage, here, &challenge, &wrong);
        refused(reply, 401, "auth/invalid-mfa-code");
    };
    let mut codes = account.codes.iter();
    let mut right = || json!({ "recoveryCode": codes.next().unwrap() });
    (0..4).for_each(|_| guess());
    for _ in 0..5 {
        let other = stage.challenge(&account.email);
        let _ = verify_from(&stage, here, &other, &right()).expect(200);
    }
    guess();
    for proof in [wrong.clone(), right()] {
        locked(verify_from(&stage, here, &challenge, &proof));
    }
    // It is the same count at the other endpoints.
    for door in doors(&account, &challenge) {
        let event = with_code(&door, &code(&account.secret, 0));
        locked(stage.world.reply(door.0, &event.source_ip(here)));
    }
    let other = stage.enrolled();
    let proof = json!({ "recoveryCode": other.codes[0] });
    let own = stage.challenge(&other.email);
    let _ = verify_from(&stage, here, &own, &proof).expect(200);
    let _ = verify_from(&stage, there, &challenge, &right()).expect(200);
}

#[test]
fn wrong_codes_from_many_sources_lock_the_factor_for_the_rest_of_a_day() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &by_all("20"));
    let account = stage.enrolled();
    let challenge = stage.challenge(&account.email);
    let sources = Sources(Cell::new(0));
    let doors = doors(&account, &challenge);
    for door in doors.iter().cycle().take(18) {
        let event = with_code(door, "000000").source_ip(&sources.next());
        let reply = stage.world.reply(door.0, &event);
        refused(reply, 401, "auth/invalid-mfa-code");
    }
    // Wrong recovery codes are in the same count.
    let wrong = json!({ "recoveryCode": "0000-0000-0000-0000" });
    for _ in 0..2 {
        let reply = verify_from(&stage, &sources.next(), &challenge, &wrong);
        refused(reply, 401, "auth/invalid-mfa-code");
    }
    for door in &doors {
        let event = with_code(door, &code(&account.secret, 0));
        locked(stage.world.reply(door.0, &event.source_ip(&sources.next())));
    }
    let right = json!({ "recoveryCode": account.codes[0] });
    let source = sources.next();
    locked(verify_from(&stage, &source, &challenge, &right));
    // The first step goes on, and so does another user.
    let _ = stage.challenge(&account.email);
    let other = stage.enrolled();
    let own = json!({ "recoveryCode": other.codes[0] });
    let _ = stage.login(&other.email, &own).expect(200);

    let body = json!({ "email": account.email, "password": PASSWORD,
        "recoveryCode": account.codes[0] });
    let event = Event::new("POST", LOGIN).json(&body);
    for (offset, status) in [("1430m", 429), ("1441m", 200)] {
        let offset = [("BAKEND_CLOCK_OFFSET", offset)];
        let later = stage.world.variant("login", &offset);
        let _ = stage.world.flow.apart.ask(&later, &event).expect(status);
    }
}

#[test]
fn the_attempt_that_locks_is_told_to_the_user_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let mailed = Mailed::new(inside, &by_all("3"));
    let account = mailed.account();
    let challenge = mailed.challenge(&account.email);
    let sources = Sources(Cell::new(0));
    let wrong = json!({ "code": "000000" });
    let notices = || {
        let items = mailed.world.scan("local-_mail").into_iter();
        let is_notice = |item: &Value| text(&item["id"]["S"]).starts_with("notice#");
        items.filter(is_notice).count()
    };
    for _ in 0..2 {
        let reply = verify_from(&mailed, &sources.next(), &challenge, &wrong);
        refused(reply, 401, "auth/invalid-mfa-code");
    }
    assert_eq!(notices(), 0);
    // A right one that would lock is given back.
    let right = json!({ "recoveryCode": account.codes[0] });
    let other = mailed.challenge(&account.email);
    let _ = verify_from(&mailed, &sources.next(), &other, &right).expect(200);
    assert_eq!(notices(), 0);
    let reply = verify_from(&mailed, &sources.next(), &challenge, &wrong);
    refused(reply, 401, "auth/invalid-mfa-code");
    assert_eq!(notices(), 1);
    for _ in 0..3 {
        let source = sources.next();
        locked(verify_from(&mailed, &source, &challenge, &wrong));
    }
    let mail = mailed.mail(&account.email, 2);
    assert_eq!(mail.kind, "mfa-attempts");
    assert_eq!((&mail.code, &mail.link), (&None, &None), "{}", mail.text);
    assert_eq!(notices(), 1);
}

#[test]
fn guesses_at_once_are_no_more_than_the_limit_and_one_notice() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let mailed = Mailed::new(inside, &by_all("20"));
    let account = mailed.account();
    let challenge = mailed.challenge(&account.email);
    let sources = Sources(Cell::new(0));
    let instances = mailed.instances("mfa-verify", 4);
    let body = second(&challenge, &json!({ "code": "000000" }));
    let guess = |instance| {
        let event = Event::new("POST", VERIFY).json(&body);
        (instance, event.source_ip(&sources.next()))
    };
    let uses = instances.iter().cycle().take(40);
    let all: Vec<(&Instance<'_>, Event)> = uses.map(guess).collect();
    let replies = mailed.at_once(&all);
    let of = |status: u16| replies.iter().filter(|it| it.status == status).count();
    assert_eq!((of(401), of(429)), (20, 20), "{replies:#?}");
    let items = mailed.world.scan("local-_mail").into_iter();
    let notices = items.filter(|item| text(&item["id"]["S"]).starts_with("notice#"));
    assert_eq!(notices.count(), 1);
}

#[test]
fn a_reset_forgets_wrong_codes_once_in_a_day_and_a_change_of_the_password_never() {
    const CHANGED: &str = "a third long password";
    let Some(inside) = stack().inside() else {
        return;
    };
    let quiet = ("BAKEND_MAIL_NOTICES_MFA_ATTEMPTS", "false");
    let mailed = Mailed::new(inside, &[&by_all("3")[..], &[quiet]].concat());
    let account = mailed.account();
    let sources = Sources(Cell::new(0));
    let login = |password: &str, name: &str, code: &str| {
        let mut body = json!({ "email": account.email, "password": password });
        body[name] = json!(code);
        let event = Event::new("POST", LOGIN).json(&body);
        mailed
            .world
            .reply("login", &event.source_ip(&sources.next()))
    };
    let lock = |password: &str| {
        for _ in 0..3 {
            let reply = login(password, "mfaCode", "000000");
            refused(reply, 401, "auth/invalid-mfa-code");
        }
        locked(login(password, "mfaCode", "000000"));
    };
    lock(PASSWORD);
    let body = json!({ "currentPassword": PASSWORD, "newPassword": CHANGED });
    let path = "/api/auth/password/change";
    let changed = mailed.post_as(&account.token, "password-change", path, &body);
    let _ = changed.expect(204);
    locked(login(CHANGED, "recoveryCode", &account.codes[0]));
    let _ = reset(&mailed, &account.email, 2).expect(204);
    let _ = login(NEW, "recoveryCode", &account.codes[0]).expect(200);
    lock(NEW);
    let _ = reset(&mailed, &account.email, 3).expect(204);
    locked(login(NEW, "recoveryCode", &account.codes[1]));
    let body = json!({ "email": account.email, "password": NEW });
    let waits = mailed.post("login", LOGIN, &body);
    refused(waits, 403, "auth/mfa-required");
}
