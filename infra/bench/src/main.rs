//! `cargo bench-cold`: what a cold start takes, beside a function that only answers; `cargo bench-cold profiles`: what
//! the release profile makes of it.

mod build;
mod cold;
mod figures;
mod profiles;
mod relay;
mod runtime_api;
mod size;
mod trial;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures cold starts on this machine. Asserts nothing about seconds.
#[derive(Parser)]
#[command(name = "bench-cold")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// How many cold starts of each binary.
    #[arg(long, global = true, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: u16,
    /// Measure the binaries that are there.
    #[arg(long, global = true)]
    no_build: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Compare link-time optimisation off and thin, and the optimisation levels z, s and 3.
    Profiles,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let rounds = usize::from(cli.rounds);
    let report = match cli.command {
        None => cold::report(rounds, !cli.no_build),
        Some(Command::Profiles) => profiles::report(rounds, !cli.no_build),
    };
    match report {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
