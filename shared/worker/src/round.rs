//! One round: some deliveries are tried at once, and settled.

use std::collections::HashMap;
use std::time::Duration;

use api::wire::Attempt;
use api::{Id, Timestamp};
use auth::webhook::{Breaker, schedule};
use store::{KeptEvent, Settled, Waiting};

use crate::dice::Dice;
use crate::receiver::{Outcome, Terms, Tried};

/// The deliveries that are tried next: as many as may be at once, or one that must be alone. No event is there twice, since
/// its ends would have one key.
pub(crate) fn next_round(due: &mut Vec<Waiting>, concurrency: usize) -> Vec<Waiting> {
    if due.first().is_some_and(|first| first.alone) {
        return vec![due.remove(0)];
    }
    let (mut round, mut rest): (Vec<Waiting>, Vec<Waiting>) = (Vec::new(), Vec::new());
    for waiting in due.drain(..) {
        let is_there = round.iter().any(|other| other.event == waiting.event);
        if round.len() < concurrency && !waiting.alone && !is_there {
            round.push(waiting);
        } else {
            rest.push(waiting);
        }
    }
    *due = rest;
    round
}

/// The one delivery that is tried while a consumer fails: the one that somebody asked for, or one that was never tried.
pub(crate) fn probe(due: Vec<Waiting>) -> Option<Waiting> {
    let asked = due.first().is_some_and(|first| first.asked);
    let untried = due.iter().position(|waiting| waiting.attempts == 0);
    let at = if asked { 0 } else { untried.unwrap_or(0) };
    due.into_iter().nth(at)
}

/// The end of a delivery's attempt; the breaker counts it.
pub(crate) fn settle(
    waiting: &Waiting,
    tried: Tried,
    (terms, breaker): (&Terms, &mut Breaker),
    now: Timestamp,
    dice: &mut Dice,
) -> Settled {
    let after = Waiting {
        attempts: waiting.attempts.saturating_add(1),
        asked: false,
        last: Some(tried.attempt),
        ..waiting.clone()
    };
    let asked = match tried.outcome {
        Outcome::Arrived => {
            let _ = breaker.succeed(now);
            return Settled::Delivered(after, now.after(terms.log).seconds());
        }
        Outcome::Refused => return Settled::Parked(after),
        Outcome::Failed(asked) => asked,
        Outcome::Closed => None,
    };
    if terms.has_breaker {
        let _ = breaker.fail(waiting.event, asked, now, dice.roll());
    }
    again(after, asked, now, dice)
}

/// The end of a delivery whose worker died while it was tried: the death counts as a failure.
pub(crate) fn bury(waiting: &Waiting, now: Timestamp, dice: &mut Dice) -> Settled {
    let after = Waiting {
        attempts: waiting.attempts.saturating_add(1),
        asked: false,
        alone: true,
        last: Some(Attempt {
            at: now,
            status: None,
            ms: 0,
            error: Some("worker-stopped".to_owned()),
            reply: None,
        }),
        ..waiting.clone()
    };
    again(after, None, now, dice)
}

fn again(after: Waiting, asked: Option<Duration>, now: Timestamp, dice: &mut Dice) -> Settled {
    match schedule::next(after.attempts, asked, now, dice.roll()) {
        Some(due) => Settled::Again(Waiting { due, ..after }),
        None => Settled::Parked(after),
    }
}

/// The deliveries whose events are there, each with its event, and those whose events have expired.
pub(crate) fn with_events(
    round: Vec<Waiting>,
    events: &HashMap<Id, KeptEvent>,
) -> (Vec<(Waiting, KeptEvent)>, Vec<Waiting>) {
    let (mut there, mut gone) = (Vec::new(), Vec::new());
    for waiting in round {
        match events.get(&waiting.event) {
            Some(event) => there.push((waiting, event.clone())),
            None => gone.push(waiting),
        }
    }
    (there, gone)
}
