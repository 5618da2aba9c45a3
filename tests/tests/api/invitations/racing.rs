//! Races of the ends of an invitation: one wins.

use std::thread;

use blackbox::{PASSWORD, Reply, fresh_email, rounds, stack};
use serde_json::json;

use super::*;
use crate::proofs::world::token;

/// Two requests at once: exactly one succeeds, and the other hears that it came too late.
fn race(
    world: &MailWorld<'_>,
    against: impl Fn(&MailWorld<'_>, &Value, &str) -> Reply + Sync,
    status_of_other: &str,
) {
    for round in 0..rounds() {
        let (made, link) = invite(world, &fresh_email(), &json!({}));
        let body = json!({ "token": link, "session": false });
        let (accepted, other) = thread::scope(|scope| {
            let one = scope.spawn(|| accept(world, &body));
            let two = scope.spawn(|| against(world, &made, &link));
            (one.join().unwrap(), two.join().unwrap())
        });
        let done = |reply: &Reply| reply.status < 300;
        let both = (accepted.status, other.status);
        assert_ne!(done(&accepted), done(&other), "round {round}: {both:?}");
        let loser = if done(&accepted) { &other } else { &accepted };
        assert!(
            matches!(
                loser.code().as_str(),
                "invitations/closed" | "auth/authentication-required"
            ),
            "round {round}: {}",
            loser.text()
        );
        let expected = if done(&accepted) {
            "accepted"
        } else {
            status_of_other
        };
        assert_eq!(status(world, &made), expected, "round {round}");
    }
}

#[test]
fn of_two_that_accept_one_wins() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let again = |world: &MailWorld<'_>, _: &Value, link: &str| {
        accept(world, &json!({ "token": link, "session": false }))
    };
    race(&world, again, "accepted");
}

#[test]
fn of_an_acceptance_and_a_revocation_one_wins() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    race(&world, |world, made, _| revoke(world, made), "revoked");
}

#[test]
fn of_an_acceptance_and_a_rejection_one_wins() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    race(&world, |world, _, link| reject(world, link), "rejected");
}

#[test]
fn of_two_that_accept_signed_in_one_wins() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let email = fresh_email();
    let (_, link) = invite(&world, &email, &json!({}));
    let body = json!({ "token": link, "password": PASSWORD });
    let mine = token(&accept(&world, &body).expect(201).json());
    for round in 0..rounds() {
        let (made, link) = invite(&world, &email, &json!({}));
        let body = json!({ "token": link });
        let replies = thread::scope(|scope| {
            let both = [0; 2].map(|_| scope.spawn(|| accept_as(&world, &mine, &body)));
            both.map(|one| one.join().unwrap().status)
        });
        let mut replies = replies;
        replies.sort_unstable();
        assert_eq!(replies, [200, 409], "round {round}");
        assert_eq!(status(&world, &made), "accepted");
    }
}
