//! Checks `bakend.json`, which is embedded: a bad setting fails the build with file, path and reason.

use std::{fs, io, process};

fn main() -> io::Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bakend.json");
    println!("cargo::rerun-if-changed={path}");
    let text = fs::read_to_string(path)?;
    if let Err(problem) = api::settings::Settings::read(&text, |_| None, false) {
        println!("cargo::error=bakend.json: {problem}");
        process::exit(1);
    }
    Ok(())
}
