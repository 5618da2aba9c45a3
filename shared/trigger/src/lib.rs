//! Runs triggers: the owner's code, after events, with a world of records around it.

mod failure;
mod one;
mod serve;
mod world;

pub use api::event::{Envelope, Event};
pub use failure::Failure;
pub use serve::serve;
pub use world::World;
