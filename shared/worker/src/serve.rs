//! A shift: one invocation serves one consumer.

use std::time::Duration;

use api::event::Consumer;
use api::{Error, Timestamp};
use auth::webhook::lease::{First, turn};
use auth::webhook::{Breaker, Lease, Turn};
use futures_util::future::join_all;
use store::{Settled, Store, Waiting};

use crate::dice::Dice;
use crate::receiver::{Opened, Outcome, Receiver, Receivers, Terms};
use crate::round::{bury, next_round, probe, settle, with_events};

/// The most deliveries that one query gives.
const FULL: usize = 100;

/// The needs of a shift.
pub(crate) struct Shift<'a, N> {
    /// The tables.
    pub(crate) store: &'a Store,
    /// The consumer.
    pub(crate) consumer: &'a Consumer,
    /// The clock.
    pub(crate) clock: N,
    /// The name of this holder of a lease, which no other has.
    pub(crate) holder: String,
    /// A random number, by which attempts are spread.
    pub(crate) seed: u64,
    /// How long it may take, with the time of the last attempt.
    pub(crate) length: Duration,
}

/// The deeds of a shift.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Served {
    /// The deliveries that have arrived.
    pub(crate) delivered: usize,
    /// The attempts that failed.
    pub(crate) failed: usize,
    /// The deliveries that are tried no more.
    pub(crate) parked: usize,
    /// Whether another invocation is to go on.
    pub(crate) more: bool,
}

/// Why a holder stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// Nothing is due that it may try.
    Idle,
    /// The consumer takes nothing.
    Shut,
    /// Its time is over.
    Late,
    /// Another worker has the lease.
    Lost,
}

/// Serves a consumer for the length of the shift at most; does nothing where another worker has the lease. On an error the
/// lease is given back, and what was under way is tried again.
pub(crate) async fn serve<N: Fn() -> Timestamp, R: Receivers>(
    shift: Shift<'_, N>,
    receivers: &R,
) -> Result<Served, Error> {
    let mut work = Work {
        dice: Dice::new(shift.seed),
        until: (shift.clock)().after(shift.length),
        served: Served::default(),
        breaker: Breaker::default(),
        shift,
    };
    let (store, consumer) = (work.shift.store, work.shift.consumer);
    loop {
        let now = work.now();
        let Some(lease) = store.take_lease(consumer, &work.shift.holder, now).await? else {
            return Ok(work.served);
        };
        work.breaker = lease.breaker.clone();
        let stop = work.hold(lease, receivers).await;
        if stop.as_ref().is_ok_and(|stop| *stop == Stop::Lost) {
            return Ok(work.served);
        }
        let holder = &work.shift.holder;
        let released = store.release_lease(consumer, holder, &work.breaker).await;
        let stop = stop?;
        released?;
        if stop == Stop::Shut {
            return Ok(work.served);
        }
        // A wake-up that met the lease has written its item before: this query sees it.
        let first = store.due(consumer, work.now()).await?.first().map(first_of);
        if turn(&work.breaker, first, work.now()) == Turn::Nothing {
            return Ok(work.served);
        }
        if stop == Stop::Late {
            work.served.more = true;
            return Ok(work.served);
        }
    }
}

fn first_of(waiting: &Waiting) -> First {
    First {
        due: waiting.due,
        asked: waiting.asked,
    }
}

struct Work<'a, N> {
    shift: Shift<'a, N>,
    dice: Dice,
    until: Timestamp,
    served: Served,
    breaker: Breaker,
}

impl<N: Fn() -> Timestamp> Work<'_, N> {
    fn now(&self) -> Timestamp {
        (self.shift.clock)()
    }

    /// Works while it holds the lease.
    async fn hold<R: Receivers>(&mut self, lease: Lease, receivers: &R) -> Result<Stop, Error> {
        let mut receiver = match receivers.open(self.shift.consumer, self.now()).await? {
            Opened::Gone => return self.clear().await,
            Opened::Paused => return Ok(Stop::Shut),
            Opened::Ready(receiver) => receiver,
        };
        self.bury_running(&lease.running).await?;
        let terms = receiver.terms();
        loop {
            // Heals as well what a worker that died could not tell.
            if receiver.is_failing() != self.breaker.is_failing() {
                receiver.turn(self.breaker.is_failing(), self.now()).await?;
            }
            let now = self.now();
            let mut due = self.shift.store.due(self.shift.consumer, now).await?;
            let is_full = due.len() >= FULL;
            let turn = turn(&self.breaker, due.first().map(first_of), now);
            if turn == Turn::Nothing {
                return Ok(Stop::Idle);
            }
            if turn == Turn::One {
                due = probe(due).into_iter().collect();
            }
            while !due.is_empty() && (turn == Turn::One || !self.breaker.is_failing()) {
                let round = next_round(&mut due, terms.concurrency);
                if let Some(stop) = self.round(round, &mut receiver, &terms).await? {
                    return Ok(stop);
                }
            }
            // Items that came meanwhile are found after the lease is given back.
            if turn == Turn::All && !is_full && !self.breaker.is_failing() {
                return Ok(Stop::Idle);
            }
        }
    }

    /// Tries some deliveries at once, and settles them.
    async fn round<R: Receiver>(
        &mut self,
        round: Vec<Waiting>,
        receiver: &mut R,
        terms: &Terms,
    ) -> Result<Option<Stop>, Error> {
        let now = self.now();
        if now.after(terms.timeout) > self.until {
            return Ok(Some(Stop::Late));
        }
        let (store, consumer) = (self.shift.store, self.shift.consumer);
        let keys: Vec<String> = round.iter().map(Waiting::key).collect();
        let ids: Vec<_> = round.iter().map(|waiting| waiting.event).collect();
        let (is_held, events) = tokio::try_join!(
            store.renew_lease(consumer, &self.shift.holder, &keys, now),
            store.events(&ids, now)
        )?;
        if !is_held {
            return Ok(Some(Stop::Lost));
        }
        let (there, gone) = with_events(round, &events);
        let attempts = there
            .iter()
            .map(|(waiting, event)| receiver.attempt(waiting, event, self.now()));
        let tried = join_all(attempts).await;
        let is_closed = tried.iter().any(|tried| tried.outcome == Outcome::Closed);
        let now = self.now();
        let mut settled: Vec<(Waiting, Settled)> = Vec::new();
        for ((waiting, _), tried) in there.into_iter().zip(tried) {
            let state = (terms, &mut self.breaker);
            let end = settle(&waiting, tried, state, now, &mut self.dice);
            self.count(&end);
            settled.push((waiting, end));
        }
        settled.extend(gone.into_iter().map(|waiting| (waiting, Settled::Gone)));
        store.settle_deliveries(settled).await?;
        if is_closed {
            receiver.close(now).await?;
            return Ok(Some(Stop::Shut));
        }
        Ok(None)
    }

    fn count(&mut self, end: &Settled) {
        match end {
            Settled::Delivered(..) => self.served.delivered += 1,
            Settled::Again(_) => self.served.failed += 1,
            Settled::Parked(_) => self.served.parked += 1,
            Settled::Gone => {}
        }
    }

    /// Counts a failure for each delivery that a dead holder was trying.
    async fn bury_running(&mut self, running: &[String]) -> Result<(), Error> {
        if running.is_empty() {
            return Ok(());
        }
        let (store, consumer) = (self.shift.store, self.shift.consumer);
        let (dead, now) = (store.still_waiting(consumer, running).await?, self.now());
        let mut settled = Vec::new();
        for waiting in dead {
            let end = bury(&waiting, now, &mut self.dice);
            self.count(&end);
            settled.push((waiting, end));
        }
        store.settle_deliveries(settled).await
    }

    /// Removes the queue of a consumer that is gone, then its lease.
    async fn clear(&mut self) -> Result<Stop, Error> {
        let (store, consumer) = (self.shift.store, self.shift.consumer);
        while store.drop_queue(consumer).await? {
            if self.now() > self.until {
                self.served.more = true;
                return Ok(Stop::Shut);
            }
            if !store
                .renew_lease(consumer, &self.shift.holder, &[], self.now())
                .await?
            {
                return Ok(Stop::Lost);
            }
        }
        store.drop_lease(consumer, &self.shift.holder).await?;
        Ok(Stop::Lost)
    }
}
