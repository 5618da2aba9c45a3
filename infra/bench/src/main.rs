//! `cargo perf`: the cost of a cold start, beside a function that only answers. `cargo bench-cold profiles`: the
//! effect of the release profile on it. `cargo bench-scale`: the cost of requests while a collection grows.

mod build;
mod callgrind;
mod case;
mod cold;
mod environment;
mod event;
mod figures;
mod http;
mod instructions;
mod profiles;
mod relay;
mod runtime_api;
mod scale;
mod settled;
mod size;
mod trial;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::world::{Binaries, World};

/// Measures cold starts on this machine, and the cost of requests. Asserts nothing about seconds.
#[derive(Parser)]
#[command(name = "perf")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// How many cold starts of each binary.
    #[arg(long, global = true, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: u16,
    /// Count the instructions of a start and of a warm request, and nothing else.
    #[arg(long)]
    instructions: bool,
    /// The folder of the binaries, of `cargo ship` or of `cargo build --release`.
    #[arg(long, default_value = "target/rehearsal")]
    from: PathBuf,
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
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let rounds = usize::from(cli.rounds);
    let report = match cli.command {
        None if cli.instructions => World::start(Binaries(local::root().join(&cli.from)))
            .and_then(|world| instructions::count(&world))
            .map(|counted| instructions::report(&counted)),
        None => cold::report(rounds, !cli.no_build),
        Some(Command::Profiles) => profiles::report(rounds, !cli.no_build),
        Some(Command::Scale { sizes }) => scale::report(&sizes).and_then(|(text, met)| {
            if met {
                Ok(text)
            } else {
                Err(format!("{text}\nSome costs grow with the collection."))
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
