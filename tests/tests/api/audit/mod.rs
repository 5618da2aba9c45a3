//! The audit log: complete, in order, and changed by nobody.

mod complete;
mod export;
mod flow;
mod kept;
mod listed;
