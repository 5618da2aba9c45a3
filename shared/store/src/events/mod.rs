//! Consumers of events: webhooks, leases, and the queue of each.

mod leases;
pub(crate) mod queue;
pub(crate) mod waiting;
mod webhook_items;
mod webhooks;
