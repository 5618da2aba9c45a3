//! A sender of mails that dies at every point of its work: no mail is lost, and no code changes.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use blackbox::{fresh_email, stack};
use local::mailbox::Message;
use local::proxy::Rule;
use serde_json::{Value, json};

use crate::mailing::{MailWorld, code, token};
use crate::{quiet, tell};

const MAILS: usize = 100;

/// The state of a mail that has left while the table does not know.
const UNMARKED: &str = "sent, without its last mark";

/// How long a sender may take to a point of its work.
const PATIENCE: Duration = Duration::from_secs(20);

/// The requests of a mail: its reading, the user's, its mark, its template and, after it was sent, its last mark. The sender
/// dies while each is held, or at any other time.
const POINTS: [Point; 6] = [
    Point::Held("_mail", "BatchGetItem", 0),
    Point::Held("_users", "BatchGetItem", 1),
    Point::Held("_mail", "UpdateItem", 0),
    Point::Held("_configuration", "GetItem", 0),
    Point::Held("_mail", "UpdateItem", 1),
    Point::Any,
];

#[derive(Clone, Copy, Debug)]
enum Point {
    /// At a request with this action on this table, after so many of them.
    Held(&'static str, &'static str, usize),
    /// After a random time.
    Any,
}

/// A proof that was asked for, and whoever may use it.
enum Asked {
    Verification { access: String },
    Reset { flow: Value },
}

/// Registers in one round, and asks for a new password in the next; returns the address, too.
fn ask(world: &MailWorld<'_>, round: usize, before: Option<&String>) -> (String, Asked) {
    let Some(known) = before.filter(|_| round % 2 == 1) else {
        let email = fresh_email();
        let access = token(&world.register(&email));
        return (email, Asked::Verification { access });
    };
    let body = json!({ "email": known });
    let opened = world.post("password-forgot", "/api/auth/password/forgot", &body);
    let flow = opened.expect(202).json()["flow"].clone();
    (known.clone(), Asked::Reset { flow })
}

/// The proof is good, so it is of the nonce that is stored.
fn prove(world: &MailWorld<'_>, asked: &Asked, code: &str) {
    match asked {
        Asked::Verification { access } => {
            let body = json!({ "code": code });
            let path = "/api/auth/verify-email";
            let _ = world
                .post_as(access, "verify-email", path, &body)
                .expect(200);
        }
        Asked::Reset { flow } => {
            let body =
                json!({ "flow": flow, "code": code, "newPassword": "another long password" });
            let path = "/api/auth/password/reset";
            let _ = world.post("password-reset", path, &body).expect(204);
        }
    }
}

/// The states of the mails that were not sent yet, and whether one is at its reader's already.
fn state(world: &MailWorld<'_>, email: &str, kind: &str) -> &'static str {
    let states = world.states();
    let arrived = of_kind(world, email, kind).len();
    match states.iter().find(|state| *state != "sent") {
        Some(state) if state == "due" => "before the mark",
        Some(_) if arrived == 0 => "marked",
        Some(_) => UNMARKED,
        None => "after the last mark",
    }
}

fn of_kind(world: &MailWorld<'_>, email: &str, kind: &str) -> Vec<Message> {
    let mails = world.mailbox.messages_to(email).into_iter();
    mails.filter(|mail| mail.kind == kind).collect()
}

#[test]
fn no_mail_is_lost_and_no_code_changes_while_its_sender_dies() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let _quiet = quiet();
    let world = MailWorld::new(inside, &[]);
    let mut random = std::process::id();
    tell(&format!("mails: seed {random}"));
    let (mut asked, mut last, mut held_unmarked) = (Vec::new(), None, 0);
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    for round in 0..MAILS {
        let (point, key) = (POINTS[round % POINTS.len()], world.flow.key("mail"));
        let proxy = &world.flow.apart.proxy;
        let hold = match point {
            Point::Held(table, action, after) => {
                let narrow = |rule: Rule| rule.key(&key).table(table).action(action);
                Some(proxy.hold(|rule| narrow(rule).after(after).times(1)))
            }
            Point::Any => None,
        };
        let (email, proof) = ask(&world, round, last.as_ref());
        let kind = match &proof {
            Asked::Verification { .. } => "verify-email",
            Asked::Reset { .. } => "password-reset",
        };
        if let Some(hold) = &hold {
            assert!(hold.wait_for(1, PATIENCE), "{round} {point:?}");
        } else {
            // A linear congruential generator (Numerical Recipes); its high bits are random enough.
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            thread::sleep(Duration::from_millis(u64::from(random >> 26)));
        }
        let state = state(&world, &email, kind);
        *states.entry(state).or_default() += 1;
        // A sender that is not held may write its last mark before it dies.
        held_unmarked += usize::from(hold.is_some() && state == UNMARKED);
        world.restart_sender(&[]);
        let look = || of_kind(&world, &email, kind);
        let _ = world.until(look, |mails| !mails.is_empty());
        let all_sent = |states: &Vec<String>| states.iter().all(|state| state == "sent");
        let _ = world.until(|| world.states(), all_sent);
        // The request of the dead one arrives now, and changes nothing.
        drop(hold);
        last = Some(email.clone());
        asked.push((email, kind, proof));
    }
    let mut again = 0;
    for (email, kind, proof) in &asked {
        let mails = of_kind(&world, email, kind);
        let codes: BTreeSet<String> = mails.iter().map(code).collect();
        let links: BTreeSet<Option<String>> = mails.iter().map(|mail| mail.link.clone()).collect();
        assert_eq!((codes.len(), links.len()), (1, 1), "{mails:#?}");
        again += mails.len() - 1;
        prove(&world, proof, codes.first().unwrap());
    }
    tell(&format!(
        "mails: {MAILS} deaths of the sender, {again} mails arrived again; at a death the mail was: {states:?}"
    ));
    for state in ["before the mark", "marked", UNMARKED] {
        assert!(states.contains_key(state), "{states:?}");
    }
    assert!(
        held_unmarked > 0 && again >= held_unmarked,
        "they are sent once more"
    );
    assert_eq!(world.flow.apart.proxy.denied(), []);
}
