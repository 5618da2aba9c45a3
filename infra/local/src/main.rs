//! `cargo dev`: the whole backend on this machine, with hot reload.

use std::process::ExitCode;

use clap::Parser;

mod checks;
mod dev;
mod welcome;

/// Run the backend on this machine: embedded DynamoDB, every function behind `cargo lambda watch`, hot reload.
#[derive(Debug, Parser)]
#[command(name = "cargo dev", bin_name = "cargo dev")]
struct Arguments {
    /// The port of the API.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The port of the embedded DynamoDB.
    #[arg(long, default_value_t = 8000)]
    dynamodb_port: u16,
    /// Keep the data in memory instead of in .bakend/dynamodb.sqlite.
    #[arg(long)]
    memory: bool,
}

fn main() -> ExitCode {
    match dev::run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("cargo dev: {reason}");
            ExitCode::FAILURE
        }
    }
}
