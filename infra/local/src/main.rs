//! `cargo dev`: the whole backend on this machine, with hot reload; `cargo dev check`: the permissions; `cargo dev
//! seed`: believable records.

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

mod check;
mod checks;
mod dev;
mod fill;
mod welcome;

/// Run the backend on this machine: embedded DynamoDB, every function behind `cargo lambda watch`, hot reload.
#[derive(Debug, Parser)]
#[command(
    name = "cargo dev",
    bin_name = "cargo dev",
    args_conflicts_with_subcommands = true
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Arguments,
}

#[derive(Debug, Args)]
struct Arguments {
    /// The port of the API.
    #[arg(long, default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// The port of the embedded DynamoDB.
    #[arg(long, default_value_t = 8000, value_parser = clap::value_parser!(u16).range(1..))]
    dynamodb_port: u16,
    /// The port of the mailbox, which takes and shows every mail.
    #[arg(long, default_value_t = 8081, value_parser = clap::value_parser!(u16).range(1..))]
    mailbox_port: u16,
    /// Keep the data in memory instead of in .bakend/dynamodb.sqlite.
    #[arg(long)]
    memory: bool,
    /// Use the DynamoDB that runs at this address, such as http://127.0.0.1:8000 of another `cargo dev`, and make the
    /// tables that it lacks.
    #[arg(long, value_name = "ADDRESS", value_parser = local::dynamo::address, conflicts_with_all = ["dynamodb_port", "memory"])]
    dynamodb: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tell what each collection lets strangers, members, owners and each role do, and what is open to the world.
    Check,
    /// Fill a collection with believable records, made from its definition.
    Seed {
        /// The collection.
        collection: String,
        /// How many records.
        #[arg(value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
        count: u64,
        /// The same number makes the same values; another one each time when left out.
        #[arg(long)]
        seed: Option<u64>,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        None => dev::run(&cli.run),
        Some(Command::Check) => check::run(&local::project()),
        Some(Command::Seed {
            collection,
            count,
            seed,
        }) => fill::run(&collection, count, seed),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("cargo dev: {reason}");
            ExitCode::FAILURE
        }
    }
}
