//! The audit log: complete, in order, and changed by nobody.

mod flow;
mod listed;
