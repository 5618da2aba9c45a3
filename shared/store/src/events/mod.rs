//! Events: the tables' streams, and everything that follows from them. Consumers: webhooks, leases, and the queue of each.

pub(crate) mod audit;
pub(crate) mod backlog;
pub(crate) mod batch;
pub(crate) mod derived;
mod leases;
pub(crate) mod queue;
pub(crate) mod stream;
pub(crate) mod waiting;
mod webhook_items;
pub(crate) mod webhooks;
