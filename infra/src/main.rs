//! `cargo generate`, `cargo ship` and `cargo rehearse`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use infra::ship::Arch;
use infra::{plans, rehearse, ship};

/// Draws the plans, builds the release binaries, rehearses a deployment.
#[derive(Parser)]
#[command(name = "infra")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Redraw template.yaml, CargoLambda.toml and docs/openapi.json.
    Generate,
    /// Build every release binary, pinned to the glibc of provided.al2023.
    Ship {
        /// What the functions run on.
        #[arg(long, value_enum, default_value_t)]
        arch: Arch,
    },
    /// Deploy the template into a local AWS emulator and run the black-box suite against it.
    Rehearse {
        /// Run this program instead of the black-box suite, with the same environment.
        #[arg(long)]
        instead: Option<String>,
    },
}

fn main() -> ExitCode {
    let root = plans::root();
    let done = match Cli::parse().command {
        Command::Generate => plans::generate(&root).map(|written| match written.as_slice() {
            [] => println!("Everything is fresh."),
            written => println!("Written: {}", written.join(", ")),
        }),
        Command::Ship { arch } => ship::ship(&root, arch).map(|()| println!("Next: sam deploy --guided")),
        Command::Rehearse { instead } => rehearse::rehearse(&root, instead.as_deref()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
