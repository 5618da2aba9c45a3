//! Runs your triggers after events. `yours.rs` is your code, and `triggers.json` says when it runs; this file is not yours.

mod yours;

use std::process::ExitCode;

fn main() -> ExitCode {
    trigger::serve(yours::run)
}
