//! `cargo generate`, `cargo ship`, `cargo rehearse` and `cargo fuzz-all`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use api::endpoints::PAGE;
use clap::{Parser, Subcommand};
use infra::rehearse::Suite;
use infra::ship::{Arch, Build};
use infra::{fuzz, plans, rehearse, scaffold, ship, steps};

/// Draws the plans, builds the release binaries, rehearses a deployment.
#[derive(Parser)]
#[command(name = "infra")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Redraw template.yaml, CargoLambda.toml, docs/openapi.json, the schemas of collections and events, the tables of
    /// documents and the types of clients. Make the folders of new endpoints.
    Generate,
    /// Build every release binary, pinned to the glibc of provided.al2023.
    Ship {
        /// The processor architecture of the functions.
        #[arg(long, value_enum, default_value_t)]
        arch: Arch,
        /// Then deploy, in as many steps as changes of indexes need, and fill what is new.
        #[arg(long)]
        steps: bool,
        /// With --steps, build and deploy nothing: write the steps into .bakend/steps and print them.
        #[arg(long, requires = "steps")]
        plan_only: bool,
        /// The stack, if samconfig.toml does not say it.
        #[arg(long, requires = "steps")]
        stack: Option<String>,
        /// More arguments of `sam deploy`, after `--`.
        #[arg(last = true, requires = "steps")]
        sam: Vec<String>,
    },
    /// Deploy the template into a local AWS emulator, run the tests that prove the deployment, and change a definition.
    Rehearse {
        /// Run the whole black-box suite instead of the tests that tests/deployed.txt names.
        #[arg(long)]
        all: bool,
        /// Run this program instead of the black-box suite, with the same environment.
        #[arg(long, conflicts_with = "all")]
        instead: Option<String>,
        /// Build the release binaries that it deploys, and do nothing else.
        #[arg(long, conflicts_with_all = ["all", "instead"])]
        build: bool,
        /// Live through a year instead: changes, a way back, a lost table, rotated keys, a dead webhook, the removal.
        #[arg(long, conflicts_with_all = ["all", "instead", "build"])]
        year: bool,
        /// Begin the year with this revision of the project, and upgrade to the present one.
        #[arg(long, requires = "year")]
        from: Option<String>,
    },
    /// Look for inputs that break a parser.
    FuzzAll {
        /// The targets; all of them when none is named.
        targets: Vec<String>,
        /// How long each target runs.
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
        seconds: u32,
        /// Then keep the inputs that reach something new, few and small, in fuzz/corpus.
        #[arg(long, conflicts_with = "input")]
        keep: bool,
        /// Run the one target that is named over this file instead.
        #[arg(long)]
        input: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let root = plans::root();
    let done = match Cli::parse().command {
        Command::Generate => generate(&root),
        Command::Ship {
            arch, steps: false, ..
        } => {
            let build = Build {
                arch,
                folder: Path::new(ship::FOLDER),
                ..Build::default()
            };
            // The functions refuse the template of other definitions.
            generate(&root).and_then(|()| ship::ship(&root, &build))
        }
        .map(|()| println!("Next: sam deploy --guided, or cargo ship --steps later on")),
        Command::Ship {
            arch,
            plan_only,
            stack,
            mut sam,
            ..
        } => {
            sam.extend(
                stack
                    .into_iter()
                    .flat_map(|stack| ["--stack-name".to_owned(), stack]),
            );
            // A rehearsal runs the documented command; its binaries must not be where a deployment looks for them.
            let place = |variable| std::env::var_os(variable).map(PathBuf::from);
            let folder = place(ship::FOLDER_VARIABLE).unwrap_or_else(|| ship::FOLDER.into());
            let rest = place(ship::REST_VARIABLE);
            let built = if plan_only {
                Ok(())
            } else {
                let build = Build {
                    arch,
                    folder: &folder,
                    rest: rest.as_deref(),
                    ..Build::default()
                };
                ship::ship(&root, &build)
            };
            built.and_then(|()| steps::walk(&root, &folder, plan_only, &sam))
        }
        Command::Rehearse { build: true, .. } => rehearse::build(&root).map(drop),
        Command::Rehearse {
            year: true, from, ..
        } => rehearse::year(&root, from.as_deref()),
        Command::Rehearse { all, instead, .. } => {
            let suite = match (all, instead) {
                (_, Some(program)) => Suite::Instead(program),
                (true, None) => Suite::All,
                (false, None) => Suite::Marked,
            };
            rehearse::rehearse(&root, &suite)
        }
        Command::FuzzAll {
            targets,
            seconds,
            keep,
            input,
        } => match (targets.as_slice(), input) {
            (_, None) => fuzz::run(&root, &targets, seconds).and_then(|binaries| {
                if keep {
                    fuzz::keep(&root, &targets, &binaries)
                } else {
                    Ok(())
                }
            }),
            ([target], Some(input)) => fuzz::replay(&root, target, &input),
            (_, Some(_)) => Err("--input needs the name of one target".to_owned()),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Redraws the plans, and makes the missing folders of endpoints.
fn generate(root: &Path) -> Result<(), String> {
    let written = plans::generate(&plans::folder())?;
    let made = scaffold::missing(root, PAGE)?;
    if written.is_empty() && made.is_empty() {
        println!("Everything is fresh.");
    }
    if !written.is_empty() {
        println!("Written: {}", written.join(", "));
    }
    for folder in made {
        println!(
            "Made: {folder}, which does not compile until its handler is written in src/main.rs"
        );
    }
    Ok(())
}
