//! The plans, drawn from the endpoint page and the collections, and the commands that build and rehearse a deployment.
//!
//! A tool: no function contains this code.

pub mod elf;
pub mod events;
pub mod fuzz;
pub mod intrinsic;
pub mod mails;
pub mod names;
pub mod node;
pub mod openapi;
pub mod plans;
pub mod policy;
pub mod prices;
pub mod rehearse;
pub mod routes;
pub mod scaffold;
pub mod schema;
pub mod ship;
pub mod steps;
mod tables;
pub mod template;
pub mod tools;
pub mod types;
