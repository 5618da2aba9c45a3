//! The part of a consumer that differs: a webhook's receiver, or a trigger's code.

use std::time::Duration;

use api::event::Consumer;
use api::wire::Attempt;
use api::{Error, Timestamp};
use store::{KeptEvent, Waiting};

/// How a consumer is served.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The most attempts at once.
    pub concurrency: usize,
    /// The longest time of an attempt.
    pub timeout: Duration,
    /// Whether failures of different events stop deliveries to it for a while.
    pub has_breaker: bool,
    /// For how long the log has a delivery.
    pub log: Duration,
}

/// The end of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The event has arrived.
    Arrived,
    /// It has not, and the next attempt is not before this delay.
    Failed(Option<Duration>),
    /// It never will: the delivery is parked.
    Refused,
    /// The consumer wants nothing any more.
    Closed,
}

/// An attempt and its end.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The attempt as the log has it.
    pub attempt: Attempt,
    /// The end.
    pub outcome: Outcome,
}

/// A consumer as its table or its file has it.
#[derive(Debug)]
pub enum Opened<R> {
    /// It is no more: its queue goes.
    Gone,
    /// It is switched off: its queue stays.
    Paused,
    /// It takes events.
    Ready(R),
}

/// One consumer that takes events.
pub trait Receiver {
    /// How it is served.
    fn terms(&self) -> Terms;

    /// Whether it is known to others as failing.
    fn is_failing(&self) -> bool;

    /// Tries one event.
    fn attempt(
        &self,
        waiting: &Waiting,
        event: &KeptEvent,
        now: Timestamp,
    ) -> impl Future<Output = Tried>;

    /// Tells others that it has begun to fail, or answers again.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    fn turn(&mut self, is_failing: bool, now: Timestamp)
    -> impl Future<Output = Result<(), Error>>;

    /// Switches it off, as it asked.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    fn close(&mut self, now: Timestamp) -> impl Future<Output = Result<(), Error>>;
}

/// The consumers of one kind.
pub trait Receivers {
    /// One of them.
    type One: Receiver;

    /// Opens a consumer.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    fn open(
        &self,
        consumer: &Consumer,
        now: Timestamp,
    ) -> impl Future<Output = Result<Opened<Self::One>, Error>>;
}
