//! Serves the consumers of events, whatever they are: takes the lease, tries what is due, settles it, gives the lease back.
//!
//! A consumer has one worker at a time. An item is written before its wake-up, and the worker looks once more after it has
//! given its lease back, so no wake-up is lost.

mod dice;
mod post;
mod receiver;
mod round;
mod serve;
mod state;
mod sweep;
mod task;

pub use post::{admit, client, post};
pub use receiver::{Opened, Outcome, Receiver, Receivers, Terms, Tried};
pub use state::State;
pub use sweep::{Swept, sweep};
pub use task::work;
