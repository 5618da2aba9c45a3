//! Checks every collection and writes the table that embeds them. A bad definition fails the build.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io, process};

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
    let files = api::definition::read_folder(Path::new(&folder))?;
    let checked = match api::definition::check(&files) {
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
        let path = Path::new(&folder).join(format!("{}.json", definition.name));
        writeln!(table, "({:?}, include_str!({path:?})),", definition.name).map_err(io::Error::other)?;
    }
    table.push(']');
    fs::write(Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("collections.rs"), table)
}
