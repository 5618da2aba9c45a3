//! Calls to hosts that somebody else named: webhooks today, sign-in providers and the breach check later.
//!
//! The only shipped crate that connects to such a host. A call resolves the name once, judges every address it has, and
//! connects to a judged address (OWASP, "Server-Side Request Forgery Prevention"). It follows no redirect, decodes no
//! content, and reads no more of a reply than it was told to.

mod address;
mod client;
mod connect;
mod fault;
mod resolve;
mod target;

#[cfg(test)]
mod tests;

pub use address::is_public;
pub use client::{Call, Client, End, Reply};
pub use fault::Fault;
pub use hyper::Method;
pub use resolve::{Resolve, System};
pub use target::{MAX_URL, Reach, Target, Unfit};
