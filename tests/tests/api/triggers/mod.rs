//! Triggers: their list, and the suite's own code after events.

mod flow;
mod listed;

pub(crate) const PATH: &str = "/api/admin/triggers";
