//! `cargo dev seed`: the place of the tables, and the progress.

use std::fs;
use std::io::IsTerminal;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Instant, SystemTime};

use api::{Definition, Timestamp};
use indicatif::{ProgressBar, ProgressStyle};
use local::dynamo::{Dynamo, Storage};
use local::engine::Engine;
use local::seed::{Seed, fill};
use local::template::Template;
use serde_json::Value;

/// Fills a collection of a running `cargo dev`, or of its data file while none runs.
pub(crate) fn run(collection: &str, count: u64, seed: Option<u64>) -> Result<(), String> {
    let (root, project) = (local::root(), local::project());
    let definition = definition(&project, collection)?;
    let since_epoch = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let now = Timestamp::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or_default());
    let seed = Seed {
        count,
        seed: seed.unwrap_or_else(|| u64::from(since_epoch.subsec_micros())),
        now,
    };
    match running(&root) {
        Some(endpoint) => with_progress(&Engine::There(&endpoint), &definition, seed, &endpoint),
        None => {
            let file = root.join(".bakend/dynamodb.sqlite");
            let dynamo = Dynamo::start(&Storage::File(file.clone()), 0)?;
            dynamo.make(&Template::read(&project.join("template.yaml"))?.tables()?)?;
            with_progress(
                &dynamo.engine(),
                &definition,
                seed,
                &file.display().to_string(),
            )
        }
    }
}

fn definition(project: &Path, collection: &str) -> Result<Definition, String> {
    let folder = project.join("collections");
    let files = api::check::read_folder(&folder)
        .map_err(|error| format!("Cannot read {}: {error}", folder.display()))?;
    let checked = api::check::check(&files).map_err(|problems| {
        problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\ncargo dev: ")
    })?;
    let names: Vec<String> = checked
        .definitions
        .iter()
        .map(|definition| definition.name.clone())
        .collect();
    let found = checked
        .definitions
        .into_iter()
        .find(|definition| definition.name == collection);
    found.ok_or_else(|| {
        format!(
            "There is no collection `{collection}`; there are {}",
            names.join(", ")
        )
    })
}

/// The DynamoDB of a `cargo dev` that runs now, as its note has it.
fn running(root: &Path) -> Option<String> {
    let note: Value =
        serde_json::from_str(&fs::read_to_string(root.join(".bakend/local.json")).ok()?).ok()?;
    let endpoint = note["dynamodb"].as_str()?;
    TcpStream::connect(endpoint.strip_prefix("http://")?).ok()?;
    Some(endpoint.to_owned())
}

fn with_progress(
    engine: &Engine<'_>,
    definition: &Definition,
    seed: Seed,
    place: &str,
) -> Result<(), String> {
    let start = Instant::now();
    let bar = ProgressBar::new(seed.count);
    let style = ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len}, {eta} left");
    bar.set_style(style.map_err(|error| error.to_string())?);
    let is_terminal = std::io::stderr().is_terminal();
    let progress = |done: u64| {
        if is_terminal {
            bar.set_position(done);
        } else if done * 10 / seed.count > (done - 1) * 10 / seed.count {
            eprintln!("{done} of {}", seed.count);
        }
    };
    fill(engine, definition, seed, |_| {}, progress)?;
    bar.finish_and_clear();
    let (name, seconds) = (&definition.name, start.elapsed().as_secs_f64());
    println!(
        "{} {name} in {place} after {seconds:.1} s; the same again: --seed {}",
        seed.count, seed.seed
    );
    Ok(())
}
