//! Webhooks and the consumers' queue: what is signed, when the next attempt is, and whose turn it is.

pub mod breaker;
pub mod consumer;
pub mod hook;
pub mod lease;
pub mod schedule;
pub mod secret;

pub use breaker::{Breaker, Turned};
pub use hook::{MAX_WEBHOOKS, Webhook};
pub use lease::{Lease, Turn};
pub use secret::Secret;
