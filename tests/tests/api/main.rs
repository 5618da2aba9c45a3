//! The visitor: the whole API from outside, through real binaries behind a real emulator. Files mirror the endpoint
//! page; every test arrives, acts and looks.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has to stop"
)]

mod admin;
mod audit;
mod auth;
mod backfill;
mod checking;
mod command_lines;
mod deployed;
mod events;
mod faults;
mod health;
mod hostile_input;
mod iam;
mod invitations;
mod keys;
mod ledger;
mod logs;
mod mail;
mod mfa;
mod moving;
mod operating;
mod passkeys;
mod permission_table;
mod principals;
mod proofs;
mod providers;
mod quick_start;
mod records;
mod run_book;
mod sealing_keys;
mod settings;
mod signing;
mod stamps;
mod sweeps;
mod triggers;
mod users;
mod webhooks;
mod workers;
mod world;
mod written;
