//! `cargo bench-cold`: the cost of a cold start, beside a function that only answers. `cargo bench-cold profiles`: the
//! effect of the release profile on it. `cargo bench-scale`: the cost of requests while a collection grows.

mod build;
mod cold;
mod figures;
mod profiles;
mod relay;
mod runtime_api;
mod scale;
mod size;
mod trial;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures cold starts on this machine, and the cost of requests. Asserts nothing about seconds.
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
    /// Count the DynamoDB requests and units of reads and writes while a collection grows; fails where they grow too.
    Scale {
        /// How many records there are, each time.
        #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000], value_parser = clap::value_parser!(u64).range(600..))]
        sizes: Vec<u64>,
    },
    /// Answer one request and tell the peak of memory: a process of `scale`.
    #[command(hide = true)]
    Peak { endpoint: String, name: String },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let rounds = usize::from(cli.rounds);
    let report = match cli.command {
        None => cold::report(rounds, !cli.no_build),
        Some(Command::Profiles) => profiles::report(rounds, !cli.no_build),
        Some(Command::Peak { endpoint, name }) => scale::peak::ask(&endpoint, &name),
        Some(Command::Scale { sizes }) => scale::report(&sizes).and_then(|(text, met)| {
            let (peaks, small) = scale::peak::report()?;
            let text = format!("{text}\n{peaks}");
            match (met, small) {
                (true, true) => Ok(text),
                (false, _) => Err(format!("{text}\nSome costs grow with the collection.")),
                (true, false) => Err(format!("{text}\nA request takes too much memory.")),
            }
        }),
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
