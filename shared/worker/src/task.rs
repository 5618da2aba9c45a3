//! A worker's task: one invocation for one consumer.

use std::time::Duration;

use api::Error;
use api::consumers::Work;
use api::event::Consumer;
use runtime::{Done, Task};

use crate::receiver::Receivers;
use crate::serve::{Served, Shift, serve};
use crate::state::State;

/// Serves a consumer for `length` at most; another invocation goes on with the rest.
///
/// # Errors
/// `common/unavailable`, `common/internal`: the lease is given back, and what was under way is tried again.
pub async fn work<W: Work, R: Receivers>(
    state: &State,
    task: &Task<W>,
    consumer: &Consumer,
    length: Duration,
    receivers: &R,
) -> Result<Done, Error> {
    let shift = Shift {
        store: &state.store,
        consumer,
        clock: || task.now(),
        holder: task.request_id.clone(),
        seed: u64::from_be_bytes(task.random()?),
        length,
    };
    let Served {
        delivered,
        failed,
        parked,
        more,
    } = serve(shift, receivers).await?;
    let prefix = &task.deployment().table_prefix;
    let asleep = if more {
        state.wake(consumer, prefix, task.now()).await
    } else {
        None
    };
    Ok(Done::default()
        .count("delivered", delivered)
        .count("failed", failed)
        .count("parked", parked)
        .warn(asleep))
}
