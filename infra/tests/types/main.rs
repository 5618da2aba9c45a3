//! The types that `cargo generate` writes. Each is held against the schema of its name in the API document, and
//! TypeScript compiles all of them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has to stop"
)]

mod compiled;
mod fresh;
mod lists;
mod moving;
mod reader;
mod schemas;
mod served;
