//! One trigger as a consumer of events: an attempt runs its code.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

use api::event::{Consumer, Envelope, Event};
use api::settings::Settings;
use api::trigger::Trigger;
use api::wire::Attempt;
use api::{Error, Timestamp};
use auth::Admitted;
use serde::Deserialize;
use store::{KeptEvent, Store, Waiting};
use tokio::time::{Instant, timeout};
use worker::{Opened, Outcome, Receiver, Receivers, Terms, Tried};

use crate::failure::Failure;
use crate::world::World;

/// The longest run of a trigger's code.
pub(crate) const LONGEST: Duration = Duration::from_secs(20);

/// How many events a trigger's code runs after at once.
const CONCURRENCY: usize = 5;

/// The triggers of the project, with the code that runs.
pub(crate) struct Triggers<'a, F> {
    pub(crate) store: &'a Store,
    pub(crate) settings: &'a Settings,
    pub(crate) run: &'a F,
    /// A random number of this invocation.
    pub(crate) seed: [u8; 16],
}

/// One of them.
pub(crate) struct One<'a, F> {
    all: &'a Triggers<'a, F>,
    trigger: &'static Trigger,
}

impl<'a, F> Receivers for &'a Triggers<'a, F>
where
    F: AsyncFn(&str, &Event, &World<'_>) -> Result<(), Failure>,
{
    type One = One<'a, F>;

    async fn open(&self, consumer: &Consumer, _: Timestamp) -> Result<Opened<One<'a, F>>, Error> {
        let Consumer::Trigger(name) = consumer else {
            return Ok(Opened::Gone);
        };
        let mut triggers = collections::triggers().iter();
        let trigger = triggers.find(|trigger| trigger.name == *name);
        Ok(trigger.map_or(Opened::Gone, |trigger| {
            Opened::Ready(One { all: self, trigger })
        }))
    }
}

impl<F> Receiver for One<'_, F>
where
    F: AsyncFn(&str, &Event, &World<'_>) -> Result<(), Failure>,
{
    fn terms(&self) -> Terms {
        Terms {
            concurrency: CONCURRENCY,
            timeout: LONGEST,
            has_breaker: false,
            log: self.all.settings.events.delivery_log.duration(),
        }
    }

    fn is_failing(&self) -> bool {
        false
    }

    async fn attempt(&self, _: &Waiting, event: &KeptEvent, now: Timestamp) -> Tried {
        let begun = Instant::now();
        let ended = self.run(event, now).await;
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (outcome, error) = match ended {
            Ok(()) => (Outcome::Arrived, None),
            Err((outcome, reason)) => (outcome, Some(reason)),
        };
        Tried {
            attempt: Attempt {
                at: now,
                status: None,
                ms,
                error,
                reply: None,
            },
            outcome,
        }
    }

    async fn turn(&mut self, _: bool, _: Timestamp) -> Result<(), Error> {
        Ok(())
    }

    async fn close(&mut self, _: Timestamp) -> Result<(), Error> {
        Ok(())
    }
}

impl<F> One<'_, F>
where
    F: AsyncFn(&str, &Event, &World<'_>) -> Result<(), Failure>,
{
    /// Runs the code after an event. An event that too many triggers led to is parked: they may feed each other.
    async fn run(&self, event: &KeptEvent, now: Timestamp) -> Result<(), (Outcome, String)> {
        let again = |reason: String| (Outcome::Failed(None), reason);
        let envelope = api::value::parse(&event.body)
            .and_then(Envelope::deserialize)
            .map_err(|error| (Outcome::Refused, format!("event-not-understood: {error}")))?;
        let depth = envelope.actor.as_ref().and_then(|actor| actor.depth);
        if depth.unwrap_or_default() >= u32::from(self.all.settings.events.max_depth) {
            return Err((Outcome::Refused, "loop".to_owned()));
        }
        let world = World {
            store: self.all.store,
            trigger: &self.trigger.name,
            event: &envelope,
            settings: self.all.settings,
            now,
            run: self.all.seed,
            calls: AtomicU32::new(0),
            caller: Admitted::trigger(),
        };
        let code = (self.all.run)(&self.trigger.name, &envelope.event, &world);
        match timeout(LONGEST, code).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(failure)) => Err(again(failure.to_string())),
            Err(_) => Err(again(format!("timeout after {} s", LONGEST.as_secs()))),
        }
    }
}
