//! The audit log: complete, in order, and changed by nobody.

mod export;
mod flow;
mod listed;
