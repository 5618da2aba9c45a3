//! SES that refuses, is too busy, fails or is paused.

use blackbox::{fresh_email, stack};
use serde_json::{Value, json};

use super::world::{MailWorld, code, token};

const VERIFY: &str = "/api/auth/verify-email";

/// Answers after which the same mail is sent later.
const LATER: [(u16, &str); 6] = [
    (429, "TooManyRequestsException"),
    (400, "TooManyRequestsException"),
    (400, "LimitExceededException"),
    (400, "SendingPausedException"),
    (500, "InternalServiceErrorException"),
    (503, "ServiceUnavailable"),
];

/// Answers after which a mail is never sent.
const NEVER: [(u16, &str); 4] = [
    (400, "MessageRejected"),
    (400, "MailFromDomainNotVerifiedException"),
    (400, "BadRequestException"),
    (404, "NotFoundException"),
];

/// The nonces of all proofs, sorted: a code comes of its nonce.
fn nonces(world: &MailWorld<'_>) -> Vec<String> {
    let items = world.scan("local-_mail").into_iter();
    let nonces = items.map(|item| item["nonce"]["S"].as_str().unwrap().to_owned());
    let mut nonces: Vec<String> = nonces.collect();
    nonces.sort();
    nonces
}

/// The reasons of the sender's warnings.
fn warnings(world: &MailWorld<'_>) -> Vec<String> {
    let log = world.flow.log();
    let lines = log.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        (line["level"] == "WARN").then(|| line.to_string())
    });
    lines.collect()
}

fn verify(world: &MailWorld<'_>, account: &Value, email: &str) {
    let body = json!({ "code": code(&world.mail(email, 1)) });
    let verified = world.post_as(&token(account), "verify-email", VERIFY, &body);
    let _ = verified.expect(200);
}

#[test]
fn a_mail_that_ses_cannot_send_now_arrives_later_and_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for (status, error) in LATER {
        let world = MailWorld::new(inside, &[]);
        world.mailbox.fail_next(3, status, error);
        let emails = [(); 3].map(|()| fresh_email());
        let accounts = emails.clone().map(|email| world.register(&email));
        let before = nonces(&world);
        for email in &emails {
            let mail = world.mail(email, 1);
            assert_eq!(mail.kind, "verify-email", "{error}");
        }
        assert_eq!(nonces(&world), before, "{error}: no code has changed");
        let all_sent = |states: &Vec<String>| states.iter().all(|state| state == "sent");
        let states = world.until(|| world.states(), all_sent);
        assert_eq!(states.len(), 3, "{error}");
        for (account, email) in accounts.iter().zip(&emails) {
            verify(&world, account, email);
        }
        // A mail behind them has been sent, so no attempt is under way.
        let last = fresh_email();
        let _ = world.register(&last);
        let _ = world.mail(&last, 1);
        assert_eq!(world.mailbox.messages().len(), 4, "{error}");
        let warnings = warnings(&world);
        let waits = |line: &&String| line.contains("has to wait") && line.contains(error);
        assert_eq!(warnings.iter().filter(waits).count(), 3, "{warnings:?}");
        let is_told = |email: &String| warnings.iter().any(|line| line.contains(email.as_str()));
        assert!(!emails.iter().any(is_told), "{warnings:?}");
    }
}

#[test]
fn a_mail_that_ses_refuses_is_dropped_with_a_warning_and_never_tried_again() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    for (number, (status, error)) in (1..).zip(NEVER) {
        // One refusal alone: a second attempt would succeed.
        world.mailbox.fail_next(1, status, error);
        let (refused, next) = (fresh_email(), fresh_email());
        let _ = world.register(&refused);
        let dropped = || {
            let states = world.states().into_iter();
            states.filter(|state| state == "dropped").count()
        };
        let _ = world.until(dropped, |dropped| *dropped == number);
        let account = world.register(&next);
        verify(&world, &account, &next);
        assert_eq!(world.mailbox.messages_to(&refused), [], "{error}");
        let warnings = warnings(&world);
        let told = |line: &&String| line.contains("is dropped") && line.contains(error);
        assert_eq!(warnings.iter().filter(told).count(), 1, "{warnings:?}");
        let names = |line: &String| line.contains(&refused);
        assert!(!warnings.iter().any(names), "{warnings:?}");
    }
    // Another sender begins without memory, and finds nothing to send.
    world.restart_sender(&[]);
    let last = fresh_email();
    let _ = world.register(&last);
    let _ = world.mail(&last, 1);
    assert_eq!(world.mailbox.messages().len(), NEVER.len() + 1);
}

#[test]
fn a_mail_that_cannot_be_sent_while_its_code_lives_is_dropped() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    world.mailbox.fail_next(1000, 503, "ServiceUnavailable");
    let email = fresh_email();
    let account = world.register(&email);
    let waits = |warnings: &Vec<String>| warnings.iter().any(|it| it.contains("has to wait"));
    let _ = world.until(|| warnings(&world), waits);
    assert_eq!(world.states(), ["sending"]);
    world.mailbox.fail_next(0, 200, "");
    world.restart_sender(&[("BAKEND_CLOCK_OFFSET", "601s")]);
    let dropped = |states: &Vec<String>| *states == ["dropped"];
    let _ = world.until(|| world.states(), dropped);
    let told = |warnings: &Vec<String>| warnings.iter().any(|it| it.contains("is dropped"));
    let _ = world.until(|| warnings(&world), told);
    assert_eq!(world.mailbox.messages(), []);
    // A user who asks again gets a mail.
    world.restart_sender(&[]);
    let path = "/api/auth/verify-email/resend";
    let resend = world.post_as(&token(&account), "verify-email-resend", path, &json!({}));
    let _ = resend.expect(202);
    verify(&world, &account, &email);
}
