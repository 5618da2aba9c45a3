//! `cargo admin`: what an operator does to a deployment, with AWS credentials or on the local stack.

use std::process::ExitCode;

use api::Deployment;
use clap::{Parser, Subcommand};
use store::Store;

/// Operator commands. They work on the stack named by --stack with the AWS credentials of the environment, or with
/// --local on what `cargo dev` runs.
#[derive(Parser)]
#[command(name = "cargo admin")]
struct Arguments {
    /// The stack's name, as given to `sam deploy`.
    #[arg(long, default_value = "bakend", conflicts_with = "local")]
    stack: String,
    /// Work on the stack that `cargo dev` runs on this machine.
    #[arg(long)]
    local: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the user with this address an admin; holds on the user's next request.
    Promote {
        /// The address the user registered with.
        email: String,
    },
}
