//! The harness of the black-box suite: the stack under test, three callers with one set of verbs, and the Invoke API
//! for events outside HTTP.
//!
//! ```no_run
//! use blackbox::stack;
//! use serde_json::json;
//!
//! let member = stack().member();
//! let reply = member.post("/api/posts", &json!({ "title": "Hello" }));
//! assert_eq!(reply.status, 201);
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has to stop"
)]

mod apart;
mod browser;
mod client;
pub mod contract;
mod engine;
mod event;
mod flow;
mod inbox;
mod inside;
pub mod project;
pub mod provider;
mod seen;
pub mod shown;
mod stack;
mod streams;

pub use apart::Apart;
pub use browser::browser;
pub use client::{Caller, Reply};
pub use event::Event;
pub use flow::Flow;
pub use inbox::{Inbox, code_of};
pub use inside::{Inside, Instance, target};
pub use stack::{
    ADMIN_EMAIL, JWT_SECRET, PASSWORD, Stack, TERMS, fresh_email, owners_stack, rounds, stack,
    stack_of,
};
pub use streams::Streams;
