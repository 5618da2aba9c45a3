//! Checks that hold for every project, on the owner's: collections, roles, profile fields and settings may be any. All
//! checks that depend on them run on a customised copy.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has to stop"
)]

mod customised;
mod endpoints;
mod records;
