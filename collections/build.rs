//! Checks every collection and writes the table that embeds them. A bad definition fails the build.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io, process};

use api::settings::Settings;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=BAKEND_COLLECTIONS");
    let folder = match env::var("BAKEND_COLLECTIONS") {
        // A rehearsal of changed definitions.
        Ok(folder) => {
            println!("cargo::warning=the collections are those of {folder}");
            folder
        }
        Err(_) => env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?,
    };
    println!("cargo::rerun-if-changed={folder}");
    let settings = concat!(env!("CARGO_MANIFEST_DIR"), "/../bakend.json");
    println!("cargo::rerun-if-changed={settings}");
    // A broken file is told by the crate that embeds it.
    let roles = Settings::read(&fs::read_to_string(settings)?, |_| None, false)
        .unwrap_or_default()
        .auth
        .roles;
    let files = api::check::read_folder(Path::new(&folder))?;
    let checked = api::check::check(&files).and_then(|checked| {
        let undeclared = checked.undeclared_roles(&roles);
        if undeclared.is_empty() {
            Ok(checked)
        } else {
            Err(undeclared)
        }
    });
    let checked = match checked {
        Ok(checked) => checked,
        Err(problems) => {
            for problem in problems {
                println!("cargo::error={problem}");
            }
            process::exit(1);
        }
    };
    for warning in checked.warnings {
        println!("cargo::warning={warning}");
    }
    let mut table = String::from("&[\n");
    for definition in &checked.definitions {
        // Whatever its notation, a function reads the one form.
        let text = serde_json::to_string(definition)?;
        writeln!(table, "({:?}, {text:?}),", definition.name).map_err(io::Error::other)?;
    }
    table.push(']');
    fs::write(
        Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("collections.rs"),
        table,
    )
}
