//! Calls against servers on loopback that misbehave, and tables of what is refused before a call.

mod addresses;
mod replies;
mod resolving;
mod server;
mod targets;
mod tls;
