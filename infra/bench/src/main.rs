//! `cargo perf`: the costs of every function beside a function that only answers. `cargo perf --guard`: the costs that
//! do not depend on the machine, held against infra/bench/allowed.txt. `cargo bench-scale`: the cost of requests while a
//! collection grows.

mod allowed;
mod callgrind;
mod case;
mod environment;
mod event;
mod figures;
mod guard;
mod hash;
mod http;
mod instructions;
mod money;
mod relay;
mod runtime_api;
mod scale;
mod settled;
mod size;
mod start;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::world::{Binaries, World};

/// Measures the release binaries on this machine, and the cost of requests. Asserts nothing about seconds.
#[derive(Parser)]
#[command(name = "perf")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Count the instructions of a start and of a warm request, and nothing else. Needs valgrind.
    #[arg(long)]
    instructions: bool,
    /// Hold instructions and sizes against infra/bench/allowed.txt. Needs valgrind.
    #[arg(long, conflicts_with = "instructions")]
    guard: bool,
    /// How many cold starts of each binary.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: u16,
    /// Build nothing: measure the binaries in this folder, of `cargo ship` or of `cargo build --release`.
    #[arg(long)]
    from: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
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
    match run(&Cli::parse()) {
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

/// Measures, and returns the report.
fn run(cli: &Cli) -> Result<String, String> {
    match &cli.command {
        Some(Command::Scale { sizes }) => return scale(sizes),
        Some(Command::Peak { endpoint, name }) => return scale::peak::ask(endpoint, name),
        None => {}
    }
    if cli.guard || cli.instructions {
        callgrind::version()?;
    }
    let binaries = binaries(cli)?;
    if cli.guard {
        guard::hold(&binaries)
    } else if cli.instructions {
        let world = World::start(binaries)?;
        Ok(instructions::report(&instructions::count(&world)?))
    } else {
        let starts = start::report(&binaries, cli.rounds)?;
        // Without valgrind the rest is worth seeing.
        let counts = callgrind::version().and_then(|_| {
            let world = World::start(binaries.clone())?;
            Ok(instructions::report(&instructions::count(&world)?))
        });
        let hash = hash::report(&World::start(binaries)?)?;
        Ok(format!(
            "{starts}\n{hash}\n{}\n{}",
            counts.unwrap_or_else(|why| why + "\n"),
            money::report()?
        ))
    }
}

/// Measures requests while a collection grows, and the memory that they take.
fn scale(sizes: &[u64]) -> Result<String, String> {
    let (text, met) = scale::report(sizes)?;
    let (peaks, small) = scale::peak::report()?;
    let text = format!("{text}\n{peaks}");
    match (met, small) {
        (true, true) => Ok(text),
        (false, _) => Err(format!("{text}\nSome costs grow with the collection.")),
        (true, false) => Err(format!("{text}\nA request takes too much memory.")),
    }
}

/// The binaries to measure, built where none are named.
fn binaries(cli: &Cli) -> Result<Binaries, String> {
    let root = local::root();
    let folder = match &cli.from {
        Some(folder) => root.join(folder),
        None => infra::rehearse::build(&root)?,
    };
    Ok(Binaries(folder))
}
