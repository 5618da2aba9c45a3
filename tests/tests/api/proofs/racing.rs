//! Races of proofs: the transaction that does the work has one winner.

use blackbox::{Event, Instance, Reply, fresh_email, rounds, stack};
use serde_json::{Value, json};

use super::changing::{CHANGE, CONFIRM};
use super::signing_in::{LINK, SIGN_UP, VERIFY};
use super::world::{MailWorld, code, link_token, token};

/// How many take part in it.
pub(super) const RACERS: usize = 4;

pub(super) fn count(replies: &[Reply], status: u16) -> usize {
    replies.iter().filter(|it| it.status == status).count()
}

#[test]
fn one_code_or_link_of_many_uses_signs_in_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let link = "https://app.example.com/?token={token}";
    let world = MailWorld::new(inside, &[SIGN_UP, ("BAKEND_MAIL_LINKS_MAGIC_LINK", link)]);
    let verifiers = world.instances("magic-link-verify", RACERS);
    for round in 0..rounds() {
        let email = fresh_email();
        // A new account in one round, a take-over in the next.
        let is_new = round % 2 == 0;
        if !is_new {
            let _ = world.register(&email);
            let _ = world.mail(&email, 1);
        }
        let opened = world.post("magic-link", LINK, &json!({ "email": email }));
        let flow = opened.expect(202).json()["flow"].clone();
        let mail = world.mail(&email, if is_new { 1 } else { 2 });
        let body = |at: usize| match at % 2 {
            0 => json!({ "flow": flow, "code": code(&mail) }),
            _ => json!({ "token": link_token(&mail) }),
        };
        let asked: Vec<(&Instance<'_>, Event)> = verifiers
            .iter()
            .enumerate()
            .map(|(at, it)| (it, Event::new("POST", VERIFY).json(&body(at))))
            .collect();
        let replies = world.at_once(&asked);
        let said: Vec<String> = replies.iter().map(Reply::text).collect();
        assert_eq!(count(&replies, 200), 1, "round {round}: {said:?}");
        assert_eq!(count(&replies, 400), RACERS - 1, "round {round}: {said:?}");
    }
}

#[test]
fn two_flows_of_a_new_address_at_once_are_two_sign_ins() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[SIGN_UP]);
    let verifiers = world.instances("magic-link-verify", RACERS);
    for round in 0..rounds() {
        let email = fresh_email();
        let flows: Vec<Value> = (0..2)
            .map(|_| {
                let opened = world.post("magic-link", LINK, &json!({ "email": email }));
                opened.expect(202).json()["flow"].clone()
            })
            .collect();
        let _ = world.mail(&email, 2);
        let mut codes: Vec<String> = world.mailbox.messages_to(&email).iter().map(code).collect();
        codes.reverse();
        let asked: Vec<(&Instance<'_>, Event)> = (0..2)
            .map(|at| {
                let body = json!({ "flow": flows[at], "code": codes[at] });
                (&verifiers[at], Event::new("POST", VERIFY).json(&body))
            })
            .collect();
        let replies = world.at_once(&asked);
        let said: Vec<Value> = replies.iter().map(Reply::json).collect();
        assert_eq!(count(&replies, 200), 2, "round {round}: {said:?}");
        assert_eq!(said[0]["user"]["id"], said[1]["user"]["id"]);
        let new = said.iter().filter(|it| it["isNewUser"] == json!(true));
        assert_eq!(new.count(), 1, "round {round}");
    }
}

#[test]
fn guesses_at_once_are_compared_five_times_at_most() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[SIGN_UP]);
    let verifiers = world.instances("magic-link-verify", RACERS);
    let email = fresh_email();
    let opened = world.post("magic-link", LINK, &json!({ "email": email }));
    let flow = opened.expect(202).json()["flow"].clone();
    let right = code(&world.mail(&email, 1));
    let guess =
        |code: &str| Event::new("POST", VERIFY).json(&json!({ "flow": flow, "code": code }));
    for _ in 0..2 {
        let wrong = super::world::another(&right);
        let asked: Vec<(&Instance<'_>, Event)> =
            verifiers.iter().map(|it| (it, guess(&wrong))).collect();
        assert_eq!(count(&world.at_once(&asked), 400), RACERS);
    }
    let items = world.scan("local-_mail");
    let tries: Vec<&Value> = items.iter().map(|item| &item["tries"]["N"]).collect();
    assert!(tries.contains(&&json!("5")), "{tries:?}");
    let late = world.flow.apart.ask(&verifiers[0], &guess(&right));
    assert_eq!(late.expect(400).code(), "auth/invalid-code");
}

#[test]
fn one_confirmation_of_many_changes_the_address() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let confirming = world.instances("email-change-confirm", RACERS);
    for round in 0..rounds() {
        let (old, new) = (fresh_email(), fresh_email());
        let access = token(&world.register(&old));
        let body = json!({ "newEmail": new });
        let _ = world
            .post_as(&access, "email-change", CHANGE, &body)
            .expect(202);
        let body = json!({ "code": code(&world.mail(&new, 1)) });
        let event = || Event::new("POST", CONFIRM).json(&body).token(&access);
        let asked: Vec<(&Instance<'_>, Event)> =
            confirming.iter().map(|it| (it, event())).collect();
        let replies = world.at_once(&asked);
        let said: Vec<String> = replies.iter().map(Reply::text).collect();
        assert_eq!(count(&replies, 200), 1, "round {round}: {said:?}");
        // A loser may read the session before the change and the user after it, which is 401.
        let lost = count(&replies, 400) + count(&replies, 401);
        assert_eq!(lost, RACERS - 1, "round {round}: {said:?}");
        assert!(world.stands(&access), "round {round}");
    }
}

#[test]
fn a_change_and_a_registration_of_one_address_have_one_winner() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let confirm = world.variant("email-change-confirm", &[]);
    let register = world.variant("register", &[]);
    for round in 0..rounds() {
        let (old, new) = (fresh_email(), fresh_email());
        let access = token(&world.register(&old));
        let body = json!({ "newEmail": new });
        let _ = world
            .post_as(&access, "email-change", CHANGE, &body)
            .expect(202);
        let body = json!({ "code": code(&world.mail(&new, 1)) });
        let confirming = Event::new("POST", CONFIRM).json(&body).token(&access);
        let account = json!({ "email": new, "password": "yet another password" });
        let registering = Event::new("POST", "/api/auth/register").json(&account);
        let replies = world.at_once(&[(&confirm, confirming), (&register, registering)]);
        let statuses = [replies[0].status, replies[1].status];
        assert!(
            statuses == [200, 409] || statuses == [409, 201],
            "round {round}: {statuses:?}"
        );
        for reply in replies.iter().filter(|it| it.status == 409) {
            assert_eq!(reply.code(), "auth/email-already-exists");
        }
        assert!(world.stands(&access), "round {round}");
    }
}
