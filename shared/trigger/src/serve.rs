//! The worker that runs triggers.

use std::process::ExitCode;

use api::Error;
use api::consumers::{Triggers as Work, Wake};
use api::event::Event;
use runtime::{Done, Task};
use worker::State;

use crate::failure::Failure;
use crate::one::{LONGEST, Triggers};
use crate::world::World;

/// Runs the triggers' code until Lambda stops the process. An event comes again where the code fails, takes longer than
/// 20 seconds or panics, which ends the process.
pub fn serve(
    run: impl AsyncFn(&str, &Event, &World<'_>) -> Result<(), Failure> + 'static,
) -> ExitCode {
    runtime::consume(
        Work,
        async move |state: &'static State, task: Task<Work>| serve_one(state, &task, &run).await,
    )
}

async fn serve_one(
    state: &State,
    task: &Task<Work>,
    run: &impl AsyncFn(&str, &Event, &World<'_>) -> Result<(), Failure>,
) -> Result<Done, Error> {
    let Wake { consumer } = &task.input;
    let triggers = Triggers {
        store: &state.store,
        settings: task.settings(),
        run,
        seed: task.random()?,
    };
    worker::work(state, task, consumer, 2 * LONGEST, &&triggers).await
}
